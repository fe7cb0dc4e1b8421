"""The laws for a model with learned phrases: 3, 6, 7, 8 and 13 where they speak of notes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from caseloads import DAYS, FRAGMENTS, NAMES, Tables, day, days, note_of, tables
from engine import by_child, micro, rank, said
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.assessment import Case
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.ngrams import PhraseTable
from carescreen.screener import Screener
from carescreen.steps import AdditiveTables, StepTable

PACK = Path(__file__).parent / "pack"
PHRASES = {"挨打": 200_001, "一个人": 150_000, "was beaten": 300_000, "饿肚子": 99_999, "noon": 7}
MODEL = AdditiveTables(
    intercept=-1_234_567,
    features=(StepTable("hit", "number", (0, 450_001), (0.5,), missing=7, sensitive=True),),
    note_column="note",
    phrases=PhraseTable(PHRASES, cap=500_000),
)
FEW = settings(max_examples=6)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Screener:
    """The engine over the small pack, with a model that looks for phrases."""
    folder = tmp_path_factory.mktemp("models") / "spoken"
    write_model(folder, SavedModel(MODEL, Manifest(name="spoken", made_by="fit")))
    return Screener.load(PACK, folder)


def words_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """The line of the notes among the contributions; None where they add nothing."""
    return next((one for one in record["contributions"] if one["feature"] == "note"), None)


@FEW
@given(data=st.data(), as_of=days())
def test_words_in_the_notes_add_up_and_are_quoted_exactly(
    spoken: Screener, data: st.DataObject, as_of: date
) -> None:
    """Law 8, and what counts: own notes of the last 90 days, by the date and by the entry."""
    found = data.draw(tables(as_of))
    for child, record in by_child(spoken, found, as_of).items():
        points = [record["intercept"], *(one["points"] for one in record["contributions"])]
        assert sum(map(micro, points)) == micro(record["score"])
        line = words_of(record)
        if line is None:
            continue
        assert sum(micro(word["points"]) for word in line["words"]) == micro(line["points"])
        assert 0 < micro(line["points"]) <= 500_000
        for word in line["words"]:
            assert word["quote"].lower() == word["phrase"]
            assert as_of - timedelta(90) <= date.fromisoformat(word["date"]) <= as_of
            assert any(_is_quoted(row, child, word) for row in found.visits)


def _is_quoted(row: dict[str, Any], child: str, word: dict[str, Any]) -> bool:
    start, quote = word["start"], word["quote"]
    own = row["child_id"] == child and str(row.get("visit_date"))[:10] == word["date"]
    return own and str(row.get("note"))[start : start + len(quote)] == quote


@FEW
@given(data=st.data(), as_of=days(), size=st.sampled_from([1, 2]))
def test_row_order_and_blocks_change_nothing(
    spoken: Screener, data: st.DataObject, as_of: date, size: int
) -> None:
    """Law 6."""
    found = data.draw(tables(as_of))
    mixed = Tables(
        **{name: tuple(data.draw(st.permutations(getattr(found, name)))) for name in NAMES}
    )
    again = rank(spoken, mixed, as_of, block_children=size)
    assert said(again) == said(rank(spoken, found, as_of))


def one_child(*visits: dict[str, Any]) -> Tables:
    child = {"child_id": "C1", "village_id": "V1", "household_id": "H1", "birth_date": "2018-01-01"}
    return Tables((child,), visits)


def visit(number: int, on: str, note: str | None, **cells: Any) -> dict[str, Any]:
    return {"visit_id": f"N{number}", "child_id": "C1", "visit_date": on, "note": note, **cells}


AS_OF = DAYS[0]


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        ({"on": day(AS_OF, 0)}, True),
        ({"on": day(AS_OF, 90)}, True),
        ({"on": day(AS_OF, 91)}, False),
        ({"on": day(AS_OF, -1)}, False),
        ({"on": day(AS_OF, 5), "recorded_at": day(AS_OF, -1)}, False),
        ({"on": day(AS_OF, 5), "recorded_at": day(AS_OF, 0) + " 23:00:00"}, True),
    ],
    ids=["today", "90 days", "91 days", "tomorrow", "entered later", "entered today"],
)
def test_a_note_counts_for_90_days_from_when_it_was_known(
    spoken: Screener, cells: dict[str, str], counts: bool
) -> None:
    """Law 7 among others."""
    found = one_child(visit(1, note="孩子又挨打", **cells))
    (record,) = by_child(spoken, found, AS_OF).values()
    assert (words_of(record) is not None) == counts


def test_an_amended_note_counts_as_it_reads_now(spoken: Screener) -> None:
    on, first, later = day(AS_OF, 9), day(AS_OF, 8), day(AS_OF, 3)
    rows = (
        visit(1, on, "常饿肚子", recorded_at=first),
        visit(1, on, "Visited at noon", recorded_at=later),
    )
    (record,) = by_child(spoken, one_child(*rows), AS_OF).values()
    assert [word["phrase"] for word in words_of(record)["words"]] == ["noon"]


def test_each_phrase_is_quoted_from_the_newest_note_and_the_cap_is_shared_out(
    spoken: Screener,
) -> None:
    old = visit(1, day(AS_OF, 20), "孩子又挨打。She WAS  beaten")
    new = visit(2, day(AS_OF, 2), "常饿肚子，孩子又挨打，又挨打")
    (record,) = by_child(spoken, one_child(new, old), AS_OF).values()
    line = words_of(record)
    assert micro(line["points"]) == 500_000
    assert line["title"]["zh"] == "走访记录中的用语"
    assert [(w["quote"], w["visit_id"], w["start"], micro(w["points"])) for w in line["words"]] == [
        ("WAS  beaten", "N1", 10, 250_000),
        ("挨打", "N2", 8, 166_667),
        ("饿肚子", "N2", 1, 83_333),
    ]
    assert line["value"] == "“WAS  beaten” “挨打” “饿肚子”"


def test_two_notes_hold_no_phrase_that_neither_of_them_holds(spoken: Screener) -> None:
    rows = (visit(1, day(AS_OF, 3), "she was"), visit(2, day(AS_OF, 2), "beaten paths; 一个"))
    (record,) = by_child(spoken, one_child(*rows), AS_OF).values()
    assert words_of(record) is None


@FEW
@given(data=st.data(), parts=st.lists(st.sampled_from(FRAGMENTS), max_size=3))
def test_saying_more_in_a_note_never_lowers_the_score_by_its_words(
    spoken: Screener, data: st.DataObject, parts: list[Any]
) -> None:
    """Law 3: phrases only raise, and the cap holds a sum that only grows."""
    more = [*parts, data.draw(st.sampled_from(FRAGMENTS))]
    lines = []
    for said_now in (parts, more):
        found = one_child(visit(1, day(AS_OF, 1), note_of(said_now)))
        (record,) = by_child(spoken, found, AS_OF).values()
        lines.append(words_of(record))
    before, after = (micro(line["points"]) if line else 0 for line in lines)
    assert before <= after <= 500_000


def test_assessing_one_child_equals_ranking_it_alone(spoken: Screener) -> None:
    """Law 13."""
    rows = (
        visit(1, day(AS_OF, 20), "孩子又挨打"),
        visit(2, day(AS_OF, 2), "She was beaten。常饿肚子"),
    )
    found = one_child(*rows)
    (record,) = by_child(spoken, found, AS_OF).values()
    inner = [{name: cell for name, cell in row.items() if name != "child_id"} for row in rows]
    case = Case.model_validate({**found.children[0], "visits": inner})
    assessed = spoken.assess(case, AS_OF).model_dump(mode="json")
    assert assessed["score"] == record["score"]
    line = words_of(record)
    (got,) = [one for one in assessed["contributions"] if one["feature"] == "note"]
    assert got == {name: line[name] for name in got}


def test_no_word_of_a_note_leaves_the_office_and_the_points_do(spoken: Screener) -> None:
    """Law 11: with nothing else private in the record."""
    found = one_child(visit(1, day(AS_OF, 2), "Visited at noon 😀"))
    ranking = rank(spoken, found, AS_OF)
    public = ranking.public_records([0])[0]
    assert "noon" not in ranking.public_json_line(0).decode()
    assert "noon" in ranking.json_line(0).decode()
    (line,) = public["contributions"]
    assert (line["feature"], line["points"], line["value"]) == ("note", 0.000_007, None)
    assert "noon" not in ranking.export_frame(names=False).to_csv()
