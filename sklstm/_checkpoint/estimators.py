"""Write estimators as the name of their class and their parameters, and make them again. No module is imported by name.

Only estimators of sklstm and scikit-learn can be made again. Anything else among the parameters, such as a function, is
written as an `Opaque`: then the user must give the estimator when the file is read.
"""

from dataclasses import dataclass
from functools import cache
from inspect import signature

import numpy as np
from sklearn.base import BaseEstimator

from sklstm._estimator.lags_to_sequences import LagsToSequences
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._forecasting.forecaster import Forecaster
from sklstm._utils.argument_checks import shown
from sklstm._utils.ignored_warnings import ignored_warnings
from sklstm._utils.plain_parameters import plain

OWN = {cls.__name__: cls for cls in (LSTMRegressor, LagsToSequences, WindowTransformer, Forecaster)}
MEMORY = "memory"  # the parameter of a Pipeline that names a folder of pickle files


@dataclass(frozen=True)
class EstimatorSpec:
    """An estimator: the name of its class, and its parameters, in which estimators are EstimatorSpecs as well."""

    name: str
    parameters: dict[str, object]


@dataclass(frozen=True)
class Opaque:
    """Stands for an object that cannot be written, by the name of its type."""

    name: str


@cache
def _of_scikit_learn():
    """Return the estimators of scikit-learn by name; this imports all of its modules."""
    from sklearn.utils.discovery import all_estimators

    with ignored_warnings():
        return dict(all_estimators())


def _class_called(name):
    """Return the class of an estimator by its name; None for one that is not known."""
    return OWN.get(name) or _of_scikit_learn().get(name)


def spec_of(value):
    """Return an estimator, or any other parameter, as it is written."""
    if isinstance(value, BaseEstimator):
        return _estimator_spec(value)
    if type(value) in (list, tuple):
        return type(value)(map(spec_of, value))
    if type(value) is dict and all(type(key) in (str, int) for key in value):
        return {key: spec_of(part) for key, part in value.items()}
    if isinstance(value, type) and issubclass(value, np.number):
        return np.dtype(value)  # a parameter `dtype` takes either
    number = plain(value)
    if number is None or type(number) in (bool, int, float, str):
        return number
    is_array = type(value) is np.ndarray and value.dtype.kind in "biuf"
    is_written = is_array or isinstance(value, np.dtype | np.random.Generator | np.random.RandomState)
    return value if is_written else Opaque(_type_name(value))


def _estimator_spec(estimator):
    cls = type(estimator)
    if _class_called(cls.__name__) is not cls:
        return Opaque(_type_name(estimator))
    parameters = {name: spec_of(value) for name, value in estimator.get_params(deep=False).items()}
    if isinstance(parameters.get(MEMORY), str):
        parameters[MEMORY] = Opaque("str")
    return EstimatorSpec(cls.__name__, parameters)


def _type_name(value):
    cls = value if isinstance(value, type) else type(value)
    return f"{cls.__module__}.{cls.__qualname__}"[:200]


def opaque_parameters(spec, name=""):
    """Return the names of the parameters that are Opaque, and their types."""
    if isinstance(spec, Opaque):
        return [f"{name or 'the estimator'} ({spec.name})"]
    if isinstance(spec, EstimatorSpec):
        spec = spec.parameters
    if isinstance(spec, dict):
        parts = [(f"{name}__{key}" if name else str(key), part) for key, part in spec.items()]
    else:
        parts = [(name, part) for part in spec] if isinstance(spec, list | tuple) else []
    return [found for key, part in parts for found in opaque_parameters(part, key)]


def made(spec):
    """Make an estimator, or any other parameter, from how it was written; ValueError if it cannot be made."""
    if isinstance(spec, EstimatorSpec):
        return _made_estimator(spec)
    if isinstance(spec, Opaque):
        raise ValueError(f"An object of type {shown(spec.name)} cannot be made from a file.")
    if type(spec) in (list, tuple):
        return type(spec)(map(made, spec))
    if type(spec) is dict:
        return {key: made(part) for key, part in spec.items()}
    return spec


def _made_estimator(spec):
    cls, names = _class_called(spec.name), spec.parameters.keys()
    if cls is None:
        raise ValueError(f"{shown(spec.name)} is no estimator of sklstm or of this version of scikit-learn.")
    known = set(signature(cls).parameters)
    if not names <= known or any(not isinstance(name, str) for name in names):
        raise ValueError(f"{spec.name} has no parameters {shown(sorted(map(str, names - known)))} in this version.")
    if isinstance(spec.parameters.get(MEMORY), str):
        raise ValueError(
            f"{MEMORY}={shown(spec.parameters[MEMORY])} names a folder of pickle files, which are not read."
        )
    try:
        return cls(**{name: made(value) for name, value in spec.parameters.items()})
    except TypeError as error:
        raise ValueError(f"{spec.name} cannot be made: {error}") from error
