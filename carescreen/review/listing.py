"""The records a list may show, the groups it is cut into, and writing its file in one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from carescreen.errors import OutputError
from carescreen.review.info import GroupBy, ListInfo
from carescreen.review.reading import Record
from carescreen.review.redaction import redact


@dataclass(frozen=True)
class Group:
    """The records of one caseworker, or of one village, in the ranking's order."""

    kind: Literal["caseworker", "village", "none"]
    name: str
    records: tuple[Record, ...]


def permitted(records: Sequence[Record], info: ListInfo) -> list[Record]:
    """The records as this list may show them: redacted unless it says that it holds quotes."""
    return list(records) if info.quotes else [redact(record) for record in records]


def groups(records: Sequence[Record], by: GroupBy) -> list[Group]:
    """Cut records into groups by name; without a caseworker the village is the group."""
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        found.setdefault(_group_of(record, by), []).append(record)
    order = ("caseworker", "village", "none")
    keys = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return [Group(kind, name, tuple(found[kind, name])) for kind, name in keys]  # type: ignore[arg-type]


def _group_of(record: Record, by: GroupBy) -> tuple[str, str]:
    kinds = ("caseworker", "village") if by == "caseworker" else ("village",)
    for kind in kinds:
        name = record.get(f"{kind}_id")
        if name:
            return kind, str(name)
    return "none", ""


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; it takes `path`'s place only if the block succeeds."""
    aside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        aside.touch(exist_ok=False)
    except OSError as error:
        raise OutputError(f"cannot write in the folder {path.parent}: {error.strerror}") from None
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    finally:
        aside.unlink(missing_ok=True)
