"""A model as one page to read, compare and print: for a supervisor, or for whoever answers for it.

The page loads nothing and runs nothing; its policy allows its own style by its hash. Every word of a
model is escaped by the template engine. The same model gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment

from carescreen.modelfile import SavedModel
from carescreen.modelshow.card import Card, read_card
from carescreen.modelshow.curves import Curve, curves_of, strongest
from carescreen.modelshow.drawing import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Drawing,
    Scale,
    drawing_of,
    scale_of,
    true_minus,
)
from carescreen.modelshow.facts import cap_words, fact_rows, shared_words, standing
from carescreen.modelshow.texts import say
from carescreen.modelshow.words import error_words, weight_words
from carescreen.results_place import replaced_file, require_own_page
from carescreen.review.pages import page_environment, plain_page
from carescreen.review.reasons import printable

GENERATOR = "carescreen model show"

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = _TEMPLATES / "model.css"


@dataclass(frozen=True)
class Row:
    """A line of the table beside a drawing: its number there, the level, the weight, the weight's
    standard error ("" where it was not worked out)."""

    number: int
    words: str
    weight: str
    error: str
    is_unknown: bool


@dataclass(frozen=True)
class Entry:
    """A feature as the page shows it."""

    curve: Curve
    drawing: Drawing
    rows: tuple[Row, ...]
    description: str


def write_page(
    model: SavedModel,
    path: Path,
    language: str,
    everything: bool = False,
    only: Sequence[str] = (),
) -> int:
    """Write the page of a model and give the number of features drawn on it; whole or not at all.

    OutputError where it cannot be written, or where a file stands that is no such page.
    """
    require_own_page(path, GENERATOR, ())
    page, count = model_page(model, language, everything, only)
    with replaced_file(path) as aside:
        aside.write_text(page, encoding="utf-8", errors="replace", newline="\n")
        aside.chmod(0o644)  # a model is for everybody to read; no child's record is in it
    return count


def model_page(
    model: SavedModel, language: str, everything: bool = False, only: Sequence[str] = ()
) -> tuple[str, int]:
    """The page of a model as HTML, and how many features it draws."""
    curves = curves_of(model.tables, language, everything, only)
    card, scale = read_card(model.card), scale_of(curves)
    style = "\n" + STYLE.read_text(encoding="utf-8")
    page = (
        _environment()
        .get_template("model.html.j2")
        .render(
            t=partial(_say, language),
            **plain_page(style, GENERATOR, language),
            name=printable(model.manifest.name),
            standing=standing(model, language),
            facts=fact_rows(model, language),
            card=[printable(point) for point in card.not_it],
            entries=[_entry(curve, scale, language) for curve in curves.drawn],
            silent=curves.silent,
            sources=(sources := _sources(curves.drawn, card)),
            places={source: place for place, source in enumerate(sources, 1)},
            note_column=_note_column(model, only),
            phrases=_phrases(model),
            cap=cap_words(model),
            shared=shared_words(model, language),
            size=(WIDTH, HEIGHT, LEFT, RIGHT),
        )
    )
    return page, len(curves.drawn)


def _say(language: str, key: str, **values: object) -> str:
    return say(key, language, **values)


def _entry(curve: Curve, scale: Scale, language: str) -> Entry:
    rows = tuple(
        Row(
            number,
            point.words,
            true_minus(weight_words(point.weight)),
            "" if point.error is None else error_words(point.error),
            point.level.kind == "unknown",
        )
        for number, point in enumerate(curve.points, 1)
    )
    points = [say("page_point", language, level=row.words, weight=row.weight) for row in rows]
    return Entry(
        curve,
        drawing_of(curve, scale),
        rows,
        say("separator", language).join(points),
    )


def _sources(curves: Sequence[Curve], card: Card) -> dict[str, str]:
    """What the card says of each source that a drawn feature names, in the order of the features."""
    ids = dict.fromkeys(source for curve in curves for source in curve.sources)
    return {source: printable(card.sources[source]) for source in ids if source in card.sources}


def _note_column(model: SavedModel, only: Sequence[str]) -> str | None:
    """The column whose phrases are shown; None where there is none, or only others are wanted."""
    column = model.tables.note_column
    return printable(column) if column is not None and (not only or column in only) else None


def _phrases(model: SavedModel) -> list[tuple[str, str]]:
    weights = strongest(model.tables.phrases.weights)
    return [(printable(text), true_minus(weight_words(weight))) for text, weight in weights]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return page_environment(_TEMPLATES)
