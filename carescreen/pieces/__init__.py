"""Ranking a folder that is too large to hold in memory: piece by piece, on all processors.

    with tempfile.TemporaryDirectory() as work:
        ranking = rank_folder(screener, "county", "2026-11-01", work_folder=work, processes=2)

The tables are cut into pieces of whole households on disk, each piece is checked and ranked as a small
caseload would be, and all children are put in order at the end: the same bytes as `Screener.rank`.
"""

from carescreen.pieces.run import LARGE, rank_folder

__all__ = ["LARGE", "rank_folder"]
