"""Packs that are wrong: `carescreen rules check FOLDER` says what, where and at once, and runs nothing.

Each case changes one thing in a sound pack. The command ends with exit code 4 and one line (or, for
examples, a report) that names the file and the line; nothing that stands in a file is executed.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.authoring.checking import check_pack
from carescreen.errors import CarescreenError, PackError
from carescreen.rules import RulePack
from tests.system.bad_packs import CHANGES, LOADED, RULE, SHIPPED, SOUND, WHEN, mutate, write
from tests.system.command import called

SECONDS = 1.0  # of processor time


def run(pack: Path | str, *options: str, folder: Path | None = None) -> tuple[object, str]:
    """(exit code, all that was said) of the command."""
    ended = called("rules", "check", pack, *options, cwd=folder)
    return ended.code, ended.out + ended.err


def refusal_of(folder: Path) -> str:
    """The one line by which the command refuses a pack, without the folder's name."""
    before = time.process_time()
    code, said = run(folder, folder=folder.parent)
    assert time.process_time() - before < SECONDS
    return one_line(code, said, folder)


def one_line(code: object, said: str, folder: Path) -> str:
    assert code == PackError.exit_code, said
    assert said.startswith("carescreen: ")
    assert said.count("\n") == 1, said
    assert len(said) < 1_500
    return said.removeprefix("carescreen: ").replace(f"{folder}/", "").strip()


def test_the_sound_pack_is_sound(tmp_path: Path) -> None:
    code, said = run(write(tmp_path / "small"))
    assert code == 0
    assert said.startswith("small 0.1.0: 1 rule on, 0 off, 3 examples, 0 errors, 2 notices")
    assert "thresholds that no rule and no feature names (1): small_child" in said
    assert run(tmp_path / "small", "--strict")[0] == PackError.exit_code


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "says"),
    [pytest.param(*case, id=f"{case[0]} {case[4][:40]}") for case in CHANGES],
)
def test_a_wrong_file_is_told_with_its_line_and_column(
    tmp_path: Path, name: str, old: str, new: str, place: str, says: str
) -> None:
    assert SOUND[name].count(old) == 1, old
    folder = write(tmp_path / "small", {name: SOUND[name].replace(old, new)})
    said = refusal_of(folder)
    assert said.startswith(f"{name}{place}"), said
    assert says in said
    assert not (tmp_path / "x").exists(), "something in the file was executed"


# -- whole files, and folders ---------------------------------------------------------------------

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in itertools.pairwise("abcdefghi")
)
MANY_RULES = "rules:\n" + RULE * 16_000
LONG_CONDITION = RULE.replace(WHEN, "age_years < 8 " + "or age_years < 8 " * 60_000)
CODE = RULE.replace(WHEN, """ "__import__('os').system('touch x')" """)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rules/all.yaml", BOMB, "rules/all.yaml:1:4: anchors and aliases are not allowed"),
        ("pack.yaml", BOMB, "pack.yaml:1:4: anchors and aliases are not allowed"),
        ("rules/all.yaml", MANY_RULES, "rules/all.yaml: the file has 10,"),
        ("rules/all.yaml", "rules: [" + "a," * 1_900_000 + "]", "more than 100,000 values"),
        ("rules/all.yaml", "rules:\n" + LONG_CONDITION, "rules/all.yaml:6:11: rule 'alone': the c"),
        ("rules/all.yaml", "rules:\n" + CODE, "rules/all.yaml:6:12: rule 'alone': a dot is not"),
        ("rules/all.yaml", "[" * 1_000_000, "rules/all.yaml:1:"),
        ("rules/all.yaml", "- " * 1_000_000, "rules/all.yaml:1:"),
        ("rules/all.yaml", "x" * 3_000_000 + ": 1", "rules/all.yaml:1:"),
        ("rules/all.yaml", "? " + "x" * 3_000_000 + "\n: 1", "unknown key 'xxx"),
        ("rules/all.yaml", "rules: " + "9" * 3_000_000, "rules is a list"),
        ("rules/all.yaml", SOUND["rules/all.yaml"].encode("gb18030"), "not UTF-8 at byte"),
        ("rules/all.yaml", bytes(range(256)) * 99, "not UTF-8 at byte"),
        ("rules/all.yaml", "\0" * 99, "rules/all.yaml:1:1: a character that YAML does not allow"),
        ("rules/all.yaml", "", "rules/all.yaml:1:1: wanted a mapping, found nothing"),
        ("rules/all.yaml", "rules: {alone: 1}", "rules/all.yaml:1:8: rules is a list; found a map"),
        ("pack.yaml", "", "pack.yaml:1:1: wanted a mapping, found nothing"),
        ("pack.yaml", "[a, b]", "pack.yaml:1:1: wanted a mapping, found a list"),
        ("pack.yaml", "small", "pack.yaml:1:1: wanted a mapping, found text"),
        ("indicators.yaml", "[]", "indicators.yaml:1:1: wanted a mapping, found a list"),
        ("indicators.yaml", "indicators: {a: b}", "indicators.yaml:1:13: indicators is a list"),
        ("concepts.yaml", "concepts: {a: b}", "concepts.yaml:1:11: wanted a list"),
        ("lexicon.en.yaml", "language: en", "lexicon.en.yaml:1:1: missing key 'format'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_file_is_refused_at_once(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    said = refusal_of(write(tmp_path / "small", {name: content}))
    assert said.startswith(name)
    assert says in said
    assert not (tmp_path / "x").exists(), "something in the file was executed"


def test_an_id_or_a_code_is_used_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "small", {"rules/all.yaml": "rules:\n" + RULE + RULE})
    assert refusal_of(folder) == (
        "rules/all.yaml:15:9: rule 'alone': the id is used twice; first at rules/all.yaml:2"
    )
    write(folder, {"rules/more.yaml": "rules:\n" + RULE})
    assert refusal_of(folder) == (
        "rules/more.yaml:2:9: rule 'alone': the id is used twice; first at rules/all.yaml:2"
    )
    write(folder, {"rules/more.yaml": "rules:\n" + RULE.replace("id: alone", "id: other")})
    assert refusal_of(folder) == (
        "rules/more.yaml:3:11: rule 'other': code 'X1' is used by 'alone' too (rules/all.yaml:2)"
    )


def extending(folder: Path, parent: str) -> Path:
    text = SOUND["pack.yaml"].replace("reader: null", f"extends: {parent}")
    return write(folder, {"pack.yaml": text})


def test_packs_that_extend_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    assert "a circle: one -> one" in refusal_of(extending(tmp_path / "one", "one"))
    extending(tmp_path / "one", "two")
    extending(tmp_path / "two", "one")
    said = refusal_of(tmp_path / "one")
    assert said.endswith(
        "two/pack.yaml:5:10: packs extend each other in a circle: one -> two -> one"
    )


def test_a_long_chain_of_packs_is_refused(tmp_path: Path) -> None:
    for number in range(50):
        extending(tmp_path / f"p{number}", f"p{number + 1}")
    said = refusal_of(tmp_path / "p0")
    assert "p7/pack.yaml:5:10: at most 8 packs extend each other" in said


def test_folders_that_are_no_packs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "neither a shipped name nor a folder with pack.yaml" in refusal_of(tmp_path / "empty")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "nor a folder with pack.yaml" in refusal_of(tmp_path / "loop")
    assert "nor a folder with pack.yaml" in refusal_of(tmp_path / ("a" * 300))
    said = one_line(*run("cn-rual"), tmp_path)
    assert said == (
        "no pack 'cn-rual': neither a shipped name nor a folder with pack.yaml; did you mean "
        "'cn-rural'?"
    )


@pytest.mark.parametrize(
    "name", ["rules", "rules/all.yaml", "indicators.yaml", "concepts.yaml", "lexicon.en.yaml"]
)
def test_a_link_that_leads_nowhere_is_not_taken_for_a_file_left_out(
    tmp_path: Path, name: str
) -> None:
    folder = write(tmp_path / "small")
    (folder / name).rename(tmp_path / "away")
    (folder / name).symlink_to(folder / name)
    said = refusal_of(folder)
    assert said.startswith(f"{name}: "), said
    assert "symbolic links" in said


def test_a_folder_or_a_pipe_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "small")
    (folder / "rules" / "more.yaml").mkdir()
    assert refusal_of(folder) == "rules/more.yaml: wanted a file, found a folder"
    (folder / "rules" / "more.yaml").rmdir()
    os.mkfifo(folder / "rules" / "more.yaml")
    assert "rules/more.yaml: wanted a file, found something else" in refusal_of(folder)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("age_years: 12", "age_years: 7", 13, "rule 'alone', example 2 wanted not_met, came met"),
        ("age_years: 12", "age_yaers: 12", 13, "example 2 given: unknown indicator 'age_yaers'; did"),
        ("expect: cannot_tell", "expect: not_met", 14, "example 3 wanted not_met, came cannot_tell"),
        (", zh: 六岁", "", 12, "rule 'alone', example 1 is not told in words: zh"),
        ("unattended: yes}, expect: met", "noted: {left_alone: {status: affirmed, visits: 99999}}}, "
         "expect: met", 12, "noted left_alone takes a number of visits"),
    ],
)  # fmt: skip
def test_an_example_that_fails_is_an_error_of_the_report(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    text = SOUND["rules/all.yaml"]
    assert text.count(old) == 1
    folder = write(tmp_path / "small", {"rules/all.yaml": text.replace(old, new)})
    code, said = run(folder)
    assert code == PackError.exit_code
    assert "Traceback" not in said
    assert re.search(
        rf"^  {re.escape(str(folder))}/rules/all\.yaml:{line}: .*{re.escape(says)}", said, re.M
    )


# -- any mistake at all ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs")
    for name, text in SHIPPED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@given(st.sampled_from(LOADED), st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=4 * settings.default.max_examples)
def test_a_pack_with_slips_loads_or_is_refused(
    copy: Path, name: str, random: random.Random, times: int
) -> None:
    text = SHIPPED[name]
    for _ in range(times):
        text = mutate(text, random)
    (copy / name).write_text(text, encoding="utf-8")
    try:
        check_pack(RulePack.load(copy / "cn-rural"))
    except CarescreenError as error:
        assert str(error)
    finally:
        (copy / name).write_text(SHIPPED[name], encoding="utf-8")
