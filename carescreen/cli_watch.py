"""The command watch: two runs compared, for a person to read and for a cron job to act on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, LANGUAGE, read_caseload

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@click.option("--caseload", type=FOLDER, help="the county's tables: its outcomes, for calibration")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--settings", type=FOLDER, help="YAML of thresholds, and of names to ignore")
@click.option("--pack", help="shipped name or folder, for titles  [default: the run's]")
@click.option("--json", "json_file", type=FOLDER, help="JSON file to write everything to")
@LANGUAGE
def watch(
    old: Path,
    new: Path,
    caseload: Path | None,
    mapping: Path | None,
    settings: Path | None,
    pack: str | None,
    json_file: Path | None,
    language: str,
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
    outcomes = None if caseload is None else _outcomes(caseload, mapping)
    found = compare(old, new, outcomes, chosen)
    titles = Titles.of_pack(pack or found.new["pack"])
    if json_file is not None:
        _write(json.dumps(to_json(found, titles), ensure_ascii=False, indent=1), json_file)
    for line in lines(found, titles, language):
        click.echo(line)
    sys.exit(found.exit_code)


def _outcomes(folder: Path, mapping: Path | None) -> pd.DataFrame:
    """The outcomes of a county. What is wrong with it is a mistake of who calls, and no alarm."""
    from carescreen.errors import CaseloadError, UsageError

    try:
        return read_caseload(folder, mapping).check({}).outcomes
    except CaseloadError as error:
        raise UsageError(f"--caseload: {error}") from None


def _write(said: str, path: Path) -> None:
    from carescreen.results_place import replaced_file

    with replaced_file(path) as aside:
        aside.write_text(said + "\n", encoding="utf-8")
