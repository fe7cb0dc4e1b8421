"""What a family or a worker says is wrong in the records, and what was answered.

    correction         the family asks for a correction (`result` blank)
    wrong_information  a worker says that what is recorded is wrong
    correction         with `result` corrected or kept: the answer, with its reason

An answer is to everything that was said about the child by then and not answered before. None of
them changes a record, a tier, a score or an order: they stand beside what is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import numpy as np

from carescreen.block import Block, covered_until
from carescreen.fields import CORRECTION_RESULTS
from carescreen.sheet import objects, places

Kind = Literal["correction", "wrong_information"]
KINDS: tuple[Kind, ...] = ("correction", "wrong_information")
_LONG_AGO = datetime.min


@dataclass(frozen=True, repr=False)  # its values are records
class Dispute:
    """One thing that somebody says is wrong; `result` is "" until it is answered.

    `words` and `answer` are free text: they may hold anything, also who said what.
    """

    kind: Kind
    said_on: date | None
    words: str = ""
    result: str = ""
    answered_on: date | None = None
    answer: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it."""
        return not self.result


@dataclass(frozen=True, repr=False)  # its values are records
class _Said:
    """A decision about what is recorded; `until` is up to when an answer reaches."""

    child: int
    kind: str
    at: datetime | None
    until: datetime | None
    result: str
    words: str

    def place(self) -> tuple[object, ...]:
        """In time, an answer last; the rest only so that the order of rows changes nothing."""
        return self.until or _LONG_AGO, self.is_answer, self.kind, self.result, self.words

    @property
    def is_answer(self) -> bool:
        return self.kind == "correction" and self.result in CORRECTION_RESULTS


def disputes_of(block: Block) -> list[list[Dispute]]:
    """What is disputed about each child of a block, in the order of time; undated first."""
    found: list[list[Dispute]] = [[] for _ in range(block.n)]
    for said in sorted(_said(block), key=_Said.place):
        own = found[said.child]
        if not said.is_answer:
            own.append(Dispute(said.kind, _day(said.at), said.words))  # type: ignore[arg-type]  # one of KINDS
        elif said.at is not None:
            own[:] = [_answered(dispute, said) for dispute in own]
    return found


def _answered(dispute: Dispute, said: _Said) -> Dispute:
    if not dispute.is_open:
        return dispute
    return replace(dispute, result=said.result, answered_on=_day(said.at), answer=said.words)


def _said(block: Block) -> Iterable[_Said]:
    rows = block.decisions
    if not len(rows):
        return
    rows = rows.take(np.isin(rows["decision"], objects(KINDS)))
    child = places(block.children["child_id"], rows["child_id"])
    until = covered_until(rows["decided_at"])
    for place, row in enumerate(rows.rows()):
        if child[place] < 0:
            continue
        said = _Said(
            child=int(child[place]),
            kind=row["decision"],
            at=_moment(rows["decided_at"][place]),
            until=_moment(until[place]),
            result=(row.get("result") or "").strip(),
            words=row.get("reason") or "",
        )
        # Said on a day without a time: an answer of that day, at whatever hour, is to it.
        yield said if said.is_answer else replace(said, until=said.at)


def _moment(time: np.datetime64) -> datetime | None:
    return None if np.isnat(time) else time.astype("datetime64[s]").astype(datetime)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
