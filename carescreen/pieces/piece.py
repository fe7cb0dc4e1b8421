"""What a worker process does with one piece: the checks and the block function of a small caseload."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from carescreen.caseload import Caseload
from carescreen.counted import Count
from carescreen.duplicates import needed_of
from carescreen.engine import Engine
from carescreen.mentioncache import Seen
from carescreen.pieces.cutting import CutTable
from carescreen.pieces.homes import Hashes, hashes_of
from carescreen.pieces.layouts import Layout
from carescreen.profile import add_up
from carescreen.profile_bins import Tally
from carescreen.ranking import BlockRows, block_rows
from carescreen.recordtexts import Kind
from carescreen.screener import Partition
from carescreen.sheet import Ints, Sheet


@dataclass(frozen=True)
class PieceWork:
    """What every process that ranks a piece needs."""

    engine: Engine
    layouts: Mapping[str, Layout]
    tables: Mapping[str, CutTable]
    folder: Path
    block_children: int
    kinds: Collection[Kind]


@dataclass(frozen=True, repr=False)  # its values are records
class VisitIds:
    """Two hashes of the id of each visit, and its row: to find ids that children of two pieces share."""

    one: Hashes
    other: Hashes
    row: Ints

    @classmethod
    def of(cls, visits: Sheet) -> VisitIds:
        """Of the visits of a checked caseload."""
        ids = visits["visit_id"]
        return cls(hashes_of(ids), hashes_of(ids, "carescreen-other"), visits["row"])


@dataclass(frozen=True, repr=False)  # its values are records
class Piece:
    """A piece, ranked: rows of its children (None: it has none) with their texts in `texts`.

    findings    what could not be used
    counts      what its notices count
    synthetic   whether a child is invented
    visit_ids   of every visit
    duplicates  what looking for children who are recorded twice needs: children, decisions
    seen        of its blocks, where there is a cache of mentions
    """

    rows: Sheet | None
    texts: Path
    tally: Tally
    findings: Sheet
    counts: list[tuple[Count, int]]
    synthetic: bool
    visit_ids: VisitIds
    duplicates: tuple[Sheet, Sheet]
    seen: list[Seen]


def ranked_piece(work: PieceWork, number: int) -> Piece:
    """Read, check and rank the households of one piece; its texts go into a file."""
    tables = {
        name: layout.table(*work.tables[name].piece(number))
        for name, layout in work.layouts.items()
    }
    engine = work.engine
    checked = Caseload.of_part(tables).check(engine.rules.indicators)
    known = checked.known_by(engine.as_of)
    parts = Partition(known, work.block_children)
    blocks = [block_rows(engine, *parts.block(block), work.kinds) for block in range(parts.count)]
    texts = work.folder / f"texts-{number}"
    return Piece(
        rows=_written(blocks, texts) if blocks else None,
        texts=texts,
        tally=add_up(block.tally for block in blocks),
        findings=checked.findings,
        counts=known.counted(),
        synthetic=known.is_synthetic,
        visit_ids=VisitIds.of(checked.sheets["visits"]),
        duplicates=needed_of(
            known.sheets["children"], known.sheets["decisions"], engine.rules.indicators
        ),
        seen=[block.seen for block in blocks if block.seen is not None],
    )


def _written(blocks: list[BlockRows], path: Path) -> Sheet:
    """The rows of the blocks of a piece, their texts one after the other in one file."""
    rows, before = [], 0
    with path.open("wb") as file:
        for block in blocks:
            file.write(block.texts)
            rows.append(block.rows.with_columns(text_at=block.rows["text_at"] + before))
            before += len(block.texts)
    return Sheet.joined(rows)
