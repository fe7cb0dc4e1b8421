"""Commands for people who write rules: check, test, prove, diff, load, doc."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import (
    FOLDER,
    LANGUAGE,
    MODEL,
    as_of_day,
    day_of,
    progress,
    read_caseload,
    require_caseload,
    tell_note,
)
from carescreen.errors import PackError, UsageError

if TYPE_CHECKING:
    from carescreen.authoring.document import PageLanguage
    from carescreen.rulefile import Rule
    from carescreen.trials import Failure


@click.group()
def rules() -> None:
    """Check rule packs, and see what they say."""


@rules.command("check")
@click.argument("pack")
@click.option("--strict", is_flag=True, help="notices fail as well")
def rules_check(pack: str, strict: bool) -> None:
    """Check a pack: files, types, note limits, every example, and what nobody reads.

    Errors must be mended: exit code 4. Notices are for the author to judge.

    Example: carescreen rules check cn-rural
    """
    from carescreen.rules import RulePack

    loaded = RulePack.load(pack)  # before the rest is imported: a wrong file is told at once
    from carescreen.authoring.checking import check_pack
    from carescreen.authoring.layout import report_lines

    report = check_pack(loaded)
    for line in report_lines(report, shutil.get_terminal_size((100, 24)).columns):
        click.echo(line)
    if report.errors or (strict and report.notices):
        sys.exit(PackError.exit_code)


@rules.command("test")
@click.argument("pack")
@click.option("--verbose", is_flag=True, help="a line for each rule whose examples pass")
def rules_test(pack: str, verbose: bool) -> None:
    """Run the examples of every rule, switched on or off. Exit code 4 if one fails.

    Example: carescreen rules test cn-rural --verbose
    """
    from carescreen.rules import RulePack
    from carescreen.trials import failed_examples

    loaded = RulePack.load(pack)
    every = (*loaded.rules, *loaded.rules_off)
    failures: list[Failure] = []
    for rule in every:
        failed = failed_examples(rule, loaded.indicators, loaded.concepts)
        failures += failed
        if verbose and not failed:
            click.echo(_passed(rule))
    for failure in failures:
        click.echo(str(failure))
    examples = sum(len(rule.examples) for rule in every)
    click.echo(
        f"{loaded.pack.id} {loaded.pack.version}: {len(every)} rules, {examples} examples, "
        f"{len(failures)} failed"
    )
    if failures:
        sys.exit(PackError.exit_code)


@rules.command("schema")
@click.argument("name", metavar="pack|rules|indicators|concepts|lexicon")
def rules_schema(name: str) -> None:
    """Print the JSON Schema of one kind of file, for an editor that checks while you type.

    Example: carescreen rules schema rules > rules.schema.json
    """
    from carescreen.authoring.schema import schema_text

    click.echo(schema_text(name), nl=False)


@rules.command("prove")
@click.argument("pack")
@click.option("--as-of", help="the day whose rules are proved [default: today]")
@LANGUAGE
def rules_prove(pack: str, as_of: str | None, language: str) -> None:
    """Prove properties of a whole pack, over every child there can be. Exit code 4 if one fails.

    No rule is unreachable or in another's shadow; more evidence of harm never lowers the tier;
    completing what is unknown ends nothing; a note alone reaches no more than it may; and what the
    pack states under `properties:`. Needs the extra: pip install 'carescreen[prove]'

    Example: carescreen rules prove cn-rural --language en
    """
    from carescreen.rules import RulePack

    day = day_of("--as-of", as_of) or date.today()
    loaded = RulePack.load(pack)
    from carescreen.authoring.proofs_layout import proofs_lines
    from carescreen.authoring.proving import prove

    proofs = prove(loaded, day)
    width = shutil.get_terminal_size((100, 24)).columns
    for line in proofs_lines(proofs, loaded, language, width):
        click.echo(line)
    if proofs.failed:
        sys.exit(PackError.exit_code)


@rules.command("load")
@click.argument("pack")
@click.option("--on", "folder", type=FOLDER, required=True, help="folder of tables")
@click.option("--as-of", "days", multiple=True, help="the day; give it twice to count new work")
@MODEL
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--capacity", type=click.IntRange(1), help="visits per caseworker and week")
@click.option("--processes", type=click.IntRange(0), default=0, help="workers; 0 for all cores")
@click.option("--workers", type=FOLDER, help="CSV to write the load of each caseworker to")
@LANGUAGE
def rules_load(
    pack: str,
    folder: Path,
    days: tuple[str, ...],
    model: str,
    mapping: Path | None,
    capacity: int | None,
    processes: int,
    workers: Path | None,
    language: str,
) -> None:
    """Say how many children each rule and tier takes, and the visits against capacity.

    With two as-of dates, exit code 4 where new immediate and urgent follow-ups take more than half
    of a caseworker's visits. No child is named.

    \b
    Example: carescreen rules load cn-rural --on county --as-of 2026-10-01 --as-of 2026-11-01
    """
    on = [as_of_day(text) for text in days or (None,)]
    require_caseload(folder, mapping)
    from joblib import cpu_count

    from carescreen.authoring.load import WORKER_COLUMNS, measure_load
    from carescreen.authoring.load_layout import load_lines
    from carescreen.results import write_csv_aside
    from carescreen.results_place import require_own_csv
    from carescreen.screener import Screener

    screener, caseload = Screener.load(pack=pack, model=model), read_caseload(folder, mapping)
    if workers is not None:
        require_own_csv(workers, WORKER_COLUMNS, caseload.files)
    with progress("ranking") as tell:
        load = measure_load(
            screener, caseload, on, capacity, processes=processes or cpu_count(), progress=tell
        )
    for line in load_lines(load, language):
        click.echo(line)
    for notice in load.notices:
        tell_note(notice)
    if load.rejected:
        tell_note(f"{load.rejected:,} fields or rows could not be used: see carescreen check")
    if workers is not None:
        write_csv_aside(load.workers, workers, caseload.files)
    if load.over:
        sys.exit(PackError.exit_code)


@rules.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--on", "folder", type=FOLDER, help="folder of tables: who moves")
@click.option("--as-of", default=None, help="the day  [default: today]")
@MODEL
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--processes", type=click.IntRange(0), default=0, help="workers; 0 for all cores")
@click.option("--out", type=FOLDER, help="CSV to write the children who move to")
@click.option("--workers", type=FOLDER, help="CSV to write how each caseworker's list changes to")
@LANGUAGE
def rules_diff(
    old: str,
    new: str,
    folder: Path | None,
    as_of: str | None,
    model: str,
    mapping: Path | None,
    processes: int,
    out: Path | None,
    workers: Path | None,
    language: str,
) -> None:
    """Say what a change of a pack does: rules in words, and who enters or leaves each tier and list.

    Both packs rank the same tables. The terminal has counts; ids are only in the file of --out.

    \b
    Example: carescreen rules diff cn-rural mypack --on county --as-of 2026-11-01 --out moved.csv
    """
    from joblib import cpu_count

    from carescreen.authoring.difference import (
        LIST_COLUMNS,
        MOVED_COLUMNS,
        compare_packs,
        compare_rankings,
    )
    from carescreen.authoring.difference_layout import move_lines, pack_lines
    from carescreen.results import write_csv_aside
    from carescreen.results_place import require_own_csv
    from carescreen.screener import Screener

    if folder is None and (out is not None or workers is not None):
        raise UsageError("--out and --workers write who moves, which needs --on FOLDER")
    day = as_of_day(as_of)
    if folder is not None:
        require_caseload(folder, mapping)
    screeners = [Screener.load(pack=name, model=model) for name in (old, new)]
    width = shutil.get_terminal_size((100, 24)).columns
    for line in pack_lines(compare_packs(*(s.rules for s in screeners)), language, width):
        click.echo(line)
    if folder is None:
        return
    caseload = read_caseload(folder, mapping)
    for path, header in ((out, MOVED_COLUMNS), (workers, LIST_COLUMNS)):
        if path is not None:
            require_own_csv(path, header, caseload.files)
    with progress("ranking") as tell:
        moves = compare_rankings(
            screeners[0],
            screeners[1],
            caseload,
            day,
            processes=processes or cpu_count(),
            progress=tell,
        )
    for line in move_lines(moves, language):
        click.echo(line)
    for table, path in ((moves.moved, out), (moves.workers, workers)):
        if path is not None:
            write_csv_aside(table, path, caseload.files)


@rules.command("doc")
@click.argument("pack")
@click.option("--out", type=FOLDER, required=True, help="page to write, such as rules.html")
@click.option(
    "--language", type=click.Choice(["zh", "en", "both"]), default="both", show_default=True
)
@click.option("--as-of", help="the day whose rules are shown [default: today]")
@click.option("--prove", "proving", is_flag=True, help="prove the pack's properties, and say so")
def rules_doc(
    pack: str, out: Path, language: PageLanguage, as_of: str | None, proving: bool
) -> None:
    """Write a pack as one page to read, search and print.

    Every rule in words, with its sources, questions, examples and numbers; the programme's settings;
    what is recorded and what a blank means. Made for a lawyer, or for whoever answers for the rules.
    With --prove, exit code 4 where a property does not hold; the page is written all the same.

    Example: carescreen rules doc cn-rural --out rules.html
    """
    from carescreen.authoring.document import require_place, write_document
    from carescreen.rules import RulePack

    day = day_of("--as-of", as_of) or date.today()
    loaded = RulePack.load(pack)
    require_place(loaded, out)
    proofs = None
    if proving:
        from carescreen.authoring.proving import prove

        proofs = prove(loaded, day)
    write_document(loaded, out, day, language, proofs)
    count = len(loaded.rules) + len(loaded.rules_off)
    click.echo(f"{count} rules of {loaded.pack.id} {loaded.pack.version} written to {out}")
    if proofs is not None and proofs.failed:
        click.echo(f"{proofs.failed} properties do not hold; the page says which")
        sys.exit(PackError.exit_code)


def _passed(rule: Rule) -> str:
    count = len(rule.examples)
    return f"{rule.id}: {count} example{'' if count == 1 else 's'} passed"
