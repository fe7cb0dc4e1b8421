"""The commands a new user runs, end to end on a small synthetic county, and the mistakes they make."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from carescreen.ranking import COLUMNS
from tests.system.bad_packs import write
from tests.system.command import alone, called

ROOT = Path(__file__).parents[2]


def run(*words: object, code: int = 0) -> str:
    out, err = called(*words).well(code)
    return out if code == 0 else err + out


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "county"
    words = ("--children", 300, "--visits-per-child", 3, "--seed", 7, "--out", folder)
    alone("synth", *words).well(0)
    return folder


@pytest.fixture(scope="module")
def lists(county) -> Path:
    folder = county.parent / "lists"
    alone("rank", county, "--as-of", "2026-11-01", "--capacity", 20, "--out", folder).well(0)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_child_is_in_the_ranking_once_with_the_promised_columns(county, lists) -> None:
    rows = rows_of(lists / "ranking.csv")
    children = pd.read_csv(county / "children.csv", dtype=str)["child_id"]
    assert sorted(row["child_id"] for row in rows) == sorted(children)
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))


def test_the_output_folder_has_all_its_files_and_says_synthetic(lists) -> None:
    names = {path.name for path in lists.iterdir()}
    assert names == {
        "ranking.csv",
        "ranking.jsonl",
        "list",
        "list.html",
        "list.xlsx",
        "overview.csv",
        "positions.csv",
        "rejected.csv",
        "changes.csv",
        "duplicates.csv",
        "handovers.csv",
        "waiting.csv",
        "profile.json",
        "run.json",
    }
    run_json = json.loads((lists / "run.json").read_text(encoding="utf-8"))
    assert run_json["synthetic"] is True
    assert run_json["counts"]["children"] == 300
    page = (lists / "list.html").read_text(encoding="utf-8")
    assert "SYNTHETIC" in page.upper() or "合成" in page


def test_without_quotes_no_words_of_a_note_leave(county, lists) -> None:
    notes = pd.read_csv(county / "visits.csv", dtype=str)["note"].dropna()
    for line in (lists / "ranking.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        assert not any("quote" in mention for mention in record["mentions"])
    text = (lists / "list.html").read_text(encoding="utf-8")
    long_notes = [note for note in notes if len(note) > 30][:200]
    assert not any(note[5:30] in text for note in long_notes)  # a title may share a few words


def test_ranking_again_replaces_the_folder_and_gives_the_same_bytes(county, lists) -> None:
    before = (lists / "ranking.jsonl").read_bytes()
    alone("rank", county, "--as-of", "2026-11-01", "--capacity", 20, "--out", lists).well(0)
    assert (lists / "ranking.jsonl").read_bytes() == before
    assert not [path for path in lists.parent.iterdir() if path.name.startswith(".")]


def test_a_closed_concern_is_closed_in_the_next_run(county, lists, tmp_path) -> None:
    row = next(row for row in rows_of(lists / "ranking.csv") if row["concerns"])
    known = {"immediate", "urgent", "priority", "routine"}
    assert row["tier"] in known
    from carescreen import RulePack

    rules = {rule.code: rule for rule in RulePack.load("cn-rural").rules}
    rules |= {rule.id: rule for rule in RulePack.load("cn-rural").rules}
    rule = rules[row["concerns"].split(";")[0]]
    copy = tmp_path / "county"
    copy.mkdir()
    for path in county.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    run(
        "decisions", "close", lists, "--child", row["child_id"], "--rule", rule.id,
        "--reason", "visited, resolved", "--by", "W01", "--confirmed-by", "S01",
        "--at", "2026-11-01 12:00", "--out", copy / "decisions.csv",
    )  # fmt: skip
    again = tmp_path / "lists"
    run("rank", copy, "--as-of", "2026-11-01", "--out", again)
    after = next(r for r in rows_of(again / "ranking.csv") if r["child_id"] == row["child_id"])
    assert rule.id not in after["concerns"].split(";")
    assert rule.code not in after["concerns"].split(";")


def test_check_says_that_everything_can_be_used(county) -> None:
    assert "children.csv: 300 rows read" in run("check", county)


def test_assess_prints_the_assessment_of_the_example_case() -> None:
    assessment = json.loads(run("assess", ROOT / "examples" / "case.json"))
    assert assessment["child_id"] == "C0012"
    assert assessment["probability"] is None
    total = assessment["intercept"] + sum(c["points"] for c in assessment["contributions"])
    assert total == pytest.approx(assessment["score"], abs=1e-9)


def test_the_published_schema_is_the_one_the_code_has() -> None:
    published = json.loads((ROOT / "docs/schema/assessment.schema.json").read_text("utf-8"))
    assert json.loads(run("assess", "--schema")) == published


def test_notes_read_writes_the_promised_columns_and_exact_words(county, tmp_path) -> None:
    out = tmp_path / "mentions.csv"
    run(
        "notes", "read", county / "visits.csv", "--text-column", "note",
        "--id-column", "visit_id", "--pack", "cn-rural", "--out", out,
    )  # fmt: skip
    rows = rows_of(out)
    assert list(rows[0]) == ["id", "concept", "status", "start", "end", "text", "found_by"]
    notes = pd.read_csv(county / "visits.csv", dtype=str).set_index("visit_id")["note"]
    for row in rows[:300]:
        assert notes[row["id"]][int(row["start"]) : int(row["end"])] == row["text"].lstrip("'")


def test_notes_check_passes_a_sound_pack_in_both_languages(tmp_path) -> None:
    said = run("notes", "check", "cn-rural", "--language", "en")
    assert "0 errors, " in said.splitlines()[-1]
    assert "  zh: " in said
    assert "and 1," in said  # notes of one kind are cut
    small = write(tmp_path / "small")
    assert "错误 0 条" in run("notes", "check", small).splitlines()[-1]


def test_notes_check_fails_with_an_error_and_strictly_with_a_warning(tmp_path) -> None:
    pack = write(tmp_path / "mine")
    lexicon = pack / "lexicon.zh.yaml"
    words = "format: carescreen-lexicon/1\nlanguage: zh\nconcepts:\n  left_alone:\n    phrases: "
    lexicon.write_text(words + "[没人理睬他吃饭]\n", encoding="utf-8")
    run("notes", "check", pack)
    lexicon.write_text(words + "[没人理睬他吃饭, 没人理睬他吃飯]\n", encoding="utf-8")
    run("notes", "check", pack)
    assert f"{lexicon}:5: " in run("notes", "check", pack, "--strict", code=1)
    more = "    exclusions: [没人理睬]\n"
    lexicon.write_text(words + "[没人理睬他吃饭]\n" + more, encoding="utf-8")
    said = run("notes", "check", pack, "--language", "en", code=1)
    assert f"{lexicon}:5: '没人理睬他吃饭' of left_alone is never found: it holds the excl" in said


def test_notes_check_reads_annotated_notes_and_prints_none_of_their_words(tmp_path) -> None:
    secret = "小石头昨晚在桥头睡的"
    path = tmp_path / "zh-voice.tsv"
    tag = f"[[runaway_street|affirmed:{secret}]]"
    lines = f"# a voice\nzh\t{tag}，没人找。\nzh\t{secret}，没人找。\nzh\t下雨。\n"
    path.write_text(lines, encoding="utf-8")
    command = ("notes", "check", "base", "--corpus", tmp_path, "--language", "en")
    said = run(*command, code=1)
    assert "annotated notes: 3, of which 2 mention nothing; mentions: 1" in said
    assert f"{path}:3: the same note as {path}:2, annotated differently." in said
    assert "runaway_street is affirmed in 1 annotated notes in zh" in said
    assert "石头" not in said
    path.write_text(lines + f"zh\t[[runaway|affirmed:{secret}]]\n", encoding="utf-8")
    said = run(*command, code=3)
    assert said == f"carescreen: {path}:5: no concept 'runaway'; did you mean 'runaway_street'?\n"


def test_notes_show_marks_a_mention() -> None:
    assert "physical_abuse" in run("notes", "show", "昨天被打了", "--language", "en")


def test_rules_check_finds_no_failing_example() -> None:
    assert ", 0 errors, " in run("rules", "check", "cn-rural")
    assert ", 0 failed" in run("rules", "test", "cn-rural")


def test_evaluate_answers_in_words_and_writes_a_report(county, tmp_path) -> None:
    report = tmp_path / "report"
    text = run("evaluate", county, "--language", "en", "--out", report)
    assert "Does the list find the children who need a visit?" in text
    assert "note: these children are invented" in text
    assert "changing and adding what was dated or recorded later changed nothing" in text
    assert "NaN" not in text
    assert sorted(path.name for path in report.iterdir()) == [
        *("groups.csv", "methods.csv", "metrics.json", "report.html")
    ]
    assert "比以前的做法好吗" in run("evaluate", county, "--every", "180d", "--horizon", "180")


def test_evaluate_takes_groups_refits_and_earlier_lists(county, lists, tmp_path) -> None:
    villages = pd.read_csv(county / "children.csv", dtype=str)["village_id"].dropna().unique()
    far = ["far" if place % 2 else "near" for place in range(len(villages))]
    groups = tmp_path / "far.csv"
    pd.DataFrame({"village_id": villages, "remoteness": far}).to_csv(groups, index=False)
    options = ["--groups-file", groups, "--refit", "--folds", "village", "--lists", lists]
    text = run(
        "evaluate", county, *options, "--language", "en", "--leaves-office", "--out", tmp_path / "r"
    )
    assert "no outcome from its own village" in text
    assert "remoteness" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["rank", "no_such_folder", "--out", "x"], 3, "no_such_folder"),
        (["check", "no_such_folder"], 3, "no_such_folder"),
        (["rank", "COUNTY", "--pack", "cn-rual", "--out", "x"], 4, "did you mean 'cn-rural'"),
        (["rank", "COUNTY", "--model", "evidense", "--out", "x"], 5, "evidence"),
        (["rank", "COUNTY", "--as-of", "2026-13-01", "--out", "x"], 2, "2026-13-01"),
        (["evaluate", "no_such_folder"], 3, "no_such_folder"),
        (["evaluate", "COUNTY", "--every", "30d"], 2, "windows would overlap"),
        (["evaluate", "COUNTY", "--every", "soon"], 2, "a number of days such as 90d"),
        (["evaluate", "COUNTY", "--folds", "village"], 2, "--folds needs --refit"),
        (["evaluate", "COUNTY", "--groups", "sexx"], 2, "did you mean 'sex'"),
        (["evaluate", "COUNTY", "--groups-file", "none.csv"], 2, "none.csv cannot be read"),
        (["evaluate", "COUNTY", "--lists", "COUNTY"], 2, "holds no list"),
        (["evaluate", "COUNTY", "--from", "2031-01-01", "--to", "2032-01-01"], 2, "choose dates"),
        (["evaluate", "COUNTY", "--out", "COUNTY"], 6, "choose another folder"),
        (["assess", "no_such_case.json"], 2, "cannot be read"),
        (["decisions", "close", "LISTS", "--child", "C9999", "--rule", "cn_dv_household",
          "--reason", "r", "--out", "d.csv"], 2, "no child with this id"),
        (["decisions", "close", "LISTS", "--child", "C0001", "--rule", "cn_dv_houshold",
          "--reason", "r", "--out", "d.csv"], 2, "did you mean"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_and_an_exit_code(
    county, lists, tmp_path, arguments, code, words
) -> None:
    places = {"COUNTY": str(county), "LISTS": str(lists)}
    arguments = [places.get(word, word) for word in arguments]
    _, told = called(*arguments, cwd=tmp_path).well(code)
    assert words in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_mistake_is_told_alike_by_a_process_of_its_own(county, tmp_path) -> None:
    for words in (["rank", county, "--pack", "cn-rual", "--out", "x"], ["rnk"]):
        ended = alone(*words, cwd=tmp_path)
        assert ended == called(*words, cwd=tmp_path)
        assert ended.code != 0
        assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


def test_somebody_elses_folder_is_left_alone(county, tmp_path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    message = run("rank", county, "--as-of", "2026-11-01", "--out", mine, code=6)
    assert "nothing was written" in message
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_the_chinese_export_example_ranks_through_its_mapping(tmp_path) -> None:
    folder = ROOT / "examples" / "chinese_export"
    run("rank", folder, "--as-of", "2026-11-01", "--out", tmp_path / "lists")
    rows = rows_of(tmp_path / "lists" / "ranking.csv")
    assert len(rows) == 13  # twelve children, and one whom only a visit names
