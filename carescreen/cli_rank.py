"""The command rank: a folder of tables in, the folder of a list out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import (
    FOLDER,
    LANGUAGE,
    MODEL,
    PACK,
    Clock,
    as_of_day,
    progress,
    require_caseload,
    tell_note,
)
from carescreen.errors import OutputError

if TYPE_CHECKING:
    from carescreen.ranking import Ranking
    from carescreen.recordtexts import Kind


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

    from carescreen.caseload_folder import caseload_files
    from carescreen.filestate import FileStates
    from carescreen.mentioncache import MentionCache
    from carescreen.pieces import LARGE, rank_folder
    from carescreen.results import current_user, file_digests, require_run_folder, write_results
    from carescreen.results_place import unfinished_beside
    from carescreen.screener import Screener

    clock, workers = Clock(), processes or cpu_count()
    require_run_folder(out, [folder, *(kept := _apart_from(folder, cache_file))])
    screener = Screener.load(pack=pack, model=model)
    cache = MentionCache.open(kept[0], screener.reader) if kept else None
    clock.lap("load pack and model")
    read = [folder, *caseload_files(folder, mapping)]
    require_run_folder(out, [*read, *kept])
    states = FileStates.of(read[1:])
    with unfinished_beside(out) as work, progress("ranking") as tell:
        ranking = rank_folder(
            screener,
            folder,
            day,
            capacity,
            work_folder=work,
            least_bytes=LARGE,
            mapping=mapping,
            first_run=first_run,
            processes=workers,
            kinds=_kinds(quotes, show),
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
    _print_places(ranking, out, no_pages)


def _print_places(ranking: Ranking, out: Path, no_pages: bool) -> None:
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


def _apart_from(folder: Path, cache_file: Path | None) -> list[Path]:
    """The file of a cache, if any, unless it would lie among the tables and count as one of them."""
    if cache_file is None:
        return []
    if folder.resolve() in cache_file.resolve().parents:
        raise OutputError(f"{cache_file} lies in {folder}, with the tables; give it another folder")
    return [cache_file]


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
