"""A list's records are read when they are written: the same as parsed at once, whoever writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import follow_up_records as made
import openpyxl
import pandas as pd
import pytest
from test_html import info

from carescreen import Caseload, Ranking, Screener
from carescreen.ranking import Record
from carescreen.results import write_results
from carescreen.results_before import past_positions, positions_table
from carescreen.results_listed import Beside, beside_of, filed_records
from carescreen.results_people import concerns_counted, people_of
from carescreen.review.filed import FiledRecords, LinesFile
from carescreen.review.html import Office, Pages, write_html, write_pages, write_part
from carescreen.review.xlsx import write_xlsx
from carescreen.waiting import say_waiting, waiting_before

HOMES = 8
CHILDREN = pd.DataFrame(
    {
        "child_id": [f"C{number:02}" for number in range(24)],
        "household_id": [f"H{number % HOMES}" for number in range(24)],
        "village_id": [f"V{number % HOMES % 2}" for number in range(24)],
        "caseworker_id": [("W1", "W2", None)[number % HOMES % 3] for number in range(24)],
        "birth_date": [f"{2006 + number // 2}-05-01" for number in range(24)],
    }
)
NOTES = ("孩子说不想活了。", "爸爸昨晚打了他，身上有伤。", "今天在家写作业。", "家里没有米了。")
VISITS = pd.DataFrame(
    {
        "visit_id": [f"N{number}" for number in range(24)],
        "child_id": CHILDREN["child_id"],
        "visit_date": "2026-09-20",
        "child_seen": "yes",
        "note": [NOTES[number % len(NOTES)] for number in range(24)],
    }
)


def rank(screener: Screener, as_of: str, **moved: str) -> Ranking:
    now = CHILDREN.assign(
        caseworker_id=[
            moved.get(child, worker)
            for child, worker in zip(CHILDREN["child_id"], CHILDREN["caseworker_id"], strict=True)
        ]
    )
    return screener.rank(Caseload(children=now, visits=VISITS), as_of, capacity=3)


def write(ranking: Ranking, folder: Path, **more: Any) -> None:
    settings = {"quotes": False, "made_by": "tester", "language": "en", **more}
    write_results(ranking, folder, **settings)


@pytest.fixture(scope="module")
def lists(screener: Screener, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    write(rank(screener, "2026-10-01"), folder)
    return folder


@pytest.fixture(scope="module")
def ranking(screener: Screener) -> Ranking:
    return rank(screener, "2026-11-01", C03="W2", C04="W1")


def plain_records(ranking: Ranking, folder: Path, quotes: bool) -> list[Record]:
    """All records of the list at once, each with what is said beside it."""
    read = ranking.records if quotes else ranking.public_records
    records = read(ranking.listed())
    names = ["child_id", "rank", "tier", "selected_by", "selection_probability"]
    now = ranking.to_frame()[names].assign(run_id=ranking.run.run_id)
    table = positions_table(folder, ranking.run.as_of, now, ranking.listed())
    past = past_positions(table, ranking.run.as_of, {str(one["child_id"]) for one in records})
    people = people_of(ranking, folder)
    people.annotate(records, concerns_counted(ranking, people))
    say_waiting(records, waiting_before(folder), ranking.run.as_of)
    return [{**one, "past_positions": past.get(str(one["child_id"]), [])} for one in records]


def filed(
    ranking: Ranking, lists: Path, file: Path, quotes: bool
) -> tuple[LinesFile, FiledRecords]:
    line = ranking.json_line if quotes else ranking.public_json_line
    file.write_bytes(b"".join(line(place) + b"\n" for place in range(len(ranking))))
    names = ("child_id", "rank", "tier", "selected_by", "selection_probability")
    now = ranking.columns(*names).to_frame().assign(run_id=ranking.run.run_id)
    table = positions_table(lists, ranking.run.as_of, now, ranking.listed())
    beside = beside_of(ranking, people_of(ranking, lists), table, lists)
    lines = LinesFile(file)
    return lines, filed_records(ranking, lines, beside)[0]


@pytest.mark.parametrize("quotes", [False, True])
def test_records_that_are_read_when_asked_for_are_those_parsed_at_once(
    ranking: Ranking, lists: Path, tmp_path: Path, quotes: bool
) -> None:
    wanted = plain_records(ranking, lists, quotes)
    lines, found = filed(ranking, lists, tmp_path / "ranking.jsonl", quotes)
    with lines:
        assert list(found) == wanted
        assert list(found[3:5]) == wanted[3:5]
        assert list(found.take([4, 0])) == [wanted[4], wanted[0]]
    assert any(one["past_positions"] for one in wanted)
    assert any(one.get("waiting_since") for one in wanted)
    assert any(one.get("handed_over") for one in wanted)


def test_what_a_list_is_cut_by_is_what_its_records_say(
    ranking: Ranking, lists: Path, tmp_path: Path
) -> None:
    lines, found = filed(ranking, lists, tmp_path / "ranking.jsonl", quotes=False)
    with lines:
        for name in ("child_id", "household_id", "village_id", "caseworker_id", "tier", "state"):
            assert found.field(name) == [one[name] for one in found]
        assert found.field("within_capacity") == [one["within_capacity"] for one in found]
        due = [day and str(day) for day in found.field("due_on")]
        assert due == [one["due_on"] for one in found]


def test_what_shows_records_as_a_whole_names_no_child(
    ranking: Ranking, lists: Path, tmp_path: Path
) -> None:
    lines, found = filed(ranking, lists, tmp_path / "ranking.jsonl", quotes=False)
    with lines:
        assert "C0" not in repr(found)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def test_one_process_and_two_write_the_same_files(
    ranking: Ranking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carescreen.review.html.SUPERVISOR_CHILDREN", 5)
    for processes in (1, 2):
        write(ranking, tmp_path / str(processes), quotes=True, processes=processes)
    one, two = files_of(tmp_path / "1"), files_of(tmp_path / "2")
    assert one == two
    assert "list/supervisor-3.html" in one


def test_a_list_in_a_file_and_one_in_memory_give_the_same_pages(
    ranking: Ranking, lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carescreen.review.html.SUPERVISOR_CHILDREN", 5)
    (tmp_path / "memory").mkdir()
    write_pages(plain_records(ranking, lists, True), tmp_path / "memory", info())
    (tmp_path / "file" / "list").mkdir(parents=True)
    lines, found = filed(ranking, lists, tmp_path / "ranking.jsonl", quotes=True)
    with lines:
        pages = Pages(found, info(), Office())
        pages.write_first(tmp_path / "file")
        for job in reversed(list(pages.jobs)):
            write_part(job, tmp_path / "file", info())
    assert files_of(tmp_path / "file") == files_of(tmp_path / "memory")


def test_a_hole_of_a_card_cannot_come_from_a_record(tmp_path: Path) -> None:
    hostile = made.record(child_id="<?0>", village_id="<?-1>", household_id="<?-2>")
    write_html([hostile], tmp_path / "list.html", info())
    page = (tmp_path / "list.html").read_text(encoding="utf-8")
    assert "<?" not in page
    assert "&lt;?0&gt;" in page


def test_a_workbook_made_row_by_row_has_the_same_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_xlsx(made.county(), tmp_path / "memory.xlsx", info())
    monkeypatch.setattr("carescreen.review.xlsx.IN_MEMORY", 0)
    for name in ("rows.xlsx", "again.xlsx"):
        write_xlsx(made.county(), tmp_path / name, info())
    wanted, found = (
        openpyxl.load_workbook(tmp_path / name) for name in ("memory.xlsx", "rows.xlsx")
    )
    for one, other in zip(wanted, found, strict=True):
        assert one.dimensions == other.dimensions
        assert one.auto_filter.ref == other.auto_filter.ref
        assert one.print_area == other.print_area
        assert str(one.data_validations) == str(other.data_validations)
        assert {k: d.height for k, d in one.row_dimensions.items()} == {
            k: d.height for k, d in other.row_dimensions.items()
        }
        for mine, theirs in zip(one.iter_rows(), other.iter_rows(), strict=True):
            cells = zip(mine, theirs, strict=True)
            assert all(a.value == b.value and a.style_id == b.style_id for a, b in cells)
    assert (tmp_path / "rows.xlsx").read_bytes() == (tmp_path / "again.xlsx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.xlsx",
        "memory.xlsx",
        "rows.xlsx",
    ]


def test_tables_alone_are_the_same_tables_and_a_later_run_adds_pages(
    screener: Screener, ranking: Ranking, tmp_path: Path
) -> None:
    write(ranking, tmp_path / "whole", quotes=True)
    write(ranking, tmp_path / "tables", quotes=True, pages=False)
    whole, tables = files_of(tmp_path / "whole"), files_of(tmp_path / "tables")
    private = tables.pop("PRIVATE.txt").decode("utf-8-sig")
    assert private.startswith("ranking.csv, ranking.jsonl · run ")
    assert tables == {
        name: content
        for name, content in whole.items()
        if not name.startswith("list") and name != "PRIVATE.txt"
    }
    runs = [
        json.loads((tmp_path / name / "run.json").read_text("utf-8"))
        for name in ("whole", "tables")
    ]
    assert [run.get("tables_only") for run in runs] == [None, True]
    assert [list(run["timings_seconds"]) for run in runs] == [
        ["write tables", "write lists"],
        ["write tables"],
    ]
    for name in ("whole", "tables"):
        write(rank(screener, "2026-11-08"), tmp_path / name)
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "tables")


def test_what_is_said_of_nobody_is_nothing() -> None:
    nothing = Beside({}, past_positions(empty_positions(), "2026-11-01", []), {}, {})
    assert nothing.get(3) is None
    assert len(nothing) == 0


def empty_positions() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in ("child_id", "as_of", "rank", "tier")}, dtype=object)
