"""What a change of a pack does, as lines of text. Counts only: no child is named here."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from carescreen.authoring.difference import Change, Moves, PackDifference, RuleChange
from carescreen.authoring.terminal import place_word, table_lines
from carescreen.indicators import Texts
from carescreen.pack import TIERS

_TEXTS: dict[str, Texts] = {
    "added": {"en": "+ {code} {id}: {title} [{tier}]", "zh": "+ {code} {id}：{title}［{tier}］"},
    "removed": {"en": "- {code} {id}: {title} [{tier}]", "zh": "- {code} {id}：{title}［{tier}］"},
    "changed": {"en": "~ {code} {id}: {title}", "zh": "~ {code} {id}：{title}"},
    "same": {"en": "nothing differs", "zh": "没有差别"},
    "other": {"en": "{what} that differ: {names}", "zh": "{what}有差别：{names}"},
    "change": {"en": "{what}: {old} -> {new}", "zh": "{what}：{old} → {new}"},
    "synthetic": {"en": "SYNTHETIC: ", "zh": "合成数据："},
    "head": {
        "en": "{children:,} children as of {day}: {moved:,} change tier or list, or the rules open for "
        "them",
        "zh": "{children:,}名儿童，截至{day}：{moved:,}名儿童的等级、名单或成立的规则有变化",
    },
    "tier": {"en": "from \\ to", "zh": "原等级＼新等级"},
    "list": {
        "en": "lists: {entered:,} enter and {left:,} leave, of {workers} caseworkers or villages; one list "
        "changes by {most} at most",
        "zh": "名单：进入{entered:,}名，退出{left:,}名，涉及{workers}个走访人员或村；"
        "单个名单最多变动{most}名",
    },
    "rules": {"en": "rule|before|after", "zh": "规则|变更前|变更后"},
}


def pack_lines(difference: PackDifference, language: str, width: int) -> Iterator[str]:
    """Rules added, removed and changed, and settings, in words."""
    text = {key: texts[language] for key, texts in _TEXTS.items()}
    for one in difference.rules:
        yield text[one.kind].format(
            code=one.rule.code,
            id=one.rule.id,
            title=one.rule.title[language],
            tier=place_word(one.rule.tier or one.rule.lane, language),
        )
        yield from _changes(one, text["change"], language, width)
    for change in difference.settings:
        yield from _wrapped(_said(change, text["change"], language), "~ ", width)
    for other in difference.others:
        names = ", ".join(other.names)
        yield from _wrapped(
            text["other"].format(what=other.what[language], names=names), "~ ", width
        )
    if not difference.rules and not difference.settings and not difference.others:
        yield text["same"]


def move_lines(moves: Moves, language: str) -> Iterator[str]:
    """Who moves, in numbers."""
    text = {key: texts[language] for key, texts in _TEXTS.items()}
    mark = text["synthetic"] if moves.synthetic else ""
    yield mark + text["head"].format(children=moves.children, day=moves.day, moved=len(moves.moved))
    words = [place_word(tier, language) for tier in TIERS]
    rows = [
        [word, *(f"{int(count):,}" for count in counts)]
        for word, counts in zip(words, moves.tiers.to_numpy(), strict=True)
    ]
    yield from table_lines([[text["tier"], *words], *rows], 1)
    turned = moves.workers["entered"] + moves.workers["left"]
    yield text["list"].format(
        entered=moves.workers["entered"].sum(),
        left=moves.workers["left"].sum(),
        workers=len(moves.workers),
        most=turned.max() if len(turned) else 0,
    )
    changed = moves.rules[moves.rules["old"] != moves.rules["new"]]
    if len(changed):
        counts = [
            [str(name), f"{old:,}", f"{new:,}"]
            for name, old, new in changed.itertuples(index=False, name=None)
        ]
        yield from table_lines([text["rules"].split("|"), *counts], 1)


def _changes(one: RuleChange, pattern: str, language: str, width: int) -> Iterator[str]:
    for change in one.changes:
        yield from _wrapped(_said(change, pattern, language), "    ", width)


def _said(change: Change, pattern: str, language: str) -> str:
    return pattern.format(
        what=change.what[language], old=change.old[language], new=change.new[language]
    )


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=" " * (len(indent) + 4)
    )
