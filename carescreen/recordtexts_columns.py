"""The text columns of ranking.csv: reasons as ids, with names or with neutral codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from carescreen.pack import TIERS
from carescreen.records import display_name, reason_codes
from carescreen.records_entries import Record, raised_entry
from carescreen.recordtexts_concerns import Concerns
from carescreen.recordtexts_contributions import Contributions
from carescreen.recordtexts_questions import Questions
from carescreen.recordtexts_shared import Shared
from carescreen.sheet import row_keys

LISTS = ("concerns", "open_questions", "entitlements")
SUFFIXES = {"": True, "_coded": False}  # whether a column has the names of sensitive rules
TEXT_COLUMNS = tuple(f"{name}{suffix}" for suffix in SUFFIXES for name in (*LISTS, "reasons"))

_Numbered = tuple[list[Any], list[int]]  # distinct entries, and the number of each child's
_NOTHING: Record = {
    "concerns": [],
    "raised_by_person": None,
    "contributions": [],
    "open_questions": [],
    "needs_data_reasons": [],
}


def text_columns(
    shared: Shared,
    concerns: Concerns,
    questions: Questions,
    contributions: Contributions,
    needs: Sequence[tuple[str, ...]],
) -> dict[str, list[str]]:
    """Each of TEXT_COLUMNS for every child of a block."""
    met = {part: _met(shared, concerns, part) for part in ("concerns", "entitlements")}
    parts: dict[str, _Numbered] = {
        "concerns": met["concerns"],
        "raised_by_person": _raised(shared),
        "contributions": (
            [list(pattern.entries) for pattern in contributions.patterns],
            contributions.of,
        ),
        "open_questions": (questions.lists, questions.of),
        "needs_data_reasons": _numbered_needs(needs),
    }
    columns = {}
    for suffix, names in SUFFIXES.items():
        for part in LISTS:
            lists, of = met[part] if part in met else parts[part]
            texts = [";".join(display_name(entry, "rule", names) for entry in own) for own in lists]
            columns[part + suffix] = [texts[number] for number in of]
        columns["reasons" + suffix] = _reasons(parts, names)
    return columns


def _reasons(parts: dict[str, _Numbered], names: bool) -> list[str]:
    """What `reason_codes` says of whole records, put together of what it says of their parts."""
    columns = []
    for part, (lists, of) in parts.items():
        texts = [reason_codes({**_NOTHING, part: own}, names) for own in lists]
        if any(texts):
            columns.append([texts[number] for number in of])
    if not columns:
        return [""] * len(parts["concerns"][1])
    return [";".join([text for text in row if text]) for row in zip(*columns, strict=True)]


def _met(shared: Shared, concerns: Concerns, part: str) -> _Numbered:
    """The rules of a part that each child meets, as entries with what names them."""
    rules, order = shared.engine.rules.rules, concerns.order[part]
    names = [
        {"rule": rule.id, "code": rule.code, "sensitive": rule.sensitive}
        for rule in (rules[number] for number in order)
    ]
    table = shared.found.open[:, order]
    lists: list[list[Record]] = []
    numbers: dict[bytes, int] = {}
    of = []
    for child, key in enumerate(row_keys(np.packbits(table, axis=1))):
        number = numbers.get(key)
        if number is None:
            number = numbers[key] = len(lists)
            lists.append([names[place] for place in np.flatnonzero(table[child]).tolist()])
        of.append(number)
    return lists, of


def _raised(shared: Shared) -> tuple[list[Record | None], list[int]]:
    """What a person raised each child to, None for nobody: a list a tier."""
    tiers = [*(raised_entry(tier, None) for tier in TIERS[:-1]), None]
    return tiers, np.minimum(shared.found.raised.tier, len(TIERS) - 1).tolist()


def _numbered_needs(needs: Sequence[tuple[str, ...]]) -> tuple[list[list[str]], list[int]]:
    numbers: dict[tuple[str, ...], int] = {}
    of = [numbers.setdefault(own, len(numbers)) for own in needs]
    return [list(own) for own in numbers], of
