"""Does the list find the children who need a visit? Past rankings against later outcomes."""

from carescreen.evaluation.backtest import Backtest, backtest

__all__ = ["Backtest", "backtest"]
