"""Commands about models: train one, look at one, and at what changed between two."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from carescreen.cli_model_train import model_train
from carescreen.cli_options import FOLDER, LANGUAGE


@click.group()
def model() -> None:
    """Train models, look at them, and at what changed between two."""


model.add_command(model_train)


@model.command("show")
@click.argument("name", default="evidence")
@LANGUAGE
@click.option("--all", "everything", is_flag=True, help="also what adds nothing, and every phrase")
@click.option(
    "--feature", "features", multiple=True, metavar="NAME", help="only this one; repeat it"
)
@click.option("--html", "page", type=FOLDER, help="write one page instead, such as model.html")
def model_show(
    name: str, language: str, everything: bool, features: tuple[str, ...], page: Path | None
) -> None:
    """Draw what each feature of a model adds to the score, and say what the model rests on.

    NAME is a shipped model or a folder. The features that can move a score most come first, and all are
    drawn on one scale, in log-odds. With --html a page to read and print, with the numbers beside each
    curve.

    \b
    Example: carescreen model show evidence --language en
             carescreen model show evidence --html evidence.html
    """
    from carescreen.modelfile import read_model

    loaded = read_model(name)
    if page is not None:
        from carescreen.modelshow.page import write_page

        count = write_page(loaded, page, language, everything, features)
        what = f"{count} feature{'' if count == 1 else 's'}"
        click.echo(f"{what} of {loaded.manifest.name} written to {page}")
        return
    from carescreen.modelshow.terminal import model_lines

    for line in model_lines(loaded, language, _width(), everything, features):
        click.echo(line)


@model.command("diff")
@click.argument("old")
@click.argument("new")
@LANGUAGE
@click.option("--all", "everything", is_flag=True, help="every phrase that changed")
def model_diff(old: str, new: str, language: str, everything: bool) -> None:
    """Say what changed between two models, the largest change first.

    OLD and NEW are shipped models or folders. Weights are compared level by level over the cuts of
    both; then phrases, calibration and what the models rest on. No caseload is needed.

    Example: carescreen model diff evidence models/mine --language en
    """
    from carescreen.modeldiff import compare_models
    from carescreen.modelfile import read_model
    from carescreen.modelshow.differing import difference_lines

    found = compare_models(read_model(old), read_model(new))
    for line in difference_lines(found, language, _width(), everything):
        click.echo(line)


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
