"""What a person can record on the page about one child: the choices, and what each asks for.

Each field's name is a column of the exchanged entry; what an entry's words mean stands in the
decisions module. The page only writes them down: nothing here changes a tier or an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from carescreen.fields import (
    CONFLICT_RESULTS,
    CORRECTION_RESULTS,
    DIFFERENT,
    REFERRAL_RESULTS,
    RETURNED,
)
from carescreen.fields import RESULTS as OUTCOME_RESULTS
from carescreen.pack import TIERS

RAISE_REASONS = ("worse_than_listed", "new_information", "other")
LOWER_REASONS = (
    *("known_to_be_safe", "old_information", "already_helped", "other_agency", "misread", "other"),
)

Kind = Literal["past_day", "coming_day", "choice", "line", "words", "fixed"]


@dataclass(frozen=True)
class Field:
    """One field of a form; `options` are pairs of a value and the key of its text.

    A fixed field is not asked: it has the value of its only option.
    """

    name: str
    kind: Kind
    label: str
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Choice:
    """One thing to record.

    key         what the page calls it; its text is "do_" and the key
    decision    the word that the entry gets
    fields      none where one tap records it
    tiers       tiers of the child at which it is offered
    note        key of a sentence that says what it does and does not do
    needs       what there must be about the child: "dispute", "conflict"; "" where nothing
    """

    key: str
    decision: str
    fields: tuple[Field, ...] = ()
    tiers: tuple[str, ...] = field(default=TIERS)
    note: str = ""
    needs: str = ""


def _options(prefix: str, words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((word, f"{prefix}_{word}") for word in words)


_VISITED_ON = Field("visited_on", "past_day", "field_visited_on")
_REMARK = Field("reason", "words", "field_remark", required=False)
_WHY = Field("reason", "words", "field_why")
_SECOND = Field("confirmed_by", "line", "field_confirmed_by")  # asked at immediate alone


def _tier(tiers: tuple[str, ...]) -> Field:
    return Field("tier", "choice", "field_tier", options=_options("tier", tiers))


def _code(codes: tuple[str, ...]) -> Field:
    return Field("reason_code", "choice", "field_reason_code", options=_options("code", codes))


CHOICES = (
    Choice("acknowledge", "acknowledge"),
    Choice("agree", "agree"),
    Choice("visited", "visited", (_VISITED_ON, _REMARK)),
    Choice("could_not_see", "could_not_see", (_VISITED_ON, _REMARK)),
    Choice(
        "outcome",
        "outcome",
        (
            Field("result", "choice", "field_result", options=_options("result", OUTCOME_RESULTS)),
            _VISITED_ON,
            _REMARK,
        ),
        note="outcome_note",
    ),
    Choice("raise", "override", (_tier(TIERS[:-1]), _code(RAISE_REASONS), _WHY), tiers=TIERS[1:]),
    Choice(
        "lower",
        "lower",
        (_tier(TIERS[1:]), _code(LOWER_REASONS), _WHY, _SECOND),
        tiers=TIERS[:-1],
        note="lower_note",
    ),
    Choice(
        "plan",
        "plan",
        (Field("review_on", "coming_day", "field_review_on"), _REMARK),
        tiers=TIERS[2:],  # an immediate or urgent child does not wait for a date
    ),
    Choice(
        "referral",
        "referral",
        (
            Field("reason", "line", "field_referred_to"),
            Field(
                "result",
                "choice",
                "field_referral_result",
                required=False,
                options=_options("referral", REFERRAL_RESULTS),
            ),
        ),
    ),
    Choice("wrong_information", "wrong_information", (Field("reason", "words", "field_wrong"),)),
    Choice(
        "correction",
        "correction",
        (Field("reason", "words", "field_correction"),),
        note="correction_note",
    ),
    Choice("conflict", "conflict", (Field("reason", "words", "field_conflict", required=False),)),
    Choice(
        "moved",
        "moved",
        (
            Field("reason", "words", "field_moved_to"),
            Field("result", "choice", "field_moved_result", False, _options("moved", (RETURNED,))),
        ),
        note="moved_note",
    ),
    Choice(
        "same_child",
        "same_child",
        (
            Field("other_child_id", "line", "field_other_child"),
            Field("result", "choice", "field_same_result", False, _options("same", (DIFFERENT,))),
            Field("reason", "words", "field_same_why"),
        ),
        note="same_child_note",
    ),
)

# What the supervisor alone can record.
SUPERVISOR_CHOICES = (
    Choice(
        "answer",
        "correction",
        (
            Field(
                "result",
                "choice",
                "field_answer",
                options=_options("correction", CORRECTION_RESULTS),
            ),
            Field("reason", "words", "field_answer_why"),
        ),
        note="answer_note",
        needs="dispute",
    ),
    Choice(
        "conflict_ended",
        "conflict",
        (
            Field("reason", "words", "field_remark", required=False),
            Field("result", "fixed", "", options=_options("conflict", CONFLICT_RESULTS)),
        ),
        note="conflict_ended_note",
        needs="conflict",
    ),
)

# Recorded from the concern itself, or from the sentence that was misread.
CLOSINGS = (
    Choice("close", "close", (_WHY, _SECOND)),
    Choice(
        "misread",
        "close",
        (Field("reason", "words", "field_misread", required=False),),
        note="misread_note",
    ),
)

_MESSAGES = (
    *("own_yes", "own_no", "entry_exported", "entry_pending", "take_back", "recorded_tag"),
    *("said_recorded", "said_taken_back", "said_exported", "need_name", "need_other_person"),
    "storage_none",
)


def spoken_keys(choices: Sequence[Choice] = CHOICES) -> Iterator[tuple[str, str]]:
    """Pairs of a name by which the page's script asks for a text, and the key of the text."""
    for choice in (*choices, *CLOSINGS):
        yield f"do {choice.key}", f"do_{choice.key}"
        for asked in choice.fields:
            yield from ((f"{choice.key} {asked.name} {value}", key) for value, key in asked.options)
    yield "do own_concern", "do_own_concern"
    yield from ((message, f"say_{message}") for message in _MESSAGES)
