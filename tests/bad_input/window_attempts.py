"""Attempts on windows and the small functions: `python -m tests.attack MODULE:FUNCTION` makes them."""

import numpy as np
import pandas as pd

from sklstm import LagsToSequences, WindowTransformer, default_regressor, make_windows, show_versions
from sklstm.datasets import load_airline, make_adding_problem, make_pattern
from tests.attack import VALUES, attempts, state_of, variants

DAYS = pd.date_range("2024-01-01", periods=12, name="day")
TABLE = pd.DataFrame({"a": np.sin(np.arange(12.0)), "b": np.cos(np.arange(12.0))}, index=DAYS)


def windows():
    """Every argument of `make_windows`."""
    given = {"series": TABLE, "window_length": 3, "lead": 1, "stride": 1, "targets": "last", "n_outputs": None}
    tables = VALUES | variants(TABLE) | variants(TABLE["a"]) | variants(TABLE.to_numpy())

    def call(**arguments):
        X, y = make_windows(**arguments)
        assert len(X) == len(y) > 0
        assert X.dtype.kind == "f"

    return [
        attempt
        for name in given
        for attempt in attempts(
            call, given, only=[name], values=tables if name == "series" else VALUES, about="make_windows"
        )
    ]


def transformers():
    """Every parameter of `WindowTransformer`, and every argument of its methods."""
    fitted = WindowTransformer(3, flatten=True).fit(TABLE)
    unnamed = WindowTransformer(3, flatten=True).fit(TABLE.to_numpy())
    tables = VALUES | variants(TABLE) | variants(TABLE.to_numpy())

    def parameters(**settings):
        answer = WindowTransformer(**settings).fit_transform(TABLE)
        assert len(answer) == len(TABLE)

    def fit(X, y=None):
        WindowTransformer(3).fit(X, y)
        fitted.fit(X, y)
        fitted.fit(TABLE)

    def transform(X):
        assert len(fitted.transform(X)) == len(X)

    def names(input_features):
        found = unnamed.get_feature_names_out(input_features)
        assert all(isinstance(name, str) for name in found)

    def set_output(transform):
        assert WindowTransformer(3, flatten=True).set_output(transform=transform).fit(TABLE) is not None

    state = {"state": lambda: state_of(fitted)}
    settings = {"window_length": 3, "lead": 1, "flatten": False, "dtype": None}
    return [
        *attempts(parameters, settings, values=VALUES, about="WindowTransformer"),
        *attempts(fit, {"X": TABLE}, values=tables, about="WindowTransformer.fit", **state),
        *attempts(transform, {"X": TABLE}, values=tables, about="WindowTransformer.transform", **state),
        *attempts(names, {"input_features": ["a", "b"]}, about="WindowTransformer.get_feature_names_out"),
        *attempts(set_output, {"transform": "pandas"}, values=VALUES, about="WindowTransformer.set_output"),
    ]


def lag_tables():
    """Every parameter of `LagsToSequences`, and every argument of its methods."""
    named = TABLE.set_axis(["y_lag_1", "y_lag_2"], axis=1)
    fitted = LagsToSequences().fit(named)
    tables = VALUES | variants(named) | variants(TABLE.to_numpy())

    def parameters(**settings):
        assert len(LagsToSequences(**settings).fit_transform(TABLE.to_numpy())) == len(TABLE)

    def fit(X, y=None):
        LagsToSequences().fit(X, y)
        fitted.fit(X, y)
        fitted.fit(named)

    def transform(X):
        assert len(fitted.transform(X)) == len(X)

    settings = {"n_lags": 2, "n_channels": 1, "order": "newest_first", "layout": "steps", "extra": "last"}
    settings |= {"names": ["y_lag_1", "y_lag_2"], "target": "y"}
    state = {"state": lambda: state_of(fitted)}
    return [
        *attempts(parameters, settings, values=VALUES, about="LagsToSequences"),
        *attempts(fit, {"X": named}, values=tables, about="LagsToSequences.fit", **state),
        *attempts(transform, {"X": named}, values=tables, about="LagsToSequences.transform", **state),
    ]


def small_functions():
    """Every argument of the data sets, and functions without one."""
    adding = {"n_samples": 3, "n_steps": 6, "random_state": 0}
    pattern = {"n_samples": 9, "pattern_length": 3, "noise": 0.1, "random_state": 0}

    def make_series(**arguments):
        assert np.isfinite(make_pattern(**arguments)).all()

    found = attempts(make_adding_problem, adding, values=VALUES, about="make_adding_problem")
    found += attempts(make_series, pattern, values=VALUES, about="make_pattern")
    for function in (load_airline, show_versions, default_regressor):
        found += attempts(function, {"argument": 1}, values=VALUES, about=function.__name__)
    return found


def everything():
    """All attempts of this module."""
    return [*windows(), *transformers(), *lag_tables(), *small_functions()]
