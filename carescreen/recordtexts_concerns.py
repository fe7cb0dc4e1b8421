"""The texts of met rules: concerns, entitlements and advice with their evidence, and closed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from carescreen.columns import BoolArray
from carescreen.records_entries import closed_entry, concern_entry
from carescreen.recordtexts_evidence import Evidence, EvidenceTexts
from carescreen.recordtexts_shared import HiddenWords, Shared, Side, append, flags
from carescreen.recordtexts_template import Forms, Template, forms_of, gap, gap_for_items
from carescreen.sheet import Ints

LANES = {"concerns": "tier", "entitlements": "entitlement", "advice": "advice"}


class Concerns:
    """The met rules of a block, open and closed; `order` of each part is as a record lists them."""

    def __init__(self, shared: Shared, evidence: Evidence) -> None:
        self._shared, self._evidence = shared, evidence
        rules, tier_of = shared.engine.rules.rules, shared.engine.kit.tier_of.tolist()
        in_order = sorted(range(len(rules)), key=lambda number: (tier_of[number], number))
        self.order = {
            part: [number for number in in_order if rules[number].lane == lane]
            for part, lane in LANES.items()
        }
        found = shared.found
        self._open = self._forms_by_rule(found.open, self.order)
        self._closed = self._forms_by_rule(
            found.closed, {"closed_concerns": list(range(len(rules)))}
        )

    def _forms_by_rule(
        self, met: BoolArray, parts: Mapping[str, Sequence[int]]
    ) -> dict[int, Forms]:
        """The forms of each rule that somebody meets; `met` is (child, rule)."""
        rules, by_somebody = self._shared.engine.rules.rules, np.any(met, axis=0)
        found = {}
        for part, numbers in parts.items():
            for number in numbers:
                if not by_somebody[number]:
                    continue
                if part == "closed_concerns":
                    entry = closed_entry(rules[number], gap("decided_at"))
                else:
                    marks = {name: gap(name) for name in ("note_alone", "first_on", "last_on")}
                    entry = concern_entry(
                        rules[number], **marks, evidence=gap_for_items("evidence")
                    )
                found[number] = forms_of(part, entry)
        return found

    def sensitive(self) -> BoolArray:
        """Who meets a sensitive rule, open or closed: bool[n]."""
        found = self._shared.found
        is_open = [number for number, forms in self._open.items() if forms.sensitive]
        is_closed = [number for number, forms in self._closed.items() if forms.sensitive]
        met = np.concatenate([found.open[:, is_open], found.closed[:, is_closed]], axis=1)
        return np.asarray(met.any(axis=1))

    def hide(self, hidden: HiddenWords) -> None:
        """Hide what sensitive rules and their evidence name."""
        found = self._shared.found
        for met, by_rule in ((found.open, self._open), (found.closed, self._closed)):
            for number, forms in by_rule.items():
                if forms.sensitive:
                    hidden.hide(forms.hides, met[:, number])
        for number, forms in self._open.items():
            if forms.sensitive:
                self._evidence.hide(number, hidden)

    def texts(
        self, part: str, side: Side, wanted: BoolArray, items: EvidenceTexts, hidden: HiddenWords
    ) -> list[bytes]:
        """The entries of a part of some children, bool[n], joined; nothing for the others."""
        texts = [b""] * self._shared.n
        for number in self.order[part]:
            if number not in self._open:
                continue
            met = np.flatnonzero(self._shared.found.open[:, number])
            places = np.flatnonzero(wanted[met])
            children = met[places]
            forms = self._open[number]
            in_form = hidden.in_form(forms, children) if side == "public" else None
            columns = self._columns(number, children)
            if in_form is None or not in_form.all():
                columns["evidence"] = items.of_rule(number, places.tolist(), children.tolist())
            append(texts, children.tolist(), _entries(forms, side, in_form, columns, len(children)))
        return texts

    def _columns(self, number: int, children: Ints) -> dict[str, list[bytes]]:
        found, days = self._shared.found, self._shared.days
        return {
            "note_alone": flags(found.outcomes.note_alone[children, number]),
            "first_on": days(found.dates.first_on[children, number]),
            "last_on": days(found.dates.last_on[children, number]),
        }

    def closed_texts(self, side: Side, wanted: BoolArray, hidden: HiddenWords) -> list[bytes]:
        """The closed rules of some children, bool[n], joined; nothing for the others."""
        texts = [b""] * self._shared.n
        for number, forms in self._closed.items():
            children = np.flatnonzero(self._shared.found.closed[:, number] & wanted)
            columns = {
                "decided_at": self._shared.days(self._shared.found.closed_on[children, number])
            }
            in_form = hidden.in_form(forms, children) if side == "public" else None
            append(texts, children.tolist(), _entries(forms, side, in_form, columns, len(children)))
        return texts


def _entries(
    forms: Forms,
    side: Side,
    in_form: BoolArray | None,
    columns: Mapping[str, Sequence[bytes]],
    count: int,
) -> list[bytes]:
    """The text of each entry, in its hidden form where `in_form` says so."""
    template: Template | None = forms.full if side == "full" else forms.public
    if in_form is not None and in_form.all():
        template = forms.hidden
    assert template is not None
    texts = template.fill(columns, count)
    if in_form is None or in_form.all():
        return texts
    assert forms.hidden is not None
    neutral = forms.hidden.fill(columns, count)
    rows = zip(in_form.tolist(), neutral, texts, strict=True)
    return [other if own else text for own, other, text in rows]
