"""Items of TRIPOD+AI and PROBAST: filled from what was measured, or visibly blank.

An answer says what was done, never that it was done well: the judgement of bias is a person's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.report.amounts import Amount, count, number
from carescreen.evaluation.report.content import Content
from carescreen.evaluation.report.method import (
    data_words,
    fact_rows,
    joined,
    judged_words,
    windows_words,
)
from carescreen.evaluation.report.summary import interval_values
from carescreen.evaluation.report.texts import name_of, say
from carescreen.yamlfile import read_yaml

LISTS = ("tripod", "probast")


@dataclass(frozen=True)
class Item:
    """One item. answer: what was measured, "" where nothing fills it; rest: whether the programme
    adds to it; domain: of PROBAST, else ""."""

    number: str
    domain: str
    text: str
    answer: str
    rest: bool

    @property
    def is_blank(self) -> bool:
        """Whether nothing that was measured fills it."""
        return not self.answer


@cache
def _data() -> Mapping[str, object]:
    data = read_yaml(Path(__file__).parent / "checklist.yaml").data
    return {str(key): value for key, value in data.items()}


def sources() -> dict[str, str]:
    """Where the items come from."""
    found = _data()["sources"]
    assert isinstance(found, Mapping)
    return {str(key): str(value) for key, value in found.items()}


def items_of(name: str, content: Content, language: str) -> list[Item]:
    """The items of one list in their order."""
    found = _data()[name]
    assert isinstance(found, list)
    return [
        Item(
            str(row["number"]),
            str(row.get("domain", "")),
            str(row[language]),
            answer(str(row["answer"]), content, language) if "answer" in row else "",
            bool(row.get("rest", False)),
        )
        for row in found
    ]


def answer(key: str, content: Content, language: str) -> str:
    """What fills an item; "" where what it needs was not measured."""
    made = _MADE.get(key)
    return say(f"answer_{key}", language) if made is None else made(content, language)


def _fact(name: str) -> Callable[[Content, str], str]:
    def found(content: Content, language: str) -> str:
        words = dict(fact_rows(content, language))[say(f"fact_{name}", language)]
        return "" if words == say("blank", language) else words

    return found


def _with_name(name: str) -> Callable[[Content, str], str]:
    """A fact after its name, for an answer that would not say what it is about."""

    def found(content: Content, language: str) -> str:
        words = _fact(name)(content, language)
        named = say(f"fact_{name}", language)
        return say("named", language, name=named, words=words) if words else ""

    return found


def _size(content: Content, language: str) -> str:
    if not len(content.windows):
        return ""
    return say("answer_size", language, least=LEAST_EVENTS, words=judged_words(content, language))


def _measures(content: Content, language: str) -> str:
    tables = (content.figures, content.calibration)
    names = dict.fromkeys(n for table in tables if len(table) for n in table["measure"])
    if len(content.net_benefit):
        names["net_benefit"] = None
    return joined([name_of("measure", name, language) for name in names], language)


def _performance(content: Content, language: str) -> str:
    said = []
    for measure in ("recall", "precision", "auroc"):
        amount = Amount.of(content.figure("carescreen", measure))
        if amount.is_known:
            values = interval_values(amount)
            name = name_of("measure", measure, language)
            said.append(say("answer_performance_one", language, name=name, **values))
    return say("separator", language).join(said)


def _fairness(content: Content, language: str) -> str:
    if content.groups is None or not len(content.groups):
        return ""
    names = dict.fromkeys(a for a in content.groups["attribute"] if " × " not in a)
    shown = joined([name_of("attribute", name, language) for name in names], language)
    return say("answer_fairness", language, names=shown, count=count(len(content.groups)))


def _places(content: Content, language: str) -> str:
    return " ".join(content.place_words.get(language, ()))


def _interpretation(content: Content, language: str) -> str:
    return say("answer_interpretation", language) if len(content.figures) else ""


def _reading(content: Content, language: str) -> str:
    groups = content.groups
    if groups is None or not groups["measure"].isin(["mention_rate"]).any():
        return ""
    rows = groups[groups["measure"] == "mention_rate"]
    verdicts = rows["verdict"].value_counts()
    named = {
        name: count(number(verdicts.get(verdict, 0)))
        for name, verdict in (
            ("fair", "fair"),
            ("unfair", "unfair"),
            ("unknown", "not enough evidence"),
        )
    }
    return say("answer_reading", language, **named)


def _horizon(content: Content, language: str) -> str:
    days = content.facts.get("horizon_days")
    return "" if days is None else say("answer_horizon", language, days=days)


def _outcome(content: Content, language: str) -> str:
    days = content.facts.get("horizon_days")
    return "" if days is None else say("answer_outcome", language, days=days)


def _output(content: Content, language: str) -> str:
    key = "answer_output_probability" if len(content.calibration) else "answer_output_score"
    return say(key, language)


def _division(content: Content, language: str) -> str:
    words = windows_words(content, language)
    folds = content.facts.get("folds")
    left_out = _with_name("folds")(content, language) if folds else ""
    return say("separator", language).join(filter(None, (words, left_out)))


def _code(content: Content, language: str) -> str:
    version = _fact("carescreen")(content, language)
    return say("answer_code", language, version=version) if version else ""


_MADE: Mapping[str, Callable[[Content, str], str]] = {
    "data": data_words,
    "dates": _fact("dates"),
    "size": _size,
    "division": _division,
    "model": _fact("model"),
    "measures": _measures,
    "refit": _with_name("refit"),
    "fairness": _fairness,
    "counts": judged_words,
    "judged": judged_words,
    "performance": _performance,
    "places": _places,
    "interpretation": _interpretation,
    "reading": _reading,
    "horizon": _horizon,
    "outcome": _outcome,
    "output": _output,
    "code": _code,
}
