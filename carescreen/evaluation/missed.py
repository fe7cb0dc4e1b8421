"""What is said of one place's misses, and the remarks that go with it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

Verdict = Literal[
    "estimated",
    "counted",
    "not enough evidence",
    "no random visit judged",
    "nobody below the line",
]
ESTIMATED: Verdict = "estimated"
COUNTED: Verdict = "counted"
NOT_ENOUGH: Verdict = "not enough evidence"
NONE_JUDGED: Verdict = "no random visit judged"
NOBODY: Verdict = "nobody below the line"


@dataclass(frozen=True)
class Missed:
    """What was missed in all counties, in one county, or where every child was seen.

    part                    all, county, or seen (where some places saw every child and some not)
    of                      the county; None of the others
    recall, low, high       share of all children who would have been confirmed that had a seat,
                            with a 95% interval; NaN where there is not enough evidence
    events_listed           confirmed outcomes of known selection on the list
    events_below            those of random visits below its line (of all visits where counted)
    random_visits           children below the line whom a random visit tried to see
    failed                  those of them (where counted, of all children) whom nobody could judge
    children                child-windows that the figure is about
    listed_only_recall      what outcomes of visits not drawn at random say (the list's, a worker's own
                            and those without a record of it); NaN under 20 events
    listed_only_events      those outcomes that were confirmed
    overstated              listed_only_recall - recall
    visits_per_event_listed, visits_per_event_below
                            judged visits for one confirmed outcome; NaN without one
    verdict                 estimated, counted (everybody was visited), not enough evidence, no random
                            visit judged (below the line), or nobody below the line
    more_visits             further random visits until there are LEAST_EVENTS events below and the
                            interval reaches about HALF_WIDTH to either side; 0: none; NaN where
                            everybody was visited, no random visit judged or nobody is below
    """

    part: str
    of: object
    recall: float
    low: float
    high: float
    events_listed: float
    events_below: float
    random_visits: float
    failed: float
    children: int
    listed_only_recall: float
    listed_only_events: float
    overstated: float
    visits_per_event_listed: float
    visits_per_event_below: float
    verdict: Verdict
    more_visits: float

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the tidy table's columns."""
        return [field.name for field in fields(cls)]


@dataclass(frozen=True)
class Notice:
    """A kind of remark (`misses_words` has its sentence) and the number in it."""

    kind: str
    number: float
