"""What one row of a returned workbook says: several things at once, an entry for each.

    decision      the decision of the drop-down; `raise` and `lower` mean by one step from the tier in
                  which the row shows the child
    visited_on    the child was seen on that day, unless the decision or the outcome says otherwise
    outcome       what the visit found
    review_on     a plan: when it is looked at again
    close         a concern is closed, by its code

An entry's id is made of what it says, so that something more in the row, or a second person who is
named later, makes no second entry of what was taken over before. The remark and who decided go with
each. A row that is wrong as a whole, or a thing in it, becomes an entry with its fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from carescreen.entries import Entry, content_id, entry_of, moment_text
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES, text
from carescreen.review.xlsx_choices import words_of

SAID = ("decision", "remark", "reason_code", "close", "visited_on", "outcome", "review_on")
COLUMNS = (
    *("child", *SAID, "decided_by", "decided_on", "confirmed_by"),
    *("tier", "key", "open"),
)

_SEEN, _NOT_SEEN = "visited", "could_not_see"
_HELD_WRONG = ("raise", "lower")
_BY_TWO = ("lower", "close")
_NAMES = ("rule", "review_on", "visited_on", "result", "confirmed_by", "reason_code")


@dataclass(frozen=True, repr=False)  # its values are records
class Row:
    """One row of the sheet `list` as trimmed text by column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def entries_of(file: str, run_id: str, row: Row) -> Iterator[Entry]:
    """An entry for each thing that a row says; the row says something."""
    kinds = list(_kinds(row))
    for kind in kinds:
        yield _entry(file, run_id, row, kind, kinds)


def _kinds(row: Row) -> Iterator[str]:
    """What a row says, "" for a decision that is none or a remark alone; each once."""
    decision = _meaning("decision", row["decision"])
    if row["decision"]:
        yield decision
    if row["close"] and decision != "close":
        yield "close"
    if row["outcome"]:
        yield "outcome"
    if row["review_on"] and decision != "plan":
        yield "plan"
    if row["visited_on"] and decision not in (_SEEN, _NOT_SEEN):
        yield _NOT_SEEN if _meaning("outcome", row["outcome"]) == "not_seen" else _SEEN
    if not any(row[name] for name in SAID if name not in ("remark", "reason_code")):
        yield ""


def _entry(file: str, run_id: str, row: Row, kind: str, kinds: Sequence[str]) -> Entry:
    tier = _tier_words().get(_folded(row["tier"]), "")
    decided_on = moment_text(row["decided_on"]).removesuffix(" 00:00:00") or row["decided_on"]
    own = _values_of(kind, row, decided_on, kinds)
    if kind in _HELD_WRONG:
        own["tier"] = _step(tier, -1 if kind == "raise" else 1)
    values = {
        "entry_id": _id(run_id, row, kind, decided_on, own),
        "child_id": row["child"],
        "decided_at": decided_on,
        "decided_by": row["decided_by"],
        "decision": _decision_of(kind),
        "reason": row["remark"],
        "run_id": run_id,
        **own,
    }
    fault = _fault_of_row(row) or _fault(row, kind, tier, kinds)
    said = [f"{name}: {row[name]}" for name in COLUMNS[1:] if row[name]]
    return entry_of(
        file,
        row.number,
        values,
        fault=fault,
        raw="\n".join([row["child"], *said]),
        listed_tier=tier,
    )


def _decision_of(kind: str) -> str:
    if kind.startswith("referral"):
        return "referral"
    return "override" if kind == "raise" else kind


def _values_of(kind: str, row: Row, decided_on: str, kinds: Sequence[str]) -> dict[str, str]:
    """What an entry holds beside who, when and why."""
    values: dict[str, str] = {}
    if kind in (_SEEN, _NOT_SEEN):
        values["visited_on"] = _day(row["visited_on"]) or decided_on[:10]
    elif kind == "outcome":
        values["visited_on"] = _day(row["visited_on"])
        values["result"] = _meaning("outcome", row["outcome"]) or row["outcome"]
    elif kind == "plan":
        values["review_on"] = _day(row["review_on"])
    elif kind == "close":
        values["rule"] = _code(row)
    elif kind.startswith("referral_"):
        values["result"] = kind.removeprefix("referral_")
    if kind == _where(_HELD_WRONG, kinds):
        code = row["reason_code"]
        values["reason_code"] = _meaning("reason_code", code) or code
    if kind in _BY_TWO or kind == _where(_BY_TWO, kinds):
        values["confirmed_by"] = row["confirmed_by"]
    return values


def _where(needing: Sequence[str], kinds: Sequence[str]) -> str:
    """Where something goes that only some kinds need: to the first of these, else to the first of all."""
    return next((kind for kind in kinds if kind in needing), kinds[0])


def _id(run_id: str, row: Row, kind: str, decided_on: str, own: Mapping[str, str]) -> str:
    """Of what it says; an entry that holds no more than a decision has the id that it always had."""
    same_day = kind in (_SEEN, _NOT_SEEN) and own["visited_on"] == decided_on[:10]
    more = [
        f"{name}={own[name]}"
        for name in _NAMES
        if own.get(name) and not (name == "visited_on" and same_day)
    ]
    return content_id(
        run_id, row["child"], kind, decided_on, row["decided_by"], row["remark"], *more
    )


def _fault_of_row(row: Row) -> str:
    """What is wrong with all that a row says; "" where nothing is."""
    if row["key"] and row["key"] != row["child"]:
        return "the child is not the one that the row was written for: it was sorted in part, or typed over"
    if not any(row[name] for name in SAID if name not in ("remark", "reason_code")):
        return "a remark without a decision"
    if not row["decided_on"]:
        return "the day of the decision is missing"
    return ""


def _fault(row: Row, kind: str, tier: str, kinds: Sequence[str]) -> str:
    """What is wrong with one thing that a row says, before its words as an entry are looked at."""
    if not kind:
        return "not a decision of the drop-down list"
    if kind in _HELD_WRONG:
        return _fault_of_step(kind, tier)
    if kind == "close":
        return _fault_of_closing(row)
    if kind == "outcome" and not _meaning("outcome", row["outcome"]):
        return "not an outcome of the drop-down list"
    if row["review_on"] and kind == "plan" and not _day(row["review_on"]):
        return "the day to look again is not a date such as 2026-11-03"
    if kind in (_SEEN, _NOT_SEEN, "outcome"):
        return _fault_of_visit(row, kinds)
    return ""


def _fault_of_step(kind: str, tier: str) -> str:
    if not tier:
        return "the tier in the row cannot be read, so that a step from it is not known"
    if kind == "raise" and tier == TIERS[0]:
        return "the child is in the highest tier already"
    if kind == "lower" and tier == TIERS[-1]:
        return "the child is in the lowest tier already"
    return ""


def _fault_of_closing(row: Row) -> str:
    if not row["close"]:
        return "the code of the concern to close is missing"
    if row["open"] and _code(row) not in row["open"].split(";"):
        return "the row shows no open concern with the code that is to be closed"
    return ""


def _fault_of_visit(row: Row, kinds: Sequence[str]) -> str:
    if row["visited_on"] and not _day(row["visited_on"]):
        return "the day of the visit is not a date such as 2026-11-03"
    outcome = _meaning("outcome", row["outcome"])
    if (_SEEN in kinds and outcome == "not_seen") or (
        _NOT_SEEN in kinds and outcome in ("confirmed", "not_confirmed")
    ):
        return "the decision and the outcome differ on whether the child was seen"
    return ""


def _code(row: Row) -> str:
    """The code to close as the row shows it, whatever its letter case."""
    shown = {_folded(code): code for code in row["open"].split(";")}
    return shown.get(_folded(row["close"]), row["close"])


def _step(tier: str, by: int) -> str:
    """The tier above (-1) or below (1); "" where there is none."""
    place = TIERS.index(tier) + by if tier else -1
    return TIERS[place] if 0 <= place < len(TIERS) else ""


def _day(words: str) -> str:
    """A day as 2026-11-03 whatever its form; "" where it is none."""
    return moment_text(words)[:10]


def _meaning(column: str, words: str) -> str:
    return _words(column).get(_folded(words), "")


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())


@cache
def _words(column: str) -> dict[str, str]:
    return {_folded(word): name for word, name in words_of(column).items()}


@cache
def _tier_words() -> dict[str, str]:
    return {
        _folded(word): tier
        for tier in TIERS
        for word in (tier, *(text(f"tier_{tier}", language) for language in LANGUAGES))
    }
