"""The texts of evidence: for each met rule of each child the values and quotes that meet it.

A source of evidence is an indicator, or a concept that is quoted; it has one text a child, however
many rules read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import FROM_VISITS, SOURCE_TABLES, BoolArray, Column
from carescreen.conditions import Atom
from carescreen.indicators import Indicator
from carescreen.records import value_words
from carescreen.records_entries import value_entry
from carescreen.recordtexts_mentions import Mentions
from carescreen.recordtexts_shared import NULL, HiddenWords, Shared, Side
from carescreen.recordtexts_template import Forms, fill_each, gap, item_forms, json_bytes
from carescreen.rules import Rule
from carescreen.sheet import Ints, row_keys
from carescreen.truth import Reading

_GAPS = ("value", "value_title", "date", "visit_id")
_QUOTE = "“"  # before a concept's id among the names of sources; no indicator's id has one

_ByChild = dict[int, bytes]
_Sources = tuple[str, ...]


@dataclass(frozen=True, repr=False)  # its values are records
class _OfRule:
    """Whom a rule is open for, and what meets it: the sources of each child in their order."""

    children: Ints
    sources: list[_Sources]

    @property
    def names(self) -> set[str]:
        return {name for own in set(self.sources) for name in own}

    def with_source(self, name: str) -> Ints:
        """The children for whom a source is among what meets the rule."""
        has = np.array([name in own for own in self.sources], dtype=bool)
        return np.asarray(self.children[has])


class Evidence:
    """What meets the open rules of a block."""

    def __init__(self, shared: Shared, mentions: Mentions) -> None:
        self._shared, self.mentions = shared, mentions
        self._numbers = {name: n for n, name in enumerate(shared.engine.kit.concepts.names)}
        self._words: dict[str, Forms] = {}
        self._values: dict[str, tuple[_ByChild, _ByChild]] = {}
        self._quotes: dict[str, dict[int, list[int]]] = {}
        reading = Reading(shared.cases)
        self._rules = {
            number: self._of_rule(rule, number, reading)
            for number, rule in enumerate(shared.engine.rules.rules)
            if shared.found.open[:, number].any()
        }
        self._shown = self._shown_values()

    def _of_rule(self, rule: Rule, number: int, reading: Reading) -> _OfRule:
        children = np.flatnonzero(self._shared.found.open[:, number])
        support = [(a, where[children]) for a, where in reading.support(rule.condition.root)]
        carried = [(atom, own) for atom, own in support if own.any()]
        if not carried:
            return _OfRule(children, [()] * len(children))
        keys = row_keys(np.packbits(np.array([own for _, own in carried]), axis=0).T)
        patterns: dict[bytes, _Sources] = {}
        for place, key in enumerate(keys):
            if key not in patterns:
                patterns[key] = self._sources(atom for atom, own in carried if own[place])
        return _OfRule(children, [patterns[key] for key in keys])

    def _sources(self, atoms: Iterable[Atom]) -> _Sources:
        """Where the evidence of some atoms stands, in their order; an indicator is shown once."""
        found: list[str] = []
        for atom in atoms:
            if atom.concept is not None:
                found.append(_QUOTE + atom.concept)
                continue
            found += [
                name
                for name in atom.indicators
                if name not in found and name in self._shared.cases.columns
            ]
        return tuple(found)

    def _shown_values(self) -> dict[str, BoolArray]:
        """For whom each indicator is shown under some rule."""
        shown: dict[str, BoolArray] = {}
        for found in self._rules.values():
            for name in found.names:
                own = shown.setdefault(name, np.zeros(self._shared.n, dtype=bool))
                own[found.with_source(name)] = True
        return shown

    def hide(self, number: int, hidden: HiddenWords) -> None:
        """Hide what the evidence of a sensitive rule names."""
        found = self._rules.get(number)
        for name in found.names if found else ():
            hidden.hide(self._forms_of(name).hides, found.with_source(name))  # type: ignore[union-attr]

    def _forms_of(self, name: str) -> Forms:
        """Some form of a source, for what it names."""
        if name not in self._words:
            self._words[name] = (
                self.mentions.forms_of(self._numbers[name[1:]])
                if name.startswith(_QUOTE)
                else self._value_forms(self._shared.engine.rules.indicators[name], 0)
            )
        return self._words[name]

    def _value_forms(self, indicator: Indicator, kind: int) -> Forms:
        """The forms of a value; its kind is twice the position of its table, and one if earlier."""
        table, earlier = divmod(kind, 2)
        marks = {name: gap(name) for name in _GAPS}
        entry = value_entry(indicator, **marks, table=SOURCE_TABLES[table], earlier=bool(earlier))
        return item_forms(entry)

    def texts_of_values(self, name: str) -> tuple[_ByChild, _ByChild]:
        """The texts of an indicator's value, whole and public, of all for whom it is shown."""
        if name in self._values:
            return self._values[name]
        shared, indicator = self._shared, self._shared.engine.rules.indicators[name]
        column, children = shared.cases.columns[name], np.flatnonzero(self._shown[name])
        table, row = column.source_table[children].astype(np.int64), column.source_row[children]
        by_visit = table == FROM_VISITS
        kinds = (table * 2 + (by_visit & (row >= shared.visits))).tolist()
        forms = {kind: self._value_forms(indicator, kind) for kind in set(kinds)}
        words = _value_words(indicator, column, children)
        columns = {
            "value": [value for value, _ in words],
            "value_title": [titles for _, titles in words],
            "date": shared.days(column.last_on[children]),
            "visit_id": self._visit_ids(by_visit.tolist(), row.tolist()),
        }
        full = {kind: found.full for kind, found in forms.items()}
        public = {kind: found.public for kind, found in forms.items()}
        owners = children.tolist()
        texts = dict(zip(owners, fill_each(full, kinds, columns), strict=True))
        redacted = texts
        if public != full:
            redacted = dict(zip(owners, fill_each(public, kinds, columns), strict=True))
        self._values[name] = texts, redacted
        return texts, redacted

    def _visit_ids(self, by_visit: list[bool], rows: list[int]) -> list[bytes]:
        if not any(by_visit):
            return [NULL] * len(rows)
        ids = self._shared.visit_ids
        return [ids[row] if own else NULL for own, row in zip(by_visit, rows, strict=True)]

    def quotes(self, name: str, by_row: dict[int, bytes]) -> _ByChild:
        """The quoted mentions of a source by child, of the texts that there are."""
        if name not in self._quotes:
            self._quotes[name] = self.mentions.quoted(self._numbers[name[1:]])
        return {
            child: b",".join([by_row[row] for row in rows])
            for child, rows in self._quotes[name].items()
            if rows[0] in by_row
        }

    def words_of(self, name: str) -> frozenset[str]:
        """What a source names."""
        return self._forms_of(name).words

    def of_rule(self, number: int) -> Sequence[_Sources]:
        """The sources of each child that a rule is open for, in the order of children."""
        return self._rules[number].sources


class EvidenceTexts:
    """The evidence of one side, source by source as it is asked for.

    `by_row` are the texts of the mentions of that side; what `hidden` covers is left out of them.
    """

    def __init__(
        self, evidence: Evidence, side: Side, by_row: dict[int, bytes], hidden: HiddenWords | None
    ) -> None:
        self._evidence, self._side, self._by_row, self._hidden = evidence, side, by_row, hidden
        self._sources: dict[str, _ByChild] = {}

    def of_rule(self, number: int, places: list[int], children: list[int]) -> list[bytes]:
        """The items under a rule of some children, at some places among those it is open for."""
        own = self._evidence.of_rule(number)
        sources = [own[place] for place in places]
        names = {name for found in set(sources) for name in found}
        texts = {name: self._of_source(name) for name in names}
        joined = []
        for child, found in zip(children, sources, strict=True):
            items = [text for name in found if (text := texts[name].get(child))]
            joined.append(items[0] if len(items) == 1 else b",".join(items))
        return joined

    def _of_source(self, name: str) -> _ByChild:
        if name not in self._sources:
            self._sources[name] = self._without_hidden(name, self._texts(name))
        return self._sources[name]

    def _texts(self, name: str) -> _ByChild:
        if name.startswith(_QUOTE):
            return self._evidence.quotes(name, self._by_row)
        full, public = self._evidence.texts_of_values(name)
        return full if self._side == "full" else public

    def _without_hidden(self, name: str, texts: _ByChild) -> _ByChild:
        covered = self._hidden.covers(self._evidence.words_of(name)) if self._hidden else None
        if covered is None:
            return texts
        return texts | dict.fromkeys(np.flatnonzero(covered).tolist(), b"")


def _value_words(indicator: Indicator, column: Column, children: Ints) -> list[tuple[bytes, bytes]]:
    """Each child's value and its titles as JSON, worked out once for each value."""
    memo: dict[int, tuple[bytes, bytes]] = {}
    found = []
    keys = bits_of(column.values[children]).tolist()
    for child, key in zip(children.tolist(), keys, strict=True):
        words = memo.get(key)
        if words is None:
            value, titles = value_words(indicator, column, child)
            words = memo[key] = json_bytes(value), json_bytes(titles)
        found.append(words)
    return found


def bits_of(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Values as integers that tell all of them apart, 0 from -0 too."""
    return values.view(np.int64) if values.itemsize == 8 else values
