"""The texts of contributions: one text for each value and weight of a feature, joined by weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.columns import BoolArray, Values, Words
from carescreen.records import feature_word, value_of_notes
from carescreen.records_entries import Record, contribution_entry
from carescreen.recordtexts_evidence import bits_of
from carescreen.recordtexts_shared import HiddenWords, Shared, Side
from carescreen.recordtexts_template import Forms, forms_of, gap, json_bytes
from carescreen.sheet import Ints, row_keys
from carescreen.steps import MICRO


@dataclass(frozen=True)
class Pattern:
    """What weights of one row of the model say: features by place in their order, and as entries."""

    places: tuple[int, ...]
    entries: tuple[Record, ...]  # feature, points and sensitive alone


class Contributions:
    """What the features of the model add: child i has the weights of `patterns[of[i]]`."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self._names = shared, shared.engine.kit.feature_names
        self._weights = shared.found.weights
        self._of_notes = [name not in shared.found.features for name in self._names]
        self._moves = self._weights != 0
        self._forms = {
            place: self._forms_of(place)
            for place in np.flatnonzero(self._moves.any(axis=0)).tolist()
        }
        self.patterns: list[Pattern] = []
        self.of = self._numbered()

    def _forms_of(self, place: int) -> Forms:
        kit, name = self._shared.engine.kit, self._names[place]
        value = {
            "value": gap("value"),
            **({"words": gap("words")} if self._of_notes[place] else {}),
        }
        entry = contribution_entry(
            name,
            kit.feature_titles[name],
            points=gap("points"),
            sensitive=name in kit.sensitive_features,
            **value,
        )
        return forms_of("contributions", entry)

    def _numbered(self) -> list[int]:
        """Make the patterns, each once, and give the number of each child's."""
        numbers: dict[bytes, int] = {}
        found = []
        for child, key in enumerate(row_keys(self._weights)):
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(self.patterns)
                self.patterns.append(self._pattern(self._weights[child].tolist()))
            found.append(number)
        return found

    def _pattern(self, weights: list[int]) -> Pattern:
        places = [place for place, points in enumerate(weights) if points]
        places.sort(key=lambda place: (-abs(weights[place] / MICRO), self._names[place]))
        entries = [
            {
                "feature": self._names[place],
                "points": weights[place] / MICRO,
                "sensitive": self._forms[place].sensitive,
            }
            for place in places
        ]
        return Pattern(tuple(places), tuple(entries))

    def private(self) -> BoolArray:
        """For whom a contribution is sensitive, or of the words of notes: bool[n]."""
        places = [
            place
            for place, forms in self._forms.items()
            if forms.sensitive or self._of_notes[place]
        ]
        return np.asarray(self._moves[:, places].any(axis=1))

    def hide(self, hidden: HiddenWords) -> None:
        """Hide what sensitive contributions name."""
        for place, forms in self._forms.items():
            if forms.sensitive:
                hidden.hide(forms.hides, self._moves[:, place])

    def texts(self, side: Side, wanted: BoolArray, hidden: HiddenWords) -> list[bytes]:
        """The contributions of some children, bool[n], joined; nothing for the others."""
        by_place = {place: self._texts_of(place, side, wanted, hidden) for place in self._forms}
        places = [[by_place[place] for place in pattern.places] for pattern in self.patterns]
        return [
            b",".join([texts[child] for texts in places[number]]) if own else b""
            for child, (number, own) in enumerate(zip(self.of, wanted.tolist(), strict=True))
        ]

    def _texts_of(
        self, place: int, side: Side, wanted: BoolArray, hidden: HiddenWords
    ) -> dict[int, bytes]:
        """The text of one feature by child."""
        children = np.flatnonzero(self._moves[:, place] & wanted)
        forms = self._forms[place]
        template = forms.full if side == "full" else forms.public
        columns = {"points": self._points(place, children)}
        in_form = hidden.in_form(forms, children) if side == "public" else None
        texts = [b""] * len(children)
        if in_form is None or not in_form.all():
            columns |= self._values(place, children, template.gaps)
            texts = template.fill(columns, len(children))
        if in_form is not None:
            assert forms.hidden is not None
            neutral = forms.hidden.fill(columns, len(children))
            rows = zip(in_form.tolist(), neutral, texts, strict=True)
            texts = [other if own else text for own, other, text in rows]
        return dict(zip(children.tolist(), texts, strict=True))

    def _points(self, place: int, children: Ints) -> list[bytes]:
        memo: dict[int, bytes] = {}
        found = []
        for weight in self._weights[children, place].tolist():
            if weight not in memo:
                memo[weight] = json_bytes(weight / MICRO)
            found.append(memo[weight])
        return found

    def _values(self, place: int, children: Ints, gaps: tuple[str, ...]) -> dict[str, list[bytes]]:
        """The columns of what a feature holds, where the template has gaps for them."""
        if "value" not in gaps:
            return {}
        shared = self._shared
        if not self._of_notes[place]:
            return {"value": _words(shared.found.features[self._names[place]], children)}
        found = [value_of_notes(shared.engine, shared.found, child) for child in children.tolist()]
        return {name: [json_bytes(entry[name]) for entry in found] for name in ("value", "words")}


def _words(values: Values, children: Ints) -> list[bytes]:
    """What each child's feature holds, as JSON, worked out once for each value."""
    own = (values.codes if isinstance(values, Words) else bits_of(values))[children]
    memo: dict[int, bytes] = {}
    found = []
    for child, key in zip(children.tolist(), own.tolist(), strict=True):
        text = memo.get(key)
        if text is None:
            text = memo[key] = json_bytes(feature_word(values, child))
        found.append(text)
    return found
