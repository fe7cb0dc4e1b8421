"""What the law tests ask of the engine: its records, its bytes, and a caseload of one child."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from caseloads import Row, Tables

from carescreen.errors import CaseloadError
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.results import write_results
from carescreen.screener import Screener

Record = dict[str, Any]
MICRO = 1_000_000


def rank(screener: Screener, found: Tables, as_of: date, **options: Any) -> Ranking | None:
    """The ranking, or None where no child was known by the date."""
    if not found.children:
        return None
    try:
        return screener.rank(found.caseload(), as_of, **options)
    except CaseloadError as error:
        assert "nothing to rank" in str(error)
        return None


def by_child(screener: Screener, found: Tables, as_of: date, **options: Any) -> dict[str, Record]:
    """Full records by child_id; none where no child was known."""
    ranking = rank(screener, found, as_of, **options)
    return {record["child_id"]: record for record in ranking.records()} if ranking else {}


def said(ranking: Ranking | None) -> tuple[str, ...]:
    """Everything that ranking.csv and ranking.jsonl are written from: quick, for many examples."""
    if ranking is None:
        return ()
    lines = [ranking.json_line(position).decode() for position in range(len(ranking))]
    return (ranking.to_frame().to_csv(), ranking.export_frame(names=False).to_csv(), *lines)


def files(ranking: Ranking, *, quotes: bool) -> dict[str, bytes]:
    """The bytes of ranking.csv and ranking.jsonl as a run writes them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lists"
        write_results(ranking, out, quotes=quotes, made_by="tests")
        return {name: (out / name).read_bytes() for name in ("ranking.csv", "ranking.jsonl")}


def tier(record: Record) -> int:
    """Position of the tier: 0 is immediate."""
    return TIERS.index(record["tier"])


def micro(points: float) -> int:
    """Millionths of a log-odds."""
    return round(points * MICRO)


def met(record: Record) -> set[str]:
    """Ids of all rules that are met, open or closed, of every lane."""
    parts = ("concerns", "closed_concerns", "entitlements", "advice")
    return {entry["rule"] for part in parts for entry in record[part]}


def cells(row: Row) -> Row:
    """A row without its blanks."""
    return {name: value for name, value in row.items() if value is not None}
