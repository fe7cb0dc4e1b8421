"""An example of how a phrase is used that quotes nobody: only words that many workers write around it.

A person who reviews phrases must see what they are about, and may not be shown a child's note. So the
phrase grows by one character or word at a time, as long as the whole of it stands in notes of many
workers; it never grows into what a rule takes for a name or a place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from carescreen.ngrams import CHARACTER_LENGTHS
from carescreen.phrase_names import KeptOut, language_of

LONGEST = {"zh": 12, "en": 8}  # characters, words

_HAN = re.compile(r"[\u3400-\u9fff]+")
_WORDS = re.compile(r"[^\u3400-\u9fff\n。！？；，.!?;,]+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

Place = tuple[int, Sequence[str], int, int]  # worker, tokens of a run, first, beyond the last


def context_of(
    phrase: str,
    notes: Iterable[object],
    workers: NDArray[np.int64],
    least: int,
    rules: KeptOut,
) -> str:
    """A phrase with the words around it that at least `least` workers write; "" where there are none.

    notes: texts that hold the phrase; workers: whose each is. Dots stand where it breaks off.
    """
    language = language_of(phrase)
    joint = "" if language == "zh" else " "
    held = tuple(phrase) if language == "zh" else tuple(phrase.split())
    places = list(_places(held, notes, workers, _Runs(language, rules)))
    while len(held) < LONGEST[language]:
        grown = _grown(held, places, least)
        if grown is None:
            break
        held, places = grown
    text = joint.join(held)
    return "" if text == phrase else f"…{text}…"


def _places(
    held: tuple[str, ...], notes: Iterable[object], workers: NDArray[np.int64], runs: _Runs
) -> Iterator[Place]:
    for note, worker in zip(notes, workers.tolist(), strict=True):
        for run in runs.of(str(note).lower()):
            for start in range(len(run) - len(held) + 1):
                if tuple(run[start : start + len(held)]) == held:
                    yield worker, run, start, start + len(held)


class _Runs:
    """The parts of a note that an example may be made of: no name and no place is in them."""

    def __init__(self, language: str, rules: KeptOut) -> None:
        self.language, self.rules = language, rules
        self.known: dict[str, bool] = {}

    def of(self, note: str) -> Iterator[list[str]]:
        """Characters or words that stand side by side in one part of a sentence."""
        is_chinese = self.language == "zh"
        for part in (_HAN if is_chinese else _WORDS).findall(note):
            tokens = list(part) if is_chinese else _WORD.findall(part)
            names = self._names(tokens, CHARACTER_LENGTHS if is_chinese else (1,))
            for is_name, run in groupby(range(len(tokens)), key=names.__getitem__):
                if not is_name:
                    yield [tokens[place] for place in run]

    def _names(self, tokens: list[str], lengths: Sequence[int]) -> list[bool]:
        """Which tokens are part of what names somebody or somewhere."""
        names = [False] * len(tokens)
        for length in lengths:
            for start in range(len(tokens) - length + 1):
                text = "".join(tokens[start : start + length])
                inner = any(self._is_name(part) for part in (text[1:], text[:-1]) if length > 1)
                if self._is_name(text) and not inner:
                    names[start : start + length] = [True] * length
        return names

    def _is_name(self, text: str) -> bool:
        if text not in self.known:
            self.known[text] = self.rules.names_someone(text) is not None
        return self.known[text]


def _grown(
    held: tuple[str, ...], places: list[Place], least: int
) -> tuple[tuple[str, ...], list[Place]] | None:
    """The phrase with the one neighbour that most workers write, and where it stands then."""
    writers: Counter[tuple[int, str]] = Counter()
    for side, token, _worker in {
        (side, token, place[0]) for place in places for side, token in _neighbours(place)
    }:
        writers[side, token] += 1
    if not writers:
        return None
    (side, token), count = min(writers.items(), key=lambda item: (-item[1], item[0]))
    if count < least:
        return None
    kept = [
        (worker, run, first - (side == 0), end + (side == 1))
        for worker, run, first, end in places
        if (side, token) in _neighbours((worker, run, first, end))
    ]
    return ((token, *held) if side == 0 else (*held, token)), kept


def _neighbours(place: Place) -> list[tuple[int, str]]:
    """What stands before (0) and behind (1) a place in its run."""
    _worker, run, first, end = place
    before = [(0, run[first - 1])] if first else []
    return before + ([(1, run[end])] if end < len(run) else [])
