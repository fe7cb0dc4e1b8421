"""Commands that read notes and show models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen.cli_options import FOLDER, LANGUAGE, PACK
from carescreen.errors import CaseloadError

if TYPE_CHECKING:
    from carescreen.model import RiskModel


@click.group()
def notes() -> None:
    """Read visit notes into mentions."""


@notes.command("read")
@click.argument("file", type=FOLDER)
@click.option("--text-column", required=True)
@click.option("--id-column", required=True)
@PACK
@click.option("--out", type=FOLDER, required=True, help="CSV to write")
def notes_read(file: Path, text_column: str, id_column: str, pack: str, out: Path) -> None:
    """Read the notes of FILE (CSV, JSONL, XLSX or Parquet) and write what they mention.

    Example: carescreen notes read visits.csv --text-column note --id-column visit_id --out m.csv
    """
    from carescreen.notes import NoteReader, read_file
    from carescreen.results import write_csv_aside

    try:
        mentions = read_file(file, text_column, id_column, NoteReader.load(pack))
    except CaseloadError:
        _require_chosen(file, (text_column, id_column))
        raise
    write_csv_aside(mentions, out, [file])
    click.echo(f"{len(mentions):,} mentions written to {out}; it holds words of the notes.")


def _require_chosen(file: Path, columns: tuple[str, ...]) -> None:
    """Correct the word that was typed, not the file, where the file has no such column."""
    from carescreen.tables import no_such_column, read_table

    table = read_table(file)
    missing = [name for name in columns if name not in table.frame]
    if missing:
        raise CaseloadError(no_such_column(table, missing[0]))


@notes.command("show")
@click.argument("text")
@PACK
@LANGUAGE
def notes_show(text: str, pack: str, language: str) -> None:
    """Print one note with its mentions marked.

    Example: carescreen notes show "奶奶说没有人打他，邻居家孩子溺水"
    """
    from carescreen.notes import NoteReader, mark

    reader = NoteReader.load(pack)
    found = reader.read([text])
    click.echo("".join(_marked(piece, mention) for piece, mention in mark(text, found)))
    for row in found.to_dict("records"):
        title = click.style(reader.concepts[row["concept"]].title[language], bold=True)
        words = text[row["start"] : row["end"]]
        because = f"  <- {text[row['cue_start'] : row['cue_end']]}" if row["cue_start"] >= 0 else ""
        click.echo(
            f"  {title} ({row['concept']}): {row['status']}  [{words}] {row['found_by']}{because}"
        )
    if not len(found):
        click.echo("  no mention found")


def _marked(piece: str, mention: Any) -> str:
    return piece if mention is None else click.style(f"[{piece}]", bold=True, underline=True)


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
