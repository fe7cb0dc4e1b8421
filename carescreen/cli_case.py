"""The command on one case: assess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import MODEL, PACK, as_of_day
from carescreen.errors import UsageError

if TYPE_CHECKING:
    from carescreen.assessment import Case


@click.command()
@click.argument("case_file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--as-of", default=None, help="date of the assessment  [default: the case's, or today]"
)
@PACK
@MODEL
@click.option("--schema", is_flag=True, help="print the JSON schemas of case and assessment")
def assess(case_file: Path | None, as_of: str | None, pack: str, model: str, schema: bool) -> None:
    """Assess one child from a JSON file and print the assessment as JSON.

    Example: carescreen assess examples/case.json
    """
    from carescreen.assessment import Assessment, Case
    from carescreen.screener import Screener

    if schema:
        both = {"case": Case.model_json_schema(), "assessment": Assessment.model_json_schema()}
        click.echo(json.dumps(both, ensure_ascii=False, indent=2))
        return
    if case_file is None:
        raise UsageError("give a case file, for example examples/case.json, or --schema")
    case = _read_case(case_file)
    screener = Screener.load(pack=pack, model=model)
    day = as_of_day(case.as_of if as_of is None else as_of)
    assessment = screener.assess(case, as_of=day)
    click.echo(assessment.model_dump_json(indent=2))


def _read_case(path: Path) -> Case:
    from carescreen.assessment import Case

    try:
        return Case.read(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
