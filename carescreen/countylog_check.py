"""Whether a county's log is whole, and its tables begin with the rows that the log knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carescreen.caseload_folder import table_file
from carescreen.countylog import (
    ADDED,
    BEGUN,
    CHANGED,
    FILE,
    FORMAT,
    FOUND,
    GENESIS,
    REWRITTEN,
    Line,
    Log,
    TableState,
    hashes,
    line_hash,
    parsed,
    read_log,
    seal_of,
    states_of,
    table_rows,
)
from carescreen.errors import LogFault, UsageError
from carescreen.fields import TABLES
from carescreen.results import file_digests, read_run


@dataclass(frozen=True)
class LogReport:
    """A log that is whole.

    last_hash  of the last line: kept elsewhere, it shows later that these steps are still the same
    unknown    rows of each table that no step knows yet
    found      rows of each table that a step found there, which came by other means
    begun      tables of which a step began to change earlier rows and none says that it did
    elsewhere  tables of the log that the county's mapping reads from another file
    """

    steps: int
    first_at: str
    last_at: str
    last_hash: str
    unknown: Mapping[str, int]
    found: Mapping[str, int]
    begun: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True)
class _Step:
    number: int
    line: Line

    @property
    def name(self) -> str:
        """A step as a person finds it in the file."""
        return f"step {self.line.get('step')} ({self.line.get('what')}, {str(self.line.get('at'))[:19]})"


def check_log(county: Path, kept: str = "") -> LogReport:
    """Check the chain and the tables of a county; LogFault names the first step that does not fit.

    `kept` is a hash that was kept elsewhere: of the line that was the last one then. UsageError
    where there is no log, OutputError where a table cannot be read.
    """
    log = read_log(county)
    if not log.lines:
        raise UsageError(
            f"{county} has no {FILE}: `decisions import` and `decisions close` write it"
        )
    steps = [_Step(number, parsed(line)) for number, line in enumerate(log.lines, start=1)]
    _require_chain(steps, log.lines)
    if kept and kept not in map(line_hash, log.lines):
        raise LogFault(f"no step of {county / FILE} has the hash that was kept")
    try:
        return _report(county, steps, log)
    except (KeyError, TypeError, ValueError):
        raise LogFault(f"a line of {county / FILE} is not as carescreen writes it") from None


def _report(county: Path, steps: Sequence[_Step], log: Log) -> LogReport:
    unknown = _require_tables(county, steps)
    return LogReport(
        steps=len(steps),
        first_at=str(steps[0].line["at"])[:19],
        last_at=str(steps[-1].line["at"])[:19],
        last_hash=log.last_hash,
        unknown=unknown,
        found=_found(steps),
        begun=tuple(name for name, state in log.tables.items() if state.how == BEGUN),
        elsewhere=tuple(name for name in log.tables if _is_read_elsewhere(county, name)),
    )


def _is_read_elsewhere(county: Path, name: str) -> bool:
    """Whether a ranking of the county reads a table of the log from another file."""
    table = name.removesuffix(".csv")
    if table not in TABLES:
        return False
    path, _ = table_file(county, table)
    return path is not None and path.name != name


def _require_chain(steps: Sequence[_Step], lines: Sequence[bytes]) -> None:
    previous = GENESIS
    for step, line in zip(steps, lines, strict=True):
        if step.line.get("format") != FORMAT or step.line.get("seal") != seal_of(step.line):
            raise LogFault(f"line {step.number} of {FILE} was changed after it was written")
        if step.line.get("previous") != previous or step.line.get("step") != step.number:
            raise LogFault(
                f"{step.name} does not follow the line before it: a line was removed, put in, "
                "moved or written anew"
            )
        previous = line_hash(line)


def _require_tables(county: Path, steps: Sequence[_Step]) -> dict[str, int]:
    """How many rows of each table the log does not know; LogFault at the first step that fails."""
    unknown, faults = {}, []
    for name in dict.fromkeys(name for step in steps for name in states_of(step.line)):
        known = [
            (step, states_of(step.line)[name]) for step in steps if name in states_of(step.line)
        ]
        rows = table_rows(county, name)
        found = list(_faults(name, known, rows, (county / name).exists()))
        faults += found
        if not found and len(rows) > known[-1][1].rows:
            unknown[name] = len(rows) - known[-1][1].rows
    if faults:
        raise LogFault(min(faults)[1])
    return unknown


def _faults(
    name: str,
    known: Sequence[tuple[_Step, TableState]],
    rows: Sequence[dict[str, str]],
    there: bool,
) -> Iterator[tuple[int, str]]:
    """(number, sentence) of each step that does not fit a table, in their order.

    A step that changed earlier rows on purpose begins the table anew: those before it say nothing.
    """
    for step, state in known:
        if state.how == CHANGED:
            yield step.number, f"{step.name} found {name} changed by something else than carescreen"
    starts = [place for place, (_, state) in enumerate(known) if state.how in (REWRITTEN, BEGUN)]
    known = known[starts[-1] :] if starts else known
    if known[-1][1].how == BEGUN:
        return
    counts = [state.rows for _, state in known]
    before = 0
    for (step, state), found in zip(known, hashes(name, rows, counts), strict=True):
        if found != state.sha256:
            what = f"rows {before + 1:,} to {state.rows:,} are not as they were then"
            if not there:
                what = "the file is gone"
            elif not found:
                what = f"it has {len(rows):,} rows and had {state.rows:,}"
            yield (
                step.number,
                f"{step.name} does not fit {name}: {what}; a row was changed, removed or moved",
            )
        before = state.rows


def _found(steps: Sequence[_Step]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in steps:
        for entry in step.line["tables"] if step.line["what"] == FOUND else ():
            if entry["how"] == ADDED:
                count = entry["after"] - entry["before"]
                found[entry["name"]] = found.get(entry["name"], 0) + count
    return found


def list_against(county: Path, lists: Path) -> tuple[str, list[str]]:
    """(run id, files of the county that changed since a list was made, or came or went).

    LogFault where the list was made beside another log: of the log, the list keeps a hash of the
    lines that it had then. UsageError where `lists` holds no run.
    """
    run = read_run(lists)
    then, now = dict(run.get("inputs", {})), file_digests(county)
    logged = then.pop(FILE, None)
    now.pop(FILE, None)
    if logged is not None and logged not in _log_digests(county):
        raise LogFault(f"the log is not the one that list {run['run_id']} was made beside")
    names = sorted({*then, *now})
    return str(run["run_id"]), [name for name in names if then.get(name) != now.get(name)]


def _log_digests(county: Path) -> Iterator[str]:
    """The hash of the log's file as it was after each step."""
    total = hashlib.sha256()
    for line in read_log(county).lines:
        total.update(line + b"\n")
        yield total.copy().hexdigest()
