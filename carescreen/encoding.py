"""Which characters the bytes of a text file stand for: UTF-8, GB18030, or what comes nearest.

Spreadsheets on Chinese computers save CSV as GB18030 (or its subsets GBK and GB2312) without saying
so. The choice here looks at the bytes only: valid UTF-8 is UTF-8; otherwise the reading in which
the bytes outside ASCII make sense wins, and the bytes that still fit nothing become U+FFFD.
"""

from __future__ import annotations

import codecs
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


@dataclass(frozen=True)
class Encoding:
    """A Python codec name, and whether some bytes fit neither it nor any other."""

    codec: str
    is_damaged: bool = False

    @property
    def errors(self) -> str:
        """The codec error handler: bytes that fit nothing become U+FFFD."""
        return "replace" if self.is_damaged else "strict"

    def notices(self, file: str) -> tuple[str, ...]:
        """What a person should know about how the file was read."""
        if self.codec == "gb18030":
            return (f"{file} is not UTF-8; it was read as GB18030.",)
        if self.codec == "utf-16":
            return (f"{file} is not UTF-8; it was read as UTF-16.",)
        return ()


def encoding_of_start(path: Path) -> Encoding:
    """The encoding, from the first MiB where that is valid UTF-8, else from the whole file.

    Raises CaseloadError for an empty file, a folder, a file of another kind and one that cannot
    be opened. A file may still turn out not to be UTF-8 later on: see `encoding_of_whole`.
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
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < _SAMPLE)
    except UnicodeDecodeError:
        return encoding_of_whole(path)
    return Encoding("utf-8-sig")


def encoding_of_whole(path: Path) -> Encoding:
    """The encoding that makes most sense of all bytes of a file that is not valid UTF-8."""
    data = read_bytes(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", is_damaged=True)
    as_utf8 = data.decode("utf-8", "replace")
    # One damaged byte in UTF-8 text leaves the rest readable; GB18030 text read as UTF-8 is
    # almost nothing but errors.
    if _readable(as_utf8) > as_utf8.count(UNREADABLE):
        return Encoding("utf-8-sig", is_damaged=True)
    as_chinese = data.decode("gb18030", "replace")
    common = (len(as_chinese.encode("gb2312", "ignore")) - _ascii(as_chinese)) / 2
    # A stray Latin-1 letter also decodes as GB18030, but to a rare character outside GB2312.
    if common > _readable(as_chinese) / 2 and common > as_chinese.count(UNREADABLE):
        return Encoding("gb18030", is_damaged=UNREADABLE in as_chinese)
    return Encoding("utf-8-sig", is_damaged=True)


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


def _readable(text: str) -> int:
    """Characters outside ASCII that were decoded."""
    return len(text) - _ascii(text) - text.count(UNREADABLE)
