"""A model as lines of text: bars on one scale, aligned also where Chinese is twice as wide.

Bars are drawn with plain signs, since terminals differ about the width of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carescreen.modelfile import SavedModel
from carescreen.modelshow.card import read_card
from carescreen.modelshow.curves import Curve, Curves, Point, curves_of, strongest
from carescreen.modelshow.facts import cap_words, fact_rows, shared_words, standing
from carescreen.modelshow.lines import padded, wrapped
from carescreen.modelshow.texts import say
from carescreen.modelshow.words import error_words, weight_words
from carescreen.review.reasons import columns, printable, shorten

NARROWEST, WIDEST = 40, 120  # columns that are drawn into, whatever the terminal is
MOST_WORDS = 24  # of a category; ranges of numbers are all shown
MOST_PHRASES = 20
_LEAST_BAR = 10


@dataclass(frozen=True)
class Bars:
    """One scale for every bar: `room` columns from `low` to `high`, millionths, 0 between them."""

    low: int
    high: int
    room: int

    def draw(self, weight: int) -> str:
        """A bar from the zero line, to the left for what lowers the score; anything but 0 is seen."""
        span = max(self.high - self.low, 1)
        zero = max(round(-self.low / span * self.room), 1 if self.low else 0)
        side = zero if weight < 0 else self.room - zero
        length = min(max(round(abs(weight) / span * self.room), 1 if weight else 0), side)
        before = "#" * length if weight < 0 else ""
        return before.rjust(zero) + "|" + ("#" * length if weight > 0 else "")


def model_lines(
    model: SavedModel,
    language: str,
    width: int,
    everything: bool = False,
    only: Sequence[str] = (),
) -> Iterator[str]:
    """What the model is, a drawing of each feature, phrases, and what its card says it is not.

    `only` names features; then nothing else is shown.
    """
    width = min(max(width, NARROWEST), WIDEST)
    curves = curves_of(model.tables, language, everything, only)
    if not only:
        yield from _head(model, language, width)
    yield from _curves(curves, language, width, whole=everything or bool(only))
    yield from _silent(curves, language, width)
    if model.tables.note_column is not None and (not only or model.tables.note_column in only):
        yield from _phrases(model, language, width, whole=everything or bool(only))
    if not only:
        yield from _not_it(model, language, width)


def _head(model: SavedModel, language: str, width: int) -> Iterator[str]:
    yield printable(model.manifest.name)
    for sentence in standing(model, language):
        yield from wrapped(sentence, width, "  ")
    for what, words in fact_rows(model, language):
        yield from wrapped(f"{what}{say('colon', language)}{words}", width, "  ", "    ")


def _curves(curves: Curves, language: str, width: int, whole: bool) -> Iterator[str]:
    if not curves.drawn:
        return
    ends = {"low": weight_words(curves.low), "high": weight_words(curves.high)}
    yield ""
    yield from wrapped(say("scale", language, **ends), width)
    if any(curve.has_errors for curve in curves.drawn):
        yield from wrapped(say("errors", language), width)
    names = [point.words for curve in curves.drawn for point in _shown(curve, whole)]
    figures = [_figure(point) for curve in curves.drawn for point in curve.points]
    figure_width = max(map(len, figures))
    most = width - 4 - figure_width - 3 - _LEAST_BAR
    name_width = min(max(map(columns, names)), most, width // 2)
    bars = Bars(curves.low, curves.high, width - 4 - name_width - figure_width - 5)
    for curve in curves.drawn:
        yield ""
        yield from wrapped(curve.title, width)
        yield from wrapped(_about(curve, language), width, "  ", "  ")
        for point in _shown(curve, whole):
            name = padded(shorten(point.words, name_width), name_width)
            figure = _figure(point).rjust(figure_width)
            yield f"    {name}  {figure}  {bars.draw(point.weight)}"
        yield from _more_words(curve, language, whole, width)


def _figure(point: Point) -> str:
    """A level's weight, and its standard error where that is known."""
    weight = weight_words(point.weight)
    return weight if point.error is None else f"{weight} ± {error_words(point.error)}"


def _shown(curve: Curve, whole: bool) -> tuple[Point, ...]:
    """All points of a number; of a category those that weigh most, in their order, and unknown."""
    words = curve.points[:-1]
    if not curve.is_category or whole or len(words) <= MOST_WORDS:
        return curve.points
    heaviest = sorted(words, key=lambda point: -abs(point.weight))[:MOST_WORDS]
    return (*(point for point in words if point in heaviest), curve.points[-1])


def _more_words(curve: Curve, language: str, whole: bool, width: int) -> Iterator[str]:
    shown = _shown(curve, whole)
    hidden = [point.weight for point in curve.points if point not in shown]
    if hidden:
        low, high = weight_words(min(hidden)), weight_words(max(hidden))
        values = {"low": low, "high": high, "name": printable(curve.name)}
        more = say("levels_more", language, count=str(len(hidden)), **values)
        yield from wrapped(more, width, "    ")


def _about(curve: Curve, language: str) -> str:
    sources = say("comma", language).join(curve.sources)
    parts = [
        curve.direction,
        say("sensitive", language) if curve.sensitive else "",
        say("sources", language, sources=sources) if sources else say("no_sources", language),
    ]
    return say("separator", language).join(filter(None, parts))


def _silent(curves: Curves, language: str, width: int) -> Iterator[str]:
    if curves.silent:
        names = say("comma", language).join(printable(curve.name) for curve in curves.silent)
        yield ""
        yield from wrapped(say("nothing_added", language, names=names), width, "", "    ")


def _phrases(model: SavedModel, language: str, width: int, whole: bool) -> Iterator[str]:
    found = strongest(model.tables.phrases.weights)
    shown = found if whole else found[:MOST_PHRASES]
    column = printable(model.tables.note_column or "")
    count = f"{len(found):,}"
    yield ""
    heading, cap = say("phrases_heading", language, column=column, count=count), cap_words(model)
    parts = [
        heading,
        say("phrases_cap", language, cap=cap) if cap else "",
        shared_words(model, language),
    ]
    yield from wrapped(say("separator", language).join(filter(None, parts)), width)
    if not found:
        return
    room = width - 4 - 9 - 2
    texts = [shorten(printable(text), room // 2) for text, _ in shown]
    most = max(map(columns, texts))
    bars = Bars(min(0, *(w for _, w in found)), max(0, *(w for _, w in found)), room - most - 3)
    for text, (_, weight) in zip(texts, shown, strict=True):
        yield f"    {padded(text, most)}  {weight_words(weight):>9}  {bars.draw(weight)}"
    if len(shown) < len(found):
        more = say("phrases_more", language, count=f"{len(found) - len(shown):,}")
        yield from wrapped(say("phrases_all", language, more=more), width, "    ")


def _not_it(model: SavedModel, language: str, width: int) -> Iterator[str]:
    found = read_card(model.card).not_it
    yield ""
    yield say("page_not", language)
    for point in found or (say("page_not_none", language),):
        yield from wrapped(printable(point), width, "  ", "  ")
