"""Reading a model's folder: every refusal names the file, what is wrong and what to do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carescreen import modelfile
from carescreen.errors import ModelError, OutputError
from carescreen.modelfile import read_model, sealed, write_model
from tests.unit.small_models import AGE, VIOLENCE, rich, saved

Data = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "m", rich())
    return tmp_path / "m"


def forge(folder: Path, raw: bytes) -> None:
    """Other bytes as model.json, with their hash in the manifest, as a careful forger would."""
    (folder / "model.json").write_bytes(raw)
    claim(folder, model_sha256=hashlib.sha256(raw).hexdigest())


def claim(folder: Path, **facts: Any) -> None:
    """Other facts in the manifest, with their hash, as a careful forger would."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest | facts)), "utf-8")


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text of one file; the hash follows where it is model.json."""

    def act(folder: Path) -> None:
        raw = (folder / name).read_bytes()
        assert raw.count(old.encode()) >= 1
        changed = raw.replace(old.encode(), new.encode(), 1)
        forge(folder, changed) if name == "model.json" else (folder / name).write_bytes(changed)

    return act


def unsealed(folder: Path) -> None:
    raw = (folder / "model.json").read_bytes()
    (folder / "model.json").write_bytes(raw.replace(b"450000", b"950000"))


def cut(name: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        raw = (folder / name).read_bytes()
        (folder / name).write_bytes(raw[: len(raw) // 2])

    return act


def cut_and_sealed(folder: Path) -> None:
    forge(folder, (folder / "model.json").read_bytes()[:-30])


def mixed(folder: Path) -> None:
    """The manifest of another model, with the hash of this one."""
    claim(folder, features=["age", "violence"])


def replaced_by(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return act


REFUSED = [
    ("tampered", unsealed, r"model\.json: its SHA-256 .* damaged or changed .* take a fresh copy"),
    ("truncated model", cut("model.json"), r"model\.json: its SHA-256"),
    (
        "truncated manifest",
        cut("manifest.json"),
        r"manifest\.json: not valid JSON, perhaps cut short",
    ),
    (
        "truncated and sealed again",
        cut_and_sealed,
        r"model\.json: not valid JSON, perhaps cut short",
    ),
    (
        "newer model",
        edited("model.json", "carescreen-model/1", "carescreen-model/2"),
        r"format is 'carescreen-model/2'; this version reads 'carescreen-model/1'.*update carescreen",
    ),
    (
        "newer manifest",
        edited("manifest.json", "carescreen-manifest/2", "carescreen-manifest/3"),
        r"manifest\.json: format is 'carescreen-manifest/3'.*update carescreen",
    ),
    (
        "older manifest",
        edited("manifest.json", "carescreen-manifest/2", "carescreen-manifest/1"),
        r"manifest\.json: format is 'carescreen-manifest/1'.*if it is older, make it again",
    ),
    (
        "a score turned into a probability by hand",
        edited(
            "manifest.json", '"events_of_known_selection": 123', '"events_of_known_selection": 99'
        ),
        r"manifest\.json: its facts are not those .* edited by hand.*carescreen model train",
    ),
    (
        "a manifest without its hash",
        edited("manifest.json", '"manifest_sha256"', '"manifest_sha257"'),
        r"manifest\.json: its facts are not those",
    ),
    (
        "a key of nobody in a manifest that is sealed again",
        lambda folder: claim(folder, run="x"),
        r"manifest\.json: run: Extra inputs",
    ),
    (
        "features of another model",
        mixed,
        r"manifest\.json: .* number 3 is 'nothing', and 'place' there",
    ),
    (
        "note column of another model",
        lambda folder: claim(folder, note_column="text"),
        r"manifest\.json: its note_column is 'text', and 'note' in model\.json",
    ),
    ("NaN as an edge", edited("model.json", "4.5", "NaN"), "NaN is not a number JSON allows"),
    (
        "infinity as an edge",
        edited("model.json", "20.0", "1e999"),
        r"features\.0\.edges\.2: .*finite",
    ),
    ("NaN in a covariance", edited("model.json", "0.09", "NaN"), "NaN is not a number JSON allows"),
    (
        "half a weight",
        edited("model.json", "450000", "450000.5"),
        r"features\.1\.weights\.1: .*integer",
    ),
    (
        "a number of a million digits",
        edited("model.json", "450000", "9" * 10_000),
        "not valid JSON",
    ),
    (
        "a weight beyond use",
        edited("model.json", "450000", "90000000"),
        r"features\.1\.weights\.1: ",
    ),
    (
        "a phrase twice",
        edited("model.json", '"text": "tidy"', '"text": "hungry"'),
        r"a phrase occurs twice: numbers 1 and 3$",
    ),
    (
        "a feature twice",
        edited("model.json", '"name": "violence"', '"name": "age"'),
        "a feature occurs twice: 'age'",
    ),
    (
        "the note column as a feature too",
        edited("model.json", '"name": "violence"', '"name": "note"'),
        "a feature occurs twice: 'note'",
    ),
    (
        "a name without letters",
        edited("model.json", '"name": "violence"', '"name": ""'),
        r"features\.1\.name",
    ),
    (
        "half a character",
        edited("model.json", '"name": "violence"', '"name": "\\ud800"'),
        r"features\.1\.name: .*unicode",
    ),
    ("a key of nobody", edited("model.json", '"kind"', '"run": "x", "kind"'), "run: Extra inputs"),
    (
        "a device in place of a file",
        replaced_by("manifest.json", lambda path: path.symlink_to("/dev/zero")),
        r"manifest\.json: wanted an ordinary file",
    ),
    (
        "a pipe in place of a file",
        replaced_by("manifest.json", os.mkfifo),
        r"manifest\.json: wanted an ordinary file",
    ),
    (
        "a pipe in place of the card",
        replaced_by("CARD.md", os.mkfifo),
        r"CARD\.md: wanted an ordinary file",
    ),
    (
        "a link that leads nowhere",
        replaced_by("manifest.json", lambda path: path.symlink_to("away")),
        r"manifest\.json: cannot be read: No such file",
    ),
    (
        "a link in place of the model that leads nowhere",
        replaced_by("model.json", lambda path: path.symlink_to("away")),
        r"neither a shipped name nor a folder with model\.json",
    ),
    (
        "a card that is no text",
        lambda folder: (folder / "CARD.md").write_bytes(b"\xff\xfe\x00"),
        r"CARD\.md: is not UTF-8 text; save it as UTF-8",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_folder_that_is_not_right_is_refused_with_its_reason(folder, spoil, message) -> None:
    read_model(folder)
    spoil(folder)
    with pytest.raises(ModelError, match=message) as refusal:
        read_model(folder)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 1_100
    assert "hungry" not in str(refusal.value)


@pytest.mark.parametrize("name", ["model.json", "manifest.json", "CARD.md"])
def test_a_file_larger_than_any_model_is_refused_before_it_is_read_whole(folder, name, monkeypatch):
    monkeypatch.setattr(modelfile, "MAX_BYTES", 5_000)
    with (folder / name).open("r+b") as file:
        file.truncate(3_000_000_000)  # a hole: it takes no room on the disk
    with pytest.raises(ModelError, match=rf"{name}: larger than 5,000 bytes"):
        read_model(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../rules/cn-rural", "neither a shipped name nor a folder"),
        ("evidence/../evidence", "neither a shipped name nor a folder"),
        ("/", "neither a shipped name nor a folder"),
        ("", "neither a shipped name nor a folder"),
        ("a\0b", "neither a shipped name nor a folder"),
        ("x" * 5_000, "neither a shipped name nor a folder"),
        ("evidense\n\x1b[31m", "did you mean 'evidence'|shipped: evidence"),
        ("notes", "shipped: "),  # a note reader is no risk model
    ],
)
def test_a_name_that_is_no_model_lists_what_is_shipped(
    name, message, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=message) as refusal:
        read_model(name)
    assert str(refusal.value).isprintable()


def test_a_link_to_a_folder_or_a_file_is_read_as_what_it_leads_to(folder, tmp_path) -> None:
    (tmp_path / "current").symlink_to(folder, target_is_directory=True)
    (folder / "model.json").rename(tmp_path / "elsewhere.json")
    (folder / "model.json").symlink_to(tmp_path / "elsewhere.json")
    assert read_model(tmp_path / "current").tables == rich().tables


def test_a_model_is_written_where_a_link_leads_and_the_link_stays(folder, tmp_path) -> None:
    (tmp_path / "current").symlink_to(folder, target_is_directory=True)
    write_model(tmp_path / "current", saved(AGE, VIOLENCE))
    assert (tmp_path / "current").is_symlink()
    assert read_model(folder).tables == saved(AGE, VIOLENCE).tables
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(OutputError, match="circle"):
        write_model(tmp_path / "circle", rich())


def test_a_folder_without_a_card_is_a_model(folder) -> None:
    (folder / "CARD.md").unlink()
    assert read_model(folder).card == ""


def test_a_manifest_in_another_layout_is_the_same_manifest(folder) -> None:
    facts = json.loads((folder / "manifest.json").read_text("utf-8"))
    turned = dict(reversed(facts.items()))
    (folder / "manifest.json").write_text(json.dumps(turned, ensure_ascii=True, indent=4), "utf-8")
    assert read_model(folder).files() == rich().files()


@pytest.mark.parametrize("depth", [50, 900, 990, 1_000, 100_000])
def test_a_manifest_nested_deeply_is_refused(folder, depth) -> None:
    nested = "[" * depth + "]" * depth
    edited("manifest.json", '"rows": 12345', f'"rows": {nested}')(folder)
    with pytest.raises(ModelError, match=r"its facts are not those|nested too deeply"):
        read_model(folder)


def test_what_was_written_is_read_to_the_last_bit(folder) -> None:
    again = read_model(folder)
    assert (again.tables, again.calibration, again.card) == (
        rich().tables,
        rich().calibration,
        rich().card,
    )
    assert again.files() == rich().files()
