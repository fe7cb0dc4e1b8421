"""The evidence model: weights from published effect sizes, made without a single local outcome.

    python -m carescreen.evidence models/evidence
    python -m carescreen.evidence mine --source models/evidence/evidence.yaml --on low_income="..."

Reads evidence.yaml (evidence_source.py), writes the model folder with its card (evidence_card.py).
The same source gives the same bytes. What it yields is a score; only local outcomes make a
probability.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from carescreen.errors import UsageError
from carescreen.evidence_card import evidence_card
from carescreen.evidence_source import Weighed, read_evidence, weigh
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.steps import MICRO, AdditiveTables, StepTable

__all__ = ["SOURCE", "build", "main", "read_evidence"]

FORMAT = "carescreen-evidence/1"
SOURCE = "evidence.yaml"


def build(source: str | Path, switched_on: Mapping[str, str] | None = None) -> SavedModel:
    """The evidence model of a source file; `switched_on` maps off-by-default factors to reasons."""
    reasons = {name: " ".join(reason.split()) for name, reason in (switched_on or {}).items()}
    evidence, digest = read_evidence(source)
    weighed = weigh(evidence, reasons)
    tables = AdditiveTables(intercept=0, features=tuple(_table(entry) for entry in weighed))
    manifest = Manifest(
        name="evidence",
        made_by="evidence",
        source_sha256=digest,
        switched_on=reasons,
        held=[entry.factor.id for entry in weighed if not entry.micro],
        software={"format": FORMAT},
    )
    return SavedModel(tables, manifest, None, evidence_card(evidence, weighed, reasons))


def _table(entry: Weighed) -> StepTable:
    return StepTable(
        name=entry.factor.id,
        type="number",
        edges=(0.5,),
        weights=(0, entry.micro),
        missing=0,
        monotone=1,
        title=entry.factor.title.model_dump(),
        sensitive=entry.factor.sensitive,
        spread=round(entry.factor.spread * MICRO),
        sources=tuple(entry.factor.effects),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m carescreen.evidence", description=__doc__)
    parser.add_argument("folder", type=Path, help="the model folder to write")
    parser.add_argument("--source", type=Path, help=f"evidence file (default: FOLDER/{SOURCE})")
    parser.add_argument("--on", action="append", default=[], metavar="FACTOR=REASON")
    options = parser.parse_args(arguments)
    source = options.source or options.folder / SOURCE
    write_model(options.folder, build(source, dict(_switch(text) for text in options.on)))
    if source.resolve() != (options.folder / SOURCE).resolve():
        shutil.copyfile(source, options.folder / SOURCE)


def _switch(text: str) -> tuple[str, str]:
    factor, equals, reason = text.partition("=")
    if not equals:
        raise UsageError(f"--on wants FACTOR=REASON, '{text}' came")
    return factor.strip(), reason.strip()


if __name__ == "__main__":
    main()
