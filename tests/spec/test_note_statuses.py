"""The statuses of notes as a table that a person can read: note_statuses.yaml, its reference.

Every row gives all mentions of its note. Rows that the reader still gets wrong stand apart and must
stay wrong, so that an improvement moves them into the table.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from carescreen.lexicon import STATUSES
from carescreen.notes import NoteReader
from carescreen.yamlfile import read_yaml

TABLE = read_yaml(Path(__file__).with_name("note_statuses.yaml")).data
ROWS: list[dict[str, Any]] = TABLE["rows"]
MISSES: list[dict[str, Any]] = TABLE["known_misses"]
Mention = tuple[str, str, str]


@pytest.fixture(scope="module")
def reader() -> NoteReader:
    return NoteReader.load("base")


def wanted(row: dict[str, Any]) -> list[Mention]:
    return [(said["concept"], said["status"], said["words"]) for said in row["says"]]


def found(reader: NoteReader, note: str) -> list[Mention]:
    mentions = reader.read([note])
    return [
        (row.concept, row.status, note[row.start : row.end])
        for row in mentions.itertuples(index=False)
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_note_says_what_the_table_says(reader: NoteReader, row: dict[str, Any]) -> None:
    assert found(reader, row["note"]) == wanted(row)


@pytest.mark.parametrize("row", MISSES, ids=lambda row: row["name"])
def test_known_miss_is_still_missed(reader: NoteReader, row: dict[str, Any]) -> None:
    assert found(reader, row["note"]) != wanted(row), "it is right now: move the row to the table"


def test_the_table_has_every_status_in_both_languages() -> None:
    seen = Counter((said["status"], row["note"].isascii()) for row in ROWS for said in row["says"])
    assert set(seen) == {(status, english) for status in STATUSES for english in (True, False)}


def test_names_and_notes_stand_once_and_the_table_is_long() -> None:
    names = [row["name"] for row in ROWS + MISSES]
    notes = [row["note"] for row in ROWS + MISSES]
    assert len(names) == len(set(names))
    assert len(notes) == len(set(notes))
    assert len(ROWS) >= 60
