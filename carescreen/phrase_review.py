"""Learned phrases as a table for a person, and what she struck.

    write_review("phrases.csv", learned.report)
    review = read_review("phrases.csv", known=[...])        # review.struck goes into the next training

A CSV in UTF-8 with a mark at its start, so that spreadsheets show Chinese, and safe against formulas.
It holds no text of a note: the example is made of words that many workers write.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from carescreen.cells import cell_text, guarded, unguarded
from carescreen.errors import CaseloadError, OutputError
from carescreen.phrase_report import PhraseFacts
from carescreen.steps import MICRO
from carescreen.tables import Table, read_table

# A column's name, and what it is called in Chinese behind it.
COLUMNS = {
    "phrase": "用语",
    "language": "语言",
    "weight": "权重（对数几率）",
    "rows": "记录数",
    "children": "儿童数",
    "workers": "工作人员数",
    "villages": "村数",
    "effect_within_workers": "同一工作人员内部的作用",
    "effect_low": "区间下限",
    "effect_high": "区间上限",
    "context": "例子（许多人都这样写）",
    "strike": "划去（填 是 或 x）",
}
YES = frozenset({"yes", "y", "是", "x", "1", "true", "划去"})
NO = frozenset({"", "no", "n", "否", "0", "false"})


@dataclass(frozen=True)
class Review:
    """What a person struck, and the rows (as a spreadsheet counts them) of phrases nobody knows.

    A phrase that is unknown here is struck all the same: it may have been learned before.
    """

    struck: frozenset[str]
    unknown_rows: tuple[int, ...]

    def told(self, language: str = "en") -> str:
        """One sentence on what was read ("en" or "zh")."""
        count, rows = len(self.struck), ", ".join(map(str, self.unknown_rows))
        if language == "zh":
            more = f"第 {rows} 行的用语不在本模型中。" if rows else ""
            return f"划去 {count} 条用语，以后的训练也不再使用。{more}"
        more = f" Rows {rows} name phrases that are not this model's." if rows else ""
        return f"{count} phrases are struck, for later trainings too.{more}"


def write_review(path: str | Path, phrases: Iterable[PhraseFacts]) -> None:
    """Write one row a phrase, with an empty cell to strike it in; OutputError where it cannot be."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f"{name} {chinese}" for name, chinese in COLUMNS.items()])
    for phrase in phrases:
        writer.writerow(_row(phrase))
    _put(Path(path), text.getvalue().encode("utf-8-sig"))


def _row(phrase: PhraseFacts) -> list[str]:
    effects = (phrase.effect, phrase.low, phrase.high)
    return [
        guarded(phrase.text),
        phrase.language,
        f"{phrase.weight / MICRO:.6f}",
        *(str(n) for n in (phrase.rows, phrase.children, phrase.workers, phrase.villages)),
        *(f"{effect:.3f}" for effect in effects),
        guarded(phrase.context),
        "",
    ]


def _put(path: Path, content: bytes) -> None:
    """Write aside and rename, so that a file that people fill in is whole or not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(aside).chmod(0o644)
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None


def read_review(path: str | Path, known: Collection[str] | None = None) -> Review:
    """What a returned file strikes: rows with yes, 是, x or 1 in the column strike.

    known: phrases of the model; None asks for none. CaseloadError for a file that is no review, or
    for a mark that is neither yes nor no.
    """
    table = read_table(path, exact=("phrase", "strike"))
    phrases, marks = _cells(table, "phrase"), _cells(table, "strike")
    struck, unknown, unclear = set(), [], []
    for row, phrase, mark in zip(table.rows.tolist(), phrases, marks, strict=True):
        text, word = unguarded(phrase).strip().lower(), mark.strip().casefold()
        if known is not None and text not in known:
            unknown.append(row)
        if word in YES and text:
            struck.add(text)
        elif word not in NO:
            unclear.append(row)
    if unclear:
        rows = ", ".join(map(str, unclear))
        raise CaseloadError(
            f"{table.file}, column 'strike', row {rows}: wanted yes (or 是, x, 1) to strike the "
            "phrase, or an empty cell to keep it. Nothing was struck."
        )
    return Review(frozenset(struck), tuple(unknown))


def _cells(table: Table, name: str) -> list[str]:
    """The cells of a column, by the English word that its title begins with."""
    for column in table.names:
        if column.split(" ")[0].strip().casefold() == name:
            return [cell_text(cell) for cell in table.column(column)]
    raise CaseloadError(
        f"{table.file} has no column '{name}': wanted the review that training wrote, with the "
        f"columns {', '.join(COLUMNS)}, filled in and saved."
    )
