"""What may be filled in: drop-down lists, dates, and the words that help whoever fills them in.

A list is offered in the workbook's own language; what comes back is read in either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from carescreen.review.texts import LANGUAGES, text
from carescreen.review.xlsx_columns import Column, place_of

# What the drop-down offers; "raise" is an override to the next tier, "referral_…" what came of one.
DECISIONS = (
    *("agree", "acknowledge", "visited", "could_not_see", "plan", "raise", "lower", "close"),
    *("referral", "referral_accepted", "referral_refused", "referral_done"),
    *("wrong_information", "correction", "conflict"),
)
OUTCOMES = ("confirmed", "not_confirmed", "could_not_tell", "not_seen")
REASON_CODES = (
    *("known_to_be_safe", "old_information", "already_helped", "other_agency", "misread"),
    *("worse_than_listed", "new_information", "other"),
)
LONGEST_LIST = 255  # characters that Excel takes in a list, and in a message
LONGEST_TITLE = 32
FIRST_DAY = date(2000, 1, 1)

_LISTS = {
    "decision": ("decision", DECISIONS),
    "outcome": ("sheet_outcome", OUTCOMES),
    "reason_code": ("code", REASON_CODES),
}
_HELP = {
    "decision": "sheet_decision_help",
    **{
        key: f"sheet_help_{key}"
        for key in (
            *("reason_code", "close", "visited_on", "outcome", "review_on", "decided_on"),
            "confirmed_by",
        )
    },
}


def choice_text(decision: str, language: str) -> str:
    """What the drop-down shows for a decision.

    >>> choice_text("could_not_see", "en"), choice_text("could_not_see", "zh")
    ('could not see', '没见到')
    """
    return text(f"decision_{decision}", language)


def choices(key: str, language: str) -> list[str]:
    """What the drop-down of a column offers in one language.

    >>> choices("outcome", "zh")
    ['情况属实', '没有这种情况', '说不准', '没见到孩子']
    """
    stem, names = _LISTS[key]
    return [text(f"{stem}_{name}", language) for name in names]


def words_of(key: str) -> dict[str, str]:
    """What each word of a column's drop-down means, in any language and as its own name."""
    stem, names = _LISTS[key]
    return {
        word: name
        for name in names
        for word in (name, *(text(f"{stem}_{name}", language) for language in LANGUAGES))
    }


def add_choices(
    sheet: Any, columns: Sequence[Column], last: int, language: str, codes: str
) -> None:
    """Lists, dates and help for what is filled in, in the rows from 1 to `last`.

    `codes` is a range that holds the codes of the concerns, "" where there is none.
    """
    sources: dict[str, Any] = {key: choices(key, language) for key in _LISTS}
    if codes:
        sources["close"] = codes
    for column in columns:
        if not column.filled_in:
            continue
        place = place_of(columns, column.key)
        rule = {**_rule(column, sources), **_help(column.key, language)}
        if rule["validate"] != "any" or len(rule) > 1:
            sheet.data_validation(1, place, last, place, rule)


def _rule(column: Column, sources: Mapping[str, Any]) -> dict[str, Any]:
    if column.filled_in == "date":
        rule: dict[str, Any] = {"validate": "date", "criteria": ">=", "value": FIRST_DAY}
        return {**rule, "error_message": _in_both("sheet_type_date")}
    if column.key in sources:
        rule = {"validate": "list", "source": sources[column.key]}
        return {**rule, "error_message": _in_both("sheet_pick_one")}
    return {"validate": "any"}


def _help(key: str, language: str) -> dict[str, str]:
    if key not in _HELP:
        return {}
    title = text(f"sheet_{key}", language)
    return {
        "input_title": title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…",
        "input_message": _in_both(_HELP[key]),
    }


def _in_both(key: str) -> str:
    return "\n".join(text(key, language) for language in LANGUAGES)
