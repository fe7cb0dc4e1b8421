"""Entries that come back: what one person recorded, from the exchange file of a page or of Python.

An exchange file is UTF-8 JSON

    {"format": "carescreen-decisions/1", "made_at": "...", "run_id": "...", "entries": [{...}, ...]}

whose entries are objects of texts named as in FIELDS; what is not said is "" or left out. A file that
is not of this form is refused as a whole, before anything is written. An entry that is wrong in
itself stays with the words that say what is wrong, so that an import can set it aside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from carescreen.checks import check_times
from carescreen.decisions import Decision, fault_of
from carescreen.errors import UsageError, did_you_mean
from carescreen.fields import ENTRY_FIELDS, ENTRY_FORMAT
from carescreen.results_place import replaced_file
from carescreen.sheet import objects

FORMAT, FIELDS = ENTRY_FORMAT, ENTRY_FIELDS
LARGEST_BYTES = 100_000_000
_LATER_FIELDS = (
    "other_child_id",
)  # blank they change no entry_id made before there was such a field
LONGEST_TEXT = 10_000  # characters of one field

_ENTRY_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ZONE = re.compile(r":\d{2}(\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})\Z", re.IGNORECASE)
_NOT_WRITTEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, repr=False)  # its values are records
class Entry:
    """One entry as it stands in a file.

    file, place  the name of the file, and the entry's number or row in it as a person counts it
    values       trimmed text by field; decided_at as 2026-11-03 14:05:00 where it could be read
    fault        what is wrong with it, without a value of it; "" where nothing is
    raw          the entry as it came, where `values` does not hold all of it
    listed_tier  the tier in which the workbook showed the child; "" where that is not known
    """

    file: str
    place: int
    values: Mapping[str, str]
    fault: str = ""
    raw: str = ""
    listed_tier: str = ""

    def __repr__(self) -> str:
        """Its place only: a record must not reach a log or a traceback."""
        return f"Entry({self.file}, {self.place})"


def entry_of(file: str, place: int, values: Mapping[str, str], **more: str) -> Entry:
    """An entry of plain texts by field, trimmed and checked as far as it can be by itself."""
    known = {name: _plain(values.get(name, "")) for name in FIELDS}
    known["entry_id"] = known["entry_id"].lower()
    known["decided_at"] = moment_text(known["decided_at"]) or known["decided_at"]
    return Entry(file, place, known, fault=more.pop("fault", "") or _fault(known), **more)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _fault(values: Mapping[str, str]) -> str:
    if not _ENTRY_ID.fullmatch(values["entry_id"]):
        return "entry_id is not 32 hex digits"
    for name in FIELDS:
        if _NOT_WRITTEN.search(values[name]):
            return f"{name} holds a character that no text may hold"
        if len(values[name]) > LONGEST_TEXT:
            return f"{name} is longer than {LONGEST_TEXT:,} characters"
    if not values["decided_at"]:
        return "decided_at is missing"
    if not moment_text(values["decided_at"]):
        return "decided_at is not a date such as 2026-11-03 14:05:00"
    return fault_of(values)


def moment_text(text: str) -> str:
    """A date with an optional local time as 2026-11-03 14:05:00; "" where it is none.

    A time with a zone is refused: as a local one it would be hours off.

    >>> moment_text("2026年11月3日"), moment_text("tomorrow"), moment_text("2026-11-03T14:05:00Z")
    ('2026-11-03 00:00:00', '', '')
    """
    is_read = text and not _ZONE.search(text)
    moment = check_times(objects([text])).values[0].astype(datetime) if is_read else None
    return moment.isoformat(sep=" ", timespec="seconds") if moment else ""


def writable(text: str) -> str:
    """A text as a CSV can hold it, characters that none may hold replaced."""
    return _NOT_WRITTEN.sub("\ufffd", text)


# --- the exchange file ---------------------------------------------------------------------------


def read_exchange(path: Path) -> list[Entry]:
    """The entries of an exchange file, in its order; UsageError where the file is not one."""
    data = _exchange(path)
    return [
        _read_entry(path.name, number, value, data["run_id"])
        for number, value in enumerate(data["entries"], start=1)
    ]


def _exchange(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(
                f"{path} is larger than any file of decisions ({LARGEST_BYTES:,} bytes); nothing was "
                "imported"
            )
        data = json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_object)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        if path.suffix.casefold() == ".csv":
            raise UsageError(
                f"{path} is a CSV, and a CSV of the list has no columns for decisions. Nothing was "
                "imported; give the page's decisions-*.json or the filled-in list.xlsx"
            ) from None
        raise UsageError(
            f"{path} is not a whole JSON file in UTF-8: it was cut off or changed on its way. Nothing "
            "was imported; export it again from the page"
        ) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UsageError(
            f"{path} is not a file of decisions: wanted the format {FORMAT}, as a page exports it. "
            "Nothing was imported"
        )
    if not (isinstance(data.get("run_id"), str) and isinstance(data.get("entries"), list)):
        raise UsageError(
            f"{path} has no run_id as a text or no list of entries; nothing was imported"
        )
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _read_entry(file: str, number: int, value: Any, run_id: str) -> Entry:
    if not isinstance(value, dict):
        return entry_of(file, number, {}, fault="not an object of texts", raw=_raw(value))
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    values = {**texts, "run_id": texts.get("run_id") or run_id}
    unknown = [name for name in value if name not in FIELDS]
    if unknown:
        hint = did_you_mean(unknown[0], FIELDS)
        fault = f"a field that no entry has{hint}"
        return entry_of(file, number, values, fault=fault, raw=_raw(value))
    wrong = next((name for name in FIELDS if name in value and name not in texts), None)
    if wrong:
        return entry_of(file, number, values, fault=f"{wrong} is not a text", raw=_raw(value))
    entry = entry_of(file, number, values)
    is_whole = all(entry.values[name] == text for name, text in values.items())
    return entry if is_whole else entry_of(file, number, values, raw=_raw(value))


def _raw(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_entries(path: str | Path, entries: Iterable[Decision], run_id: str) -> Path:
    """Write decisions as an exchange file and give its path.

    `path` is a file whose name ends in .json, or a folder (made where it is not there) in which the
    file is named decisions-<run_id>-<time>.json. A decision without an entry_id gets one made of its
    content, so that writing it again makes no second one.
    """
    now = datetime.now()
    path = Path(path)
    if path.suffix.casefold() != ".json":
        run = re.sub(r"[^\w-]", "_", run_id)
        path = path / f"decisions-{run}-{now:%Y%m%d-%H%M%S}.json"
    data = {
        "format": FORMAT,
        "made_at": now.isoformat(sep=" ", timespec="seconds"),
        "run_id": run_id,
        "entries": [_written(decision, run_id) for decision in entries],
    }
    text = json.dumps(data, ensure_ascii=False, indent=1)
    with replaced_file(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")
    return path


def _written(decision: Decision, run_id: str) -> dict[str, str]:
    row = decision.row()
    values = {name: row[name] for name in FIELDS} | {"run_id": row["run_id"] or run_id}
    said = [values[name] for name in FIELDS[1:] if values[name] or name not in _LATER_FIELDS]
    values["entry_id"] = values["entry_id"] or content_id(*said)
    return values


def content_id(*parts: str) -> str:
    """An entry_id made of what was recorded: the first 32 hex digits of its SHA-256.

    >>> content_id("run-1", "C1", "agree", "2026-11-03", "W1", "")
    '53bef2322745b57178aec8fda10fac6f'
    """
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:32]
