"""The engine and a plain second ranking say the same of generated caseloads, line by line."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plain_ranking
from caseloads import days, mentions_in, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_ranking import TIERS, PlainPack

from carescreen.screener import Screener

Line = dict[str, Any]


def engine_lines(screener: Screener, *args: Any, **kwargs: Any) -> list[Line]:
    """What the engine says, in the terms of `plain_lines`."""
    return [_comparable(record) for record in screener.rank(*args, **kwargs).records()]


def _comparable(record: Line) -> Line:
    return {
        **{name: record[name] for name in PLAIN},
        "score": round(record["score"] * 1_000_000),
        "concerns": [_of_concern(entry) for entry in record["concerns"]],
        "closed": sorted(entry["rule"] for entry in record["closed_concerns"]),
        "questions": [entry["rule"] for entry in record["open_questions"]],
        "entitlements": [entry["rule"] for entry in record["entitlements"]],
        "advice": [entry["rule"] for entry in record["advice"]],
        "contributions": {
            entry["feature"]: round(entry["points"] * 1_000_000)
            for entry in record["contributions"]
        },
        "mentions": sorted(
            (m["concept"], m["status"], m["quote"], m["start"], m["date"] or "", m["held"])
            for m in record["mentions"]
        ),
    }


PLAIN = (
    "rank",
    "child_id",
    "household_id",
    "village_id",
    "caseworker_id",
    "tier",
    "state",
    "due_on",
    "days_since_seen",
    "age_years",
    "within_capacity",
    "just_below",
    "needs_data",
    "needs_data_reasons",
    "selected_by",
    "taken_on",
    "moved_on",
    "moved_to",
    "turns_18_on",
)


def _of_concern(entry: Line) -> tuple[Any, ...]:
    return (
        entry["rule"],
        entry["tier"],
        entry["first_on"],
        entry["last_on"],
        entry["note_alone"],
    )


def plain_lines(
    found: Any, pack: PlainPack, as_of: date, capacity: int, first_run: bool
) -> list[Line]:
    """What the plain ranking says."""
    lines = plain_ranking.rank(found, mentions_in, pack, as_of, capacity, first_run)
    return [_plain(line, pack, as_of) for line in lines]


def _plain(line: Line, pack: PlainPack, as_of: date) -> Line:
    child = line["child"]
    age = plain_ranking.Facts(child, pack, as_of).value("age_years").value
    return {
        "rank": line["rank"],
        "child_id": child.id,
        **{name: child.row.get(name) for name in ("household_id", "village_id", "caseworker_id")},
        "tier": TIERS[line["tier"]],
        "state": line["state"],
        "due_on": str(line["due"]),
        "days_since_seen": line["unseen"],
        "age_years": age,
        "within_capacity": line["within"],
        "just_below": line["just_below"],
        "needs_data": line["needs"],
        "needs_data_reasons": sorted(child.needs),
        "selected_by": line["selected_by"],
        "taken_on": _text(line["taken_on"]),
        "moved_on": _text(line["moved"] and line["moved"]["on"]),
        "moved_to": line["moved"] and line["moved"].get("reason"),
        "turns_18_on": _text(_shown(line["turns_18"], as_of)),
        "score": line["score"],
        "concerns": _concerns(line),
        "closed": sorted(met.rule["id"] for met in line["closed"]),
        "questions": line["questions"],
        "entitlements": _in_lane(line, "entitlement"),
        "advice": _in_lane(line, "advice"),
        "contributions": {
            name: points
            for name, points in plain_ranking.contributions(child, pack, as_of).items()
            if points
        },
        "mentions": sorted(
            (
                mention["concept"],
                mention["status"],
                mention["quote"],
                mention["start"],
                str(mention["on"] or ""),
                plain_ranking.holds(mention, child, pack, as_of),
            )
            for mention in child.mentions
        ),
    }


def _shown(turns_18: date | None, as_of: date) -> date | None:
    return turns_18 if turns_18 and turns_18 <= as_of + timedelta(days=90) else None


def _text(day: date | None) -> str | None:
    return str(day) if day else None


def _in_lane(line: Line, lane: str) -> list[str]:
    return [met.rule["id"] for met in line["open"] if met.rule.get("lane") == lane]


def _concerns(line: Line) -> list[tuple[Any, ...]]:
    met = [entry for entry in line["open"] if "tier" in entry.rule]
    met.sort(key=lambda entry: TIERS.index(entry.rule["tier"]))
    return [
        (
            entry.rule["id"],
            entry.rule["tier"],
            str(entry.span.first) if entry.span.first else None,
            str(entry.span.last) if entry.span.last else None,
            entry.note_alone,
        )
        for entry in met
    ]


@settings(max_examples=6 * settings.default.max_examples)
@given(data=st.data(), as_of=days(), capacity=st.integers(1, 3), first_run=st.booleans())
def test_engine_and_plain_ranking_agree(
    screener: Screener,
    plain_pack: PlainPack,
    data: st.DataObject,
    as_of: date,
    capacity: int,
    first_run: bool,
) -> None:
    found = data.draw(tables(as_of, ties=False))
    wanted = plain_lines(found, plain_pack, as_of, capacity, first_run)
    if not wanted:
        return
    came = engine_lines(screener, found.caseload(), as_of, capacity, first_run=first_run)
    assert came == wanted
