"""The command plan: the week's visits from a ranking and a table of caseworkers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, LANGUAGE, day_of, progress, tell_note
from carescreen.errors import UsageError

if TYPE_CHECKING:
    from carescreen.plan_week import WeekPlan

_SHOWN = 10  # alarms that are printed; alarms.csv has them all


@click.command()
@click.argument("lists", type=FOLDER)
@click.option("--workers", type=FOLDER, required=True, help="table of caseworkers (docs/plan.md)")
@click.option(
    "--county",
    type=FOLDER,
    help="the folder that was ranked: conflicts of interest among its decisions count",
)
@click.option("--from", "start", default=None, help="first day of the week  [default: as-of date]")
@click.option(
    "--days",
    type=click.IntRange(5, 7),
    default=5,
    show_default=True,
    help="working days: 5 for Monday to Friday, 6 with Saturday, 7 for all",
)
@click.option("--out", type=FOLDER, required=True, help="folder to write")
@click.option("--no-pages", is_flag=True, help="write tables only, no pages and no workbook")
@LANGUAGE
def plan(
    lists: Path,
    workers: Path,
    county: Path | None,
    start: str | None,
    days: int,
    out: Path,
    no_pages: bool,
    language: str,
) -> None:
    """Make a week's visits from the ranking in LISTS and a table of caseworkers.

    Example: carescreen plan lists --workers workers.csv --county county --out plan
    """
    from carescreen.plan_files import require_plan_folder, write_plan
    from carescreen.plan_pages import BOOK, BOOK_CHILDREN
    from carescreen.plan_ranking import read_conflicts, read_ranking
    from carescreen.plan_visits import Week
    from carescreen.plan_week import plan_week
    from carescreen.plan_workers import Workers

    read = [lists, workers, *([county] if county else [])]
    require_plan_folder(out, read)
    table = Workers.read(workers)
    ranking = read_ranking(lists)
    made = plan_week(
        ranking.heads,
        table,
        Week.of(_first_day(start, ranking.as_of), days),
        random_share=ranking.random_share,
        seed=ranking.seed,
        conflicts=read_conflicts(county, ranking.as_of) if county else (),
        same=ranking.same,
    )
    with progress("plan") as tell:
        pages_in = None if no_pages else language
        write_plan(made, ranking, out, read, pages_in=pages_in, tell=tell)
    _print_plan(made, out, language, bool(ranking.run["synthetic"]))
    if not (no_pages or (out / BOOK).exists()):
        tell_note(f"no {BOOK}: the lists have more than {BOOK_CHILDREN:,} children; use the pages")
    click.echo(f"The plan: {out / ('plan.csv' if no_pages else 'list.html')}")


def _first_day(text: str | None, as_of: date) -> date:
    day = day_of("--from", text) or as_of
    if day < as_of:
        raise UsageError(f"--from is {day}, before the ranking's date {as_of}; rank as of that day")
    return day


def _print_plan(plan: WeekPlan, out: Path, language: str, synthetic: bool) -> None:
    from carescreen.plan_files import plan_counts
    from carescreen.plan_lists import alarm_sentence

    for notice in plan.routes.notices:
        tell_note(notice)
    for alarm in plan.alarms[:_SHOWN]:
        click.echo(f"ALARM {alarm_sentence(plan, alarm, language)}")
    if len(plan.alarms) > _SHOWN:
        click.echo(f"ALARM and {len(plan.alarms) - _SHOWN:,} lists more: {out / 'alarms.csv'}")
    counts = plan_counts(plan)
    label = "SYNTHETIC: " if synthetic else ""
    click.echo(
        f"{label}{counts['visits']:,} visits from {plan.week.days[0]} to {plan.week.days[-1]}; "
        f"{counts['households_below']:,} households below the line, "
        f"{counts['children_in_backlog']:,} children in the supervisor's backlog, "
        f"{counts['children_waiting']:,} waiting for their review date, "
        f"{counts['children_to_hand_over']:,} for the supervisor to hand over."
    )
