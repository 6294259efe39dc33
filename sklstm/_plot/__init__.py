"""Displays in scikit-learn's convention."""

from sklstm._plot._backtest import BacktestDisplay
from sklstm._plot._forecast import ForecastDisplay
from sklstm._plot._loss_curve import LossCurveDisplay

__all__ = ["BacktestDisplay", "ForecastDisplay", "LossCurveDisplay"]
