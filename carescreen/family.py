"""What the page for the family is made of: what is declared as showable, and nothing else.

Everything that is not declared `family: show` stays out, whatever its value, so that no gap tells
anything. Days of visits are kept as months: a visit that somebody's report brought about leaves no
other trace than any visit of that month. A benefit is named only where its rule reads nothing but
what the page shows. Of what the family disputed, the words stay out too: they are free text.

Whether the page may be handed out at all is another question (`asks_to_talk_first`), which the page
never answers: it is the same page with and without anything to hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from carescreen.block import Block, household_keys, last_seen_by_visit, make_block
from carescreen.cases import build_columns
from carescreen.checked import CheckedCaseload
from carescreen.columns import Column
from carescreen.disputes import disputes_of
from carescreen.duplicates import duplicates_of
from carescreen.engine import Engine
from carescreen.errors import UsageError
from carescreen.followups import follow_up
from carescreen.indicators import Indicator
from carescreen.records import Record, records, value_words
from carescreen.review.family import FamilyPage, Recorded, SaidBefore, State
from carescreen.review.texts import Texts
from carescreen.rules import Rule, RulePack
from carescreen.screener import Screener
from carescreen.sheet import Sheet, objects, places

ANSWER_DAYS = 15  # by default, within which the family has an answer


@dataclass(frozen=True, repr=False)  # its values are records
class Household:
    """A child, as position in the block of its household, and the records of all its children.

    `linked` are those of the households of children that people said are the same child as one of
    these.
    """

    engine: Engine
    block: Block
    child: int
    records: tuple[Record, ...]
    linked: tuple[Record, ...]
    collected: frozenset[str]


def household_of(
    screener: Screener, known: CheckedCaseload, child_id: str, as_of: date
) -> Household:
    """The household of a child in a caseload as it was known by a day; UsageError without the child."""
    engine = screener.engine(as_of)
    block = _block(known.sheets, child_id)
    tables = ("children", "visits", "households")
    return Household(
        engine=engine,
        block=block,
        child=int(places(block.children["child_id"], objects([child_id]))[0]),
        records=_records(engine, block),
        linked=tuple(_linked(engine, known.sheets, block)),
        collected=frozenset(name for table in tables for name in known.sheets[table]),
    )


def _records(engine: Engine, block: Block) -> tuple[Record, ...]:
    nothing = np.zeros(block.n, dtype=bool), np.full(block.n, np.datetime64("NaT", "D"))
    return tuple(records(engine, follow_up(engine, block, *nothing)))


def _linked(engine: Engine, sheets: Mapping[str, Sheet], block: Block) -> Iterator[Record]:
    """Records of the other households in which a person said that one of the children stands, too."""
    said = duplicates_of(sheets["children"], sheets["decisions"], engine.rules.indicators)
    others = said.others()
    seen = set(block.children["child_id"].tolist())
    pending = [other for child in seen for other in others.get(child, ())]
    while pending:
        child = pending.pop()
        if child in seen:
            continue
        household = _block(sheets, child)
        ids = household.children["child_id"].tolist()
        yield from _records(engine, household)
        seen.update(ids)
        pending += [other for one in ids for other in others.get(one, ())]


def _block(sheets: Mapping[str, Sheet], child_id: str) -> Block:
    children = sheets["children"]
    place = int(places(children["child_id"], objects([child_id]))[0])
    if place < 0:
        raise UsageError(
            "no child with this id was known by that day; check the id in the county's children table"
        )
    keys = household_keys(children)
    own = children.take(keys == keys[place])
    house = own["household_id"][0]
    tables = {"children": own}
    for name in ("visits", "outcomes", "decisions", "more_children", "more_visits"):
        table = sheets[name]
        tables[name] = table.take(places(own["child_id"], table["child_id"]) >= 0)
    for name in ("households", "more_households"):
        table = sheets[name]
        is_own = table["household_id"] == house if house is not None else np.zeros(len(table), bool)
        tables[name] = table.take(np.asarray(is_own, dtype=bool))
    return make_block(**tables)


def family_page(house: Household, as_of: date, answer_days: int = ANSWER_DAYS) -> FamilyPage:
    """What the page for the family says about a child."""
    children, rules = house.block.children, house.engine.rules
    seen = last_seen_by_visit(house.block)[house.child]
    return FamilyPage(
        child_id=str(children["child_id"][house.child]),
        as_of=as_of,
        recorded=_recorded(house),
        last_seen=_month(seen),
        help=_help(house, rules),
        said_before=tuple(
            SaidBefore(entry.said_on, entry.result, entry.answered_on)
            for entry in disputes_of(house.block)[house.child]
            if entry.kind == "correction"
        ),
        answer_days=answer_days,
        synthetic=bool(children["data_origin"][house.child] == "synthetic"),
    )


# --- what is shown -------------------------------------------------------------------------------


def shown_indicators(rules: RulePack) -> dict[str, Indicator]:
    """The indicators that a pack declares as fit for the family's eyes, by id."""
    return {name: found for name, found in rules.indicators.items() if found.family == "show"}


def shown_benefits(rules: RulePack) -> list[Rule]:
    """Benefits whose rule reads only what the page shows: no notes, nothing hidden."""
    shown = shown_indicators(rules).keys()
    return [
        rule
        for rule in rules.rules
        if rule.lane == "entitlement"
        and not rule.sensitive
        and not rule.condition.concepts
        and rule.condition.indicators <= shown
    ]


def _recorded(house: Household) -> tuple[Recorded, ...]:
    """Each shown indicator that the programme collects, known or not, in the pack's order."""
    engine = house.engine
    shown = shown_indicators(engine.rules)
    columns = build_columns(house.block, shown, engine.rules.settings, engine.as_of)
    return tuple(
        _one(indicator, columns.get(name), house.child)
        for name, indicator in shown.items()
        if name in house.collected or indicator.kind == "derived"
    )


def _one(indicator: Indicator, column: Column | None, child: int) -> Recorded:
    blank: State = "nothing" if indicator.unrecorded == "not_observed" else "unknown"
    if column is None or not column.known[child]:
        return Recorded(dict(indicator.title), None, None, blank)
    value, titles = value_words(indicator, column, child)
    item = {"value": value, "value_title": titles, "unit": indicator.unit}
    if indicator.kind == "derived":
        return Recorded(dict(indicator.title), item, None, "derived")
    return Recorded(dict(indicator.title), item, _month(column.last_on[child]), "known")


def _month(day: np.datetime64) -> str | None:
    """A day as its month, such as 2026-11; None where it is not known."""
    return None if np.isnat(day) else str(day)[: len("2026-11")]


def _help(house: Household, rules: RulePack) -> tuple[Texts, ...]:
    """The titles of the benefits that the shown records point to."""
    allowed = {rule.id for rule in shown_benefits(rules)}
    found = house.records[house.child]["entitlements"]
    return tuple(entry["title"] for entry in found if entry["rule"] in allowed)


# --- whether somebody should be asked first ------------------------------------------------------


def asks_to_talk_first(house: Household) -> bool:
    """Whether handing out any page could put a child of the household in danger.

    So it is with an open concern that is sensitive, has to be reported, or reads something highly
    sensitive (violence, sexual harm, trafficking, suicide and the like), and with a sentence of a
    note about such a thing that a person still has to confirm; and where a person raised a child to
    immediate or urgent, whose reason stands in no rule. Asked too often does no harm.
    """
    everybody = (*house.records, *house.linked)
    return any(_is_grave(record, house.engine.rules) for record in everybody)


def _is_grave(record: Record, rules: RulePack) -> bool:
    concerns = any(
        entry["sensitive"] or entry["mandatory"] or _reads_highly_sensitive(entry["rule"], rules)
        for entry in record["concerns"]
    )
    questions = any(
        entry["sensitive"] and entry["why"] == "please_confirm"
        for entry in record["open_questions"]
    )
    raised = record["raised_by_person"] or {}
    by_person = raised.get("tier") in ("immediate", "urgent")
    return concerns or questions or by_person or any(map(_is_grave_mention, record["mentions"]))


def _is_grave_mention(mention: Mapping[str, Any]) -> bool:
    raised = mention["status"] in ("affirmed", "suspected") and mention["polarity"] == "risk"
    return bool(mention["held"] and mention["sensitive"] and raised)


def _reads_highly_sensitive(rule_id: str, rules: RulePack) -> bool:
    rule = next(rule for rule in rules.rules if rule.id == rule_id)
    indicators = rules.indicators
    return any(
        indicators[name].sensitivity == "highly_sensitive" for name in rule.condition.indicators
    )
