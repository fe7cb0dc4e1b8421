"""Ranking: every child in order, who is on the list, and the reasons for each position.

The order is tier; within it follow-ups that wait (planned for a later date, in the backlog) come
last; then children whose data is needed, higher score, longer unseen (never seen first), child_id.
Scores are compared as integers, so no order of blocks or processes can change a position.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.block import Block, Days, household_keys, or_else
from carescreen.columns import BoolArray
from carescreen.duplicates import Duplicates
from carescreen.engine import Engine
from carescreen.errors import UsageError
from carescreen.followups import FollowUps, follow_up
from carescreen.mentioncache import Seen
from carescreen.overview import OF_CHILD, concern_counts
from carescreen.pack import TIERS
from carescreen.plan import give_seats
from carescreen.profile import block_tally
from carescreen.profile_bins import Tally
from carescreen.recency import newest
from carescreen.records import Record, records
from carescreen.recordstore import (
    BODY,
    PUBLIC_BODY,
    RecordStore,
    packed,
)
from carescreen.recordtexts import Kind, record_texts
from carescreen.recordtexts_columns import LISTS
from carescreen.review.reasons import paragraph
from carescreen.sheet import Sheet, objects, places
from carescreen.steps import MICRO

COLUMNS = (
    "rank",
    "child_id",
    "household_id",
    "village_id",
    "caseworker_id",
    "tier",
    "state",
    "due_on",
    "score",
    "probability",
    "probability_low",
    "probability_high",
    "concerns",
    "open_questions",
    "entitlements",
    "reasons",
    "days_since_seen",
    "within_capacity",
    "needs_data",
    "selected_by",
    "selection_probability",
    "waits",
)
_PEOPLE = (
    *("child_id", "household_id", "village_id", "caseworker_id", "tier", "state", "is_adult"),
    *("taken_on", "moved_on", "turns_18_on"),
)
_ROUTINE = TIERS.index("routine")
_TIERS = objects(TIERS)


@dataclass(frozen=True, repr=False)  # its values are records
class BlockRows:
    """One row a child of a block, in no order yet; their records, packed (`recordstore`); and counts.

    `seen` is what was used of a cache of mentions, and what is new to it.
    """

    rows: Sheet
    texts: bytes
    tally: Tally
    seen: Seen | None


def block_rows(
    engine: Engine,
    block: Block,
    reasons: Sequence[tuple[str, ...]],
    since: Days,
    kinds: Collection[Kind] = ("private", "public"),
) -> BlockRows:
    """One row a child of a block, in no order yet, with records of some kinds; and counts."""
    found, rows = _followed(engine, block, reasons, since)
    counts = concern_counts(found.open, found.closed, engine.kit.tier_of)
    texts = record_texts(engine, found, reasons, kinds)
    bodies = {BODY: texts.private, PUBLIC_BODY: texts.public}
    kept = {kind: lines for kind, lines in bodies.items() if lines is not None}
    data, places_of_texts = packed(kept, len(rows))
    recent = newest(block)
    rows = rows.with_columns(
        **{name: _shared(words) for name, words in texts.columns.items()},
        **counts,
        **{name: recent[name] for name in recent},
        **{name: places_of_texts[name] for name in places_of_texts},
        to_answer=texts.to_answer,
    )
    seen = engine.mentions.taken() if engine.mentions is not None else None
    return BlockRows(rows, data, block_tally(engine, found, reasons), seen)


def block_records(
    engine: Engine, block: Block, reasons: Sequence[tuple[str, ...]], since: Days
) -> tuple[Sheet, Iterator[Record]]:
    """One row a child of a block, in no order yet, and the record of each child's reasons.

    `reasons` are each child's needs-data codes, empty where its data is whole, and `since` the day
    since which it is not, NaT where that is not known.
    """
    found, rows = _followed(engine, block, reasons, since)
    return rows, _whole_records(engine, found, reasons)


def _followed(
    engine: Engine, block: Block, reasons: Sequence[tuple[str, ...]], since: Days
) -> tuple[FollowUps, Sheet]:
    """The follow-ups of a block, and one row a child of what orders and shows them."""
    needs_data = np.array([bool(codes) for codes in reasons], dtype=bool)
    found = follow_up(engine, block, needs_data, since)
    return found, plain_columns(block, found)


def _whole_records(
    engine: Engine, found: FollowUps, reasons: Sequence[tuple[str, ...]]
) -> Iterator[Record]:
    synthetic = found.cases.block.children["data_origin"] == "synthetic"
    for child, record in enumerate(records(engine, found)):
        record["needs_data_reasons"] = list(reasons[child])
        record["synthetic"] = bool(synthetic[child])
        yield record


def heads(rows: Sheet) -> list[Record]:
    """The part of each child's record that says who it is and how urgent, without its rank."""
    return _heads(rows, _HEAD_ALONE)


def _shared(words: Sequence[str]) -> NDArray[np.object_]:
    """A column in which equal texts are one object: most children have the text of another."""
    known: dict[str, str] = {}
    return objects([known.setdefault(text, text) for text in words])


def plain_columns(block: Block, found: FollowUps) -> Sheet:
    """One row a child of a block, in its order: what orders and places it, without reasons."""
    children = block.children
    return Sheet(
        {
            "child_id": children["child_id"],
            "household_id": children["household_id"],
            "village_id": children["village_id"],
            "county_id": children["county_id"],
            "province_id": children["province_id"],
            "caseworker_id": children["caseworker_id"],
            "household": household_keys(children),
            "group": or_else(children["caseworker_id"], "village:", children["village_id"]),
            "tier_code": found.tier,
            "tier": _TIERS[found.tier],
            "by_rule": found.rule_tier < _ROUTINE,
            "by_person": found.raised.tier < found.rule_tier,
            "state": found.state,
            "waits": found.waits,
            "is_adult": found.leaving.is_adult,
            "taken_on": found.taken_on.astype("datetime64[s]"),
            "moved_on": found.leaving.moved_on.astype("datetime64[s]"),
            "turns_18_on": found.leaving.turns_18_on.astype("datetime64[s]"),
            "due_on": found.due_on.astype("datetime64[s]"),
            "score_micro": found.score,
            "score": found.score / MICRO,
            "probability": found.probability[:, 0],
            "probability_low": found.probability[:, 1],
            "probability_high": found.probability[:, 2],
            "days_since_seen": found.cases.number("days_since_seen"),
            "needs_data": found.needs_data,
        }
    )


@dataclass(frozen=True)
class Run:
    """What a ranking was made with; goes into run.json and the head of each list."""

    as_of: str
    pack: dict[str, Any]
    model: dict[str, Any]
    settings: dict[str, Any]
    run_id: str
    synthetic: bool


class Ranking:
    """Every child of a caseload in order, with reasons.

    Rows are complete: `to_frame()` has one row for each child known by the as-of date. The sheet that
    they are made of is empty afterwards. `codes` are the neutral codes of the pack's rules by id,
    `profile` the counts of `carescreen.profile`.
    """

    def __init__(
        self,
        rows: Sheet,
        store: RecordStore,
        run: Run,
        rejected: pd.DataFrame,
        notices: Sequence[str],
        capacity: int,
        random_share: float,
        duplicates: Duplicates | None = None,
        codes: Mapping[str, str] | None = None,
        profile: Mapping[str, Any] | None = None,
    ) -> None:
        self.run, self.rejected, self.notices = run, rejected, tuple(notices)
        self.capacity, self.codes = capacity, dict(codes or {})
        self.profile = dict(profile or {})
        self.duplicates = duplicates or Duplicates()
        self._rows = _in_order(rows, capacity, random_share, run)
        self._store = store

    def __len__(self) -> int:
        return len(self._rows)

    def to_frame(self) -> pd.DataFrame:
        """One row a child in rank order, with the columns of `carescreen.ranking.COLUMNS`.

        Text columns join ids with ';'. Missing values are None or NaN; dates are datetime64[s].
        Names of sensitive rules are in it: use `export_frame` for what leaves the office.
        """
        return self._rows.only(COLUMNS).to_frame()

    def export_frame(self, names: bool) -> pd.DataFrame:
        """The same, with neutral codes in place of sensitive rules unless `names`."""
        return coded_rows(self._rows, names).only(COLUMNS).to_frame()

    def packed(self) -> tuple[Sheet, RecordStore]:
        """Every row in rank order, and the texts that its places lead to: for what writes them all."""
        return self._rows, self._store

    def record(self, child_id: str) -> Record:
        """One child's full record: position, tier, concerns with evidence, contributions."""
        return self._record(self._position(child_id))

    def records(self, positions: Sequence[int] | None = None) -> list[Record]:
        """Full records in rank order, of all children or of the given row positions."""
        chosen = range(len(self)) if positions is None else positions
        return [_parsed(line) for line in self._lines(chosen, BODY)]

    def kept_records(self, positions: Sequence[int]) -> list[Record]:
        """Records at row positions as they were kept: whole, else as they may leave the office.

        For what both say alike, such as dates and the number of concerns.
        """
        kind = BODY if self._store.has(self._rows, BODY) else PUBLIC_BODY
        return [_parsed(line) for line in self._lines(positions, kind)]

    def public_records(self, positions: Sequence[int]) -> list[Record]:
        """Records at row positions as they may leave the office: see carescreen.review.redaction."""
        return [_parsed(line) for line in self._lines(positions, PUBLIC_BODY)]

    def json_line(self, position: int) -> bytes:
        """One child's full record as JSON in UTF-8."""
        return self._lines([position], BODY)[0]

    def public_json_line(self, position: int) -> bytes:
        """One child's record as it may leave the office, as JSON in UTF-8."""
        return self._lines([position], PUBLIC_BODY)[0]

    def listed(self) -> list[int]:
        """Positions of the children a list shows: within capacity, just below, or a supervisor's.

        A supervisor's are the backlog, who moved away, and who came of age with something open.
        """
        rows = self._rows
        shown = rows["within_capacity"] | rows["just_below"]
        shown |= np.isin(rows["state"], objects(["backlog", "moved"]))
        shown |= (rows["state"] == "aged_out") & (rows["tier_code"] < _ROUTINE)
        return [int(position) for position in np.flatnonzero(shown)]

    def columns(self, *names: str) -> Sheet:
        """Some columns of `to_frame()` in rank order, not copied: for what needs no others."""
        return self._rows.only(names)

    def people(self) -> pd.DataFrame:
        """Who and where each child is, in rank order: for what a supervisor hands over.

        child_id, household_id, village_id, caseworker_id, tier, state, is_adult, and the days
        taken_on, moved_on and turns_18_on (NaT where none), of the record.
        """
        return self._rows.only(_PEOPLE).to_frame()

    def to_answer(self) -> list[int]:
        """Positions of the children on no list of whom the supervisor's page says something.

        Somebody says that a record is wrong, holds the child lower than listed or is worried: they
        stand on that page, so that nobody waits in vain for an answer.
        """
        asked = self._rows["to_answer"].copy()
        asked[self.listed()] = False
        return [int(position) for position in np.flatnonzero(asked)]

    def groups(self) -> NDArray[np.object_]:
        """Whose list each child is on, in rank order: a caseworker, or "village:" and the village."""
        return self._rows["group"]

    def of_overview(self) -> Sheet:
        """What the counts of the programme need of every child: `carescreen.overview.OF_CHILD`."""
        return self._rows.only(OF_CHILD)

    def listed_by_order(self) -> BoolArray:
        """Who would be on a list by the order alone, in rank order: without the random share."""
        return give_seats(self._rows, self.capacity, 0.0, "").within

    @property
    def recency(self) -> Sheet:
        """When something was last put down about each child, in rank order: carescreen.recency."""
        return self._rows

    def tier_counts(self) -> dict[str, int]:
        """How many children each tier has."""
        counts = np.bincount(self._rows["tier_code"], minlength=len(TIERS))
        return dict(zip(TIERS, (int(count) for count in counts), strict=True))

    def explain(
        self, child_id: str, language: str = "en", *, lists: str | Path | None = None
    ) -> str:
        """One paragraph a person can read: why this child is where it is ("en" or "zh").

        `lists` is a folder of this or an earlier run: where the child stood on the lists before.
        """
        record = self.record(child_id)
        if lists is not None:
            from carescreen.results_before import positions_before

            found = positions_before(Path(lists), self.run.as_of, {record["child_id"]})
            record["past_positions"] = found.get(record["child_id"], [])
        return paragraph(record, language, date.fromisoformat(self.run.as_of))

    def to_html(self, path: str | Path, *, quotes: bool = False, language: str = "zh") -> None:
        """Write the list as one self-contained page; note quotes only with `quotes`."""
        from carescreen.results import write_list_html

        write_list_html(self, Path(path), quotes=quotes, language=language)

    def to_excel(self, path: str | Path, *, quotes: bool = False, language: str = "zh") -> None:
        """Write the list as a workbook; note quotes only with `quotes`."""
        from carescreen.results import write_list_xlsx

        write_list_xlsx(self, Path(path), quotes=quotes, language=language)

    def _position(self, child_id: str) -> int:
        wanted = objects([str(child_id)])  # ids are texts, whatever a table held
        place = places(self._rows["child_id"], wanted)[0]
        if place < 0:
            raise UsageError(
                "no child with this id in the ranking; the column child_id of to_frame() has them all"
            )
        return int(place)

    def _record(self, position: int) -> Record:
        return _parsed(self.json_line(position))

    def _texts(self, rows: Sheet, kind: str) -> list[bytes]:
        try:
            return self._store.texts(rows, kind)
        except KeyError:
            wanted = "whole" if kind == BODY else "redacted"
            raise UsageError(f"this ranking was made without {wanted} records") from None

    def _lines(self, positions: Sequence[int], kind: str) -> list[bytes]:
        rows = self._rows.take(np.asarray(positions, dtype=np.int64))
        bodies = self._texts(rows, kind)
        return [head + body for head, body in zip(head_texts(rows), bodies, strict=True)]


def coded_rows(rows: Sheet, names: bool) -> Sheet:
    """Rows with neutral codes in place of sensitive rules in their texts, unless `names`."""
    if names:
        return rows
    return rows.with_columns(**{name: rows[f"{name}_coded"] for name in (*LISTS, "reasons")})


def order_of(rows: Sheet) -> NDArray[np.intp]:
    """The positions of rows of `plain_columns` in the order of the list."""
    unseen = np.where(np.isnan(rows["days_since_seen"]), np.inf, rows["days_since_seen"])
    return np.lexsort(
        (
            rows["child_id"].astype(str),
            -unseen,
            -rows["score_micro"],
            ~rows["needs_data"],
            rows["waits"],
            rows["tier_code"],
        )
    )


def _in_order(rows: Sheet, capacity: int, random_share: float, run: Run) -> Sheet:
    rows = rows.moved(order_of(rows))
    seats = give_seats(rows, capacity, random_share, draw_seed(run))
    return rows.with_columns(
        rank=np.arange(1, len(rows) + 1),
        within_capacity=seats.within,
        just_below=seats.just_below,
        selected_by=selected_by(rows, seats.within, seats.drawn),
        selection_probability=seats.selection_probability,
    )


def draw_seed(run: Run) -> str:
    """What the draw of a run starts from."""
    return f"{run.as_of}:{run.pack['digest']}"


def selected_by(rows: Sheet, within: BoolArray, drawn: BoolArray) -> NDArray[np.object_]:
    """By what each row got its seat: a person, a rule, needed data, the score, chance; "" by none."""
    by = ("by_person", "person"), ("by_rule", "rule"), ("needs_data", "needs_data")
    words = np.select([rows[name] for name, _ in by], [w for _, w in by], "score")
    return np.where(drawn, "random", np.where(within, words, "")).astype(object)


_HEAD = (
    "rank",
    "child_id",
    "household_id",
    "village_id",
    "caseworker_id",
    "tier",
    "state",
    "due_on",
    "score",
    "probability",
    "probability_low",
    "probability_high",
    "days_since_seen",
    "within_capacity",
    "just_below",
    "needs_data",
    "selected_by",
    "selection_probability",
)


_HEAD_TEMPLATE = "{" + ",".join(f'"{name}":%s' for name in _HEAD) + ","


def _parsed(line: bytes) -> Record:
    return dict(json.loads(line.decode("utf-8", "surrogatepass")))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_BY_RANK = ("rank", "within_capacity", "just_below", "selected_by", "selection_probability")
_HEAD_ALONE = tuple(name for name in _HEAD if name not in _BY_RANK)


def head_texts(rows: Sheet) -> list[bytes]:
    """The part of each JSON record that depends on the rank, up to and with its last comma."""
    columns = [_json_texts(rows[name]) for name in _HEAD]
    lines = "\n".join([_HEAD_TEMPLATE % values for values in zip(*columns, strict=True)])
    # In JSON a line end is written as \n: no text has one.
    return lines.encode("utf-8", "surrogatepass").split(b"\n") if len(rows) else []


def _json_texts(column: NDArray[Any]) -> list[str]:
    """The values of a column as `_encode` gives them, those of `_json_ready`."""
    kind = column.dtype.kind
    if kind == "b":
        return ["true" if value else "false" for value in column.tolist()]
    if kind == "M":
        days = column.astype("datetime64[D]").astype(np.int64).tolist()
        texts = {day: _day_text(day) for day in set(days)}
        return [texts[day] for day in days]
    if kind == "f":
        return [
            "null" if value != value else repr(int(value) if value.is_integer() else value)
            for value in column.tolist()
        ]
    if kind == "O":
        try:
            return [
                "null" if value is None else encode_basestring(value) for value in column.tolist()
            ]
        except TypeError:  # NaN stands for no text
            return [
                "null" if value is None else encode_basestring(value)
                for value in _json_ready(column)
            ]
    return list(map(repr, column.tolist()))


def _day_text(number: int) -> str:
    day = np.datetime64(number, "D")
    return "null" if np.isnat(day) else f'"{day}"'


def _heads(rows: Sheet, names: tuple[str, ...]) -> list[Record]:
    columns = [_json_ready(rows[name]) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _json_ready(column: NDArray[Any]) -> list[Any]:
    """Python values for JSON: None for missing, ISO dates, whole days as integers."""
    if column.dtype.kind == "M":
        days = column.astype("datetime64[D]")
        return [None if text == "NaT" else text for text in days.astype(str).tolist()]
    if column.dtype.kind == "f":
        return [
            None if value != value else (int(value) if value.is_integer() else value)
            for value in column.tolist()
        ]
    return [None if value is None or value != value else value for value in column.tolist()]
