"""What an executor does with a bucket: the checks and the block function of one machine, no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carescreen.caseload import Caseload
from carescreen.checked import SHARED_VISIT, CheckedCaseload
from carescreen.profile import add_up
from carescreen.ranking import block_rows
from carescreen.screener import BLOCK_CHILDREN, Partition
from carescreen.sheet import is_none, objects
from carescreen.spark.buckets import SHARED
from carescreen.spark.columns import (
    FINDING,
    NOTICE,
    PART,
    TALLY,
    children_table,
    joined,
    other_table,
)
from carescreen.spark.given import Layout
from carescreen.spark.recipe import Recipe

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """What every executor is told: how tables are read, what to make the engine of, and the day."""

    layouts: Mapping[str, Layout]
    recipe: Recipe
    day: np.datetime64
    first_run: bool

    def bucket_work(self) -> Callable[[pa.Table], pa.Table]:
        """The function of one bucket: its rows in, the rows of carescreen.spark.columns out."""
        return lambda rows: ranked_bucket(self, rows)


def ranked_bucket(task: Task, rows: pa.Table) -> pa.Table:
    """Check and rank the households of one bucket."""
    structs = {name: _own_rows(rows, name) for name in (*task.layouts, SHARED)}
    tables = {name: layout.table(structs[name]) for name, layout in task.layouts.items()}
    engine = task.recipe.engine(task.day, task.first_run)
    checked = Caseload.of_part(tables).check(engine.rules.indicators)
    known = checked.known_by(task.day)
    parts = Partition(known, BLOCK_CHILDREN)
    blocks = [block_rows(engine, *parts.block(number)) for number in range(parts.count)]
    tally = add_up(block.tally for block in blocks)
    shared = {row["visit"] for row in structs[SHARED].to_pylist()}
    return joined(
        [
            *(children_table(block) for block in blocks),
            other_table(TALLY, [_tally_row(key, counts) for key, counts in tally.items()]),
            other_table(FINDING, list(_findings(task, checked, shared))),
            other_table(NOTICE, list(_notices(known))),
            other_table(PART, [{"number": int(known.is_synthetic)}]),
        ]
    )


def _own_rows(rows: pa.Table, name: str) -> pa.StructArray:
    if name not in rows.column_names:
        return pa.array([], pa.struct([("visit", pa.string())]))
    structs = rows.column(name).combine_chunks()
    return structs.filter(pc.is_valid(structs))


def _tally_row(key: tuple[str, ...], counts: Any) -> dict[str, Any]:
    return {"key": json.dumps(key, ensure_ascii=False), "tally": counts.tolist()}


def _findings(task: Task, checked: CheckedCaseload, shared: set[str]) -> Iterator[dict[str, Any]]:
    """What `rejected` has of the bucket; without row numbers where the tables have none.

    A visit whose id children of other buckets have too is reported as one machine reports it.
    """
    found = checked.findings.rows()
    visits = checked.sheets["visits"]
    field, expected, action = SHARED_VISIT
    seen = {row["row"] for row in found if (row["field"], row["expected"]) == (field, expected)}
    ids = visits["visit_id"]
    for place in np.flatnonzero(~is_none(ids) & np.isin(ids, objects(sorted(shared)))).tolist():
        row = int(visits["row"][place])
        if row not in seen:
            file = checked.rows.files["visits"] if checked.rows else "visits"
            entry = {"file": file, "row": row, "field": field}
            found.append({**entry, "expected": expected, "action": action})
    for place, entry in enumerate(found):
        layout = task.layouts.get(str(entry["file"]))
        number = entry["row"] if layout and layout.is_numbered else None
        yield {**entry, "row": number, "place": place}


def _notices(known: CheckedCaseload) -> Iterator[dict[str, Any]]:
    for count, number in known.counted():
        if number:
            yield {
                "notice_kind": count.kind,
                "notice_table": count.table,
                "before": count.before,
                "after": count.after,
                "number": number,
            }
