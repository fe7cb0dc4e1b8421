"""Text in terminal columns, of which a Chinese character takes two."""

from __future__ import annotations

import re

from carescreen.review.reasons import columns

_OPEN, _CLOSE = "“‘（《【「", "，。、；：！？）”’》】」"  # never last, never first on a line
_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_PIECES = re.compile(
    rf"\s+|[{_OPEN}]*(?:[^\s{_WIDE}{_OPEN}{_CLOSE}]+|[{_WIDE}])[{_CLOSE}]*|[{_OPEN}{_CLOSE}]+"
)


def padded(text: str, width: int) -> str:
    """A text filled up to a width in columns.

    >>> padded("未知", 6)
    '未知  '
    """
    return text + " " * max(width - columns(text), 0)


def wrapped(text: str, width: int, indent: str = "", after: str = "") -> list[str]:
    """A text in lines of at most `width` columns; a single word that is longer stays whole.

    indent: before the first line; after: before the others, besides the indent.

    >>> wrapped("一个人在家 at night", 8, " ")
    [' 一个人', ' 在家 at', ' night']
    """
    lines, line = [], indent
    start = indent
    for piece in _PIECES.findall(text):
        fits = columns((line + piece).rstrip()) <= width
        if not fits and line.strip():
            lines.append(line.rstrip())
            start = indent + after
            line = start
        if line != start or not piece.isspace():
            line += piece
    return [*lines, line.rstrip()]
