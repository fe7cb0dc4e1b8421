"""A run's profile: counts over all children and the last weeks' visits, to compare runs by (`watch`).

Counts only, and no child: how many have a value, a rule, a tier; how many visits of a week filled a
column, had a note, spoke of a concept. Two things make runs comparable that share most children:

    groups  what is counted of children is counted by 64 groups of whole households (a hash of the
            household): the same household is in the same group in every run, so that runs are
            compared pairwise, and by chance as households and not single children come and go
    weeks   what is counted of visits is counted by the week in which they became known (the later
            of date and entry), for the 13 weeks up to the as-of date: what is entered late then
            belongs to the week of its entry, and no newest week looks empty because of it

A child that the children table does not list has no values anybody left blank: it is counted as
`unlisted` and in nothing else. Of highly sensitive indicators only whether they are recorded is
counted, and without --quotes whatever is sensitive stands under a code. The file stays in the office.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from carescreen.checked import UNKNOWN_CHILD
from carescreen.engine import Engine
from carescreen.followups import FollowUps
from carescreen.profile_bins import Tally
from carescreen.profile_children import GROUPS, count_children
from carescreen.profile_visits import WEEKS, count_visits
from carescreen.rules import Rule, RulePack

FILE = "profile.json"
FORMAT = "carescreen-profile/1"


def block_tally(engine: Engine, found: FollowUps, reasons: Sequence[tuple[str, ...]]) -> Tally:
    """The counts of one block; those of several blocks add up (`add_up`)."""
    listed = np.array([UNKNOWN_CHILD not in codes for codes in reasons], dtype=bool)
    needs_data = np.array([bool(codes) for codes in reasons], dtype=bool)
    return {
        **count_children(engine, found, listed, needs_data),
        **count_visits(engine, found),
    }


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The counts of all blocks, in whatever order they come."""
    total: Tally = {}
    for tally in tallies:
        for key, counts in tally.items():
            total[key] = total[key] + counts if key in total else counts
    return total


def profile_of(tally: Tally, rules: RulePack, sensitive: Collection[str] = ()) -> dict[str, Any]:
    """What profile.json holds, with all names: counts as nested objects, and what rules there were.

    `sensitive` are names of indicators and concepts to be coded beside those that the pack calls so.
    """
    counts: dict[str, Any] = {}
    for key in sorted(tally):
        place = counts
        for name in key[:-1]:
            place = place.setdefault(name, {})
        place[key[-1]] = tally[key].tolist()
    names = {name for name, found in rules.concepts.items() if found.sensitive}
    names |= {
        name for name, found in rules.indicators.items() if found.sensitivity == "highly_sensitive"
    }
    return {
        "format": FORMAT,
        "groups": GROUPS,
        "weeks": WEEKS,
        "rules": {rule.id: _about_rule(rule) for rule in rules.rules},
        "sensitive": sorted(names | set(sensitive)),
        **counts,
    }


def coded(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile without the name of anything sensitive, a code in its place.

    >>> coded({"rules": {}, "sensitive": ["left_alone"], "mention": {"left_alone": {"past": [1]}}})
    {'rules': {}, 'mention': {'S-e96187': {'past': [1]}}}
    """
    hidden = {name: hidden_code(name) for name in profile["sensitive"]}
    rules = {name: about["code"] for name, about in profile["rules"].items() if about["sensitive"]}
    found = {part: said for part, said in profile.items() if part != "sensitive"}
    for parts, codes in ((_OF_RULES, rules), (_OF_FIELDS, hidden)):
        for part in parts:
            if part in found:
                found[part] = {codes.get(name, name): said for name, said in found[part].items()}
    for name, about in found["rules"].items():
        concepts = [hidden.get(concept, concept) for concept in about["concepts"]]
        found["rules"][name] = {**about, "concepts": concepts}
    return found


def profile_text(profile: Mapping[str, Any], *, names: bool) -> str:
    """The profile as JSON, the same text for the same counts; sensitive names only with `names`."""
    said = {**(profile if names else coded(profile)), "names": names}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


_OF_RULES = ("rules", "rule_open", "rule_closed", "rule_unknown")
_OF_FIELDS = ("known", "value", "filled", "given", "mention")


def hidden_code(name: str) -> str:
    """What a sensitive indicator or concept is called where it may not be named."""
    return f"S-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _about_rule(rule: Rule) -> dict[str, Any]:
    """Lane, tier, concepts, and a digest of what decides whether it fires."""
    thresholds = [(found.id, found.value) for found in rule.thresholds]
    says = (rule.condition.text, rule.tier, rule.lane, thresholds, rule.in_force)
    return {
        "sensitive": rule.sensitive,
        "code": rule.code,
        "lane": rule.lane,
        "tier": rule.tier,
        "concepts": sorted(rule.condition.concepts),
        "digest": hashlib.sha256(repr(says).encode()).hexdigest()[:12],
    }
