"""Does the list find the children who need a visit? Past rankings against later outcomes."""

from carescreen.evaluation.backtest import Backtest, backtest
from carescreen.evaluation.decision_curve import net_benefit
from carescreen.evaluation.figures import Measured
from carescreen.evaluation.misses import Misses, misses
from carescreen.evaluation.misses_interval import visits_needed
from carescreen.evaluation.order import discrimination, use
from carescreen.evaluation.reliability import Reliability, reliability

__all__ = [
    "Backtest",
    "Measured",
    "Misses",
    "Reliability",
    "backtest",
    "discrimination",
    "misses",
    "net_benefit",
    "reliability",
    "use",
    "visits_needed",
]
