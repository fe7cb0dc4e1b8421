"""Does the list find the children who need a visit? Past rankings against later outcomes."""

from carescreen.evaluation.backtest import Backtest, backtest
from carescreen.evaluation.figures import Measured
from carescreen.evaluation.order import discrimination, use

__all__ = [
    "Backtest",
    "Measured",
    "backtest",
    "discrimination",
    "use",
]
