"""The texts of what people recorded about a child: disputes, conflicts, told, taken on before.

Few children have any, so each is written and redacted by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from carescreen.disputes import KINDS, disputes_of
from carescreen.followups import IMMEDIATE
from carescreen.records import SAID, conflicts_of
from carescreen.records_entries import Record, dispute_entry
from carescreen.recordtexts_shared import Shared, Side
from carescreen.recordtexts_template import json_bytes
from carescreen.review.disputes import has_open_dispute
from carescreen.review.redaction import redact
from carescreen.review.told import is_to_look_at
from carescreen.sheet import objects
from carescreen.told import told_of
from carescreen.waiting import taken_on


class Said:
    """What people recorded of the children of a block that have anything recorded."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.of: dict[int, Record] = {}
        if not len(shared.block.decisions):
            return
        found: dict[str, dict[int, object]] = {
            "disputes": self._disputes() if self._decided(*KINDS) else {},
            "conflicts": self._conflicts() if self._decided("conflict") else {},
            "told": dict(told_of(shared.block, shared.engine.as_of)),
            "taken_on_before": self._taken_on(),
        }
        for name in SAID:
            for child, entries in found[name].items():
                if entries:
                    self.of.setdefault(child, {})[name] = entries

    def _decided(self, *words: str) -> bool:
        """Whether there is any such decision: most blocks have none of most kinds."""
        return bool(np.isin(self._shared.block.decisions["decision"], objects(words)).any())

    def _disputes(self) -> dict[int, object]:
        return {
            child: [dispute_entry(entry) for entry in entries]
            for child, entries in enumerate(disputes_of(self._shared.block))
            if entries
        }

    def _conflicts(self) -> dict[int, object]:
        return dict(enumerate(conflicts_of(self._shared.block)))

    def _taken_on(self) -> dict[int, object]:
        """Since when somebody has had a child in hand whose follow-up is immediate and new again."""
        found, days = self._shared.found, taken_on(self._shared.block)
        is_new = (found.tier == IMMEDIATE) & (found.state == "new") & ~np.isnat(days)
        return {child: str(days[child]) for child in np.flatnonzero(is_new).tolist()}

    def is_private(self, child: int) -> bool:
        """Whether it holds what somebody wrote of the records, or told."""
        own = self.of.get(child, {})
        return "disputes" in own or "told" in own

    def to_answer(self, as_of: date) -> list[int]:
        """The children of whom somebody has to be answered: see `Ranking.to_answer`."""
        return [
            child
            for child, own in self.of.items()
            if has_open_dispute(own) or is_to_look_at(own, as_of)
        ]

    def columns(
        self, names: tuple[str, ...], children: Sequence[int], side: Side
    ) -> dict[str, list[bytes]]:
        """The JSON of what was recorded, by name, of children who have all of these."""
        own = [self.of[child] for child in children] if names else []
        shown = own if side == "full" else [redact(said) for said in own]
        return {name: [json_bytes(said[name]) for said in shown] for name in names}
