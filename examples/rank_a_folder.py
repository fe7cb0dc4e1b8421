"""Rank a folder of tables and say why the first child is first."""

import sys

from carescreen import Caseload, Screener

folder = sys.argv[1] if len(sys.argv) > 1 else "out/county"
screener = Screener.load(pack="cn-rural", model="evidence")
ranking = screener.rank(Caseload.read(folder), as_of="2026-11-01", capacity=20)
first = ranking.to_frame()["child_id"].iloc[0]
print(ranking.explain(first, language="en"))
