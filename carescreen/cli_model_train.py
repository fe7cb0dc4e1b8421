"""carescreen model train: a model from a caseload's own outcomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, LANGUAGE, PACK, as_of_day, progress, read_caseload
from carescreen.errors import UsageError

if TYPE_CHECKING:
    from carescreen.cohort_fit import Trained

MANY_VISITS = 20_000  # from so many visits on, starting workers costs less than it saves


@click.command("train")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="model folder to write")
@PACK
@click.option(
    "--prior",
    type=click.Choice(["evidence", "none"]),
    default="evidence",
    show_default=True,
    help="what to start from",
)
@click.option("--as-of", default=None, help="outcomes known by this date  [default: today]")
@click.option(
    "--every-days",
    type=click.IntRange(1, 90),
    default=30,
    show_default=True,
    help="days between the dates at which children are described",
)
@click.option(
    "--on",
    "switches",
    multiple=True,
    metavar="FEATURE=REASON",
    help="let a feature in that is off by default, and record why",
)
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option(
    "--processes", type=click.IntRange(0), default=0, help="worker processes; 0 for all cores"
)
@LANGUAGE
def model_train(
    folder: Path,
    out: Path,
    pack: str,
    prior: str,
    as_of: str | None,
    every_days: int,
    switches: tuple[str, ...],
    mapping: Path | None,
    processes: int,
    language: str,
) -> None:
    """Train a model on the outcomes of FOLDER, starting from published evidence.

    One row for each judged visit, with what was known before it. With few outcomes it stays close to
    the evidence model; the card says what it rests on and what lists may show.

    Example: carescreen model train county --out models/mine --as-of 2026-11-01
    """
    from carescreen.cohort_card import cohort_card
    from carescreen.cohort_fit import train_model
    from carescreen.modelfile import write_model
    from carescreen.notes import NoteReader
    from carescreen.rules import RulePack

    on = dict(_switch(text) for text in switches)
    day = as_of_day(as_of)
    rules = RulePack.load(pack)
    caseload = read_caseload(folder, mapping)
    with progress("training") as tell:
        trained = train_model(
            rules,
            NoteReader.load(rules.pack),
            caseload,
            day,
            prior="none" if prior == "none" else "evidence",
            switched_on=on,
            every_days=every_days,
            processes=_workers(processes, len(caseload.rows_of("visits"))),
            progress=tell,
        )
    name = out.resolve().name
    manifest = trained.saved.manifest.model_copy(update={"name": name})
    saved = replace(trained.saved, manifest=manifest, card=cohort_card(trained, name))
    write_model(out, saved)
    _tell(trained, folder, out, language)


def _workers(asked: int, visits: int) -> int:
    from joblib import cpu_count

    return asked or (int(cpu_count()) if visits >= MANY_VISITS else 1)


def _switch(text: str) -> tuple[str, str]:
    feature, equals, reason = text.partition("=")
    if not equals:
        raise UsageError(f"--on wants FEATURE=REASON, such as --on low_income=\"…\"; got '{text}'")
    return feature.strip(), reason.strip()


def _tell(trained: Trained, folder: Path, out: Path, language: str) -> None:
    from carescreen.cohort_words import checked, may_show, rests_on
    from carescreen.review.texts import text

    for line in (*rests_on(trained, language), checked(trained.check, language)):
        click.echo(line)
    click.echo(may_show(trained, language))
    click.echo(text("train_wrote", language, out=out, folder=folder))
