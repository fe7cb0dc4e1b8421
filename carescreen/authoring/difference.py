"""What a change of a pack does: rules in words, and who enters or leaves each tier and list.

Both packs rank the same caseload on the same day with the same model, so whatever differs comes from
the packs: rules, settings, lexicon and indicators alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from carescreen.authoring.statements import read_statements
from carescreen.authoring.words import Wording
from carescreen.caseload import Caseload
from carescreen.indicators import Texts
from carescreen.lexicon import load_lexicon
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES
from carescreen.rulefile import Rule
from carescreen.rules import RulePack
from carescreen.screener import Screener
from carescreen.thresholds import Threshold

MOVED_COLUMNS = (
    "child_id",
    "caseworker_id",
    "village_id",
    "tier_old",
    "tier_new",
    "rank_old",
    "rank_new",
    "on_list_old",
    "on_list_new",
    "rules_entered",
    "rules_left",
)
LIST_COLUMNS = ("worker", "entered", "left")


@dataclass(frozen=True)
class Change:
    """One thing that is said otherwise, old and new in both languages."""

    what: Texts
    old: Texts
    new: Texts


@dataclass(frozen=True)
class RuleChange:
    """One rule: added, removed, or changed in the things listed."""

    rule: Rule
    kind: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class OtherChange:
    """A part of a pack that differs, and the names in it that are new, gone or said otherwise."""

    what: Texts
    names: tuple[str, ...]


@dataclass(frozen=True)
class PackDifference:
    """Two packs: rules, settings and numbers that are said otherwise, and the names of whatever else
    differs: indicators, concepts, words of notes, features, properties.
    """

    rules: tuple[RuleChange, ...]
    settings: tuple[Change, ...]
    others: tuple[OtherChange, ...]


@dataclass(frozen=True)
class Moves:
    """Who moves: one row a child whose tier, list or rules change (MOVED_COLUMNS), and counts.

    tiers    children by tier before (rows) and after (columns)
    workers  for each caseworker or village: entered and left its list
    rules    for each rule but advice: children it was open for before and after
    """

    day: str
    children: int
    moved: pd.DataFrame
    tiers: pd.DataFrame
    workers: pd.DataFrame
    rules: pd.DataFrame
    synthetic: bool


_RuleSets = Mapping[str, list[frozenset[str]]]  # by side, "old" and "new", then by child


def compare_packs(old: RulePack, new: RulePack) -> PackDifference:
    """What two packs say differently; a rule that is off counts as not there."""
    before, after = ({rule.id: rule for rule in pack.rules} for pack in (old, new))
    removed = [RuleChange(rule, "removed") for name, rule in before.items() if name not in after]
    words = _Words(old, new)
    added = [
        RuleChange(rule, "added", tuple(_takes_the_place(rule)))
        for name, rule in after.items()
        if name not in before
    ]
    changed = [
        RuleChange(rule, "changed", changes)
        for name, rule in after.items()
        if name in before and (changes := tuple(words.rule(before[name], rule)))
    ]
    rules = (*removed, *added, *changed)
    return PackDifference(rules, tuple(_settings(old, new)), tuple(_others(old, new)))


def compare_rankings(
    old: Screener,
    new: Screener,
    caseload: Caseload,
    day: date,
    *,
    processes: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Moves:
    """Rank a caseload with both and compare; each list with the capacity its own pack sets.

    Lists are compared by order alone: the random share is drawn anew for every pack.
    """
    rankings = [
        one.rank(caseload, day, processes=processes, progress=progress) for one in (old, new)
    ]
    before, after = (
        ranking.to_frame()
        .assign(on_list=ranking.listed_by_order(), worker=ranking.groups())
        .set_index("child_id")
        for ranking in rankings
    )
    both = before.add_suffix("_old").join(after.add_suffix("_new"), how="outer")
    rules = {side: _rule_sets(both, side) for side in ("old", "new")}
    table = _moved(both, rules)
    names = pd.Index(sorted(_counted(old.rules) | _counted(new.rules)))
    differs = (
        (table["tier_old"] != table["tier_new"])
        | (table["on_list_old"] != table["on_list_new"])
        | (table["rules_entered"] != "")
        | (table["rules_left"] != "")
    )
    return Moves(
        day=day.isoformat(),
        children=len(table),
        moved=table[differs].sort_values("rank_new", ignore_index=True),
        tiers=pd.crosstab(table["tier_old"], table["tier_new"]).reindex(
            index=list(TIERS), columns=list(TIERS), fill_value=0
        ),
        workers=_workers(both),
        rules=_rule_counts(rules, names),
        synthetic=rankings[0].run.synthetic,
    )


def _counted(pack: RulePack) -> set[str]:
    """The rules that a ranking's table tells of each child: all but advice."""
    return {rule.id for rule in pack.rules if rule.lane != "advice"}


def _moved(both: pd.DataFrame, rules: _RuleSets) -> pd.DataFrame:
    entered, left = [], []
    for old, new in zip(rules["old"], rules["new"], strict=True):
        entered.append(";".join(sorted(new - old)))
        left.append(";".join(sorted(old - new)))
    return pd.DataFrame(
        {
            "child_id": both.index.to_numpy(dtype=object),
            "caseworker_id": both["caseworker_id_new"].to_numpy(dtype=object),
            "village_id": both["village_id_new"].to_numpy(dtype=object),
            "tier_old": both["tier_old"].to_numpy(dtype=object),
            "tier_new": both["tier_new"].to_numpy(dtype=object),
            "rank_old": both["rank_old"].to_numpy(),
            "rank_new": both["rank_new"].to_numpy(),
            "on_list_old": both["on_list_old"].to_numpy(dtype=bool),
            "on_list_new": both["on_list_new"].to_numpy(dtype=bool),
            "rules_entered": entered,
            "rules_left": left,
        }
    )[list(MOVED_COLUMNS)]


def _rule_sets(both: pd.DataFrame, side: str) -> list[frozenset[str]]:
    """The rules that are open for each child, concerns and entitlements."""
    parts = both[f"concerns_{side}"] + ";" + both[f"entitlements_{side}"]
    return [frozenset(filter(None, text.split(";"))) for text in parts]


def _workers(both: pd.DataFrame) -> pd.DataFrame:
    old, new = both["on_list_old"].astype(bool), both["on_list_new"].astype(bool)
    counts = pd.DataFrame({"worker": both["worker_new"], "entered": new & ~old, "left": old & ~new})
    return counts.groupby("worker", as_index=False).sum()[list(LIST_COLUMNS)]


def _rule_counts(rules: _RuleSets, names: pd.Index) -> pd.DataFrame:
    counts = {
        side: pd.Series([name for found in sets for name in found]).value_counts()
        for side, sets in rules.items()
    }
    frame = pd.DataFrame(counts).reindex(names).fillna(0).astype(np.int64)
    return frame.rename_axis("rule").reset_index()


class _Words:
    """Differences of one rule in words."""

    def __init__(self, old: RulePack, new: RulePack) -> None:
        self.packs = (old, new)
        self.old, self.new = (
            {language: Wording(pack.indicators, pack.concepts, language) for language in LANGUAGES}
            for pack in self.packs
        )

    def rule(self, before: Rule, after: Rule) -> Iterator[Change]:
        if before.condition.text != after.condition.text:
            yield Change(
                _WHAT["when"],
                {name: self.old[name].line(before.condition.root) for name in LANGUAGES},
                {name: self.new[name].line(after.condition.root) for name in LANGUAGES},
            )
        else:
            yield from _numbers(before.thresholds, after.thresholds)
        hours = [_own_hours(*one) for one in zip((before, after), self.packs, strict=True)]
        if hours[0] != hours[1]:
            yield Change(_WHAT["hours"], *hours)
        for what, read in _PLAIN.items():
            old, new = read(before), read(after)
            if old != new:
                yield Change(_WHAT[what], old, new)


_WHAT: Mapping[str, Texts] = {
    "when": {"en": "condition", "zh": "条件"},
    "tier": {"en": "tier", "zh": "等级"},
    "hours": {"en": "hours, the programme's", "zh": "项目设定小时数"},
    "title": {"en": "title", "zh": "标题"},
    "ask": {"en": "question", "zh": "询问"},
    "act": {"en": "what to do", "zh": "处置"},
    "source": {"en": "source", "zh": "依据"},
    "in_force": {"en": "in force", "zh": "有效期"},
    "threshold": {"en": "the programme's reason", "zh": "项目设定的理由"},
    "how_soon": {"en": "what the source says about how soon", "zh": "依据对时限的表述"},
    "mandatory": {"en": "mandatory report, item", "zh": "强制报告情形"},
    "replaces": {"en": "takes the place of, while in force", "zh": "有效期内取代"},
    "covered_by": {"en": "covered by", "zh": "被涵盖于"},
    "sensitive": {"en": "sensitive", "zh": "敏感"},
    "indicators": {"en": "indicators", "zh": "指标"},
    "concepts": {"en": "concepts", "zh": "概念"},
    "lexicon": {"en": "words of notes", "zh": "走访记录用词"},
    "features": {"en": "features of the model", "zh": "模型特征"},
    "properties": {"en": "properties", "zh": "整体承诺"},
    "setting": {"en": "setting {}", "zh": "设置 {}"},
    "number": {"en": "number: {}", "zh": "数值：{}"},
}
_NOTHING: Texts = {"en": "none", "zh": "无"}
_YES: Texts = {"en": "yes", "zh": "是"}


def _same(text: object) -> Texts:
    """A word that is the same in both languages."""
    return _NOTHING if text in (None, "") else {name: str(text) for name in LANGUAGES}


def _sources(rule: Rule) -> Texts:
    lines = []
    for source in rule.source:
        mark = "" if source["verified"] else " (?)"
        lines.append(f"{source['law']} {source['article'] or ''}".strip() + mark)
    return _same("; ".join(lines))


def _force(rule: Rule) -> Texts:
    start, end = rule.in_force
    return _same(f"{start or '…'} – {end or '…'}")


_PLAIN: Mapping[str, Callable[[Rule], Texts]] = {
    "tier": lambda rule: _same(rule.tier or rule.lane),
    "title": lambda rule: rule.title,
    "ask": lambda rule: rule.ask,
    "act": lambda rule: rule.act,
    "how_soon": lambda rule: rule.how_soon or _NOTHING,
    "source": _sources,
    "in_force": _force,
    "threshold": lambda rule: rule.threshold_reason or _NOTHING,
    "mandatory": lambda rule: _same(rule.mandatory),
    "replaces": lambda rule: _same(rule.replaces),
    "covered_by": lambda rule: _same(rule.covered_by),
    "sensitive": lambda rule: _YES if rule.sensitive else _NOTHING,
}


def _takes_the_place(rule: Rule) -> Iterator[Change]:
    """What a new rule does to an old one, and from when."""
    if rule.replaces is not None:
        yield Change(_WHAT["replaces"], _NOTHING, _same(rule.replaces))
    if rule.replaces is not None or rule.in_force[0] is not None:
        yield Change(_WHAT["in_force"], _NOTHING, _force(rule))


def _others(old: RulePack, new: RulePack) -> Iterator[OtherChange]:
    """Whatever else of the packs differs, by name."""
    parts = (_parts(pack) for pack in (old, new))
    for (what, before), (_, after) in zip(*parts, strict=True):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if names:
            yield OtherChange(_WHAT[what], tuple(sorted(names)))


def _parts(pack: RulePack) -> list[tuple[str, dict[str, object]]]:
    """Each part of a pack by name; the words of a concept and cue are those of all languages."""
    words: dict[str, list[object]] = {}
    for language in load_lexicon(pack.pack).languages:
        for name, found in language.concepts.items():
            words.setdefault(name, []).append((language.language, found))
        words[f"cues ({language.language})"] = [language.cues, language.shields, language.stops]
    statements = read_statements(pack.pack, pack.concepts)
    return [
        ("indicators", dict(pack.indicators)),
        ("concepts", dict(pack.concepts)),
        ("lexicon", dict(words)),
        ("features", {str(one["id"]): one for one in pack.pack.features}),
        ("properties", {one.id: replace(one, place="") for one in statements}),
    ]


def _own_hours(rule: Rule, pack: RulePack) -> Texts:
    """The rule's hours where they are not its tier's."""
    tier_hours = pack.settings.tier_hours.model_dump()
    return _same(None if rule.hours == tier_hours.get(str(rule.tier)) else rule.hours)


def _numbers(before: Sequence[Threshold], after: Sequence[Threshold]) -> Iterator[Change]:
    for old, new in zip(before, after, strict=True):
        if old.value != new.value:
            what: Texts = {
                name: _WHAT["number"][name].format(new.title[name]) for name in LANGUAGES
            }
            yield Change(what, _same(f"{old.value:g}"), _same(f"{new.value:g}"))


def _settings(old: RulePack, new: RulePack) -> Iterator[Change]:
    before, after = (_flat(pack.settings.model_dump()) for pack in (old, new))
    for name, value in after.items():
        if before[name] != value:
            what = {language: text.format(name) for language, text in _WHAT["setting"].items()}
            yield Change(what, _same(before[name]), _same(value))
    numbers = old.pack.thresholds, new.pack.thresholds
    shared = [name for name in numbers[1] if name in numbers[0]]
    yield from _numbers(*([known[name] for name in shared] for known in numbers))


def _flat(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings by dotted name."""
    found: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            found[name] = value
    return found
