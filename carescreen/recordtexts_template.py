"""Texts with gaps: the JSON of an entry, made once, into which each child's own values are put.

An entry is written as a dictionary whose values that differ from child to child are marks (`gap`),
redacted like any other entry, and encoded; the marks are then the gaps. So what an entry says, and
what of it may leave the office, stands in `records_entries` and `review.redaction` alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carescreen.records_entries import Record
from carescreen.review.redaction import hidden_words, redact, words_of

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_quoted = json.encoder.encode_basestring
_UNUSUAL = re.compile(r"[^\n -~]|[\"\\]")  # in an id: what JSON or UTF-8 would write otherwise
_GAP = re.compile(r'"\\u0000(\w+)\\u0000"')  # no text of a pack or of a table holds a NUL


def gap(name: str) -> str:
    """The mark of a value that is not known yet."""
    return f"\0{name}\0"


def gap_for_items(name: str) -> list[Record]:
    """The mark of the items of a list, as one item that redaction keeps."""
    return [{"indicator": gap(name)}]


def json_bytes(value: object) -> bytes:
    """A value as JSON in UTF-8; half a character that a note may hold stays as it is."""
    return encode(value).encode("utf-8", "surrogatepass")


def text_bytes(text: str) -> bytes:
    """What `json_bytes` gives for a text, in a third of the time."""
    return _quoted(text).encode("utf-8", "surrogatepass")


def id_texts(ids: Sequence[str | None]) -> list[bytes]:
    """Ids as JSON in UTF-8, null where there is none: all at once where none is unusual."""
    if ids and None not in ids:
        joined = "\n".join(ids)  # type: ignore[arg-type]  # none of them is None
        if len(ids) == joined.count("\n") + 1 and not _UNUSUAL.search(joined):
            return f'"{joined}"'.replace("\n", '"\n"').encode().split(b"\n")
    return [b"null" if name is None else text_bytes(name) for name in ids]


@dataclass(frozen=True)
class Template:
    """JSON with gaps: `text` has a %b for each, `gaps` their names in the order of the text."""

    text: bytes
    gaps: tuple[str, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Template:
        """The template of an entry with marks."""
        return cls.of_json(encode(entry))

    @classmethod
    def of_json(cls, text: str) -> Template:
        """The template of JSON with marks."""
        text = re.sub(r'\{"indicator":("\\u0000\w+\\u0000")\}', r"\1", text)
        parts = _GAP.split(text)
        plain = [part.replace("%", "%%") for part in parts[::2]]
        return cls("%b".join(plain).encode("utf-8", "surrogatepass"), tuple(parts[1::2]))

    def fill(self, columns: Mapping[str, Sequence[bytes]], count: int) -> list[bytes]:
        """The text for each of `count` entries, of the values that their columns have as JSON."""
        text = self.text
        if not self.gaps:
            return [text % ()] * count
        rows = zip(*(columns[name] for name in self.gaps), strict=True)
        return [text % row for row in rows]


def fill_each(
    templates: Mapping[int, Template], kinds: Sequence[int], columns: Mapping[str, Sequence[bytes]]
) -> list[bytes]:
    """As `Template.fill`, where each entry has a template by its kind; all have the same gaps."""
    gaps = {template.gaps for template in templates.values()}
    assert len(gaps) <= 1, "entries of one sort have the same gaps"
    texts = {kind: template.text for kind, template in templates.items()}
    rows = zip(*(columns[name] for name in next(iter(gaps), ())), strict=True)
    return [texts[kind] % row for kind, row in zip(kinds, rows, strict=True)]


@dataclass(frozen=True)
class Forms:
    """One entry in every form: whole, as it may leave the office, and where its name is hidden.

    words  what it names: where one of them is hidden in a record, so is the entry
    hides  what it hides in its record where it is sensitive
    """

    full: Template
    public: Template
    hidden: Template | None
    words: frozenset[str]
    hides: frozenset[str]
    sensitive: bool


def forms_of(part: str, entry: Record) -> Forms:
    """The forms of an entry of a part of a record, such as "concerns"."""
    alone = {**entry, "sensitive": True}
    hidden = redact({part: [alone]})[part]
    bare = {**alone, "evidence": []}
    return Forms(
        Template.of(entry),
        Template.of(redact({part: [{**entry, "sensitive": False}]})[part][0]),
        Template.of(hidden[0]) if hidden else None,
        frozenset(words_of(entry)),
        frozenset(hidden_words({part: [bare]})),
        bool(entry["sensitive"]),
    )


def item_forms(item: Record) -> Forms:
    """The forms of an item of the evidence of a concern; it has none where it is hidden."""
    concern = {"sensitive": False, "evidence": [item]}
    return Forms(
        Template.of(item),
        Template.of(redact({"concerns": [concern]})["concerns"][0]["evidence"][0]),
        None,
        frozenset(words_of(item)),
        frozenset(hidden_words({"concerns": [{"sensitive": True, "evidence": [item]}]})),
        sensitive=False,
    )
