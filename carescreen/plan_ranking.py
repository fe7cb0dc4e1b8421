"""Reading back what a plan needs of a written ranking: who, where, how urgent, and the reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.cells import cell_text, unguarded_all
from carescreen.checks import check_times
from carescreen.conflicts import open_conflicts
from carescreen.duplicates import Ids
from carescreen.errors import UsageError
from carescreen.pack import TIERS
from carescreen.plan_routes import Conflict
from carescreen.records import reason_codes
from carescreen.results import read_run
from carescreen.results_handover import Handover, read_handovers
from carescreen.results_people import read_same
from carescreen.review.redaction import redact
from carescreen.sheet import Ints, Sheet
from carescreen.tables import find_table, read_table, require_columns

_IDS = ("child_id", "household_id", "village_id", "caseworker_id")
_WORDS = ("tier", "state", "due_on", "waits")
_TEXTS = ("score", "reasons")


@dataclass(frozen=True, repr=False)  # its values are records
class WrittenRanking:
    """A run's folder: its run.json, and its children in rank order (see `plan_visits.visits_of`).

    heads         also has score and reasons, as texts
    same          pairs of child_ids that people said are one child
    handed        the handovers of children who were another person's before
    random_share  the share of seats that the pack keeps for the draw
    seed          decides the draw: the same for everybody who plans from this ranking
    """

    folder: Path
    run: dict[str, Any]
    heads: Sheet
    as_of: date
    random_share: float
    seed: str
    has_quotes: bool
    same: tuple[Ids, ...] = ()
    handed: Mapping[str, Handover] = field(default_factory=dict)

    def reasons(self, children: Ints) -> dict[int, str]:
        """The coded reasons of children at some places of the ranking.

        A ranking with quotes has names of sensitive rules in its table; then the codes are read from
        its records.
        """
        if not self.has_quotes:
            return dict(zip(children.tolist(), self.heads["reasons"][children], strict=True))
        return dict(_coded(self.folder / "ranking.jsonl", set(children.tolist())))


def read_ranking(folder: Path) -> WrittenRanking:
    """Read what `carescreen rank` wrote; UsageError where it is not whole."""
    run = read_run(folder)
    path = folder / "ranking.csv"
    types: dict[Any, Any] = dict.fromkeys((*_IDS, *_TEXTS), str)
    types.update(dict.fromkeys(_WORDS, "category"))
    try:
        frame = pd.read_csv(
            path,
            encoding="utf-8-sig",
            usecols=["rank", *_IDS, *_WORDS, *_TEXTS],
            dtype=types,
            na_filter=False,
        )
        return WrittenRanking(
            folder,
            run,
            _heads(frame),
            as_of=date.fromisoformat(str(run["as_of"])),
            random_share=float(run["settings"]["random_share"]),
            seed=f"{run['as_of']}:{run['pack']['digest']}",
            has_quotes=bool(run["quotes"]),
            same=read_same(folder),
            handed={entry.child_id: entry for entry in read_handovers(folder)},
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{path} is not as `rank` writes it today; rank again") from None


def _heads(frame: pd.DataFrame) -> Sheet:
    if not (frame["rank"].to_numpy() == np.arange(1, len(frame) + 1)).all():
        raise ValueError("not in rank order")
    columns: dict[str, Any] = {name: _ids(frame[name]) for name in _IDS}
    for name in _TEXTS:
        columns[name] = frame[name].to_numpy(dtype=object)
    codes = {name: frame[name].cat.codes.to_numpy() for name in _WORDS}
    words = {name: frame[name].cat.categories.astype(str).tolist() for name in _WORDS}
    tiers = np.array([TIERS.index(word) for word in words["tier"]], dtype=np.int64)
    truths = np.array([("False", "True").index(word) for word in words["waits"]], dtype=bool)
    states = np.array(words["state"], dtype=object)
    days = np.array([word or "NaT" for word in words["due_on"]], dtype="datetime64[D]")
    return Sheet(
        {
            **columns,
            "tier_code": tiers[codes["tier"]],
            "waits": truths[codes["waits"]],
            "state": states[codes["state"]],
            "due_on": days[codes["due_on"]],
        },
        len(frame),
    )


def _ids(column: pd.Series) -> np.ndarray:
    """Ids as the ranking has them: without the apostrophe of a spreadsheet, None for a blank."""
    values = unguarded_all(column.to_numpy(dtype=object))
    values[values == ""] = None
    return values


def _coded(path: Path, wanted: set[int]) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as lines:
            for place, line in enumerate(lines):
                if place in wanted:
                    record = json.loads(line.decode("utf-8", "surrogatepass"))
                    yield place, reason_codes(redact(record), names=False)
    except (OSError, ValueError, KeyError):
        raise UsageError(f"{path} is not as `rank` writes it today; rank again") from None


def read_conflicts(county: Path, as_of: date) -> list[Conflict]:
    """(who decided, child) of the conflicts of interest that stand among a county's decisions.

    Decisions dated or recorded after the day do not count, neither those that end a conflict.
    """
    if not county.is_dir():
        raise UsageError(f"{county} is no folder; give the folder of tables that was ranked")
    if find_table(county, "children") is None:
        raise UsageError(
            f"{county} has no table children; give the folder of tables that was ranked"
        )
    path = find_table(county, "decisions")
    if path is None:
        return []
    wanted = ("child_id", "decided_at", "decided_by", "decision")
    table = read_table(path, exact=(*wanted, "result"))
    require_columns(table, "decisions", wanted)
    said = table.frame[
        table.frame["decision"].map(cell_text).str.strip().str.casefold() == "conflict"
    ]
    said = said[_known_by(said, as_of)]
    child, by, result = (_words(said, name) for name in ("child_id", "decided_by", "result"))
    rows = open_conflicts(child, by, check_times(said["decided_at"]).values, result)
    return sorted({(by[row], child[row]) for row in rows})


def _known_by(said: pd.DataFrame, as_of: date) -> np.ndarray:
    """Which decisions are neither dated nor recorded after a day; what has no date is known."""
    known = np.ones(len(said), dtype=bool)
    for name in ("decided_at", "recorded_at"):
        if name in said:
            known &= ~(
                check_times(said[name]).values.astype("datetime64[D]") > np.datetime64(as_of)
            )
    return known


def _words(said: pd.DataFrame, name: str) -> list[str]:
    return [cell_text(cell).strip() for cell in said[name]] if name in said else [""] * len(said)
