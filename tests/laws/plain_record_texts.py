"""Record texts made the plain way, child by child, of what the package reads records and redacts with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from carescreen.caseload import Caseload
from carescreen.engine import Engine
from carescreen.followups import FollowUps, follow_up
from carescreen.records import display_name, reason_codes, records
from carescreen.recordtexts import TEXT_COLUMNS, record_texts
from carescreen.review.disputes import has_open_dispute
from carescreen.review.redaction import redact
from carescreen.review.told import is_to_look_at
from carescreen.screener import Partition, Screener, day_of

Record = dict[str, Any]

LISTS = ("concerns", "open_questions", "entitlements")
WITH_NAMES = (*LISTS, "advice", "closed_concerns", "contributions")


@dataclass(frozen=True)
class PlainTexts:
    """What `carescreen.recordtexts.RecordTexts` has, of both kinds."""

    private: list[bytes]
    public: list[bytes]
    columns: dict[str, list[str]]
    to_answer: list[bool]


def plain_record_texts(
    engine: Engine, found: FollowUps, needs: Sequence[tuple[str, ...]]
) -> PlainTexts:
    """The texts of every child of a block."""
    texts = PlainTexts([], [], {name: [] for name in TEXT_COLUMNS}, [])
    as_of = date.fromisoformat(str(engine.as_of)[:10])
    for record in whole_records(engine, found, needs):
        texts.private.append(_body(record))
        texts.public.append(_body(redact(record)) if _is_private(record) else _body(record))
        texts.to_answer.append(has_open_dispute(record) or is_to_look_at(record, as_of))
        for name, text in _cells(record).items():
            texts.columns[name].append(text)
    return texts


def whole_records(
    engine: Engine, found: FollowUps, needs: Sequence[tuple[str, ...]]
) -> list[Record]:
    """Each child's record but for its head."""
    synthetic = found.cases.block.children["data_origin"] == "synthetic"
    rows = zip(records(engine, found), needs, synthetic.tolist(), strict=True)
    return [
        {**record, "needs_data_reasons": list(codes), "synthetic": invented}
        for record, codes, invented in rows
    ]


def _body(record: Record) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text[1:].encode("utf-8", "surrogatepass")


def _is_private(record: Record) -> bool:
    """Whether a record holds words of a note or the name of something sensitive."""
    return (
        any(entry["sensitive"] for part in WITH_NAMES for entry in record[part])
        or any("words" in entry for entry in record["contributions"])
        or any(record.get(part) for part in ("mentions", "disputes", "told", "moved_to"))
    )


def _cells(record: Record) -> dict[str, str]:
    cells = {}
    for suffix, names in (("", True), ("_coded", False)):
        for part in LISTS:
            words = [display_name(entry, "rule", names) for entry in record[part]]
            cells[part + suffix] = ";".join(words)
        cells["reasons" + suffix] = reason_codes(record, names)
    return cells


def assert_same_texts(
    screener: Screener,
    caseload: Caseload,
    as_of: date,
    *,
    first_run: bool = False,
    block_children: int = 10_000,
) -> list[Record]:
    """Hold the texts of every block against the plain ones; the plain whole records, to look into."""
    engine = screener._engine(day_of(as_of), first_run)
    known = caseload.check(screener.rules.indicators).known_by(engine.as_of)
    parts = Partition(known, block_children)
    seen: list[Record] = []
    for number in range(parts.count):
        block, needs, since = parts.block(number)
        in_need = np.array([bool(own) for own in needs], dtype=bool)
        found = follow_up(engine, block, in_need, since)
        plain, texts = plain_record_texts(engine, found, needs), record_texts(engine, found, needs)
        assert texts.private == plain.private
        assert texts.public == plain.public
        assert texts.to_answer.tolist() == plain.to_answer
        assert texts.columns == plain.columns
        assert sorted(texts.columns) == sorted(TEXT_COLUMNS)
        public = record_texts(engine, found, needs, ("public",))
        assert (public.public, public.private) == (plain.public, None)
        private = record_texts(engine, found, needs, ("private",))
        assert (private.public, private.private) == (None, plain.private)
        seen += whole_records(engine, found, needs)
    return seen
