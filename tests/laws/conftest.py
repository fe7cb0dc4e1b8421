"""The small screener of the law tests, and its plain counterpart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from plain_ranking import PlainPack

from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.screener import Screener
from carescreen.steps import AdditiveTables, StepTable

PACK = Path(__file__).parent / "pack"
MODEL = AdditiveTables(
    intercept=-2_345_678,
    features=tuple(
        replace(table, title={"en": table.name, "zh": table.name})
        for table in (
            StepTable("hit", "number", (0, 450_001), (0.5,), missing=7, sensitive=True),
            StepTable("debts", "number", (0, 10, 99_999), (5.0, 50.0), missing=-3, monotone=1),
            StepTable("few_helpers", "number", (0, 120_000), (0.5,), missing=60_000),
            StepTable("quarrels", "number", (0, 210_003), (0.5,)),
            StepTable("prior", "number", (0, 300_000, 500_000), (0.5, 1.5), monotone=1),
            StepTable("no_water", "number", (0, 1), (0.5,)),
            StepTable("very_young", "number", (0, 333_333), (0.5,), missing=111_111),
        )
    ),
)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written evidence model over the small pack's features."""
    folder = tmp_path_factory.mktemp("models") / "small"
    write_model(folder, SavedModel(MODEL, Manifest(name="small", made_by="evidence")))
    return folder


@pytest.fixture(scope="session")
def screener(model_folder: Path) -> Screener:
    """The engine over the small pack."""
    return Screener.load(PACK, model_folder)


@pytest.fixture(scope="session")
def plain_pack(model_folder: Path) -> PlainPack:
    """The same pack and model as plain data."""
    return PlainPack.load(PACK, model_folder)
