"""Convert windows to a regressor's input: sequences for an LSTM, a lag table otherwise."""

import sys
from enum import Enum
from inspect import signature

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import has_fit_parameter

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.settings import check_settings, resolve_loss_steps
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._network.missing_values import INDICATOR
from sklstm._utils.argument_checks import check_parameters
from sklstm._utils.overflow import power_of_two
from sklstm._utils.windows import as_slice

LARGEST_WEIGHT = 1e30  # of a regressor of scikit-learn, which may convert it to float32 and multiply it by values

# Meta-estimators of scikit-learn that pass X on as it is. Their tags may say that they do not accept NaN although the
# regressor inside does. Their modules are looked up in sys.modules, because importing them takes longer than a fit;
# the module of an estimator that exists has been imported already.
PASS_ROWS_ON = {
    "BaseSearchCV": "sklearn.model_selection._search",
    "TransformedTargetRegressor": "sklearn.compose._target",
    "MultiOutputRegressor": "sklearn.multioutput",
    "BaggingRegressor": "sklearn.ensemble._bagging",
}
# Estimators that do not predict values of the target, by the type in scikit-learn's tags.
NO_REGRESSORS = {
    "classifier": "a classifier, which predicts labels",
    "clusterer": "a clusterer, which predicts numbers of clusters",
    "outlier_detector": "an outlier detector, which predicts 1 and -1",
    "density_estimator": "a density estimator, which predicts numbers of components",
}


def check_regressor(regressor, whole=None, name="regressor"):
    """Raise TypeError if an estimator, or the predictor inside, is known not to predict values.

    `whole` is the estimator that contains it, and `name` the parameter of a Forecaster that has it. An estimator
    without tags is accepted if it has `predict`.
    """
    whole = regressor if whole is None else whole
    if isinstance(regressor, type):
        raise TypeError(
            f"{name} must be an instance, got the class {regressor.__name__}: write {regressor.__name__}()."
        )
    _check_cuts_no_windows(regressor)
    inner = _predictor_in(regressor)
    if inner is not None:
        check_regressor(inner, whole, name)
    tags = _tags(regressor)
    kind = getattr(regressor, "_estimator_type", None) if tags is None else tags.estimator_type
    who = type(regressor).__name__ + ("" if whole is regressor else f", in {name}={whole!r},")
    if kind in NO_REGRESSORS:
        raise TypeError(f"{who} is {NO_REGRESSORS[kind]}. Choose a regressor, which predicts the values of a series.")
    if kind != "regressor" and not hasattr(regressor, "predict"):  # some regressors have it only after fit
        raise TypeError(f"{who} has no predict. Choose a regressor, which predicts the values of a series.")


def check_regressor_settings(regressor):
    """Raise ValueError for wrong parameters of an estimator, or of the predictor inside, as its `fit` would do."""
    inner = _predictor_in(regressor)
    if inner is not None:
        check_regressor_settings(inner)
    constraints, is_own = getattr(regressor, "_parameter_constraints", None), isinstance(regressor, LSTMRegressor)
    if constraints is not None:
        check = check_parameters if is_own else validate_parameter_constraints
        check(constraints, regressor.get_params(deep=False), type(regressor).__name__)
    if is_own:
        check_settings(regressor)


def _check_cuts_no_windows(regressor):
    """Raise TypeError if a pipeline has a WindowTransformer, which would cut windows a second time."""
    steps = [step for _, step in regressor.steps] if _is_pipeline(regressor) else []
    cutter = next((step for step in steps if isinstance(step, WindowTransformer)), None)
    if cutter is not None:
        raise TypeError(
            f"A Forecaster cuts windows itself, but its regressor contains {cutter!r}. Leave it out, and "
            f"write Forecaster(..., window_length={cutter.window_length})."
        )


def _tags(estimator):
    """Return the tags of an estimator; None if it has none."""
    has_tags = hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type)
    return get_tags(estimator) if has_tags else None


def _predictor_in(regressor):
    """Return the estimator that predicts inside a pipeline or meta-estimator of scikit-learn; None for others."""
    if _is_pipeline(regressor):
        last = regressor.steps[-1][1]
        return None if last in (None, "passthrough") else last
    if not type(regressor).__module__.startswith("sklearn."):
        return None
    inside = regressor.get_params(deep=False)
    parts = (inside.get(name) for name in ("estimator", "regressor", "base_estimator", "final_estimator"))
    return next((part for part in parts if hasattr(part, "fit")), None)


def lstm_prefixes(regressor):
    """List the parameter prefixes of all LSTMRegressors in a regressor; "" if it is one itself."""
    if isinstance(regressor, LSTMRegressor):
        return [""]
    parameters = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    return [f"{name}__" for name, value in parameters.items() if isinstance(value, LSTMRegressor)]


def reads_by_channel(regressor):
    """Whether every LSTMRegressor in a regressor reads a step of which only some channels are missing."""
    prefixes = lstm_prefixes(regressor)
    parameters = regressor.get_params(deep=True) if prefixes else {}
    return bool(prefixes) and all(parameters[f"{prefix}missing"] == INDICATOR for prefix in prefixes)


def needs_nonnegative(regressor):
    """Whether a regressor, or any estimator in it, needs targets that are not negative."""
    parts = [regressor, *regressor.get_params(deep=True).values()] if hasattr(regressor, "get_params") else []
    return any(_needs_nonnegative(part) for part in parts if isinstance(part, BaseEstimator))


def _needs_nonnegative(estimator):
    """Whether one estimator does. It looks at the loss too, because scikit-learn's tags do not depend on it."""
    losses = [getattr(estimator, name, None) for name in ("loss", "criterion")]
    return get_tags(estimator).target_tags.positive_only or "poisson" in losses or "gamma" in losses


def clone_for_windows(regressor, spec, feeds_back=True, verbose=False):
    """Clone a regressor, and set the parameters of the LSTMs in it for windows of this spec.

    `n_channels` is set if windows are flattened, `n_targets` if it is None, and `loss_steps` if it is "auto". With
    `feeds_back`, the target of a window is the next step, so every step can have a target. `verbose` is passed on to
    LSTMs that print nothing.
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
        loss_steps, bidirectional = (parameters[f"{prefix}{name}"] for name in ("loss_steps", "bidirectional"))
        settings[f"{prefix}loss_steps"] = resolve_loss_steps(loss_steps, bidirectional, feeds_back)
    return regressor.set_params(**settings)


class InputFormat(Enum):
    """The form in which a regressor takes windows."""

    SEQUENCES = "(n, window_length, n_channels), for an LSTM"
    FLAT_SEQUENCES = "(n, window_length * n_channels), for an LSTM inside of an estimator that takes tables"
    LAG_TABLE = "the table of WindowSpec.lag_table, for all others"

    @classmethod
    def from_regressor(cls, regressor):
        """Choose the format by whether the regressor is an LSTM, has one inside, or neither."""
        if isinstance(regressor, LSTMRegressor):
            return cls.SEQUENCES
        return cls.FLAT_SEQUENCES if lstm_prefixes(regressor) else cls.LAG_TABLE


def to_regressor_input(windows, spec, input_format, rows=None):
    """Convert windows (n, L, C), or the `rows` among them, to a regressor's input, with at most one copy."""
    if rows is not None and isinstance(as_slice(rows), slice):
        windows, rows = windows[as_slice(rows)], None
    if input_format is InputFormat.LAG_TABLE:
        return spec.lag_table(windows, rows)
    windows = windows if rows is None else windows[rows]
    return windows if input_format is InputFormat.SEQUENCES else windows.reshape(len(windows), -1)


def accepts_nan(regressor):
    """Whether a regressor accepts NaN according to its tags and those of the estimators in it."""
    if _is_pipeline(regressor):
        return _pipeline_accepts_nan([step for _, step in regressor.steps if step not in (None, "passthrough")])
    inner = _inner(regressor)
    if inner is not None:
        return accepts_nan(inner)
    tags = _tags(regressor)
    return tags is not None and tags.input_tags.allow_nan


def takes_several(regressor):
    """Whether the tags of a regressor, or those of the regressor inside, say that it learns several outputs at once."""
    return any(tags.target_tags.multi_output for tags in _all_tags(regressor))


def has_poor_score(regressor):
    """Whether the tags of a regressor, or those of the regressor inside, say that its scores are poor."""
    return any(tags.regressor_tags is not None and tags.regressor_tags.poor_score for tags in _all_tags(regressor))


def is_random(regressor):
    """Whether the tags of a regressor, or those of the regressor inside, say that its results are random."""
    return any(tags.non_deterministic for tags in _all_tags(regressor))


def needs_table(regressor):
    """Whether the tags of a regressor, or those of the regressor inside, say that `y` must have two dimensions."""
    return any(not tags.target_tags.single_output for tags in _all_tags(regressor))


def _all_tags(regressor):
    """Yield the tags of a regressor, and of those inside of it that get its targets as they are."""
    tags = _tags(regressor)
    if tags is not None:
        yield tags
    inner = _predictor_in(regressor) if _is_pipeline(regressor) else _inner(regressor)
    if inner is not None:
        yield from _all_tags(inner)


def takes_missing_targets(regressor):
    """Whether a regressor takes NaN for single ones of several targets: an LSTM, or one at the end of a pipeline.

    Other estimators around an LSTM may refuse them, and so may transformers that use targets.
    """
    if _is_pipeline(regressor):
        before = [_tags(step) for _, step in regressor.steps[:-1]]
        return takes_missing_targets(regressor.steps[-1][1]) and not any(
            tags.target_tags.required for tags in before if tags is not None
        )
    return isinstance(regressor, LSTMRegressor)


def learns_next_step_only(regressor):
    """Whether the loss of an LSTMRegressor in a regressor counts all steps, whose targets must be the next steps."""
    prefixes = lstm_prefixes(regressor)
    parameters = regressor.get_params(deep=True) if prefixes else {}
    return any(parameters[f"{prefix}loss_steps"] == "all" for prefix in prefixes)


def _inner(regressor):
    """Return the regressor inside of a meta-estimator that passes X on as it is; None for others."""
    kinds = [getattr(sys.modules.get(module), name, None) for name, module in PASS_ROWS_ON.items()]
    if not isinstance(regressor, tuple(filter(None, kinds))):
        return None
    return regressor.regressor if hasattr(regressor, "regressor") else regressor.estimator


def _is_pipeline(regressor):
    """Whether a regressor is a Pipeline. Does not import its module, which takes half as long as importing sklstm."""
    module = sys.modules.get("sklearn.pipeline")
    return module is not None and isinstance(regressor, module.Pipeline)


def _pipeline_accepts_nan(steps):
    """Whether a pipeline of these steps accepts NaN; the steps after an imputer get none."""
    for step in steps:
        if not accepts_nan(step):
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True
    return True


def weight_keywords(regressor, weight):
    """Return sample weights as keywords of `fit`; TypeError if it takes none."""
    if _is_pipeline(regressor) and not get_config().get("enable_metadata_routing"):
        name, last = regressor.steps[-1]
        return {f"{name}__{key}": value for key, value in weight_keywords(last, weight).items()}
    takes_any = any(p.kind == p.VAR_KEYWORD for p in signature(regressor.fit).parameters.values())
    if not takes_any and not has_fit_parameter(regressor, "sample_weight"):
        raise TypeError(
            f"{type(regressor).__name__} takes no sample_weight. Leave it out, or choose another regressor."
        )
    return {"sample_weight": np.array(weight) if isinstance(regressor, LSTMRegressor) else _moderate(weight)}


def _moderate(weight):
    """Return weights that a regressor can square, and convert to float32; only far larger or smaller ones change.

    They are divided by a power of two, after which the largest is as far from 1 as is safe.
    """
    largest = float(weight.max())
    unit = largest / min(max(largest, 1 / LARGEST_WEIGHT), LARGEST_WEIGHT)
    return np.array(weight) if unit == 1 else weight / float(power_of_two(np.asarray(unit)))
