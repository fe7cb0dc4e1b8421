"""What leaves the office: small cells blanked, also those that a subtraction would give back, and
figures with so few digits that no count can be solved for.

A cell is small where it counts 1 to 7 children, visits or outcomes, or would give away such a number:
a share times what it is a share of, what is left of a known whole, the step between two capacities or
thresholds. Nothing is about one village, worker or household.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.groups import GroupAudit
from carescreen.evaluation.judged import SMALL_CELL
from carescreen.evaluation.metrics import Codes
from carescreen.evaluation.missed import Missed
from carescreen.evaluation.misses import Misses
from carescreen.evaluation.misses_words import sentences
from carescreen.evaluation.report.content import Content, content_of
from carescreen.evaluation.report.counted import (
    OF_BENEFIT,
    OF_CAPACITY,
    OF_FIGURES,
    Counted,
    beside,
    counted,
    keys_of,
)
from carescreen.evaluation.report.placenames import is_about_a_place, naming_places
from carescreen.evaluation.report.rounding import rounded, significant
from carescreen.evaluation.report.small import (
    Flags,
    Floats,
    is_small,
    rows_to_blank,
    steps_to_keep,
    without_small,
)
from carescreen.evaluation.report.texts import say
from carescreen.review.texts import LANGUAGES

_SEATS = ("recall", "precision")
_BY_ROW = ["part", "of", "method"]
_OVERALL = ("all", "")
_FACTS = frozenset(
    {
        *("pack", "pack_version", "model", "model_version", "carescreen", "carescreen_version"),
        *(
            "pack_digest",
            "model_digest",
            "reference",
            "every_days",
            "horizon_days",
            "data_origin",
            "start",
            "end",
            "refit",
            "folds",
        ),
    }
)
_OF_RULES = (
    "open",
    "unknown",
    "fired",
    "judged",
    "confirmed",
    "closed",
    "misread",
    "lowered",
    "raised",
)
_RATIOS = ("observed_expected", "calibration_slope")


@dataclass
class _Tally:
    """Counts the rows of which something was blanked."""

    rows: int = 0

    def blank(self, table: pd.DataFrame, rows: Flags) -> pd.DataFrame:
        """The table with every figure of some rows missing, and `hidden` saying where."""
        self.rows += int(rows.sum())
        table = table.assign(hidden=rows)
        if rows.any():
            kinds = [str(name) for name in table.select_dtypes("number") if name != "margin"]
            table[kinds] = table[kinds].astype(np.float64)
            table.loc[rows, kinds] = np.nan
        return table

    def keep(self, table: pd.DataFrame, rows: Flags) -> pd.DataFrame:
        """The table without some rows."""
        self.rows += int((~rows).sum())
        return table[rows].reset_index(drop=True)


def leaving_office(found: Evaluation) -> Content:
    """The content of an evaluation without small cells and without anything about one place."""
    whole, tally = content_of(found), _Tally()
    once = counted(found, whole)
    left_out = naming_places(found.backtest.judged, found.backtest.attributes)
    windows, gone = _windows(whole.windows, tally)
    figures = _figures(_public(whole.figures, left_out), gone, tally, once)
    fewer = _small_lacks(whole.calibration, whole.figures)
    misses, miss_words = _misses(found.misses, tally)
    result = replace(
        whole,
        totals=_totals(whole.totals),
        windows=windows,
        effective_events=float("nan"),
        figures=figures,
        differences=_differences(_public(whole.differences, left_out), figures, tally),
        by_capacity=_by_capacity(whole.by_capacity, once, whole.capacity, tally),
        calibration=_calibration(_public(whole.calibration, left_out), gone, fewer, tally),
        bins=whole.bins.iloc[:0] if _OVERALL in fewer else _bins(whole.bins, tally),
        curve=whole.curve.iloc[:0] if _OVERALL in fewer else whole.curve,
        histogram=_histogram(whole.histogram, whole.totals["children"], tally),
        net_benefit=whole.net_benefit.iloc[:0]
        if _OVERALL in fewer
        else _net_benefit(whole.net_benefit, once, tally),
        groups=None if found.groups is None else _groups(found.groups, left_out, tally),
        places=None,
        place_words=_place_words(whole.place_words, found.groups),
        misses=misses,
        miss_words=miss_words,
        rules=_rules(whole.rules, tally),
        notices=_said(whole.notices),
        facts=_facts(whole.facts),
        for_office=False,
        left_out=left_out,
    )
    return rounded(replace(result, hidden=tally.rows))


def _misses(
    found: Misses | None, tally: _Tally
) -> tuple[pd.DataFrame | None, dict[str, tuple[str, ...]]]:
    """The table of misses, and sentences about what is shown of it."""
    if found is None:
        return None, {}
    whole, shown = found.to_frame(), found.leaving_office()
    hidden = (shown["random_visits"].isna() & whole["random_visits"].notna()).to_numpy(dtype=bool)
    parts = [
        _with_few_digits(part)
        for part, is_hidden in zip(found.parts, hidden, strict=True)
        if not is_hidden
    ]
    tally.rows += int(hidden.sum())
    words: dict[str, tuple[str, ...]] = {
        language: (say("hidden", language),)
        if hidden[0]
        else tuple(sentences(parts, found.notices, language))
        for language in LANGUAGES
    }
    return shown.assign(hidden=hidden), _said(words)


def _with_few_digits(part: Missed) -> Missed:
    """What sentences would say with all digits: how many visits."""
    return replace(
        part,
        more_visits=significant(part.more_visits),
        visits_per_event_listed=significant(part.visits_per_event_listed),
        visits_per_event_below=significant(part.visits_per_event_below),
    )


def _totals(totals: Mapping[str, float]) -> dict[str, float]:
    """How many there are in all windows; nothing where a number, or what one lacks, is small."""
    children, judged, events = (totals[name] for name in ("children", "judged", "events"))
    counts = np.array([children, judged, events, children - judged, judged - events])
    return dict.fromkeys(totals, float("nan")) if is_small(counts).any() else dict(totals)


def _place_words(
    words: Mapping[str, tuple[str, ...]], audit: GroupAudit | None
) -> dict[str, tuple[str, ...]]:
    """Sentences on villages and workers; those without a figure say how many events there were."""
    if audit is None:
        return {}
    bare = [math.isnan(spread.spread) for spread in audit.places]
    return {
        language: tuple(
            without_small(sentence) if is_bare else sentence
            for sentence, is_bare in zip(said, [*bare, False], strict=True)
        )
        for language, said in words.items()
    }


def _said(words: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(map(without_small, said)) for language, said in words.items()}


def _public(table: pd.DataFrame, left_out: Sequence[str]) -> pd.DataFrame:
    """Without rows about one village, worker or household."""
    for name in ("part", "attribute"):
        if name in table:
            named = table[name].map(lambda said: is_about_a_place(said, left_out))
            table = table[~named.to_numpy(dtype=bool)]
    return table.reset_index(drop=True)


def _windows(windows: pd.DataFrame, tally: _Tally) -> tuple[pd.DataFrame, frozenset[object]]:
    """The windows, and the days of those that were blanked."""
    if not len(windows):
        return windows, frozenset()
    children, judged, events = (_numbers(windows, n) for n in ("children", "judged", "events"))
    counts = np.column_stack([children, judged, events, children - judged, judged - events])
    rows = rows_to_blank(counts)
    return tally.blank(windows, rows), frozenset(windows.loc[rows, "as_of"])


def _figures(
    table: pd.DataFrame, gone: frozenset[object], tally: _Tally, once: Counted | None = None
) -> pd.DataFrame:
    """Figures of methods; the values of one part add up to all. once: where they are of seats."""
    if not len(table):
        return table
    table = table.reset_index(drop=True)
    counts = _counts_behind(table, table if once is None else once.figures)
    blank = np.zeros(len(table), dtype=bool)
    for (part, *_), rows in _by(table, ["part", "method", "measure"]):
        own = counts[rows]
        also = table["of"].isin(gone).to_numpy()[rows] & (part == "window")
        blank[rows] = is_small(own).any(axis=1) if part == "all" else rows_to_blank(own, also)
    seats = table["measure"].isin(_SEATS).to_numpy()
    keys = keys_of(table, _BY_ROW)
    gone_seats = {key for key, is_gone in zip(keys, blank & seats, strict=True) if is_gone}
    blank |= seats & np.array([key in gone_seats for key in keys], dtype=bool)
    return tally.blank(table, blank)


def _counts_behind(table: pd.DataFrame, once: pd.DataFrame) -> Floats:
    """Of each figure: judged, events, others; of seats also events in and out of them, others in.
    once: the figures in which every row counts once."""
    judged, events = _numbers(table, "judged"), _numbers(table, "events")
    measure, value = table["measure"].to_numpy(), beside(table, once, OF_FIGURES)
    keys = keys_of(table, _BY_ROW)
    found = {
        key: of
        for key, name, of in zip(keys, measure, value * events, strict=True)
        if name == "recall"
    }
    hits = np.array([found.get(key, np.nan) for key in keys], dtype=np.float64)
    is_seat = np.isin(measure, _SEATS)
    vain = np.divide(hits, value, out=np.full(len(value), np.nan), where=value > 0) - hits
    return np.column_stack(
        [
            *(judged, events, judged - events),
            np.where(is_seat, hits, np.nan),
            np.where(is_seat, events - hits, np.nan),
            np.where(measure == "precision", vain, np.nan),
        ]
    )


def _differences(table: pd.DataFrame, figures: pd.DataFrame, tally: _Tally) -> pd.DataFrame:
    """A difference goes where either figure went: it would give that back."""
    if not len(table):
        return table
    gone = set(keys_of(figures[figures["hidden"]], [*_BY_ROW, "measure"]))
    rows = np.zeros(len(table), dtype=bool)
    for side in ("method", "against"):
        keys = keys_of(table, ["part", "of", side, "measure"])
        rows |= np.array([key in gone for key in keys], dtype=bool)
    return tally.blank(table, rows)


def _by_capacity(table: pd.DataFrame, once: Counted, capacity: int, tally: _Tally) -> pd.DataFrame:
    if not len(table):
        return table
    hits = beside(table, once.by_capacity, OF_CAPACITY) * _numbers(table, "events")
    counts = np.column_stack([hits, _numbers(table, "events") - hits])
    keep = np.zeros(len(table), dtype=bool)
    for _, rows in _by(table, ["method"]):
        seats = table["capacity"].to_numpy()[rows]
        keep[rows] = steps_to_keep(counts[rows], int(np.argmin(np.abs(seats - capacity))))
    return tally.keep(table, keep)


def _bins(bins: pd.DataFrame, tally: _Tally) -> pd.DataFrame:
    if not len(bins):
        return bins
    children, events = _numbers(bins, "children"), _numbers(bins, "children_with_event")
    rows = rows_to_blank(np.column_stack([children, events, children - events]))
    return tally.blank(bins, rows)


def _small_lacks(calibration: pd.DataFrame, figures: pd.DataFrame) -> frozenset[tuple[str, ...]]:
    """Parts of which a few judged children, or a few events, have no probability: the counts of
    calibration beside those of the order would say how many."""
    if not len(calibration) or not len(figures):
        return frozenset()
    sides = []
    for table in (calibration, figures):
        first = table.drop_duplicates(["part", "of"])
        counts = np.column_stack([_numbers(first, "judged"), _numbers(first, "events")])
        sides.append(dict(zip(keys_of(first, ["part", "of"]), counts, strict=True)))
    own, every = sides
    return frozenset(
        key for key in own if key in every and is_small(np.abs(every[key] - own[key])).any()
    )


def _calibration(
    table: pd.DataFrame,
    gone: frozenset[object],
    fewer: frozenset[tuple[str, ...]],
    tally: _Tally,
) -> pd.DataFrame:
    """Figures of probabilities; none at all where the whole of them lacks a few children."""
    if _OVERALL in fewer:
        return tally.blank(table, np.ones(len(table), dtype=bool))
    return _figures(table, gone | {of for part, of in fewer if part == "window"}, tally)


def _histogram(table: pd.DataFrame, children: float, tally: _Tally) -> pd.DataFrame:
    """Steps of probability with more than a few children; those without one are a step as well."""
    if not len(table):
        return table
    counts = _numbers(table, "children")
    rows = rows_to_blank(np.append(counts, children - counts.sum())[:, None])[:-1]
    kept = {name: table[name] for name in ("low", "high")}
    return tally.blank(table, rows).assign(**kept)


def _net_benefit(table: pd.DataFrame, once: Counted, tally: _Tally) -> pd.DataFrame:
    """Thresholds between which more than a few children change sides, and no others."""
    if not len(table):
        return table
    own = table[table["measure"] == "net_benefit"]
    judged, events = _numbers(own, "judged"), _numbers(own, "events")
    odds = _numbers(own, "threshold") / (1.0 - _numbers(own, "threshold"))
    value, visited = (beside(own, once.net_benefit, OF_BENEFIT, n) for n in ("value", "visited"))
    found = judged * (value + visited * odds) / (1.0 + odds)
    vain = judged * visited - found
    counts = np.column_stack([found, vain, events - found, judged - events - vain])
    keep = np.zeros(len(own), dtype=bool)
    for _, rows in _by(own, ["method"]):
        keep[rows] = steps_to_keep(counts[rows])
    kept = set(keys_of(own[keep], ["method", "threshold"]))
    keys = keys_of(table, ["method", "threshold"])
    return tally.keep(table, np.array([key in kept for key in keys], dtype=bool))


def _groups(audit: GroupAudit, left_out: Sequence[str], tally: _Tally) -> pd.DataFrame:
    """Comparisons as they may leave; groups of one attribute add up, and a pair goes as a whole."""
    frame, shown = audit.to_frame(), audit.leaving_office()
    small = shown["reason"].eq(f"{SMALL_CELL} or fewer: not shown").to_numpy()
    is_share = ~frame["measure"].isin(_RATIOS).to_numpy()
    inside = np.where(is_share, _numbers(frame, "rows") * _numbers(frame, "value"), np.nan)
    outside = np.where(is_share, _numbers(frame, "rows") - inside, np.nan)
    counts = np.column_stack(
        [_numbers(frame, "children"), _numbers(frame, "events"), inside, outside]
    )
    blank = small.copy()
    for (_, attribute), rows in _by(frame, ["measure", "attribute"]):
        if is_pair(attribute) and small[rows].any():
            blank[rows] = True
        elif not is_pair(attribute):
            blank[rows] = rows_to_blank(counts[rows], small[rows])
    frame = tally.blank(frame, blank)
    frame.loc[blank, "reason"] = f"{SMALL_CELL} or fewer: not shown"
    return _public(frame, left_out)


def is_pair(attribute: object) -> bool:
    """Whether a group is of two attributes at once."""
    return " × " in str(attribute)


def _rules(rules: pd.DataFrame, tally: _Tally) -> pd.DataFrame:
    """Rules with a small count, or one that lacks few of a whole, are blanked."""
    if not len(rules):
        return rules
    counts = [_numbers(rules, name) for name in _OF_RULES]
    judged, confirmed = _numbers(rules, "judged"), _numbers(rules, "confirmed")
    children = _numbers(rules, "children")
    counts += [judged - confirmed, *(children - _numbers(rules, n) for n in ("open", "unknown"))]
    return tally.blank(rules, np.asarray(is_small(np.column_stack(counts)).any(axis=1)))


def _facts(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts that are known to name no place, without small numbers of rows."""
    kept = {name: value for name, value in facts.items() if name in _FACTS}
    tables = facts.get("tables")
    if isinstance(tables, Mapping):
        kept["tables"] = {
            name: None if is_small(np.array([float(rows)]))[0] else rows
            for name, rows in tables.items()
        }
    return kept


def _by(table: pd.DataFrame, names: Sequence[str]) -> list[tuple[tuple[str, ...], Codes]]:
    """The places of the rows that share their cells of some columns."""
    keys = keys_of(table, names)
    found: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(place)
    return [(key, np.array(places, dtype=np.intp)) for key, places in found.items()]


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    return np.asarray(pd.to_numeric(table[name]), dtype=np.float64)
