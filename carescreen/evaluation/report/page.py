"""A report as one page: it loads nothing and runs nothing; its policy allows its own style by its hash."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment

from carescreen.evaluation.judged import SMALL_CELL
from carescreen.evaluation.report import tables
from carescreen.evaluation.report.charts import charts_of
from carescreen.evaluation.report.checklist import LISTS, Item, items_of, sources
from carescreen.evaluation.report.content import Content
from carescreen.evaluation.report.method import fact_rows, joined
from carescreen.evaluation.report.shapes import WIDTH, Chart
from carescreen.evaluation.report.summary import summary
from carescreen.evaluation.report.tables import Table
from carescreen.evaluation.report.texts import name_of, say
from carescreen.evaluation.verdicts import Language
from carescreen.modelshow.page import STYLE
from carescreen.review.pages import page_environment, plain_page
from carescreen.review.reasons import printable

GENERATOR = "carescreen evaluate"
METHODS_SAID = ("judged", "pairs", "seats", "intervals", "enough", "groups")
TERMS = ("recall", "precision", "auroc", "average_precision", "ratio", "benefit")

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A part of the page: its drawings and tables, words before them; `empty` says why there are none."""

    key: str
    title: str
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    empty: str = ""
    words: tuple[str, ...] = ()


def report_page(content: Content, language: Language) -> str:
    """The page of a report as HTML."""
    style = style_of_reports()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            t=partial(_say, language),
            **plain_page(style, GENERATOR, language),
            synthetic=content.is_synthetic,
            for_office=content.for_office,
            small=SMALL_CELL,
            hidden=content.hidden,
            answers=summary(content, language),
            facts=fact_rows(content, language),
            methods_said=METHODS_SAID,
            terms=TERMS,
            sections=sections(content, language),
            lists=[(name, items_of(name, content, language)) for name in LISTS],
            counts={name: _states(items_of(name, content, language)) for name in LISTS},
            sources=sources(),
            notices=[printable(notice) for notice in content.notices[language]],
            leak=content.leak[language],
            width=WIDTH,
        )
    )


def style_of_reports() -> str:
    """The style sheet: that of a model's page, and what a report adds."""
    return STYLE.read_text(encoding="utf-8") + (_TEMPLATES / "report.css").read_text(
        encoding="utf-8"
    )


def sections(content: Content, language: Language) -> list[Section]:
    """Drawings and tables by what they are about; what was not measured says so."""
    drawn = charts_of(content, language)
    said = {
        "groups": (*left_out_words(content, language), *content.place_words.get(language, ())),
        "rules": tables.never_words(content, language),
    }

    def section(key: str, keys: tuple[str, ...], found: list[Table | None]) -> Section:
        charts = tuple(drawn[name] for name in keys if name in drawn)
        some = tuple(table for table in found if table is not None and table.rows)
        empty = "" if charts or some else say(f"empty_{key}", language)
        words = said.get(key, ())
        return Section(key, say(f"section_{key}", language), charts, some, empty, words)

    has_calibration = len(content.calibration) > 0
    has_benefit = len(content.net_benefit) > 0 and bool(content.net_benefit["value"].notna().any())
    return [
        section(
            "methods",
            ("methods", "capacity"),
            [
                tables.methods_table(content, language),
                tables.differences_table(content, language),
                tables.capacity_table(content, language),
            ],
        ),
        section("windows", ("windows",), [tables.windows_table(content, language)]),
        section(
            "calibration",
            ("reliability", "histogram"),
            [
                tables.calibration_table(content, language) if has_calibration else None,
                tables.bins_table(content, language) if has_calibration else None,
            ],
        ),
        section(
            "benefit",
            ("benefit",),
            [tables.benefit_table(content, language) if has_benefit else None],
        ),
        section(
            "groups",
            ("groups",),
            [*tables.groups_tables(content, language), tables.places_table(content, language)],
        ),
        section("misses", (), [tables.misses_table(content, language)]),
        section("rules", (), [tables.rules_table(content, language)]),
    ]


def left_out_words(content: Content, language: Language) -> tuple[str, ...]:
    """Which attributes are not in a report that leaves the office; none: no sentence."""
    if not content.left_out:
        return ()
    names = joined(
        [printable(name_of("attribute", name, language)) for name in content.left_out], language
    )
    return (say("groups_left_out", language, names=names),)


def _states(items: list[Item]) -> tuple[int, int]:
    """How many items are blank, of how many."""
    return sum(item.is_blank for item in items), len(items)


def _say(language: Language, key: str, **values: object) -> str:
    return say(key, language, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return page_environment(_TEMPLATES)
