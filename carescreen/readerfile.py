"""Writing a note reader's folder: settings, a table a language, and a card, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from carescreen.learned import SETTINGS_FILE, Saved, settings_of, table_lines
from carescreen.modelfile import write_folder

_HEAD = (
    "# What a gram weighs for a concept, for any concept, or for a status by where it stands;",
    "# thousandths of a log-odds. Strike an entry by taking it out of its line.",
)


def write_reader(saved: Saved, folder: str | Path, card: str) -> None:
    """Write reader.json, <lang>.tsv and CARD.md; the same reader gives the same bytes.

    A card that is there already stays: a person wrote it, or may have.
    """
    settings = json.dumps(settings_of(saved), ensure_ascii=False, indent=1, sort_keys=False)
    files = {SETTINGS_FILE: (settings + "\n").encode()}
    if not (Path(folder) / "CARD.md").is_file():
        files["CARD.md"] = card.encode()
    for table in saved.languages:
        lines = [*_HEAD, *table_lines(table, saved.concepts)]
        files[f"{table.language}.tsv"] = ("\n".join(lines) + "\n").encode()
    write_folder(folder, files, [SETTINGS_FILE])


def card_of(saved: Saved, sources: Sequence[str]) -> str:
    """The card of a reader that a programme trained itself."""
    rows = [
        f"| {table.language} | {len(table.grams):,} | {table.weight.size:,} |"
        for table in saved.languages
    ]
    trained = ", ".join(f"{name}: {count}" for name, count in saved.trained_on.items())
    return "\n".join(
        [
            f"# Note reader {saved.name}",
            "",
            f"Learned from annotated notes ({trained}); sources: {', '.join(sources)}.",
            "The notes of the shipped corpus are invented: no figure from them says how well this",
            "reader does in the field. A learned mention alone asks to be confirmed; it never",
            "makes a rule met.",
            "",
            "| language | grams | weights |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )
