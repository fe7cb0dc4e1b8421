"""What commands share: options, dates, the progress bar, reading a caseload."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen.errors import UsageError

if TYPE_CHECKING:
    from carescreen.caseload import Caseload

FOLDER = click.Path(path_type=Path)
LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True
)
PACK = click.option("--pack", default="cn-rural", show_default=True, help="shipped name or folder")
MODEL = click.option(
    "--model", default="evidence", show_default=True, help="shipped name or folder"
)
FIRST_YEAR, LAST_YEAR = 1900, 2100
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_caseload(folder: Path, mapping: Path | None) -> Caseload:
    """The caseload of a folder, through a mapping where one is given."""
    from carescreen.caseload import Caseload

    return Caseload.read(folder, mapping=mapping)


def require_caseload(folder: Path, mapping: Path | None) -> None:
    """End at once where a folder is no caseload: before a pack and a note reader are loaded, which
    takes seconds."""
    from carescreen.caseload_folder import require_tables

    require_tables(folder, mapping)


def day_of(option: str, text: str | None) -> date | None:
    """The date an option gives; None where it is not given."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(
            f"{option} wants a date such as 2026-11-01, without a time and from {FIRST_YEAR} to "
            f"{LAST_YEAR}; got '{text}'"
        )
    return day


def as_of_day(text: str | None) -> date:
    """The as-of date, today where none is given; one after today is said on stderr."""
    today = date.today()
    day = day_of("--as-of", text) or today
    if day > today:
        tell_note(f"the as-of date {day} lies after today; what is entered until then is not there")
    return day


def moment_of(option: str, text: str) -> datetime:
    """A date, or a date and time; a date alone is its midnight."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UsageError(
            f"{option} wants a date such as 2026-11-01 or 2026-11-01 09:30, got '{text}'"
        )
    return moment


def tell_note(sentence: str) -> None:
    """A sentence that a person must see, on stderr and set off from the rest."""
    click.echo(click.style("note: ", bold=True, fg="yellow") + sentence, err=True)


class Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now

    def with_laps(self, tell: Callable[[str, int, int], None]) -> Callable[[str, int, int], None]:
        """`tell`, which also ends a lap with the last part of each step that is told."""

        def tell_and_lap(what: str, done: int, total: int) -> None:
            tell(what, done, total)
            if done == total:
                self.lap(what)

        return tell_and_lap


class progress:  # noqa: N801  # used like a function: with progress("ranking") as tell
    """A progress bar on stderr that appears only for steps that take a while."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar: Any = None

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self.tell

    def tell(self, what: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self.bar is None:
            tqdm.monitor_interval = 0  # its thread would keep a process from being forked
            self.bar = tqdm(total=total, desc=self.name, delay=1.0, leave=False, disable=None)
        self.bar.set_postfix_str(what, refresh=False)
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
