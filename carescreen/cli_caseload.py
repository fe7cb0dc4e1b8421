"""Commands on a folder of tables: synth, check, rank."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen.cli_options import (
    FOLDER,
    LANGUAGE,
    MODEL,
    PACK,
    Clock,
    as_of_day,
    progress,
    read_caseload,
    require_caseload,
    tell_note,
)
from carescreen.errors import CaseloadError, OutputError

if TYPE_CHECKING:
    from carescreen.caseload import CheckedCaseload
    from carescreen.ranking import Ranking
    from carescreen.recordtexts import Kind


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


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--as-of", default=None, help="what was known by this date  [default: today]")
@PACK
@MODEL
@click.option(
    "--capacity",
    type=click.IntRange(1),
    help="visits per caseworker and week  [default: the pack's]",
)
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--out", type=FOLDER, required=True, help="folder to write")
@click.option("--quotes", is_flag=True, help="put note quotes and sensitive names into the files")
@click.option("--first-run", is_flag=True, help="old concerns go to the supervisor's backlog")
@click.option(
    "--processes", type=click.IntRange(0), default=0, help="worker processes; 0 for all cores"
)
@click.option(
    "--mentions-cache",
    "cache_file",
    type=FOLDER,
    help="file that keeps what each note mentions, so that the next run reads only new notes; the "
    "list is the same. It holds no words of notes, but stays in the office",
)
@click.option("--no-pages", is_flag=True, help="write tables only, no pages and no workbook")
@click.option("--show", type=click.IntRange(0), default=0, help="print the first N with reasons")
@LANGUAGE
def rank(
    folder: Path,
    as_of: str | None,
    pack: str,
    model: str,
    capacity: int | None,
    mapping: Path | None,
    out: Path,
    quotes: bool,
    first_run: bool,
    processes: int,
    cache_file: Path | None,
    no_pages: bool,
    show: int,
    language: str,
) -> None:
    """Rank the children of FOLDER and write the follow-up list with reasons.

    Example: carescreen rank county --as-of 2026-11-01 --capacity 20 --out lists
    """
    day = as_of_day(as_of)
    require_caseload(folder, mapping)
    from joblib import cpu_count

    from carescreen.caseload import caseload_files
    from carescreen.filestate import FileStates
    from carescreen.mentioncache import MentionCache
    from carescreen.pieces import LARGE, rank_folder
    from carescreen.results import (
        current_user,
        file_digests,
        require_run_folder,
        write_results,
    )
    from carescreen.results_place import unfinished_beside
    from carescreen.screener import Screener

    clock = Clock()
    kept = [] if cache_file is None else [_apart_from(folder, cache_file)]
    require_run_folder(out, [folder, *kept])
    screener = Screener.load(pack=pack, model=model)
    cache = None if cache_file is None else MentionCache.open(cache_file, screener.reader)
    clock.lap("load pack and model")
    files = caseload_files(folder, mapping)
    read = [folder, *files]
    require_run_folder(out, [*read, *kept])
    states = FileStates.of(files)
    workers = processes or cpu_count()
    with unfinished_beside(out) as work, progress("ranking") as tell:
        if sum(path.stat().st_size for path in files if path.exists()) >= LARGE:
            ranking = rank_folder(
                screener,
                folder,
                day,
                capacity,
                work_folder=work,
                mapping=mapping,
                first_run=first_run,
                processes=workers,
                kinds=_kinds(quotes, show),
                progress=clock.with_laps(tell),
                mentions_cache=cache,
            )
        else:
            caseload = read_caseload(folder, mapping)
            clock.lap("read tables")
            ranking = screener.rank(
                caseload,
                day,
                capacity,
                first_run=first_run,
                processes=workers,
                progress=clock.with_laps(tell),
                mentions_cache=cache,
            )
        for notice in cache.notices if cache is not None else ():
            tell_note(notice)
        clock.lap("order")
        inputs = file_digests(folder)
        states.require_unchanged()
        clock.lap("hash inputs")
        write_results(
            ranking,
            out,
            quotes=quotes,
            made_by=current_user(),
            language=language,
            inputs=inputs,
            timings=clock.laps,
            read=read,
            pages=not no_pages,
            processes=workers,
        )
        _print_ranking(ranking, show, language)
    if len(ranking.rejected):
        click.echo(
            f"{len(ranking.rejected):,} fields or rows could not be used: {out}/rejected.csv"
        )
    click.echo(f"The list: {out / ('ranking.csv' if no_pages else 'list.html')}")


def _kinds(quotes: bool, show: int) -> tuple[Kind, ...]:
    """The texts that a run writes; what it shows in the terminal has the words of notes."""
    if quotes:
        return ("private",)
    return ("private", "public") if show else ("public",)


def _apart_from(folder: Path, cache_file: Path) -> Path:
    """The file of a cache, unless it would lie among the tables and count as one of them."""
    if folder.resolve() in cache_file.resolve().parents:
        raise OutputError(f"{cache_file} lies in {folder}, with the tables; give it another folder")
    return cache_file


def _print_ranking(ranking: Ranking, show: int, language: str) -> None:
    from carescreen.review.reasons import terminal_block

    as_of = date.fromisoformat(ranking.run.as_of)
    for record in ranking.records(range(min(show, len(ranking)))):
        click.echo(terminal_block(record, language, as_of) + "\n")
    for notice in ranking.notices:
        tell_note(notice)
    counts = ", ".join(f"{name} {count:,}" for name, count in ranking.tier_counts().items())
    label = "SYNTHETIC: " if ranking.run.synthetic else ""
    click.echo(f"{label}{len(ranking):,} children as of {ranking.run.as_of}: {counts}.")
