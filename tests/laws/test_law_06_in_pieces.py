"""Law 6 over engines: a folder that is cut into pieces on disk gives the bytes of one read as a whole."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from caseloads import DAYS, Tables, days, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError
from carescreen.pieces import csvrows, rank_folder
from carescreen.ranking import Ranking
from carescreen.rankingfiles import write_ranking
from carescreen.screener import Screener


@given(
    data=st.data(),
    as_of=days(),
    size=st.sampled_from([1, 2, 3, 50]),
    range_bytes=st.sampled_from([40, 300, 1 << 20]),
)
def test_pieces_and_ranges_change_nothing(
    screener: Screener, data: st.DataObject, as_of: date, size: int, range_bytes: int
) -> None:
    found = data.draw(tables(as_of))
    assert_same(screener, found, as_of, size, range_bytes, processes=1)


@settings(max_examples=5)
@given(data=st.data())
def test_processes_change_nothing(screener: Screener, data: st.DataObject) -> None:
    assert_same(screener, data.draw(tables(DAYS[0])), DAYS[0], 1, 60, processes=2)


def assert_same(
    screener: Screener,
    found: Tables,
    as_of: date,
    size: int,
    range_bytes: int,
    processes: int,
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, work = Path(place, "county"), Path(place, "work")
        for made in (folder, work):
            made.mkdir()
        for name, frame in found.frames().items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        whole = _whole(screener, folder, as_of)
        before, csvrows.RANGE_BYTES = csvrows.RANGE_BYTES, range_bytes
        try:
            cut = rank_folder(
                screener,
                folder,
                as_of,
                work_folder=work,
                piece_children=size,
                processes=processes,
            )
        except CaseloadError as error:
            cut = str(error)
        finally:
            csvrows.RANGE_BYTES = before
        assert said(cut, Path(place)) == said(whole, Path(place))


def _whole(screener: Screener, folder: Path, as_of: date) -> Ranking | str:
    try:
        return screener.rank(Caseload.read(folder), as_of)
    except CaseloadError as error:
        return str(error)


def said(ranking: Ranking | str, place: Path) -> object:
    """Everything that a ranking says."""
    if isinstance(ranking, str):
        return ranking
    files = []
    for quotes in (True, False):
        write_ranking(ranking, place, quotes=quotes)
        files += [(place / name).read_bytes() for name in ("ranking.csv", "ranking.jsonl")]
    rejected = ranking.rejected.to_dict("records")
    pairs = ranking.duplicates.pairs
    return files, rejected, ranking.notices, ranking.run, ranking.profile, pairs, ranking.capacity
