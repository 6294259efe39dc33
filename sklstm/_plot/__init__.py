"""Displays, which follow the convention of scikit-learn: plots of forecasts, backtests and losses."""

from sklstm._plot.backtest import BacktestDisplay
from sklstm._plot.forecast import ForecastDisplay
from sklstm._plot.loss_curve import LossCurveDisplay

__all__ = ["BacktestDisplay", "ForecastDisplay", "LossCurveDisplay"]
