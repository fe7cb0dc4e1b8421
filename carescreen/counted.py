"""A sentence with a count that adds up: what the parts of a caseload say is said of the whole once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# What is counted, in the order in which a person reads it.
KINDS = (
    *("copied_rows", "copied_visits", "amended_visits", "no_visits", "no_age", "no_village"),
    *("stray_decisions", "later_rows", "unborn", "adults"),
)


@dataclass(frozen=True, order=True)
class Count:
    """What a sentence counts: its kind, the place of its table, and the words around the number."""

    kind: int
    table: int
    before: str
    after: str


class Counted(str):
    """A sentence such as 'children: exact copies of a row left out: 3.'

    >>> notice = Counted("no_village", 0, "children: children without a village_id: ", 1200)
    >>> notice, notice.number
    ('children: children without a village_id: 1,200.', 1200)
    """

    counts: Count
    number: int

    def __new__(cls, kind: str, table: int, before: str, number: int, after: str = ".") -> Counted:
        """`before` and `after` stand around the number; `table` orders sentences of one kind."""
        made = super().__new__(cls, f"{before}{number:,}{after}")
        made.counts, made.number = Count(KINDS.index(kind), table, before, after), int(number)
        return made

    def __getnewargs__(self) -> tuple[str, int, str, int, str]:  # type: ignore[override]  # own
        """The arguments that make it again, for copies."""
        count = self.counts
        return KINDS[count.kind], count.table, count.before, self.number, count.after


def count_of(sentence: str) -> tuple[Count, int]:
    """What a sentence about one part counts; one without a number is said by one part."""
    if isinstance(sentence, Counted):
        return sentence.counts, sentence.number
    return Count(KINDS.index("no_visits"), 0, sentence, ""), 1


def in_words(counts: Iterable[tuple[Count, int]], parts: int) -> list[str]:
    """Numbers of several parts added up, as sentences in their order.

    A sentence without a number stands where all parts say it.
    """
    total: dict[Count, int] = {}
    for count, number in counts:
        total[count] = total.get(count, 0) + number
    words: list[str] = []
    for count, number in sorted(total.items()):
        if KINDS[count.kind] != "no_visits":
            words.append(Counted(KINDS[count.kind], count.table, count.before, number, count.after))
        elif number == parts:
            words.append(count.before)
    return words
