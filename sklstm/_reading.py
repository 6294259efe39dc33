"""How a regressor reads windows, and what it has to be told to: an LSTM as sequences, any other as lags."""

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from sklstm._regressor import LSTMRegressor


def lstms(regressor):
    """The prefixes of the parameters of every LSTMRegressor in a regressor; "" is itself."""
    if isinstance(regressor, LSTMRegressor):
        return [""]
    parameters = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    return [f"{name}__" for name, value in parameters.items() if isinstance(value, LSTMRegressor)]


def needs_counts(regressor):
    """Whether targets must not become negative."""
    parameters = regressor.get_params(deep=False) if isinstance(regressor, LSTMRegressor) else {}
    nested = [value for value in regressor.get_params(deep=True).values() if isinstance(value, LSTMRegressor)]
    return (
        get_tags(regressor).target_tags.positive_only
        or parameters.get("loss") == "poisson"
        or any(lstm.loss == "poisson" for lstm in nested)
    )


def prepared(regressor, lags):
    """A clone; an LSTM in it is told how many channels a flattened step has, and which are targets."""
    regressor = clone(regressor)
    settings = {}
    for prefix in lstms(regressor):
        if prefix:
            settings[f"{prefix}n_channels"] = lags.n_channels
        if regressor.get_params()[f"{prefix}n_targets"] is None:
            settings[f"{prefix}n_targets"] = lags.n_targets
    return regressor.set_params(**settings)


def read(regressor, windows, lags):
    """Windows (n, L, C) as the regressor takes them.

    An LSTM takes sequences. What has one inside gets them flattened, as others may look at the rows before
    it does; any other regressor gets lags.
    """
    if isinstance(regressor, LSTMRegressor):
        return windows
    return windows.reshape(len(windows), -1) if lstms(regressor) else lags.flat(windows)


def accepts_nan(regressor):
    """Whether missing steps may reach a regressor, as far as its tags and those of its parts tell."""
    if isinstance(regressor, Pipeline):
        return _pipeline_accepts_nan([step for _, step in regressor.steps if step not in (None, "passthrough")])
    for name in ("estimator", "regressor"):  # GridSearchCV, TransformedTargetRegressor, … do not look at the rows
        inner = getattr(regressor, name, None)
        if hasattr(inner, "fit"):
            return accepts_nan(inner)
    return get_tags(regressor).input_tags.allow_nan


def _pipeline_accepts_nan(steps):
    for step in steps:
        if not accepts_nan(step):
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True  # what comes after it sees none
    return True


def weight_keywords(regressor, weight):
    """How `fit` takes sample weights."""
    if isinstance(regressor, Pipeline):
        name, last = regressor.steps[-1]
        return {f"{name}__{key}": value for key, value in weight_keywords(last, weight).items()}
    if not has_fit_parameter(regressor, "sample_weight"):
        raise TypeError(
            f"{type(regressor).__name__} takes no sample_weight: leave it out, or choose another regressor."
        )
    return {"sample_weight": np.array(weight)}
