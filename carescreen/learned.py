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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # no stubs

from carescreen.breaks import Breaks
from carescreen.errors import ModelError
from carescreen.gramindex import GramIndex, Known, Places
from carescreen.grams import Clauses, find_clauses, keys_of
from carescreen.keyindex import Rows
from carescreen.lexicon import LANGUAGES, STATUSES
from carescreen.normalise import Positions, Text, fold

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
_SIDE = np.arange(len(SIDES))[:, None]
_SIDE_STEP = np.array([[0], [-1], [1]])
_SIDE_SHARE = np.array(SIDE_WEIGHT)[:, None]
_FAR = np.iinfo(np.int64).max
FEW_GRAMS = 256  # of a clause; nearly none has more
EXACT = 1 << 24  # integers below it are exact in float32

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Table = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LanguageTable:
    """What one language's grams weigh, and when a clause mentions a concept.

    `grams` are as written in the table; row i of (`first`, `count`) gives where its entries stand in
    `column` and `weight`. Columns are the concepts, then ANY, then the statuses of each of SIDES. What
    a gram weighs for ANY counts for every concept: that a clause is about a concern at all.
    `bias`, `phrase` and `threshold` have one integer a concept; `status_bias` one a status; `by_cue`
    (what the cues say, status) what the pack's cues weigh, `by_concept` (concepts, statuses) what the
    concept does. `doubtful` are (concept, folded phrase) of the pack that mostly meant something else in
    the notes learned from: they are no phrases to this reader, which weighs their grams like others.
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
    by_concept: Ints
    doubtful: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Read:
    """A text's clauses with the sums of their grams.

    `sums` (clauses, concepts) with the clauses around, thousandths of a log-odds: exact integers, to
    be divided by `root`, of the number of grams. `known` are the table's grams, `places` has them all,
    and `number` counts them all, without the clauses around.
    """

    clauses: Clauses
    places: Places
    known: Known
    sums: Table
    root: Floats
    number: Positions
    language: Ints  # of each clause, the position in the table's


class Weights(NamedTuple):
    """A table's arrays: of grams `about` (grams, concepts), with `any` added, `any`, and the row
    of each (-1: none) in `stated` (rows, sides x statuses); of each language the settings.

    The last row of `bias`, `phrase`, `threshold` and `slack` is for a language without a table.
    """

    about: Table
    any: Table
    stated_row: NDArray[np.int32]
    stated: Table
    status_bias: Floats
    by_cue: Floats
    by_concept: Floats
    bias: Floats
    phrase: Floats
    threshold: Floats
    slack: Floats


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
        self._of = {table.language: number for number, table in enumerate(self.languages)}
        self._index = GramIndex([(table.language, table.grams) for table in self.languages])
        # Weights are integers. Half as wide, a row is read twice as fast: 20 MB fit no cache.
        self._heaviest = max(2 * int(np.abs(t.weight).max(initial=0)) for t in self.languages)
        type_: type = np.float32 if self._heaviest * FEW_GRAMS < EXACT else np.float64
        parts = [self._rows(table, type_) for table in self.languages]
        self._about: Table = np.concatenate([concepts for concepts, _, _ in parts])
        self._any: Table = np.concatenate([shared for _, shared, _ in parts])
        stated = np.concatenate([statuses for _, _, statuses in parts])
        # A quarter of the grams speaks of statuses.
        speaks = stated.any(axis=1)
        self._stated_row = np.where(speaks, speaks.cumsum() - 1, -1).astype(np.int32)
        self._stated: Table = stated[speaks]
        self._status_bias = np.stack([t.status_bias for t in self.languages]).astype(np.float64)
        self._by_cue = np.stack([t.by_cue for t in self.languages]).astype(np.float64)
        self._by_concept = np.stack([t.by_concept for t in self.languages]).astype(np.float64)
        self._settings = {name: self._by_language(name) for name in ("bias", "phrase", "threshold")}
        needed = self._settings["threshold"] - self._settings["bias"]
        # Rounding to single precision errs by less than a millionth, three times.
        self._nearly = np.where(
            np.isinf(needed), np.inf, needed - np.abs(np.nan_to_num(needed)) * 1e-5 - 1e-3
        ).astype(np.float32)
        self._columns: dict[tuple[str, ...], Positions] = {}
        self._slack = np.array([*(table.slack for table in self.languages), 0], np.float64)

    def _rows(self, table: LanguageTable, type_: type) -> tuple[Table, Table, Table]:
        """A row a gram: what it weighs for each concept with ANY, for ANY, and for statuses."""
        shape = table.count.size, self.first_status + len(SIDES) * len(STATUSES)
        whole: Table = np.zeros(shape, type_)
        whole[np.arange(table.count.size).repeat(table.count), table.column] = table.weight
        shared = whole[:, self.first_status - 1].copy()
        concepts = whole[:, : self.first_status - 1] + shared[:, None]
        return concepts, shared, whole[:, self.first_status :]

    @property
    def size(self) -> int:
        """How many grams it weighs."""
        return int(self._any.size)

    @property
    def weights(self) -> Weights:
        """What everything weighs; not to be written to."""
        return Weights(
            self._about,
            self._any,
            self._stated_row,
            self._stated,
            self._status_bias,
            self._by_cue,
            self._by_concept,
            **self._settings,
            slack=self._slack,
        )

    def language_of(self, clauses: Clauses) -> Ints:
        """The position in `languages` of each clause: Chinese where it has a Chinese character."""
        chinese, english = self._of.get("zh", -1), self._of.get("en", -1)
        return np.where(clauses.is_han, chinese, english)

    def read(self, text: Text, breaks: Breaks | None = None) -> Read:
        """The clauses of a text, scored; `breaks` where they are known already."""
        clauses = find_clauses(text, breaks)
        places = Places(text.codes, clauses)
        known, number = self._index.find(places), places.number()
        sums = self._sums(self._about, known.row, known.first, number)
        mixed, size = _with_neighbours(sums, number, clauses)
        root = np.sqrt(np.maximum(size, LEAST))
        return Read(clauses, places, known, mixed, root, number, self.language_of(clauses))

    def scores(self, read: Read) -> Floats:
        """The score of each clause for each concept, without what phrases add."""
        score = read.sums.astype(np.float64)
        score /= read.root[:, None]
        score += self._settings["bias"].take(read.language, axis=0)
        return score

    def scores_at(self, read: Read, clause: Positions, column: Positions) -> Floats:
        """The scores of some clauses for a concept each."""
        total = read.sums[clause, column].astype(np.float64)
        bias = self._settings["bias"][read.language.take(clause), column]
        return np.asarray(total / read.root.take(clause) + bias)

    def margins_at(
        self, read: Read, clause: Positions, column: Positions, has_phrase: BoolArray
    ) -> Floats:
        """How far clauses are above the threshold of a concept each, phrases counted in."""
        score = self.scores_at(read, clause, column)
        place = read.language.take(clause), column
        score += np.where(has_phrase, self._settings["phrase"][place], 0.0)
        return np.asarray(score - self._settings["threshold"][place])

    def nearly_over(self, read: Read) -> tuple[Positions, Positions]:
        """Every clause and concept over the threshold without a phrase, and perhaps some just under."""
        size = read.sums * (1 / read.root).astype(np.float32)[:, None]
        needed = self._nearly.take(read.language, axis=0)
        place = (size >= needed).ravel().nonzero()[0]
        clause = place // len(self.concepts)
        return clause, place - clause * len(self.concepts)

    def columns_of(self, concepts: tuple[str, ...]) -> Positions:
        """The column of each of a pack's concepts; -1 for one that the table does not know."""
        if concepts not in self._columns:
            number = {name: at for at, name in enumerate(self.concepts)}
            self._columns[concepts] = np.array(
                [number.get(name, -1) for name in concepts], np.int64
            )
        return self._columns[concepts]

    def thresholds(self, read: Read) -> Floats:
        """The score from which each clause mentions each concept, (clauses, concepts)."""
        return self._settings["threshold"].take(read.language, axis=0)

    def slack(self, read: Read, clause: Positions) -> Floats:
        """How much what stands around a phrase in some clauses may speak against it."""
        return self._slack.take(read.language.take(clause))

    def status_totals(
        self, read: Read, clause: Positions, column: Positions, by_cue: NDArray[np.int8]
    ) -> Floats:
        """What speaks for each status of mentions in `clause`, of which the cues say `by_cue`.

        (mentions, statuses); `column` is the concept's in the table, -1 for one that it does not know.
        In a language without a table the cues alone decide.
        """
        clauses, width = read.clauses, len(STATUSES)
        language = read.language.take(clause)
        total = self._status_bias[language] + self._by_cue[language, by_cue]
        about = self._by_concept[language, np.maximum(column, 0)]
        total += np.where((column >= 0)[:, None], about, 0.0)
        if not clause.size:
            return total
        others = np.minimum(np.maximum(clause + _SIDE_STEP, 0), clauses.size - 1)
        same = clauses.note.take(others) == clauses.note.take(clause)
        same[1:] &= others[1:] != clause
        asked = np.zeros(clauses.size, np.bool_)
        asked[others] = True
        if 2 * np.count_nonzero(asked) > asked.size:
            asked[:] = True  # then all cost less than to pick some
        place = (asked.cumsum() - 1).take(others) * len(SIDES) + _SIDE
        own = self._stated_sums(read, asked.nonzero()[0]).take(place, axis=0).astype(np.float64)
        own /= np.sqrt(np.maximum(read.number.take(others), 1))[:, :, None]
        own *= (same * _SIDE_SHARE)[:, :, None]
        for side in own:
            total += side
        alone = (by_cue[:, None] == np.arange(width)).astype(np.float64)
        return np.where((language < 0)[:, None], alone, total)

    def own_words(self, read: Read, clause: Positions, start: Positions, end: Positions) -> Floats:
        """The part of `status_totals` that comes from grams which share characters with a span."""
        owner, gram = read.known.of(clause)
        begin, until = read.known.spans(gram)
        within = np.flatnonzero((begin < end.take(owner)) & (until > start.take(owner)))
        owner, row = owner.take(within), read.known.row.take(gram.take(within))
        found = np.empty((clause.size, len(STATUSES)))
        for status in range(len(STATUSES)):
            weight = self._weights(row, np.full(row.size, self.first_status + status))
            found[:, status] = np.bincount(owner, weight, minlength=clause.size)
        return np.asarray(found / np.sqrt(np.maximum(read.number.take(clause), 1))[:, None])

    def core(
        self, read: Read, clause: Positions, column: Positions, share: float = 0.7
    ) -> tuple[Positions, Positions]:
        """From where to where the grams stand that carry a concept or status in a clause.

        Those of at least `share` of the heaviest one's weight; -1 where none carries it.
        """
        if not clause.size:
            return clause, clause
        owner, gram = read.known.of(clause)
        weight = self._weights(read.known.row.take(gram), column.take(owner))
        most = np.zeros(clause.size)
        np.maximum.at(most, owner, weight)
        strong = np.flatnonzero((weight >= share * most.take(owner)) & (weight > 0))
        owner, gram = owner.take(strong), gram.take(strong)
        begin, until = np.full(clause.size, _FAR), np.full(clause.size, -1)
        begins, ends = read.known.spans(gram)
        np.minimum.at(begin, owner, begins)
        np.maximum.at(until, owner, ends)
        has = until >= 0
        return np.where(has, begin, -1), until

    def alone(
        self, read: Read, clause: Positions, column: Positions, start: Positions, end: Positions
    ) -> Floats:
        """The score that spans of clauses would have as notes of their own, without a phrase's points."""
        number = read.places.number_within(clause, start, end)
        owner, gram = read.known.of(clause)
        begin, until = read.known.spans(gram)
        inside = np.flatnonzero((begin >= start.take(owner)) & (until <= end.take(owner)))
        owner, row = owner.take(inside), read.known.row.take(gram.take(inside))
        weight = self._about.ravel().take(row * len(self.concepts) + column.take(owner))
        total = np.bincount(owner, weight, minlength=clause.size) * OWN
        bias = self._settings["bias"][read.language.take(clause), column]
        return np.asarray(total / np.sqrt(np.maximum(number * OWN**2, LEAST)) + bias)

    def carriers(self, read: Read, clause: int, column: int) -> list[tuple[int, int, int]]:
        """The grams of a clause that weigh for a column: start, end, weight; heaviest first."""
        _, gram = read.known.of(np.array([clause]))
        weights = self._weights(read.known.row.take(gram), np.full(gram.size, column))
        start, end = read.known.spans(gram)
        order = np.argsort(-weights, kind="stable")
        return [
            (int(start[at]), int(end[at]), int(weights[at]))
            for at in order.tolist()
            if weights[at] != 0
        ]

    def _sums(self, table: Table, row: Rows, first: Rows, number: Positions) -> Table:
        """What the grams of some clauses weigh together, for each column of a table.

        Weights are integers, so that float32 sums are exact where they cannot reach EXACT.
        """
        if table.dtype == np.float32 and self._heaviest * number.max(initial=0) >= EXACT:
            table = table.astype(np.float64)
        shape = first.size - 1, len(table)
        counts = csr_matrix((np.ones(row.size, table.dtype), row, first), shape)
        return np.asarray(counts @ table)

    def _stated_sums(self, read: Read, clause: Positions) -> Table:
        """What the grams of some clauses weigh on each side, (clauses x sides, statuses)."""
        known, first = read.known.row, read.known.first
        if clause.size < first.size - 1:
            _, gram = read.known.of(clause)
            known = known.take(gram)
            first = np.append(0, (first[1:] - first[:-1]).take(clause).cumsum())
        row = self._stated_row.take(known)
        stated = row >= 0
        up_to = np.zeros(row.size + 1, np.int32)
        stated.cumsum(dtype=np.int32, out=up_to[1:])
        row, first = row.take(stated.nonzero()[0]), up_to.take(first)
        sums = self._sums(self._stated, row, first, read.number.take(clause))
        return sums.reshape(-1, len(STATUSES))

    def _weights(self, row: Rows, column: Positions) -> Floats:
        """What each row weighs for its column: all concepts or all statuses; 0 without an entry."""
        if column.size and column[0] >= self.first_status:
            row = self._stated_row.take(row)
            place = row * np.int64(self._stated.shape[1]) + (column - self.first_status)
            weight = np.zeros(row.size)
            rows = (row >= 0).nonzero()[0]
            weight[rows] = self._stated.ravel().take(place.take(rows))
            return weight
        place = row * np.int64(len(self.concepts)) + column
        return self._about.ravel().take(place).astype(np.float64) - self._any.take(row)

    def _by_language(self, name: str) -> Floats:
        # In a language without a table nothing is mentioned.
        none = np.full(len(self.concepts), np.inf if name == "threshold" else 0.0)
        return np.stack([*(getattr(table, name) for table in self.languages), none])


def neighbours(clauses: Clauses) -> tuple[tuple[Positions, int, int], ...]:
    """Pairs of clauses that stand near each other: the earlier ones, how far apart, and how much
    one counts for the other."""
    note, sentence = clauses.note, clauses.sentence
    one = np.flatnonzero(note[1:] == note[:-1])
    same = sentence[one] == sentence[one + 1]
    two = np.flatnonzero((note[2:] == note[:-2]) & (sentence[2:] == sentence[:-2]))
    return (one[same], 1, NEXT_TO), (one[~same], 1, ACROSS), (two, 2, SECOND)


def _with_neighbours(sums: Table, number: Positions, clauses: Clauses) -> tuple[Table, Positions]:
    """Sums and numbers of grams with those of the clauses around, each at its share; exact."""
    reach = 2
    width = 2 * reach + 1
    if max(sums.max(initial=0), -sums.min(initial=0)) * OWN * width >= EXACT:
        sums = sums.astype(np.float64)
    share = np.zeros((clauses.size, width), np.int32)
    share[:, reach] = OWN
    for earlier, step, of_other in neighbours(clauses):
        share[earlier, reach + step] = of_other
        share[earlier + step, reach - step] = of_other
    place = np.arange(clauses.size, dtype=np.int32)
    others = np.add.outer(place, np.arange(-reach, reach + 1, dtype=np.int32))
    np.maximum(others, 0, out=others)
    np.minimum(others, max(clauses.size - 1, 0), out=others)
    first = np.arange(0, others.size + 1, width, dtype=np.int32)
    mix = csr_matrix(
        (share.ravel().astype(sums.dtype), others.ravel(), first), (clauses.size, clauses.size)
    )
    share *= share
    return np.asarray(mix @ sums), (number.take(others) * share).sum(axis=1)


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
    per = {
        name: np.array([_whole(settings["concepts"][of][name]) for of in concepts], np.int64)
        for name in _PER_CONCEPT
    }
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
        by_concept=np.stack(
            [_ints(settings["concepts"][name]["statuses"], STATUSES) for name in concepts]
        ),
        doubtful=tuple(
            (name, "".join(map(chr, codes.tolist())))
            for name in concepts
            for codes in fold(_words(settings["concepts"][name]["doubtful"]))
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


def _ints(entries: Mapping[str, Any], names: Sequence[str]) -> Ints:
    return np.array([_whole(entries[name]) for name in names], np.int64)


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError("doubtful: wanted a list of words")
    return value


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
                    concept: {
                        **{name: int(getattr(table, name)[at]) for name in _PER_CONCEPT},
                        "statuses": dict(zip(STATUSES, table.by_concept[at].tolist(), strict=True)),
                        "doubtful": [word for of, word in table.doubtful if of == concept],
                    }
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
