"""Learned phrases of a note column: which n-grams a note holds, and what each one weighs.

Chinese has no spaces, so its phrases are runs of 2 to 4 characters; English ones are single words,
pairs of neighbours and the beginnings of longer words ("frac*" for fracture and fractured). A phrase
counts once a note, however often it is repeated. Weights are integers in millionths of a log-odds,
so the phrases' contributions add up exactly. A line's end ends a phrase: several notes of one child,
one below the other, hold what each of them holds.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MAX_PHRASES = 2_000
MIN_NOTES = 3  # a phrase of fewer notes tells about those notes, not about risk
CANDIDATES = 20_000
CHARACTER_LENGTHS = (2, 3, 4)
BEGINNINGS = (4, 5)  # letters of a word's beginning: long enough to mean something
SHORT = 12  # phrases of a note that says as much as a longer one
MICRO = 1_000_000

_RUNS = re.compile(r"(?P<han>[\u3400-\u9fff]+)|(?P<word>[a-z]+(?:'[a-z]+)?)|(?P<end>\n)")


def note_phrases(note: str) -> set[str]:
    """The distinct phrases of one note, in lower case; figures and signs are no phrase.

    >>> sorted(note_phrases("Left ALONE, 没人管"))
    ['alon*', 'alone', 'left', 'left alone', '人管', '没人', '没人管']
    """
    found: set[str] = set()
    previous = ""
    for match in _RUNS.finditer(note.lower()):
        run = match.group()
        if match.lastgroup == "han":
            previous = ""
            for length in CHARACTER_LENGTHS:
                found.update(run[at : at + length] for at in range(len(run) - length + 1))
            continue
        if run == "\n":
            previous = ""
            continue
        found.add(run)
        found.update(f"{run[:length]}*" for length in BEGINNINGS if len(run) > length)
        if previous:
            found.add(f"{previous} {run}")
        previous = run
    return found


def phrase_spans(note: str, wanted: Collection[str]) -> dict[str, tuple[int, int]]:
    """Where each wanted phrase that a note holds stands first: offsets in code points, end exclusive.

    >>> phrase_spans("Left ALONE, 没人管", {"left alone", "人管", "hungry"})
    {'left alone': (0, 10), '人管': (13, 15)}
    """
    found: dict[str, tuple[int, int]] = {}
    for phrase, start, end in _placed(note.lower()):
        if phrase in wanted:
            found.setdefault(phrase, (start, end))
    if len(note.lower()) == len(note):
        return found
    at = [place for place, letter in enumerate(note) for _ in letter.lower()]  # İ becomes two
    return {phrase: (at[start], at[end - 1] + 1) for phrase, (start, end) in found.items()}


def _placed(lowered: str) -> Iterator[tuple[str, int, int]]:
    """What `note_phrases` finds, with where it stands, as often as it does."""
    before: re.Match[str] | None = None
    for match in _RUNS.finditer(lowered):
        run, start = match.group(), match.start()
        if match.lastgroup == "han":
            for at in range(len(run)):
                for length in CHARACTER_LENGTHS:
                    if at + length <= len(run):
                        yield run[at : at + length], start + at, start + at + length
        elif match.lastgroup == "word":
            yield run, start, match.end()
            for length in BEGINNINGS:
                if len(run) > length:
                    yield f"{run[:length]}*", start, match.end()
            if before is not None:
                yield f"{before.group()} {run}", before.start(), match.end()
        before = match if match.lastgroup == "word" else None


@dataclass(frozen=True)
class PhraseTable:
    """Weights of phrases, millionths of a log-odds; a blank note scores 0.

    shared: in a note with n of the phrases each adds its weight divided by the square root of n
    (of SHORT, if n is less), so that a long note says as much, a priori, as one of SHORT phrases and
    a word alone says less; else each adds its whole weight. error: standard error, millionths, of
    what a note of SHORT or more phrases adds. cap: all phrases of a note together add at most that
    and take away at most that; what is too much is cut from the phrases of that sign in
    proportion, so that they still add up.
    """

    weights: Mapping[str, int] = field(default_factory=dict)
    shared: bool = False
    error: int = 0
    cap: int | None = None

    def score_micro(self, notes: pd.Series) -> NDArray[np.int64]:
        """Sum of what the phrases found add, within the cap, int64[n]."""
        sums = (sum(self._adds(note).values()) for note in notes)
        total = np.fromiter(sums, dtype=np.int64, count=len(notes))
        return total if self.cap is None else total.clip(-self.cap, self.cap)

    def contributions(self, notes: pd.Series) -> pd.DataFrame:
        """One row per phrase found: `row` (the note's index label), `phrase`, `micro`."""
        found = [
            (label, phrase, micro)
            for label, note in zip(notes.index, notes, strict=True)
            for phrase, micro in self.shares(note).items()
        ]
        return pd.DataFrame(found, columns=["row", "phrase", "micro"])

    def shares(self, note: object) -> dict[str, int]:
        """What each phrase of one note adds once the cap is kept, by phrase in their order."""
        adds = self._adds(note)
        held = sorted(adds)
        return dict(zip(held, capped([adds[phrase] for phrase in held], self.cap), strict=True))

    def variance_micro(self, notes: pd.Series) -> NDArray[np.int64]:
        """Variance of what each note adds, int64[n], millionths of a log-odds squared."""
        full = self.error**2
        if not full:
            return np.zeros(len(notes), dtype=np.int64)
        sums = (full * min(len(self._adds(note)), SHORT) // SHORT for note in notes)
        return np.fromiter(sums, dtype=np.int64, count=len(notes))

    def without(self, struck: Collection[str]) -> PhraseTable:
        """The table without some phrases, such as those that a person struck."""
        kept = {text: micro for text, micro in self.weights.items() if text not in struck}
        return replace(self, weights=kept)

    def _adds(self, note: object) -> dict[str, int]:
        """What each phrase of a note adds before the cap."""
        if not isinstance(note, str) or not self.weights:
            return {}
        held = self._known & note_phrases(note)
        if not self.shared:
            return {phrase: self.weights[phrase] for phrase in held}
        share = part_of(len(held))
        return {phrase: (self.weights[phrase] * share + MICRO // 2) // MICRO for phrase in held}

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.weights)


def part_of(held: int) -> int:
    """Millionths of its weight that each of a note's `held` phrases adds when they share."""
    return round(MICRO / math.sqrt(max(held, SHORT)))


def capped(points: Sequence[int], cap: int | None) -> list[int]:
    """Points whose sum lies within -cap and cap: the excess is cut in proportion, in whole units.

    Only points of the sum's sign are cut, none beyond 0. Units left over by rounding down go to the
    largest remainders, the earlier first, so the same points always give the same result.

    >>> capped([300, 400, -100], 500), capped([1, 1, 1], 2), capped([300], None)
    ([257, 343, -100], [0, 1, 1], [300])
    """
    total = sum(points)
    if cap is None or abs(total) <= cap:
        return list(points)
    sign, excess = (1 if total > 0 else -1), abs(total) - cap
    sizes = [max(point * sign, 0) for point in points]
    whole = sum(sizes)
    cuts = [excess * size // whole for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda place: -(excess * sizes[place] % whole))
    for place in by_remainder[: excess - sum(cuts)]:
        cuts[place] += 1
    return [point - sign * cut for point, cut in zip(points, cuts, strict=True)]


def candidate_phrases(notes: Iterable[object], beginnings: bool = True) -> list[str]:
    """Phrases of at least MIN_NOTES notes, the most frequent CANDIDATES of them, sorted; without
    `beginnings` whole words only."""
    counts: Counter[str] = Counter()
    for note in notes:
        if isinstance(note, str):
            counts.update(note_phrases(note))
    kept = [
        (-count, phrase)
        for phrase, count in counts.items()
        if count >= MIN_NOTES and (beginnings or not phrase.endswith("*"))
    ]
    return sorted(phrase for _, phrase in sorted(kept)[:CANDIDATES])


def phrase_positions(
    notes: Iterable[object], phrases: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which phrases each note holds, as the `indptr` and `indices` of a sparse 0/1 matrix."""
    index = {phrase: position for position, phrase in enumerate(phrases)}
    known = index.keys()
    held: list[list[int]] = [
        sorted(index[phrase] for phrase in known & note_phrases(note))
        if isinstance(note, str)
        else []
        for note in notes
    ]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in held], dtype=np.int64)])
    return starts, np.array([place for row in held for place in row], dtype=np.int64)
