"""The list that there was before: whether there was one, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from carescreen.evaluation.notices import Notice
from carescreen.evaluation.report.texts import name_of, say

NAME = "previous_list"


@dataclass(frozen=True)
class Previous:
    """own_days: how old the list's own order is that stands in for an earlier list; None: a real
    one was given. missing: of how many of the windows no earlier list is there."""

    own_days: int | None = None
    missing: int = 0
    windows: int = 0

    @classmethod
    def of(cls, notices: Iterable[Notice], windows: int) -> Previous:
        """From what a backtest says of it."""
        values = {notice.name: notice.values for notice in notices}
        days = values.get("previous_is_own", {}).get("days")
        missing = values.get("previous_missing", {}).get("count", 0)
        count = int(str(missing))  # also of windows that were left out for want of outcomes
        return cls(None if days is None else int(str(days)), count, max(windows, count))

    @property
    def is_own(self) -> bool:
        """Whether it is the same list, earlier: nothing that was done before."""
        return self.own_days is not None

    def is_before(self, method: str) -> bool:
        """Whether a method may stand for what was done before."""
        return method != NAME or not (self.is_own or self.missing)

    def not_compared(self, method: str, language: str) -> str:
        """Why a method is called neither better nor worse; "": it is."""
        if method != NAME or not self.missing:
            return ""
        return say("beside_missing", language, missing=self.missing, windows=self.windows)

    def name(self, method: str, language: str) -> str:
        """What a method is called."""
        if method == NAME and self.is_own:
            return say("method_own_earlier", language, days=self.own_days)
        return name_of("method", method, language)
