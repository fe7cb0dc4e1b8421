"""The command that checks a county's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, tell_note

if TYPE_CHECKING:
    from carescreen.countylog_check import LogReport


@click.command("verify-log")
@click.argument("county", type=FOLDER)
@click.option("--kept", default="", help="hash of a last line that was kept elsewhere")
@click.option(
    "--list",
    "lists",
    type=FOLDER,
    multiple=True,
    help="folder that `rank` wrote: say what changed since it was made",
)
def verify_log(county: Path, kept: str, lists: tuple[Path, ...]) -> None:
    """Check that COUNTY's log is whole and its tables begin with the rows that the log knows.

    Exit code 9 and one line where they do not: the first step that does not fit. Rows that the log
    does not know yet, typed in a spreadsheet say, are no fault.

    Example: carescreen review verify-log county --list lists
    """
    from carescreen.countylog_check import check_log, list_against

    report = check_log(county, kept.strip().lower())
    against = [list_against(county, folder) for folder in lists]
    _tell(report)
    for run_id, changed in against:
        what = f"changed since: {', '.join(changed)}" if changed else "the tables are the same"
        click.echo(f"List {run_id}: {what}.")


def _tell(report: LogReport) -> None:
    steps = f"{report.steps:,} step{'s' if report.steps != 1 else ''}"
    click.echo(
        f"Whole: {steps} from {report.first_at} to {report.last_at}. Hash of the last line, to be "
        f"kept elsewhere: {report.last_hash}"
    )
    for name, count in report.found.items():
        tell_note(f"{name}: {count:,} of the rows came from elsewhere, not from carescreen")
    for name, count in report.unknown.items():
        tell_note(
            f"{name}: {count:,} rows that the log does not know yet; the next import logs them"
        )
    for name in report.elsewhere:
        tell_note(
            f"{name}: a ranking of this county reads another file, which the log does not cover"
        )
    for name in report.begun:
        tell_note(f"{name}: a step began to change earlier rows and did not say that it ended")
