"""An example of a rule as data: from `given: {age_years: 6, ...}` to a case of one child.

    age_years: 6                     a number
    sex: female                      a word; a word that means "not known", or null, is missing
    injury_sites: [ear, neck]        a set (or "ear;neck"); [] is an empty set, which is known
    registered_on: 2026-10-01        a date
    month: 7   or   as_of: 2026-07-15     the day it is seen from; else EXAMPLE_DAY
    noted: {left_alone: affirmed, unseen_child: {status: affirmed, visits: 2}}

A status other than affirmed, suspected and `learned` (found only by learned weights) is a mention
that is not raised: it counts for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import FROM_CHILDREN, Column, Noted
from carescreen.errors import PackError, did_you_mean
from carescreen.indicators import Indicator

EXAMPLE_DAY = "2026-11-01"
RAISED = ("affirmed", "suspected")
LEARNED = "learned"
MAX_VISITS = 1_000
NOT_RAISED = ("negated", "past", "other", "hypothetical")


@dataclass(frozen=True)
class ExampleCase:
    """What an example says of one child; a CaseData."""

    as_of: np.datetime64
    columns: Mapping[str, Column]
    noted: Mapping[str, Noted]
    n: int = 1


def example_data(
    given: Mapping[str, Any],
    indicators: Mapping[str, Indicator],
    concepts: Collection[str] | None = None,
) -> ExampleCase:
    """A case of one child; PackError (without a place) names the entry that does not fit.

    Without `concepts` any concept may be noted.
    """
    columns = {}
    for name, value in given.items():
        if name in ("noted", "as_of", "month"):
            continue
        if name not in indicators:
            known = [*indicators, "noted", "as_of", "month"]
            raise PackError(f"given: unknown indicator '{name}'{did_you_mean(name, known)}")
        values = _values(indicators[name], value)
        if values is not None:
            columns[name] = _column(values)
    return ExampleCase(_as_of(given), columns, _noted(given.get("noted"), concepts))


def _as_of(given: Mapping[str, Any]) -> np.datetime64:
    month = given.get("month")
    if month is not None and (type(month) is not int or not 1 <= month <= 12):
        raise PackError("given: month is a number from 1 to 12")
    day = _date("as_of", given.get("as_of", EXAMPLE_DAY))
    return np.datetime64(day if month is None else day.replace(month=month, day=1), "D")


def _values(indicator: Indicator, value: Any) -> NDArray[np.generic] | None:
    """The value as a column of one child is encoded (columns.Column); None where it is missing."""
    if value is None or (isinstance(value, str) and value in indicator.missing):
        return None
    if indicator.type == "enum":
        return np.array([indicator.values.index(_one_of(indicator, value))], dtype=np.int16)
    if indicator.type == "set":
        words = value.split(";") if isinstance(value, str) else value
        if not isinstance(words, list):
            raise _wrong(indicator, "a list of values")
        bits = {1 << indicator.values.index(_one_of(indicator, word)) for word in words}
        return np.array([sum(bits)], dtype=np.int64)
    if indicator.type in ("number", "integer"):
        return np.array([_number(indicator, value)], dtype=np.float64)
    if indicator.type in ("date", "datetime"):
        return np.array([_date(indicator.id, value)], dtype="datetime64[s]")
    return np.array([str(value)], dtype=object)


def _one_of(indicator: Indicator, word: Any) -> str:
    if word not in indicator.values:
        hint = did_you_mean(str(word), indicator.values)
        raise _wrong(indicator, f"one of {', '.join(indicator.values)}, not '{word}'{hint}")
    return str(word)


def _number(indicator: Indicator, value: Any) -> float:
    low, high = indicator.range or (-np.inf, np.inf)
    if indicator.kind == "derived":  # computed, and by no range: a child on file may be over 18
        low, high = 0.0, np.inf
    if type(value) not in (int, float) or not low <= value <= high:
        raise _wrong(indicator, f"a number from {low:g} to {high:g}")
    return float(value)


def _date(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise PackError(f"given: {name} takes a date such as {EXAMPLE_DAY}") from None


def _wrong(indicator: Indicator, wanted: str) -> PackError:
    return PackError(f"given: {indicator.id} takes {wanted}")


def _column(values: NDArray[np.generic]) -> Column:
    no_date = np.full(1, np.datetime64("NaT", "D"))
    return Column(
        values,
        np.ones(1, dtype=np.bool_),
        no_date,
        no_date,
        np.full(1, FROM_CHILDREN, dtype=np.int8),
        np.zeros(1, dtype=np.int64),
    )


def _noted(given: Any, concepts: Collection[str] | None) -> dict[str, Noted]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise PackError("given: noted takes a mapping: {concept: affirmed}")
    found = {}
    for name, mention in given.items():
        if concepts is not None and name not in concepts:
            raise PackError(f"given: unknown concept '{name}'{did_you_mean(name, concepts)}")
        status, visits = _mention(name, mention)
        raised = status in RAISED
        found[name] = Noted(
            np.array([raised]),
            np.array([status == LEARNED]),
            np.array([visits if raised else 0], dtype=np.int16),
        )
    return found


def _mention(name: str, mention: Any) -> tuple[str, int]:
    """(status, number of visits) of `affirmed` or `{status: affirmed, visits: 2}`."""
    statuses = (*RAISED, LEARNED, *NOT_RAISED)
    if not isinstance(mention, dict):
        mention = {"status": mention}
    status, visits = mention.get("status"), mention.get("visits", 1)
    if status not in statuses or not mention.keys() <= {"status", "visits"}:
        raise PackError(f"given: noted {name} takes one of {', '.join(statuses)}")
    if type(visits) is not int or not 0 <= visits <= MAX_VISITS:
        raise PackError(
            f"given: noted {name} takes a number of visits from 0 (another child's) to {MAX_VISITS}"
        )
    return str(status), visits
