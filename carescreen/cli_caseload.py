"""Commands on a folder of tables: synth, check, rank."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen.cli_options import (
    FOLDER,
    PACK,
    progress,
    read_caseload,
    require_caseload,
)
from carescreen.errors import CaseloadError

if TYPE_CHECKING:
    from carescreen.caseload import CheckedCaseload


@click.command()
@click.option("--children", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--villages", type=click.IntRange(1), help="[default: one per 170 children]")
@click.option("--visits-per-child", type=float, default=3.0, show_default=True)
@click.option("--months", type=click.IntRange(1), default=18, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--as-of", default="2026-11-01", show_default=True, help="last day of the records")
@click.option("--out", type=FOLDER, required=True, help="folder to write")
def synth(
    children: int,
    villages: int | None,
    visits_per_child: float,
    months: int,
    seed: int,
    as_of: str,
    out: Path,
) -> None:
    """Make a synthetic county with known risks, for demos and tests.

    Example: carescreen synth --children 2000 --visits-per-child 3 --seed 7 --out county
    """
    from carescreen.results_place import place_of
    from carescreen.synthetic import make_county, write_county

    place = place_of(out)
    with progress("synthetic county") as tell:
        county = make_county(
            children=children,
            villages=villages,
            visits_per_child=visits_per_child,
            months=months,
            seed=seed,
            as_of=as_of,
            progress=tell,
        )
        write_county(county, place)
    click.echo(
        f"Wrote a SYNTHETIC county to {out}: {len(county.children):,} children, "
        f"{len(county.visits):,} visits. None of them is a real person."
    )


@click.command()
@click.argument("folder", type=FOLDER)
@PACK
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--rejected", type=FOLDER, help="CSV to write what cannot be used to")
def check(folder: Path, pack: str, mapping: Path | None, rejected: Path | None) -> None:
    """Say what is wrong with the tables of FOLDER, without ranking.

    Exit code 3 if a row or value could not be used, or a column very likely has a wrong name;
    --rejected writes each row and value to a CSV file.

    Example: carescreen check county
    """
    require_caseload(folder, mapping)
    from carescreen.results import write_csv_aside
    from carescreen.rules import RulePack

    indicators = RulePack.load(pack).indicators
    caseload = read_caseload(folder, mapping)
    checked = caseload.check(indicators)
    click.echo(_check_report(checked.summary()))
    if rejected is not None:
        write_csv_aside(checked.rejected, rejected, caseload.files)
    click.echo(_verdict(checked, rejected))
    if len(checked.rejected) or any(column.is_suspect for column in checked.left_out):
        sys.exit(CaseloadError.exit_code)


def _verdict(checked: CheckedCaseload, rejected: Path | None) -> str:
    lines = []
    if len(checked.rejected):
        where = rejected or "add --rejected FILE to write file, row, field and expectation of each"
        lines.append(f"{len(checked.rejected):,} rows or values cannot be used: {where}")
    if checked.left_out:
        lines.append(f"columns that are not read: {len(checked.left_out)} (see the notes above)")
    suspects = [
        f"{column.file}: '{column.column}'" for column in checked.left_out if column.is_suspect
    ]
    if suspects:
        lines.append(
            f"very likely a wrong name: {', '.join(suspects)}; rename or map each before ranking"
        )
    return "\n".join(lines) or "everything can be used"


def _check_report(summary: dict[str, Any]) -> str:
    lines = [
        f"{table['file']}: {table['rows_read']:,} rows read, {table['rows_used']:,} used"
        for table in summary["tables"].values()
        if table["rows_read"]
    ]
    lines += [f"note: {notice}" for notice in summary["notices"]]
    lines += [
        f"{entry['file']}: {entry['field']}: {entry['count']:,} values not as expected"
        for entry in summary["rejected"]
    ]
    lines += [
        f"needs data: {n:,} children, {reason}" for reason, n in summary["needs_data"].items()
    ]
    return "\n".join(lines)
