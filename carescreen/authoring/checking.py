"""Checking a pack that loads: what is wrong with it, and what its author should know.

    error    an example that comes out differently; an outcome without an example; fewer than
             three examples; an example that is not told in both languages
    notice   declared and never read; a file under a name that nothing looks for; a source that
             nobody verified; a rule no longer in force; a rule that is switched off

A file that cannot be read at all is a PackError, as it is wherever a pack is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from carescreen.authoring.statements import read_statements
from carescreen.authoring.unread import (
    Sight,
    unread_concepts,
    unread_indicators,
    unread_thresholds,
    unread_words,
)
from carescreen.features import FeatureSet
from carescreen.lexicon import LANGUAGES, load_lexicon
from carescreen.pack import TIERS
from carescreen.rulefile import LANES, Example, Rule
from carescreen.rules import RulePack
from carescreen.trials import failed_examples, lacking_examples
from carescreen.yamlfile import read_if_there

Place = Callable[[str], str]

FEWEST_EXAMPLES = 3
READ = {"pack.yaml", "indicators.yaml", "concepts.yaml"} | {
    f"lexicon.{language}.yaml" for language in LANGUAGES
}
NO_READER = "indicators that no rule and no feature reads"
NO_DIFFERENCE = "values that change no rule and no feature"
NO_CONCEPT = "concepts that no rule and no feature asks for"
NO_CONDITION = "thresholds that no rule and no feature names"
NO_LOADER = "files that nothing reads"
NOT_VERIFIED = "rules with a source that nobody has verified"
ENDED = "rules that are no longer in force"
GAP = "rules that replace one which ended before they began: on the days between neither counts"
NEW_NUMBER = (
    "rules whose numbers this pack changes; their texts are those of the pack that wrote them"
)
SWITCHED_OFF = "rules that are switched off"


@dataclass(frozen=True)
class Finding:
    """One thing found: `place` is file:line, `subject` what it is about.

    The message of an error is a sentence about the subject; notices of one kind share theirs.
    """

    level: Literal["error", "notice"]
    place: str
    subject: str
    message: str


@dataclass(frozen=True)
class Report:
    """What a check found; `on` and `off` count rules by tier or lane, most urgent first."""

    pack: str
    version: str
    on: Mapping[str, int]
    off: Mapping[str, int]
    examples: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What must be mended."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def notices(self) -> tuple[Finding, ...]:
        """What the author should know."""
        return tuple(finding for finding in self.findings if finding.level == "notice")


def check_pack(pack: RulePack, today: date | None = None) -> Report:
    """Check every rule, switched on or off, and what the pack declares.

    Reads the lexicon, the model features and the properties as well; PackError names what does not load.
    """
    load_lexicon(pack.pack)
    features = FeatureSet.load(pack.pack, pack.indicators, pack.concepts)
    read_statements(pack.pack, pack.concepts)
    every = (*pack.rules, *pack.rules_off)
    errors = [finding for rule in every for finding in rule_errors(rule, pack)]
    notices = [
        *_unread(pack, Sight.of(pack, features)),
        *_stray_files(pack),
        *_about_rules(pack, date.today() if today is None else today),
    ]
    return Report(
        pack=pack.pack.id,
        version=pack.pack.version,
        on=count_by_urgency(pack.rules),
        off=count_by_urgency(pack.rules_off),
        examples=sum(len(rule.examples) for rule in every),
        findings=(*errors, *notices),
    )


def count_by_urgency(rules: tuple[Rule, ...]) -> dict[str, int]:
    """How many rules there are in each tier and lane, in that order; those without any left out."""
    counts: Counter[str] = Counter(rule.tier or rule.lane for rule in rules)
    return {name: counts[name] for name in (*TIERS, *LANES) if counts[name]}


def rule_errors(rule: Rule, pack: RulePack) -> Iterator[Finding]:
    """What is wrong with a rule and its examples."""
    subject = f"rule '{rule.id}'"
    if len(rule.examples) < FEWEST_EXAMPLES:
        message = f"has {len(rule.examples)} examples; at least {FEWEST_EXAMPLES} are wanted"
        yield Finding("error", rule.place, subject, message)
    for failure in (
        *lacking_examples(rule),
        *failed_examples(rule, pack.indicators, pack.concepts),
    ):
        about = subject if failure.example is None else f"{subject}, example {failure.example}"
        yield Finding("error", failure.place, about, failure.message)
    for number, example in enumerate(rule.examples, start=1):
        silent = _languages_lacking(example)
        if silent:
            message = f"is not told in words: {', '.join(silent)}"
            yield Finding("error", example.place, f"{subject}, example {number}", message)


def _languages_lacking(example: Example) -> list[str]:
    return [language for language in sorted(LANGUAGES) if not example.text.get(language)]


def _unread(pack: RulePack, sight: Sight) -> Iterator[Finding]:
    indicator_at = _places(pack, "indicators")
    concept_at = _places(pack, "concepts")
    for indicator in unread_indicators(pack, sight):
        yield Finding("notice", indicator_at(indicator.id), indicator.id, NO_READER)
    for indicator, words in unread_words(pack, sight):
        subject = f"{indicator.id} ({', '.join(words)})"
        yield Finding("notice", indicator_at(indicator.id), subject, NO_DIFFERENCE)
    for concept in unread_concepts(pack, sight):
        yield Finding("notice", concept_at(concept), concept, NO_CONCEPT)
    for threshold in unread_thresholds(pack, sight):
        yield Finding("notice", threshold.place, threshold.id, NO_CONDITION)


def _stray_files(pack: RulePack) -> Iterator[Finding]:
    """YAML under a name that no loader looks for: a slip of the name hides all that is in it."""
    for folder in pack.pack.chain:
        for path in sorted(folder.rglob("*.y*ml")):
            name = path.relative_to(folder).as_posix()
            if name not in READ and not (
                path.parent == folder / "rules" and path.suffix == ".yaml"
            ):
                yield Finding("notice", f"{path}:1", name, NO_LOADER)


def _about_rules(pack: RulePack, today: date) -> Iterator[Finding]:
    for rule in (*pack.rules, *pack.rules_off):
        if not all(source["verified"] for source in rule.source):
            yield Finding("notice", rule.place, rule.id, NOT_VERIFIED)
    for rule in (*pack.rules, *pack.rules_off):
        end = rule.in_force[1]
        if end is not None and end < today:
            yield Finding("notice", rule.place, rule.id, ENDED)
    for rule in _after_a_gap(pack.rules):
        yield Finding("notice", rule.place, rule.id, GAP)
    for rule in (*pack.rules, *pack.rules_off):
        if rule.as_written.root != rule.condition.root:
            yield Finding("notice", rule.place, rule.id, NEW_NUMBER)
    for rule in pack.rules_off:
        yield Finding("notice", rule.place, rule.id, SWITCHED_OFF)


def _after_a_gap(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Rules that begin more than a day after the one that they replace has ended."""
    by_id = {rule.id: rule for rule in rules}
    for rule in rules:
        old = by_id.get(rule.replaces or "")
        end, start = (None if old is None else old.in_force[1]), rule.in_force[0]
        if end is not None and start is not None and start - end > timedelta(days=1):
            yield rule


def _places(pack: RulePack, kind: Literal["indicators", "concepts"]) -> Place:
    """file:line of what indicators.yaml or concepts.yaml declares, by id; the last file counts."""
    places: dict[str, str] = {}
    for folder in pack.pack.chain:
        file = read_if_there(folder / f"{kind}.yaml")
        for index, entry in enumerate(file.list_at(kind) if file else []):
            assert file is not None
            line, _ = file.positions[(kind, index)]
            places[entry["id"]] = f"{file.path}:{line}"
    return places.__getitem__
