"""Annotated notes: what a person says is mentioned in them, and where.

    <folder>/<lang>-<voice>.tsv   one file a writer's voice; or any .tsv or .jsonl file

A .tsv file may begin with lines that start with "# " (who writes so, the licence). Then each line
is one note, its language, a tab, and its text with what it mentions in tags:

    zh<TAB>奶奶说[[physical_abuse|negated:没有人打他]]，邻居也这么讲。

A .jsonl file has one object a line: `lang`, `text` and `mentions`, each of a `concept`, a `status`,
and `start` and `end` in Unicode code points, or `evidence`, the exact words. There, two concepts
may share words (a father's death is a guardian lost, and a bereavement); tags cannot.

Reading is strict: what cannot be read as it was meant is a CorpusError with file and line. No
message holds words of a note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carescreen.errors import CorpusError, did_you_mean
from carescreen.lexicon import LANGUAGES, STATUSES
from carescreen.pack import shipped_folder

SUFFIXES = (".tsv", ".jsonl")
NOTE_KEYS = ("id", "lang", "text", "mentions")
MENTION_KEYS = ("concept", "status", "start", "end", "evidence")
MAX_BYTES = 200_000_000

_BRACKETS = re.compile(r"\[\[|\]\]")
_LOST_BRACKET = re.compile(rf"\[[a-z_]+\|[a-z]+:|\|(?:{'|'.join(STATUSES)}):")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\Z", re.I)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WANTED_TAG = "wanted [[concept|status:words]]"


@dataclass(frozen=True)
class Annotation:
    """Concept and status of the characters from `start` up to `end`, counted in code points."""

    concept: str
    status: str
    start: int
    end: int


@dataclass(frozen=True)
class AnnotatedNote:
    """A note without its tags, and its annotations by start; `writer` is the name of its file."""

    writer: str
    language: str
    text: str = field(repr=False)
    mentions: tuple[Annotation, ...]
    file: Path
    line: int

    @property
    def place(self) -> str:
        """file:line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, repr=False)  # its values are records
class Corpus:
    """Notes in the order of their files and lines; `about`: the first lines of a writer's file."""

    notes: tuple[AnnotatedNote, ...]
    about: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_corpus(paths: str | Path | Iterable[str | Path], concepts: Collection[str]) -> Corpus:
    """Read folders and files; `concepts` are the ids that a tag may name.

    CorpusError for a file that cannot be read, an unknown concept, status or language, a tag that
    is broken, inside another or around nothing, and a note without text.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [file for path in given for file in _files_of(Path(path))]
    for file in files:
        if files.count(file) > 1:
            raise CorpusError("the file is given twice", file)
    notes: list[AnnotatedNote] = []
    about: dict[str, tuple[str, ...]] = {}
    for file in files:
        lines = _lines_of(file)
        head = _head_of(lines) if file.suffix == ".tsv" else ()
        if head:
            about[file.stem] = tuple(line[2:].strip() for line in head)
        read = _read_tagged if file.suffix == ".tsv" else _read_object
        for number, line in enumerate(lines[len(head) :], start=len(head) + 1):
            if line.strip():
                notes.append(_Line(file, number, concepts).note(line, read))
    return Corpus(tuple(notes), about)


def shipped_corpus() -> Path:
    """The folder of the corpus that comes with the project."""
    return shipped_folder("corpus")


def _files_of(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        if path.suffix not in SUFFIXES:
            raise CorpusError("wanted a folder, or a file that ends in .tsv or .jsonl", path)
        yield path
        return
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        raise CorpusError("no file in this folder ends in .tsv or .jsonl", path)
    yield from files


def _lines_of(path: Path) -> list[str]:
    """The lines of a file; only a line feed ends one, so that numbers are those of an editor."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorpusError(f"more than {MAX_BYTES:,} bytes; split the file", path)
        data = path.read_bytes()
        lines = data.decode("utf-8").removeprefix("\ufeff").split("\n")
    except FileNotFoundError:
        raise CorpusError("no such file", path) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8 at byte {error.start} of the file; save the file as UTF-8"
        raise CorpusError(message, path, line) from None
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", path) from None
    return [line.removesuffix("\r") for line in lines]


def _head_of(lines: list[str]) -> list[str]:
    count = 0
    while count < len(lines) and (lines[count].startswith("# ") or lines[count] == "#"):
        count += 1
    return lines[:count]


@dataclass(frozen=True)
class _Line:
    """One line of a file while it is read; `wrong` makes the error that names it."""

    file: Path
    number: int
    concepts: Collection[str]

    def wrong(self, message: str) -> CorpusError:
        return CorpusError(message, self.file, self.number)

    def note(self, line: str, read: Any) -> AnnotatedNote:
        language, text, mentions = read(self, line)
        if language not in LANGUAGES:
            came = f"'{language}'" if _is_name(language) else "something else"
            raise self.wrong(f"wanted a language, {' or '.join(LANGUAGES)}; found {came}")
        named = self.file.stem.partition("-")[0]
        if named in LANGUAGES and named != language:
            raise self.wrong(f"the file is named as one of '{named}', and the note is '{language}'")
        if not text.strip():
            raise self.wrong("the note has no text")
        if _SURROGATE.search(text):
            raise self.wrong("half a character (a lone surrogate) in the note; type it again")
        mentions = tuple(sorted(mentions, key=lambda mention: (mention.start, mention.end)))
        self._require_apart(mentions)
        return AnnotatedNote(self.file.stem, language, text, mentions, self.file, self.number)

    def _require_apart(self, mentions: tuple[Annotation, ...]) -> None:
        end: dict[str, int] = {}
        for mention in mentions:
            if mention.start < end.get(mention.concept, 0):
                raise self.wrong(f"two mentions of {mention.concept} overlap; cut or drop one")
            end[mention.concept] = mention.end

    def annotation(self, concept: Any, status: Any, start: int, end: int) -> Annotation:
        self._require_known("concept", concept, self.concepts)
        self._require_known("status", status, STATUSES)
        return Annotation(concept, status, start, end)

    def _require_known(self, what: str, word: Any, known: Collection[str]) -> None:
        """A word that could be a name is shown; anything else may be the note's own words."""
        if isinstance(word, str) and word in known:
            return
        if not _is_name(word):
            raise self.wrong(f"wanted a {what}, found what cannot be one; {_WANTED_TAG}")
        hint = did_you_mean(word, known)
        allowed = "" if hint or what == "concept" else f"; allowed: {', '.join(known)}"
        raise self.wrong(f"no {what} '{word}'{hint}{allowed}")


Read = tuple[str, str, list[Annotation]]


def _read_tagged(line: _Line, raw: str) -> Read:
    language, tab, tagged = raw.partition("\t")
    if not tab:
        raise line.wrong("wanted a language, a tab and a note; found no tab")
    if "\t" in tagged:
        raise line.wrong("wanted a language, a tab and a note; found a second tab")
    text, mentions = _untagged(line, tagged)
    return language, text, mentions


def _untagged(line: _Line, tagged: str) -> tuple[str, list[Annotation]]:
    """The text without its tags, and the tags as annotations of that text."""
    pieces: list[str] = []
    mentions: list[Annotation] = []
    length, at, opened = 0, 0, False
    for found in _BRACKETS.finditer(tagged):
        piece = tagged[at : found.start()]
        if found[0] == "[[" and opened:
            raise line.wrong(f"'[[' inside a tag that is still open; {_WANTED_TAG}")
        if found[0] == "]]" and not opened:
            raise line.wrong(f"']]' without a '[[' before it; {_WANTED_TAG}")
        if opened:
            concept, status, piece = _tag(line, piece)
            end = length + len(piece)
            mentions.append(line.annotation(concept, status, length, end))
        pieces.append(piece)
        length += len(piece)
        at, opened = found.end(), not opened
    if opened:
        raise line.wrong(f"'[[' without a ']]' after it; {_WANTED_TAG}")
    text = "".join([*pieces, tagged[at:]])
    if _LOST_BRACKET.search(text):
        raise line.wrong(f"a tag with one bracket, or none; {_WANTED_TAG}")
    return text, mentions


def _tag(line: _Line, inside: str) -> tuple[str, str, str]:
    concept, bar, rest = inside.partition("|")
    status, colon, words = rest.partition(":")
    if not bar or not colon:
        missing = "'|' after the concept" if not bar else "':' after the status"
        raise line.wrong(f"a tag without {missing}; {_WANTED_TAG}")
    if not words.strip():
        raise line.wrong(f"a tag without words; {_WANTED_TAG}")
    return concept, status, words


def _read_object(line: _Line, raw: str) -> Read:
    try:
        entry = json.loads(raw)
    except json.JSONDecodeError as error:
        raise line.wrong(f"not JSON at character {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError):
        raise line.wrong("not JSON that can be read: too deep, or too long a number") from None
    _require_object(line, "a note", entry, NOTE_KEYS, ("lang", "text", "mentions"))
    if not isinstance(entry["text"], str) or not isinstance(entry["mentions"], list):
        raise line.wrong("wanted a text, and a list of mentions")
    mentions: list[Annotation] = []
    for mention in entry["mentions"]:
        _require_object(line, "a mention", mention, MENTION_KEYS, ("concept", "status"))
        span = _span(line, mention, entry["text"], mentions)
        mentions.append(line.annotation(mention["concept"], mention["status"], *span))
    return entry["lang"], entry["text"], mentions


def _require_object(
    line: _Line, what: str, entry: Any, allowed: tuple[str, ...], required: tuple[str, ...]
) -> None:
    if not isinstance(entry, dict):
        raise line.wrong(f"wanted {what} as an object with {', '.join(required)}")
    for key in entry:
        if key not in allowed:
            came = f" '{key}'{did_you_mean(key, allowed)}" if _is_name(key) else ""
            raise line.wrong(f"{what} has a key that is not known{came}")
    for key in required:
        if key not in entry:
            raise line.wrong(f"{what} lacks '{key}'")


def _span(
    line: _Line, mention: Mapping[str, Any], text: str, taken: Collection[Annotation]
) -> tuple[int, int]:
    if "evidence" in mention:
        if "start" in mention or "end" in mention:
            raise line.wrong("a mention has start and end, or evidence; found both")
        return _span_of_words(line, mention, text, taken)
    start, end = mention.get("start"), mention.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise line.wrong("wanted start and end in the note: 0 <= start < end <= its length")
    if not text[start:end].strip():
        raise line.wrong("a mention of nothing but blanks")
    return start, end


def _span_of_words(
    line: _Line, mention: Mapping[str, Any], text: str, taken: Collection[Annotation]
) -> tuple[int, int]:
    """The first place of the words where no mention is yet; else where none of that concept is."""
    words = mention["evidence"]
    if not isinstance(words, str) or not words.strip():
        raise line.wrong("wanted evidence: the exact words of the note")
    places = [(at, at + len(words)) for at in _occurrences(text, words)]
    same = [other for other in taken if other.concept == mention["concept"]]
    for others in (taken, same):
        for start, end in places:
            if not any(other.start < end and start < other.end for other in others):
                return start, end
    found = "only where that concept is mentioned already" if places else "nowhere in it"
    raise line.wrong(f"evidence wants the exact words of the note; found them {found}")


def _occurrences(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _is_name(word: Any) -> bool:
    return isinstance(word, str) and bool(_NAME.match(word))
