"""mapping.yaml: how a programme's own export names its files, columns and values.

    tables:
      visits:
        file: 走访记录.csv          # optional; otherwise visits.csv, .parquet, .xlsx or .jsonl
        columns: {姓名编号: child_id, 走访日期: visit_date}         # theirs: ours
        values: {child_seen: {见到: yes, 未见到: no, 不详: null}}   # our column: {theirs: ours}

A value that is null means not known. In a column with several values in one cell, each is mapped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from carescreen.checks import distinct
from carescreen.errors import CaseloadError, PackError, did_you_mean
from carescreen.tables import Table
from carescreen.yamlfile import Key, YamlFile, read_yaml

FILE = "mapping.yaml"
_BREAK = re.compile(r"\s*[;,|、；，]\s*")


@dataclass(frozen=True)
class TableMapping:
    """How one table is read: its file, its columns (theirs -> ours), its values by our column.

    `source` is the name of the mapping file, for messages.
    """

    file: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = FILE

    def exact_columns(self, ours: frozenset[str]) -> frozenset[str]:
        """Their names of the columns whose texts must be read as written."""
        kept = ours | set(self.values)
        return kept | {theirs for theirs, our in self.columns.items() if our in kept}


@dataclass(frozen=True)
class CaseloadMapping:
    """A checked mapping.yaml; tables that it does not name are read as they stand."""

    tables: Mapping[str, TableMapping] = field(default_factory=dict)

    def of(self, table: str) -> TableMapping:
        """The mapping of one table."""
        return self.tables.get(table, TableMapping())


def load_mapping(path: str | Path, tables: tuple[str, ...]) -> CaseloadMapping:
    """Read a mapping file; CaseloadError names the file, the line and what is allowed."""
    try:
        file = read_yaml(Path(path))
        _require_known_keys(file, (), {"tables"})
        file.require_keys((), {"tables"}, frozenset({"tables"}))
        _require_known_keys(file, ("tables",), set(tables))
        return CaseloadMapping({name: _table(file, name) for name in file.data["tables"]})
    except PackError as error:  # the same places and words, but a caseload's error, not a pack's
        raise CaseloadError(str(error)) from None


def _require_known_keys(file: YamlFile, key: Key, allowed: set[str]) -> None:
    """Raise unless `key` holds a mapping with only allowed keys; the place is that of the key."""
    node = file.at(key)
    unknown = [str(name) for name in node if name not in allowed] if isinstance(node, dict) else []
    if unknown:
        hint = did_you_mean(unknown[0], allowed) or f"; allowed: {', '.join(sorted(allowed))}"
        line, column = _place_of_key(file.path, (*key, unknown[0]))
        raise PackError(f"unknown key '{unknown[0]}'{hint}", file.path, line, column)
    file.require_keys(key, allowed)


def _place_of_key(path: Path, key: Key) -> tuple[int, int]:
    """Line and column of a key itself; a YamlFile knows where its value stands."""
    node: Any = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    mark = node.start_mark
    for part in key:
        mark, node = next(
            (name.start_mark, value) for name, value in node.value if name.value == part
        )
    return mark.line + 1, mark.column + 1


def _table(file: YamlFile, name: str) -> TableMapping:
    key: Key = ("tables", name)
    _require_known_keys(file, key, {"file", "columns", "values"})
    entry: dict[str, Any] = file.at(key)
    return TableMapping(
        file=_file_name(file, key, entry.get("file")),
        columns=_columns(file, (*key, "columns")) if entry.get("columns") else {},
        values=_values(file, (*key, "values")) if entry.get("values") else {},
        source=file.path.name,
    )


def _file_name(file: YamlFile, key: Key, name: object) -> str | None:
    if name is None:
        return None
    text = str(name)
    if not text or Path(text).name != text or "\\" in text:
        raise file.error(f"file: wanted the name of a file in this folder, found '{text}'", *key)
    return text


def _columns(file: YamlFile, key: Key) -> dict[str, str]:
    found = _words(file, key)
    for theirs, ours in found.items():
        if not ours:
            raise file.error(f"column '{theirs}' has no name of ours", *key, theirs)
        if list(found.values()).count(ours) > 1:
            raise file.error(f"two columns are both mapped to '{ours}'", *key, theirs)
    return found


def _values(file: YamlFile, key: Key) -> dict[str, dict[str, str]]:
    entry = file.at(key)
    if not isinstance(entry, dict):
        raise file.error("wanted a mapping of our columns to their values", *key)
    return {column: _words(file, (*key, column)) for column in entry}


def _words(file: YamlFile, key: Key) -> dict[str, str]:
    entry = file.at(key)
    if not isinstance(entry, dict):
        raise file.error("wanted a mapping such as {theirs: ours}", *key)
    for theirs, ours in entry.items():
        if isinstance(ours, dict | list):
            raise file.error(f"'{theirs}' needs one word, not several", *key, theirs)
    return {theirs.strip(): _word(ours) for theirs, ours in entry.items()}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()


def apply_mapping(table: Table, mapping: TableMapping) -> Table:
    """Rename the columns and values of a table as read; CaseloadError where names clash."""
    frame, notices = table.frame, list(table.notices)
    for theirs in mapping.columns:
        if theirs not in frame:
            hint = did_you_mean(theirs, [str(name) for name in frame]) or "."
            notices.append(
                f"{table.file} has no column '{theirs}', which {mapping.source} names{hint}"
            )
    kept = {ours for theirs, ours in mapping.columns.items() if theirs in frame}
    clash = next((ours for ours in kept if ours in frame and ours not in mapping.columns), None)
    if clash is not None:
        raise CaseloadError(
            f"{table.file} has a column '{clash}', and {mapping.source} maps another column to that name: "
            "remove one of the two."
        )
    frame = frame.rename(columns=dict(mapping.columns))
    damaged = tuple((row, mapping.columns.get(name, name)) for row, name in table.damaged)
    for column, words in mapping.values.items():
        if column not in frame:
            hint = did_you_mean(column, [str(name) for name in frame])
            raise CaseloadError(
                f"{mapping.source} maps values of '{column}', which is no column of {table.file} "
                f"after renaming{hint or '; values are listed under our column names.'}"
            )
        frame = frame.assign(**{column: mapped_cells(frame[column], words)})
    return replace(table, frame=frame, notices=tuple(notices), damaged=damaged)


def mapped_cells(column: Any, words: Mapping[str, str]) -> Any:
    """The cells of a column as text, those of some words replaced."""
    cells = distinct(column)
    texts = [_mapped_text(text, words) for text in cells.texts]
    return cells.spread(np.array(texts, dtype=object), "")


def _mapped_text(text: str, words: Mapping[str, str]) -> str:
    whole = text.strip()
    if whole in words:
        return words[whole]
    parts = _BREAK.split(whole)
    if len(parts) > 1 and any(part in words for part in parts):
        return ";".join(words.get(part, part) for part in parts)
    return text
