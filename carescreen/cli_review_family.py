"""The command that writes the page for a family."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from carescreen.cli_options import FOLDER, LANGUAGE, PACK, as_of_day, read_caseload, tell_note


@click.command()
@click.argument("county", type=FOLDER)
@click.option("--child", required=True, help="child_id")
@click.option("--as-of", default=None, help="the day whose records it shows  [default: today]")
@click.option("--out", type=FOLDER, required=True, help="page to write")
@PACK
@LANGUAGE
@click.option(
    "--answer-within",
    type=click.IntRange(1, 90),
    default=15,
    show_default=True,
    metavar="DAYS",
    help="days in which the programme answers what a family says is wrong",
)
@click.option(
    "--confirmed-by",
    default="",
    help="who talked to the child-protection lead, where that is asked",
)
def family(
    county: Path,
    child: str,
    as_of: str | None,
    out: Path,
    pack: str,
    language: str,
    answer_within: int,
    confirmed_by: str,
) -> None:
    """Write the page for the family of one child: what is recorded, and how to correct it.

    It shows what the pack declares fit for the family's eyes, and never who said what, a note, a
    tier, a score or a concern. For some children it asks to talk to the child-protection lead
    first and writes nothing (exit code 10) until --confirmed-by says who did.

    Example: carescreen review family county --child C0012 --as-of 2026-11-01 --out page.html
    """
    from carescreen.errors import TalkFirst
    from carescreen.family import asks_to_talk_first, family_page, household_of
    from carescreen.results_place import replaced_file, require_own_page
    from carescreen.review.family import GENERATOR, family_html
    from carescreen.screener import Screener

    day = as_of_day(as_of)
    caseload = read_caseload(county, None)
    require_own_page(out, GENERATOR, caseload.files)
    screener = Screener.load(pack=pack)
    known = caseload.check(screener.rules.indicators).known_by(day)
    house = household_of(screener, known, child.strip(), day)
    if asks_to_talk_first(house):
        if not confirmed_by.strip():
            raise TalkFirst(f"{_TALK_FIRST} Nothing was written; then add --confirmed-by NAME")
        tell_note(_TALK_FIRST)
    page = family_html(family_page(house, day, answer_within), language)
    with replaced_file(out) as aside:
        aside.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    _tell(out, day)


_TALK_FIRST = (
    "before anybody gets this page, talk to the child-protection lead: whether to give it, to whom "
    "and when."
)


def _tell(out: Path, day: date) -> None:
    click.echo(f"{out}: the page for the family, with what was recorded by {day}.")
