"""A long short-term memory network as a scikit-learn regressor, in NumPy, and what forecasts with it."""

from sklstm._backtest import BacktestResult, backtest
from sklstm._forecaster import Forecaster
from sklstm._panel import split_panel
from sklstm._plot import BacktestDisplay, ForecastDisplay, LossCurveDisplay
from sklstm._regressor import LSTMRegressor
from sklstm._transformer import WindowTransformer, make_windows
from sklstm._version import __version__

__all__ = [
    "BacktestDisplay",
    "BacktestResult",
    "ForecastDisplay",
    "Forecaster",
    "LSTMRegressor",
    "LossCurveDisplay",
    "WindowTransformer",
    "__version__",
    "backtest",
    "make_windows",
    "split_panel",
]
