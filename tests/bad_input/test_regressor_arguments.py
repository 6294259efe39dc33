"""The table of bad input for `LSTMRegressor`: its parameters, and the arguments of its methods."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tests.attack import Unaskable, Unconvertible, Unshowable, in_itself, state_of
from tests.bad_input.regressor_attempts import SERIES, TABLE, TWO, TWO_Y, WHERE_USED, X, Y, small
from tests.bad_input.subject import Subject
from tests.bad_input.tools import Row, check_refused
from tests.tools import fit, model


def changed(table, place, value):
    """The same table with another value at one place."""
    table = np.array(table, dtype=float)
    table[place] = value
    return table


def parameter(name, kind, value, says):
    return Row("LSTMRegressor", name, kind, lambda: value, says)


def argument(method, name, kind, make, says, error=ValueError, names=()):
    return Row(f"LSTMRegressor.{method}", name, kind, make, says, error, names)


# ---- parameters

OF_NUMBERS = {
    "hidden_size": ("8", 0, 10**12),
    "n_layers": (1.5, -1, 10**12),
    "n_channels": ([1], 0, 4),
    "n_targets": ("all", 0, 2),
    "dropout": ("0.5", -0.1, 1.0),
    "delta": (None, 0.0, 1e-320),
    "learning_rate_init": ("0.1", 0.0, 1e300),
    "power_t": (b"1", -1.0, 120.0),
    "momentum": (None, -0.1, 1.5),
    "beta_1": ({}, -0.5, 1.0),
    "beta_2": (np.ones(3), np.nan, 1.0),
    "epsilon": (1j, 0.0, 1e300),
    "rho": ("0.9", -0.1, 1.0),
    "alpha": (np.timedelta64(1, "D"), -1.0, 1e300),
    "clip_norm": ("none", 0.0, 1e-320),
    "clip_value": ("none", -1.0, 1e-320),
    "batch_size": (2.5, 0, "all"),
    "max_iter": (1.5, 0, 2**70),
    "max_updates": (1.5, 0, 2**70),
    "max_fun": (1.5, 0, 2**70),
    "tol": ("0", -1.0, np.inf),
    "n_iter_no_change": (1.5, 0, 2**70),
    "validation_fraction": ("0.1", 0.0, 1.0),
    "validation_gap": (0.5, -1, 10**9),
    "forget_bias": ("Chrono", -100.5, np.nan),
}
PARAMETERS = [
    parameter(name, kind, value, repr(value))
    for name, values in OF_NUMBERS.items()
    for kind, value in zip(("wrong type", "too small", "too large or of no sense"), values, strict=True)
]
PARAMETERS += [parameter(name, "boolean for a number", True, "True") for name in OF_NUMBERS]
PARAMETERS += [
    parameter(name, "huge", 10**400, "about 401 digits")
    for name in ("hidden_size", "learning_rate_init", "alpha", "clip_value", "max_iter", "dropout", "momentum")
]
PARAMETERS += [
    parameter(name, "1 for True", 1, "Got 1 instead")
    for name in ("bidirectional", "standardize", "nesterovs_momentum", "early_stopping", "shuffle", "warm_start")
]
PARAMETERS += [
    parameter("instance_norm", "unknown", "first", "'first'"),
    parameter("missing", "unknown", None, "None"),
    parameter("loss", "a class", dict, "the class dict"),
    parameter("loss_steps", "unknown", ["last"], "['last']"),
    parameter("solver", "unknown", "adagrad", "'adagrad'"),
    parameter("learning_rate", "a number", 0.1, "0.1"),
    parameter("validation_split", "unknown", "first", "'first'"),
    parameter("quantile", "text in a list", ["0.5"], "['0.5']"),
    parameter("quantile", "dates", pd.date_range("2024", periods=2), "DatetimeIndex"),
    parameter("quantile", "out of order", [0.9, 0.1], "[0.9, 0.1]"),
    parameter("quantile", "NaN", [0.1, np.nan], "[0.1, nan]"),
    parameter("quantile", "empty", [], "[]"),
    parameter("quantile", "many out of order", np.linspace(0.9, 0.1, 10_000), "ndarray of shape (10000,)"),
    parameter("random_state", "text", "seed", "'seed'"),
    parameter("random_state", "boolean", True, "True"),
    parameter("random_state", "negative", -1, "-1"),
    parameter("random_state", "a seed sequence", np.random.SeedSequence(3), "SeedSequence"),
    parameter("random_state", "too large", 2**70, "1180591620717411303424"),
    parameter("verbose", "negative", -1, "-1"),
    parameter("verbose", "text", "yes", "'yes'"),
    parameter("solver", "not showable", Unshowable(), "Unshowable"),
    parameter("tol", "5000 digits", 10**5000, "about 5001 digits"),
]


@pytest.mark.parametrize("row", PARAMETERS, ids=str)
def test_parameters(row):
    subject = Subject(small(**WHERE_USED.get(row.argument, {})))
    table = TABLE if row.argument == "n_channels" else X

    def call(value):
        subject.with_parameters(lambda estimator: fit(estimator, table, Y), {row.argument: value})

    check_refused(row, call, subject.fitted_state)


def test_a_network_that_memory_cannot_hold_says_what_it_needs():
    with pytest.raises(ValueError, match=r"hidden_size=1000000 with n_layers=3 would need at least 3.2e\+05 GB"):
        model(hidden_size=10**6, n_layers=3).fit(X, Y)
    assert fit(model(hidden_size=8, n_layers=3), X, Y).n_iter_ == 3  # a smaller network, as it advises


# ---- arguments

NO_NUMBERS = {
    "text": (lambda: X.astype(str), "text"),
    "dates": (lambda: X.astype("int64").astype("datetime64[s]"), "dates"),
    "objects": (lambda: np.where(X > 0, X, "a").astype(object), "text ('a')"),
}
ARGUMENTS = [
    *(
        argument(m, "X", kind, make, says, TypeError)
        for m in ("fit", "predict")
        for kind, (make, says) in NO_NUMBERS.items()
    ),
    argument("fit", "X", "complex", lambda: X * 1j, "complex128"),
    argument("fit", "X", "infinity", lambda: changed(X, (0, 0, 0), np.inf), "infinity"),
    argument("fit", "X", "huge", lambda: changed(X, (0, 0, 0), 1e308), "1e+300"),
    argument("fit", "X", "beyond float64", lambda: np.full(X.shape, 10**400, dtype=object), "too large"),
    argument("fit", "X", "a number", lambda: 3, "0 dimensions"),
    argument("fit", "X", "None", lambda: None, "0 dimensions"),
    argument("fit", "X", "1-D", lambda: SERIES, "1 dimensions"),
    argument("fit", "X", "4-D", lambda: X[..., np.newaxis], "4 dimensions"),
    argument("fit", "X", "empty", lambda: X[:0], "(0, 5, 1)"),
    argument("fit", "X", "one row of many", lambda: X[:1], "X has 1 row, y has 35 rows"),
    argument("fit", "X", "transposed", lambda: np.swapaxes(X, 0, 1), "X has 5 rows, y has 35 rows"),
    argument("fit", "X", "all NaN", lambda: X * np.nan, "X"),
    argument("fit", "X", "ragged", lambda: [[[1.0]], [[1.0], [2.0]]], "row 0 has length 1, row 1 has 2"),
    argument("fit", "X", "sparse", lambda: sparse.csr_matrix(X[..., 0]), "Sparse data was passed", TypeError),
    argument("fit", "X", "np.matrix", lambda: X[..., 0].view(np.matrix), "np.matrix", TypeError),
    argument("fit", "X", "a set", lambda: {1, 2}, "the type set", TypeError),
    argument("fit", "X", "a class", lambda: dict, "the type type", TypeError),
    argument("fit", "X", "duplicate names", lambda: pd.concat([TABLE, TABLE], axis=1), "'a' more than once"),
    argument(
        "fit", "X", "a column of dates", lambda: TABLE.assign(day=pd.Timestamp("2024")), "Column 'day'", TypeError
    ),
    argument("fit", "X", "categories", lambda: TABLE.astype({"a": "category"}), "Column 'a'", TypeError),
    argument(
        "fit",
        "X",
        "names of mixed kinds",
        lambda: TABLE.set_axis([0, "a", 1, "b", 2], axis=1),
        "string",
        TypeError,
        ("names",),
    ),
    argument("fit", "y", "None", lambda: None, "None"),
    argument("fit", "y", "a number", lambda: 3.0, "3.0"),
    argument("fit", "y", "text", lambda: Y.astype(str), "text", TypeError),
    argument("fit", "y", "durations", lambda: Y.astype("timedelta64[s]"), "durations", TypeError),
    argument("fit", "y", "NaN", lambda: changed(Y, 3, np.nan), "NaN"),
    argument("fit", "y", "infinity", lambda: changed(Y, 3, np.inf), "infinity"),
    argument("fit", "y", "all NaN", lambda: Y * np.nan, "NaN"),
    argument("fit", "y", "other length", lambda: Y[:-1], "X has 35 rows, y has 34 rows"),
    argument("fit", "y", "empty", lambda: Y[:0], "y has 0 rows"),
    argument("fit", "y", "4-D", lambda: Y.reshape(-1, 1, 1, 1), "4 dimensions"),
    argument("fit", "y", "Fraction", lambda: 10**400, "a whole number of about 401 digits"),
    argument("fit", "sample_weight", "a number", lambda: 3, "got 3"),
    argument("fit", "sample_weight", "negative", lambda: changed(np.ones(35), 2, -1.0), "-1 in row 2"),
    argument("fit", "sample_weight", "NaN", lambda: changed(np.ones(35), 2, np.nan), "NaN"),
    argument("fit", "sample_weight", "zero", lambda: np.zeros(35), "zero for every row"),
    argument("fit", "sample_weight", "2-D", lambda: np.ones((35, 2)), "(35, 2)"),
    argument("fit", "sample_weight", "other length", lambda: np.ones(34), "(34,)"),
    argument("fit", "sample_weight", "text", lambda: ["1"] * 35, "text ('1')", TypeError),
    argument("fit", "sample_weight", "huge", lambda: np.full(35, 1e308), "1e+308"),
    argument("partial_fit", "X", "another number of channels", lambda: np.concatenate([X, X], axis=2), "2 channels"),
    argument("partial_fit", "X", "2-D after 3-D", lambda: X[:, 1:, 0], "2 dimensions"),
    argument("partial_fit", "y", "other length", lambda: Y[1:], "X has 35 rows, y has 34 rows"),
    argument("partial_fit", "y", "two outputs after one", lambda: np.c_[Y, Y], "2 outputs"),
    argument("partial_fit", "sample_weight", "negative", lambda: -np.ones(35), "-1 in row 0"),
    argument("predict", "X", "empty", lambda: X[:0], "(0, 5, 1)"),
    argument("predict", "X", "one sample without its axis", lambda: X[0], "2 dimensions"),
    argument("predict", "X", "infinity", lambda: changed(X, (0, 0, 0), np.inf), "infinity"),
    argument("fit", "X", "cannot be converted", Unconvertible, "RuntimeError: cannot be converted"),
    argument("fit", "X", "a list in itself", in_itself, "RecursionError"),
    argument("fit", "y", "cannot be asked", Unaskable, "RuntimeError: cannot be asked"),
    argument("fit", "y", "more rows than memory", lambda: range(10**18), "range(0, 1000000000000000000)"),
    argument("partial_fit", "sample_weight", "cannot be converted", Unconvertible, "Unconvertible"),
    argument("predict", "X", "sparse rows", lambda: sparse.csr_array(X[:, :, 0]), "Sparse", TypeError),
    argument("predict", "X", "sparse, without rows", lambda: sparse.csr_array((0, 3)), "Sparse", TypeError),
    argument("score", "X", "sparse, as many rows", lambda: sparse.lil_array((len(Y), 3)), "Sparse", TypeError),
    argument("forecast", "steps", "cannot be asked", Unaskable, "Unaskable", TypeError),
    argument("forecast", "context", "cannot be asked", Unaskable, "RuntimeError: cannot be asked"),
    argument("predict_quantiles", "X", "text", lambda: "X", "text ('X')", TypeError),
    argument("predict_quantiles", "X", "3 channels", lambda: np.ones((2, 5, 3)), "3 channels"),
    argument("score", "X", "other length", lambda: X[:3], "X has 3 rows, y has 35 rows"),
    argument("score", "y", "two outputs for one", lambda: np.c_[Y, Y], "2 output(s)"),
    argument("score", "y", "NaN", lambda: Y * np.nan, "NaN"),
    argument("score", "sample_weight", "other length", lambda: np.ones(3), "(3,)"),
    argument("score", "sample_weight", "a number", lambda: 1.0, "got 1.0"),
    argument("forecast", "steps", "a boolean", lambda: True, "True", TypeError),
    argument("forecast", "steps", "text", lambda: "3", "'3'", TypeError),
    argument("forecast", "steps", "a float", lambda: 3.0, "3.0", TypeError),
    argument("forecast", "steps", "zero", lambda: 0, "got 0"),
    argument("forecast", "steps", "huge", lambda: 2**62, "4611686018427387904"),
    argument("forecast", "steps", "a duration", lambda: np.timedelta64(3, "D"), "timedelta64", TypeError),
    argument("forecast", "steps", "a table", lambda: TABLE, "DataFrame", TypeError),
    argument("forecast", "clip", "a set", lambda: {0, 1}, "{0, 1}"),
    argument("forecast", "clip", "text", lambda: ("0", "1"), "('0', '1')"),
    argument("forecast", "clip", "in the wrong order", lambda: (1, 0), "(1, 0)"),
    argument("forecast", "clip", "NaN", lambda: (np.nan, 1), "(nan, 1)"),
    argument("forecast", "clip", "three numbers", lambda: (1, 2, 3), "(1, 2, 3)"),
    argument("forecast", "clip", "complex", lambda: (1j, 2), "1j"),
    argument("forecast", "clip", "1", lambda: 1, "got 1"),
    argument("forecast", "X_future", "not needed", lambda: np.ones(3), "every channel is a target"),
    argument("forecast", "context", "1-D", lambda: SERIES[-5:], "1 dimensions"),
    argument("forecast", "context", "another number of channels", lambda: np.ones((2, 5, 2)), "2 channels"),
    argument("forecast", "context", "empty", lambda: X[:0], "(0, 5, 1)"),
    argument("forecast", "context", "dates", lambda: X.astype("int64").astype("datetime64[s]"), "dates", TypeError),
]


@pytest.mark.parametrize("row", ARGUMENTS, ids=str)
def test_arguments(row):
    method = row.function.partition(".")[2]
    estimator = small(loss="quantile") if method == "predict_quantiles" else small()
    good = {
        "predict": {"X": X},
        "predict_quantiles": {"X": X},
        "forecast": {"steps": 3},
    }.get(method, {"X": X, "y": Y})
    check_refused(
        row, lambda value: getattr(estimator, method)(**{**good, row.argument: value}), lambda: state_of(estimator)
    )


WEIGHT = np.ones(8)
VALIDATION = [
    argument("fit", "X_val", "without y_val", lambda: None, "y_val"),
    argument("fit", "X_val", "other length", lambda: X[:7], "X has 7 rows, y has 8 rows"),
    argument("fit", "X_val", "text", lambda: X[:8].astype(str), "text", TypeError),
    argument("fit", "X_val", "2-D for 3-D", lambda: X[:8, :, 0], "(8, 5)"),
    argument("fit", "y_val", "other length", lambda: Y[:7], "X has 8 rows, y has 7 rows"),
    argument("fit", "y_val", "NaN", lambda: Y[:8] * np.nan, "NaN"),
    argument("fit", "y_val", "two outputs", lambda: np.c_[Y, Y][:8], "2 outputs"),
    argument("fit", "y_val", "dates", lambda: Y[:8].astype("int64").astype("datetime64[s]"), "dates", TypeError),
    argument("fit", "sample_weight_val", "negative", lambda: -WEIGHT, "-1 in row 0"),
    argument("fit", "sample_weight_val", "other length", lambda: WEIGHT[:3], "(3,)"),
    argument("fit", "sample_weight_val", "text", lambda: ["a"] * 8, "text ('a')", TypeError),
]


@pytest.mark.parametrize("row", VALIDATION, ids=str)
def test_validation_samples(row):
    estimator = small(early_stopping=True)
    good = {"X": X, "y": Y, "X_val": X[:8], "y_val": Y[:8], "sample_weight_val": WEIGHT}
    check_refused(row, lambda value: estimator.fit(**{**good, row.argument: value}), lambda: state_of(estimator))


FUTURE = [
    argument("forecast", "X_future", "missing", lambda: None, "(3, 1)"),
    argument("forecast", "X_future", "of another length", lambda: np.ones((2, 1)), "(2, 1)"),
    argument("forecast", "X_future", "NaN", lambda: np.full((3, 1), np.nan), "NaN"),
    argument("forecast", "X_future", "infinity", lambda: np.full((3, 1), np.inf), "infinity"),
    argument("forecast", "X_future", "huge", lambda: np.full((3, 1), 1e308), "1e+300"),
    argument("forecast", "X_future", "text", lambda: ["a", "b", "c"], "text ('a')", TypeError),
    argument("forecast", "X_future", "a number", lambda: 3, "got 3"),
]


@pytest.mark.parametrize("row", FUTURE, ids=str)
def test_future_channels(row):
    estimator = fit(model(hidden_size=2), TWO, TWO_Y)
    check_refused(row, lambda value: estimator.forecast(3, value), lambda: state_of(estimator))


CHUNKS = [
    argument("fit_scaling", "chunks", "None", lambda: None, "None", TypeError),
    argument("fit_scaling", "chunks", "a number", lambda: 3, "got 3", TypeError),
    argument("fit_scaling", "chunks", "empty", lambda: [], "no chunk"),
    argument("fit_scaling", "chunks", "samples alone", lambda: X, "(5, 1)", TypeError),
    argument("fit_scaling", "chunks", "a table", lambda: TABLE, "'", TypeError),
    argument("fit_scaling", "chunks", "one chunk", lambda: (X, Y), "fit_scaling([(X, y)])", TypeError),
    argument("fit_scaling", "chunks", "text", lambda: "ab", "'a'", TypeError),
    argument("fit_scaling", "chunks", "without y", lambda: [(X, Y), (X,)], "chunks[1] must be", TypeError),
    argument("fit_scaling", "chunks", "y is None", lambda: [(X, None)], "None"),
    argument("fit_scaling", "chunks", "other length", lambda: [(X, Y), (X, Y[1:])], "chunks[1]: "),
    argument("fit_scaling", "chunks", "infinity", lambda: [(X, Y), (X, Y * np.inf)], "chunks[1]: "),
    argument("fit_scaling", "chunks", "other channels", lambda: [(X, Y), (TWO, Y[: len(TWO)])], "chunks[1]: "),
    argument("fit_scaling", "chunks", "other outputs", lambda: [(X, Y), (X, np.c_[Y, Y])], "2 outputs"),
    argument("fit_scaling", "chunks", "huge weights", lambda: [(X, Y, np.full(len(Y), 1e200))], "1e+200"),
    argument("fit_scaling", "chunks", "fails", lambda: lambda path: path, "path", TypeError),
]


@pytest.mark.parametrize("row", CHUNKS, ids=str)
def test_chunks(row):
    estimator = model(hidden_size=2)
    check_refused(row, estimator.fit_scaling, lambda: state_of(estimator))


NAMES = [
    Row(
        "LSTMRegressor.set_params",
        "params",
        "unknown name",
        lambda: "hidden_sizes",
        "'hidden_sizes'",
        names=("parameter",),
    ),
]

ROWS = PARAMETERS + ARGUMENTS + VALIDATION + FUTURE + CHUNKS + NAMES


def test_unknown_parameters():
    estimator, row = small(), NAMES[0]
    check_refused(row, lambda name: estimator.set_params(**{name: 3}), lambda: state_of(estimator))
