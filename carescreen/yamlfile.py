"""YAML 1.2 with positions, read strictly: what a person wrote is what the program sees.

`yes`, `no`, `on` and `off` stay words (YAML 1.2 core schema); a duplicate key, an anchor or alias,
a tag, a tab, more than one document, nesting deeper than MAX_DEPTH, more than MAX_VALUES values and
a file over MAX_BYTES are errors with file, line and column. Built from parser events, so a deeply
nested or self-referencing file costs no more than its own length.
"""

from __future__ import annotations

import math
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from carescreen.errors import PackError, did_you_mean

MAX_BYTES = 4_000_000
MAX_DEPTH = 24
MAX_VALUES = 100_000
LANGUAGES = frozenset({"en", "zh"})
ID = re.compile(r"[a-z][a-z0-9_]*\Z")  # of what a condition or another file can name

Key = tuple[str | int, ...]
Position = tuple[int, int]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: plain dicts, lists and scalars, and where each of them stands.

    `positions` maps a key path such as ("rules", 0, "when") to the (line, column) of its value,
    counted from 1, and `keys` to that of the word before the colon.
    """

    path: Path
    data: Any
    positions: dict[Key, Position] = field(repr=False)
    keys: dict[Key, Position] = field(repr=False)

    def error(self, message: str, *key: str | int) -> PackError:
        """A PackError at the nearest known position of a key path."""
        while key and key not in self.positions:
            key = key[:-1]
        line, column = self.positions.get(key, (1, 1))
        return PackError(message, self.path, line, column)

    def key_error(self, message: str, *key: str | int) -> PackError:
        """A PackError at the last word of a key path itself, not at what stands behind it."""
        return PackError(message, self.path, *self.keys[key])

    def require_keys(
        self, key: Key, allowed: set[str], required: frozenset[str] = frozenset()
    ) -> None:
        """Raise unless the mapping at `key` has only allowed keys and all required ones."""
        node = self.at(key)
        if not isinstance(node, dict):
            raise self.error(f"wanted a mapping, found {_kind(node)}", *key)
        for name in node:
            if name not in allowed:
                hint = (
                    did_you_mean(str(name), allowed) or f"; allowed: {', '.join(sorted(allowed))}"
                )
                raise self.key_error(f"unknown key '{name}'{hint}", *key, name)
        missing = sorted(required - node.keys())
        if missing:
            raise self.error(f"missing key '{missing[0]}'", *key)

    def list_at(self, *key: str | int) -> list[Any]:
        """The list at a key path; none where the key is left out or says nothing."""
        node = self.at(key[:-1]).get(key[-1])
        if node is None:
            return []
        if not isinstance(node, list):
            raise self.error(f"{key[-1]} is a list; found {_kind(node)}", *key)
        return node

    def words_at(self, *key: str | int) -> list[str]:
        """The list of words at a key path; none where the key is left out or says nothing."""
        words = self.list_at(*key)
        for index, word in enumerate(words):
            if not isinstance(word, str):
                raise self.error(f"wanted a word, found {_kind(word)}; quote a number", *key, index)
        return words

    def text_at(self, *key: str | int) -> str:
        """The text at a key path."""
        node = self.at(key)
        if not isinstance(node, str) or not node.strip():
            raise self.error(f"{key[-1]} is a text; found {_kind(node)}", *key)
        return node

    def text_if_given_at(self, *key: str | int) -> str | None:
        """The text at a key path; None where the key is left out or says nothing."""
        return None if self.at(key[:-1]).get(key[-1]) is None else self.text_at(*key)

    def texts_at(self, *key: str | int) -> dict[str, str]:
        """The text in both languages at a key path."""
        node = self.at(key)
        if not is_in_both_languages(node):
            raise self.error(f"{key[-1]} needs both languages: {{en: …, zh: …}}", *key)
        return node

    def at(self, key: Key) -> Any:
        """The value at a key path."""
        node = self.data
        for part in key:
            node = node[part]
        return node


def is_in_both_languages(node: Any) -> TypeGuard[dict[str, str]]:
    """Whether a value is a text in English and Chinese, neither blank."""
    return (
        isinstance(node, dict)
        and node.keys() == LANGUAGES
        and all(isinstance(text, str) and text.strip() for text in node.values())
    )


def read_yaml(path: Path) -> YamlFile:
    """Read one file; PackError names the file and the place of what is wrong."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise PackError("wanted a file, found something else of that name", path)
        if status.st_size > MAX_BYTES:
            raise PackError(
                f"the file has {status.st_size:,} bytes; at most {MAX_BYTES:,} are read", path
            )
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise PackError("no such file", path) from None
    except IsADirectoryError:
        raise PackError("wanted a file, found a folder", path) from None
    except UnicodeDecodeError as error:
        raise PackError(f"not UTF-8 at byte {error.start}; save the file as UTF-8", path) from None
    except OSError as error:
        raise PackError(f"cannot be read: {error.strerror}", path) from None
    return parse_yaml(text, path)


def read_if_there(path: Path) -> YamlFile | None:
    """Read one file; None where there is none. A link that leads nowhere is there, and wrong."""
    return read_yaml(path) if os.path.lexists(path) else None


def files_in(folder: Path) -> list[Path]:
    """The YAML files of a folder in order of their names, without hidden ones; it may be missing."""
    if not os.path.lexists(folder):
        return []
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise PackError(f"wanted a folder: {error.strerror}", folder) from None
    return [folder / name for name in names if name.endswith(".yaml") and name[0] != "."]


def parse_yaml(text: str, path: Path | str = "<text>") -> YamlFile:
    """Parse a text as one document.

    >>> parse_yaml("given: {seen: no, age: 6}").data
    {'given': {'seen': 'no', 'age': 6}}
    """
    path = Path(path)
    try:
        return _build(yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER), path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or "not valid YAML"
        lines = text.splitlines()
        if line <= len(lines) and lines[line - 1][column - 1 : column] == "\t":
            problem = "a tab where spaces are wanted"
        raise PackError(problem, path, line, column) from None
    except yaml.reader.ReaderError:
        raise _forbidden_character(text, path) from None


def _forbidden_character(text: str, path: Path) -> PackError:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = text[: found.start()] if found else ""
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    code = f" U+{ord(found[0]):04X}" if found else ""
    return PackError(f"a character that YAML does not allow:{code}", path, line, column)


def _build(events: Any, path: Path) -> YamlFile:
    builder = _Builder(path)
    for event in events:
        builder.take(event)
    return YamlFile(path, builder.root, builder.positions, builder.keys)


class _Builder:
    """Turns parser events into values; a stack of open collections instead of recursion."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Any = None
        self.positions: dict[Key, Position] = {}
        self.keys: dict[Key, Position] = {}
        self.open: list[tuple[Any, Key]] = []
        self.pending: list[str | None] = []
        self.documents = self.values = 0

    def take(self, event: Any) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._error(event, f"more than {MAX_VALUES:,} values; split the file")
        if isinstance(event, yaml.AliasEvent):
            raise self._error(event, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "anchor", None):
            raise self._error(event, "anchors and aliases are not allowed; write the value out")
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._error(event, "one document a file; remove the '---'")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._enter(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()
            self.pending.pop()

    def _scalar(self, event: Any) -> None:
        if event.tag not in (None, "!"):
            raise self._error(event, f"tags are not allowed: {event.tag}")
        if self.open and isinstance(self.open[-1][0], dict) and self.pending[-1] is None:
            mapping, key = self.open[-1]
            if event.value in mapping:
                raise self._error(event, f"duplicate key '{event.value}'")
            self.pending[-1] = event.value
            mapping[event.value] = None
            self.keys[(*key, event.value)] = _position(event)
            return
        self._place(event, event.value if event.style else _scalar_value(event.value))

    def _enter(self, event: Any, collection: Any) -> None:
        if event.tag is not None:
            raise self._error(event, f"tags are not allowed: {event.tag}")
        if len(self.open) >= MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.open and isinstance(self.open[-1][0], dict) and self.pending[-1] is None:
            raise self._error(event, "a key must be one word or a quoted text")
        key = self._place(event, collection)
        self.open.append((collection, key))
        self.pending.append(None)

    def _place(self, event: Any, value: Any) -> Key:
        if not self.open:
            self.root = value
            self.positions[()] = _position(event)
            return ()
        parent, key = self.open[-1]
        if isinstance(parent, dict):
            name = self.pending[-1]
            assert name is not None
            parent[name] = value
            self.pending[-1] = None
            child: Key = (*key, name)
        else:
            parent.append(value)
            child = (*key, len(parent) - 1)
        self.positions[child] = _position(event)
        return child

    def _error(self, event: Any, message: str) -> PackError:
        return PackError(message, self.path, *_position(event))


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar_value(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.match(word) and len(word) <= 18:
        return int(word)
    if _FLOAT.match(word) and math.isfinite(number := float(word)):
        return number
    return word


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false"}
    return names.get(type(value), "a number")
