"""Screener: the one object that ties a pack and a model together.

screener = Screener.load(pack="cn-rural", model="evidence")
ranking = screener.rank(caseload, as_of="2026-11-01", capacity=20)
assessment = screener.assess(case)
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.assessment import Assessment, Case, without_quotes
from carescreen.block import Block, Days, household_keys, make_block, no_dates, to_days
from carescreen.caseload import Caseload, CheckedCaseload
from carescreen.caseload_of_one import plain_tables
from carescreen.duplicates import duplicates_of
from carescreen.engine import Engine, Kit
from carescreen.errors import CaseloadError, ModelError, UsageError
from carescreen.features import FeatureSet
from carescreen.followups import FollowUps, follow_up
from carescreen.mentioncache import MentionCache, cache_at
from carescreen.model import RiskModel
from carescreen.notes import NoteReader
from carescreen.phrase_limits import require_phrases_of_caseloads
from carescreen.processes import in_processes
from carescreen.profile import add_up, profile_of
from carescreen.ranking import BlockRows, Ranking, Run, block_records, block_rows, heads
from carescreen.recent_notes import NOTE_COLUMN
from carescreen.records import Record
from carescreen.recordstore import joined_rows
from carescreen.review.reasons import paragraph
from carescreen.rules import RulePack
from carescreen.sheet import NO_ROWS, Ints, Sheet, numbered, places

# Households are kept whole; blocks of this size keep a worker process below ~200 MB.
BLOCK_CHILDREN = 10_000

_NO_FURTHER_ROWS = dict.fromkeys(("more_children", "more_households", "more_visits"), NO_ROWS)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Progress = Callable[[str, int, int], None]


class Screener:
    """A pack's rules and note reader, and a model, ready to rank caseloads and assess cases."""

    def __init__(self, rules: RulePack, model: RiskModel, reader: NoteReader) -> None:
        self.rules, self.model, self.reader = rules, model, reader
        self._kit: Kit | None = None
        self.features = FeatureSet.load(rules.pack, rules.indicators)
        _require_features(model, self.features, rules.pack.id)
        _require_same_features(model, self.features, rules.pack.id)

    @classmethod
    def load(cls, pack: str | Path = "cn-rural", model: str | Path = "evidence") -> Screener:
        """Load a pack and a model, each by shipped name or by the path of its folder."""
        rules = RulePack.load(pack)
        return cls(rules, RiskModel.load(model), NoteReader.load(rules.pack))

    def rank(
        self,
        caseload: Caseload | CheckedCaseload,
        as_of: str | date | np.datetime64,
        capacity: int | None = None,
        *,
        first_run: bool = False,
        processes: int = 1,
        block_children: int = BLOCK_CHILDREN,
        progress: Progress | None = None,
        mentions_cache: str | Path | MentionCache | None = None,
    ) -> Ranking:
        """Rank every child known by `as_of`; `capacity` is visits per caseworker and week.

        `processes` workers read blocks of whole households; the result does not depend on how
        many, nor on the order of rows. `first_run` sends old concerns to the supervisor's backlog.
        A caseload that is ranked at several dates can be checked once, and passed checked.
        `mentions_cache` is a file that keeps between runs what notes mention (see `mentioncache`):
        only new notes are read, and the result is the same.
        """
        day = day_of(as_of)
        seats = self.seats(capacity)
        require_count("processes is a number of worker processes", processes)
        if not isinstance(caseload, Caseload | CheckedCaseload):
            raise UsageError(
                f"rank wants a Caseload, came a {type(caseload).__name__}; make one with "
                "Caseload(children=..., visits=...) or Caseload.read(folder)"
            )
        if isinstance(caseload, Caseload):
            caseload = caseload.check(self.rules.indicators)
        known = caseload.known_by(day)
        engine = self.ranking_engine(day, first_run, mentions_cache)
        parts = Partition(known, block_children)
        if not parts.count:
            raise CaseloadError(f"no child was known by {day}: nothing to rank")
        blocks = _ranked_blocks(engine, parts, processes, progress)
        if engine.mentions is not None:
            engine.mentions.write(block.seen for block in blocks if block.seen is not None)
        profile = profile_of(
            add_up(block.tally for block in blocks), self.rules, self.features.sensitive
        )
        run = self.run(day, seats, first_run, known.is_synthetic)
        share = self.rules.settings.random_share
        twice = duplicates_of(
            known.sheets["children"], known.sheets["decisions"], self.rules.indicators
        )
        notices = [*known.notices, *of_model(self.model, run)]
        rejected = known.rejected
        rows, store = joined_rows([block.rows for block in blocks], [b.texts for b in blocks])
        return Ranking(
            rows, store, run, rejected, notices, seats, share, twice, self.codes, profile
        )

    def follow_ups(
        self,
        caseload: CheckedCaseload,
        as_of: str | date | np.datetime64,
        children: NDArray[np.object_] | None = None,
    ) -> Iterator[tuple[Engine, FollowUps]]:
        """What `rank` puts in order, block by block of whole households, before it is ordered.

        For who asks more than a record says, such as which notes an open concern rests on; of the
        whole households of some `children` alone where they are given.
        """
        engine = self._engine(day_of(as_of), first_run=False)
        parts = _parts(caseload.known_by(engine.as_of), children)
        for number in range(parts.count):
            block, codes, since = parts.block(number)
            needs_data = np.array([bool(found) for found in codes], dtype=bool)
            yield engine, follow_up(engine, block, needs_data, since)

    def blocks_with(
        self, caseload: CheckedCaseload, as_of: np.datetime64, children: NDArray[np.object_]
    ) -> Iterator[Block]:
        """Blocks of the whole households of some children, as known at the end of a day.

        For who needs few children at many dates; those not on record by then are in none.
        """
        parts = _parts(caseload.known_by(as_of), children)
        for number in range(parts.count):
            yield parts.block(number)[0]

    def assess(
        self,
        case: Case | Mapping[str, Any],
        as_of: str | date | None = None,
        *,
        quotes: bool = True,
    ) -> Assessment:
        """Assess one case; the same as ranking a caseload with that child alone (law 13).

        Without `quotes` it is redacted like a list that may leave the office: no words of notes, and
        sensitive matters as a code and a tier. Threads may share one screener. UsageError for a key
        that is neither a field of a case nor an indicator of the pack.
        """
        case = Case.read(case)
        case.require_known(self.rules.indicators)
        engine = self._engine(_day_of(case, as_of), first_run=False)
        block, rejected = self._block_of(case, engine.as_of)
        rows, found = block_records(engine, *block)
        record = {**heads(rows)[0], **_own_sources(next(found))}
        if not quotes:
            record = without_quotes(record)
        on = date.fromisoformat(str(engine.as_of))
        explanation = {language: paragraph(record, language, on) for language in ("en", "zh")}
        return Assessment.model_validate(
            {
                **record,
                "as_of": on,
                "pack": self.rules.pack.id,
                "model": self.model.name,
                "rejected": rejected,
                "explanation": explanation,
            }
        )

    def _block_of(
        self, case: Case, as_of: np.datetime64
    ) -> tuple[tuple[Block, list[tuple[str, ...]], Days], list[Record]]:
        """A case as a block, why it needs data and since when; and what could not be used."""
        caseload = case.to_caseload()
        tables = plain_tables(caseload, self.rules.indicators, as_of)
        if tables is not None:
            return (make_block(**tables, **_NO_FURTHER_ROWS), [()], no_dates(1)), []
        known = caseload.check(self.rules.indicators).known_by(as_of)
        parts = Partition(known, BLOCK_CHILDREN)
        if not parts.count:
            raise CaseloadError(f"no child was known by {as_of}: nothing to assess")
        return parts.block(0), known.findings.rows()

    def engine(self, as_of: str | date | np.datetime64) -> Engine:
        """What blocks are read with, for whoever reads one household (see `family`)."""
        return self._engine(day_of(as_of), first_run=False)

    def ranking_engine(
        self,
        day: np.datetime64,
        first_run: bool,
        mentions_cache: str | Path | MentionCache | None = None,
    ) -> Engine:
        """What blocks are ranked with, for whoever makes blocks in another way than `rank`."""
        engine = self._engine(day, first_run)
        if mentions_cache is None:
            return engine
        return replace(engine, mentions=cache_at(mentions_cache, self.reader))

    def _engine(self, day: np.datetime64, first_run: bool) -> Engine:
        """The kit as of a day; the kit is made once, and again after the model was fitted anew."""
        kit = Kit(self.rules, self.features, self.model, self.reader, self.model.saved_)
        made = self._kit
        if made is None or not made.is_of(kit):
            self._kit = made = kit
        return Engine(made, day, first_run)  # not self._kit: another thread may have changed it

    def seats(self, capacity: int | None) -> int:
        """Visits per caseworker and week, the pack's where none are given; UsageError if no count."""
        seats = self.rules.settings.capacity if capacity is None else capacity
        require_count("capacity is visits per caseworker and week", seats)
        return seats

    @property
    def codes(self) -> dict[str, str]:
        """The neutral code of each rule by id, of those that are switched off too."""
        return {rule.id: rule.code for rule in (*self.rules.rules, *self.rules.rules_off)}

    def run(self, day: np.datetime64, capacity: int, first_run: bool, synthetic: bool) -> Run:
        """What a ranking as of a day is made with; `synthetic`: whether a child is invented."""
        pack, model = self.rules.pack, self.model
        settings = {**self.rules.settings.model_dump(), "capacity": capacity}
        run = {
            "as_of": str(day),
            "pack": {
                "id": pack.id,
                "version": pack.version,
                "title": dict(pack.title),
                "digest": pack.digest,
            },
            "model": {
                "name": model.name,
                "digest": model.digest,
                "reader": self.reader.digest,
                **({"data_origin": model.data_origin} if model.data_origin else {}),
            },
            "settings": {**settings, "first_run": first_run},
        }
        text = json.dumps(run, sort_keys=True, ensure_ascii=False)
        return Run(
            **run,  # type: ignore[arg-type]  # the four entries above, by name
            run_id=hashlib.sha256(text.encode()).hexdigest()[:12],
            synthetic=synthetic,
        )


def _require_features(model: RiskModel, features: FeatureSet, pack: str) -> None:
    """Refuse a model that reads what the pack does not name, or learned phrases in another way."""
    require_phrases_of_caseloads(model.saved_.tables, features.names)
    known = {*features.names, NOTE_COLUMN}
    missing = [name for name in model.feature_names if name not in known]
    if missing:
        raise ModelError(
            f"the model reads the feature '{missing[0]}', which pack '{pack}' does "
            "not name; choose a model made for this pack, or add it to the pack's features"
        )


def _require_same_features(model: RiskModel, features: FeatureSet, pack: str) -> None:
    """Refuse a model whose weights are of something else than what its features read now."""
    now = features.declarations
    for name, text in model.manifest_.declared.items():
        if name in model.feature_names and now.get(name) != text:
            raise ModelError(
                f"the feature '{name}' of pack '{pack}' reads something else than when the model "
                f"'{model.name}' was made: then {text}; now {now.get(name)}. Train the model again, "
                "or use the pack it was made with"
            )


def of_model(model: RiskModel, run: Run) -> list[str]:
    """What to know of a model that is for demonstrations only."""
    if model.data_origin != "synthetic":
        return []
    about = (
        "these children are invented too"
        if run.synthetic
        else "these children are not marked as invented: their scores mean nothing, and no chance is shown"
    )
    return [
        f"the model '{model.name}' was learned from invented children and is not for use on real "
        f"ones; {about}."
    ]


def _own_sources(record: Record) -> Record:
    """The record with sources that its reader may change: a rule's own stay as they are."""
    for lane in ("concerns", "entitlements", "advice"):
        for concern in record[lane]:
            concern["source"] = [
                {**source, "title": copy.copy(source["title"])} for source in concern["source"]
            ]
    return record


def _ranked_blocks(
    engine: Engine, parts: Partition, processes: int, progress: Progress | None
) -> list[BlockRows]:
    """Rows, texts and counts of every block, in the order of blocks."""
    blocks = (parts.block(number) for number in range(parts.count))
    found = []
    results = in_processes(block_rows, engine, blocks, 1 if parts.count < 2 else processes)
    for done, block in enumerate(results, start=1):
        found.append(block)
        if progress is not None:
            progress("rank", done, parts.count)
    return found


def require_count(what: str, value: object) -> None:
    """UsageError unless a value is a whole number from 1."""
    is_count = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_count or int(value) < 1:  # type: ignore[call-overload]  # an integer by now
        raise UsageError(f"{what}: a whole number from 1; got '{value}'")


def day_of(as_of: str | date | np.datetime64) -> np.datetime64:
    """A day as it was given; UsageError where it is none."""
    is_other_text = isinstance(as_of, str) and not _ISO_DATE.fullmatch(as_of)
    try:
        days = np.asarray(["NaT" if is_other_text else as_of], dtype="datetime64[D]")
    except (ValueError, TypeError):
        days = np.asarray(["NaT"], dtype="datetime64[D]")
    if np.isnat(days[0]):
        raise UsageError(f"as-of must be a date such as 2026-11-01; got '{as_of}'")
    day: np.datetime64 = days[0]
    return day


def _day_of(case: Case, as_of: str | date | None) -> np.datetime64:
    """The date of an assessment; a case's own is a cell of a record, whose value no error shows."""
    if as_of:
        return day_of(as_of)
    if case.as_of is None:
        raise UsageError("an assessment needs a date: give as_of, or put it into the case")
    try:
        return day_of(case.as_of)
    except UsageError:
        raise UsageError("as_of: wanted a date such as 2026-11-01, came another text") from None


def _parts(known: CheckedCaseload, children: NDArray[np.object_] | None) -> Partition:
    """A caseload cut into blocks; of the whole households of some children where they are given."""
    if children is not None:
        rows = known.sheets["children"]
        homes = household_keys(rows)
        wanted = np.unique(homes[np.isin(rows["child_id"], children)].astype(str))
        kept = rows.kept(np.isin(homes.astype(str), wanted))
        known = replace(known, sheets={**known.sheets, "children": kept})
    return Partition(known, BLOCK_CHILDREN)


class Partition:
    """A caseload cut into blocks of whole households, each table sorted by block once."""

    def __init__(self, known: CheckedCaseload, size: int) -> None:
        self.known = known
        sheets = known.sheets
        children = sheets["children"]
        blocks = _block_numbers(children, size)
        self.count = int(np.max(blocks, initial=-1)) + 1
        house, house_ids = numbered(children["household_id"])
        house_blocks = np.zeros(len(house_ids), dtype=np.int64)
        house_blocks[house[house >= 0]] = blocks[house >= 0]
        by_child = children["child_id"], blocks
        self.tables = {"children": _sorted_by_block(children, blocks, self.count)}
        for name in ("visits", "outcomes", "decisions", "more_children", "more_visits"):
            self._add(name, sheets[name], "child_id", *by_child)
        self._add("needs", known.needs, "child_id", *by_child)
        for name in ("households", "more_households"):
            self._add(name, sheets[name], "household_id", house_ids, house_blocks)

    def _add(
        self, name: str, table: Sheet, key: str, ids: NDArray[np.object_], blocks: Ints
    ) -> None:
        """A table in order of the blocks of its ids; rows of an id that no child has are in none."""
        if not len(table):
            self.tables[name] = table, np.zeros(self.count + 1, dtype=np.int64)
            return
        place = places(ids, table[key])
        if self.count == 1:
            inside = table.kept(place >= 0)
            self.tables[name] = inside, np.array([0, len(inside)])
            return
        own = np.where(place >= 0, blocks[place] if len(blocks) else -1, -1)
        self.tables[name] = _sorted_by_block(table, own, self.count)

    def block(self, number: int) -> tuple[Block, list[tuple[str, ...]], Days]:
        """The tables of one block, each child's needs-data codes, and since when it needs data."""
        part = {
            name: table.between(int(bounds[number]), int(bounds[number + 1]))
            for name, (table, bounds) in self.tables.items()
        }
        needs = part.pop("needs")
        block = make_block(**part)
        ids = block.children["child_id"]
        child = places(ids, needs["child_id"])
        reasons: dict[int, set[str]] = {}
        for place, reason in zip(child.tolist(), needs["reason"], strict=True):
            reasons.setdefault(place, set()).add(reason)
        codes: list[tuple[str, ...]] = [()] * len(ids)
        for place, found in reasons.items():
            codes[place] = tuple(sorted(found))
        since = np.full(len(ids), np.datetime64("NaT", "s"))
        np.fmin.at(since, child, needs["since"])
        return block, codes, to_days(since)


def _block_numbers(children: Sheet, size: int) -> Ints:
    """A block number for each child: households in the order of their ids, about `size` each."""
    if len(children) <= size:
        return np.zeros(len(children), dtype=np.int64)
    codes, _ = pd.factorize(household_keys(children), sort=True)
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    return np.asarray(starts // size, dtype=np.int64)[codes]


def _sorted_by_block(table: Sheet, blocks: Ints, count: int) -> tuple[Sheet, Ints]:
    """The table in order of blocks, and where each block begins in it."""
    if count == 1:
        inside = table.kept(blocks == 0)
        return inside, np.array([0, len(inside)])
    order = np.argsort(blocks, kind="stable")
    bounds = np.searchsorted(blocks[order], np.arange(count + 1))
    return table.take(order), bounds
