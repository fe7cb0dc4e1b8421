"""Mistakes that people made: each is said in one plain line, and nothing is said that is not true."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.system.command import alone, called

CHILDREN = "child_id,village_id,birth_date\nC1,V1,2018-03-01\n-1+2,V1,2019-05-01\n"
VISITS = "visit_id,child_id,visit_date,note\nN1,C1,2026-10-20,昨天被打了\nN2,-1+2,2026-10-25,昨天被打了\n"


def run(*words: object, code: int = 0) -> tuple[str, str]:
    return called(*words).well(code)


@pytest.fixture
def county(tmp_path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "children.csv").write_text(CHILDREN, encoding="utf-8")
    (folder / "visits.csv").write_text(VISITS, encoding="utf-8")
    return folder


def rank(county: Path, *more: object) -> tuple[Path, str, str]:
    out = county.parent / "lists"
    said = run("rank", county, "--as-of", "2026-11-01", "--processes", 1, "--out", out, *more)
    return out, *said


# --- columns that nobody knows -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nots", "记录"])
def test_notes_under_a_wrong_name_are_not_called_usable(county, name) -> None:
    path = county / "visits.csv"
    path.write_text(VISITS.replace("note", name, 1), encoding="utf-8")
    said, _ = run("check", county, code=3)
    assert "everything can be used" not in said
    assert "columns that are not read: 1" in said
    assert f"visits.csv: '{name}'" in said
    _, notes, warned = rank(county)
    assert "note:" not in notes
    assert f"note: visits.csv: column '{name}' is not known" in warned


def test_a_plain_extra_column_is_said_and_no_mistake(county) -> None:
    (county / "children.csv").write_text(CHILDREN.replace("birth_date", "birth_date,phone"))
    text = CHILDREN.replace("birth_date", "birth_date,phone").replace("-01\n", "-01,123\n")
    (county / "children.csv").write_text(text)
    said, _ = run("check", county)
    assert "everything can be used" not in said
    assert "columns that are not read: 1" in said


def test_visits_without_a_row_are_said_by_check(county) -> None:
    (county / "visits.csv").write_text("visit_id,child_id,visit_date,note\n")
    assert "visits.csv has no rows" in run("check", county)[0]


# --- closing a concern ---------------------------------------------------------------------------


def close(lists: Path, out: Path, child: str, *more: object, code: int = 0) -> str:
    words = ("--child", child, "--reason", "seen", "--by", "W1", "--confirmed-by", "S1")
    return "".join(run("decisions", "close", lists, *words, "--out", out, *more, code=code))


@pytest.mark.parametrize("quotes", [(), ("--quotes",)])
def test_a_concern_is_closed_by_the_code_that_the_list_shows_and_the_true_id_is_kept(
    county, quotes
) -> None:
    from carescreen import RulePack

    lists, *_ = rank(county, *quotes)
    rows = pd.read_csv(lists / "ranking.csv", dtype=str).set_index("child_id")
    shown = rows.loc["'-1+2", "concerns"].split(";")[0]
    rule = next(r for r in RulePack.load("cn-rural").rules if shown in (r.id, r.code))
    for child in ("-1+2", "'-1+2"):
        close(lists, county / "decisions.csv", child, "--rule", rule.code, "--at", "2026-11-01")
    written = pd.read_csv(county / "decisions.csv", dtype=str)
    assert written["child_id"].tolist() == ["-1+2", "-1+2"]
    assert written["rule"].tolist() == [rule.id] * 2
    lists, *_ = rank(county, *quotes)
    rows = pd.read_csv(lists / "ranking.csv", dtype=str).fillna("").set_index("child_id")
    assert shown not in rows.loc["'-1+2", "concerns"].split(";")


@pytest.mark.parametrize("quotes", [(), ("--quotes",)])
def test_a_decision_before_the_evidence_is_refused_as_it_would_close_nothing(
    county, quotes
) -> None:
    lists, *_ = rank(county, *quotes)
    record = json.loads((lists / "ranking.jsonl").read_text("utf-8").splitlines()[0])
    words = ("--rule", record["concerns"][0]["code"], "--at", "2020-01-01")
    message = close(lists, county / "decisions.csv", record["child_id"], *words, code=2)
    assert "would close nothing" in message
    assert not (county / "decisions.csv").exists()


def test_a_decision_after_the_date_of_the_list_says_from_when_it_counts(county) -> None:
    lists, *_ = rank(county)
    record = json.loads((lists / "ranking.jsonl").read_text("utf-8").splitlines()[0])
    words = ("--rule", record["concerns"][0]["code"], "--at", "2026-11-20 10:00")
    said = close(lists, county / "decisions.csv", record["child_id"], *words)
    assert "counts in lists as of 2026-11-20 or later" in said
    assert "A list as of 2026-11-01, as this one is, shows the concern as open." in said


def test_a_decision_is_not_added_to_an_input_of_another_kind(county) -> None:
    lists, *_ = rank(county)
    record = json.loads((lists / "ranking.jsonl").read_text("utf-8").splitlines()[0])
    words = ("--rule", record["concerns"][0]["code"], "--at", "2026-11-20")
    message = close(lists, county / "children.csv", record["child_id"], *words, code=6)
    assert "not a file of decisions" in message
    assert (county / "children.csv").read_text() == CHILDREN


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rank"], 2, "Missing argument 'FOLDER' (see: carescreen rank --help)"),
        (["rnk"], 2, "No such command 'rnk'"),
        (["rank", "COUNTY", "--out", "x", "--as-of", ""], 2, "--as-of wants a date"),
        (["rank", "COUNTY", "--out", "x", "--as-of", "1800-01-01"], 2, "from 1900 to 2100"),
        (["rank", "COUNTY", "--out", "x", "--as-of", "2026-11-01 12:00"], 2, "without a time"),
        (["rank", "COUNTY", "--out", "x", "--processes", "-1"], 2, "'--processes'"),
        (["rank", "COUNTY", "--out", "x", "--capacity", "0"], 2, "'--capacity'"),
        (["evaluate", "COUNTY", "--from", "x"], 2, "--from wants a date"),
        (["evaluate", "nodir"], 3, "nodir does not exist"),
    ],
)
def test_a_wrong_option_is_one_line_with_the_way_to_help(county, words, code, said) -> None:
    arguments = [str(county) if word == "COUNTY" else word for word in words]
    _, message = run(*arguments, code=code)
    assert said in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["rank", "COUNTY", "--out", "x"],
        ["evaluate", "COUNTY"],
        ["check", "COUNTY"],
        ["rules", "load", "cn-rural", "--on", "COUNTY"],
        ["rules", "diff", "cn-rural", "international", "--on", "COUNTY"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("children.csv", "has no table children: wanted children.csv"),
        (None, "does not exist: wanted a folder with children.* and visits.*"),
    ],
)
def test_a_folder_that_is_no_caseload_is_said_before_anything_is_loaded(
    county, words, spoil, said, monkeypatch
) -> None:
    for slow in ("carescreen.rules.RulePack.load", "carescreen.notes.NoteReader.load"):
        monkeypatch.setattr(slow, lambda *_: pytest.fail("loaded before the folder was looked at"))
    if spoil:
        (county / spoil).unlink()
    place = county if spoil else county / "nowhere"
    _, message = run(*(place if word == "COUNTY" else word for word in words), code=3)
    assert said in message
    assert message.count("\n") == 1


def test_an_as_of_date_after_today_is_allowed_and_said(county) -> None:
    _, warned = run("rank", county, "--as-of", "2099-01-01", "--out", county.parent / "lists")
    assert "2099-01-01 lies after today" in warned


def test_a_wrong_column_name_is_corrected_and_not_the_file(county) -> None:
    words = ("--text-column", "nte", "--id-column", "visit_id", "--out", county.parent / "m.csv")
    _, message = run("notes", "read", county / "visits.csv", *words, code=3)
    assert message == "carescreen: visits.csv has no column 'nte'; did you mean 'note'?\n"


def test_a_terminal_without_chinese_characters_is_no_error() -> None:
    alone("notes", "show", "奶奶说没有人打他", PYTHONIOENCODING="cp1252").well(0)


def test_the_examples_of_the_help_are_commands_on_lines_of_their_own() -> None:
    lines = [line.strip() for line in run("--help")[0].splitlines()]
    assert "carescreen rank county --as-of 2026-11-01 --out lists" in lines


def test_a_model_is_shown_by_what_it_adds() -> None:
    short, whole = run("model", "show")[0], run("model", "show", "--all")[0]
    assert re.search(r"^ +是 +\+0\.900  \|#+$", short, re.M)
    assert "0.5" not in whole
    assert whole.count("未知") > short.count("未知")


@pytest.mark.parametrize("command", [[], ["notes"], ["decisions"]])
def test_a_name_alone_shows_what_there_is(command) -> None:
    _, said = run(*command, code=2)
    assert said.startswith("Usage: carescreen")
    assert "Commands:" in said


def test_without_the_solver_proving_says_what_to_install() -> None:
    code = "import sys; sys.modules['z3'] = None; from carescreen.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "rules", "prove", "cn-rural"], capture_output=True, text=True
    )
    assert done.returncode == 7
    assert "pip install 'carescreen[prove]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_review_date_that_is_none_is_reported_and_the_plan_stands(county) -> None:
    decisions = (
        "child_id,decided_at,decided_by,decision,review_on\n"
        "C1,2026-10-01,me,plan,someday\nC1,2026-10-01,me,plan,\n"
    )
    (county / "decisions.csv").write_text(decisions, encoding="utf-8")
    out, said, _ = rank(county)
    assert "2 children as of" in said
    rejected = (out / "rejected.csv").read_text(encoding="utf-8-sig")
    assert 'decisions.csv,2,review_on,"a date such as' in rejected
    assert "someday" not in rejected
