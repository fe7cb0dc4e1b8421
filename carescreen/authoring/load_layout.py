"""The load of a pack as lines of text, in Chinese or English. No child is named."""

from __future__ import annotations

from collections.abc import Iterator

from carescreen.authoring.load import Load, RuleLoad, TierLoad
from carescreen.authoring.terminal import place_word, table_lines
from carescreen.indicators import Texts
from carescreen.pack import TIERS

_TEXTS: dict[str, Texts] = {
    "synthetic": {"en": "SYNTHETIC: ", "zh": "合成数据："},
    "head": {
        "en": "{children:,} children, {workers:,} caseworkers or villages, as of {day}",
        "zh": "{children:,}名儿童，{workers:,}个走访人员或村，截至{day}",
    },
    "tiers": {"en": "tier|children|share|due in a week", "zh": "等级|儿童|占比|一周内到期"},
    "new": {"en": "new a week", "zh": "每周新增"},
    "rules": {
        "en": "code|rule|tier|children|share|alone|asked",
        "zh": "代码|规则|等级|儿童|占比|单独决定|待询问",
    },
    "legend": {
        "en": "alone: in that tier by this rule and no other; asked: its question is on the list",
        "zh": "单独决定：仅因这一条规则进入该等级；待询问：名单上列出了该规则的问题",
    },
    "silent": {"en": "met by nobody: {}", "zh": "无人符合：{}"},
    "capacity": {
        "en": "visits a caseworker and week: {capacity}; due within a week: {mean:.1f} on average, "
        "{most} at most",
        "zh": "每名走访人员每周可走访{capacity}次；一周内到期平均{mean:.1f}次，最多{most}次",
    },
    "fits": {
        "en": "new immediate and urgent a caseworker and week, {first} to {last}: {mean:.1f} on average, "
        "{most:.1f} at most; half of capacity is {half:g}",
        "zh": "{first}至{last}每名走访人员每周新增立即和紧急：平均{mean:.1f}，最多{most:.1f}；"
        "可走访次数的一半为{half:g}",
    },
    "over": {
        "en": "TOO MUCH: {over} of {workers} have more than half of their visits taken by new immediate "
        "and urgent follow-ups. A list that calls everyone urgent calls no one.",
        "zh": "过多：{workers}个中有{over}个，新增的立即和紧急超过可走访次数的一半。"
        "人人都紧急，等于没有人紧急。",
    },
}


def load_lines(load: Load, language: str) -> Iterator[str]:
    """Tiers, rules by how many children they take, and visits against capacity."""
    text = {key: texts[language] for key, texts in _TEXTS.items()}
    mark = text["synthetic"] if load.synthetic else ""
    workers = load.workers
    yield mark + text["head"].format(
        children=load.children, workers=len(workers), day=load.days[-1]
    )
    heads = text["tiers"].split("|") + ([text["new"]] if len(load.days) > 1 else [])
    yield from table_lines([heads, *(_tier_row(load, tier, language) for tier in load.tiers)], 1)
    rules = sorted(load.rules, key=lambda one: -one.children)
    met = [one for one in rules if one.children or one.asked]
    yield from table_lines(
        [text["rules"].split("|"), *(_rule_row(load, one, language) for one in met)], 3
    )
    yield text["legend"]
    silent = ", ".join(one.rule.code for one in rules if not one.children and not one.asked)
    if silent:
        yield text["silent"].format(silent)
    yield text["capacity"].format(
        capacity=load.capacity, mean=workers["due"].mean(), most=workers["due"].max()
    )
    if len(load.days) > 1:
        yield from _verdict(load, text)


def _verdict(load: Load, text: dict[str, str]) -> Iterator[str]:
    new = load.workers["new_urgent_a_week"]
    yield text["fits"].format(
        first=load.days[0], last=load.days[1], mean=new.mean(), most=new.max(), half=load.most
    )
    if load.over:
        yield text["over"].format(over=load.over, workers=len(load.workers))


def _tier_row(load: Load, tier: TierLoad, language: str) -> list[str]:
    row = [place_word(tier.tier, language), f"{tier.children:,}", _share(tier.children, load)]
    row.append(f"{tier.due:,}")
    if tier.new_a_week is not None:
        row.append(f"{tier.new_a_week:.1f}" if tier.tier != TIERS[-1] else "")
    return row


def _rule_row(load: Load, one: RuleLoad, language: str) -> list[str]:
    rule = one.rule
    return [
        rule.code,
        rule.title[language],
        place_word(rule.tier or rule.lane, language),
        f"{one.children:,}",
        _share(one.children, load),
        f"{one.alone:,}" if rule.tier else "",
        f"{one.asked:,}",
    ]


def _share(children: int, load: Load) -> str:
    return f"{children / load.children:.1%}"
