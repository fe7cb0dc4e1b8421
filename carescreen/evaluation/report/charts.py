"""The content as drawings. What differs is told apart by dash, shape or word, never by colour alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from carescreen.evaluation.report.amounts import Amount, count, hundredths, number, with_interval
from carescreen.evaluation.report.content import MAIN, Content
from carescreen.evaluation.report.shapes import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Chart,
    Mark,
    Text,
    axis,
    band,
    dot,
    grid,
    line,
    tick_words,
    upright,
    whisker,
)
from carescreen.evaluation.report.tables import group_title, verdict_words
from carescreen.evaluation.report.texts import name_of, say
from carescreen.evaluation.verdicts import UNFAIR, Language
from carescreen.modelshow.drawing import Label
from carescreen.review.reasons import shorten

HEIGHT = 220
ROW = 34  # height of a line of a dot plot, its name above it
MOST_ROWS = 24
LINES = ("solid", "dashed", "dotted")
MOST_LETTERS = 52


def charts_of(content: Content, language: Language) -> dict[str, Chart]:
    """Every drawing for which there is something to draw, by its key."""
    made = (
        methods_chart(content, language),
        capacity_chart(content, language),
        windows_chart(content, language),
        reliability_chart(content, language),
        histogram_chart(content, language),
        benefit_chart(content, language),
        groups_chart(content, language),
    )
    return {chart.key: chart for chart in made if chart is not None}


def methods_chart(content: Content, language: Language) -> Chart | None:
    """Recall of every method, with its interval and what ties could do."""
    rows = []
    for method in content.methods:
        row = content.figure(method, "recall")
        amount = Amount.of(row)
        if amount.is_known:
            ends = Amount(amount.value, number(row.get("worst")), number(row.get("best")))
            rows.append((content.previous.name(method, language), amount, ends))
    if not rows:
        return None
    across = axis(0.0, 1.0, LEFT / 2, WIDTH - RIGHT)
    marks, texts = _rows_frame(across, len(rows))
    for place, (name, amount, ends) in enumerate(rows):
        y = _row_y(place)
        texts.append(_row_name(name, y))
        if ends.has_interval and ends.high - ends.low >= 0.005:
            marks.append(Mark(f"M{across.at(ends.low)} {y}H{across.at(ends.high)}", "ties"))
        marks += _estimate(amount, across, y)
    said = [f"{name} {with_interval(amount, shares=True)}" for name, amount, _ in rows]
    legend = (("estimate", say("key_interval", language)), ("ties", say("key_ties", language)))
    return _chart("methods", language, said, _rows_height(len(rows)), marks, texts, legend)


def groups_chart(content: Content, language: Language) -> Chart | None:
    """Differences in missed need of single attributes, and of whatever is unfair, with verdicts."""
    groups = content.groups
    if groups is None or not len(groups):
        return None
    asked = (groups["measure"] == "missed_need") & ~groups["attribute"].str.contains(" × ")
    shown = groups[(asked | (groups["verdict"] == UNFAIR)) & groups["difference"].notna()]
    rows = [{str(k): v for k, v in row.items()} for row in shown.to_dict("records")][:MOST_ROWS]
    if not rows:
        return None
    amounts = [Amount(*(number(row[n]) for n in ("difference", "low", "high"))) for row in rows]
    ends = [end for one in amounts for end in (one.low, one.high) if math.isfinite(end)]
    across = axis(min(-0.2, *ends), max(0.2, *ends), LEFT / 2, WIDTH - RIGHT)
    marks, texts = _rows_frame(across, len(rows))
    margin = (
        f"M{across.at(-0.1)} {TOP - 6}H{across.at(0.1)}V{_bottom(len(rows))}H{across.at(-0.1)}Z"
    )
    zero = Mark(f"M{across.at(0.0)} {TOP - 6}V{_bottom(len(rows))}", "zero")
    marks = [Mark(margin, "margin"), *marks, zero]
    said = []
    for place, (row, amount) in enumerate(zip(rows, amounts, strict=True)):
        measure = name_of("measure", row["measure"], language)
        about = group_title(row, language)
        name = about if row["measure"] == "missed_need" else f"{about} ({measure})"
        words = f"{verdict_words(row, language)} · {name}"
        texts.append(_row_name(words, _row_y(place)))
        marks += _estimate(amount, across, _row_y(place))
        said.append(f"{words} {with_interval(amount, shares=True, signed=True)}")
    legend = (("estimate", say("key_interval", language)), ("margin", say("key_margin", language)))
    return _chart("groups", language, said, _rows_height(len(rows)), marks, texts, legend)


def _row_y(place: int) -> int:
    return TOP + 22 + place * ROW


def _bottom(rows: int) -> int:
    return _row_y(rows - 1) + 10


def _rows_height(rows: int) -> int:
    return _bottom(rows) + BOTTOM - 6


def _row_name(words: str, y: int) -> Text:
    return Text(Label(4, y - 9, shorten(words, MOST_LETTERS)), "start")


def _rows_frame(across: Axis, rows: int) -> tuple[list[Mark], list[Text]]:
    bottom = _bottom(rows)
    marks = [Mark(f"M{across.at(tick)} {TOP - 6}V{bottom}", "tick") for tick in across.ticks]
    ticks = across.ticks if len(across.ticks) <= 8 else across.ticks[::2]
    texts = [
        Text(Label(across.at(tick), bottom + 14, tick_words(tick, True)), "below") for tick in ticks
    ]
    return marks, texts


def _estimate(amount: Amount, across: Axis, y: float) -> Iterator[Mark]:
    if amount.has_interval:
        yield Mark(whisker(across.at(amount.low), across.at(amount.high), y), "estimate")
    yield Mark(dot(across.at(amount.value), y), "dot")


def capacity_chart(content: Content, language: Language) -> Chart | None:
    """Recall at other capacities; the band is what ties at the line allow."""
    table = content.by_capacity
    if not len(table) or table["value"].isna().all():
        return None
    names = list(dict.fromkeys(table["method"]))
    across = axis(0.0, float(table["capacity"].max()), LEFT, WIDTH - RIGHT)
    up = axis(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    marks, texts = grid(across, up, hundred=(False, True))
    said, legend = [], []
    for name, kind in zip(names, LINES, strict=False):
        own = table[table["method"] == name]
        at = [across.at(number(c)) for c in own["capacity"]]
        ends = ([up.at(number(v)) for v in own[side]] for side in ("best", "worst"))
        best, worst = (list(zip(at, side, strict=True)) for side in ends)
        values = [up.at(number(v)) for v in own["value"]]
        if name != "random":  # all of its children are one tie
            marks.insert(0, Mark(band(best, worst), f"band {kind}-band"))
        marks.append(Mark(line(list(zip(at, values, strict=True))), f"line {kind}"))
        if kind == "solid":
            marks += [Mark(dot(x, y), "dot") for x, y in zip(at, values, strict=True)]
        words = content.previous.name(name, language)
        legend.append((f"line {kind}", words))
        pairs = zip(own["capacity"], own["value"], strict=True)
        said.append(
            f"{words} " + ", ".join(f"{count(number(c))}: {hundredths(v)}" for c, v in pairs)
        )
    texts += _titles(language, across, "axis_capacity", "axis_recall")
    legend.append(("band", say("key_ties", language)))
    return _chart("capacity", language, said, HEIGHT, marks, texts, legend)


def windows_chart(content: Content, language: Language) -> Chart | None:
    """Recall of the list in each window, with its interval."""
    table = content.figures
    if not len(table):
        return None
    own = table[
        (table["part"] == "window") & (table["method"] == MAIN) & (table["measure"] == "recall")
    ]
    if len(own) < 2 or own["value"].isna().all():
        return None
    up = axis(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    slot = (WIDTH - RIGHT - LEFT) / len(own)
    marks, texts = grid(Axis(0.0, 1.0, LEFT, WIDTH - RIGHT, ()), up, hundred=(False, True))
    every = math.ceil(62 / slot)  # a date takes about 56 units
    said = []
    for place, row in enumerate(own.sort_values("of").to_dict("records")):
        x = round(LEFT + (place + 0.5) * slot, 1)
        amount = Amount.of({str(k): v for k, v in row.items()})
        if place % every == 0:
            texts.append(Text(Label(x, HEIGHT - BOTTOM + 14, str(row["of"])), "below"))
        if amount.is_known:
            if amount.has_interval:
                marks.append(Mark(upright(x, up.at(amount.low), up.at(amount.high)), "estimate"))
            marks.append(Mark(dot(x, up.at(amount.value)), "dot"))
        said.append(f"{row['of']} {with_interval(amount, shares=True)}")
    texts += _titles(language, Axis(0, 1, LEFT, WIDTH - RIGHT, ()), "axis_window", "axis_recall")
    legend = (("estimate", say("key_interval", language)),)
    return _chart("windows", language, said, HEIGHT, marks, texts, legend)


def reliability_chart(content: Content, language: Language) -> Chart | None:
    """What came beside what was foretold: the smooth curve with its band, and children in tenths."""
    curve, bins = (
        table[table["value"].notna()] if len(table) else table
        for table in (content.curve, content.bins)
    )
    if not len(curve) and not len(bins):
        return None
    tables = [table for table in (curve, bins) if len(table)]
    most = max(float(table[["predicted", "high"]].max().max()) for table in tables)
    across = axis(0.0, min(most, 1.0), LEFT, WIDTH - RIGHT)
    up = axis(0.0, min(most, 1.0), HEIGHT - BOTTOM, TOP)
    marks, texts = grid(across, up, hundred=(True, True))
    end = across.ticks[-1]
    marks.append(Mark(line([(across.at(0), up.at(0)), (across.at(end), up.at(end))]), "ideal"))
    marks += _curve(curve, "predicted", across, up)
    for row in bins.to_dict("records"):
        amount, x = (
            Amount.of({str(k): v for k, v in row.items()}),
            across.at(number(row["predicted"])),
        )
        marks.append(Mark(upright(x, up.at(amount.low), up.at(amount.high)), "estimate"))
        marks.append(Mark(dot(x, up.at(amount.value)), "dot"))
    said = [
        f"{hundredths(number(row['predicted']))}: {hundredths(number(row['value']))}"
        for row in bins.to_dict("records")
    ]
    texts += _titles(language, across, "axis_predicted", "axis_observed")
    legend = [
        *((("line solid", say("key_curve", language)),) if len(curve) else ()),
        ("estimate", say("key_bins", language)),
        ("ideal", say("key_ideal", language)),
    ]
    return _chart("reliability", language, said, HEIGHT, marks, texts, legend)


def _curve(table: pd.DataFrame, at: str, across: Axis, up: Axis) -> Iterator[Mark]:
    """A line with the band of its interval."""
    if not len(table):
        return
    x = [across.at(number(value)) for value in table[at]]
    value, low, high = (
        [up.at(number(v)) for v in table[name]] for name in ("value", "low", "high")
    )
    if not table[["low", "high"]].isna().to_numpy().any():
        upper, lower = list(zip(x, high, strict=True)), list(zip(x, low, strict=True))
        yield Mark(band(upper, lower), "band solid-band")
    yield Mark(line(list(zip(x, value, strict=True))), "line solid")


def histogram_chart(content: Content, language: Language) -> Chart | None:
    """How many child-windows have which probability."""
    table = content.histogram
    if not len(table) or not table["children"].gt(0).any():
        return None
    height = 130
    across = axis(0.0, 1.0, LEFT, WIDTH - RIGHT)
    up = axis(0.0, float(table["children"].max()), height - BOTTOM, TOP, 3)
    marks, texts = grid(across, up, hundred=(True, False))
    for row in table[table["children"] > 0].to_dict("records"):
        left, right = across.at(number(row["low"])), across.at(number(row["high"]))
        y = up.at(number(row["children"]))
        marks.append(Mark(f"M{left} {up.start}V{y}H{right}V{up.start}Z", "bar"))
    said = [
        f"{hundredths(number(row['low']))}–{hundredths(number(row['high']))}: "
        f"{count(number(row['children']))}"
        for row in table.to_dict("records")
    ]
    texts += _titles(language, across, "axis_predicted", "axis_children", height)
    return _chart("histogram", language, said, height, marks, texts)


def benefit_chart(content: Content, language: Language) -> Chart | None:
    """Net benefit by threshold, beside visiting everyone and no one."""
    table = content.net_benefit
    if not len(table):
        return None
    own = table[(table["measure"] == "net_benefit") & table["value"].notna()]
    if len(own) < 2:
        return None
    across = axis(0.0, float(own["threshold"].max()), LEFT, WIDTH - RIGHT)
    least = float(own["low"].min()) if own["low"].notna().any() else 0.0
    up = axis(min(least, -0.01), float(own[["high", "value"]].max().max()), HEIGHT - BOTTOM, TOP)
    marks, texts = grid(across, up, hundred=(True, False))
    marks.append(Mark(f"M{across.start} {up.at(0.0)}H{across.end}", "zero"))
    everyone = own[own["visit_all"] >= up.low]
    path = [
        (across.at(number(t)), up.at(number(v)))
        for t, v in zip(everyone["threshold"], everyone["visit_all"], strict=True)
    ]
    marks += [*_curve(own, "threshold", across, up), Mark(line(path), "line dashed")]
    every = max(len(own) // 10, 1)
    said = [
        f"{hundredths(number(row['threshold']))}: {number(row['value']):.3f}"
        for row in own.iloc[::every].to_dict("records")
    ]
    texts += _titles(language, across, "axis_threshold", "axis_benefit")
    legend = (
        ("line solid", name_of("method", "probability", language)),
        ("line dashed", say("column_visit_all", language)),
        ("zero", say("key_no_one", language)),
    )
    return _chart("benefit", language, said, HEIGHT, marks, texts, legend)


def _titles(
    language: Language, across: Axis, below: str, above: str, height: int = HEIGHT
) -> list[Text]:
    """What the axes are of."""
    middle = round((across.start + across.end) / 2, 1)
    return [
        Text(Label(middle, height - 6, say(below, language)), "unit"),
        Text(Label(2, 11, say(above, language)), "start unit"),
    ]


def _chart(
    key: str,
    language: Language,
    said: Sequence[str],
    height: int,
    marks: Sequence[Mark],
    texts: Sequence[Text],
    legend: Sequence[tuple[str, str]] = (),
) -> Chart:
    return Chart(
        key,
        say(f"chart_{key}", language),
        say("separator", language).join(said),
        height,
        tuple(mark for mark in marks if mark.path),
        tuple(texts),
        tuple(legend),
        say(f"chart_note_{key}", language),
    )
