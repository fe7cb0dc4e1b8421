"""carescreen ranks children for follow-up visits and says why.

The public names load when they are first used: `import carescreen` alone loads neither pandas nor
scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carescreen.assessment import Assessment, Case
    from carescreen.caseload import Caseload
    from carescreen.errors import CarescreenError, NotCalibrated
    from carescreen.evaluation.backtest import backtest
    from carescreen.model import RiskModel
    from carescreen.notes import NoteReader
    from carescreen.ranking import Ranking
    from carescreen.rules import RulePack
    from carescreen.screener import Screener

__version__ = "0.1.0"

_HOME = {
    "Assessment": "assessment",
    "CarescreenError": "errors",
    "Case": "assessment",
    "Caseload": "caseload",
    "NotCalibrated": "errors",
    "NoteReader": "notes",
    "Ranking": "ranking",
    "RiskModel": "model",
    "RulePack": "rules",
    "Screener": "screener",
    "backtest": "evaluation.backtest",
}

__all__ = [
    "Assessment",
    "CarescreenError",
    "Case",
    "Caseload",
    "NotCalibrated",
    "NoteReader",
    "Ranking",
    "RiskModel",
    "RulePack",
    "Screener",
    "__version__",
    "backtest",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'carescreen' has no attribute '{name}'")
    value = getattr(import_module(f"carescreen.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
