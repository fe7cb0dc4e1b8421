"""The learned part of a note reader: weights of grams, summed over a clause and the clauses around it.

    models/<reader>/reader.json   settings: concepts, statuses, thresholds; integers
    models/<reader>/<lang>.tsv    a gram a line, with what it weighs for which concept or status
    models/<reader>/CARD.md       where it comes from, and how well it reads

A concept is mentioned in a clause when the clause's own grams, those of the clauses around it and
the pack's phrases in it together pass the concept's threshold. The status of a mention adds the
grams of its clause, of the one before and the one after, and what the pack's cues say. Weights are
integers, thousandths of a log-odds, so that sums are exact in any order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # no stubs

from carescreen.errors import ModelError
from carescreen.grams import Clauses, Grams, Keys, find_clauses, find_grams, keys_of
from carescreen.lexicon import LANGUAGES, STATUSES
from carescreen.normalise import Positions, Text
from carescreen.scan import expand

FORMAT = "carescreen-reader/1"
SETTINGS_FILE = "reader.json"
# How much a clause counts by where it stands: itself, its neighbours in the same sentence, those two
# away in the same sentence, a neighbour in another sentence.
OWN, NEXT_TO, SECOND, ACROSS = 20, 14, 5, 4
LEAST = 12 * OWN * OWN  # grams that a clause counts as at least: a short one is not sure by that
ANY = "any"
SIDES = ("here", "before", "after")  # clauses whose grams speak of a mention's status
SIDE_WEIGHT = (1.0, 0.5, 0.5)
MILLI = 1000
FEW_GRAMS = 4_000  # under which a dense sum is faster
_SLOTS = 18  # bits of the look-up table's size

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LanguageTable:
    """What one language's grams weigh, and when a clause mentions a concept.

    `grams` are as written in the table; row i of (`first`, `count`) gives where its entries stand in
    `column` and `weight`. Columns are the concepts, then ANY, then the statuses of each of SIDES. What
    a gram weighs for ANY counts for every concept: that a clause is about a concern at all.
    `bias`, `phrase` and `threshold` have one integer a concept; `status_bias` one a status; `by_cue`
    (what the cues say, status) what the pack's cues weigh.
    """

    language: str
    grams: tuple[str, ...]
    count: Ints
    column: Ints
    weight: Ints
    bias: Ints
    phrase: Ints
    threshold: Ints
    slack: int
    status_bias: Ints
    by_cue: Ints


@dataclass(frozen=True)
class Read:
    """A text's clauses with the sums of their grams.

    `row` is each gram's in the table, -1 for one it has not; `score` (clauses, concepts) in
    thousandths of a log-odds, without what phrases add; `held` is what statuses are summed from: a
    sparse count of the table's grams a clause, or the sums themselves; `number` counts all grams.
    """

    clauses: Clauses
    grams: Grams
    row: Positions
    score: Floats
    held: Any
    number: Ints


class LearnedTable:
    """The tables of all languages of a reader, prepared for look-up.

    `concepts` are the reader's own; a pack's concept that it does not know is never found by it.
    """

    def __init__(
        self, name: str, concepts: Sequence[str], languages: Sequence[LanguageTable]
    ) -> None:
        self.name = name
        self.concepts = tuple(concepts)
        self.languages = tuple(languages)
        self.first_status = len(self.concepts) + 1
        self.columns = self.first_status + len(SIDES) * len(STATUSES)
        self._of = {table.language: number for number, table in enumerate(self.languages)}
        parts = [keys_of(table.grams) for table in self.languages]
        # A gram of English letters may stand in both tables: the language is part of its key.
        keys = np.concatenate(
            [
                _of_language(part, table.language)
                for part, table in zip(parts, languages, strict=True)
            ]
        )
        self._index = _KeyIndex(keys)
        self._count = np.concatenate([table.count for table in self.languages])
        self._first = self._count.cumsum() - self._count
        self._column = np.concatenate([table.column for table in self.languages])
        self._weight = np.concatenate([table.weight for table in self.languages]).astype(np.float64)
        self._status_bias = np.stack([t.status_bias for t in self.languages]).astype(np.float64)
        self._by_cue = np.stack([t.by_cue for t in self.languages]).astype(np.float64)
        entries = np.append(self._first, self._column.size)
        whole = csr_matrix((self._weight, self._column, entries), (self.size, self.columns))
        self._about = whole[:, : self.first_status].tocsr()
        self._stated = whole[:, self.first_status :].tocsr()

    @property
    def size(self) -> int:
        """How many grams it weighs."""
        return int(self._count.size)

    def language_of(self, clauses: Clauses) -> Ints:
        """The position in `languages` of each clause: Chinese where it has a Chinese character."""
        chinese, english = self._of.get("zh", -1), self._of.get("en", -1)
        return np.where(clauses.is_han, chinese, english)

    def read(self, text: Text) -> Read:
        """The clauses of a text, scored."""
        clauses = find_clauses(text)
        grams = find_grams(text.codes, clauses)
        chinese = clauses.is_han.take(grams.clause) if clauses.size else np.zeros(0, np.bool_)
        row = self._index.find(np.where(chinese, grams.key, grams.key ^ _ENGLISH))
        found = np.flatnonzero(row >= 0)
        place = grams.clause.take(found), row.take(found)
        number = np.bincount(grams.clause, minlength=clauses.size)
        about, held = self._sums(*place, clauses.size)
        mixed, size = _with_neighbours(about, number, clauses)
        mixed = mixed[:, :-1] + mixed[:, -1:]
        score = mixed / np.sqrt(np.maximum(size, LEAST))[:, None] + self._per(clauses, "bias")
        return Read(clauses, grams, row, score, held, number)

    def thresholds(self, clauses: Clauses) -> Floats:
        """The score from which each clause mentions each concept, (clauses, concepts)."""
        return self._per(clauses, "threshold")

    def phrase_points(self, clauses: Clauses) -> Floats:
        """What a phrase of the pack adds to the score, (clauses, concepts)."""
        return self._per(clauses, "phrase")

    def slack(self, clauses: Clauses) -> Floats:
        """How much what stands around a phrase may speak against it, (clauses,)."""
        per = np.array([*(table.slack for table in self.languages), 0], np.float64)
        return per.take(self.language_of(clauses))

    def statuses(self, read: Read, clause: Positions, by_cue: NDArray[np.int8]) -> NDArray[np.int8]:
        """The status code of mentions in `clause`, of which the cues say `by_cue`."""
        clauses = read.clauses
        if not clause.size:
            return np.zeros(0, np.int8)
        language = self.language_of(clauses).take(clause)
        total = self._status_bias[language] + self._by_cue[language, by_cue]
        others = np.clip(clause + np.array([[0], [-1], [1]]), 0, clauses.size - 1)
        needed, place = np.unique(others, return_inverse=True)
        sums = self._stated_sums(read.held, needed)
        sums /= np.sqrt(np.maximum(read.number.take(needed), 1))[:, None]
        sums = sums[place.reshape(others.shape)]  # (sides, mentions, sides x statuses)
        same = clauses.note.take(others) == clauses.note.take(clause)
        same[1:] &= others[1:] != clause
        width = len(STATUSES)
        for side, share in enumerate(SIDE_WEIGHT):
            own = sums[side, :, side * width : (side + 1) * width] * share
            total += np.where(same[side][:, None], own, 0.0)
        # In a language without a table the cues alone decide.
        return np.where(language < 0, by_cue, total.argmax(axis=1)).astype(np.int8)

    def core(
        self, read: Read, clause: Positions, column: Positions, share: float = 0.7
    ) -> tuple[Positions, Positions]:
        """From where to where the grams stand that carry a concept or status in a clause.

        Those of at least `share` of the heaviest one's weight; -1 where none carries it.
        """
        if not clause.size:
            return clause, clause
        owner, gram = _grams_of(read, clause)
        known = np.flatnonzero(read.row.take(gram) >= 0)
        owner, gram = owner.take(known), gram.take(known)
        weight = self._weights(read.row.take(gram), column.take(owner))
        most = np.zeros(clause.size)
        np.maximum.at(most, owner, weight)
        strong = np.flatnonzero((weight >= share * most.take(owner)) & (weight > 0))
        begin, until = np.full(clause.size, np.iinfo(np.int64).max), np.full(clause.size, -1)
        np.minimum.at(begin, owner.take(strong), read.grams.start.take(gram.take(strong)))
        np.maximum.at(until, owner.take(strong), read.grams.end.take(gram.take(strong)))
        has = until >= 0
        return np.where(has, begin, -1), until

    def alone(
        self, read: Read, clause: Positions, column: Positions, start: Positions, end: Positions
    ) -> Floats:
        """The score that spans of clauses would have as notes of their own, without a phrase's points."""
        owner, gram = _grams_of(read, clause)
        inside = np.flatnonzero(
            (read.grams.start.take(gram) >= start.take(owner))
            & (read.grams.end.take(gram) <= end.take(owner))
        )
        owner, gram = owner.take(inside), gram.take(inside)
        number = np.bincount(owner, minlength=clause.size)
        known = np.flatnonzero(read.row.take(gram) >= 0)
        owner, row = owner.take(known), read.row.take(gram.take(known))
        shared = np.full(owner.size, len(self.concepts))
        weight = self._weights(row, column.take(owner)) + self._weights(row, shared)
        total = np.bincount(owner, weight, minlength=clause.size) * OWN
        bias = self._per(read.clauses, "bias")[clause, column]
        return np.asarray(total / np.sqrt(np.maximum(number * OWN**2, LEAST)) + bias)

    def carriers(self, read: Read, clause: int, column: int) -> list[tuple[int, int, int]]:
        """The grams of a clause that weigh for a column: start, end, weight; heaviest first."""
        rows = np.flatnonzero((read.grams.clause == clause) & (read.row >= 0))
        weights = self._weights(read.row.take(rows), np.full(rows.size, column))
        order = np.argsort(-weights, kind="stable")
        return [
            (int(read.grams.start[rows[at]]), int(read.grams.end[rows[at]]), int(weights[at]))
            for at in order.tolist()
            if weights[at] != 0
        ]

    def _sums(self, clause: Positions, row: Positions, size: int) -> tuple[Floats, Any]:
        """What the grams of each clause weigh for each concept and for any, and what is kept to sum
        for statuses: few grams are summed for all columns at once, which costs less than a product
        of sparse matrices; of many, only the clauses with mentions are summed for statuses."""
        if row.size > FEW_GRAMS:
            held = csr_matrix((np.ones(row.size), (clause, row)), (size, self.size))
            return np.asarray((held @ self._about).toarray(), dtype=np.float64), held
        owner, rank = expand(self._count.take(row))
        entry = self._first.take(row).take(owner) + rank
        place = clause.take(owner) * self.columns + self._column.take(entry)
        sums = np.bincount(place, self._weight.take(entry), minlength=size * self.columns)
        total = np.asarray(sums, dtype=np.float64).reshape(size, self.columns)
        return total[:, : self.first_status].copy(), total[:, self.first_status :]

    def _stated_sums(self, held: Any, clause: Positions) -> Floats:
        if isinstance(held, np.ndarray):
            return np.asarray(held.take(clause, axis=0), dtype=np.float64)
        return np.asarray((held[clause] @ self._stated).toarray(), dtype=np.float64)

    def _weights(self, row: Positions, column: Positions) -> Floats:
        """What each row weighs for its column; 0 where it has no entry."""
        owner, rank = expand(self._count.take(row))
        entry = self._first.take(row).take(owner) + rank
        hit = np.flatnonzero(self._column.take(entry) == column.take(owner))
        weight = np.zeros(row.size)
        weight[owner.take(hit)] = self._weight.take(entry.take(hit))
        return weight

    def _per(self, clauses: Clauses, name: str) -> Floats:
        # In a language without a table nothing is mentioned.
        none = np.full(len(self.concepts), np.inf if name == "threshold" else 0.0)
        rows = np.stack([*(getattr(table, name) for table in self.languages), none])
        return np.asarray(rows[self.language_of(clauses)], dtype=np.float64)


_ENGLISH = np.uint64(0x5851F42D4C957F2D)


def _of_language(keys: Keys, language: str) -> Keys:
    return keys if language == "zh" else np.asarray(keys ^ _ENGLISH, dtype=np.uint64)


def _grams_of(read: Read, clause: Positions) -> tuple[Positions, Positions]:
    """The grams of some clauses, by clause: which of `clause` each is of, and its number."""
    wanted = np.zeros(read.clauses.size, np.bool_)
    wanted[clause] = True
    rows = np.flatnonzero(wanted.take(read.grams.clause))
    rows = rows.take(read.grams.clause.take(rows).argsort(kind="stable"))
    of = read.grams.clause.take(rows)
    first, last = of.searchsorted(clause), of.searchsorted(clause, side="right")
    owner, rank = expand(last - first)
    return owner, rows.take(first.take(owner) + rank)


def neighbours(clauses: Clauses) -> tuple[tuple[Positions, int, int], ...]:
    """Pairs of clauses that stand near each other: the earlier ones, how far apart, and how much
    one counts for the other."""
    note, sentence = clauses.note, clauses.sentence
    one = np.flatnonzero(note[1:] == note[:-1])
    same = sentence[one] == sentence[one + 1]
    two = np.flatnonzero((note[2:] == note[:-2]) & (sentence[2:] == sentence[:-2]))
    return (one[same], 1, NEXT_TO), (one[~same], 1, ACROSS), (two, 2, SECOND)


def _with_neighbours(sums: Floats, number: Ints, clauses: Clauses) -> tuple[Floats, Ints]:
    mixed, size = sums * OWN, number * OWN**2
    for earlier, step, share in neighbours(clauses):
        mixed[earlier] += sums[earlier + step] * share
        mixed[earlier + step] += sums[earlier] * share
        size[earlier] += number[earlier + step] * share**2
        size[earlier + step] += number[earlier] * share**2
    return mixed, size


class _KeyIndex:
    """Which row of a table each key has: a hash table, with another behind it for keys that meet."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._levels: list[tuple[np.uint64, NDArray[np.int32], BoolArray]] = []
        rest = np.arange(keys.size)
        factor = 0x9E3779B97F4A7C15
        while rest.size:
            slot = self._slot(keys[rest], np.uint64(factor))
            rows = np.full(1 << _SLOTS, -1, np.int32)
            rows[slot[::-1]] = rest[::-1]  # of keys that meet, the first stays
            met = rows[slot] != rest
            crowded = np.zeros(1 << _SLOTS, np.bool_)
            crowded[slot[met]] = True
            self._levels.append((np.uint64(factor), rows, crowded))
            rest = rest[met]
            factor = (factor * 0x5851F42D4C957F2D + 2) % (1 << 64)

    @staticmethod
    def _slot(keys: Keys, factor: np.uint64) -> NDArray[np.int64]:
        return ((keys * factor) >> np.uint64(64 - _SLOTS)).astype(np.int64)

    def find(self, keys: Keys) -> Positions:
        found = np.full(keys.size, -1, np.int64)
        asked = np.arange(keys.size)
        for factor, rows, crowded in self._levels:
            wanted = keys.take(asked)
            slot = self._slot(wanted, factor)
            row = rows.take(slot)
            hit = np.flatnonzero(row >= 0)
            hit = hit[self.keys.take(row.take(hit)) == wanted.take(hit)]
            found[asked.take(hit)] = row.take(hit)
            missed = crowded.take(slot)
            missed[hit] = False
            asked = asked[missed]
            if not asked.size:
                break
        return found


@dataclass(frozen=True)
class Saved:
    """A reader's settings as they stand in reader.json, next to its tables."""

    name: str
    concepts: tuple[str, ...]
    languages: tuple[LanguageTable, ...]
    trained_on: Mapping[str, Any] = field(default_factory=dict)


def column_names(concepts: Sequence[str]) -> list[str]:
    """How a table writes its columns: concept ids, any, then here:negated, before:past, after:other …"""
    return [*concepts, ANY, *(f"{side}:{status}" for side in SIDES for status in STATUSES)]


def table_lines(table: LanguageTable, concepts: Sequence[str]) -> list[str]:
    """The lines of <lang>.tsv."""
    names = column_names(concepts)
    first = table.count.cumsum() - table.count
    return [
        gram
        + "\t"
        + " ".join(
            f"{names[column]}={weight}"
            for column, weight in zip(
                table.column[at : at + count].tolist(),
                table.weight[at : at + count].tolist(),
                strict=True,
            )
        )
        for gram, at, count in zip(table.grams, first.tolist(), table.count.tolist(), strict=True)
    ]


def load_learned(folder: Path) -> LearnedTable:
    """Read a reader's folder; ModelError names the file and line that cannot be read."""
    path = folder / SETTINGS_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: the note reader's settings cannot be read") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelError(f"{path}: wanted the format '{FORMAT}'")
    try:
        concepts = tuple(map(str, data["concepts"]))
        _require_settings(concepts, data["languages"])
        tables = [
            _load_language(folder, language, settings, concepts)
            for language, settings in data["languages"].items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"{path}: a setting is missing or of the wrong kind ({error})") from error
    return LearnedTable(str(data.get("name", folder.name)), concepts, tables)


def _load_language(
    folder: Path, language: str, settings: Mapping[str, Any], concepts: tuple[str, ...]
) -> LanguageTable:
    number = {name: at for at, name in enumerate(column_names(concepts))}
    path = folder / f"{language}.tsv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: the note reader's table cannot be read") from error
    grams, counts, numbers = [], [], []
    column: list[int] = []
    weight: list[int] = []
    for line_number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            continue
        gram, tab, entries = line.partition("\t")
        try:
            named = _entries(entries, number)
        except (KeyError, ValueError):
            wanted = "a gram, a tab, and concept=weight or side:status=weight, by blanks"
            raise ModelError(f"{path}:{line_number}: wanted {wanted}") from None
        column += named.keys()
        weight += named.values()
        grams.append(gram)
        numbers.append(line_number)
        counts.append(entries.count(" ") + 1)
        if not tab or not gram:
            raise ModelError(f"{path}:{line_number}: wanted a gram and a tab")
    keys = keys_of(grams)
    again = np.ones(keys.size, np.bool_)
    again[np.unique(keys, return_index=True)[1]] = False
    wrong = np.flatnonzero(again | (keys == 0))
    if wrong.size:
        place = f"{path}:{numbers[wrong[0]]}"
        raise ModelError(f"{place}: wanted a gram of one to three words or characters, once")
    per = {name: _ints(settings["concepts"], concepts, name) for name in _PER_CONCEPT}
    statuses = settings["statuses"]
    return LanguageTable(
        language,
        tuple(grams),
        np.array(counts, np.int64),
        np.array(column, np.int64),
        np.array(weight, np.int64),
        slack=_whole(settings["slack"]),
        status_bias=np.array([_whole(statuses[name]["bias"]) for name in STATUSES], np.int64),
        by_cue=np.array(
            [[_whole(statuses[name]["by_cue"][said]) for name in STATUSES] for said in STATUSES],
            np.int64,
        ),
        **per,
    )


_PER_CONCEPT = ("bias", "phrase", "threshold")


def _require_settings(concepts: Sequence[str], languages: Mapping[str, Any]) -> None:
    if len(set(concepts)) < len(concepts):
        raise ValueError("a concept is listed twice")
    if not languages or not languages.keys() <= set(LANGUAGES):
        raise ValueError(f"languages: {' or '.join(LANGUAGES)}")


def _entries(text: str, number: Mapping[str, int]) -> dict[int, int]:
    """The columns and weights of one line of a table, each column once."""
    named = [entry.rpartition("=") for entry in text.split(" ")]
    found = {number[name]: _whole(int(value)) for name, _, value in named}
    if len(found) < len(named):
        raise ValueError("a column twice")
    return found


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) > 10**9:
        raise ValueError("wanted a whole number")
    return value


def _ints(entries: Mapping[str, Any], concepts: Sequence[str], name: str) -> Ints:
    return np.array([_whole(entries[concept][name]) for concept in concepts], np.int64)


def settings_of(saved: Saved) -> dict[str, Any]:
    """What stands in reader.json."""
    return {
        "format": FORMAT,
        "name": saved.name,
        "trained_on": dict(saved.trained_on),
        "concepts": list(saved.concepts),
        "languages": {
            table.language: {
                "grams": len(table.grams),
                "slack": table.slack,
                "concepts": {
                    concept: {name: int(getattr(table, name)[at]) for name in _PER_CONCEPT}
                    for at, concept in enumerate(saved.concepts)
                },
                "statuses": {
                    status: {
                        "bias": int(table.status_bias[at]),
                        "by_cue": {
                            said: int(table.by_cue[row, at]) for row, said in enumerate(STATUSES)
                        },
                    }
                    for at, status in enumerate(STATUSES)
                },
            }
            for table in saved.languages
        },
    }


def digest_of(folder: Path) -> str:
    """SHA-256 over a reader's settings and tables."""
    total = hashlib.sha256()
    for path in [folder / SETTINGS_FILE, *sorted(folder.glob("*.tsv"))]:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
