"""`rank_folder`: a folder in, a `Ranking` out whose texts are in files of a work folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload import Caseload
from carescreen.caseload_folder import caseload_files
from carescreen.checked import SHARED_VISIT, in_file_order
from carescreen.counted import in_words
from carescreen.duplicates import Duplicates, duplicates_of
from carescreen.engine import Engine
from carescreen.errors import CaseloadError
from carescreen.filestate import FileStates
from carescreen.mentioncache import MentionCache
from carescreen.pieces.csvrows import NotInPieces
from carescreen.pieces.cutting import Cut, CutPlan, CutTable, child_keys, cut, jobs_of
from carescreen.pieces.homes import Homes
from carescreen.pieces.layouts import Layout, layouts_of
from carescreen.pieces.piece import Piece, PieceWork, ranked_piece
from carescreen.processes import in_processes
from carescreen.profile import add_up, profile_of
from carescreen.ranking import Ranking
from carescreen.recordstore import joined_rows
from carescreen.recordtexts import Kind
from carescreen.screener import (
    BLOCK_CHILDREN,
    Progress,
    Screener,
    day_of,
    of_model,
    require_count,
)
from carescreen.sheet import Sheet, is_none, objects

LARGE = 32 << 20  # bytes of tables, from which the command ranks a folder in pieces


def rank_folder(
    screener: Screener,
    folder: str | Path,
    as_of: str | date | np.datetime64,
    capacity: int | None = None,
    *,
    work_folder: str | Path,
    least_bytes: int = 0,
    mapping: str | Path | None = None,
    first_run: bool = False,
    processes: int = 1,
    piece_children: int = BLOCK_CHILDREN,
    kinds: Collection[Kind] = ("private", "public"),
    progress: Progress | None = None,
    mentions_cache: str | Path | MentionCache | None = None,
) -> Ranking:
    """Rank the children of a folder as `Screener.rank` does its `Caseload`, in little memory.

    Pieces of about `piece_children` children, whole households, are cut aside in `work_folder`, which
    also holds the texts of the ranking: it must be there until the ranking is done with, it holds
    notes, and whoever makes it takes it away. `kinds` are the texts that are wanted: whole records
    and names of sensitive rules ("private"), or what may leave the office ("public"). Tables that
    cannot be cut (neither CSV nor Parquet, several encodings in one file, quotes in the midst of
    cells) are read as a whole instead, and so is a folder of fewer than `least_bytes` of tables.
    `mentions_cache` is that of `Screener.rank`. Errors are those of `Caseload.read` and `Screener.rank`.
    """
    require_count("processes is a number of worker processes", processes)
    require_count("piece_children is a number of children", piece_children)
    day = day_of(as_of)
    seats = screener.seats(capacity)
    engine = screener.ranking_engine(day, first_run, mentions_cache)
    files = caseload_files(folder, mapping)
    states = FileStates.of(files)
    run = _Run(screener, engine, Path(folder), Path(work_folder), processes, progress)
    try:
        _require_bytes(files, least_bytes)
        tables, count = run.cut(mapping, piece_children)
        states.require_unchanged()
        pieces = run.pieces(tables, count, piece_children, kinds)
    except (NotInPieces, CaseloadError, UnicodeDecodeError):
        states.require_unchanged()
        # What is wrong with a file is said with the place in the whole of it.
        caseload = Caseload.read(folder, mapping)
        run.tell("read", 1, 1)
        return screener.rank(
            caseload,
            day,
            seats,
            first_run=first_run,
            processes=processes,
            progress=progress,
            mentions_cache=engine.mentions,
        )
    if engine.mentions is not None:
        engine.mentions.write(seen for piece in pieces for seen in piece.seen)
    return run.ranking(pieces, seats)


def _require_bytes(files: Iterable[Path], least: int) -> None:
    """NotInPieces where tables are small; Parquet takes a quarter of the bytes of CSV."""
    weights = {".parquet": 4}
    sizes = ((path.suffix.casefold(), path.stat().st_size) for path in files if path.exists())
    if sum(weights.get(suffix, 1) * size for suffix, size in sizes) < least:
        raise NotInPieces


class _Run:
    """One run over a folder."""

    def __init__(
        self,
        screener: Screener,
        engine: Engine,
        folder: Path,
        work: Path,
        processes: int,
        progress: Progress | None,
    ) -> None:
        self.screener, self.engine, self.folder, self.work = screener, engine, folder, work
        self.processes, self.progress = processes, progress
        self.layouts: dict[str, Layout] = {}
        self.notices: list[str] = []

    def pieces(
        self,
        tables: Mapping[str, CutTable],
        count: int,
        piece_children: int,
        kinds: Collection[Kind],
    ) -> list[Piece]:
        """Every piece, ranked."""
        work = PieceWork(self.engine, self.layouts, tables, self.work, piece_children, kinds)
        jobs = ((number,) for number in range(count))
        found = []
        for done, piece in enumerate(in_processes(ranked_piece, work, jobs, self.processes), 1):
            found.append(piece)
            self.tell("rank", done, count)
        for cuts in tables.values():
            cuts.remove()
        return found

    def cut(
        self, mapping: str | Path | None, piece_children: int
    ) -> tuple[dict[str, CutTable], int]:
        """Cut every table into pieces; how many there are."""
        indicators = self.screener.rules.indicators
        self.layouts, left_out = layouts_of(self.folder, mapping, indicators)
        self.notices = [note for layout in self.layouts.values() for note in layout.notices]
        self.notices += map(str, left_out)
        jobs = jobs_of(self.layouts)
        plan = CutPlan(self.layouts, None, self.work)
        of_children = [job for job in jobs if job[0] == "children"]
        parts = in_processes(child_keys, plan, of_children, self.processes)
        keys = [batch for part in parts for batch in part]
        if all(is_none(batch[0]).all() for batch in keys):
            raise NotInPieces  # says whether there are rows at all
        homes = Homes.of(_joined(keys, 0), _joined(keys, 1), piece_children)
        del keys
        plan = CutPlan(self.layouts, homes, self.work)
        cuts: dict[str, list[Cut]] = {name: [] for name in self.layouts}
        results = in_processes(cut, plan, jobs, self.processes)
        for done, (job, found) in enumerate(zip(jobs, results, strict=True), 1):
            cuts[job[0]] += found
            self.tell("cut", done, len(jobs))
        return {name: CutTable(found) for name, found in cuts.items()}, homes.count

    def ranking(self, pieces: list[Piece], seats: int) -> Ranking:
        """All pieces put in order; they are let go of on the way."""
        screener, day = self.screener, self.engine.as_of
        if all(piece.rows is None for piece in pieces):
            raise CaseloadError(f"no child was known by {day}: nothing to rank")
        run = screener.run(day, seats, self.engine.first_run, any(p.synthetic for p in pieces))
        counts = in_words((entry for piece in pieces for entry in piece.counts), len(pieces))
        rejected = self._rejected(pieces).to_frame()
        twice = self._duplicates(pieces)
        tally = add_up(piece.tally for piece in pieces)
        rows = [piece.rows for piece in pieces if piece.rows is not None]
        texts = [piece.texts for piece in pieces if piece.rows is not None]
        pieces.clear()
        joined, store = joined_rows(rows, texts)
        return Ranking(
            joined,
            store,
            run,
            rejected,
            [*self.notices, *counts, *of_model(screener.model, run)],
            seats,
            screener.rules.settings.random_share,
            twice,
            screener.codes,
            profile_of(tally, screener.rules, screener.features.sensitive),
        )

    def _duplicates(self, pieces: Sequence[Piece]) -> Duplicates:
        """Who may be recorded twice, in whichever pieces."""
        needed = [piece.duplicates for piece in pieces if piece.rows is not None]
        children, decisions = (Sheet.joined([part[place] for part in needed]) for place in (0, 1))
        return duplicates_of(children, decisions, self.screener.rules.indicators)

    def _rejected(self, pieces: Sequence[Piece]) -> Sheet:
        """What could not be used, of all pieces, in the order of tables and rows."""
        shared = _shared_visits(pieces)
        file = self.layouts["visits"].path.name
        field, expected, action = SHARED_VISIT
        parts = [piece.findings for piece in pieces]
        own = Sheet.joined(parts)
        is_it = (own["file"] == file) & (own["field"] == field) & (own["expected"] == expected)
        more = np.setdiff1d(shared, own["row"][is_it].astype(np.int64))
        columns = {"file": file, "field": field, "expected": expected, "action": action}
        added = {name: objects([text] * len(more)) for name, text in columns.items()}
        found = Sheet.joined([own, Sheet({**added, "row": more}).only(list(own))])
        return in_file_order(found, [layout.path.name for layout in self.layouts.values()])

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far a step is."""
        if self.progress is not None:
            self.progress(what, done, total)


def _joined(keys: Sequence[Sequence[NDArray[np.object_]]], place: int) -> NDArray[np.object_]:
    return np.concatenate([objects([]), *(columns[place] for columns in keys)])


def _shared_visits(pieces: Sequence[Piece]) -> NDArray[np.int64]:
    """Rows of visits whose id a visit of another piece has too."""
    ids = [piece.visit_ids for piece in pieces]
    one = np.concatenate([part.one for part in ids])
    piece = np.repeat(np.arange(len(ids), dtype=np.int32), [len(part.row) for part in ids])
    order = np.argsort(one)
    again = one[order[1:]] == one[order[:-1]]
    found = np.unique(np.concatenate([order[1:][again], order[:-1][again]]))  # few, if any
    del order, again
    other = np.concatenate([part.other for part in ids])[found]
    row = np.concatenate([part.row for part in ids])[found]
    keys = pd.DataFrame({"one": one[found], "other": other, "piece": piece[found]})
    several = keys.groupby(["one", "other"])["piece"].transform("nunique").to_numpy() > 1
    return np.unique(row[several])
