"""A long short-term memory network as a scikit-learn regressor, in NumPy."""

from sklstm._plot import LossCurveDisplay
from sklstm._regressor import LSTMRegressor
from sklstm._transformer import WindowTransformer, make_windows
from sklstm._version import __version__

__all__ = ["LSTMRegressor", "LossCurveDisplay", "WindowTransformer", "__version__", "make_windows"]
