"""The command review expire: what the retention settings ask for, and doing it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, MODEL, PACK, as_of_day, tell_note

if TYPE_CHECKING:
    from carescreen.retention_expiry import Expiry


@click.command("expire")
@click.argument("county", type=FOLDER)
@click.option("--as-of", default=None, help="what is over by this date  [default: today]")
@PACK
@MODEL
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option(
    "--lists",
    type=FOLDER,
    multiple=True,
    help="folder that `rank` or `plan` wrote, or one that holds such; may be given several times",
)
@click.option("--carry-out", is_flag=True, help="do it; without this nothing is changed")
def review_expire(
    county: Path,
    as_of: str | None,
    pack: str,
    model: str,
    mapping: Path | None,
    lists: tuple[Path, ...],
    carry_out: bool,
) -> None:
    """Remove the text of notes, and lists with quotes, that were kept long enough.

    The pack's settings say how long (`retention`). A note that an open concern or question rests on
    stays. Without --carry-out it only counts.

    Example: carescreen review expire county --as-of 2026-11-01 --lists lists --carry-out
    """
    from carescreen.results import current_user
    from carescreen.retention import require_past
    from carescreen.retention_expiry import carry_out as do
    from carescreen.retention_expiry import expiry_of
    from carescreen.screener import Screener

    day = as_of_day(as_of)
    if carry_out:
        require_past(day, date.today())
    screener = Screener.load(pack=pack, model=model)
    expiry = expiry_of(county, screener, day, lists, mapping)
    _tell(expiry)
    if not carry_out:
        click.echo("Nothing was changed; add --carry-out to do it.")
        return
    is_written = do(expiry, current_user(), datetime.now())
    _tell_done(expiry, is_written)


def _tell(expiry: Expiry) -> None:
    due, settings = expiry.due, expiry.settings()
    click.echo(
        f"Notes as of {expiry.as_of}, pack {expiry.pack} (months: without a mention of a risk "
        f"{settings['unflagged_note_months']}, with one {settings['flagged_note_months']}):"
    )
    for count, words in (
        (len(due.unflagged), "to be removed, without a mention of a risk"),
        (len(due.flagged), "to be removed, with one"),
        (due.needed, "kept: still needed (an open concern, question or score rests on them)"),
        (due.undated, "kept: no date says how old they are"),
        (due.younger, "kept: not old enough"),
    ):
        click.echo(f"  {count:>9,}  {words}")
    if expiry.reasons:
        click.echo(
            f"Reasons in decisions older than that: {expiry.reasons:,}. They stay: decisions are only "
            "ever added to."
        )
    _tell_folders(expiry)


def _tell_folders(expiry: Expiry) -> None:
    for one in expiry.written:
        if one.expires is None:
            click.echo(f"{one.folder}: no quotes, no day of expiry.")
        elif not one.is_over(expiry.as_of):
            click.echo(f"{one.folder}: quotes, expires on {one.expires}; kept until then.")
        elif one.trouble:
            tell_note(
                f"{one.folder}: quotes, its day is over, and it is not removed: {one.trouble}"
            )
        else:
            click.echo(f"{one.folder}: quotes, its day is over; to be removed.")


def _tell_done(expiry: Expiry, is_written: bool) -> None:
    from carescreen.retention_log import LOG

    log = expiry.county / LOG
    if not is_written:
        click.echo(f"Nothing to do: {log} says that it was carried out as of this day.")
        return
    click.echo(
        f"Notes removed from {expiry.table}: {len(expiry.due.rows):,}; folders removed: "
        f"{len(expiry.over):,}. Recorded in {log}."
    )
