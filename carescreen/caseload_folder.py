"""Which file of a folder holds which table of a caseload, and how its columns are renamed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from carescreen.errors import CaseloadError, did_you_mean
from carescreen.fields import TABLES
from carescreen.mapping import FILE as MAPPING_FILE
from carescreen.mapping import CaseloadMapping, TableMapping, load_mapping
from carescreen.tables import SUFFIXES, find_table


def require_tables(folder: str | Path, mapping: str | Path | None = None) -> None:
    """Raise CaseloadError for a folder that is not there or lacks a table that must be, or for a
    mapping that is wrong: what can be told without reading a table."""
    tables_of(Path(folder), mapping)


def tables_of(
    folder: Path, mapping: str | Path | CaseloadMapping | None
) -> tuple[dict[str, Path | None], CaseloadMapping]:
    """The file of each table, None for one that is not there, and how their columns are renamed."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise CaseloadError(f"{folder} {what}: wanted a folder with children.* and visits.*.")
    chosen = _mapping(folder, mapping)
    return {name: _path_of(folder, name, chosen) for name in TABLES}, chosen


def caseload_files(folder: str | Path, mapping: str | Path | None = None) -> tuple[Path, ...]:
    """The files that `Caseload.read` reads of a folder; CaseloadError as it has them."""
    return files_of(Path(folder), tables_of(Path(folder), mapping)[0], mapping)


def files_of(
    folder: Path, paths: Mapping[str, Path | None], mapping: str | Path | CaseloadMapping | None
) -> tuple[Path, ...]:
    read = (folder / MAPPING_FILE, mapping if isinstance(mapping, str | Path) else None)
    return tuple(Path(path) for path in (*paths.values(), *read) if path)


def table_files(folder: Path, mapping: str | Path | None) -> dict[str, tuple[Path, TableMapping]]:
    """The file of each table that a folder has, and how its columns are renamed; as `read` has it."""
    paths, chosen = tables_of(folder, mapping)
    return {name: (path, chosen.of(name)) for name, path in paths.items() if path}


def _mapping(folder: Path, given: str | Path | CaseloadMapping | None) -> CaseloadMapping:
    if isinstance(given, CaseloadMapping):
        return given
    if given is None and not (folder / MAPPING_FILE).exists():
        return CaseloadMapping()
    return load_mapping(folder / MAPPING_FILE if given is None else given, tuple(TABLES))


def table_file(
    folder: Path, name: str, mapping: str | Path | None = None
) -> tuple[Path | None, TableMapping]:
    """Where a folder keeps a table (None: nowhere), and how its columns are renamed."""
    chosen = _mapping(folder, mapping)
    return _path_of(folder, name, chosen), chosen.of(name)


def _path_of(folder: Path, name: str, mapping: CaseloadMapping) -> Path | None:
    """The file of a table; CaseloadError where one that must be there is not."""
    of_table = mapping.of(name)
    path = folder / of_table.file if of_table.file else find_table(folder, name)
    if path is None and name in ("children", "visits"):
        raise CaseloadError(_no_table(folder, name))
    if path is not None and not path.exists():
        hint = did_you_mean(path.name, [other.name for other in folder.iterdir()]) or "."
        raise CaseloadError(
            f"{folder} has no file '{path.name}', which {of_table.source} names{hint}"
        )
    return path


def _no_table(folder: Path, name: str) -> str:
    files = [path for path in folder.iterdir() if path.name != MAPPING_FILE]
    same = next((path.name for path in sorted(files) if path.stem.casefold() == name), None)
    if same:
        return f"{folder} has no table {name}: {same} is not read; wanted {', '.join(SUFFIXES)}."
    hint = did_you_mean(f"{name}.csv", [path.name for path in files])
    wanted = f"{', '.join(name + suffix for suffix in SUFFIXES[:-1])} or {name}{SUFFIXES[-1]}"
    return f"{folder} has no table {name}: wanted {wanted}{hint}."
