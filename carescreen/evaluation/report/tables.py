"""The content as tables of words: every cell is a rounded figure of metrics.json, or says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from carescreen.evaluation.group_words import VERDICTS
from carescreen.evaluation.report.amounts import (
    BLANK,
    Amount,
    count,
    decimal,
    hundredths,
    number,
    with_interval,
)
from carescreen.evaluation.report.content import MAIN, Content
from carescreen.evaluation.report.texts import name_of, say
from carescreen.evaluation.verdicts import UNFAIR, Language, Verdict
from carescreen.review.reasons import printable

OF_METHODS = ("recall", "precision", "auroc", "auroc_within_caseworker", "average_precision")
OF_WINDOWS = ("recall", "precision", "auroc")
OF_PROBABILITIES = ("observed_over_expected", "slope", "intercept", "ece", "ici", "brier")
SHARES = frozenset(OF_METHODS)
_BY_PEOPLE = ("closed", "misread", "lowered", "raised")
_THIRD_DIGIT = ("ece", "ici", "brier")

PAIR = " × "  # between the names of two attributes
Row = Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """Words in rows; the first cell of a row names it. numeric: which columns are figures."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str = ""


def _table(
    key: str,
    language: Language,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: int = 1,
) -> Table:
    """A table whose first columns are words and whose others are figures."""
    head = tuple(say(f"column_{name}", language) for name in columns)
    return Table(
        key,
        say(f"table_{key}", language),
        head,
        tuple(tuple(printable(cell) for cell in row) for row in rows),
        tuple(place >= words for place in range(len(head))),
        say(f"note_{key}", language),
    )


def methods_table(content: Content, language: Language) -> Table:
    """Every method with its figures over all windows."""
    shown = [name for name in OF_METHODS if _is_there(content.figures, name)]
    rows = [
        [
            content.previous.name(method, language),
            *(figure_cell(content.figure(method, name), name, language) for name in shown),
        ]
        for method in content.methods
    ]
    return _table("methods", language, ["method", *shown], rows)


def differences_table(content: Content, language: Language) -> Table:
    """How the list differs from every other method."""
    shown = [name for name in OF_METHODS if _is_there(content.differences, name)]
    rows = [
        [
            content.previous.name(method, language),
            *(_difference_cell(content, method, name, language) for name in shown),
        ]
        for method in content.methods
        if method != MAIN
    ]
    return _table("differences", language, ["against", *shown], rows)


def _difference_cell(content: Content, method: str, measure: str, language: Language) -> str:
    if content.previous.not_compared(method, language):
        return say("not_compared", language)
    return figure_cell(content.difference(method, measure), measure, language, signed=True)


def _is_there(table: pd.DataFrame, measure: str) -> bool:
    return bool(len(table)) and bool(table["measure"].eq(measure).any())


def figure_cell(row: Row, measure: str, language: Language, signed: bool = False) -> str:
    """A figure with its interval; else why there is none."""
    amount = Amount.of(row)
    if not amount.is_known:
        return say("hidden" if row.get("hidden") else "not_enough", language) if row else BLANK
    return with_interval(amount, measure in SHARES, signed, 3 if measure in _THIRD_DIGIT else 2)


def windows_table(content: Content, language: Language) -> Table:
    """Windows with how many were judged, and the list's own figures in each."""
    figures = content.figures
    own = (
        figures[(figures["part"] == "window") & (figures["method"] == MAIN)]
        if len(figures)
        else figures
    )
    rows = []
    for window in content.windows.to_dict("records"):
        cells = [str(window["as_of"]), str(window["until"])]
        cells += [_counted(window, name, language) for name in ("children", "judged", "events")]
        for measure in OF_WINDOWS:
            found = (
                own[(own["of"] == window["as_of"]) & (own["measure"] == measure)]
                if len(own)
                else own
            )
            row = {str(k): v for k, v in found.iloc[0].items()} if len(found) else {}
            cells.append(figure_cell(row, measure, language))
        rows.append(cells)
    columns = ["as_of", "until", "children", "judged", "events", *OF_WINDOWS]
    return _table("windows", language, columns, rows)


def _counted(row: Mapping[object, object], name: str, language: Language) -> str:
    value = number(row.get(name))
    return say("hidden", language) if value != value else count(value)


def capacity_table(content: Content, language: Language) -> Table | None:
    """Recall at other capacities; where ties could move it, a row with the ends they allow."""
    table = content.by_capacity
    if not len(table) or table["value"].isna().all():
        return None
    capacities = sorted(set(table["capacity"]))
    rows = []
    for method, own in table.groupby("method", sort=False):
        by_seats = {
            row["capacity"]: {str(k): v for k, v in row.items()} for row in own.to_dict("records")
        }
        name = content.previous.name(str(method), language)
        found = [by_seats.get(seats, {"hidden": True}) for seats in capacities]
        rows.append([name, *(figure_cell(row, "recall", language) for row in found)])
        if (own["best"] - own["worst"]).max() >= 0.005:
            rows.append([say("ties_of", language, name=name), *map(_ends, found)])
    made = _table("capacity", language, ["method"], rows)
    head = (*made.head, *(count(float(seats)) for seats in capacities))
    return replace(made, head=head, numeric=(False, *(True for _ in capacities)))


def _ends(row: Row) -> str:
    """The ends that ties allow."""
    worst, best = number(row.get("worst")), number(row.get("best"))
    return BLANK if worst != worst else f"{hundredths(worst)} … {hundredths(best)}"


def calibration_table(content: Content, language: Language) -> Table:
    """Figures of the probabilities, over all and by window; one row a part, one column a figure."""
    table = content.calibration
    table = table[table["part"].isin(["all", "window"])]
    shown = [name for name in OF_PROBABILITIES if _is_there(table, name)]
    rows = []
    for (part, of), own in table.groupby(["part", "of"], sort=False, dropna=False):
        by_measure = {
            row["measure"]: {str(k): v for k, v in row.items()} for row in own.to_dict("records")
        }
        name = say("all_windows", language) if part == "all" else str(of)
        first = next(iter(by_measure.values()))
        figures = (figure_cell(by_measure.get(name, {}), name, language) for name in shown)
        rows.append([name, _events(first, language), *figures])
    return _table("calibration", language, ["part", "events", *shown], rows)


def _events(row: Row, language: Language) -> str:
    value = number(row.get("events"))
    return say("hidden", language) if row.get("hidden") else count(value)


def bins_table(content: Content, language: Language) -> Table:
    """Children with like probabilities, and how many of them had an event."""
    rows = []
    for raw in content.bins.to_dict("records"):
        row = {str(k): v for k, v in raw.items()}
        predicted = hundredths(number(row["predicted"]))
        cells = [predicted, figure_cell(row, "recall", language)]
        rows.append(
            [*cells, *(_counted(raw, n, language) for n in ("children", "children_with_event"))]
        )
    columns = ["predicted", "observed", "children", "children_with_event"]
    return _table("bins", language, columns, rows)


def benefit_table(content: Content, language: Language) -> Table:
    """Net benefit at some thresholds, beside visiting everyone."""
    table = content.net_benefit
    own = table[table["measure"] == "net_benefit"]
    every = max(len(own) // 10, 1)
    rows = [
        [
            hundredths(number(row["threshold"])),
            _benefit_cell({str(k): v for k, v in row.items()}, language),
            decimal(number(row["visit_all"]), 3),
            hundredths(number(row["visited"])),
        ]
        for row in own.iloc[::every].to_dict("records")
    ]
    return _table("benefit", language, ["threshold", "net_benefit", "visit_all", "visited"], rows)


def _benefit_cell(row: Row, language: Language) -> str:
    amount = Amount.of(row)
    if amount.is_known:
        return with_interval(amount, shares=False, digits=3)
    return say("not_enough", language)


def groups_tables(content: Content, language: Language) -> Iterator[Table]:
    """A table a measure: single attributes with their verdicts, and pairs that are unfair."""
    groups = content.groups
    if groups is None or not len(groups):
        return
    columns = [
        "group",
        "verdict",
        "of_group",
        "others",
        "difference",
        "cases",
        "more",
        "family",
    ]
    is_shown = ~groups["attribute"].str.contains(PAIR, regex=False) | (groups["verdict"] == UNFAIR)
    for measure, part in groups[is_shown].groupby("measure", sort=False):
        rows = [
            _group_row({str(k): v for k, v in row.items()}, language)
            for row in part.to_dict("records")
        ]
        table = _table("groups", language, columns, rows, words=2)
        title = f"{table.title}{say('colon', language)}{name_of('measure', measure, language)}"
        yield Table(f"groups-{measure}", title, table.head, table.rows, table.numeric, table.note)


def group_title(row: Row, language: Language) -> str:
    """What a group is called."""
    names = [
        say("separator_pair", language).join(
            name_of(kind, part, language) for part in str(row[kind]).split(PAIR)
        )
        for kind in ("attribute", "group")
    ]
    return f"{names[0]}{say('colon', language)}{names[1]}"


def verdict_words(row: Row, language: Language) -> str:
    """The verdict in words; of a blanked row, that it is not shown."""
    if row.get("hidden"):
        return say("hidden", language)
    verdict: Verdict = row["verdict"]  # type: ignore[assignment]  # one of the three
    return VERDICTS[verdict][language]


def _group_row(row: Row, language: Language) -> list[str]:
    difference = Amount(*(number(row[name]) for name in ("difference", "low", "high")))
    return [
        group_title(row, language),
        verdict_words(row, language),
        hundredths(number(row["value"])),
        hundredths(number(row["value_others"])),
        with_interval(difference, shares=True, signed=True),
        f"{count(number(row['events']))} / {count(number(row['events_others']))}",
        count(number(row["more_events"])),
        say(f"family_{row['family']}", language),
    ]


def places_table(content: Content, language: Language) -> Table | None:
    """Villages and workers that stand out beyond chance; for the office only."""
    places = content.places
    if places is None or not len(places):
        return None
    outside = places[places["verdict"] == "unfair"]
    rows = [
        [
            name_of("attribute", row["attribute"], language),
            str(row["name"]),
            name_of("measure", row["measure"], language),
            with_interval(
                Amount(*(number(row[n]) for n in ("difference", "low", "high"))), True, signed=True
            ),
            count(number(row["events"])),
        ]
        for row in outside.to_dict("records")
    ]
    columns = ["kind", "name", "measure", "difference", "events"]
    return _table("places", language, columns, rows, words=3)


def misses_table(content: Content, language: Language) -> Table | None:
    """What is missed, over all and by county."""
    misses = content.misses
    if misses is None or not len(misses):
        return None
    cells: dict[str, Callable[[Row], str]] = {
        "part": lambda row: _part(row, language),
        "recall": lambda row: _estimate(row, language),
        **{name: _count_of(name) for name in ("random_visits", "failed")},
        **{name: _count_of(name) for name in ("events_listed", "events_below")},
        "listed_only_recall": lambda row: hundredths(number(row["listed_only_recall"])),
        "more_visits": _count_of("more_visits"),
    }
    columns = [name for name in cells if name in misses]
    rows = [
        [cells[name]({str(k): v for k, v in row.items()}) for name in columns]
        for row in misses.to_dict("records")
    ]
    return _table("misses", language, columns, rows)


def _part(row: Row, language: Language) -> str:
    of = row.get("of")
    named = name_of("part", row["part"], language)
    return named if of is None or of != of else f"{named} {of}"


def _estimate(row: Row, language: Language) -> str:
    amount = Amount(*(number(row.get(name)) for name in ("recall", "low", "high")))
    if amount.is_known:
        return with_interval(amount, shares=True)
    return say("hidden" if row.get("hidden") else "not_enough", language)


def _count_of(name: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        return count(number(row[name]))

    return cell


def rules_table(content: Content, language: Language) -> Table | None:
    """What became of each rule that ever fired."""
    if not len(content.rules):
        return None
    titles = content.titles[language]
    fired = content.rules[content.rules["verdict"] != "never"]
    rows = [
        _rule_row({str(k): v for k, v in row.items()}, titles, language)
        for row in fired.to_dict("records")
    ]
    columns = ["rule", "remark", "open", "share", "fired", "judged", "confirmed", "confirmed_share"]
    return _table("rules", language, [*columns, *_BY_PEOPLE], rows, words=2)


def never_words(content: Content, language: Language) -> tuple[str, ...]:
    """A sentence with the rules that never fired; none where all did."""
    if not len(content.rules):
        return ()
    names = content.rules.loc[content.rules["verdict"] == "never", "rule"].astype(str).tolist()
    titles = [printable(content.titles[language].get(name, name)) for name in names]
    said = say("comma", language).join(titles)
    return (say("rules_never", language, total=len(names), names=said),) if names else ()


def _rule_row(row: Row, titles: Mapping[str, str], language: Language) -> list[str]:
    name = str(row["rule"])
    verdict = row.get("verdict") or "none"
    share = Amount(*(number(row[end]) for end in ("share", "low", "high")))
    ends = (f"confirmed_{end}" for end in ("share", "low", "high"))
    return [
        titles.get(name, name),
        say("hidden" if row.get("hidden") else f"rule_{verdict}", language),
        count(number(row["open"])),
        with_interval(share, shares=True),
        *(count(number(row[column])) for column in ("fired", "judged", "confirmed")),
        with_interval(Amount(*(number(row[end]) for end in ends)), shares=True),
        *(count(number(row[column])) for column in _BY_PEOPLE),
    ]
