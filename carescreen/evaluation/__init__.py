"""Does the list find the children who need a visit? Past rankings against later outcomes."""

from carescreen.evaluation.backtest import Backtest, backtest
from carescreen.evaluation.decision_curve import net_benefit
from carescreen.evaluation.evaluated import Evaluation, evaluate
from carescreen.evaluation.figures import Measured
from carescreen.evaluation.groups import GroupAudit, audit_groups
from carescreen.evaluation.leaks import find_leaks
from carescreen.evaluation.misses import Misses, misses
from carescreen.evaluation.misses_interval import visits_needed
from carescreen.evaluation.order import discrimination, use
from carescreen.evaluation.reliability import Reliability, reliability
from carescreen.evaluation.report import write_report

__all__ = [
    "Backtest",
    "Evaluation",
    "GroupAudit",
    "Measured",
    "Misses",
    "Reliability",
    "audit_groups",
    "backtest",
    "discrimination",
    "evaluate",
    "find_leaks",
    "misses",
    "net_benefit",
    "reliability",
    "use",
    "visits_needed",
    "write_report",
]
