"""The county's log: what was done to its tables, step by step, each line sealed by the next.

One line of log.jsonl a step, as JSON: when, who (the user of the computer), what; for each table that
changed its rows before and after and the SHA-256 of all its rows as they then stood; counts and the
runs that were answered; and the SHA-256 of the line before. No child's id, name or text stands in it.

Tables are only ever added to, so the first rows of a table today are those that a step knew:
`carescreen.countylog_check` looks. Rows that no step knows (typed in a spreadsheet, or of an import
that was killed before its line was written) are taken in as a step `found` before the next one.

A chain shows order, not honesty: whoever can write the file can write all of it anew. Keep the last
line's hash elsewhere; each run keeps one of the log's file, in run.json.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from carescreen.checks import check_times
from carescreen.decisions_file import Row, read_rows, sync_folder
from carescreen.errors import OutputError
from carescreen.results_place import replaced_file
from carescreen.sheet import objects

FILE = "log.jsonl"
FORMAT = "carescreen-log/1"
GENESIS = hashlib.sha256(FORMAT.encode()).hexdigest()  # what the first line follows
TABLES = ("decisions.csv", "outcomes.csv", "decisions_conflicts.csv", "decisions_rejected.csv")
FOUND = "found"  # a step that takes in what no step did
ADDED, CHANGED, REWRITTEN, BEGUN = "added", "changed", "rewritten", "begun"

Facts = Mapping[str, int | Sequence[str]]
Line = dict[str, Any]

_WORD = re.compile(r"[a-z][a-z_]*", re.ASCII)
_RUN_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_DATES = frozenset({"decided_at", "recorded_at", "review_on", "visited_on", "outcome_date"})
# How an outcome's child was chosen is filled in once its list is there: a row's other cells stand.
_FILLED_IN = {"outcomes.csv": frozenset({"selected_by", "selection_probability"})}


@dataclass(frozen=True)
class TableState:
    """How many rows a table had after a step, the hash of those, and what the step did to it."""

    rows: int
    sha256: str
    how: str


@dataclass(frozen=True)
class Log:
    """The lines of a log as they stand in the file, and what the newest step of each table says."""

    lines: tuple[bytes, ...] = ()
    tables: Mapping[str, TableState] = field(default_factory=dict)

    @property
    def last_hash(self) -> str:
        """The hash of the last line, which the next one holds."""
        return line_hash(self.lines[-1]) if self.lines else GENESIS


def append(county: Path, what: str, facts: Facts, *, rewrites: Collection[str] = ()) -> str:
    """Write one step and return the hash of its line; "" where nothing changed and no fact says more.

    what      a word such as import
    facts     counts, and run ids under `runs`: nothing else is taken over
    rewrites  tables whose earlier rows are about to be changed on purpose. Log that before doing so
              and a second step after it: then a kill in between is no fault

    Call it while `locked(county)` holds, after the tables are in place; before them call `complete`.
    OutputError where the log cannot be read or written.
    """
    assert _WORD.fullmatch(what), what
    log = read_log(county)
    tables = _changes(county, log, REWRITTEN)
    for name in rewrites:
        now = table_state(county, name)
        tables.append(_entry(name, now.rows, TableState(now.rows, now.sha256, BEGUN)))
    kept = _only_counts(facts)
    if not tables and not any(kept.values()):
        return ""
    return _write(county, log, what, tables, kept)


def complete(county: Path, more: Collection[str] = ()) -> None:
    """Take rows that no step knows into the log, before a step adds its own; `more` names a table.

    OutputError where log.jsonl is no log, so that nothing is done that could not be logged.
    """
    log = read_log(county)
    tables = _changes(county, log, CHANGED, more)
    if tables:
        _write(county, log, FOUND, tables, {})


def read_log(county: Path) -> Log:
    """The log of a county, empty where there is none; lines that cannot be read say nothing."""
    path = county / FILE
    try:
        lines = tuple(path.read_bytes().splitlines()) if path.exists() else ()
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}; nothing was changed") from None
    if lines and FORMAT.encode() not in lines[0]:
        raise OutputError(
            f"{path} is not a log of carescreen; nothing was changed. Move it to another folder"
        )
    tables: dict[str, TableState] = {}
    for line in map(parsed, lines):
        tables |= states_of(line)
    return Log(lines, tables)


def parsed(line: bytes) -> Line:
    """A line as an object; empty where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def states_of(line: Line) -> dict[str, TableState]:
    """What a step says of each table that it changed."""
    try:
        return {
            str(entry["name"]): TableState(
                int(entry["after"]), str(entry["sha256"]), str(entry["how"])
            )
            for entry in line.get("tables", ())
        }
    except (TypeError, KeyError, ValueError):
        return {}


def line_hash(line: bytes) -> str:
    """The hash by which the next line holds this one."""
    return hashlib.sha256(line).hexdigest()


def seal_of(line: Line) -> str:
    """A hash of what a line says besides its seal: shows a change of the last line too."""
    return hashlib.sha256(_text({k: v for k, v in line.items() if k != "seal"})).hexdigest()


def table_state(county: Path, name: str) -> TableState:
    """A table as it stands now."""
    rows = table_rows(county, name)
    *_, whole = hashes(name, rows, [len(rows)])
    return TableState(len(rows), whole, ADDED)


def table_rows(county: Path, name: str) -> list[Row]:
    """The rows of a table, none where there is no file; OutputError where it cannot be read."""
    return read_rows(county / name, (), Path(name).stem)[0]


def hashes(name: str, rows: Sequence[Row], counts: Sequence[int]) -> Iterator[str]:
    """The hash of the first n rows of a table for each n, which grow; "" where it has fewer.

    Hashed is what the filled cells say, whatever the order of columns, the line ends and the way a
    spreadsheet writes dates.
    """
    total, done = hashlib.sha256(name.encode()), 0
    for count in counts:
        for row in rows[done:count]:
            total.update(_text(_said(name, row)) + b"\n")
        done = count
        yield total.copy().hexdigest() if count <= len(rows) else ""


def _said(name: str, row: Row) -> Row:
    left_out = _FILLED_IN.get(name, frozenset())
    return {
        column: _moment(text) if column in _DATES else text.replace("\r\n", "\n")
        for column, text in row.items()
        if text and column not in left_out
    }


@lru_cache(maxsize=4096)
def _moment(text: str) -> str:
    """A date as we write it, whatever a spreadsheet made of it."""
    if _MOMENT.fullmatch(text):
        return text
    moment = check_times(objects([text])).values[0].astype(datetime)
    return moment.isoformat(sep=" ", timespec="seconds") if moment else text


def _changes(
    county: Path, log: Log, how_else: str, more: Collection[str] = ()
) -> list[dict[str, Any]]:
    """What is different from what the log knows of each table; `how_else`: where more than added."""
    found = []
    for name in dict.fromkeys((*TABLES, *log.tables, *more)):
        known = log.tables.get(name, TableState(0, "", ADDED))
        rows = table_rows(county, name)
        first, whole = hashes(name, rows, [min(known.rows, len(rows)), len(rows)])
        if known.rows == len(rows) and whole == known.sha256 and known.how != BEGUN:
            continue
        if not known.rows and not rows:
            continue
        is_added = known.rows < len(rows) and (first == known.sha256 or not known.rows)
        how = REWRITTEN if known.how == BEGUN else how_else
        state = TableState(len(rows), whole, ADDED if is_added else how)
        found.append(_entry(name, known.rows, state))
    return found


def _entry(name: str, before: int, state: TableState) -> dict[str, Any]:
    return {
        "name": name,
        "before": before,
        "after": state.rows,
        "how": state.how,
        "sha256": state.sha256,
    }


def _only_counts(facts: Facts) -> dict[str, Any]:
    """Counts and run ids: a file that came back may name its run as it likes, so others are counted."""
    named = facts.get("runs", ())
    runs = sorted(set(named) - {""}) if not isinstance(named, int) else []
    known = [run for run in runs if _RUN_ID.fullmatch(run)]
    counts = {name: int(value) for name, value in facts.items() if isinstance(value, int)}
    assert all(map(_WORD.fullmatch, counts))
    others = {"other_runs": len(runs) - len(known)} if len(runs) > len(known) else {}
    return {**counts, **({"runs": known} if known else {}), **others}


def _write(
    county: Path, log: Log, what: str, tables: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> str:
    line: Line = {
        "format": FORMAT,
        "step": len(log.lines) + 1,
        "at": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "by": _user(),
        "what": what,
        "tables": list(tables),
        "facts": dict(facts),
        "previous": log.last_hash,
    }
    text = _text({**line, "seal": seal_of(line)})
    path = county / FILE
    with replaced_file(path) as aside, aside.open("wb") as file:
        file.write(b"".join(one + b"\n" for one in (*log.lines, text)))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(county)
    return line_hash(text)


def _text(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
