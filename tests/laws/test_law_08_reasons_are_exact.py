"""Law 8: reasons are exact.

Listed concerns = the met rules; contributions + intercept = score, exactly; every note-based reason
quotes the exact characters of the note.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import plain_ranking
from caseloads import days, mentions_in, tables
from engine import Record, by_child, met, micro
from hypothesis import given
from hypothesis import strategies as st
from plain_ranking import PlainPack

from carescreen.screener import Screener


@given(data=st.data(), as_of=days())
def test_listed_concerns_are_the_met_rules(
    screener: Screener, plain_pack: PlainPack, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of, ties=False))
    records = by_child(screener, found, as_of)
    for child in plain_ranking.known_children(found, mentions_in, plain_pack, as_of):
        wanted, _ = plain_ranking.met_rules(child, plain_pack, as_of)
        record = records[child.id]
        assert met(record) == {entry.rule["id"] for entry in wanted}
        closed = {entry["rule"] for entry in record["closed_concerns"]}
        assert closed == {entry.rule["id"] for entry in wanted if entry.closed}


@given(data=st.data(), as_of=days())
def test_contributions_and_intercept_add_up_to_the_score(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """In millionths, and each number is written with all its digits."""
    for record in by_child(screener, data.draw(tables(as_of)), as_of).values():
        points = [record["intercept"], *(entry["points"] for entry in record["contributions"])]
        for value in (*points, record["score"]):
            assert value == micro(value) / 1_000_000
        assert sum(micro(value) for value in points) == micro(record["score"])


@given(data=st.data(), as_of=days())
def test_every_quote_is_the_exact_characters_of_its_note(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    notes: dict[str, list[str]] = {}
    for row in found.visits:
        notes.setdefault(str(row["visit_id"]), []).append(row.get("note") or "")
    for record in by_child(screener, found, as_of).values():
        for mention in _mentions(record):
            some = notes.get(mention["visit_id"]) or notes["None"]  # a visit without an id gets one
            assert any(_is_quoted(mention, note) for note in some)


def _mentions(record: Record) -> Iterator[Record]:
    yield from record["mentions"]
    for part in ("concerns", "entitlements", "advice"):
        for concern in record[part]:
            yield from (entry for entry in concern["evidence"] if "quote" in entry)


def _is_quoted(mention: Record, note: str) -> bool:
    start, quote = mention["start"], mention["quote"]
    clause, at = mention["clause"], mention["clause_start"]
    return (
        quote != ""
        and note[start : start + len(quote)] == quote
        and note[at : at + len(clause)] == clause
        and quote in clause
    )


@given(data=st.data(), as_of=days())
def test_every_reason_that_rests_on_a_note_has_its_quote_and_every_value_its_source(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    for record in by_child(screener, found, as_of).values():
        for concern in [*record["concerns"], *record["entitlements"], *record["advice"]]:
            assert concern["evidence"]
            noted = any("quote" in entry for entry in concern["evidence"])
            assert noted or not concern["note_alone"]
            for entry in concern["evidence"]:
                assert "quote" in entry or entry["table"]
