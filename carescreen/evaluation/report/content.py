"""An evaluation as tables: the one thing that page, metrics.json and CSV tables are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from carescreen.evaluation.capacities import capacities_around, recall_by_capacity
from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.group_words import overlap_sentence, spread_sentence
from carescreen.evaluation.metrics import kish
from carescreen.evaluation.report.previous import Previous
from carescreen.evaluation.watch_words import Titles
from carescreen.review.texts import LANGUAGES

MAIN = "carescreen"
BEFORE = ("previous_list", "worker_concern", "longest_unseen")  # one stands for the way before
WEIGHT = "weight"
TOTALS = ("children", "judged", "events")
FIRST = ("leak", "in_sample")  # notices that stand before all figures
HISTOGRAM_BINS = 20
_EMPTY = pd.DataFrame()


@dataclass(frozen=True)
class Content:
    """What a report shows, as tables with the columns of the measures they come from.

    totals                 children, judged and events over all windows
    effective_events       how many confirmed outcomes of equal weight tell as much as those there are
    figures, differences   of methods (`Measured`), order and use together, `by window` among them
    by_capacity            recall at other capacities (`recall_by_capacity`)
    calibration, bins, curve, histogram   of probabilities (`Reliability`); histogram: low, high,
                           children
    net_benefit            `Measured.figures`
    groups                 `Comparison`, one row each, and `hidden`; None: not audited
    places                 one row a village or worker; None outside the office
    place_words            what is said of villages and workers together, by language
    misses, miss_words     a table, and sentences by language; None, empty: not measured
    rules, titles          rules in use, and what they are called by language
    notices, leak          sentences by language; leak: why figures cannot be trusted, "" if they can
    previous               what the previous list is, if there was one
    is_weighted            whether judged children stand for different numbers of children
    hidden                 rows of which something was blanked since it was small
    left_out               attributes left out of what leaves the office, since they may name places
    """

    facts: Mapping[str, object]
    capacity: int
    methods: tuple[str, ...]
    totals: Mapping[str, float]
    windows: pd.DataFrame
    effective_events: float
    figures: pd.DataFrame
    differences: pd.DataFrame
    by_capacity: pd.DataFrame
    calibration: pd.DataFrame
    bins: pd.DataFrame
    curve: pd.DataFrame
    histogram: pd.DataFrame
    net_benefit: pd.DataFrame
    groups: pd.DataFrame | None
    places: pd.DataFrame | None
    place_words: Mapping[str, tuple[str, ...]]
    misses: pd.DataFrame | None
    miss_words: Mapping[str, tuple[str, ...]]
    rules: pd.DataFrame
    titles: Mapping[str, Mapping[str, str]]
    notices: Mapping[str, tuple[str, ...]]
    leak: Mapping[str, str]
    previous: Previous = field(default_factory=Previous)
    is_weighted: bool = False
    for_office: bool = True
    hidden: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def is_synthetic(self) -> bool:
        """Whether the data were invented."""
        return self.facts.get("data_origin") == "synthetic"

    @property
    def events(self) -> float:
        """Confirmed outcomes over all windows; NaN where that is not shown."""
        return self.totals["events"]

    def figure(self, method: str, measure: str) -> Mapping[str, object]:
        """A figure over all windows; no cells where there is none."""
        return _row(self.figures, part="all", method=method, measure=measure)

    def difference(self, against: str, measure: str) -> Mapping[str, object]:
        """How carescreen differs from another method over all windows."""
        return _row(self.differences, part="all", method=MAIN, against=against, measure=measure)

    def calibrated(self, measure: str) -> Mapping[str, object]:
        """A figure of the probabilities over all windows."""
        return _row(self.calibration, part="all", measure=measure)


def _row(table: pd.DataFrame, **where: str) -> Mapping[str, object]:
    if not len(table):
        return {}
    keep = np.logical_and.reduce(
        [table[name].eq(value).to_numpy() for name, value in where.items()]
    )
    rows = table[keep].to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else {}


def content_of(found: Evaluation) -> Content:
    """The tables of an evaluation, nothing hidden."""
    backtest = found.backtest
    content = content_of_figures(found)
    curve = _by_capacity(backtest.judged, content, backtest.capacity)
    return replace(content, by_capacity=curve)


def content_of_figures(found: Evaluation) -> Content:
    """The same without recall at other capacities, which takes longest; enough for a summary."""
    backtest, reliability = found.backtest, found.reliability
    methods, days = _methods(found), days_of(backtest.judged)
    groups, misses = found.groups, found.misses
    return Content(
        facts=dict(backtest.facts),
        capacity=backtest.capacity,
        methods=methods,
        windows=backtest.windows.assign(
            **{name: backtest.windows[name].map(_day) for name in ("as_of", "until")}
        ),
        totals={name: float(backtest.windows[name].sum()) for name in TOTALS},
        effective_events=_effective(backtest.judged),
        figures=dated(_joined(found.order.figures, found.use.figures), days),
        differences=dated(_joined(found.order.differences, found.use.differences), days),
        by_capacity=_EMPTY,
        calibration=_EMPTY if reliability is None else dated(reliability.figures, days),
        bins=_EMPTY if reliability is None else _overall(reliability.bins),
        curve=_EMPTY if reliability is None else _overall(reliability.curve),
        histogram=_EMPTY if reliability is None else histogram_of(backtest.judged),
        net_benefit=_EMPTY if found.net_benefit is None else _overall(found.net_benefit.figures),
        groups=None if groups is None else groups.to_frame().assign(hidden=False),
        places=None if groups is None else groups.places_frame(),
        place_words=_place_words(found),
        misses=None if misses is None else misses.to_frame(),
        miss_words=_miss_words(found),
        rules=found.rules.rules,
        titles=_titles(str(backtest.facts.get("pack", "")), found.rules.rules),
        notices=_notices(found),
        leak=_leak(found),
        previous=Previous.of(found.notices, len(backtest.windows)),
        is_weighted=_is_weighted(backtest.judged),
    )


def histogram_of(windows: pd.DataFrame) -> pd.DataFrame:
    """How many child-windows have which probability: low, high, children; in equal steps."""
    if "probability" not in windows:
        return _EMPTY
    known = windows["probability"].dropna().to_numpy(dtype=np.float64)
    number, edges = np.histogram(known, np.linspace(0.0, 1.0, HISTOGRAM_BINS + 1))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "children": number})


def _methods(found: Evaluation) -> tuple[str, ...]:
    """Methods that were measured, carescreen first."""
    there = list(dict.fromkeys(found.use.figures["method"])) if len(found.use.figures) else []
    return tuple(sorted(there, key=lambda name: name != MAIN))


def _effective(judged: pd.DataFrame) -> float:
    events = judged["event"].eq(True).to_numpy(dtype=bool)
    weight = judged[WEIGHT].to_numpy(np.float64) if WEIGHT in judged else np.ones(len(judged))
    return kish(weight[events])


def _is_weighted(judged: pd.DataFrame) -> bool:
    """Whether any judged row counts for more or less than one."""
    known = judged["event"].notna()
    return WEIGHT in judged and bool(judged.loc[known, WEIGHT].ne(1.0).any())


def days_of(judged: pd.DataFrame) -> dict[object, str]:
    """The as-of date of each window."""
    if "as_of" not in judged:
        return {}
    first = judged.drop_duplicates("window")
    return dict(zip(first["window"], first["as_of"].map(_day), strict=True))


def _day(value: object) -> str:
    return str(pd.Timestamp(str(value)).date())


def dated(table: pd.DataFrame, days: Mapping[object, str]) -> pd.DataFrame:
    """Figures of windows under their as-of dates instead of their numbers."""
    if not len(table):
        return table
    named = [
        days.get(of, of) if part == "window" else of
        for part, of in zip(table["part"], table["of"], strict=True)
    ]
    return table.assign(of=pd.Series(named, table.index, dtype=object))


def _by_capacity(judged: pd.DataFrame, content: Content, capacity: int) -> pd.DataFrame:
    """Of the list, of one way of before, and of drawing lots."""
    methods = content.methods
    before = [name for name in BEFORE if name in methods and content.previous.is_before(name)][:1]
    there = [name for name in (MAIN, *before, "random") if name in methods]
    if not there:
        return _EMPTY
    weight = WEIGHT if WEIGHT in judged else None
    return recall_by_capacity(judged, there, capacities_around(capacity), weight=weight)


def _joined(*tables: pd.DataFrame) -> pd.DataFrame:
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else _EMPTY


def _overall(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["part"] == "all"].reset_index(drop=True) if len(table) else _EMPTY


def _place_words(found: Evaluation) -> dict[str, tuple[str, ...]]:
    """What is said of villages and workers together; it names none."""
    audit = found.groups
    if audit is None:
        return {}
    return {
        language: (
            *(spread_sentence(spread, language) for spread in audit.places),
            overlap_sentence(audit.overlap, language),
        )
        for language in LANGUAGES
    }


def _miss_words(found: Evaluation) -> dict[str, tuple[str, ...]]:
    misses = found.misses
    if misses is None:
        return {}
    return {language: tuple(misses.sentences(language)) for language in LANGUAGES}


def _titles(pack: str, rules: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What rules are called; their ids where the pack is not at hand."""
    known = Titles.of_pack(pack)
    names = [str(name) for name in rules["rule"]] if len(rules) else []
    return {
        language: {name: known.by_language[language].get(name, name) for name in names}
        for language in LANGUAGES
    }


def _notices(found: Evaluation) -> dict[str, tuple[str, ...]]:
    """What a reader must know. Those of the audit are in English alone, and repeat others."""
    audit = () if found.groups is None else found.groups.notices
    return {
        language: (
            *(notice.sentence(language) for notice in found.notices if notice.name not in FIRST),
            *(audit if language == "en" else ()),
        )
        for language in LANGUAGES
    }


def _leak(found: Evaluation) -> dict[str, str]:
    leaks = [notice for notice in found.notices if notice.name in FIRST]
    return {
        language: " ".join(notice.sentence(language) for notice in leaks) for language in LANGUAGES
    }
