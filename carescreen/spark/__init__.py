"""Ranking a caseload that outgrew one machine, on Spark data frames (extra `spark`).

    from carescreen.spark import rank
    ranked = rank(children_df, visits_df, households_df, as_of="2026-11-01")
    ranked.frame().write.parquet("ranking")

The same block function as on one machine reads buckets of whole households on the executors; Spark
puts the children in order. The bytes are those of one machine. docs/scale.md says how to run it.
"""

from __future__ import annotations

from importlib import import_module

from carescreen.errors import MissingExtra


def _require_libraries() -> None:
    for library in ("pyspark", "pyarrow"):
        try:
            import_module(library)
        except ImportError:
            raise MissingExtra("Ranking on Spark", library, "spark") from None


_require_libraries()

from carescreen.spark.ranked import Ranked  # noqa: E402
from carescreen.spark.run import rank  # noqa: E402  after the error that says what to install

__all__ = ["Ranked", "rank"]
