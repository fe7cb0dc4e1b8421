"""What notes mention, kept between runs by a hash of each note, so that a run reads only new ones.

    head      b"carescreen-mentions/1", the reader's fingerprint, a salt, counts, a checksum of it all
    high, low two uint64 a note: BLAKE2b of its text with the salt, 128 bits, ascending
    first     uint32 a note and one more: where its mentions begin
    what      uint32 a mention: concept, status and how it was found
    where     four int16 or int32 a mention: start, end, start and end of the cue

Numbers are little-endian. No words of a note are in the file, but who has a note can ask whether it is
there and what it raised: it stays in the office. The salt is drawn anew with each new file, so that nobody
who writes notes can look for two of one hash beforehand. A file of another reader, another version or with
any bit changed is not used.
"""

from __future__ import annotations

import hashlib
import platform
import secrets
import struct
import sys
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy  # type: ignore[import-untyped]  # no stubs
from numpy.typing import NDArray

from carescreen import __version__
from carescreen.errors import OutputError, UsageError
from carescreen.lexicon import STATUSES
from carescreen.mentions import FOUND_BY
from carescreen.normalise import Positions, as_texts
from carescreen.notes import FoundMentions, NoteReader, Notes, listed
from carescreen.results_place import place_of, replaced_file
from carescreen.scan import expand

FAMILY = b"carescreen-mentions/"
MAGIC = FAMILY + b"1"
# What decides what is found in a note: a test holds that it is all that `notes` imports.
READING = (
    *("breaks", "cells", "encoding", "errors", "few_learned", "few_mentions", "few_notes"),
    *("few_words", "gramindex", "grams", "indicators", "keyindex"),
    *("learned", "lexicon", "mentions", "normalise", "notes", "pack", "patterns", "scan", "sheet"),
    *("status", "tables", "thresholds", "together", "traditional", "vocabulary", "yamlfile"),
)
_HEAD = struct.Struct("<24s32s16sQQQ32s")  # magic, reader, salt, notes, mentions, span bytes, sum
_SUM = 32
_MOST_MENTIONS = np.iinfo(np.uint32).max

Keys = NDArray[np.uint64]


@dataclass(frozen=True, repr=False)  # its values are records
class Entries:
    """Some notes by their hash, and what each mentions: mentions `first[i]` to `first[i + 1]`.

    `keys` (n, 2) are the halves of the hashes; `what` and `where` (mentions, 4) as the file has them.
    """

    keys: Keys
    first: NDArray[np.unsignedinteger[Any]]
    what: NDArray[np.uint32]
    where: NDArray[np.signedinteger[Any]]

    @classmethod
    def none(cls) -> Entries:
        """No note."""
        return cls(
            np.zeros((0, 2), np.uint64),
            np.zeros(1, np.uint32),
            np.zeros(0, np.uint32),
            np.zeros((0, 4), np.int32),
        )

    @classmethod
    def of(cls, keys: Keys, found: FoundMentions) -> Entries:
        """What a reader found in the notes of some keys."""
        first = np.zeros(len(keys) + 1, np.uint32)
        np.bincount(found.note, minlength=len(keys)).cumsum(out=first[1:], dtype=np.uint32)
        what = found.concept << 16 | found.status.astype(np.int64) << 8 | found.found_by
        where = np.stack([found.start, found.end, found.cue_start, found.cue_end], axis=1)
        return cls(keys, first, what.astype(np.uint32), where.astype(np.int32))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Some entries after others."""
        counts = [np.diff(part.first) for part in parts]
        first = np.concatenate([np.zeros(1, np.uint32), *counts]).cumsum(dtype=np.uint32)
        return cls(
            np.concatenate([part.keys for part in parts]),
            first,
            np.concatenate([part.what for part in parts]),
            np.concatenate([part.where.astype(np.int32, copy=False) for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def mentions_of(self, rows: Positions) -> tuple[Positions, Positions]:
        """The mentions of the notes in some rows: which of `rows` each is of, and its number."""
        begin = self.first.take(rows).astype(np.int64)
        owner, rank = expand(self.first.take(rows + 1) - begin)
        return owner, begin.take(owner) + rank

    def take(self, rows: Positions) -> Entries:
        """The notes in some rows, in their order."""
        owner, number = self.mentions_of(rows)
        first = np.zeros(rows.size + 1, np.uint32)
        np.bincount(owner, minlength=rows.size).cumsum(out=first[1:], dtype=np.uint32)
        return Entries(self.keys[rows], first, self.what[number], self.where[number])

    def rows_of(self, keys: Keys) -> Positions:
        """The row of each key, -1 where it has none; the first halves are ascending."""
        if not len(self) or not len(keys):
            return np.full(len(keys), -1)
        order = keys[:, 0].argsort()  # near each other in the table, too
        row = np.empty(len(keys), np.int64)
        row[order] = self.keys[:, 0].searchsorted(keys[order, 0])
        np.minimum(row, len(self) - 1, out=row)
        row[(self.keys[row] != keys).any(axis=1)] = -1
        return row

    def sorted(self) -> Entries:
        """By hash, each one once; of those that share a first half one stays, the others are read."""
        order = np.lexsort((self.keys[:, 1], self.keys[:, 0]))
        high = self.keys[order, 0]
        is_first = np.ones(order.size, np.bool_)
        np.not_equal(high[1:], high[:-1], out=is_first[1:])
        return self.take(order[is_first])


@dataclass(frozen=True, repr=False)
class Seen:
    """What reading some notes used of a cache, by row, and what it has to add."""

    rows: Positions
    added: Entries


class MentionCache:
    """The mentions of notes read before, for one reader.

    `find` gives what the reader's own gives; `taken` what it used and read since it was last asked, in
    whichever process; `write` keeps that, and nothing else, for the next run. `notices` say why a file
    was not used or not written: neither is an error.
    """

    def __init__(self, path: Path, fingerprint: bytes, salt: bytes, checksum: bytes) -> None:
        self.path = path
        self.notices: list[str] = []
        self.reader: NoteReader | None = None
        self._made_of = path, fingerprint, salt, checksum
        self._stored: Entries | None = None
        self._seen: list[Seen] = []
        self._warns = False

    @classmethod
    def open(cls, path: str | Path, reader: NoteReader) -> MentionCache:
        """The cache in a file; an empty one where the file is missing, damaged or another reader's.

        OutputError where nothing can be put at `path`. Something else than a cache is never written
        over.
        """
        path = place_of(Path(path))
        if path.exists() and not path.is_file():
            raise OutputError(f"{path} is no ordinary file; give the name of a file for mentions")
        of_reader = fingerprint_of(reader)
        is_ours = _may_replace(path)
        content = _content_of(path) if is_ours else b""
        wrong = _what_is_wrong(content, of_reader, len(reader.concepts)) if content else ""
        if content and not wrong:
            head = _HEAD.unpack_from(content)
            cache = cls(path, of_reader, head[2], head[-1])
            cache._stored = _entries_of(content)
        else:
            cache = cls(path, of_reader, secrets.token_bytes(16), b"")
            cache._stored = Entries.none()
        cache.reader = reader
        if wrong:
            cache.notices.append(f"{path}: {wrong}; all notes are read, and the file is made anew")
        if not is_ours:
            cache.notices.append(_left_as_it_is(path))
        return cache

    def warn(self) -> None:
        """Give its notices as warnings, those to come too: for who does not look at them."""
        self._warns = True
        for notice in self.notices:
            warnings.warn(notice, stacklevel=3)

    def _tell(self, notice: str) -> None:
        self.notices.append(notice)
        if self._warns:
            warnings.warn(notice, stacklevel=4)

    def __reduce__(self) -> tuple[Any, ...]:
        """A worker process is told where the file lies, and looks into it itself."""
        return MentionCache, self._made_of

    @property
    def stored(self) -> Entries:
        """What was in the file."""
        if self._stored is None:
            path, fingerprint, _, checksum = self._made_of
            self._stored = _stored_in(path, fingerprint, checksum)
        return self._stored

    def __len__(self) -> int:
        return len(self.stored)

    def find(self, reader: NoteReader, notes: Notes) -> FoundMentions:
        """What `reader.find` gives; the reader reads only notes that are not in the cache, each once."""
        texts = as_texts(listed(notes))
        keys = keys_of(texts, self._made_of[2])
        row = self.stored.rows_of(keys)
        known, new = (row >= 0).nonzero()[0], (row < 0).nonzero()[0]
        number: dict[str, int] = {}
        which = np.array(
            [number.setdefault(texts[at], len(number)) for at in new.tolist()], np.int64
        )
        first = new[np.unique(which, return_index=True)[1]]
        added = Entries.of(keys[first], reader.find(list(number)))
        self._seen.append(Seen(row[known], added))
        parts = (known, self.stored, row[known]), (new, added, which)
        return _found(parts, reader.vocabulary.concepts)

    def taken(self) -> Seen:
        """What was used and read since this was last asked."""
        seen, self._seen = self._seen, []
        return Seen(
            self._used(seen),
            Entries.joined([Entries.none(), *(part.added for part in seen)]).sorted(),
        )

    def _used(self, seen: Iterable[Seen]) -> Positions:
        """The rows that some readings used, each once."""
        used = np.zeros(len(self), np.bool_)
        for part in seen:
            used[part.rows] = True
        return used.nonzero()[0]

    def write(self, seen: Iterable[Seen]) -> None:
        """Keep what a run used and read, of all its processes, in place of what was there.

        A file that cannot be written is a notice: the next run reads those notes again.
        """
        parts = list(seen)
        used = self._used(parts)
        added = Entries.joined([Entries.none(), *(part.added for part in parts)])
        if not len(added) and used.size == len(self) and self._made_of[3]:
            return  # it holds just that
        if not _may_replace(self.path):
            if not self.notices:
                self._tell(_left_as_it_is(self.path))
            return
        entries = Entries.joined([self.stored.take(used), added]).sorted()
        if len(entries.what) > _MOST_MENTIONS:
            self._tell(f"{self.path}: not written, too many mentions for one file")
            return
        _, fingerprint, salt, _ = self._made_of
        try:
            with replaced_file(self.path) as aside:
                _write(aside, entries, fingerprint, salt)
        except OutputError as error:
            self._tell(f"{error}; the next run reads all notes that are not in it")


def cache_at(place: str | Path | MentionCache, reader: NoteReader) -> MentionCache:
    """The cache at a path, its notices given as warnings, or an open one.

    UsageError where an open one is another reader's.
    """
    if not isinstance(place, MentionCache):
        cache = MentionCache.open(place, reader)
        cache.warn()
        return cache
    if place.reader is not reader:
        raise UsageError(
            "wanted a cache of mentions that was opened with the screener's own reader"
        )
    return place


def keys_of(texts: Iterable[str], salt: bytes) -> Keys:
    """The hash of each text, (n, 2).

    UTF-8 tells two halves of a surrogate pair from the one character that UTF-16 would make of them.
    """
    begun = hashlib.blake2b(digest_size=16, salt=salt)
    digests = []
    for text in texts:
        one = begun.copy()  # half the time of making one
        one.update(text.encode("utf-8", "surrogatepass"))
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64).reshape(-1, 2)


def fingerprint_of(reader: NoteReader) -> bytes:
    """SHA-256 over all that decides what a reader finds: lexicon, learned tables, code, versions.

    Of what was loaded, not of files that may have changed since.
    """
    total = hashlib.sha256(_code())
    total.update(repr(reader.lexicon).encode())
    if reader.learned is not None:
        total.update(repr((reader.learned.name, reader.learned.concepts)).encode())
        for table in reader.learned.languages:
            for name, value in vars(table).items():
                is_array = isinstance(value, np.ndarray)
                total.update(
                    repr((name, value.shape, str(value.dtype)) if is_array else name).encode()
                )
                total.update(value.tobytes() if is_array else repr(value).encode())
    return total.digest()


@lru_cache(maxsize=1)
def _code() -> bytes:
    """The modules that read notes, word for word, and what else runs there."""
    versions = (__version__, sys.version, np.__version__, scipy.__version__)
    here = platform.machine(), sys.byteorder, unicodedata.unidata_version
    total = hashlib.sha256(repr((MAGIC, versions, here)).encode())
    for name in (*READING, "mentioncache"):
        path = Path(__file__).with_name(f"{name}.py")
        if path.is_file():  # not in a package of compiled files: there the version tells
            total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.digest()


def _found(
    parts: Iterable[tuple[Positions, Entries, Positions]], concepts: tuple[str, ...]
) -> FoundMentions:
    """The mentions of some notes: each part has notes, and the rows of some entries they have."""
    notes, whats, wheres = [], [], []
    for note, entries, rows in parts:
        owner, number = entries.mentions_of(rows)
        notes.append(note.take(owner))
        whats.append(entries.what.take(number))
        wheres.append(entries.where.take(number, axis=0).astype(np.int64))
    note = np.concatenate(notes)
    order = note.argsort(kind="stable")
    what = np.concatenate(whats).take(order).astype(np.int64)
    where = np.concatenate(wheres).take(order, axis=0)
    start, end, cue_start, cue_end = (np.ascontiguousarray(column) for column in where.T)
    return FoundMentions(
        concepts=concepts,
        note=note.take(order),
        concept=what >> 16,
        status=(what >> 8 & 0xFF).astype(np.int8),
        start=start,
        end=end,
        found_by=(what & 0xFF).astype(np.int8),
        cue_start=cue_start,
        cue_end=cue_end,
    )


def _may_replace(path: Path) -> bool:
    """Whether nothing is at a path but a file of mentions, of any version, or the beginning of one."""
    try:
        with path.open("rb") as file:
            return FAMILY.startswith(file.read(len(FAMILY)))
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _left_as_it_is(path: Path) -> str:
    return (
        f"{path}: no file of mentions, or one that cannot be read, and left as it is; all notes are "
        "read. Remove it, or give another name"
    )


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _what_is_wrong(content: bytes, fingerprint: bytes, concepts: int) -> str:
    """Why the content of a file is not to be used; empty where it is whole and of this reader."""
    damaged = "damaged or cut off"
    if len(content) < _HEAD.size:
        return damaged
    magic, reader, _, notes, mentions, width, checksum = _HEAD.unpack_from(content)
    if magic.rstrip(b"\0") != MAGIC or reader != fingerprint:
        return "of another note reader, or of another version"
    size = _HEAD.size + notes * 20 + 4 + mentions * (4 + 4 * width)
    if width not in (2, 4) or len(content) != size:
        return damaged
    whole = memoryview(content)
    if _checksum(content[: _HEAD.size - _SUM], whole[_HEAD.size :]) != checksum:
        return damaged
    entries = _entries_of(content)
    high, first, what = entries.keys[:, 0], entries.first, entries.what
    in_order = (high[1:] > high[:-1]).all() and (first[1:] >= first[:-1]).all()
    holds = in_order and first[0] == 0 and first[-1] == mentions
    known = what >> 16 < concepts, (what >> 8 & 0xFF) < len(STATUSES), (what & 0xFF) < len(FOUND_BY)
    return "" if holds and all(part.all() for part in known) else damaged


def _checksum(head: bytes, *pieces: memoryview) -> bytes:
    """The sum over a head without its own, and over all that follows."""
    total = hashlib.blake2b(head, digest_size=_SUM)
    for piece in pieces:
        total.update(piece)
    return total.digest()


def _entries_of(content: bytes) -> Entries:
    """The entries in the content of a file, which are not copied but for the keys."""
    _, _, _, notes, mentions, width, _ = _HEAD.unpack_from(content)
    at, parts = _HEAD.size, []
    for dtype, size in (("<u8", 2 * notes), ("<u4", notes + 1), ("<u4", mentions)):
        parts.append(np.frombuffer(content, dtype, size, at))
        at += parts[-1].nbytes
    keys, first, what = parts
    where = np.frombuffer(content, f"<i{width}", 4 * mentions, at).reshape(-1, 4)
    return Entries(keys.reshape(2, -1).T, first, what, where)


def _write(path: Path, entries: Entries, fingerprint: bytes, salt: bytes) -> None:
    width = 2 if entries.where.max(initial=0) <= np.iinfo(np.int16).max else 4
    counts = len(entries), len(entries.what), width
    arrays = (
        entries.keys.T.astype("<u8", order="C"),
        entries.first.astype("<u4", copy=False),
        entries.what.astype("<u4", copy=False),
        entries.where.astype(f"<i{width}", order="C"),
    )
    pieces = [array.ravel().view(np.uint8).data for array in arrays]
    head = _HEAD.pack(MAGIC, fingerprint, salt, *counts, bytes(_SUM))[:-_SUM]
    with path.open("wb") as file:
        file.write(head + _checksum(head, *pieces))
        for piece in pieces:
            file.write(piece)


@lru_cache(maxsize=1)  # a worker process is asked for every block
def _stored_in(path: Path, fingerprint: bytes, checksum: bytes) -> Entries:
    """The entries of a file that the parent process found whole; none if it is another by now."""
    if not checksum:
        return Entries.none()
    content = _content_of(path)
    if len(content) < _HEAD.size or _HEAD.unpack_from(content)[-1] != checksum:
        return Entries.none()
    wrong = _what_is_wrong(content, fingerprint, 1 << 16)
    return Entries.none() if wrong else _entries_of(content)
