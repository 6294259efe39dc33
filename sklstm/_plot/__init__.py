"""Displays of forecasts, backtests and losses, in the style of scikit-learn."""

from sklstm._plot.backtest import BacktestDisplay
from sklstm._plot.forecast import ForecastDisplay
from sklstm._plot.importance import ImportanceDisplay
from sklstm._plot.loss_curve import LossCurveDisplay
from sklstm._plot.residuals import ResidualsDisplay
from sklstm._plot.season import SeasonDisplay

__all__ = [
    "BacktestDisplay",
    "ForecastDisplay",
    "ImportanceDisplay",
    "LossCurveDisplay",
    "ResidualsDisplay",
    "SeasonDisplay",
]
