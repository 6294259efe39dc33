"""Displays of forecasts, backtests and losses, in the style of scikit-learn."""

from sklstm._plot.backtest import BacktestDisplay
from sklstm._plot.forecast import ForecastDisplay
from sklstm._plot.loss_curve import LossCurveDisplay

__all__ = ["BacktestDisplay", "ForecastDisplay", "LossCurveDisplay"]
