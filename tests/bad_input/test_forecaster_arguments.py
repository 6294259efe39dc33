"""The table of bad input for `Forecaster`: its parameters, and the arguments of its methods."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import Forecaster
from tests.attack import Unaskable, Unshowable, state_of
from tests.bad_input.forecaster_attempts import DAYS, LSTM, PANEL, TWO, WHERE_USED, X, Y, fitted
from tests.bad_input.subject import Subject
from tests.bad_input.tools import Row, check_refused


def parameter(name, kind, value, says, error=ValueError, names=()):
    return Row("Forecaster", name, kind, lambda: value, says, error, names)


def argument(method, name, kind, make, says, error=ValueError, names=()):
    return Row(f"Forecaster.{method}", name, kind, make, says, error, names)


# ---- parameters

PARAMETERS = [
    parameter("regressor", "a class", Ridge, "Ridge()", TypeError),
    parameter("regressor", "text", "ridge", "'ridge'"),
    parameter("regressor", "a classifier", LogisticRegression(), "a classifier", TypeError),
    parameter("regressor", "a clusterer", KMeans(), "a clusterer", TypeError),
    parameter("regressor", "a transformer", StandardScaler(), "no predict", TypeError),
    parameter("regressor", "a forecaster", Forecaster(), "got a Forecaster", TypeError),
    parameter("regressor", "not showable", Unshowable(), "Unshowable"),
    parameter("window_length", "text", "12", "'12'"),
    parameter("window_length", "a boolean", True, "True"),
    parameter("window_length", "a float", 12.0, "12.0"),
    parameter("window_length", "zero", 0, "Got 0"),
    parameter("window_length", "huge", 10**9, "1000000000"),
    parameter("window_length", "a date", np.datetime64("2024-01-01"), "2024-01-01"),
    parameter("strategy", "unknown", "recursve", "'recursve'"),
    parameter("strategy", "None", None, "None"),
    parameter("steps", "text", "3", "'3'"),
    parameter("steps", "a boolean", True, "True"),
    parameter("steps", "zero", 0, "Got 0"),
    parameter("steps", "huge", 2**62, "4611686018427387904"),
    parameter("steps", "beyond float64", 10**400, "about 401 digits"),
    parameter("past_only", "one name", "b", "past_only=['b']"),
    parameter("past_only", "unknown name", ["c"], "'c'"),
    parameter("past_only", "a boolean", [True], "True"),
    parameter("past_only", "a missing name", ["b", pd.NA], "<NA>"),
    parameter("past_only", "a signaling NaN", ["b", Decimal("sNaN")], "Decimal('sNaN')"),
    parameter("past_only", "cannot be asked", Unaskable(), "Unaskable"),
    parameter("past_only", "a dict", {"b": 1}, "{'b': 1}"),
    parameter("past_only", "a set", {"b"}, "{'b'}"),
    parameter("past_only", "a table", TWO, "DataFrame of shape (48, 2)"),
    parameter("past_only", "2-D", np.array([["a", "b"]]), "[['a', 'b']]"),
    parameter("past_only", "lists", [["a"], ["b"]], "['a']"),
    parameter("past_only", "a number", 3, "3"),
    parameter("target_transformer", "a class", StandardScaler, "StandardScaler()", TypeError),
    parameter("target_transformer", "text", "log", "'log'"),
    parameter("target_transformer", "a function", np.log, "log"),
    parameter("target_transformer", "a regressor", Ridge(), "Ridge()"),
    parameter("target_transformer", "not invertible", FunctionTransformer(np.square), "not invertible"),
    parameter("season", "text", "12", "'12'"),
    parameter("season", "a boolean", True, "True"),
    parameter("season", "one", 1, "Got 1"),
    parameter("season", "negative", -12, "-12"),
    parameter("season", "huge", 10**12, "1000000000000"),
    parameter("season", "a list", [7, 30], "[7, 30]"),
    parameter("log", "text", "yes", "'yes'"),
    parameter("log", "1", 1, "Got 1"),
    parameter("log", "a function", np.log, "log"),
    parameter("baseline", "unknown", "ets", "'ets'"),
    parameter("baseline", "a class", Ridge, "Ridge()", TypeError),
    parameter("baseline", "a classifier", LogisticRegression(), "a classifier", TypeError),
    parameter("baseline", "a transformer", StandardScaler(), "StandardScaler()"),
    parameter("baseline", "a boolean", True, "True"),
    parameter("baseline_weight", "above 1", 1.5, "1.5"),
    parameter("baseline_weight", "NaN", np.nan, "nan"),
    parameter("baseline_weight", "a boolean", True, "True"),
    parameter("trust", "negative", -0.1, "-0.1"),
    parameter("trust", "text", "0.5", "'0.5'"),
    parameter("trust", "complex", 1j, "1j"),
    parameter("intervals", "unknown", "normal", "'normal'"),
    parameter("intervals", "a boolean", True, "True"),
    parameter("calibration_size", "zero", 0, "Got 0"),
    parameter("calibration_size", "all rows", 48, "48 of 48 rows"),
    parameter("calibration_size", "above 1", 1.5, "1.5"),
    parameter("calibration_size", "text", "0.2", "'0.2'"),
    parameter("calibration_size", "beyond float64", 10**400, "about 401 digits"),
    parameter("drop_incomplete", "1", 1, "Got 1"),
    parameter("drop_incomplete", "text", "yes", "'yes'"),
    parameter("dtype", "unknown", "float16", "'float16'"),
    parameter("dtype", "a type of integers", int, "int"),
    parameter("clip_recursion", "0", 0, "Got 0"),
    parameter("clip_recursion", "None", None, "None"),
    parameter("pooling", "unknown", "panel", "'panel'"),
    parameter("pooling", "None", None, "None"),
    parameter("pooling", "a boolean", True, "True"),
    parameter("n_jobs", "zero", 0, "Got 0"),
    parameter("n_jobs", "text", "2", "'2'"),
    parameter("n_jobs", "a fraction", 1.5, "1.5"),
    parameter("n_jobs", "a boolean", True, "True"),
    parameter("verbose", "negative", -1, "-1"),
    parameter("verbose", "text", "yes", "'yes'"),
]


@pytest.mark.parametrize("row", PARAMETERS, ids=str)
def test_parameters(row):
    subject = Subject(fitted(X, Y, **WHERE_USED.get(row.argument, {})))

    def call(value):
        subject.with_parameters(lambda estimator: estimator.fit(X, Y), {row.argument: value})

    check_refused(row, call, subject.fitted_state)


# ---- arguments

LATE = DAYS + pd.Timedelta(days=48)
ROWS_AHEAD = X.set_axis(LATE)[:6]
Y_AHEAD = Y.set_axis(LATE)[:6]
ARGUMENTS = [
    argument("fit", "X", "a Series", lambda: Y, "Series"),
    argument("fit", "X", "a number", lambda: 3, "got 3"),
    argument("fit", "X", "1-D", lambda: np.ones(48), "1D array"),
    argument("fit", "X", "3-D", lambda: np.ones((48, 2, 2)), "dim 3"),
    argument("fit", "X", "sparse", lambda: sparse.csr_matrix(X), "X.toarray()", TypeError),
    argument("fit", "X", "text", lambda: X.astype(str), "text", TypeError),
    argument("fit", "X", "a column of dates", lambda: X.assign(day=DAYS), "'day'", TypeError),
    argument("fit", "X", "categories", lambda: X.assign(b=pd.Categorical(["a"] * 48)), "'b'", TypeError),
    argument("fit", "X", "duplicate names", lambda: X.set_axis(["a", "a"], axis=1), "'a' more than once"),
    argument("fit", "X", "NaN in a known column", lambda: X.mask(X["b"] == 3), "NaN"),
    argument("fit", "X", "infinity", lambda: X.replace(3, np.inf), "infinity"),
    argument("fit", "X", "fewer rows", lambda: X[:-1], "47 rows"),
    argument("fit", "X", "other rows", lambda: X.set_axis(LATE), "2024-02-18"),
    argument("fit", "X", "rows in another order", lambda: X[::-1], "X.loc[y.index]"),
    argument("fit", "X", "complex", lambda: X * 1j, "complex"),
    argument("fit", "y", "None", lambda: None, "None"),
    argument("fit", "y", "a number", lambda: 3.0, "3.0"),
    argument("fit", "y", "text", lambda: Y.astype(str), "text", TypeError),
    argument("fit", "y", "dates", lambda: pd.Series(DAYS, index=DAYS), "dates", TypeError),
    argument("fit", "y", "3-D", lambda: np.ones((48, 1, 1)), "dim 3"),
    argument("fit", "y", "infinity", lambda: Y.replace(Y.iloc[3], np.inf), "infinity"),
    argument("fit", "y", "huge", lambda: Y * 0 + 1e308, "1e+300"),
    argument("fit", "y", "beyond float64", lambda: pd.Series([10**400] * 48, index=DAYS, dtype=object), "infinity"),
    argument("fit", "y", "all NaN", lambda: Y * np.nan, "NaN"),
    argument("fit", "y", "empty", lambda: Y[:0], "0"),
    argument("fit", "y", "one row", lambda: Y[:1], "1"),
    argument("fit", "y", "no columns", lambda: TWO[[]], "0 feature(s)"),
    argument("fit", "y", "unsorted index", lambda: Y.sample(frac=1, random_state=0), "y"),
    argument("fit", "y", "duplicate times", lambda: Y.set_axis(DAYS[:1].repeat(48)), "2024-01-01"),
    argument("fit", "y", "a missing row", lambda: Y.drop(DAYS[5]), "y"),
    argument("fit", "y", "an index of text", lambda: Y.set_axis([f"row {k}" for k in range(48)]), "row 0"),
    argument("fit", "y", "an index of NaT", lambda: Y.set_axis(pd.DatetimeIndex([pd.NaT] * 48)), "NaT"),
    argument(
        "fit",
        "y",
        "mixed time zones",
        lambda: Y.set_axis(pd.Index([pd.Timestamp("2024", tz=zone) for zone in ("UTC", "Asia/Tokyo")] * 24)),
        "y",
        (TypeError, ValueError),
    ),
    argument("fit", "sample_weight", "empty", lambda: Y[:0], "no rows"),
    argument("fit", "sample_weight", "other rows", lambda: pd.Series(1.0, index=LATE), "2024-02-18"),
    argument("fit", "sample_weight", "negative", lambda: pd.Series(-1.0, index=DAYS), "-1 in row 0"),
    argument("fit", "sample_weight", "other length", lambda: np.ones(3), "(3,)"),
    argument("fit", "sample_weight", "a number", lambda: 2, "got 2"),
    argument("fit", "sample_weight", "text", lambda: ["a"] * 48, "text ('a')", TypeError),
    argument("predict", "X", "a number of steps", lambda: 3, "forecast(3)"),
    argument("predict", "X", "None", lambda: None, "forecast(steps)"),
    argument("predict", "X", "a column less", lambda: ROWS_AHEAD[["a"]], "reindex"),
    argument("predict", "X", "a column more", lambda: ROWS_AHEAD.assign(c=1.0), "c"),
    argument("predict", "X", "no rows", lambda: ROWS_AHEAD[:0], "0 sample(s)"),
    argument("predict", "X", "NaN", lambda: ROWS_AHEAD * np.nan, "NaN"),
    argument("predict", "X", "an index of numbers", lambda: ROWS_AHEAD.set_axis(range(48, 54)), "X"),
    argument("predict", "X", "a panel", lambda: pd.concat({"a": ROWS_AHEAD}), "2 levels"),
    argument("predict", "X", "infinity", lambda: ROWS_AHEAD.replace(3, np.inf), "infinity"),
    argument("forecast", "steps", "text", lambda: "3", "'3'", TypeError),
    argument("forecast", "steps", "a boolean", lambda: True, "True", TypeError),
    argument("forecast", "steps", "a float", lambda: 3.0, "3.0", TypeError),
    argument("forecast", "steps", "negative", lambda: -1, "-1"),
    argument("forecast", "steps", "huge", lambda: 2**62, "4611686018427387904"),
    argument("forecast", "X_future", "None", lambda: None, "['a', 'b']"),
    argument("forecast", "X_future", "fewer rows", lambda: ROWS_AHEAD[:2], "2 rows"),
    argument("forecast", "X_future", "text", lambda: ROWS_AHEAD.astype(str), "text", TypeError),
    argument("forecast", "X_future", "after a gap", lambda: ROWS_AHEAD[1:], "1 row after"),
    argument("forecast", "X_future", "a Series", lambda: Y_AHEAD, "Series"),
    argument("forecast", "X_future", "a number", lambda: 3, "got 3"),
    argument("forecast", "X_future", "NaN", lambda: ROWS_AHEAD * np.nan, "NaN"),
    argument("forecast", "history", "an empty tuple", lambda: (), "a tuple of 0"),
    argument("forecast", "history", "three parts", lambda: (X, Y, Y), "a tuple of 3"),
    argument("forecast", "history", "nothing in it", lambda: (None, None), "None"),
    argument("forecast", "history", "a number for y", lambda: (X, 3), "3"),
    argument("forecast", "history", "text", lambda: ("a", "b"), "text ('a')", TypeError),
    argument("forecast", "history", "other lengths", lambda: (X, Y[:5]), "y has 5"),
    argument("forecast", "history", "no columns", lambda: Y, "['a', 'b']"),
    argument("forecast", "history", "two targets", lambda: (X, TWO), "2 targets"),
    argument("forecast", "history", "a dict", lambda: {"y": Y}, "dict", TypeError),
    argument("forecast", "history", "infinity", lambda: (X, Y * np.inf), "infinity"),
    argument("forecast", "history", "huge", lambda: (X, Y * 0 + 1e308), "1e+300"),
    argument("forecast", "history", "empty", lambda: (X[:0], Y[:0]), "0 sample(s)"),
    argument("forecast", "coverage", "one", lambda: 1, "got 1"),
    argument("forecast", "coverage", "percent", lambda: 90, "got 90"),
    argument("forecast", "coverage", "text", lambda: "0.9", "'0.9'"),
    argument("forecast", "coverage", "NaN", lambda: [0.5, np.nan], "nan"),
    argument("forecast", "coverage", "empty", lambda: [], "[]"),
    argument("forecast", "coverage", "complex", lambda: 0.5 + 0j, "0.5+0j"),
    argument("forecast", "coverage", "a dict", lambda: {"a": 0.5}, "{'a': 0.5}"),
    argument("components", "steps", "huge", lambda: 10**400, "about 401 digits"),
    argument("components", "X_future", "None", lambda: None, "['a', 'b']"),
    argument("components", "history", "three parts", lambda: (X, Y, Y), "a tuple of 3"),
    argument("future_index", "steps", "None", lambda: None, "None", TypeError),
    argument("future_index", "history", "a number", lambda: 3, "3"),
    argument("update", "X", "None", lambda: None, "['a', 'b']"),
    argument("update", "X", "fewer rows", lambda: ROWS_AHEAD[:2], "2 rows"),
    argument("update", "y", "None", lambda: None, "None"),
    argument("update", "y", "other rows than X", lambda: Y.set_axis(LATE)[3:9], "different indexes"),
    argument("update", "y", "text", lambda: Y_AHEAD.astype(str), "text", TypeError),
    argument("update", "train", "1", lambda: 1, "got 1", TypeError),
    argument("update", "train", "text", lambda: "yes", "'yes'", TypeError),
    argument("update", "learning_rate_init", "zero", lambda: 0, "got 0"),
    argument("update", "learning_rate_init", "a boolean", lambda: True, "True"),
    argument("update", "learning_rate_init", "a duration", lambda: np.timedelta64(1, "D"), "timedelta64"),
    argument("update", "learning_rate_init", "huge", lambda: 1e300, "1e+300"),
    argument("update", "learning_rate_init", "without training", lambda: 0.1, "0.1"),
    argument("permutation_importance", "X", "None", lambda: None, "['a', 'b']"),
    argument("permutation_importance", "X", "after a gap", lambda: ROWS_AHEAD[1:], "5 rows", names=("y",)),
    argument("permutation_importance", "y", "None", lambda: None, "None"),
    argument("permutation_importance", "y", "text", lambda: Y_AHEAD.astype(str), "text", TypeError),
    argument("permutation_importance", "y", "all missing", lambda: Y_AHEAD * np.nan, "none of"),
    argument("permutation_importance", "y", "infinite", lambda: Y_AHEAD * np.inf, "infinity"),
    argument("permutation_importance", "steps", "as many as rows", lambda: 6, "got 6", names=("y",)),
    argument("permutation_importance", "steps", "text", lambda: "3", "'3'", TypeError),
    argument("permutation_importance", "n_repeats", "zero", lambda: 0, "Got 0"),
    argument("permutation_importance", "n_repeats", "more than memory", lambda: 2**31 - 1, "n_repeats=2147483647 with"),
    argument("permutation_importance", "n_repeats", "a boolean", lambda: True, "Got True"),
    argument("permutation_importance", "n_repeats", "a fraction", lambda: 2.5, "Got 2.5"),
    argument("permutation_importance", "scoring", "unknown", lambda: "mae", "'mae'"),
    argument("permutation_importance", "scoring", "of classes", lambda: "roc_auc", "'roc_auc'"),
    argument("permutation_importance", "scoring", "None", lambda: None, "None", TypeError),
    argument("permutation_importance", "scoring", "several", lambda: ["r2", "max_error"], "['r2'", TypeError),
    argument("permutation_importance", "random_state", "text", lambda: "0", "'0'"),
    argument("permutation_importance", "random_state", "a boolean", lambda: True, "True"),
    argument("permutation_importance", "random_state", "negative", lambda: -1, "-1"),
    argument("score", "X", "None", lambda: None, "X"),
    argument("score", "y", "empty", lambda: Y[:0], "no rows"),
    argument("score", "y", "other rows", lambda: Y[:6], "2024-01-01"),
    argument("score", "y", "two targets", lambda: np.ones((6, 2)), "2 targets"),
    argument("score", "sample_weight", "empty", lambda: Y[:0], "no rows"),
    argument("score", "sample_weight", "negative", lambda: -np.ones(6), "-1 in row 0"),
]
GOOD = {
    "fit": {"X": X, "y": Y},
    "predict": {"X": ROWS_AHEAD},
    "forecast": {"steps": 3, "X_future": ROWS_AHEAD},
    "components": {"steps": 3, "X_future": ROWS_AHEAD},
    "future_index": {"steps": 3},
    "update": {"X": ROWS_AHEAD, "y": Y_AHEAD},
    "permutation_importance": {"X": ROWS_AHEAD, "y": Y_AHEAD, "steps": 2, "random_state": 0, "n_repeats": 1},
    "score": {"X": ROWS_AHEAD, "y": Y_AHEAD},
}


@pytest.mark.parametrize("row", ARGUMENTS, ids=str)
def test_arguments(row):
    method = row.function.partition(".")[2]
    forecaster = fitted(X, Y, intervals="conformal")
    good = {**GOOD[method]}
    if row.argument == "y" and method == "fit":
        good["X"] = None
    check_refused(
        row, lambda value: getattr(forecaster, method)(**{**good, row.argument: value}), lambda: state_of(forecaster)
    )


OF_PANELS = [
    argument("predict", "X", "without its index", lambda: np.empty((6, 0)), "two levels"),
    argument("predict", "X", "an unknown series", lambda: pd.concat({"three": Y_AHEAD}).to_frame()[[]], "'three'"),
    argument("update", "y", "a single series", lambda: Y_AHEAD, "two-level"),
    argument("fit", "y", "three levels", lambda: pd.concat({"a": PANEL}), "3"),
    argument("fit", "y", "levels in the wrong order", lambda: PANEL.swaplevel(), "y"),
]


@pytest.mark.parametrize("row", OF_PANELS, ids=str)
def test_arguments_of_panels(row):
    forecaster = fitted(None, PANEL)
    method = row.function.partition(".")[2]
    good = {"X": None} if method != "predict" else {}
    check_refused(
        row, lambda value: getattr(forecaster, method)(**{**good, row.argument: value}), lambda: state_of(forecaster)
    )


NESTED = [
    argument(
        "set_params", "params", "of no regressor", lambda: "regressor__alpha", "regressor__alpha", names=("regressor",)
    ),
    argument("set_params", "params", "unknown name", lambda: "windw_length", "'windw_length'", names=("parameter",)),
]


@pytest.mark.parametrize("row", NESTED, ids=str)
def test_unknown_parameters(row):
    forecaster = Forecaster()
    check_refused(row, lambda name: forecaster.set_params(**{name: 3}), lambda: state_of(forecaster))


def test_advice_on_one_past_only_column_works():
    assert fitted(X, Y, past_only=["b"], strategy="direct", steps=2).n_features_in_ == 2


@pytest.mark.parametrize(("name", "value"), [("hidden_size", True), ("power_t", 120.0), ("max_iter", 2**70)])
def test_a_network_inside_is_checked_even_if_it_is_not_trained(name, value):
    forecaster = Forecaster(clone(LSTM).set_params(**{name: value}), trust=0.0)
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LSTMRegressor must be"):
        forecaster.fit(None, Y)


ROWS = PARAMETERS + ARGUMENTS + OF_PANELS + NESTED
