"""Commands that show models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from carescreen.cli_options import LANGUAGE

if TYPE_CHECKING:
    from carescreen.model import RiskModel


@click.group()
def model() -> None:
    """Look at models."""


@model.command("show")
@click.argument("name", default="evidence")
@click.option("--all", "everything", is_flag=True, help="also features that add nothing")
@LANGUAGE
def model_show(name: str, everything: bool, language: str) -> None:
    """Print what each feature of a model can add to the score, in log-odds.

    Example: carescreen model show evidence --language en
    """
    from carescreen.model import RiskModel

    loaded = RiskModel.load(name)
    click.echo(f"{loaded.name}: intercept {loaded.intercept_micro / 1e6:+.3f}")
    silent = 0
    for feature in loaded.feature_names:
        adds = any(points for _, points in loaded.steps(feature))
        if adds or everything:
            click.echo("\n".join(_feature_lines(loaded, feature, language)))
        silent += not adds
    if silent and not everything:
        click.echo(f"features that add nothing: {silent}; --all shows them")


_YES_OR_NO = ("up to 0.5", "over 0.5", "unknown")  # a yes/no feature is 0 or 1


def _feature_lines(loaded: RiskModel, feature: str, language: str) -> list[str]:
    title = loaded.titles.get(feature, {}).get(language, feature)
    steps = loaded.steps(feature)
    if tuple(name for name, _ in steps) == _YES_OR_NO:
        words = zip(("no", "yes", "unknown"), (points for _, points in steps), strict=True)
        steps = [(word, points) for word, points in words if points or word == "yes"]
    shown = ", ".join(f"{name} {points:+.3f}" for name, points in steps)
    return [f"{title} ({feature})", f"    {shown}"]
