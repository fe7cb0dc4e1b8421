"""One as-of date: every child known by then, where each method puts it, and who it is.

All of it is what was known at the end of the day; what visits found later is added by the backtest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Block
from carescreen.caseload import CheckedCaseload
from carescreen.cases import Cases, build_columns
from carescreen.engine import Engine
from carescreen.evaluation.audit_columns import Attribute
from carescreen.evaluation.metrics import Floats
from carescreen.evaluation.open_rules import OpenRules
from carescreen.followups import PRIORITY, FollowUps
from carescreen.holding import STATUSES
from carescreen.model import RiskModel
from carescreen.profile_visits import LANGUAGES, language_of
from carescreen.ranking import order_of, plain_columns
from carescreen.recent_notes import recent_notes
from carescreen.screener import Screener
from carescreen.sheet import Ints, Sheet, objects, places

IDS = ("child_id", "household_id", "village_id", "county_id", "caseworker_id")
NEVER_SEEN = 1e6  # days, for who was never seen: longer ago than anybody
_RAISED = np.array([STATUSES.index(name) for name in ("affirmed", "suspected")])


@dataclass(frozen=True)
class Asked:
    """What the rows of a date hold besides the order.

    attributes  audit attributes by name
    reference   a model that is never fitted again, put in order beside the screener's own
    """

    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    reference: RiskModel | None = None


def date_rows(
    screener: Screener,
    known: CheckedCaseload,
    as_of: np.datetime64,
    asked: Asked,
    children: NDArray[np.object_] | None = None,
) -> tuple[Sheet, OpenRules] | None:
    """What `with_orders` puts in order: the children known by a date (`children` alone where given),
    and the rules open for them; None where there is nobody.
    """
    parts = list(_blocks(screener, known, as_of, asked, children))
    if not parts:
        return None
    rows = Sheet.joined([part for part, _ in parts])
    opened = OpenRules.joined([part for _, part in parts])
    if children is None:
        return rows, opened
    own = places(children, rows["child_id"]) >= 0  # whole households came along
    return rows.kept(own), opened.of(children)


def _blocks(
    screener: Screener,
    known: CheckedCaseload,
    as_of: np.datetime64,
    asked: Asked,
    children: NDArray[np.object_] | None,
) -> Iterator[tuple[Sheet, OpenRules]]:
    for engine, found in screener.follow_ups(known, as_of, children):
        block = found.cases.block
        rows = plain_columns(block, found).with_columns(
            **_notes(block, found, engine.as_of),
            **_attributes(engine, found.cases, asked.attributes),
            rules_only=-_tier_of_rules(found).astype(np.float64),
            worker_concern=_worker_concern(block),
        )
        if asked.reference is not None:
            rows = rows.with_columns(reference_score=_reference(asked.reference, block, found))
        yield rows, OpenRules.of_follow_ups(engine, found)


def with_orders(rows: Sheet, asked: Asked) -> Sheet:
    """One row a child, with where each method puts it; larger is earlier.

    child_id .. caseworker_id, group   object, None where not known; group: whose list it is on
    household                          object, the household, or the child's own where it has none
    tier, score, probability           as the ranking has them; probability NaN before calibration
    order                              its place on the list; no two are equal
    rules_only, score_only, longest_unseen, worker_concern, random   float64, with ties
    frozen                             the order with the reference model's score, where there is one
    note_length                        characters of its own notes of 90 days, NaN where none
    language                           "zh", "en", "mixed": of those notes; None where it has none
    mentions                           what those notes say of concerns, affirmed or suspected
    open_questions                     concepts that the notes may speak of, to be confirmed
    one column an attribute            its value as a word, None where not known
    """
    own = {name: rows[name] for name in (*IDS, "group", "household", "score", "probability")}
    unseen = rows["days_since_seen"]
    orders = {
        "tier": rows["tier_code"],
        "order": _descending(order_of(rows)),
        "rules_only": rows["rules_only"],
        "score_only": rows["score"],
        "longest_unseen": np.where(np.isnan(unseen), NEVER_SEEN, unseen),
        "worker_concern": rows["worker_concern"],
        "random": np.zeros(len(rows)),
    }
    if asked.reference is not None:
        by = {"score_micro": rows["reference_score"], "tier_code": -rows["rules_only"]}
        orders["frozen"] = _descending(order_of(rows.with_columns(**by)))
    also = ("note_length", "language", "mentions", "open_questions", *asked.attributes)
    return Sheet({**own, **orders, **{name: rows[name] for name in also}}, len(rows))


def _descending(order: NDArray[np.intp]) -> Floats:
    """A number for each row: larger is earlier in the order."""
    place = np.empty(len(order))
    place[order] = np.arange(len(order), 0, -1)
    return place


def _tier_of_rules(found: FollowUps) -> Ints:
    """The tier from rules, people and data to be put right, without what a probability lifts."""
    tier = np.where(found.needs_data, np.minimum(found.rule_tier, PRIORITY), found.rule_tier)
    return np.minimum(tier, found.raised.tier)


def _reference(model: RiskModel, block: Block, found: FollowUps) -> Ints:
    """The score of another model for the same children, millionths of a log-odds."""
    tables = model.saved_.tables
    read: dict[str, Any] = dict(found.features)
    if tables.note_column is not None:
        read[tables.note_column] = recent_notes(block, found.cases.as_of).words()
    return tables.score_of(tables.weights_of(read, block.n))


def _worker_concern(block: Block) -> Floats:
    """The worker's own yes at each child's newest visit that has a date; 0 where she said nothing."""
    if "worker_concern" not in block.visits:
        return np.zeros(block.n)
    rows = np.flatnonzero(~np.isnat(block.visit_date))  # visits stand by child, the oldest first
    said = block.visits["worker_concern"][rows] == 1
    day, child = block.visit_date[rows], block.visit_child[rows]
    newest = np.full(block.n, np.datetime64("NaT", "D"))
    np.fmax.at(newest, child, day)
    concern = np.zeros(block.n)
    np.maximum.at(concern, child, (said & (day == newest[child])).astype(np.float64))
    return concern


def _notes(block: Block, found: FollowUps, as_of: np.datetime64) -> dict[str, NDArray[Any]]:
    """How much each child's own notes of 90 days say, in which language, and what was read."""
    recent = recent_notes(block, as_of)
    child = np.repeat(np.arange(block.n), np.diff(recent.bounds))
    texts = [str(note).strip() for note in recent.notes[recent.rows]]
    length = np.bincount(child, [len(text) for text in texts], minlength=block.n)
    spoken = np.zeros((block.n, len(LANGUAGES)), dtype=bool)
    spoken[child, np.array([language_of(text) for text in texts], dtype=np.int64)] = True
    is_recent = np.zeros(len(block.wordings.rows), dtype=bool)
    is_recent[recent.rows] = True
    mentions = found.mentions
    counts = ~mentions.reached & is_recent[mentions.visit] & np.isin(mentions.status, _RAISED)
    asks = [noted.unknown for noted in found.cases.noted.values()]
    return {
        "note_length": np.where(length > 0, length, np.nan),
        "language": _spoken(spoken),
        "mentions": np.bincount(mentions.child[counts], minlength=block.n).astype(np.float64),
        "open_questions": np.array([*asks, np.zeros(block.n)]).sum(axis=0),
    }


def _spoken(spoken: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The language of notes that each child has: "mixed" of two; None of none."""
    zh, en, mixed = (spoken[:, LANGUAGES.index(name)] for name in ("zh", "en", "mixed"))
    both = mixed | (zh & en)
    words = objects([None, "zh", "en", "mixed"])
    return np.asarray(words[np.select([both, zh, en], [3, 1, 2], 0)])


def _attributes(
    engine: Engine, cases: Cases, wanted: Mapping[str, Attribute]
) -> dict[str, NDArray[np.object_]]:
    """Each audit attribute as words, None where it is not known."""
    read = [attribute.indicator for attribute in wanted.values()]
    lacking = {one.id: one for one in read if one.id not in cases.columns}
    columns = {
        **cases.columns,
        **build_columns(cases.block, lacking, engine.rules.settings, engine.as_of),
    }
    found = {}
    for name, attribute in wanted.items():
        column = columns.get(attribute.indicator.id)
        words = objects([*attribute.words, None])
        found[name] = (
            objects([None] * cases.n)
            if column is None
            else words[np.where(column.known, column.values, -1).astype(np.int64)]
        )
    return found
