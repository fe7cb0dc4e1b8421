"""Learning a reader locally, and asking what is worth annotating, as a user would."""

import csv
import shutil
from pathlib import Path

import pytest

from carescreen.notes import NoteReader
from carescreen.pack import shipped_folder
from tests.system.command import alone, called

SAID = ("她爸拿竹条抽得她满院子跑", "竹条抽完手心都紫了", "昨晚又拿竹条抽她", "竹条印子一道一道")
CALM = ("今天下雨路滑", "院子里晒着玉米", "孩子在写作业", "奶奶喂鸡去了")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learning")
    notes = folder / "ours"
    notes.mkdir()
    for voice in ("one", "two", "three"):
        lines = [f"zh\t[[physical_abuse|affirmed:{words}]]，{voice}。" for words in SAID]
        lines += [f"zh\t{words}，{voice}。" for words in CALM]
        (notes / f"zh-{voice}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ("notes", "train", notes, "--without-shipped", "--out")
    called(*words, "first", cwd=folder).well(0)
    alone(*words, "second", cwd=folder).well(0)  # with sets and dictionaries in another order
    return folder


def test_the_same_notes_give_the_same_bytes(learned: Path) -> None:
    for name in ("reader.json", "zh.tsv"):
        first = (learned / "first" / name).read_bytes().replace(b'"first"', b'"second"')
        assert first == (learned / "second" / name).read_bytes()


def test_a_pack_that_names_the_folder_reads_with_it(learned: Path) -> None:
    pack = learned / "mine"
    pack.mkdir()
    words = (shipped_folder("rules") / "cn-rural" / "pack.yaml").read_text(encoding="utf-8")
    words = words.replace("reader: notes", "reader: reader").replace("id: cn-rural", "id: mine")
    (pack / "pack.yaml").write_text(words, encoding="utf-8")
    shutil.copytree(shipped_folder("rules") / "cn-rural" / "rules", pack / "rules")
    shutil.copytree(learned / "first", pack / "reader")
    reader = NoteReader.load(pack)
    assert reader.learned is not None
    assert "竹条" in reader.learned.languages[0].grams
    found = reader.read(["老师说竹条抽得手心发紫"])
    assert "physical_abuse" in set(found["concept"])


def test_a_card_that_a_person_wrote_stays(learned: Path) -> None:
    card = learned / "first" / "CARD.md"
    assert "invented" in card.read_text(encoding="utf-8")
    card.write_text("ours", encoding="utf-8")
    called("notes", "train", "ours", "--without-shipped", "--out", "first", cwd=learned).well(0)
    assert card.read_text(encoding="utf-8") == "ours"


def test_without_any_notes_it_says_what_to_do(tmp_path: Path) -> None:
    _, told = called("notes", "train", "--without-shipped", "--out", "x", cwd=tmp_path).well(2)
    assert "wanted annotated notes" in told


def test_a_folder_of_something_else_is_not_overwritten(learned: Path) -> None:
    other = learned / "letters"
    other.mkdir()
    (other / "a.txt").write_text("mine", encoding="utf-8")
    called("notes", "train", "ours", "--without-shipped", "--out", other, cwd=learned).well(6)
    assert [path.name for path in other.iterdir()] == ["a.txt"]


def test_notes_worth_annotating_come_unsure_first_and_concepts_in_turn(tmp_path: Path) -> None:
    notes = [f"{words}{at}次，{calm}。" for at in range(4) for words in SAID for calm in CALM]
    with (tmp_path / "visits.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["visit_id", "note"], *enumerate(notes)])
    suggest = ("notes", "suggest", "visits.csv")
    streams = called(*suggest, "--most", 10, "--out", "s", cwd=tmp_path).well(0)
    assert not any(words in "".join(streams) for words in SAID)
    with (tmp_path / "s" / "notes.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert 0 < len(rows) <= 10
    assert all(rows[at]["text"] == notes[int(rows[at]["row"])] for at in range(len(rows)))
    assert len({row["row"] for row in rows}) == len(rows)
    assert (tmp_path / "s" / "phrases.csv").is_file()
    _, told = called(*suggest, "--text-column", "nte", "--out", "t", cwd=tmp_path).well(3)
    assert "nte" in told


def test_a_pack_without_a_reader_is_never_unsure(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("note\n没人管\n", encoding="utf-8")
    words = ("notes", "suggest", "visits.csv", "--pack", "base", "--out", "s")
    assert "reader:" in called(*words, cwd=tmp_path).well(2)[1]
