"""The small screener of the law tests, and its plain counterpart."""

from __future__ import annotations

from pathlib import Path

import pytest
from law_pack import MODEL, PACK
from plain_ranking import PlainPack

from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.screener import Screener


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
