"""Which characters the bytes of a text file stand for: UTF-8, GB18030, or line by line.

Spreadsheets on Chinese computers save CSV as GB18030 (or its subsets GBK and GB2312) without saying
so, and files that were put together by hand hold both. The choice looks at the bytes only: valid
UTF-8 is UTF-8; a file that is GB18030 on every line is that; else each line is read as what it is,
and the bytes that still fit nothing become U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from carescreen.errors import CaseloadError

UNREADABLE = "\ufffd"
_SAMPLE = 1 << 20
_NOT_TEXT = {
    b"PK\x03\x04": "a zip or Excel file (.xlsx)",
    b"PAR1": "a Parquet file (.parquet)",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save it as .xlsx",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
# First bytes of what Chinese text is made of in GB2312: the 3,755 common characters, punctuation and
# full-width forms. Letters of other encodings read as GB18030 are mostly elsewhere.
_COMMON = bytes([0xA1, 0xA3, *range(0xB0, 0xD8)])


@dataclass(frozen=True)
class Encoding:
    """How a file is read: a Python codec, or what its lines were found to be.

    codec      the codec of the whole file, or of most of its lines
    text       the text, where the file had to be decoded line by line; else None
    others     how many lines are in the other of UTF-8 and GB18030
    unreadable how many lines hold bytes that fit neither (U+FFFD in `text`)
    """

    codec: str
    text: str | None = None
    others: int = 0
    unreadable: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether some bytes fit no encoding."""
        return self.unreadable > 0

    def decode(self, data: bytes) -> str:
        """The bytes of the file as text; UnicodeDecodeError where they are not all in `codec`."""
        return data.decode(self.codec) if self.text is None else self.text

    def notices(self, file: str) -> tuple[str, ...]:
        """What a person should know about how the file was read."""
        notices = []
        name = "GB18030" if self.codec == "gb18030" else "UTF-8"
        other = "UTF-8" if self.codec == "gb18030" else "GB18030"
        if self.others:
            notices.append(
                f"{file} mixes two encodings; lines read as {other}: {self.others:,}, the rest as "
                f"{name}."
            )
        elif self.codec == "gb18030":
            notices.append(f"{file} is not UTF-8; it was read as GB18030.")
        elif self.codec == "utf-16":
            notices.append(f"{file} is not UTF-8; it was read as UTF-16.")
        if self.unreadable:
            notices.append(
                f"{file} holds bytes that are neither UTF-8 nor GB18030; lines with such bytes: "
                f"{self.unreadable:,}. Save it as UTF-8 from the program it came from."
            )
        return tuple(notices)


def encoding_of_start(path: Path) -> Encoding:
    """The encoding, from the first MiB where that is valid UTF-8, else from the whole file.

    Raises CaseloadError for an empty file, a folder, a file of another kind, one that cannot be
    opened and UTF-16 without its mark. A file may still turn out not to be UTF-8 later on: see
    `encoding_of_whole`.
    """
    start = read_bytes(path, _SAMPLE)
    if not start.strip():
        raise CaseloadError(f"{path.name} is empty: wanted a first line of column names.")
    for magic, what in _NOT_TEXT.items():
        if start.startswith(magic):
            raise CaseloadError(f"{path.name} is not a text file: it looks like {what}.")
    for mark, codec in _MARKS.items():
        if start.startswith(mark):
            return Encoding(codec)
    if b"\0" in start[: start.find(b"\n") + 2]:  # no line of column names holds a NUL
        raise CaseloadError(
            f"{path.name} looks like UTF-16 without its byte-order mark: save it as CSV (UTF-8) "
            "from the program it came from."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < _SAMPLE)
    except UnicodeDecodeError:
        return encoding_of_whole(path)
    return Encoding("utf-8-sig")


def encoding_of_whole(path: Path) -> Encoding:
    """The encoding of a file that is not valid UTF-8, or its text decoded line by line."""
    data = read_bytes(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
        return Encoding("utf-16", text, unreadable=_lines_unreadable(text))
    codec = "gb18030" if _is_mostly_chinese(data) else "utf-8"
    if codec == "gb18030" and _decoded(data, codec) is not None and not _has_utf8_lines(data):
        return Encoding(codec)
    lines = [_Line.read(line, codec) for line in data.removeprefix(codecs.BOM_UTF8).split(b"\n")]
    others = sum(line.is_other for line in lines)
    text = "\n".join(line.text for line in lines)
    unreadable = sum(line.is_unreadable for line in lines)
    return Encoding(codec, text, others, unreadable)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file of two encodings."""

    text: str
    is_other: bool = False
    is_unreadable: bool = False

    @classmethod
    def read(cls, line: bytes, codec: str) -> _Line:
        """The line in the file's main encoding, or in the other where it clearly is in that."""
        if line.isascii():
            return cls(line.decode("ascii"))
        as_utf8, as_chinese = _decoded(line, "utf-8"), _decoded(line, "gb18030")
        if codec == "gb18030":
            if as_utf8 is not None and (as_chinese is None or _is_surely_utf8(as_utf8)):
                return cls(as_utf8, is_other=True)
            if as_chinese is not None:
                return cls(as_chinese)
        elif as_utf8 is not None:
            return cls(as_utf8)
        elif as_chinese is not None and _looks_chinese(as_chinese):
            return cls(as_chinese, is_other=True)
        return cls(line.decode(codec, "replace"), is_unreadable=True)


def _is_surely_utf8(text: str) -> bool:
    """A few GB18030 characters may form valid UTF-8 of two bytes, hardly ever of three."""
    return max(text) > "\u07ff"


def _has_utf8_lines(data: bytes) -> bool:
    texts = (_decoded(line, "utf-8") for line in data.split(b"\n") if not line.isascii())
    return any(text is not None and _is_surely_utf8(text) for text in texts)


def _decoded(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def _is_mostly_chinese(data: bytes) -> bool:
    """Whether bytes that are not valid UTF-8 are GB18030 for the most part.

    One damaged byte in UTF-8 text leaves the rest readable; GB18030 text read as UTF-8 is almost
    nothing but errors.
    """
    as_utf8 = data.decode("utf-8", "replace")
    errors = as_utf8.count(UNREADABLE)
    return len(as_utf8) - _ascii(as_utf8) <= 2 * errors and _looks_chinese(
        data.decode("gb18030", "replace")
    )


def _looks_chinese(text: str) -> bool:
    """Whether more than half of the characters outside ASCII are common in Chinese text.

    A stray Latin-1 letter and Big5 also decode as GB18030, but mostly to other characters.
    """
    wide = "".join(_NOT_ASCII.findall(text))
    leads = wide.encode("gb2312", "ignore")[::2]
    return len(leads) - len(leads.translate(None, _COMMON)) > len(wide) / 2


def _lines_unreadable(text: str) -> int:
    return sum(UNREADABLE in line for line in text.split("\n"))


def read_bytes(path: Path, size: int = -1) -> bytes:
    """The first `size` bytes of a file (all where negative); CaseloadError where it cannot be."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise CaseloadError(f"{path} does not exist: wanted a table file.") from None
    except IsADirectoryError:
        raise CaseloadError(f"{path.name} is a folder: wanted a file.") from None
    except OSError as error:
        raise CaseloadError(f"{path.name} cannot be read: {error.strerror}.") from None


def _ascii(text: str) -> int:
    return len(text.encode("ascii", "ignore"))
