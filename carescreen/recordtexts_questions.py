"""The texts of open questions: children who are asked the same share one text."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from carescreen.columns import BoolArray
from carescreen.records_entries import Record
from carescreen.records_questions import questions_of, shown_questions, siblings_to_ask_about
from carescreen.recordtexts_shared import HiddenWords, Shared, Side
from carescreen.recordtexts_template import Forms, forms_of

_Key = tuple[str | None, str]  # the rule of a question, and why it is asked


class Questions:
    """What the records of a block ask: child i is asked `lists[of[i]]`."""

    def __init__(self, shared: Shared) -> None:
        self.lists: list[list[Record]] = []
        self._numbers: dict[tuple[_Key, ...], int] = {}
        self.of = self._numbered(shared)
        self._n = shared.n
        self._forms: dict[_Key, Forms] = {}
        self._in_lists: dict[_Key, BoolArray] = {}  # which lists have a question
        for number, entries in enumerate(self.lists):
            for entry in entries:
                key = _key(entry)
                if key not in self._forms:
                    self._forms[key] = forms_of("open_questions", entry)
                    self._in_lists[key] = np.zeros(len(self.lists), dtype=bool)
                self._in_lists[key][number] = True

    def _numbered(self, shared: Shared) -> list[int]:
        """Make the lists, each once, and give the number of each child's."""
        questions = questions_of(shared.engine, shared.found)
        siblings = siblings_to_ask_about(shared.engine, shared.found).tolist()
        most = shared.engine.rules.settings.open_questions
        numbers: dict[Hashable, int] = {}
        found = []
        for child, place in enumerate(zip(questions.of, siblings, strict=True)):
            confirm = questions.confirm.get(child)
            key: Hashable = (place, frozenset(confirm)) if confirm else place
            number = numbers.get(key)
            if number is None:
                shown = shown_questions(questions.of_child(child), place[1], most)
                number = numbers[key] = self._number_of(shown)
            found.append(number)
        return found

    def _number_of(self, shown: list[Record]) -> int:
        """The number of a list: what is left out makes many different ones the same."""
        keys = tuple(_key(entry) for entry in shown)
        if keys not in self._numbers:
            self._numbers[keys] = len(self.lists)
            self.lists.append(shown)
        return self._numbers[keys]

    def sensitive(self) -> BoolArray:
        """Who is asked something sensitive, bool[n]."""
        asked = [self._in_lists[key] for key, forms in self._forms.items() if forms.sensitive]
        return np.logical_or.reduce(asked)[self.of] if asked else np.zeros(self._n, dtype=bool)

    def hide(self, hidden: HiddenWords) -> None:
        """Hide what sensitive questions name."""
        for key, forms in self._forms.items():
            if forms.sensitive:
                hidden.hide(forms.hides, self._in_lists[key][self.of])

    def texts(self, side: Side, hidden: HiddenWords) -> list[bytes]:
        """The questions of each child, joined."""
        if side == "full":
            texts = [self._joined(entries, None) for entries in self.lists]
            return [texts[number] for number in self.of]
        texts = [self._joined(entries, set()) for entries in self.lists]
        found = [texts[number] for number in self.of]
        for child, keys in self._covered(hidden).items():
            found[child] = self._joined(self.lists[self.of[child]], keys)
        return found

    def _covered(self, hidden: HiddenWords) -> dict[int, set[_Key]]:
        """The questions of children that are hidden though they are not sensitive themselves."""
        found: dict[int, set[_Key]] = {}
        for key, forms in self._forms.items():
            covered = None if forms.sensitive else hidden.covers(forms.words)
            if covered is not None:
                for child in np.flatnonzero(covered & self._in_lists[key][self.of]).tolist():
                    found.setdefault(child, set()).add(key)
        return found

    def _joined(self, entries: list[Record], covered: set[_Key] | None) -> bytes:
        """The texts of a list: whole (None), or public with some questions hidden."""
        return b",".join([self._text(_key(entry), covered) for entry in entries])

    def _text(self, key: _Key, covered: set[_Key] | None) -> bytes:
        forms = self._forms[key]
        template = forms.public
        if covered is None:
            template = forms.full
        elif forms.sensitive or key in covered:
            assert forms.hidden is not None
            template = forms.hidden
        return template.fill({}, 1)[0]


def _key(entry: Record) -> _Key:
    return entry["rule"], entry["why"]
