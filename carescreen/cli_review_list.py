"""The command review list: a written ranking, or a week's plan, in the terminal."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click

from carescreen.cli_options import FOLDER, LANGUAGE

_TOP = 20


@click.command("list")
@click.argument("lists", type=FOLDER)
@click.option("--caseworker", multiple=True, help="only these lists; may be given several times")
@click.option("--village", multiple=True, help="only these villages")
@click.option(
    "--tier",
    multiple=True,
    type=click.Choice(["immediate", "urgent", "priority", "routine"]),
    help="only these tiers",
)
@click.option("--overdue", is_flag=True, help="only whose date has passed")
@click.option(
    "--state",
    multiple=True,
    type=click.Choice(["new", "acknowledged", "planned", "closed", "backlog", "moved", "aged_out"]),
    help="only these states",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    help=f"the first N, 0 for all  [default: {_TOP}; all with --json]",
)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines for scripts, one child each")
@LANGUAGE
def review_list(
    lists: Path,
    caseworker: tuple[str, ...],
    village: tuple[str, ...],
    tier: tuple[str, ...],
    overdue: bool,
    state: tuple[str, ...],
    top: int | None,
    as_json: bool,
    language: str,
) -> None:
    """Print the ranking in LISTS, or the week's plan if LISTS is one: who, how urgent, and why.

    Reasons are in words where the files hold them, else as codes. It writes nothing.

    Example: carescreen review list lists --tier immediate --tier urgent --overdue
    """
    from carescreen.results_listing import Wanted, read_listing
    from carescreen.review.terminal import table_lines

    wanted = Wanted(caseworker, village, tier, state, overdue)
    most = top if top is not None else 0 if as_json else _TOP
    listing = read_listing(lists, wanted, most or None, words=not as_json)
    if as_json:
        for row in listing.rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        if listing.found > len(listing.rows):
            click.echo(f"{listing.found - len(listing.rows):,} more not shown", err=True)
        return
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
    for line in table_lines(listing, language, width):
        click.echo(line)
