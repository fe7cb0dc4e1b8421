"""What the parts of record texts share: dates and visits as JSON, what is hidden, how lists grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal

import numpy as np

from carescreen.block import Days
from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import FollowUps
from carescreen.recordtexts_template import Forms, id_texts, json_bytes
from carescreen.sheet import Ints

Side = Literal["full", "public"]  # whole records, or redacted ones

NULL, TRUE, FALSE = b"null", b"true", b"false"
_NO_DAY = np.datetime64("NaT", "D").astype(np.int64)


class _DayTexts(dict[int, bytes]):
    """The JSON of a day by its number."""

    def __missing__(self, number: int) -> bytes:
        text = json_bytes(str(np.datetime64(number, "D"))) if number != _NO_DAY else NULL
        self[number] = text
        return text


class Shared:
    """A block, its follow-ups, and the JSON of its dates and visits."""

    def __init__(self, engine: Engine, found: FollowUps) -> None:
        self.engine, self.found = engine, found
        self.cases, self.block, self.n = found.cases, found.cases.block, found.cases.n
        self._days = _DayTexts()

    def days(self, days: Days) -> list[bytes]:
        """Days as JSON, null where none is known."""
        assert days.dtype == np.dtype("datetime64[D]")
        texts = self._days
        return [texts[number] for number in days.astype(np.int64).tolist()]

    @cached_property
    def visit_ids(self) -> list[bytes]:
        """The visit_id of each row of the wordings as JSON."""
        return id_texts(self.block.wordings.rows["visit_id"].tolist())

    @property
    def visits(self) -> int:
        """How many rows of the wordings are of visits as they stand; earlier ones follow."""
        return len(self.block.visits)


class HiddenWords:
    """What sensitive entries name, and so is hidden in the other entries of the same record."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._hidden: dict[str, BoolArray] = {}

    def hide(self, words: Iterable[str], children: Ints | BoolArray) -> None:
        """Hide words in the records of some children."""
        for word in words:
            if word not in self._hidden:
                self._hidden[word] = np.zeros(self._n, dtype=bool)
            self._hidden[word][children] = True

    def covers(self, words: Iterable[str]) -> BoolArray | None:
        """bool[n], for whom one of the words is hidden; None for nobody."""
        found = [self._hidden[word] for word in words if word in self._hidden]
        if not found:
            return None
        covered = np.logical_or.reduce(found)
        return covered if covered.any() else None

    def in_form(self, forms: Forms, children: Ints) -> BoolArray | None:
        """For which of some children an entry is written in its hidden form; None for none of them."""
        if forms.sensitive:
            return np.ones(len(children), dtype=bool)
        covered = self.covers(forms.words)
        if covered is None:
            return None
        own = covered[children]
        return own if own.any() else None


def flags(values: BoolArray) -> list[bytes]:
    """Truths as JSON."""
    return [TRUE if value else FALSE for value in values.tolist()]


def append(texts: list[bytes], children: Sequence[int], entries: Sequence[bytes]) -> None:
    """Put an entry behind what the list of each child has."""
    own = defaultdict[int, list[bytes]](list)  # a child can have very many
    for child, entry in zip(children, entries, strict=True):
        own[child].append(entry)
    for child, found in own.items():
        before = texts[child]
        texts[child] = b",".join([before, *found] if before else found)
