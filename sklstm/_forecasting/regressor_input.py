"""What regressors take as input, and converting windows to it: sequences for an LSTM, a lag table otherwise."""

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

# Meta-estimators of scikit-learn, with their modules, whose tags may deny NaN although the regressor inside accepts it.
# The modules are looked up in sys.modules: importing them takes longer than a fit, and an estimator has loaded its own.
PASS_ROWS_ON = {
    "BaseSearchCV": "sklearn.model_selection._search",
    "TransformedTargetRegressor": "sklearn.compose._target",
    "MultiOutputRegressor": "sklearn.multioutput",
    "BaggingRegressor": "sklearn.ensemble._bagging",
}
# Estimators that predict something else than values of the target, by the type in scikit-learn's tags.
NO_REGRESSORS = {
    "classifier": "a classifier, which answers with labels",
    "clusterer": "a clusterer, which answers with numbers of clusters",
    "outlier_detector": "an outlier detector, which answers with 1 and -1",
    "density_estimator": "a density estimator, which answers with numbers of components",
}


def check_regressor(regressor, whole=None):
    """Raise TypeError if an estimator, or the predictor inside, is known not to predict values.

    `whole` is the estimator that it is inside of. An estimator without tags passes.
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
    if kind != "regressor" and not hasattr(regressor, "predict"):  # some regressors have it only after fit
        raise TypeError(f"{who} has no predict. Choose a regressor, which predicts the values of a series.")


def _check_cuts_no_windows(regressor):
    """Raise TypeError if a pipeline has a WindowTransformer: it would cut the windows of the forecaster again."""
    steps = [step for _, step in regressor.steps] if _is_pipeline(regressor) else []
    cutter = next((step for step in steps if isinstance(step, WindowTransformer)), None)
    if cutter is not None:
        raise TypeError(
            f"A Forecaster cuts its windows itself, but its regressor has a {cutter!r} in it. Leave that out, and "
            f"write Forecaster(..., window_length={cutter.window_length})."
        )


def _tags(estimator):
    """The tags of an estimator; None if it has none."""
    says = hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type)
    return get_tags(estimator) if says else None


def _predictor_in(regressor):
    """The estimator inside a pipeline or meta-estimator of scikit-learn that predicts for it; None if there is none."""
    if _is_pipeline(regressor):
        last = regressor.steps[-1][1]
        return None if last in (None, "passthrough") else last
    if not type(regressor).__module__.startswith("sklearn."):
        return None
    inside = regressor.get_params(deep=False)
    parts = (inside.get(name) for name in ("estimator", "regressor", "base_estimator", "final_estimator"))
    return next((part for part in parts if hasattr(part, "fit")), None)


def lstm_prefixes(regressor):
    """The parameter prefixes of all LSTMRegressors in a regressor; "" if it is one itself."""
    if isinstance(regressor, LSTMRegressor):
        return [""]
    parameters = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    return [f"{name}__" for name, value in parameters.items() if isinstance(value, LSTMRegressor)]


def reads_by_channel(regressor):
    """Whether every LSTMRegressor in a regressor reads the other channels of a step if one is missing."""
    prefixes = lstm_prefixes(regressor)
    parameters = regressor.get_params(deep=True) if prefixes else {}
    return bool(prefixes) and all(parameters[f"{prefix}missing"] == "indicator" for prefix in prefixes)


def needs_nonnegative(regressor):
    """Whether a regressor, or any estimator in it, needs targets that are not negative."""
    parts = [regressor, *regressor.get_params(deep=True).values()] if hasattr(regressor, "get_params") else []
    return any(_needs_nonnegative(part) for part in parts if isinstance(part, BaseEstimator))


def _needs_nonnegative(estimator):
    """The same for one estimator. The tags of scikit-learn's own do not depend on their losses."""
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

    SEQUENCES = "(n, window_length, n_channels), for an LSTM"
    FLAT_SEQUENCES = "(n, window_length * n_channels), for an LSTM inside, as other estimators may read X before it"
    LAG_TABLE = "the table of WindowSpec.lag_table, for all others"

    @classmethod
    def from_regressor(cls, regressor):
        """The format of a regressor, by whether it is an LSTM or has one inside."""
        if isinstance(regressor, LSTMRegressor):
            return cls.SEQUENCES
        return cls.FLAT_SEQUENCES if lstm_prefixes(regressor) else cls.LAG_TABLE


def to_regressor_input(windows, spec, input_format, rows=None):
    """Convert windows (n, L, C), or some of their rows, to a regressor's input. They are copied at most once."""
    if rows is not None and isinstance(as_slice(rows), slice):
        windows, rows = windows[as_slice(rows)], None
    if input_format is InputFormat.LAG_TABLE:
        return spec.lag_table(windows, rows)
    windows = windows if rows is None else windows[rows]
    return windows if input_format is InputFormat.SEQUENCES else windows.reshape(len(windows), -1)


def accepts_nan(regressor):
    """Whether a regressor accepts NaN, as far as its tags and those of the estimators in it tell."""
    if _is_pipeline(regressor):
        return _pipeline_accepts_nan([step for _, step in regressor.steps if step not in (None, "passthrough")])
    inner = _inner(regressor)
    if inner is not None:
        return accepts_nan(inner)
    tags = _tags(regressor)
    return tags is not None and tags.input_tags.allow_nan


def takes_several(regressor):
    """Whether the tags of a regressor say that it learns several outputs at once."""
    tags = _tags(regressor)
    return tags is not None and tags.target_tags.multi_output


def _inner(regressor):
    """The regressor inside that gets the rows as they are; None if there is none."""
    kinds = [getattr(sys.modules.get(module), name, None) for name, module in PASS_ROWS_ON.items()]
    if not isinstance(regressor, tuple(filter(None, kinds))):
        return None
    return regressor.regressor if hasattr(regressor, "regressor") else regressor.estimator


def _is_pipeline(regressor):
    """Whether a regressor is a Pipeline. Does not import its module, which takes half as long as importing sklstm."""
    module = sys.modules.get("sklearn.pipeline")
    return module is not None and isinstance(regressor, module.Pipeline)


def _pipeline_accepts_nan(steps):
    """The same for the steps of a pipeline; after an imputer there is no NaN."""
    for step in steps:
        if not accepts_nan(step):
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True
    return True


def weight_keywords(regressor, weight):
    """Sample weights as keywords of `fit`; TypeError if it takes none."""
    if _is_pipeline(regressor) and not get_config().get("enable_metadata_routing"):
        name, last = regressor.steps[-1]
        return {f"{name}__{key}": value for key, value in weight_keywords(last, weight).items()}
    takes_any = any(p.kind == p.VAR_KEYWORD for p in signature(regressor.fit).parameters.values())
    if not takes_any and not has_fit_parameter(regressor, "sample_weight"):
        raise TypeError(
            f"{type(regressor).__name__} takes no sample_weight: leave it out, or choose another regressor."
        )
    return {"sample_weight": np.array(weight)}
