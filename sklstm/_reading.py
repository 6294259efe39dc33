"""How a regressor reads windows, and what it has to be told to: an LSTM as sequences, any other as lags."""

import sys
from inspect import signature

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from sklstm._regressor import LSTMRegressor

# Of scikit-learn, those whose tags may say that they take no NaN though what is in them does. By name: importing
# them takes longer than a fit.
HAND_ON = {"BaseSearchCV", "TransformedTargetRegressor", "MultiOutputRegressor", "BaggingRegressor"}


def lstms(regressor):
    """The prefixes of the parameters of every LSTMRegressor in a regressor; "" is itself."""
    if isinstance(regressor, LSTMRegressor):
        return [""]
    parameters = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    return [f"{name}__" for name, value in parameters.items() if isinstance(value, LSTMRegressor)]


def needs_counts(regressor):
    """Whether targets must not become negative, for the regressor or anything in it."""
    parts = [regressor, *regressor.get_params(deep=True).values()]
    return any(_needs_counts(part) for part in parts if isinstance(part, BaseEstimator))


def _needs_counts(estimator):
    losses = [getattr(estimator, name, None) for name in ("loss", "criterion")]
    return get_tags(estimator).target_tags.positive_only or "poisson" in losses or "gamma" in losses


def prepared(regressor, lags, strategy="recursive"):
    """A clone; an LSTM in it is told what a flattened step holds, which are targets, and what each step predicts."""
    regressor = clone(regressor)
    settings, parameters = {}, regressor.get_params()
    for prefix in lstms(regressor):
        if prefix:
            settings[f"{prefix}n_channels"] = lags.n_channels
        if parameters[f"{prefix}n_targets"] is None:
            settings[f"{prefix}n_targets"] = lags.n_targets
        if parameters[f"{prefix}loss_steps"] == "auto":  # other targets are no next steps
            is_next = strategy == "recursive" and not parameters[f"{prefix}bidirectional"]
            settings[f"{prefix}loss_steps"] = "all" if is_next else "last"
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
    if _is_pipeline(regressor):
        return _pipeline_accepts_nan([step for _, step in regressor.steps if step not in (None, "passthrough")])
    inner = _inner(regressor)
    return get_tags(regressor).input_tags.allow_nan if inner is None else accepts_nan(inner)


def _inner(regressor):
    """The regressor that is all that looks at the rows in another; None where there is none."""
    if HAND_ON.isdisjoint(kind.__name__ for kind in type(regressor).__mro__):
        return None
    return regressor.regressor if hasattr(regressor, "regressor") else regressor.estimator


def _is_pipeline(regressor):
    """Whether it is one; then the module is loaded, which would take as long as half of sklstm."""
    module = sys.modules.get("sklearn.pipeline")
    return module is not None and isinstance(regressor, module.Pipeline)


def _pipeline_accepts_nan(steps):
    for step in steps:
        if not accepts_nan(step):
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True  # what comes after it sees none
    return True


def weight_keywords(regressor, weight):
    """How `fit` takes sample weights."""
    if _is_pipeline(regressor) and not get_config().get("enable_metadata_routing"):
        name, last = regressor.steps[-1]
        return {f"{name}__{key}": value for key, value in weight_keywords(last, weight).items()}
    takes_any = any(p.kind == p.VAR_KEYWORD for p in signature(regressor.fit).parameters.values())
    if not takes_any and not has_fit_parameter(regressor, "sample_weight"):
        raise TypeError(
            f"{type(regressor).__name__} takes no sample_weight: leave it out, or choose another regressor."
        )
    return {"sample_weight": np.array(weight)}
