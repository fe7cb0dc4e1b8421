"""Counts of visits by the week in which they became known: columns filled, notes, mentions, writers.

A count has one entry a week, the newest first: week 0 is the as-of date and the six days before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Block, known_at, to_days
from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import FollowUps
from carescreen.holding import STATUSES
from carescreen.profile_bins import Tally, labelled
from carescreen.sheet import Ints, is_none, numbered

WEEKS = 13
# Lower ends of the lengths that notes are counted by, in characters.
LENGTHS = (1, 10, 20, 40, 80, 160)
LANGUAGES = ("zh", "en", "mixed", "none")


_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{3}")
_NO_WEEK = -1


def count_visits(engine: Engine, found: FollowUps) -> Tally:
    """Counts by week of the visits and outcomes of a block that became known in the last WEEKS weeks."""
    block = found.cases.block
    weeks = _weeks(block.visit_known_at, engine.as_of)
    lengths, languages = _notes(block, weeks)
    count = _Counter(weeks)
    seen = block.visits["child_seen"]
    tally: Tally = {
        ("visits", "made"): count.of(weeks >= 0),
        ("visits", "seen"): count.of(seen == 1),
        ("visits", "with_note"): count.of(lengths > 0),
    }
    places = np.searchsorted(LENGTHS, lengths, side="right") - 1
    for place, length in enumerate(LENGTHS):
        tally["length", str(length)] = count.of(places == place)
    for code, language in enumerate(LANGUAGES):
        tally["language", language] = count.of(languages == code)
    return {
        **tally,
        **_columns(engine, block, count),
        **_mentions(engine, found, weeks),
        **_writers(block, weeks, lengths),
        **_outcomes(engine, block),
    }


class _Counter:
    """Counts rows by their week."""

    def __init__(self, weeks: Ints) -> None:
        self.weeks, self.recent = weeks, weeks >= 0

    def of(self, has: BoolArray) -> NDArray[np.int64]:
        """How many rows of each week have it."""
        return np.bincount(self.weeks[self.recent & has], minlength=WEEKS)


def _weeks(known: NDArray[np.datetime64], as_of: np.datetime64) -> Ints:
    """The week of each row, 0 the newest; -1 where it is older than WEEKS weeks, or has no date."""
    days = (as_of.astype("datetime64[D]") - to_days(known)).astype(np.int64)
    is_recent = ~np.isnat(known) & (days >= 0) & (days < 7 * WEEKS)
    return np.where(is_recent, days // 7, _NO_WEEK)


def _notes(block: Block, weeks: Ints) -> tuple[Ints, Ints]:
    """Characters of each recent visit's note, 0 for none, and the place of its language."""
    notes = block.visits["note"]
    lengths, languages = (np.full(len(notes), fill, dtype=np.int64) for fill in (0, -1))
    rows = np.flatnonzero((weeks >= 0) & ~is_none(notes))
    stripped = [text.strip() for text in notes[rows].tolist()]
    lengths[rows] = [len(text) for text in stripped]
    languages[rows] = [language_of(text) if text else -1 for text in stripped]
    return lengths, languages


def language_of(text: str) -> int:
    """The place in LANGUAGES of what a note that says something is written in."""
    has_han, has_word = _HAN.search(text), _WORD.search(text)
    if has_han:
        return 2 if has_word else 0
    return 1 if has_word else 3


def _columns(engine: Engine, block: Block, count: _Counter) -> Tally:
    """How many visits fill each column of the form, and with what."""
    tally: Tally = {}
    rows = np.flatnonzero(count.recent)  # a few of all visits
    recent = _Counter(count.weeks[rows])
    for name in block.visits:
        indicator = engine.rules.indicators.get(name)
        if indicator is None:
            continue
        values = block.visits[name][rows]
        filled = _filled(values)
        tally["filled", name] = recent.of(filled)
        for word, has in labelled(indicator, values, filled):
            tally["given", name, word] = recent.of(has)
    return tally


def _filled(values: NDArray[Any]) -> BoolArray:
    """Which cells of a checked column hold a value: words None, dates NaT, numbers NaN, codes -1."""
    if values.dtype.kind == "O":
        return ~is_none(values)
    if values.dtype.kind == "M":
        return np.asarray(~np.isnat(values))
    found: BoolArray = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    return found


def _mentions(engine: Engine, found: FollowUps, weeks: Ints) -> Tally:
    """In how many visits' notes each concept stands with each status."""
    mentions, names = found.mentions, engine.kit.concepts.names
    own = ~mentions.reached & (mentions.visit < len(weeks))
    visit = mentions.visit[own]
    week = weeks[visit]
    kinds = mentions.concept[own].astype(np.int64) * len(STATUSES) + mentions.status[own]
    keys = np.unique((visit * len(names) * len(STATUSES) + kinds)[week >= 0])
    visit, kinds = np.divmod(keys, max(len(names) * len(STATUSES), 1))
    table = np.zeros((len(names) * len(STATUSES), WEEKS), dtype=np.int64)
    np.add.at(table, (kinds, weeks[visit]), 1)
    return {
        ("mention", names[kind // len(STATUSES)], STATUSES[kind % len(STATUSES)]): table[kind]
        for kind in np.flatnonzero(table.any(axis=1)).tolist()
    }


def _writers(block: Block, weeks: Ints, lengths: Ints) -> Tally:
    """Of each caseworker and village: visits, those with a note, and how long their notes are.

    `log_length` sums the logarithms of lengths in thousandths, `log_length_2` their squares: integers,
    so that sums do not hang on the order of blocks.
    """
    children = block.children
    by_child = children["caseworker_id"][block.visit_child]
    own = block.visits["caseworker_id"]
    names = {
        "worker": np.where(is_none(own), by_child, own),
        "village": children["village_id"][block.visit_child],
    }
    logs = np.rint(1000 * np.log(np.maximum(lengths, 1))).astype(np.int64)
    noted = (lengths > 0).astype(np.int64)
    sums = {
        "visits": np.ones(len(weeks), dtype=np.int64),
        "with_note": noted,
        "log_length": logs * noted,
        "log_length_2": logs**2 * noted,
    }
    tally: Tally = {}
    for level, ids in names.items():
        number, known = numbered(ids)
        rows = np.flatnonzero((number >= 0) & (weeks >= 0))
        for what, amount in sums.items():
            table = np.zeros((len(known), WEEKS), dtype=np.int64)
            np.add.at(table, (number[rows], weeks[rows]), amount[rows])
            tally |= {
                (level, str(name), what): line
                for name, line, has in zip(
                    known, table, np.any(table, axis=1).tolist(), strict=True
                )
                if has
            }
    return tally


def _outcomes(engine: Engine, block: Block) -> Tally:
    """How many outcomes of each result became known in each week."""
    rows = block.outcomes
    if not len(rows):
        return {}
    count = _Counter(_weeks(known_at(rows["outcome_date"], rows["recorded_at"]), engine.as_of))
    return dict(_by_word("outcome", rows["result"], count))


def _by_word(
    what: str, words: NDArray[np.object_], count: _Counter
) -> Iterator[tuple[tuple[str, ...], NDArray[np.int64]]]:
    for word in sorted({word for word in words.tolist() if word is not None}):
        yield (what, str(word)), count.of(words == word)
