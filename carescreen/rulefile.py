"""A rule as a pack writes it: `<pack>/rules/*.yaml`, read strictly into frozen rules.

    - id: cn_under8_unattended
      code: G03                     # short and neutral, unique in the pack: stands in for a title
      title: {en: ..., zh: ...}
      tier: urgent                  # or lane: entitlement | advice, which have no tier
      when: >- ...                  # conditions.py
      ask: {en: ..., zh: ...}       # the question that would settle it
      act: {en: ..., zh: ...}
      source: [{law: ..., article: "21", url: ..., verified: true}]
      examples: [{given: {age_years: 6, ...}, expect: met, en: ..., zh: ...}]

Optional: sensitive, default (off), mandatory, hours, how_soon, threshold_by, threshold_reason,
in_force, replaces, covered_by. Whatever is wrong is a PackError with file, line and column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, cast

from carescreen.conditions import Condition, parse
from carescreen.errors import ConditionError, PackError
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept
from carescreen.note_limits import note_limit_problems
from carescreen.pack import MAX_HOURS, TIERS, Pack, Tier, TierHours
from carescreen.thresholds import Threshold
from carescreen.yamlfile import ID, LANGUAGES, Key, YamlFile, is_in_both_languages

Lane = Literal["tier", "entitlement", "advice"]
Expect = Literal["met", "not_met", "cannot_tell"]

LANES = ("entitlement", "advice")
EXPECTATIONS: tuple[Expect, ...] = ("met", "not_met", "cannot_tell")
SENSITIVE = "highly_sensitive"  # a rule over an indicator this sensitive is sensitive itself

RULE_REQUIRED = frozenset({"id", "code", "title", "when", "ask", "act", "source", "examples"})
RULE_OPTIONAL = {
    "tier",
    "lane",
    "sensitive",
    "default",
    "mandatory",
    "hours",
    "how_soon",
    "threshold_by",
    "threshold_reason",
    "in_force",
    "replaces",
    "covered_by",
}
URL = re.compile(r"https?://[^\s<>\"']+\Z")
EXAMPLE_REQUIRED = frozenset({"given", "expect"})
SOURCE_REQUIRED = frozenset({"law", "verified"})
SOURCE_KEYS = ("law", "title", "number", "article", "url", "verified")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,7}\Z")


@dataclass(frozen=True)
class Example:
    """A situation and what the rule must say of it; `place` is its file and line."""

    given: Mapping[str, Any]
    expect: Expect
    text: Texts
    place: str


@dataclass(frozen=True)
class Rule:
    """One rule.

    `hours` within which the child is seen, a programme's setting: the rule's own or its tier's; None
    in a lane without a tier. `how_soon` is what the source itself says, such as "at once".
    `thresholds` are the named numbers that the condition reads; `as_written` is the condition with
    the numbers of the pack that wrote it, which the examples are about. `source` has the keys law,
    title, number, article, url and verified.
    """

    id: str
    code: str
    title: Texts
    lane: Lane
    tier: Tier | None
    condition: Condition
    as_written: Condition = field(repr=False)
    ask: Texts
    act: Texts
    source: tuple[Mapping[str, Any], ...]
    examples: tuple[Example, ...]
    sensitive: bool
    default_on: bool
    hours: int | None
    how_soon: Texts | None
    mandatory: str | None
    thresholds: tuple[Threshold, ...]
    threshold_by: Literal["programme"] | None
    threshold_reason: Texts | None
    in_force: tuple[date | None, date | None]
    replaces: str | None
    covered_by: str | None
    place: str = field(compare=False)

    def is_in_force(self, day: date) -> bool:
        """Whether the rule is law on a day; both ends of `in_force` belong to it."""
        start, end = self.in_force
        return (start is None or start <= day) and (end is None or day <= end)


@dataclass(frozen=True)
class Entry:
    """Where a rule stands: its file and its position in the file's list."""

    file: YamlFile
    index: int

    @property
    def values(self) -> Mapping[str, Any]:
        """The rule as written."""
        return cast("Mapping[str, Any]", self.file.data["rules"][self.index])

    @property
    def id(self) -> str:
        """The rule's id."""
        return str(self.values["id"])

    def error(self, message: str, *key: str | int) -> PackError:
        """A PackError at the rule, or at a key inside it, that names the rule."""
        name = self.values.get("id")
        return self.file.error(f"rule '{name}': {message}", "rules", self.index, *key)

    def condition_error(self, message: str) -> ConditionError:
        """A ConditionError at the rule's condition."""
        line, column = self.file.positions[("rules", self.index, "when")]
        return ConditionError(f"rule '{self.id}': {message}", self.file.path, line, column)

    def place(self, *key: str | int) -> str:
        """file:line of the rule, or of a key inside it."""
        line, _ = self.file.positions[("rules", self.index, *key)]
        return f"{self.file.path}:{line}"


def read_entries(file: YamlFile) -> list[Entry]:
    """The rules of a file, with their keys checked; their values are not read yet."""
    file.require_keys((), {"rules"}, frozenset({"rules"}))
    rules = file.list_at("rules")
    for index in range(len(rules)):
        key: Key = ("rules", index)
        file.require_keys(key, RULE_OPTIONAL | RULE_REQUIRED, RULE_REQUIRED)
        entry = Entry(file, index)
        if not isinstance(rules[index]["id"], str) or not ID.match(rules[index]["id"]):
            raise entry.error("id is small letters, digits and _, beginning with a letter", "id")
    return [Entry(file, index) for index in range(len(rules))]


def read_rule(entry: Entry, pack: Pack, concepts: Mapping[str, Concept]) -> Rule:
    """Read and check one rule of a pack; PackError names the place of what is wrong."""
    tier = _tier(entry)
    condition = _condition(entry, pack, concepts, tier, pack.thresholds)
    thresholds = tuple(pack.thresholds[name] for name in condition.thresholds)
    return Rule(
        id=entry.id,
        code=_code(entry),
        title=_texts(entry, "title"),
        lane=entry.values.get("lane", "tier"),
        tier=tier,
        condition=condition,
        as_written=_as_written(entry, pack, concepts, tier, condition),
        ask=_texts(entry, "ask"),
        act=_texts(entry, "act"),
        source=_sources(entry),
        examples=_examples(entry),
        sensitive=_sensitive(entry, condition, pack.indicators, concepts),
        default_on=_choice(entry, "default", ("on", "off")) != "off",
        hours=_hours(entry, tier, pack.settings.tier_hours),
        how_soon=_texts(entry, "how_soon") if "how_soon" in entry.values else None,
        mandatory=_word(entry, "mandatory"),
        thresholds=thresholds,
        threshold_by=_threshold_by(entry, thresholds),
        threshold_reason=_threshold_reason(entry),
        in_force=_in_force(entry),
        replaces=_word(entry, "replaces"),
        covered_by=_word(entry, "covered_by"),
        place=entry.place(),
    )


def _tier(entry: Entry) -> Tier | None:
    if ("tier" in entry.values) == ("lane" in entry.values):
        raise entry.error(
            f"a rule has either a tier ({', '.join(TIERS)}) or a lane ({', '.join(LANES)})"
        )
    _choice(entry, "lane", LANES)
    return cast("Tier | None", _choice(entry, "tier", TIERS))


def _condition(
    entry: Entry,
    pack: Pack,
    concepts: Mapping[str, Concept],
    tier: Tier | None,
    thresholds: Mapping[str, Threshold],
) -> Condition:
    text = entry.values["when"]
    if not isinstance(text, str):
        raise entry.error("when is a condition, written as text", "when")
    numbers = {name: threshold.value for name, threshold in thresholds.items()}

    def where(message: str) -> ConditionError:
        named = [one.place for one in thresholds.values() if f"threshold '{one.id}'" in message]
        return entry.condition_error("; set in ".join([message, *named]))

    condition = parse(text, pack.indicators, concepts, where, numbers)
    derived = [name for name, indicator in pack.indicators.items() if indicator.kind == "derived"]
    problems = note_limit_problems(condition.root, tier, concepts, derived)
    if problems:
        raise entry.condition_error("; ".join(problems))
    return condition


def _as_written(
    entry: Entry,
    pack: Pack,
    concepts: Mapping[str, Concept],
    tier: Tier | None,
    condition: Condition,
) -> Condition:
    """The condition with the numbers that the pack had which wrote it."""
    own = pack.thresholds_in(entry.file.path.parent.parent)
    if all(own[name].value == pack.thresholds[name].value for name in condition.thresholds):
        return condition
    return _condition(entry, pack, concepts, tier, own)


def _code(entry: Entry) -> str:
    code = entry.values["code"]
    if not isinstance(code, str) or not CODE.match(code):
        raise entry.error("code is up to 8 letters and digits, such as G03", "code")
    return code


def _texts(entry: Entry, *key: str | int) -> Texts:
    """A text in both languages."""
    value = entry.file.at(("rules", entry.index, *key))
    if not is_in_both_languages(value):
        raise entry.error(f"{key[-1]} needs both languages: {{en: …, zh: …}}", *key)
    return value


def _sources(entry: Entry) -> tuple[Mapping[str, Any], ...]:
    listed = entry.values["source"]
    if not isinstance(listed, list) or not listed:
        raise entry.error(
            "source is a list with at least one text that the rule rests on", "source"
        )
    return tuple(_source(entry, index) for index in range(len(listed)))


def _source(entry: Entry, index: int) -> Mapping[str, Any]:
    key: Key = ("rules", entry.index, "source", index)
    entry.file.require_keys(key, set(SOURCE_KEYS), SOURCE_REQUIRED)
    values = entry.file.at(key)
    if not isinstance(values["verified"], bool):
        raise entry.error("verified is true or false: was the text itself read?", *key[2:])
    entry.file.text_at(*key, "law")
    for name in ("number", "article"):
        if type(values.get(name)) is not int:
            entry.file.text_if_given_at(*key, name)
    title = values.get("title")
    if title is not None and not _is_title(title):
        raise entry.error("title is a text, or {en: …, zh: …} with at least one", *key[2:], "title")
    url = values.get("url")
    if url is not None and not (isinstance(url, str) and URL.match(url)):
        raise entry.error("url starts with https:// and has no spaces", *key[2:], "url")
    source = {name: values.get(name) for name in SOURCE_KEYS}
    if source["article"] is not None:
        source["article"] = str(source["article"])
    return source


def _is_title(value: Any) -> bool:
    """Whether it is a text, or a text by language of which one may be lacking."""
    if isinstance(value, dict):
        return bool(value) and value.keys() <= LANGUAGES and all(map(_is_text, value.values()))
    return _is_text(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _examples(entry: Entry) -> tuple[Example, ...]:
    listed = entry.values["examples"]
    if not isinstance(listed, list) or not listed:
        raise entry.error("examples is a list: {given: {…}, expect: met}", "examples")
    return tuple(_example(entry, index) for index in range(len(listed)))


def _example(entry: Entry, index: int) -> Example:
    key: Key = ("rules", entry.index, "examples", index)
    entry.file.require_keys(key, {*EXAMPLE_REQUIRED, *LANGUAGES}, EXAMPLE_REQUIRED)
    values = entry.file.at(key)
    if values["expect"] not in EXPECTATIONS:
        raise entry.error(
            f"expect is '{values['expect']}'; allowed: {', '.join(EXPECTATIONS)}",
            *key[2:],
            "expect",
        )
    if not isinstance(values["given"], dict):
        raise entry.error("given is a mapping of what is known: {age_years: 6}", *key[2:], "given")
    languages = [language for language in sorted(LANGUAGES) if language in values]
    text = {language: entry.file.text_at(*key, language) for language in languages}
    return Example(values["given"], values["expect"], text, entry.place(*key[2:]))


def _sensitive(
    entry: Entry,
    condition: Condition,
    indicators: Mapping[str, Indicator],
    concepts: Mapping[str, Concept],
) -> bool:
    derived = any(indicators[name].sensitivity == SENSITIVE for name in condition.indicators)
    derived |= any(concepts[name].sensitive for name in condition.concepts)
    stated = entry.values.get("sensitive")
    if stated is not None and not isinstance(stated, bool):
        raise entry.error("sensitive is true or false", "sensitive")
    if derived and stated is False:
        raise entry.error(
            "it reads a highly sensitive indicator or concept, so it cannot be sensitive: false",
            "sensitive",
        )
    return derived or bool(stated)


def _hours(entry: Entry, tier: Tier | None, tier_hours: TierHours) -> int | None:
    hours = entry.values.get("hours")
    if hours is None:
        return None if tier is None else cast(int, getattr(tier_hours, tier))
    if type(hours) is not int or not 1 <= hours <= MAX_HOURS or tier is None:
        raise entry.error(
            f"hours is a whole number from 1 to {MAX_HOURS:,}, for a rule with a tier", "hours"
        )
    return hours


def _threshold_by(entry: Entry, thresholds: tuple[Threshold, ...]) -> Literal["programme"] | None:
    stated = _choice(entry, "threshold_by", ("programme",))
    return "programme" if stated or thresholds else None


def _threshold_reason(entry: Entry) -> Texts | None:
    if ("threshold_by" in entry.values) != ("threshold_reason" in entry.values):
        raise entry.error("threshold_by: programme goes with threshold_reason: {en: …, zh: …}")
    return _texts(entry, "threshold_reason") if "threshold_reason" in entry.values else None


def _in_force(entry: Entry) -> tuple[date | None, date | None]:
    value = entry.values.get("in_force", [None, None])
    wrong = entry.error("in_force is [first day, last day], null where open", "in_force")
    if not isinstance(value, list) or len(value) != 2:
        raise wrong
    try:
        start, end = (None if day is None else date.fromisoformat(day) for day in value)
    except (TypeError, ValueError):
        raise wrong from None
    if start is not None and end is not None and end < start:
        raise entry.error("in_force ends before it begins", "in_force")
    return start, end


def _word(entry: Entry, key: str) -> str | None:
    return entry.file.text_if_given_at("rules", entry.index, key)


def _choice(entry: Entry, key: str, allowed: tuple[str, ...]) -> Any:
    """The value of a key that takes one of a few words; None where it is not given."""
    value = entry.values.get(key)
    if key in entry.values and value not in allowed:
        raise entry.error(f"{key} is '{value}'; allowed: {', '.join(allowed)}", key)
    return value
