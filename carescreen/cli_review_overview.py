"""The command review overview: the programme in numbers, as they may leave the office."""

from __future__ import annotations

from pathlib import Path

import click

from carescreen.cli_options import FOLDER


@click.command()
@click.argument("lists", type=FOLDER)
@click.option(
    "--level",
    type=click.Choice(["village", "county", "province"]),
    default="village",
    show_default=True,
    help="a row for each of these",
)
@click.option("--out", type=FOLDER, required=True, help="CSV to write")
def overview(lists: Path, level: str, out: Path) -> None:
    """Write the counts of the ranking in LISTS as they may leave the office.

    Counts of 1 to 7 are masked, and others that would give one of them away.

    Example: carescreen review overview lists --level county --out overview.csv
    """
    from carescreen.overview_before import FILE, counts_of_run
    from carescreen.overview_export import counts_shown, export_overview
    from carescreen.results import write_csv_aside

    table = export_overview(counts_of_run(lists), level)  # type: ignore[arg-type]  # one of the choices
    write_csv_aside(table, out, [lists / FILE])
    masked = ", ".join(f"{count:,} '{mark}'" for mark, count in counts_shown(table))
    click.echo(f"Wrote {len(table):,} rows ({level}) to {out}; masked: {masked}.")
