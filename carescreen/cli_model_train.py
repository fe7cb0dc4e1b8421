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
@click.option(
    "--phrases", is_flag=True, help="let phrases of the notes in that hold within workers"
)
@click.option(
    "--review",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of the phrases for a person to strike in; where it exists, what was struck is taken back",
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
    phrases: bool,
    review: Path | None,
    mapping: Path | None,
    processes: int,
    language: str,
) -> None:
    """Train a model on the outcomes of FOLDER, starting from published evidence.

    One row for each judged visit, with what was known before it. With few outcomes it stays close to
    the evidence model; the card says what it rests on and what lists may show.

    With --review FILE the phrases are written there, with the column "strike" for a person to fill
    in (yes, 是 or x). Train again with the same file, and what was struck stays out, then and later.

    Example: carescreen model train county --out models/mine --as-of 2026-11-01
    """
    from carescreen.cohort_card import cohort_card
    from carescreen.cohort_fit import train_model
    from carescreen.modelfile import write_model
    from carescreen.notes import NoteReader
    from carescreen.rules import RulePack

    on = dict(_switch(text) for text in switches)
    day = as_of_day(as_of)
    struck = _struck(out, review)
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
            phrases=phrases or review is not None,
            struck=struck,
            processes=_workers(processes, len(caseload.rows_of("visits"))),
            progress=tell,
        )
    name = out.resolve().name
    manifest = trained.saved.manifest.model_copy(update={"name": name})
    saved = replace(trained.saved, manifest=manifest, card=cohort_card(trained, name))
    write_model(out, saved)
    _tell(trained, folder, out, language)
    if phrases or review is not None:
        _tell_phrases(trained, review, language)


def _struck(out: Path, review: Path | None) -> frozenset[str]:
    """What a person struck: in the review, and for the model that is replaced."""
    from carescreen.modelfile import read_model
    from carescreen.phrase_review import read_review

    before = read_model(out.resolve()) if (out / "model.json").is_file() else None
    struck = frozenset(before.manifest.struck_phrases if before else ())
    if review is None or not review.exists():
        return struck
    return struck | read_review(review).struck


def _tell_phrases(trained: Trained, review: Path | None, language: str) -> None:
    from carescreen.phrase_review import write_review
    from carescreen.review.texts import text

    report = trained.phrases
    if report is None:
        click.echo(text("train_phrases_none", language))
        return
    for name, fact in report.facts(language).items():
        click.echo(f"{name}: {fact}" if language == "en" else f"{name}：{fact}")
    if review is None:
        return
    if review.exists():
        click.echo(text("train_struck", language, count=len(report.struck), file=review))
        return
    write_review(review, report.phrases)
    click.echo(text("train_review", language, count=len(report.phrases), file=review))


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
