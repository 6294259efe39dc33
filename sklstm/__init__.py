"""Forecast time series with a long short-term memory network (LSTM) in NumPy, as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING

from sklstm._estimator.lags_to_sequences import LagsToSequences
from sklstm._estimator.make_windows import make_windows
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._forecasting.backtest import BacktestResult, backtest
from sklstm._forecasting.default_regressor import default_regressor
from sklstm._forecasting.forecaster import Forecaster
from sklstm._series.panel import split_panel
from sklstm._show_versions import show_versions
from sklstm._version import __version__

if TYPE_CHECKING:
    from sklstm._checkpoint.checkpoint import Checkpoint
    from sklstm._checkpoint.files import load_checkpoint, save_checkpoint
    from sklstm._plot import (
        BacktestDisplay,
        ForecastDisplay,
        ImportanceDisplay,
        LossCurveDisplay,
        ResidualsDisplay,
        SeasonDisplay,
    )

__all__ = [
    "BacktestDisplay",
    "BacktestResult",
    "Checkpoint",
    "ForecastDisplay",
    "Forecaster",
    "ImportanceDisplay",
    "LSTMRegressor",
    "LagsToSequences",
    "LossCurveDisplay",
    "ResidualsDisplay",
    "SeasonDisplay",
    "WindowTransformer",
    "__version__",
    "backtest",
    "default_regressor",
    "load_checkpoint",
    "make_windows",
    "save_checkpoint",
    "show_versions",
    "split_panel",
]


# Imported when they are first used: the module, and the name in it, or None for the module itself.
_LATER = {
    "BacktestDisplay": ("sklstm._plot.backtest", "BacktestDisplay"),
    "Checkpoint": ("sklstm._checkpoint.checkpoint", "Checkpoint"),
    "ForecastDisplay": ("sklstm._plot.forecast", "ForecastDisplay"),
    "ImportanceDisplay": ("sklstm._plot.importance", "ImportanceDisplay"),
    "LossCurveDisplay": ("sklstm._plot.loss_curve", "LossCurveDisplay"),
    "ResidualsDisplay": ("sklstm._plot.residuals", "ResidualsDisplay"),
    "SeasonDisplay": ("sklstm._plot.season", "SeasonDisplay"),
    "datasets": ("sklstm.datasets", None),
    "load_checkpoint": ("sklstm._checkpoint.files", "load_checkpoint"),
    "save_checkpoint": ("sklstm._checkpoint.files", "save_checkpoint"),
}


def __getattr__(name):
    """Import what not every program needs when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return import_module(module) if attribute is None else getattr(import_module(module), attribute)


def __dir__():
    return sorted({*globals(), *_LATER})
