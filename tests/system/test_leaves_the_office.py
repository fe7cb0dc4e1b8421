"""What leaves the office: nothing private in any written file without --quotes, and said so with them.

A county full of marks: in every note, in a column of names, in what people wrote as a reason. And the names
of everything that its pack calls sensitive.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from carescreen.cli import group
from carescreen.features import FeatureSet
from carescreen.results import PRIVATE
from carescreen.retention_folders import written_in
from carescreen.review.texts import text
from carescreen.rules import RulePack

MARKS = ("ZQXNOTE", "ZQXNAME", "ZQXREASON", "ZQXOTHER", "ZQXWRONG")
SAID_WRONG = ("wrong_information", "correction")  # their words stand on a list with quotes
NOTES = (
    "ZQXNOTE，昨天被爸爸打了ZQXNOTE，身上有伤",
    "听说ZQXNOTE爸爸动手打了妈妈ZQXNOTE",
    "她说不想活了ZQXNOTE",
    "怀疑有人摸了她的身体ZQXNOTE",
    "ZQXNOTE孩子一个人在家ZQXNOTE，最近逃学",
    "<script>ZQXNOTE</script> she was beaten, ZQXNOTE",
)
WORDS = ("被爸爸打了", "动手打了妈妈", "不想活了", "摸了她的身体", "一个人在家", "she was beaten")
AS_OF = "2026-11-01"


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(group, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a marked county, a list of it without quotes and one with, and plans of both."""
    place = tmp_path_factory.mktemp("office")
    county = place / "county"
    invoke("synth", "--children", 300, "--visits-per-child", 3, "--seed", 3, "--out", county)
    _mark(county / "visits.csv", "note", NOTES)
    _mark(county / "children.csv", "姓名", ("ZQXNAME",))
    rank = ("rank", county, "--as-of", AS_OF, "--processes", 1)
    _decide(county)
    invoke(*rank, "--out", place / "plain")
    invoke(*rank, "--out", place / "quoted", "--quotes")
    workers = Path(__file__).parents[2] / "examples" / "workers.csv"
    for name in ("plain", "quoted"):
        given = ("--workers", workers, "--county", county, "--out", place / f"plan-{name}")
        invoke("plan", place / name, *given)
    (place / "report").mkdir()
    invoke("decisions", "report", county, "--export", place / "report" / "report.csv")
    return place


def _mark(path: Path, column: str, words: tuple[str, ...]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row[column] = words[number % len(words)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _decide(county: Path) -> None:
    """Every kind of decision about every child, each with a reason in words; sensitive rules closed."""
    pack = RulePack.load("cn-rural")
    with (county / "children.csv").open(encoding="utf-8", newline="") as file:
        children = [row["child_id"] for row in csv.DictReader(file)]
    fields = ("child_id", "decided_at", "decided_by", "decision", "rule", "tier", "reason")
    words = (
        "close",
        "lower",
        "override",
        "wrong_information",
        "correction",
        "referral",
        "conflict",
    )
    rules = [rule.id for rule in pack.rules if rule.sensitive]
    with (county / "decisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*fields, "confirmed_by", "own"], restval="")
        writer.writeheader()
        for number, child in enumerate(children):
            row = {"child_id": child, "decided_at": "2026-08-01", "decided_by": "S1"}
            more = {"reason": "ZQXREASON", "confirmed_by": "S2", "own": "ZQXOTHER"}
            rule = {"rule": rules[number % len(rules)]}
            tier = {"tier": "priority"}
            word = {"decision": words[number % len(words)]}
            if word["decision"] in SAID_WRONG:
                more["reason"] = "ZQXWRONG"
            writer.writerow({**row, **word, **rule, **tier, **more})


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a folder with what it says: a workbook's parts too, and escapes undone."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            for part, data in _parts(path):
                plain = data.decode("utf-8", "replace")
                yield f"{name}{part}", "\n".join((plain, html.unescape(plain), _unescaped(plain)))


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes()
    if not zipfile.is_zipfile(path):
        yield "", data
        return
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name in book.namelist():
            yield f":{name}", book.read(name)


def _unescaped(plain: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), plain)


def sensitive_names() -> set[str]:
    """Ids of what a pack calls sensitive, and its titles and questions in both languages."""
    pack = RulePack.load("cn-rural")
    found: set[str] = set()
    for rule in (*pack.rules, *pack.rules_off):
        if rule.sensitive:
            found |= {rule.id, *rule.title.values(), *rule.ask.values(), *rule.act.values()}
    found |= {name for name, one in pack.concepts.items() if one.sensitive}
    found |= FeatureSet.load(pack.pack).sensitive
    found |= {
        name for name, one in pack.indicators.items() if one.sensitivity == "highly_sensitive"
    }
    shared = {
        words
        for rule in pack.rules
        if not rule.sensitive
        for words in (*rule.title.values(), *rule.ask.values(), *rule.act.values())
    }
    return {name for name in found if len(name) > 3} - shared


def is_table(name: str) -> bool:
    """Whether a plan's file is no page and no workbook: these have quotes where the list has them."""
    return not (name.endswith(".html") or name.startswith("list.xlsx"))


@pytest.mark.parametrize("folder", ["plain", "plan-plain", "plan-quoted", "report"])
def test_without_quotes_no_file_says_anything_private(place: Path, folder: str) -> None:
    wanted = (*MARKS, *WORDS, *sensitive_names())
    files = [one for one in texts_of(place / folder) if folder != "plan-quoted" or is_table(one[0])]
    assert files
    leaks = {(name, word) for name, said in files for word in wanted if word in said}
    assert leaks == set()


def test_the_marks_and_names_are_there_to_be_found(place: Path) -> None:
    """With quotes the same sweep finds notes and sensitive names, in each kind of file.

    Of reasons only what is said to be wrong is in them.
    """
    found = dict(texts_of(place / "quoted"))
    for name in (
        "list.html",
        "list/supervisor.html",
        "ranking.jsonl",
        "list.xlsx:xl/sharedStrings.xml",
    ):
        assert "ZQXNOTE" in found[name], name
    assert any(name in found["ranking.csv"] for name in sensitive_names())
    planned = dict(texts_of(place / "plan-quoted"))
    assert "ZQXNOTE" in planned["list/supervisor.html"]
    everything = "\n".join((*found.values(), *planned.values()))
    assert "ZQXNAME" not in everything
    assert "ZQXREASON" not in everything
    assert "ZQXWRONG" in found["list/supervisor.html"]


def test_every_file_that_a_run_writes_is_swept(place: Path) -> None:
    names = {path.name for path in (place / "plain").iterdir()}
    assert {"ranking.csv", "ranking.jsonl", "list.html", "list", "list.xlsx", "run.json"} <= names
    assert PRIVATE not in names


def test_with_quotes_each_page_and_the_workbook_say_so_at_the_top(place: Path) -> None:
    run = json.loads((place / "quoted" / "run.json").read_text(encoding="utf-8"))
    found = dict(texts_of(place / "quoted"))
    pages = [name for name in found if name.endswith(".html")]
    assert len(pages) > 2
    year, month, day = (int(part) for part in run["expires"].split("-"))
    for name in (*pages, "list.xlsx:xl/sharedStrings.xml", PRIVATE):
        for word in (text("quotes_banner", "zh"), text("quotes_banner", "en"), run["made_by"]):
            assert word in found[name], (name, word)
        assert f"{year}年{month}月{day}日" in found[name]


def test_a_plan_of_a_list_with_quotes_says_so_where_they_are_and_expires_with_the_list(
    place: Path,
) -> None:
    run = json.loads((place / "quoted" / "run.json").read_text(encoding="utf-8"))
    said = json.loads((place / "plan-quoted" / "plan.json").read_text(encoding="utf-8"))
    wanted = {name: run[name] for name in ("quotes", "made_by", "expires")}
    assert {name: said[name] for name in wanted} == wanted
    (found,) = written_in([place / "plan-quoted"])
    assert (str(found.expires), found.trouble) == (run["expires"], "")
    pages = list((place / "plan-quoted").rglob("*.html"))
    assert len(pages) > 2
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert text("quotes_banner", "zh") in page
        assert f'data-expires="{run["expires"]}"' in page
    book = dict(texts_of(place / "plan-quoted"))["list.xlsx:xl/sharedStrings.xml"]
    year, month, day = (int(part) for part in run["expires"].split("-"))
    for word in (text("quotes_banner", "zh"), run["made_by"], f"{year}年{month}月{day}日"):
        assert word in book
    plain = json.loads((place / "plan-plain" / "plan.json").read_text(encoding="utf-8"))
    assert (plain["quotes"], "expires" in plain) == (False, False)


def test_tables_have_no_top_so_the_folder_says_it(place: Path) -> None:
    run = json.loads((place / "quoted" / "run.json").read_text(encoding="utf-8"))
    assert run["quotes"]
    assert run["made_by"]
    assert run["expires"] > run["made_at"][:10]
    said = (place / "quoted" / PRIVATE).read_text(encoding="utf-8-sig")
    assert "ranking.csv, ranking.jsonl" in said
    plain = json.loads((place / "plain" / "run.json").read_text(encoding="utf-8"))
    assert not plain["quotes"]
    assert "expires" not in plain


def test_a_page_can_export_no_more_than_it_holds_and_what_was_typed() -> None:
    """Entries name rules and concepts by attributes of the page, which the sweep has read."""
    script = Path(__file__).parents[2] / "carescreen" / "review" / "templates"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in script.glob("*.js"))
    assert not re.search(r"\b(fetch|XMLHttpRequest|sendBeacon|WebSocket|EventSource)\b", sources)
    for field in ("quote", "clause", "title"):
        assert not re.search(rf"\b{field}\s*:", sources), field
