"""Rules in use in a terminal, Chinese or English."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from carescreen.authoring.terminal import place_word, table_lines
from carescreen.evaluation.rules_in_use import EVERYONE, HORIZON_DAYS, LEAST_JUDGED, RulesInUse
from carescreen.evaluation.watch_words import Titles

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "head": "Rules in use: {lists} lists, {first} to {last}; {children:,} children on the newest.",
        "columns": "rule|tier|open now|share (95% interval)|ever|confirmed of judged|closed|misread"
        "|lower|higher",
        "columns_concept": "mentioned in notes|visits|not so|closed as misread|share (95% interval)",
        "never": "Never fired on any list ({count}): {names}",
        "everyone": "Open for more than half of all children, so that it tells nobody apart ({count}): "
        "{names}",
        "overall": "Of all judged outcomes {confirmed} of {judged} were confirmed{share}.",
        "few": "–",
        "no_outcomes": "No judged outcome lies within 90 days after a list.",
        "chosen_by_list": "Outcomes are those of visits that a list or a worker chose: they overstate. "
        f"Each counts for the newest list before it, at most {HORIZON_DAYS} days. Shares of fewer "
        f"than {LEAST_JUDGED} are not given (–: not enough evidence). lower, higher: a person held "
        "another tier right.",
    },
    "zh": {
        "head": "规则使用情况：{lists} 份名单，{first} 至 {last}；最新名单上 {children:,} 名儿童。",
        "columns": "规则|等级|现在成立|占比（95% 区间）|曾经成立|确认／有结果|关闭|误读|认为偏高|认为偏低",
        "columns_concept": "记录里提到|走访|否定|按误读关闭|占比（95% 区间）",
        "never": "在任何名单上都没有成立过（{count} 条）：{names}",
        "everyone": "对一半以上的孩子都成立，因此分不出轻重（{count} 条）：{names}",
        "overall": "全部有结果的走访中，{judged} 例里确认 {confirmed} 例{share}。",
        "few": "–",
        "no_outcomes": "名单之后 90 天内没有任何走访结果。",
        "chosen_by_list": "这些结果来自名单或走访员挑选的走访，因此偏高。每个结果只算在它之前最近的一份"
        f"名单上，最多隔 {HORIZON_DAYS} 天。不足 {LEAST_JUDGED} 例的不给出占比（–：证据不足）。"
        "偏高、偏低：有人认为该孩子应在别的等级。",
    },
}
assert EVERYONE == 0.5, "the words say half"


def rule_lines(found: RulesInUse, titles: Titles, language: str) -> Iterator[str]:
    """What the terminal shows: a table of rules that ever fired, the others by name, concepts."""
    say = _TEXTS[language]
    days = sorted(set(found.over_time["as_of"]))
    children = int(found.rules["children"].max()) if len(found.rules) else 0
    yield say["head"].format(lists=len(days), first=days[0], last=days[-1], children=children)
    fired = found.rules[(found.rules["open"] > 0) | (found.rules["fired"] > 0)]
    rows = [_rule_row(row, titles, language) for row in fired.to_dict("records")]
    if rows:
        yield from table_lines([say["columns"].split("|"), *rows], 2)
    for verdict in ("everyone", "never"):
        names = found.rules.loc[found.rules["verdict"] == verdict, "rule"].tolist()
        if names:
            said = ", ".join(titles.short(name, language) for name in names)
            yield say[verdict].format(count=len(names), names=said)
    if len(found.concepts):
        lines = [_concept_row(row, titles, language) for row in found.concepts.to_dict("records")]
        yield from table_lines([say["columns_concept"].split("|"), *lines], 1)
    yield from _about_outcomes(found, say)


def _about_outcomes(found: RulesInUse, say: Mapping[str, str]) -> Iterator[str]:
    overall = found.overall
    if overall["judged"]:
        share = _share(overall["share"], overall["low"], overall["high"], say)
        yield say["overall"].format(
            confirmed=int(overall["confirmed"]), judged=int(overall["judged"]), share=f": {share}"
        )
    for notice in found.notices:
        yield say[notice]


def _rule_row(row: Mapping[Any, object], titles: Titles, language: str) -> list[str]:
    say, number = _TEXTS[language], {name: _float(value) for name, value in row.items()}
    place = str(row["tier"] or row["lane"])
    judged = number["judged"]
    confirmed = (
        "" if math.isnan(judged) or not judged else f"{number['confirmed']:.0f}/{judged:.0f}"
    )
    if judged and not math.isnan(judged):
        share, low, high = (number[f"confirmed_{end}"] for end in ("share", "low", "high"))
        confirmed += f" {_share(share, low, high, say)}"
    return [
        titles.short(str(row["rule"]), language),
        place_word(place, language),
        f"{number['open']:,.0f}",
        _share(number["share"], number["low"], number["high"], say),
        _whole(number["fired"]),
        confirmed,
        *(_whole(number[name]) for name in ("closed", "misread", "lowered", "raised")),
    ]


def _concept_row(row: Mapping[Any, object], titles: Titles, language: str) -> list[str]:
    number = {name: _float(value) for name, value in row.items()}
    share = _share(number["misread_share"], number["low"], number["high"], _TEXTS[language])
    counts = [_whole(number[name]) for name in ("raised", "negated", "misread")]
    return [titles.short(str(row["concept"]), language), *counts, share]


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _whole(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.0f}"


def _share(share: float, low: float, high: float, say: Mapping[str, str]) -> str:
    if math.isnan(share):
        return say["few"]
    return f"{100 * share:.1f} % ({100 * low:.1f}–{100 * high:.1f})"
