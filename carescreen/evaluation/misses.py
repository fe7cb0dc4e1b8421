"""What the list misses: recall over all children, estimated from visits drawn below its line.

Visits that a list chose say what it found, not what it missed. Of the random share the chance is
known, so a confirmed outcome below the line stands for as many as 1 / chance. Where every child was
visited, recall is counted, and it is the order of the round that has to be random.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from carescreen.errors import UsageError
from carescreen.evaluation.intervals import NAN, NONE
from carescreen.evaluation.judged import (
    LEAST_EVENTS,
    Capacity,
    Part,
    Rows,
    is_small_cell,
    lists,
    read,
    seats_of,
)
from carescreen.evaluation.metrics import Codes, Estimate, Flags, Floats, inclusion, kish
from carescreen.evaluation.missed import (
    COUNTED,
    ESTIMATED,
    NOBODY,
    NONE_JUDGED,
    NOT_ENOUGH,
    Missed,
    Notice,
    Verdict,
)
from carescreen.evaluation.misses_interval import (
    HALF_WIDTH,
    Total,
    of_all,
    of_draw,
    recall_of,
    visits_needed,
)
from carescreen.evaluation.misses_weights import Visits, side_weights
from carescreen.evaluation.misses_words import sentences
from carescreen.evaluation.verdicts import Language

KNOWN = (ESTIMATED, COUNTED)
NOBODYS = 1e-6  # children below the line that are but rounding
OFF_TIMES = 2.0  # chances that stand for twice or half the children are not those of a window
COLUMNS = ("group", "attempted", "at_random", "selection_probability")


@dataclass(frozen=True)
class Misses:
    """What the list misses, over all counties first, then by county; and what a reader must know."""

    parts: tuple[Missed, ...]
    notices: tuple[Notice, ...]

    @property
    def all(self) -> Missed:
        """The figure over all counties."""
        return self.parts[0]

    def to_frame(self) -> pd.DataFrame:
        """One row a part, with the columns of `Missed`. For the office."""
        return pd.DataFrame([asdict(part) for part in self.parts], columns=Missed.columns())

    def sentences(self, language: Language = "en") -> list[str]:
        """What it says to a programme manager, and in which cases it may be wrong."""
        return list(sentences(self.parts, self.notices, language))

    def leaving_office(self) -> pd.DataFrame:
        """The tidy table without what rests on 1 to SMALL_CELL events, or gives such a number away.

        Such a row keeps its part, children and verdict. Where one county alone would be blanked,
        the next smallest is too, since the pooled row less the others would tell. `failed` is
        blanked in all rows if it is small in one.
        """
        frame = self.to_frame()
        missed = (1.0 - frame["listed_only_recall"]) * frame["listed_only_events"]
        counts = [frame[name] for name in ("events_listed", "events_below", "random_visits")]
        shown = np.column_stack([*counts, missed.round()]).astype(np.float64)
        small = pd.Series(is_small_cell(shown).any(axis=1), frame.index)
        county = frame["part"].eq("county")
        if (small & county).sum() == 1 and (county & ~small).any():
            small |= frame.index == frame.loc[county & ~small, "children"].idxmin()
        figures = list(frame.select_dtypes("number").columns.drop("children"))
        frame[figures] = frame[figures].astype(float)
        if is_small_cell(frame["failed"].to_numpy(dtype=np.float64)).any():
            frame["failed"] = NAN
        frame.loc[small, figures] = NAN
        return frame


def misses(windows: pd.DataFrame, *, capacity: Capacity, method: str = "order") -> Misses:
    """Recall of a list over all its children, visited or not.

    windows: JudgedWindows (docs/evaluation.md), one row a child and as-of window, with `attempted`,
    `at_random` and `selection_probability`. capacity: seats of every list, or by group. method: the
    column that orders the list, larger = earlier; ties at the line are averaged.

    Used are outcomes of known selection: chance recorded, or everybody of that county and window
    visited. Counties and windows without any random visit are left out, and said. Nothing is drawn
    here, so the same rows in any order give the same bytes. How weights and limits are made:
    `side_weights`, `misses_interval`. Not enough evidence: under LEAST_EVENTS events of random
    visits below the line (also after weighing), or of all where everybody was visited. Where nobody
    is below the line, or no random visit there judged, the verdict says that, without a figure.

    Errors: UsageError (no random share, no chance recorded or one outside (0, 1], one class).
    """
    rows = read(windows, [method, *COLUMNS])
    _check(rows)
    list_of, groups = lists(rows)
    listed = inclusion(rows.column(method), list_of, seats_of(capacity, groups))
    visits, is_seen = _visits(rows, listed, method)
    drawn = visits.at_random & ~np.isnan(visits.chance)
    covered = is_seen | _any_in(drawn, visits.cell)
    if not covered.any():
        raise UsageError(_no_share(bool(visits.at_random.any())))
    notices = tuple(_notices(visits, is_seen, covered))
    county, names = _counties(rows)
    parts = [_part("all", None, visits.only(covered), is_seen[covered])]
    if is_seen.any() and not is_seen[covered].all():
        parts.append(_part("seen", None, visits.only(is_seen), is_seen[is_seen]))
    for k, name in enumerate(names):
        own = covered & (county == k)
        if own.any() and len(names) > 1:
            parts.append(_part("county", name, visits.only(own), is_seen[own]))
    return Misses(tuple(parts), notices)


def _check(rows: Rows) -> None:
    chance = rows.column("selection_probability")
    if ((chance <= 0.0) | (chance > 1.0)).any():
        raise UsageError("selection_probability must lie above 0 and at most at 1, in every row")
    if not rows.judged.any():
        raise UsageError("no child has a judged outcome, so nothing says what the list misses")
    events = int(rows.event.sum())
    if events in (0, int(rows.judged.sum())):
        said = "no judged child was" if not events else "every judged child was"
        raise UsageError(
            f"{said} confirmed; what a list misses needs outcomes of both kinds: check the results "
            "of the outcomes table"
        )


def _no_share(is_drawn: bool) -> str:
    if is_drawn:
        return (
            "no random visit has a selection_probability, so it is not known how many children it "
            "stands for; import outcomes with the list or plan they came from (decisions import --list)"
        )
    return (
        "no visit was drawn at random, and not every child was visited, so nothing says what the "
        "list misses; set random_share in the pack (0.1 keeps one seat in ten for the draw)"
    )


def _visits(rows: Rows, listed: Floats, method: str) -> tuple[Visits, Flags]:
    """The child-windows, and whether each is of a county and window where everybody was visited."""
    attempted = rows.judged | rows.table["attempted"].eq(True).to_numpy(dtype=bool)
    chance = rows.column("selection_probability")
    whole = Part(rows, "all", None, np.arange(len(listed)))
    county = _counties(rows)[0]
    window = rows.number("window")[0]
    cell = np.unique(window * (county.max(initial=0) + 2) + county + 1, return_inverse=True)[1]
    is_seen = ~_any_in(~attempted, cell) | ~_any_in(chance != 1.0, cell)
    score = rows.column("score" if "score" in rows.table else method)
    return Visits(
        chance=np.where(is_seen, 1.0, np.where(attempted, chance, np.nan)),
        told=rows.judged,
        at_random=attempted & rows.table["at_random"].eq(True).to_numpy(dtype=bool),
        event=rows.event,
        listed=listed,
        score=_ranked(score),
        household=whole.cluster("household_id"),
        place=county + 1,
        cell=cell.astype(np.intp),
    ), is_seen


def _counties(rows: Rows) -> tuple[Codes, list[object]]:
    """Number of each row's county, -1 where not known, and their names."""
    if "county_id" not in rows.table:
        return np.full(len(rows.table), -1, dtype=np.intp), []
    number, names = rows.number("county_id")
    return number, list(names)


def _any_in(flags: Flags, cell: Codes) -> Flags:
    """Whether a flag is set anywhere in the cell of each row."""
    return np.asarray((np.bincount(cell, flags) > 0)[cell])


def _ranked(score: Floats) -> Floats:
    """Places of scores, the missing ones lowest."""
    known = np.where(np.isnan(score), -np.inf, score)
    return np.unique(known, return_inverse=True)[1].astype(np.float64)


def _notices(visits: Visits, is_seen: Flags, covered: Flags) -> Iterator[Notice]:
    known = ~np.isnan(visits.chance)
    drawn = visits.at_random & ~is_seen
    counts = {
        "seen": is_seen,
        "unmeasured": ~covered,
        "no_chance": visits.told & ~known & ~drawn,
        "drawn_without_chance": drawn & ~known,
    }
    for kind, flags in counts.items():
        if flags.any():
            yield Notice(kind, float(flags.sum()))
    own = drawn & known
    places = covered & ~is_seen & ~(known & (visits.chance >= 1.0))
    children = float(visits.below[places].sum())
    times = float((visits.below / np.where(own, visits.chance, np.inf)).sum()) / max(children, 1.0)
    if own.any() and not 1.0 / OFF_TIMES < times < OFF_TIMES:
        yield Notice("stands_for_more" if times > 1.0 else "stands_for_fewer", times)


def _part(
    part: Literal["all", "seen", "county"], of: object, visits: Visits, seen: Flags
) -> Missed:
    is_counted = bool(seen.all())
    found = [_side(visits, is_listed, is_counted) for is_listed in (True, False)]
    known = ~np.isnan(visits.chance)
    drawn = visits.at_random & known & ~seen
    counted_below = (known if is_counted else drawn) & visits.told
    listed_events = float(visits.listed @ (visits.event & known))
    below_events = float(visits.below @ (visits.event & counted_below))
    asked = float(visits.below @ drawn)
    told = float(visits.below @ (drawn & visits.told))
    enough = _is_enough(visits, listed_events, below_events, drawn, is_counted)
    verdict = _verdict(enough, is_counted, told, float(visits.below.sum()))
    recall = recall_of(*(side.total for side in found)) if verdict in KNOWN else NONE
    chosen = visits.told & ~visits.at_random & ~seen
    by_list, by_list_events = _listed_only(visits, chosen)
    return Missed(
        part,
        of,
        recall.value,
        recall.low,
        recall.high,
        events_listed=listed_events,
        events_below=below_events,
        random_visits=asked,
        failed=float((known & ~visits.told).sum()) if is_counted else asked - told,
        children=len(visits.listed),
        listed_only_recall=by_list,
        listed_only_events=by_list_events,
        overstated=by_list - recall.value,
        visits_per_event_listed=found[0].per_event if listed_events >= LEAST_EVENTS else NAN,
        visits_per_event_below=found[1].per_event if below_events >= LEAST_EVENTS else NAN,
        verdict=verdict,
        more_visits=_more(recall, below_events, told, asked)
        if not is_counted and verdict in (ESTIMATED, NOT_ENOUGH)
        else NAN,
    )


def _verdict(enough: bool, is_counted: bool, told: float, below: float) -> Verdict:
    if below < NOBODYS:
        return NOBODY
    if enough:
        return COUNTED if is_counted else ESTIMATED
    return NOT_ENOUGH if is_counted or told > 0.0 else NONE_JUDGED


@dataclass(frozen=True)
class _Side:
    total: Total
    per_event: float


def _side(visits: Visits, is_listed: bool, is_counted: bool) -> _Side:
    weight = side_weights(visits, is_listed=is_listed)
    rows = np.flatnonzero(weight > 0.0)
    side = (visits.listed if is_listed else visits.below)[rows]
    event = visits.event[rows].astype(np.float64)
    total = (of_all if is_counted else of_draw)(weight[rows], side, event, visits.household[rows])
    return _Side(total, float(weight[rows] @ side) / total.value if total.value > 0.0 else NAN)


def _is_enough(visits: Visits, listed: float, below: float, drawn: Flags, is_counted: bool) -> bool:
    if is_counted:
        return listed + below >= LEAST_EVENTS
    rows = drawn & visits.event
    weight = (side_weights(visits, is_listed=False) * visits.below)[rows]
    return min(below, round(kish(weight), 6)) >= LEAST_EVENTS


def _listed_only(visits: Visits, chosen: Flags) -> tuple[float, float]:
    """Recall as outcomes of visits not drawn at random have it, and how many of them were confirmed."""
    listed = visits.listed[chosen & visits.event]
    return float(listed.mean()) if len(listed) >= LEAST_EVENTS else NAN, float(len(listed))


def _more(recall: Estimate, events: float, told: float, asked: float) -> float:
    """Further random visits; failed ones come on top, as often as so far."""
    if not np.isnan(recall.value):
        half = (recall.high - recall.low) / 2.0
        return float(max(np.ceil(asked * ((half / HALF_WIDTH) ** 2 - 1.0)), 0.0))
    rate = (events + 0.5) / (told + 1.0)
    needed = visits_needed(0.5, min(rate, 0.5)) * asked / told
    return float(max(np.ceil(needed - asked), 1.0))
