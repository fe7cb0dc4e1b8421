"""What is said in so many words is raised, whatever learned weights make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from carescreen.lexicon import STATUSES
from carescreen.notes import NoteReader
from carescreen.yamlfile import read_yaml

ROWS = read_yaml(Path(__file__).with_name("plain_statements.yaml")).data
RAISED = ("affirmed", "suspected")


@pytest.fixture(scope="module", params=["cn-rural", "international"])
def reader(request: pytest.FixtureRequest) -> NoteReader:
    return NoteReader.load(request.param)


def test_plain_statements_are_raised(reader: NoteReader) -> None:
    found = reader.find([row["text"] for row in ROWS])
    raised = {
        (note, found.concepts[concept])
        for note, concept, status in zip(found.note, found.concept, found.status, strict=True)
        if STATUSES[status] in RAISED
    }
    missed = [row for at, row in enumerate(ROWS) if (at, row["concept"]) not in raised]
    assert missed == []
