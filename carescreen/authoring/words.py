"""Conditions and children in words, in Chinese or English, for a reader who writes no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from carescreen.examples import LEARNED
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept
from carescreen.review.wording import plain_value
from carescreen.syntax import (
    And,
    Atom,
    Node,
    Not,
    NotedTest,
    NumberTest,
    Or,
    SetTest,
    VisitsTest,
)

_TEXTS: Mapping[str, Texts] = {
    "any_of": {"en": "at least one of:", "zh": "符合以下任何一项："},
    "all_of": {"en": "all of:", "zh": "同时符合："},
    "none_of": {"en": "not: ", "zh": "不符合："},
    "<": {"en": "under {}", "zh": "小于{}"},
    "<=": {"en": "at most {}", "zh": "不超过{}"},
    ">": {"en": "over {}", "zh": "超过{}"},
    ">=": {"en": "{} or more", "zh": "达到{}"},
    "==": {"en": "{}", "zh": "{}"},
    "!=": {"en": "anything but {}", "zh": "除{}以外"},
    "in": {"en": "{}", "zh": "{}"},
    "not in": {"en": "anything but {}", "zh": "除{}以外"},
    "ours": {"en": " (the programme's number)", "zh": "（项目设定）"},
    "count_of": {"en": "number of: {}", "zh": "“{}”的项数"},
    "days_since": {"en": "days since: {}", "zh": "距“{}”的天数"},
    "month": {"en": "month", "zh": "月份"},
    "includes": {"en": "{title} include: {words}", "zh": "{title}包括：{words}"},
    "excludes": {"en": "{title} do not include: {words}", "zh": "{title}不包括：{words}"},
    "noted": {"en": "a note says: {}", "zh": "走访记录提到：{}"},
    "noted_visits": {
        "en": "notes of at least {least} visits say: {title}",
        "zh": "至少{least}次走访的记录提到：{title}",
    },
    "noted_learned": {
        "en": "a note may say, to be confirmed: {}",
        "zh": "走访记录可能提到（待确认）：{}",
    },
    "not_recorded": {"en": "not recorded", "zh": "没有记录"},
    "nothing": {"en": "none", "zh": "无"},
}
_MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_UNITS_ZH = {
    "years": "岁",
    "months": "个月",
    "days": "天",
    "nights": "晚",
    "hours": "小时",
    "m": "米",
    "mm": "毫米",
}


@dataclass(frozen=True)
class Clause:
    """A condition as a reader sees it: a sentence, or a heading over clauses."""

    text: str
    parts: tuple[Clause, ...] = ()


@dataclass(frozen=True)
class Wording:
    """Words of one pack in one language ("en" or "zh")."""

    indicators: Mapping[str, Indicator]
    concepts: Mapping[str, Concept]
    language: str

    def clause(self, node: Node) -> Clause:
        """A condition as a tree of sentences."""
        if isinstance(node, Not):
            return Clause(self._text("none_of"), (self.clause(node.part),))
        if isinstance(node, And | Or):
            heading = self._text("all_of" if isinstance(node, And) else "any_of")
            return Clause(heading, tuple(self.clause(part) for part in node.parts))
        return Clause(self.atom(node))

    def line(self, node: Node) -> str:
        """A condition in one line, with brackets."""
        if isinstance(node, Not):
            return f"{self._text('none_of')}({self.line(node.part)})"
        if isinstance(node, And | Or):
            parts = [
                f"({self.line(part)})" if isinstance(part, And | Or) else self.line(part)
                for part in node.parts
            ]
            words = {"en": (" AND ", " OR "), "zh": ("，并且", "，或者")}[self.language]
            return words[isinstance(node, Or)].join(parts)
        return self.atom(node)

    def atom(self, atom: Atom) -> str:
        """One test as a sentence."""
        if isinstance(atom, NotedTest):
            return self._text("noted").format(self.concept(atom.concept))
        if isinstance(atom, VisitsTest):
            title = self.concept(atom.concept)
            text = self._text("noted_visits").format(least=atom.least, title=title)
            return text + self._ours(atom.thresholds)
        if isinstance(atom, NumberTest):
            return self._number(atom)
        indicator = self.indicators[atom.indicator]
        words = self._listed([self.value(indicator, word) for word in atom.words])
        if isinstance(atom, SetTest):
            which = "excludes" if atom.operator == "not in" else "includes"
            return self._text(which).format(title=self.title(indicator), words=words)
        return self._pair(self.title(indicator), self._text(atom.operator).format(words))

    def child(self, given: Mapping[str, Any]) -> list[str]:
        """A child that an example gives, a sentence for each thing recorded."""
        found = []
        for name, value in given.items():
            if name == "month":
                found.append(self._pair(self._text("month"), self._month(value)))
            elif name == "noted" and value:
                found += [self._mention(concept, mention) for concept, mention in value.items()]
            elif name in self.indicators:
                found.append(self.field(name, value))
        return found

    def field(self, name: str, value: Any) -> str:
        """One recorded value."""
        indicator = self.indicators[name]
        if value is None:
            return self._pair(self.title(indicator), self._text("not_recorded"))
        if isinstance(value, list):
            words = self._listed([self.value(indicator, word) for word in value])
            return self._pair(self.title(indicator), words or self._text("nothing"))
        if isinstance(value, str):
            return self._pair(self.title(indicator), self.value(indicator, value))
        return self._pair(self.title(indicator), self._with_unit(f"{value:g}", indicator))

    def title(self, indicator: Indicator) -> str:
        """An indicator's title."""
        return indicator.title[self.language]

    def concept(self, name: str) -> str:
        """A concept's title."""
        return self.concepts[name].title[self.language]

    def value(self, indicator: Indicator, word: str) -> str:
        """A value's title; yes and no in words."""
        return plain_value(indicator.title_of(word, self.language), self.language)

    def _number(self, atom: NumberTest) -> str:
        if atom.indicator is None:
            numbers = [int(number) for number in atom.numbers]
            return self._pair(self._text("month"), self._months(atom, numbers))
        indicator = self.indicators[atom.indicator]
        subject = self.title(indicator)
        if atom.measure in ("len", "days_since"):
            heading = "count_of" if atom.measure == "len" else "days_since"
            subject = self._text(heading).format(subject)
        shown = [self._measured(f"{number:g}", atom, indicator) for number in atom.numbers]
        words = self._text(atom.operator).format(self._listed(shown))
        return self._pair(subject, words + self._ours(atom.thresholds))

    def _measured(self, number: str, atom: NumberTest, indicator: Indicator) -> str:
        """A number with what it counts: the indicator's unit, things of a set, or days."""
        if atom.measure == "value":
            return self._with_unit(number, indicator)
        if self.language == "en":
            return number
        return f"{number}{'项' if atom.measure == 'len' else '天'}"

    def _months(self, atom: NumberTest, numbers: list[int]) -> str:
        if atom.operator == "in" and len(numbers) > 2 and _is_run(numbers):
            first, last = self._month(numbers[0]), self._month(numbers[-1])
            return f"{first} to {last}" if self.language == "en" else f"{first}至{last}"
        return self._text(atom.operator).format(self._listed([self._month(n) for n in numbers]))

    def _month(self, number: int) -> str:
        return _MONTHS[number - 1] if self.language == "en" else f"{number}月"

    def _mention(self, concept: str, mention: Any) -> str:
        values = mention if isinstance(mention, dict) else {"status": mention}
        if values["status"] == LEARNED:
            return self._text("noted_learned").format(self.concept(concept))
        if values.get("visits", 1) > 1:
            title = self.concept(concept)
            return self._text("noted_visits").format(least=values["visits"], title=title)
        return self._text("noted").format(self.concept(concept))

    def _with_unit(self, number: str, indicator: Indicator) -> str:
        unit = indicator.unit
        if not unit or unit == "z":  # a z-score; its title says so
            return number
        if self.language == "zh":
            return f"{number}{_UNITS_ZH.get(unit, unit)}"
        return f"{number} {unit[:-1] if number == '1' and unit.endswith('s') else unit}"

    def _ours(self, thresholds: Sequence[str]) -> str:
        return self._text("ours") if thresholds else ""

    def _listed(self, words: Sequence[str]) -> str:
        *first, last = words or [""]
        if self.language == "zh":
            return f"{'、'.join(first)}或{last}" if first else last
        return f"{', '.join(first)} or {last}" if first else last

    def _pair(self, title: str, words: str) -> str:
        return f"{title}: {words}" if self.language == "en" else f"{title}：{words}"

    def _text(self, key: str) -> str:
        return _TEXTS[key][self.language]


def _is_run(numbers: Sequence[int]) -> bool:
    return all(later - earlier == 1 for earlier, later in pairwise(numbers))
