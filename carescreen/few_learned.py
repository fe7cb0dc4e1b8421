"""The learned part of a note reader for few, short notes: what `grams` and `learned` give of many.

Each gram is looked up in a dictionary. Sums of weights are integers, exact in any order; what follows
from them is worked out step by step as `learned` does, so that every score is the same to the bit.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carescreen.few_words import HAN, WORD_CHARACTERS, WORDS, Page
from carescreen.gramindex import MOST_LETTERS
from carescreen.grams import HAN_LENGTHS, MOST_HAN, MOST_LATIN, STEMS
from carescreen.learned import (
    ACROSS,
    LEAST,
    NEXT_TO,
    OWN,
    SECOND,
    SIDE_WEIGHT,
    LearnedTable,
)
from carescreen.lexicon import STATUSES
from carescreen.normalise import join

_HAN = re.compile(f"[{HAN}]")
_CHINESE = re.compile(f"[{HAN}0]+")
_DIGITS = str.maketrans("123456789", "0" * 9)
_CHINESE_LANGUAGE = "zh"
_SIDES = ((0, 0, SIDE_WEIGHT[0]), (1, -1, SIDE_WEIGHT[1]), (2, 1, SIDE_WEIGHT[2]))


class Clause(NamedTuple):
    """A row of `grams.Clauses`; `language` is the position in the table's, -1 for none."""

    start: int
    end: int
    note: int
    sentence: int
    is_han: bool
    language: int


class Gram(NamedTuple):
    """A gram of the table in a text: its row, and where it stands."""

    row: int
    start: int
    end: int


_Placed = tuple[list[Gram], list[tuple[int, int]]]


@dataclass(frozen=True, repr=False)  # its text is a record
class FewRead:
    """A page's clauses, scored (see `learned.Read`): `sums` (clauses, concepts), exact integers."""

    text: str  # folded, every digit as 0
    clauses: list[Clause]
    ends: list[int]
    rows: list[list[int]]  # of the grams of each clause that the table knows
    number: list[int]  # of all grams of each clause
    root: list[float]
    sums: NDArray[np.float64]
    placed: dict[int, _Placed] = field(default_factory=dict)  # of clauses that were asked about


class FewLearned:
    """A learned table's grams in dictionaries: of Chinese clauses and of others."""

    def __init__(self, learned: LearnedTable) -> None:
        self._learned = learned
        self._weights = learned.weights
        self._language = {table.language: at for at, table in enumerate(learned.languages)}
        self._chinese, self._chinese_words, self._english = _filed(learned)
        self.slack: list[float] = self._weights.slack.tolist()
        self._bias = self._weights.bias
        self._threshold = self._weights.threshold

    def read(self, page: Page) -> FewRead | None:
        """The clauses of a page, scored; None where it has none."""
        clauses = self._clauses(page)
        if not clauses:
            return None
        text = page.text.translate(_DIGITS)
        rows: list[list[int]] = []
        number: list[int] = []
        for clause in clauses:
            if clause.is_han:
                found, count = _chinese_rows(self._chinese.get, text, clause)
                rows.append(found)
                number.append(count)
            else:
                rows.append([])
                number.append(0)
        self._add_words(text, clauses, rows, number)
        share = _shares(clauses)
        size = [
            sum([of * of * count for of, count in zip(row, number, strict=True) if of])
            for row in share
        ]
        every = np.array([row for found in rows for row in found], np.int64)
        weighed = self._weights.about.take(every, axis=0).astype(np.float64)
        counts = np.array([len(found) for found in rows], np.int64)
        each = np.array(share, np.float64).repeat(counts, axis=1)
        return FewRead(
            text,
            clauses,
            [clause.end for clause in clauses],
            rows,
            number,
            [sqrt(max(of, LEAST)) for of in size],
            each @ weighed,
        )

    def over(self, read: FewRead) -> list[tuple[int, int, float]]:
        """Column, clause and margin wherever a clause is over a threshold without a phrase."""
        language = np.array([clause.language for clause in read.clauses])
        margin = read.sums / np.array(read.root)[:, None]
        margin += self._bias.take(language, axis=0, mode="wrap")
        margin -= self._threshold.take(language, axis=0, mode="wrap")
        column, clause = (margin.T >= 0).nonzero()
        height = margin[clause, column].tolist()
        return list(zip(column.tolist(), clause.tolist(), height, strict=True))

    def score(self, read: FewRead, clause: int, column: int) -> float:
        """The score of a clause for a concept, without what a phrase adds."""
        bias = float(self._bias[read.clauses[clause].language, column])
        return float(read.sums[clause, column]) / read.root[clause] + bias

    def margin_with_phrase(self, read: FewRead, clause: int, column: int) -> float:
        """How far a clause is above a concept's threshold, a phrase counted in."""
        place = read.clauses[clause].language, column
        score = self.score(read, clause, column) + float(self._weights.phrase[place])
        return score - float(self._threshold[place])

    def alone(self, read: FewRead, clause: int, column: int, start: int, end: int) -> float:
        """The score that a span of a clause would have as a note of its own, without a phrase."""
        known, spans = self._placed(read, clause)
        number = sum(start <= begin and until <= end for begin, until in spans)
        rows = [gram.row for gram in known if start <= gram.start and gram.end <= end]
        total = float(self._weights.about[rows, column].astype(np.float64).sum()) * OWN
        bias = float(self._bias[read.clauses[clause].language, column])
        return total / sqrt(max(number * OWN**2, LEAST)) + bias

    def core(
        self, read: FewRead, clause: int, column: int, share: float = 0.7
    ) -> tuple[int, int] | None:
        """From where to where the grams stand that carry a concept in a clause."""
        known, _ = self._placed(read, clause)
        rows = np.array([gram.row for gram in known], np.int64)
        about = self._weights.about[rows, column].astype(np.float64)
        return _strong(known, (about - self._weights.any.take(rows)).tolist(), share)

    def core_of_status(self, read: FewRead, clause: int, status: int) -> tuple[int, int] | None:
        """The same of what says a status of a mention in the clause."""
        known, _ = self._placed(read, clause)
        weights = self._stated([gram.row for gram in known])[:, status].tolist()
        return _strong(known, weights, 0.99)

    def totals(
        self, read: FewRead, clause: int, column: int, said: int, sums: dict[int, list[float]]
    ) -> list[float] | None:
        """What speaks for each status of a mention that the cues give `said`; None without a table.

        `sums` keeps what the grams of a clause weigh.
        """
        language = read.clauses[clause].language
        if language < 0:
            return None
        weights = self._weights
        total: list[float] = (
            weights.status_bias[language] + weights.by_cue[language, said]
        ).tolist()
        if column >= 0:
            about = weights.by_concept[language, column].tolist()
            total = [one + other for one, other in zip(total, about, strict=True)]
        for side, step, part in _SIDES:
            other = clause + step
            if not 0 <= other < len(read.clauses):
                continue
            if read.clauses[other].note != read.clauses[clause].note:
                continue
            if other not in sums:
                sums[other] = self._stated(read.rows[other]).sum(axis=0, dtype=np.float64).tolist()
            root = sqrt(max(read.number[other], 1))
            own = sums[other][side * len(STATUSES) : (side + 1) * len(STATUSES)]
            total = [one + weight / root * part for one, weight in zip(total, own, strict=True)]
        return total

    def own_words(self, read: FewRead, clause: int, start: int, end: int) -> list[float]:
        """The part of `totals` that comes from grams which share characters with a span."""
        known, _ = self._placed(read, clause)
        own = [gram.row for gram in known if gram.start < end and gram.end > start]
        found = self._stated(own)[:, : len(STATUSES)].sum(axis=0, dtype=np.float64)
        return (found / sqrt(max(read.number[clause], 1))).tolist()  # type: ignore[no-any-return]

    def _stated(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """What grams weigh for statuses, (grams, sides x statuses)."""
        row = self._weights.stated_row.take(np.array(rows, np.int64))
        stated = np.zeros((len(rows), self._weights.stated.shape[1]))
        speaks = (row >= 0).nonzero()[0]
        stated[speaks] = self._weights.stated.take(row.take(speaks), axis=0)
        return stated

    def _clauses(self, page: Page) -> list[Clause]:
        text, first = page.text, 0
        spans = []
        for cut in (*page.cuts, len(text)):
            if cut > first and (span := _trimmed(text, first, cut)):
                spans.append(span)
            first = cut + 1
        if any(end - start > MOST_HAN for start, end in spans):
            spans = list(_cut(text, spans))
        chinese, english = self._language.get("zh", -1), self._language.get("en", -1)
        found = []
        for start, end in spans:
            is_han = _HAN.search(text, start, end) is not None
            found.append(
                Clause(
                    start,
                    end,
                    bisect_right(page.starts, start) - 1,
                    bisect_left(page.hard, start),
                    is_han,
                    chinese if is_han else english,
                )
            )
        return found

    def _add_words(
        self, text: str, clauses: Sequence[Clause], rows: list[list[int]], number: list[int]
    ) -> None:
        """Add the rows of the grams of words to each clause's, and how many there are."""
        starts = [clause.start for clause in clauses]
        row_of, last, before, further = self._english.get, -1, "", ""
        for found in WORDS.finditer(text):
            at, word = bisect_right(starts, found.start()) - 1, _key_of(found.group())
            if clauses[at].is_han:
                number[at] += 1
                if (row := self._chinese_words.get(word)) is not None:
                    rows[at].append(row)
                continue
            if at != last:
                last, before, further = at, "", ""
            asked = [word]
            if before:
                asked.append(f"{before} {word}")
                if further:
                    asked.append(f"{further} {before} {word}")
            asked += [f"{word[:letters]}*" for letters in STEMS if len(word) > letters]
            number[at] += len(asked)
            rows[at] += [row for row in map(row_of, asked) if row is not None]
            before, further = word, before

    def _placed(self, read: FewRead, at: int) -> _Placed:
        """The grams of one clause that the table knows, and where each that it has stands."""
        if at not in read.placed:
            read.placed[at] = self._places(read, at)
        return read.placed[at]

    def _places(self, read: FewRead, at: int) -> _Placed:
        known: list[Gram] = []
        spans: list[tuple[int, int]] = []
        clause = read.clauses[at]
        starts = [each.start for each in read.clauses]

        def see(rows: Mapping[str, int], key: str, start: int, end: int) -> None:
            spans.append((start, end))
            if (row := rows.get(key)) is not None:
                known.append(Gram(row, start, end))

        if clause.is_han:
            for start, gram in _chinese_grams(read.text, clause):
                see(self._chinese, gram, start, start + len(gram))
        before: list[tuple[str, int]] = []
        for found in WORDS.finditer(read.text, 0, len(read.text)):
            start, end = found.span()
            if bisect_right(starts, start) - 1 != at:
                continue
            word = _key_of(found.group())
            if clause.is_han:
                see(self._chinese_words, word, start, end)
                continue
            before.append((word, start))
            for of in range(1, min(3, len(before)) + 1):
                key = " ".join(each for each, _ in before[-of:])
                see(self._english, key, before[-of][1], end)
            for letters in STEMS:
                if end - start > letters:
                    see(self._english, f"{word[:letters]}*", start, start + letters)
        return known, spans


def _chinese_rows(
    row_of: Callable[[str], int | None], text: str, clause: Clause
) -> tuple[list[int], int]:
    """The rows of a clause's grams of Chinese characters, and how many grams it has in all."""
    rows: list[int] = []
    number = 0
    for run in _CHINESE.findall(text, clause.start, clause.end):
        grams: Sequence[str] = run
        for length in HAN_LENGTHS:
            if length > 1:
                grams = list(map(add, grams, run[length - 1 :]))
            number += len(grams)
            if "0" in run:
                number -= sum(gram == "0" * length for gram in grams)
            rows += [row for row in map(row_of, grams) if row is not None]
    return rows, number


def _chinese_grams(text: str, clause: Clause) -> Iterator[tuple[int, str]]:
    """Where grams of Chinese characters stand in a clause, and each; figures alone are none."""
    for found in _CHINESE.finditer(text, clause.start, clause.end):
        first, last = found.span()
        for length in HAN_LENGTHS:
            for at in range(first, last - length + 1):
                gram = text[at : at + length]
                if gram != "0" * length:
                    yield at, gram


def _key_of(word: str) -> str:
    """A word as `gramindex` tells it from others: by its first letters and its length."""
    return word if len(word) <= MOST_LETTERS else f"{word[:MOST_LETTERS]}*{len(word)}"


def _filed(learned: LearnedTable) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """The row of each gram, by what is asked for: characters, words of Chinese clauses, the others."""
    every = [
        (table.language == _CHINESE_LANGUAGE, gram)
        for table in learned.languages
        for gram in table.grams
    ]
    found = join([gram for _, gram in every])
    text = found.codes.tobytes().decode("utf-16-le", "surrogatepass").translate(_DIGITS)
    chinese: dict[str, int] = {}
    chinese_words: dict[str, int] = {}
    english: dict[str, int] = {}
    places = pairwise(found.starts.tolist())
    for row, ((is_chinese, _), (start, stop)) in enumerate(zip(every, places, strict=True)):
        gram = text[start : stop - 1]
        if _HAN.search(gram):
            if is_chinese and len(gram) in HAN_LENGTHS:
                _file(chinese, gram, row, len(gram) == 1)
            continue
        words = [_key_of(word) for word in WORDS.findall(gram)]
        if words and gram.endswith("*"):
            if not is_chinese and len(words[0]) in STEMS:
                _file(english, f"{words[0]}*", row, False)
        elif len(words) == 1:
            _file(chinese_words if is_chinese else english, words[0], row, True)
        elif 1 < len(words) <= 3 and not is_chinese:
            _file(english, " ".join(words), row, False)
    return chinese, chinese_words, english


def _file(rows: dict[str, int], key: str, row: int, last: bool) -> None:
    """Of grams that are one to `gramindex`, it has the last where they are short, else the first."""
    if last or key not in rows:
        rows[key] = row


def _is_solid(character: str) -> bool:
    return (
        character in WORD_CHARACTERS or "\u3400" <= character <= "\u9fff" or character >= "\ud800"
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A clause without the blanks and signs around it; None where it has nothing else."""
    while start < end and not _is_solid(text[start]):
        start += 1
    while end > start and not _is_solid(text[end - 1]):
        end -= 1
    return (start, end) if start < end else None


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Clauses cut where they are too long."""
    cut = []
    for start, end in spans:
        most = MOST_HAN if _HAN.match(text, start) else MOST_LATIN
        for begin in range(start, end, most):
            if span := _trimmed(text, begin, min(begin + most, end)):
                cut.append(span)
    return cut


def _shares(clauses: Sequence[Clause]) -> list[list[int]]:
    """How much each clause counts for each: its own row, the columns those around it."""
    size = len(clauses)
    share = [[0] * size for _ in clauses]
    for at, clause in enumerate(clauses):
        share[at][at] = OWN
        for step in (1, 2):
            if at + step >= size:
                break
            other = clauses[at + step]
            if other.note != clause.note:
                break
            same = other.sentence == clause.sentence
            if step == 2 and not same:
                break
            share[at][at + step] = share[at + step][at] = (
                SECOND if step == 2 else NEXT_TO if same else ACROSS
            )
    return share


def _strong(
    grams: Sequence[Gram], weights: Sequence[float], share: float
) -> tuple[int, int] | None:
    """The stretch of the grams of at least `share` of the heaviest one's weight."""
    most = share * max(weights, default=0.0)
    strong = [
        gram for gram, weight in zip(grams, weights, strict=True) if weight > 0 and weight >= most
    ]
    if not strong:
        return None
    return min(gram.start for gram in strong), max(gram.end for gram in strong)
