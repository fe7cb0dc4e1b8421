"""NoteReader: note text in, mentions out.

A mention is a concept, its status, the exact characters that name it and the cue that decided the
status. All notes are read together, in blocks: no loop over notes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import UsageError, did_you_mean
from carescreen.few_notes import FewNotes, are_few
from carescreen.learned import MILLI, SETTINGS_FILE, LearnedTable, digest_of, load_learned
from carescreen.lexicon import STATUSES, Concept, Lexicon, load_lexicon
from carescreen.mentions import (
    BY_PHRASE,
    FOUND_BY,
    Found,
    Mentions,
    find_mentions,
)
from carescreen.normalise import Text, as_texts, join, order_by
from carescreen.pack import Pack, find_folder
from carescreen.scan import expand
from carescreen.status import Decided, decide
from carescreen.tables import read_table, require_columns
from carescreen.together import clause_at, read_together
from carescreen.vocabulary import LASTING, Roles, Vocabulary

BLOCK = 350_000  # characters read together: shares the overhead of a call, and stays near the cache
MANY_TWICE = 0.95  # share of distinct notes up to which putting together costs less than it saves
CLAUSE_REACH = 200
_CLAUSE_END = re.compile(r"[。！？!?；;，,（）()\n]|\.(?=\s|$)")
COLUMNS = ("note", "concept", "status", "start", "end", "found_by", "cue_start", "cue_end")
Notes = Sequence[object] | pd.Series | NDArray[np.object_]


class NoteReader:
    """Reads notes with the lexicon of a pack.

    >>> reader = NoteReader.load("base")
    >>> found = reader.read(["没有发现被打", None])
    >>> found[["note", "concept", "status", "start", "end"]].values.tolist()
    [[0, 'physical_abuse', 'negated', 4, 6]]
    """

    def __init__(
        self, lexicon: Lexicon, digest: str = "", learned: LearnedTable | None = None
    ) -> None:
        self.lexicon = lexicon
        self.digest = digest
        self.learned = learned
        doubtful = {t.language: t.doubtful for t in learned.languages} if learned else {}
        self.vocabulary = Vocabulary(lexicon, doubtful)

    @classmethod
    def load(cls, pack: str | Path | Pack) -> NoteReader:
        """The reader of a shipped pack by name, of a pack's folder, or of a loaded pack.

        With the learned weights that the pack's `reader:` names, a shipped name or a folder.
        """
        loaded = pack if isinstance(pack, Pack) else Pack.load(pack)
        if loaded.reader is None:
            return cls(load_lexicon(loaded), _digest(loaded))
        folder = _reader_folder(loaded, loaded.reader)
        digest = _digest(loaded) + digest_of(folder)
        return cls(load_lexicon(loaded), digest, load_learned(folder))

    @property
    def concepts(self) -> Mapping[str, Concept]:
        """What this reader can find, by id."""
        return self.lexicon.concepts

    @property
    def words(self) -> int:
        """How many it looks for: phrases, parts of patterns, cues and shields, learned grams."""
        return self.vocabulary.size + (self.learned.size if self.learned else 0)

    def read(self, notes: Notes) -> pd.DataFrame:
        """Mentions of all notes: note, concept, status, start, end, found_by, cue_start, cue_end.

        `note` is the position of the note; offsets count Unicode code points from the note's start,
        the end exclusive, -1 where no cue decided. None and NaN hold nothing; a number is read as
        its digits. Sorted by note, start, end, concept.
        """
        return _frame(self.find(notes))

    def find(self, notes: Notes) -> FoundMentions:
        """What `read` gives, as arrays. A text that several notes have is read once."""
        texts = as_texts(listed(notes))
        if len(set(texts)) >= MANY_TWICE * len(texts):
            return self._find(texts)
        number: dict[str, int] = {}
        which = [number.setdefault(text, len(number)) for text in texts]
        return _repeated(self._find(list(number)), np.array(which, np.int64))

    def _find(self, texts: Sequence[str]) -> FoundMentions:
        parts = [self._read_block(texts[first:last], first) for first, last in blocks_of(texts)]
        return parts[0] if len(parts) == 1 else _joined(parts, self.vocabulary.concepts)

    def status(
        self,
        notes: Notes,
        starts: Iterable[int],
        ends: Iterable[int],
        concepts: Sequence[str | None] | str | None = None,
    ) -> NDArray[np.str_]:
        """The status of spans that someone else found: span i lies in notes[i].

        `concepts` (one for all, or one a span) applies the rules for who a concept is about; a
        child's concept whose subject is a grown-up comes out as "other". UsageError where the
        lengths differ, a span lies outside its note or a concept is unknown.
        """
        texts = as_texts(listed(notes))
        start, end = (np.fromiter(values, np.int64) for values in (starts, ends))
        _check_spans(texts, start, end)
        concept = self._concept_codes(concepts, len(texts))
        words = np.empty(len(texts), f"<U{max(map(len, STATUSES))}")
        for first, last in blocks_of(texts):
            block = join(texts[first:last])
            offset = block.starts[:-1]
            found = find_mentions(block, self.vocabulary)
            span = start[first:last] + offset, end[first:last] + offset
            given = _given(*span, concept[first:last], found.roles.of(LASTING))
            decided = decide(found, given, block.codes, self.vocabulary, given=True)
            codes = np.where(decided.status < 0, STATUSES.index("other"), decided.status)
            words[first:last] = np.array(STATUSES)[codes]
        return words

    def carriers(self, note: str, concept: str, start: int) -> list[tuple[str, float]]:
        """The words that speak for and against a concept in the clause at `start`, heaviest first.

        Each with its weight in log-odds; empty without learned weights, or for a concept that they
        do not know. UsageError for a concept that the pack does not have.
        """
        self._concept_codes([concept], 1)
        if self.learned is None or concept not in self.learned.concepts or not note:
            return []
        read = self.learned.read(join([note]))
        if not read.clauses.size:
            return []
        clause = int(clause_at(read, np.array([start]))[0])
        column = self.learned.concepts.index(concept)
        found = self.learned.carriers(read, clause, column)
        return [(note[begin:end], weight / MILLI) for begin, end, weight in found]

    def _decide(self, found: Found, mentions: Mentions, text: Text) -> Decided:
        return decide(found, mentions, text.codes, self.vocabulary)

    def _concept_codes(
        self, concepts: Sequence[str | None] | str | None, size: int
    ) -> NDArray[np.int64]:
        names = (
            [concepts] * size if concepts is None or isinstance(concepts, str) else list(concepts)
        )
        if len(names) != size:
            raise UsageError(f"concepts: wanted one per note ({size}), found {len(names)}")
        number = {name: code for code, name in enumerate(self.vocabulary.concepts)}
        for name in {name for name in names if name is not None} - number.keys():
            raise UsageError(f"no concept '{name}'{did_you_mean(name, number)}")
        return np.array(
            [number.get(name, len(number)) if name else len(number) for name in names], np.int64
        )

    @cached_property
    def _few(self) -> FewNotes:
        return FewNotes(self.vocabulary, self.learned)

    def read_few(self, texts: Sequence[str], first_note: int) -> FoundMentions:
        rows = np.array(self._few.read(texts), np.int64).reshape(-1, 8)
        columns = np.ascontiguousarray(rows.T)
        note, concept, status, start, end, found_by, cue_start, cue_end = columns
        return FoundMentions(
            concepts=self.vocabulary.concepts,
            note=note + first_note,
            concept=concept,
            status=status.astype(np.int8),
            start=start,
            end=end,
            found_by=found_by.astype(np.int8),
            cue_start=cue_start,
            cue_end=cue_end,
        )

    def _read_block(self, texts: Sequence[str], first_note: int) -> FoundMentions:
        if are_few(texts):
            return self.read_few(texts, first_note)
        return self.read_many(texts, first_note)

    def read_many(self, texts: Sequence[str], first_note: int) -> FoundMentions:
        text = join(texts)
        found = find_mentions(text, self.vocabulary)
        if self.learned is None:
            mentions, decided = found.mentions, self._decide(found, found.mentions, text)
        else:
            joined = read_together(text, found, self.vocabulary, self.learned)
            mentions, decided = joined.mentions, joined.decided
        order = order_by(mentions.start, mentions.end - mentions.start, mentions.concept)
        order = order.take((decided.status.take(order) >= 0).nonzero()[0])
        mentions = mentions.take(order)
        note = text.note_of(mentions.start)
        offset = text.starts.take(note)
        cue_start, cue_end = decided.cue_start.take(order), decided.cue_end.take(order)
        return FoundMentions(
            concepts=self.vocabulary.concepts,
            note=note + first_note,
            concept=mentions.concept,
            status=decided.status.take(order),
            start=mentions.start - offset,
            end=mentions.end - offset,
            found_by=mentions.found_by,
            cue_start=np.where(cue_start < 0, -1, cue_start - offset),
            cue_end=np.where(cue_end < 0, -1, cue_end - offset),
        )


@dataclass(frozen=True, repr=False)  # its values are records
class FoundMentions:
    """Mentions of some notes, sorted by note, start, end and concept.

    `concept` is the position in `concepts`, `status` in STATUSES, `found_by` in FOUND_BY; a cue's
    start and end are -1 where none decided.
    """

    concepts: tuple[str, ...]
    note: NDArray[np.int64]
    concept: NDArray[np.int64]
    status: NDArray[np.int8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    found_by: NDArray[np.int8]
    cue_start: NDArray[np.int64]
    cue_end: NDArray[np.int64]


def mark(text: str, mentions: pd.DataFrame) -> list[tuple[str, dict[str, Any] | None]]:
    """One note cut into pieces, each with the mention it belongs to, or None.

    The pieces joined are the text. Where mentions overlap, the earlier and longer one has the
    characters.
    """
    pieces: list[tuple[str, dict[str, Any] | None]] = []
    at = 0
    rows = sorted(mentions.to_dict("records"), key=lambda row: (row["start"], -row["end"]))
    for row in rows:
        if row["end"] <= at:
            continue
        begin = max(int(row["start"]), at)
        if begin > at:
            pieces.append((text[at:begin], None))
        at = int(row["end"])
        pieces.append((text[begin:at], {str(key): value for key, value in row.items()}))
    if at < len(text):
        pieces.append((text[at:], None))
    return pieces


def clause_of(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a span, between the nearest sentence ends and commas, without blanks.

    At most CLAUSE_REACH characters either side, so that a note without punctuation stays short.

    >>> text = "奶奶不在，一个人在家。"
    >>> text[slice(*clause_of(text, 5, 10))]
    '一个人在家'
    """
    first, last = max(0, start - CLAUSE_REACH), min(len(text), end + CLAUSE_REACH)
    for found in _CLAUSE_END.finditer(text, first, start):
        first = found.end()
    after = _CLAUSE_END.search(text, end, last)
    last = after.start() if after else last
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return first, last


def read_file(
    path: str | Path, text_column: str, id_column: str, reader: NoteReader
) -> pd.DataFrame:
    """Mentions of the notes of a table file: id, concept, status, start, end, text, found_by.

    CaseloadError names a file that cannot be read or lacks a column.
    """
    table = read_table(path, {text_column, id_column})
    require_columns(table, table.file, (id_column, text_column))
    found = reader.read(table.frame[text_column])
    notes = table.frame[text_column].to_numpy(dtype=object)[found["note"]]
    spans = zip(notes, found["start"], found["end"], strict=True)
    return pd.DataFrame(
        {
            "id": table.frame[id_column].to_numpy(dtype=object)[found["note"]],
            "concept": found["concept"].astype(object),
            "status": found["status"].astype(object),
            "start": found["start"],
            "end": found["end"],
            "text": [note[start:end] for note, start, end in spans],
            "found_by": found["found_by"].astype(object),
        }
    )


def _reader_folder(pack: Pack, reader: str) -> Path:
    """A folder beside the pack that names it, or what find_folder means by a name or a path."""
    for folder in reversed(pack.chain):
        if (folder / reader / SETTINGS_FILE).is_file():
            return folder / reader
    return find_folder("models", reader, SETTINGS_FILE)


def _digest(pack: Pack) -> str:
    """SHA-256 over what decides how notes are read: concepts and lexicons of the chain."""
    total = hashlib.sha256()
    for folder in pack.chain:
        for path in [folder / "concepts.yaml", *sorted(folder.glob("lexicon.*.yaml"))]:
            if path.exists():
                total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def listed(notes: Notes) -> Sequence[object]:
    if isinstance(notes, str):
        raise UsageError("wanted a list of notes, found one text; put it in a list: [note]")
    if isinstance(notes, pd.Series | np.ndarray):
        return list(notes.tolist())
    return notes if isinstance(notes, list) else list(notes)


def blocks_of(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of notes of about BLOCK characters; a longer note is a block by itself."""
    if 0 < sum(map(len, texts)) + len(texts) <= BLOCK:
        yield 0, len(texts)
        return
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    block = (lengths.cumsum() - lengths) // BLOCK
    edges = np.flatnonzero(np.diff(block, prepend=-1, append=-1))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _given(
    start: NDArray[np.int64], end: NDArray[np.int64], concept: NDArray[np.int64], lasting: Roles
) -> Mentions:
    """Given spans as mentions; one that holds a phrase of a lasting state (去世) is lasting."""
    earliest_end = np.full(lasting.start.size + 1, np.iinfo(np.int64).max)
    earliest_end[:-1] = np.minimum.accumulate(lasting.end[::-1])[::-1]
    lasts = earliest_end[lasting.start.searchsorted(start)] <= end
    return Mentions(start, end, start, concept, np.full(start.size, BY_PHRASE, np.int8), lasts)


def _check_spans(texts: Sequence[str], start: NDArray[np.int64], end: NDArray[np.int64]) -> None:
    if not len(texts) == start.size == end.size:
        raise UsageError(
            f"wanted one start and one end per note ({len(texts)}), "
            f"found {start.size} starts and {end.size} ends"
        )
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    wrong = np.flatnonzero((start < 0) | (end < start) | (end > lengths))
    if wrong.size:
        raise UsageError(f"span {wrong[0]} does not lie in its note: 0 <= start <= end <= length")


def _repeated(found: FoundMentions, which: NDArray[np.int64]) -> FoundMentions:
    """The mentions of notes, of which `which` says whose text in `found` each has."""
    count = np.bincount(found.note, minlength=int(which.max(initial=-1)) + 1)
    first = count.cumsum() - count
    note, rank = expand(count.take(which))
    row = first.take(which.take(note)) + rank
    columns = {column.name: getattr(found, column.name) for column in fields(found)[2:]}
    taken = {name: column.take(row) for name, column in columns.items()}
    return FoundMentions(found.concepts, note, **taken)


def _joined(parts: Sequence[FoundMentions], concepts: tuple[str, ...]) -> FoundMentions:
    def column(name: str, dtype: type) -> NDArray[Any]:
        return np.concatenate([*(getattr(part, name) for part in parts), np.zeros(0, dtype)])

    return FoundMentions(
        concepts,
        note=column("note", np.int64),
        concept=column("concept", np.int64),
        status=column("status", np.int8),
        start=column("start", np.int64),
        end=column("end", np.int64),
        found_by=column("found_by", np.int8),
        cue_start=column("cue_start", np.int64),
        cue_end=column("cue_end", np.int64),
    )


def _frame(found: FoundMentions) -> pd.DataFrame:
    def words(codes: NDArray[Any], categories: Sequence[str]) -> Any:
        return pd.Categorical.from_codes(codes, dtype=_categories(tuple(categories)))

    columns = {
        "note": found.note,
        "concept": words(found.concept, found.concepts),
        "status": words(found.status, STATUSES),
        "start": found.start.astype(np.int32),
        "end": found.end.astype(np.int32),
        "found_by": words(found.found_by, FOUND_BY),
        "cue_start": found.cue_start.astype(np.int32),
        "cue_end": found.cue_end.astype(np.int32),
    }
    assert tuple(columns) == COLUMNS
    return pd.DataFrame(columns)


@lru_cache(maxsize=16)
def _categories(words: tuple[str, ...]) -> pd.CategoricalDtype:
    """The type of a column of some words: making it took longer than reading a short note."""
    return pd.CategoricalDtype(pd.Index(list(words)))
