"""Merging entries into a county's tables: only ever added to, the same however often it is done.

decisions.csv            every entry that can be used, once by its entry_id
outcomes.csv             a row for each outcome among them
decisions_conflicts.csv  `same_id`: an entry_id that came again with other content, which is not taken
                         over; `differs`: what people decided differently, which is
decisions_rejected.csv   what cannot be used, and why

log.jsonl                what was done, line by line (carescreen.countylog)

Each file is replaced whole, and what an import adds to one follows from its input and the decisions
alone: an import that was killed is completed by doing it again.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path

from carescreen import countylog
from carescreen.cells import guarded
from carescreen.decisions import COLUMNS, REQUIRED, is_misread
from carescreen.decisions_file import Row, locked, read_rows, replace_rows
from carescreen.entries import FIELDS, Entry, moment_text, read_exchange, writable
from carescreen.entries_known import Known, known_of
from carescreen.entries_workbook import read_workbook
from carescreen.errors import UsageError
from carescreen.fields import RESULTS
from carescreen.rules import RulePack

DECISIONS, OUTCOMES = "decisions.csv", "outcomes.csv"
CONFLICTS, REJECTED = "decisions_conflicts.csv", "decisions_rejected.csv"
OUTCOME_COLUMNS = (
    *("child_id", "outcome_date", "result", "visit_id", "assessed_by", "basis"),
    *("selected_by", "selection_probability", "run_id", "recorded_at"),
)
CONFLICT_COLUMNS = ("kind", *COLUMNS, "file", "row")
REJECTED_COLUMNS = ("problem", "file", "row", *FIELDS, "recorded_at", "raw")
SAMPLED_OF = 10  # one in so many misread notes is looked at by somebody else

_DATES = frozenset({"decided_at", "review_on", "visited_on"})
_SAME_OUTCOME = ("child_id", "outcome_date", "result", "visit_id", "assessed_by", "run_id")
_CHOSEN = ("selected_by", "selection_probability")
_WHERE_AND_WHEN = frozenset({"file", "row", "recorded_at"})
_STANCES = {"override": "up", "agree": "as it is", "lower": "down", "close": "down"}

Position = tuple[str, str]


@dataclass(frozen=True)
class ImportReport:
    """What an import did, in counts of entries; it names nobody.

    read       entries in the files, of which
    added      are new rows of decisions.csv,
    known      were there already (in the county, or twice in the files),
    conflicts  have an entry_id that is there with other content, and
    rejected   cannot be used; `problems` says why and how often
    differs    children of one run, among those in the files, about whom people decided differently
    outcomes   new rows of outcomes.csv
    misread    added closings of misread notes; `sampled` of them are marked for review
    total      rows of decisions.csv now
    unlisted   entries whose place is neither on a list that was given nor, as one of the lists before
               it, in its positions.csv
    """

    read: int
    added: int
    known: int
    conflicts: int
    problems: Mapping[str, int]
    differs: int
    outcomes: int
    misread: int
    sampled: int
    total: int
    unlisted: int

    @property
    def rejected(self) -> int:
        """How many entries cannot be used."""
        return sum(self.problems.values())


def import_entries(
    files: Iterable[str | Path],
    county: str | Path,
    *,
    lists: Sequence[str | Path] = (),
    pack: str | Path | RulePack | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """Add the entries of exchange files and returned workbooks to a county's folder.

    lists  folders that `rank` wrote: they say in which tier a child stood, and how it was chosen,
           also on the lists that were there before (positions.csv).
           And that `plan` wrote: where there is one, it chose who was visited
    pack   names rules and note concepts; that of the lists, else cn-rural, where it is not given
    now    when they are entered; no decision may be of a later day

    Nothing is written where a file as a whole cannot be read (UsageError), the county cannot
    (CaseloadError), or one of its files cannot be added to (OutputError).
    """
    county = Path(county)
    entries = [entry for file in files for entry in read_entries(Path(file))]
    with locked(county):  # also while it is read: another import would change tables meanwhile
        known = known_of(county, [Path(folder) for folder in lists], pack)
        return _import(entries, county, known, now or datetime.now())


def read_entries(path: Path) -> list[Entry]:
    """The entries of an exchange file or a workbook, whatever its name; UsageError as they give."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    is_json = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    looks_like_book = start.startswith((b"PK", b"\xd0\xcf")) or path.suffix.casefold() == ".xlsx"
    return read_workbook(path) if looks_like_book and not is_json else read_exchange(path)


def is_sampled(entry_id: str) -> bool:
    """Whether a misread note is among the tenth that somebody else looks at."""
    digest = hashlib.sha256(f"review:{entry_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % SAMPLED_OF == 0


@dataclass(repr=False)  # its values are records
class _Merge:
    """What becomes of entries: new rows, and what is not taken over, with where each stood."""

    rows: list[Row]
    added: list[Row]
    conflicts: list[Row]
    rejected: list[Row]
    known: int = 0


def _import(entries: Sequence[Entry], county: Path, known: Known, now: datetime) -> ImportReport:
    files = {
        name: read_rows(county / name, required, Path(name).stem)
        for name, required in (
            (DECISIONS, REQUIRED),
            (OUTCOMES, OUTCOME_COLUMNS[:3]),
            (CONFLICTS, _without_later(CONFLICT_COLUMNS)),
            (REJECTED, _without_later(REJECTED_COLUMNS)),
        )
    }
    countylog.complete(county)
    merge = _merge(entries, files[DECISIONS][0], known, now)
    differing = list(_differing(merge.rows))
    conflicts = [*merge.conflicts, *(_conflict("differs", row) for row in differing)]
    _add(county / REJECTED, files[REJECTED], merge.rejected, REJECTED_COLUMNS)
    _add(county / CONFLICTS, files[CONFLICTS], conflicts, CONFLICT_COLUMNS)
    if merge.added:
        replace_rows(county / DECISIONS, _with(files[DECISIONS][1], COLUMNS), merge.rows)
    before = len(files[OUTCOMES][0])
    outcomes = _with_outcomes(files[OUTCOMES][0], merge.rows, known)
    if outcomes is not None:
        replace_rows(county / OUTCOMES, _with(files[OUTCOMES][1], OUTCOME_COLUMNS), outcomes)
    countylog.append(county, "import", _facts(merge))
    misread = [row for row in merge.added if is_misread(row)]
    touched = {(entry.values["run_id"], entry.values["child_id"]) for entry in entries}
    return ImportReport(
        read=len(entries),
        added=len(merge.added),
        known=merge.known,
        conflicts=len(merge.conflicts),
        problems=Counter(row["problem"] for row in merge.rejected),
        differs=len({_about(row) for row in differing} & touched),
        outcomes=len(outcomes) - before if outcomes is not None else 0,
        misread=len(misread),
        sampled=sum(row["sampled_for_review"] == "yes" for row in misread),
        total=len(merge.rows),
        unlisted=sum(not known.is_answer(entry) for entry in entries),
    )


def _facts(merge: _Merge) -> countylog.Facts:
    """What the log says of an import: how many, and which runs were answered."""
    return {
        "added": len(merge.added),
        "conflicts": len(merge.conflicts),
        "rejected": len(merge.rejected),
        "runs": [row["run_id"] for row in merge.added],
    }


def _merge(entries: Sequence[Entry], rows: Sequence[Row], known: Known, now: datetime) -> _Merge:
    there: dict[str, Mapping[str, str]] = {
        row["entry_id"]: row for row in rows if row.get("entry_id")
    }
    merge = _Merge(list(rows), [], [], [])
    stamp = now.isoformat(sep=" ", timespec="seconds")
    for entry in entries:
        values = known.named(entry)
        earlier = there.get(values["entry_id"])
        if not entry.fault and earlier is not None and _is_same(earlier, values):
            merge.known += 1
            continue
        fault = known.fault_of(entry, now)
        row = {**values, "recorded_at": stamp, "file": entry.file, "row": str(entry.place)}
        if fault:
            merge.rejected.append({**row, "problem": fault, "raw": entry.raw})
        elif earlier is not None:
            merge.conflicts.append(_conflict("same_id", row))
        else:
            there[values["entry_id"]] = values
            row["sampled_for_review"] = (
                "yes" if is_misread(values) and is_sampled(values["entry_id"]) else ""
            )
            merge.added.append(row)
            merge.rows.append(row)
    return merge


def _is_same(earlier: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Whether a row says what an entry says; a spreadsheet may have written its dates anew."""
    return all(
        earlier.get(name, "") == values[name]
        or (name in _DATES and moment_text(earlier.get(name, "")) == moment_text(values[name]))
        for name in FIELDS
    )


def _conflict(kind: str, row: Mapping[str, str]) -> Row:
    return {**row, "kind": kind}


def _with(columns: Sequence[str], ours: Sequence[str]) -> list[str]:
    return [*columns, *(name for name in ours if name not in columns)]


def _add(
    path: Path, there: tuple[list[Row], list[str]], more: Iterable[Row], names: Sequence[str]
) -> None:
    """Add rows that a file has not got yet, whatever file they came from and when."""
    rows, columns = there
    what = [name for name in names if name not in _WHERE_AND_WHEN]
    seen = {tuple(row.get(name, "") for name in what) for row in rows}
    before = len(rows)
    for row in more:
        shown = {name: _as_text(row.get(name, "")) for name in names}
        content = tuple(shown[name] for name in what)
        if content not in seen:
            seen.add(content)
            rows.append(shown)
    if len(rows) > before:
        replace_rows(path, _with(columns, names), rows)


def _without_later(names: Sequence[str]) -> list[str]:
    """The columns without those that a file from before there were such entries lacks."""
    return [name for name in names if name != "other_child_id"]


def _as_text(value: str) -> str:
    """A cell that people open in a spreadsheet: never a formula, nothing that cannot be written."""
    return guarded(writable(value))


# --- who differs ---------------------------------------------------------------------------------


def _differing(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows in which two people decided differently about the same child and rule in one run.

    A tier raised against one held too high or a concern closed, and a concern agreed with against
    one closed; an entry that names no rule is about the child as a whole, and so about each. And
    outcomes of one visit, confirmed against not confirmed.
    """
    by_child: dict[tuple[str, str], list[tuple[Position, str, Row]]] = defaultdict(list)
    for row in rows:
        position = _position(row)
        if position and row.get("run_id"):
            by_child[_about(row)].append((position, row["decided_by"].casefold(), row))
    for stood in by_child.values():
        yield from _differing_of_one(stood)


def _differing_of_one(stood: Sequence[tuple[Position, str, Row]]) -> Iterator[Row]:
    people: dict[Position, set[str]] = defaultdict(set)
    for position, who, _row in stood:
        people[position].add(who)
    against: dict[Position, set[str]] = defaultdict(set)
    for one, other in combinations(people, 2):
        if _differ(one, other):
            against[one] |= people[other]
            against[other] |= people[one]
    for position, who, row in stood:
        if against[position] - {who}:
            yield row


def _about(row: Mapping[str, str]) -> tuple[str, str]:
    return row.get("run_id", ""), row["child_id"]


def _position(row: Mapping[str, str]) -> Position | None:
    """(what a row is about, what it holds of it); None where it holds nothing to differ about."""
    if row["decision"] == "outcome":
        told = row.get("result") in ("confirmed", "not_confirmed")
        return (f"outcome {row.get('visit_id', '')}", row["result"]) if told else None
    stance = _STANCES.get(row["decision"])
    concept = row.get("concept")
    about = row.get("rule") or (f"note {concept}" if concept else "")
    return (about, stance) if stance else None


def _differ(one: Position, other: Position) -> bool:
    if one[0] == other[0]:
        return one[1] != other[1]
    return "" in (one[0], other[0]) and {one[1], other[1]} == {"up", "down"}


# --- outcomes ------------------------------------------------------------------------------------


def _with_outcomes(rows: Sequence[Row], decisions: Sequence[Row], known: Known) -> list[Row] | None:
    """The outcomes with those among the decisions, and how their children were chosen where that
    was blank; None where nothing changes.
    """
    found = [dict(row) for row in rows]
    place = {_outcome_key(row): row for row in found}
    for decision in decisions:
        if decision["decision"] != "outcome" or decision.get("result") not in RESULTS:
            continue
        row = _outcome(decision)
        if _outcome_key(row) not in place:
            place[_outcome_key(row)] = row
            found.append(row)
        row = place[_outcome_key(row)]
        seat = known.seat_of(row)
        if seat is not None and not any(row.get(name) for name in _CHOSEN):
            row.update({name: getattr(seat, name) for name in _CHOSEN})
    return found if found != list(rows) else None


def _outcome_key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in _SAME_OUTCOME)


def _outcome(decision: Mapping[str, str]) -> Row:
    visited = decision.get("visited_on", "")
    return {
        "child_id": decision["child_id"],
        "outcome_date": visited or decision["decided_at"][:10],
        "result": decision.get("result", ""),
        "visit_id": decision.get("visit_id", ""),
        "assessed_by": decision["decided_by"],
        "basis": "visit" if visited or decision.get("visit_id") else "",
        "selected_by": "",
        "selection_probability": "",
        "run_id": decision.get("run_id", ""),
        "recorded_at": decision.get("recorded_at", ""),
    }
