"""How often people changed what the list said: by rule, and by worker for a supervisor's eyes.

A rule that is often overridden or closed may be wrong; a worker who often does so may know more, have
other children or need help. None of these counts is a target, and those of workers are not exported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Literal

import pandas as pd

from carescreen.cells import cell_text
from carescreen.decisions import is_misread
from carescreen.overview_masking import FEW
from carescreen.rules import RulePack

NO_TARGET = (
    "These counts are no target and no mark of anyone's work. A worker who often differs may know "
    "more, have other children or need help: ask."
)
WHOLE_CHILD = "(no rule named)"
UNNAMED = "(not named outside the office)"

_WORDS = ("overrides", "lowers", "closes", "misread")
_COLUMNS = ("decision", "rule", "concept", "visit_id", "reason_code", "decided_by")


@dataclass(frozen=True)
class Count:
    """How often tiers were raised or held lower, concerns closed and notes misread.

    name  a rule, "note: " and a concept for a misread note, WHOLE_CHILD, or a worker
    """

    by: Literal["rule", "worker"]
    name: str
    overrides: int
    lowers: int
    closes: int
    misread: int


def counts_of(decisions: pd.DataFrame) -> list[Count]:
    """Counts by rule, then by worker, each in the order of their names; missing columns are blank."""
    found: dict[tuple[Literal["rule", "worker"], str], dict[str, int]] = {}
    for row in _rows(decisions):
        word = _word(row)
        if word is None:
            continue
        about = row["rule"] or (f"note: {row['concept']}" if row["concept"] else WHOLE_CHILD)
        for key in (("rule", about), ("worker", row["decided_by"])):
            counts = found.setdefault(key, dict.fromkeys(_WORDS, 0))
            counts[word] += 1
    return [Count(by, name, **found[by, name]) for by, name in sorted(found)]


def _rows(decisions: pd.DataFrame) -> list[dict[str, str]]:
    blank = [""] * len(decisions)
    columns = {
        name: [cell_text(cell).strip() for cell in decisions[name]] if name in decisions else blank
        for name in _COLUMNS
    }
    rows = [
        dict(zip(_COLUMNS, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
    ]
    return [{**row, "decision": row["decision"].casefold()} for row in rows]


def _word(row: Mapping[str, str]) -> str | None:
    if is_misread(row):
        return "misread"
    return {"override": "overrides", "lower": "lowers", "close": "closes"}.get(row["decision"])


def export_counts(counts: Sequence[Count], rules: RulePack) -> pd.DataFrame:
    """The counts by rule as they may leave the office: 1 to 7 are masked, and there are no sums.

    A sensitive rule stands there by its code, sensitive note concepts and what the pack does not know
    together without a name. Columns: rule, overrides, lowers, closes, misread, as text.
    """
    shown = _shown_names(rules)
    found: dict[str, list[int]] = {}
    for by, name, *numbers in map(astuple, counts):
        if by == "rule":
            sums = found.setdefault(shown.get(name, UNNAMED), [0] * len(_WORDS))
            found[shown.get(name, UNNAMED)] = [a + b for a, b in zip(sums, numbers, strict=True)]
    rows = [(name, *map(masked, numbers)) for name, numbers in sorted(found.items())]
    return pd.DataFrame(rows, columns=["rule", *_WORDS], dtype=object)


def _shown_names(rules: RulePack) -> dict[str, str]:
    """What may be called by its name outside, and what by its code."""
    names = {WHOLE_CHILD: WHOLE_CHILD}
    for rule in (*rules.rules, *rules.rules_off):
        names[rule.id] = rule.code if rule.sensitive else rule.id
    for concept in rules.concepts.values():
        if not concept.sensitive:
            names[f"note: {concept.id}"] = f"note: {concept.id}"
    return names


def masked(count: int) -> str:
    """A count as it may leave the office.

    >>> masked(0), masked(1), masked(7), masked(8)
    ('0', '7 or fewer', '7 or fewer', '8')
    """
    return f"{FEW} or fewer" if 0 < count <= FEW else str(count)


def table_of(counts: Sequence[Count]) -> str:
    """The counts as lines for a terminal, with what they are not."""
    if not counts:
        return "Nobody raised or lowered a tier, closed a concern or called a note misread."
    width = max(len("by worker"), *(len(count.name) for count in counts))
    lines: list[str] = []
    for by in ("rule", "worker"):
        head = "".join(f"{word:>11}" for word in _WORDS)
        lines += ["", f"{'by ' + by:<{width}}{head}"] if lines else [f"{'by ' + by:<{width}}{head}"]
        lines += [_line(count, width) for count in counts if count.by == by]
    return "\n".join([*lines, "", NO_TARGET])


def _line(count: Count, width: int) -> str:
    numbers = [getattr(count, field.name) for field in fields(count)[2:]]
    return f"{count.name:<{width}}" + "".join(f"{number:>11,}" for number in numbers)
