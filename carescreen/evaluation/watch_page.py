"""What `watch` found as one page in the look of a report: alarms first, each with what to do.

It loads nothing and runs nothing. It names caseworkers and villages, so it stays in the office.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment

from carescreen.evaluation import report
from carescreen.evaluation.report.page import style_of_reports
from carescreen.evaluation.verdicts import Language
from carescreen.evaluation.watch import Alarm, Watch
from carescreen.evaluation.watch_words import (
    Titles,
    alarm_words,
    difference_words,
    notice_words,
    say,
)
from carescreen.results_place import replaced_file, require_own_page
from carescreen.review.pages import page_environment, plain_page
from carescreen.review.reasons import printable

GENERATOR = "carescreen watch"
Words = tuple[str, str, str]

_TEMPLATES = Path(report.__file__).parent / "templates"


def write_watch_page(found: Watch, titles: Titles, path: Path, language: Language) -> None:
    """Write the page whole or not at all; OutputError over a file that is no such page."""
    require_own_page(path, GENERATOR, ())
    page = watch_page(found, titles, language)
    with replaced_file(path) as aside:
        aside.write_text(page, encoding="utf-8", errors="replace", newline="\n")


def watch_page(found: Watch, titles: Titles, language: Language) -> str:
    """The page of a comparison as HTML."""
    style = style_of_reports()
    return (
        _environment()
        .get_template("watch.html.j2")
        .render(
            t=partial(_say, language),
            **plain_page(style, GENERATOR, language),
            found=found,
            head=_head(found, language),
            differences=[printable(difference_words(d, language)) for d in found.differences],
            groups=_alarms(found, titles, language),
            notices=[printable(notice_words(k, v, language)) for k, v in found.notices],
            kinds=_kinds(found),
            compared=f"{len(found.measures):,}",
        )
    )


def _say(language: Language, key: str, **values: object) -> str:
    return say(key, language, **values)


def _head(found: Watch, language: Language) -> list[tuple[str, str]]:
    """What was compared with what."""
    sides = (("page_older", found.old), ("page_newer", found.new))
    return [
        (
            say(key, language),
            say(
                "page_side",
                language,
                day=side["as_of"],
                children=f"{side['children']:,}",
                pack=printable(str(side["pack"])),
            ),
        )
        for key, side in sides
    ]


def _alarms(found: Watch, titles: Titles, language: Language) -> list[tuple[str, list[Words]]]:
    """Headings with their alarms: new ones, those that a version may explain, those known before."""
    by_kind: dict[str, list[Alarm]] = {"page_alarms": [], "page_expected": [], "page_standing": []}
    for alarm in found.alarms:
        key = "standing" if alarm.is_standing else "expected" if alarm.is_expected else "alarms"
        by_kind[f"page_{key}"].append(alarm)
    return [
        (say(key, language), [_printed(alarm_words(one, titles, language)) for one in alarms])
        for key, alarms in by_kind.items()
        if alarms
    ]


def _printed(words: Words) -> Words:
    finding, how, act = map(printable, words)
    return finding, how, act


def _kinds(found: Watch) -> list[tuple[str, str, str]]:
    """Kinds of comparison: how many were made, and how many of them raised an alarm."""
    made = Counter(one.kind for one in found.measures)
    raised = Counter(alarm.measure.kind for alarm in found.alarms)
    return [(kind, f"{made[kind]:,}", f"{raised[kind]:,}") for kind in sorted(made)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return page_environment(_TEMPLATES)
