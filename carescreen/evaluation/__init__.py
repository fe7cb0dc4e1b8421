"""Does the list find the children who need a visit? Past rankings against later outcomes."""

from carescreen.evaluation.backtest import Backtest, backtest
from carescreen.evaluation.decision_curve import net_benefit
from carescreen.evaluation.figures import Measured
from carescreen.evaluation.order import discrimination, use
from carescreen.evaluation.reliability import Reliability, reliability

__all__ = [
    "Backtest",
    "Measured",
    "Reliability",
    "backtest",
    "discrimination",
    "net_benefit",
    "reliability",
    "use",
]
