"""The commands watch (two runs compared, for a person and for a cron job) and rules use."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, LANGUAGE, PACK, read_caseload

if TYPE_CHECKING:
    import pandas as pd

    from carescreen.evaluation.verdicts import Language


@dataclass(frozen=True, repr=False)  # its rows are records
class _Tables:
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    files: tuple[Path, ...]


@click.command()
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@click.option("--caseload", type=FOLDER, help="the county's tables: its outcomes, for calibration")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--settings", type=FOLDER, help="YAML of thresholds, and of names to ignore")
@click.option("--pack", help="shipped name or folder, for titles  [default: the run's]")
@click.option("--json", "json_file", type=FOLDER, help="JSON file to write everything to")
@click.option("--html", type=FOLDER, help="page to write, alarms first, to read and print")
@LANGUAGE
def watch(
    old: Path,
    new: Path,
    caseload: Path | None,
    mapping: Path | None,
    settings: Path | None,
    pack: str | None,
    json_file: Path | None,
    html: Path | None,
    language: Language,
) -> None:
    """Compare two folders of rank, the older first: what drifted, how sure that is, and what to do.

    Exit code 0: nothing to act on; 3: there are alarms; 2: a mistake in what was given. What it says
    and writes stays in the office.

    Example: carescreen watch lists-2026-10-25 lists-2026-11-01 --language en
    """
    from carescreen.evaluation.watch import watch as compare
    from carescreen.evaluation.watch_settings import DEFAULTS, WatchSettings
    from carescreen.evaluation.watch_words import Titles, lines, to_json

    chosen = DEFAULTS if settings is None else WatchSettings.read(settings)
    outcomes = None if caseload is None else _checked(caseload, mapping).outcomes
    found = compare(old, new, outcomes, chosen)
    titles = Titles.of_pack(pack or found.new["pack"])
    if json_file is not None:
        _write(json.dumps(to_json(found, titles), ensure_ascii=False, indent=1), json_file)
    if html is not None:
        from carescreen.evaluation.watch_page import write_watch_page

        write_watch_page(found, titles, html, language)
    for line in lines(found, titles, language):
        click.echo(line)
    sys.exit(found.exit_code)


@click.command("use")
@click.argument("lists", nargs=-1, required=True, type=FOLDER)
@click.option("--caseload", type=FOLDER, required=True, help="the county: its outcomes, decisions")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@PACK
@click.option("--out", type=FOLDER, help="CSV to write one row a rule to")
@LANGUAGE
def rules_use(
    lists: tuple[Path, ...],
    caseload: Path,
    mapping: Path | None,
    pack: str,
    out: Path | None,
    language: str,
) -> None:
    """Say what became of each rule on one or more folders of rank: fired, confirmed, closed, lowered.

    What it says and writes stays in the office.

    Example: carescreen rules use lists-06 lists-09 --caseload county --language en
    """
    from carescreen.evaluation.rules_in_use import rules_in_use
    from carescreen.evaluation.rules_in_use_words import rule_lines
    from carescreen.evaluation.watch_words import Titles
    from carescreen.results import write_csv_aside
    from carescreen.rules import RulePack

    tables = _checked(caseload, mapping)
    found = rules_in_use(lists, RulePack.load(pack), tables.outcomes, tables.decisions)
    for line in rule_lines(found, Titles.of_pack(pack), language):
        click.echo(line)
    if out is not None:
        write_csv_aside(found.rules, out, tables.files)


def _checked(folder: Path, mapping: Path | None) -> _Tables:
    """The outcomes and decisions of a county. What is wrong with it is a mistake, and no alarm."""
    from carescreen.errors import CaseloadError, UsageError

    try:
        caseload = read_caseload(folder, mapping)
        checked = caseload.check({})
    except CaseloadError as error:
        raise UsageError(f"--caseload: {error}") from None
    return _Tables(checked.outcomes, checked.decisions, tuple(caseload.files))


def _write(said: str, path: Path) -> None:
    from carescreen.results_place import replaced_file

    with replaced_file(path) as aside:
        aside.write_text(said + "\n", encoding="utf-8")
