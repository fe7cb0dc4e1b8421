"""Small models written by hand, and random ones, for tests that need no fitting."""

from __future__ import annotations

from hypothesis import strategies as st

from carescreen.calibration import CalibrationMap
from carescreen.modelfile import Manifest, SavedModel, Window
from carescreen.ngrams import PhraseTable
from carescreen.steps import AdditiveTables, StepTable

CARD = """# Risk model

## What it is not

- Its data are `SYNTHETIC`: nothing
  here was seen by anybody.
- No probability.

## Effects

- `lee2020`: OR 2 -> 0.693 log-odds. Lee, 2020.
"""
AGE = StepTable(
    "age",
    "number",
    (-400_000, -100_000, 0, 900_000),
    edges=(4.5, 9.5, 20.0),
    missing=50_000,
    monotone=1,
    title={"en": "Age in years", "zh": "周岁年龄"},
    sources=("lee2020", "other2021"),
)
VIOLENCE = StepTable(
    "violence",
    "number",
    (0, 450_000),
    edges=(0.5,),
    monotone=1,
    title={"en": "Violence at home", "zh": "家中有暴力"},
    sensitive=True,
)
PLACE = StepTable(
    "place", "category", (-200_000, 100_000, 0), levels=("hill", "river", "town"), missing=-7
)
SILENT = StepTable("income", "number", (0, 0), edges=(0.5,), title={"en": "Income", "zh": "低保"})


def saved(
    *features: StepTable,
    phrases: dict[str, int] | None = None,
    calibration: CalibrationMap | None = None,
    card: str = CARD,
    intercept: int = -2_000_000,
    **manifest: object,
) -> SavedModel:
    """A model of these features; a note column where phrases are given."""
    tables = AdditiveTables(
        intercept,
        features or (AGE, VIOLENCE, PLACE, SILENT),
        None if phrases is None else "note",
        PhraseTable(phrases or {}),
    )
    facts = {"name": "small", "made_by": "fit", **manifest}
    return SavedModel(tables, Manifest(**facts), calibration, card)


def rich() -> SavedModel:
    """One with everything that can be shown."""
    return saved(
        phrases={"hungry": 250_000, "没人管": 300_000, "tidy": -40_000},
        calibration=CalibrationMap(0.01, 1.02, (0.04, 0.0, 0.09), 240, "intercept+slope"),
        rows=12_345,
        groups=900,
        events=240,
        events_of_known_selection=123,
        data_window=Window(first="2024-01-01", last="2025-12-31"),
        switched_on={"income": "board of 2026-03-01"},
        software={"carescreen": "0.1.0"},
    )


WEIGHTS = st.integers(-3, 3).map(lambda tenths: tenths * 100_000 + (tenths == 2))
CUTS = st.sets(st.sampled_from([0.5, 1.0, 1.5, 2.25, 7.0]), max_size=4).map(sorted)


@st.composite
def numbers(draw: st.DrawFn, name: str) -> StepTable:
    edges = tuple(draw(CUTS))
    weights = draw(st.lists(WEIGHTS, min_size=len(edges) + 1, max_size=len(edges) + 1))
    monotone = draw(st.sampled_from([-1, 0, 1]))
    ordered = sorted(weights, reverse=monotone < 0) if monotone else weights
    title = {"en": draw(st.sampled_from(["A", "B"])), "zh": "甲"}
    return StepTable(
        name,
        "number",
        tuple(ordered),
        edges,
        (),
        draw(WEIGHTS),
        monotone,
        title,
        draw(st.booleans()),
    )


@st.composite
def words(draw: st.DrawFn, name: str) -> StepTable:
    levels = tuple(sorted(draw(st.sets(st.sampled_from(["hill", "river", "town"])))))
    levels = levels or ("sea",)
    weights = draw(st.lists(WEIGHTS, min_size=len(levels), max_size=len(levels)))
    return StepTable(name, "category", tuple(weights), (), levels, draw(WEIGHTS))


@st.composite
def models(draw: st.DrawFn) -> SavedModel:
    """Models with some of four columns: `n1`, `n2` numbers, `w` words, `both` now one, now the other."""
    tables = [draw(numbers("n1")), draw(numbers("n2")), draw(words("w"))]
    tables.append(draw(st.one_of(numbers("both"), words("both"))))
    chosen = draw(st.lists(st.sampled_from(tables), unique_by=lambda table: table.name))
    phrases = draw(st.dictionaries(st.sampled_from(["a", "b", "没人"]), WEIGHTS, max_size=3))
    calibration = st.builds(
        CalibrationMap, st.sampled_from([0.0, 0.5]), st.just(1.0), events=st.integers(18, 21)
    )
    column = draw(st.sampled_from(["note", "text"]))
    tables_of = AdditiveTables(draw(WEIGHTS), tuple(chosen), column, PhraseTable(phrases))
    manifest = Manifest(
        name=draw(st.sampled_from(["a", "b"])),
        made_by=draw(st.sampled_from(["fit", "evidence"])),
        rows=draw(st.integers(0, 2)),
        software=draw(st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"]))),
    )
    return SavedModel(
        tables_of, manifest, draw(st.none() | calibration), draw(st.sampled_from("ab"))
    )
