"""How a regressor reads windows, and what it has to be told to: an LSTM as sequences, any other as lags."""

import sys
from enum import Enum
from inspect import signature

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._utils.windows import as_slice

# Of scikit-learn, those whose tags may say that they take no NaN though what is in them does, by the module that
# holds them: importing it takes longer than a fit, and whoever has one of them has it loaded.
HAND_ON = {
    "BaseSearchCV": "sklearn.model_selection._search",
    "TransformedTargetRegressor": "sklearn.compose._target",
    "MultiOutputRegressor": "sklearn.multioutput",
    "BaggingRegressor": "sklearn.ensemble._bagging",
}
# What predicts, but no values of the target: by the type in scikit-learn's tags.
NO_REGRESSORS = {
    "classifier": "a classifier, which answers with labels",
    "clusterer": "a clusterer, which answers with numbers of clusters",
    "outlier_detector": "an outlier detector, which answers with 1 and -1",
    "density_estimator": "a density estimator, which answers with numbers of components",
}


def check_regressor(regressor, whole=None):
    """Whether it can be trained to predict values, as far as it and what is in it tell.

    One that says nothing of itself passes.
    """
    whole = regressor if whole is None else whole
    if isinstance(regressor, type):
        raise TypeError(
            f"regressor must be an instance, got the class {regressor.__name__}: write {regressor.__name__}()."
        )
    _check_cuts_no_windows(regressor)
    inner = _predictor_in(regressor)
    if inner is not None:
        check_regressor(inner, whole)
    tags = _tags(regressor)
    kind = getattr(regressor, "_estimator_type", None) if tags is None else tags.estimator_type
    who = type(regressor).__name__ + ("" if whole is regressor else f", in regressor={whole!r},")
    if kind in NO_REGRESSORS:
        raise TypeError(f"{who} is {NO_REGRESSORS[kind]}. Choose a regressor, which predicts the values of a series.")
    if kind != "regressor" and not hasattr(regressor, "predict"):  # before its fit, some regressor has none either
        raise TypeError(f"{who} has no predict. Choose a regressor, which predicts the values of a series.")


def _check_cuts_no_windows(regressor):
    """Whether a pipeline leaves the cutting to the forecaster, whose windows are no rows in order of time."""
    steps = [step for _, step in regressor.steps] if _is_pipeline(regressor) else []
    cutter = next((step for step in steps if isinstance(step, WindowTransformer)), None)
    if cutter is not None:
        raise TypeError(
            f"A Forecaster cuts its windows itself, but its regressor has a {cutter!r} in it. Leave that out, and "
            f"write Forecaster(..., window_length={cutter.window_length})."
        )


def _tags(estimator):
    """What an estimator says of itself; None where it says nothing."""
    says = hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type)
    return get_tags(estimator) if says else None


def _predictor_in(regressor):
    """The estimator inside one of scikit-learn's own whose answers become its answers; None where there is none."""
    if _is_pipeline(regressor):
        last = regressor.steps[-1][1]
        return None if last in (None, "passthrough") else last
    if not type(regressor).__module__.startswith("sklearn."):
        return None
    inside = regressor.get_params(deep=False)
    parts = (inside.get(name) for name in ("estimator", "regressor", "base_estimator", "final_estimator"))
    return next((part for part in parts if hasattr(part, "fit")), None)


def lstm_prefixes(regressor):
    """The prefixes of the parameters of every LSTMRegressor in a regressor; "" is itself."""
    if isinstance(regressor, LSTMRegressor):
        return [""]
    parameters = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    return [f"{name}__" for name, value in parameters.items() if isinstance(value, LSTMRegressor)]


def reads_by_channel(regressor):
    """Whether a missing channel leaves the others of its step to be read, by every LSTMRegressor in a regressor."""
    prefixes = lstm_prefixes(regressor)
    parameters = regressor.get_params(deep=True) if prefixes else {}
    return bool(prefixes) and all(parameters[f"{prefix}missing"] == "indicator" for prefix in prefixes)


def needs_counts(regressor):
    """Whether targets must not become negative, for the regressor or anything in it."""
    parts = [regressor, *regressor.get_params(deep=True).values()] if hasattr(regressor, "get_params") else []
    return any(_needs_counts(part) for part in parts if isinstance(part, BaseEstimator))


def _needs_counts(estimator):
    losses = [getattr(estimator, name, None) for name in ("loss", "criterion")]
    return get_tags(estimator).target_tags.positive_only or "poisson" in losses or "gamma" in losses


def clone_for_windows(regressor, spec, feeds_back=True, verbose=False):
    """A clone for windows of this spec.

    The LSTMs in it are told which channels a flattened step has, which of them are targets, and whether the targets
    are the next step (`feeds_back`). Those that are silent are told to print as `verbose` says.
    """
    regressor = clone(regressor)
    settings, parameters = {}, regressor.get_params()
    for prefix in lstm_prefixes(regressor):
        if prefix:
            settings[f"{prefix}n_channels"] = spec.n_channels
        if verbose and not parameters[f"{prefix}verbose"]:
            settings[f"{prefix}verbose"] = verbose
        if parameters[f"{prefix}n_targets"] is None:
            settings[f"{prefix}n_targets"] = spec.n_targets
        if parameters[f"{prefix}loss_steps"] == "auto":
            is_next = feeds_back and not parameters[f"{prefix}bidirectional"]
            settings[f"{prefix}loss_steps"] = "all" if is_next else "last"
    return regressor.set_params(**settings)


class InputFormat(Enum):
    """What a regressor takes windows as."""

    SEQUENCES = "arrays (n, window_length, n_channels)"
    FLAT_SEQUENCES = "the same flattened, as something may look at the rows before an LSTM inside does"
    LAG_TABLE = "rows of lags"

    @classmethod
    def from_regressor(cls, regressor):
        """The format of a regressor, by its type and that of what is inside."""
        if isinstance(regressor, LSTMRegressor):
            return cls.SEQUENCES
        return cls.FLAT_SEQUENCES if lstm_prefixes(regressor) else cls.LAG_TABLE


def to_regressor_input(windows, spec, input_format, rows=None):
    """Convert windows (n, L, C), or some of them, to a regressor's input; copied at most once."""
    if rows is not None and isinstance(as_slice(rows), slice):
        windows, rows = windows[as_slice(rows)], None
    if input_format is InputFormat.LAG_TABLE:
        return spec.lag_table(windows, rows)
    windows = windows if rows is None else windows[rows]
    return windows if input_format is InputFormat.SEQUENCES else windows.reshape(len(windows), -1)


def accepts_nan(regressor):
    """Whether missing steps may reach a regressor, as far as its tags and those of its parts tell."""
    if _is_pipeline(regressor):
        return _pipeline_accepts_nan([step for _, step in regressor.steps if step not in (None, "passthrough")])
    inner = _inner(regressor)
    if inner is not None:
        return accepts_nan(inner)
    tags = _tags(regressor)
    return tags is not None and tags.input_tags.allow_nan


def takes_several(regressor):
    """Whether its tags say that it learns several outputs at once."""
    tags = _tags(regressor)
    return tags is not None and tags.target_tags.multi_output


def _inner(regressor):
    """The regressor that is all that looks at the rows in another; None where there is none."""
    kinds = [getattr(sys.modules.get(module), name, None) for name, module in HAND_ON.items()]
    if not isinstance(regressor, tuple(filter(None, kinds))):
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
