"""Wrong samples, tables and settings: a clear error before any work, and a fitted estimator as it was."""

import pickle
import warnings
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklstm import LagsToSequences, LSTMRegressor, WindowTransformer, make_windows
from sklstm._estimator import input_checks
from tests._estimator.tools import SERIES, X2, X3, Y, changed, fitted, refuses

WRONG_ROWS = {
    "another number of channels": (X3[:, :, :1], ValueError, "1 channels, but LSTMRegressor was fitted on 2"),
    "4-D": (X3[..., np.newaxis], ValueError, r"4 dimensions; .*\(n_samples, n_steps, n_channels\)"),
    "2-D where 3-D was fitted": (
        X2[:, :8],
        ValueError,
        r"has 2 dimensions \(shape \(12, 8\)\), but .* fitted on sequences .* A single sample is X\[:1\]\. Rows of 10",
    ),
    "1-D": (Y, ValueError, "has 1 dimensions.*make_windows"),
    "infinity": (changed(X3, (3, 2, 1), np.inf), ValueError, "contains infinity"),
    "minus infinity": (changed(X3, (3, 2, 1), -np.inf), ValueError, "contains infinity"),
    "text": (np.full((12, 5, 2), "a"), TypeError, r"holds text \('a'\), but numbers are needed"),
    "complex": (X3 + 1j, ValueError, "Complex data not supported"),
    "empty": (X3[:0], ValueError, "0 sample"),
    "zero steps": (X3[:, :0], ValueError, "at least one sample, one step and one channel|0 feature"),
    "zero channels": (X3[:, :, :0], ValueError, "at least one sample, one step and one channel"),
    "ragged lists": ([[[1.0], [2.0]], [[1.0]]], ValueError, "inhomogeneous"),
    "nothing": (None, ValueError, "."),
}
WRONG_TABLES = {
    "sparse": (sparse.csr_array(X2), TypeError, "[Ss]parse"),
    "another number of columns": (X2[:, :8], ValueError, "X has 8 features, but LSTMRegressor is expecting 10"),
    "3-D where 2-D was fitted": (
        X3,
        ValueError,
        r"X has 3 dimensions \(shape \(12, 5, 2\)\), but .* fitted on a table",
    ),
    "4-D": (X3[..., np.newaxis], ValueError, "4 dimensions"),
    "text": (np.full((12, 10), "a"), TypeError, r"holds text \('a'\), but numbers are needed"),
    "no columns": (pd.DataFrame(index=range(12)), ValueError, r"0 feature\(s\)"),
}
WRONG_SETTINGS = {
    "hidden_size": [0, -1, 2.5, "8"],
    "n_channels": [0, 1.5],
    "n_targets": [0, 3, 1.5],
    "instance_norm": ["first", True],
    "standardize": ["yes"],
    "n_layers": [0, 1.5],
    "bidirectional": [2],
    "dropout": [-0.1, 1.0],
    "forget_bias": ["Chrono", "1", None, np.nan, np.inf, -100.5, True, np.False_, [1.0]],
    "loss": ["mse", None],
    "delta": [0.0],
    "quantile": [0.0, 1.0, "median", [0.9, 0.1]],
    "loss_steps": ["first"],
    "solver": ["bfgs", None],
    "learning_rate": ["linear", 0.1],
    "power_t": [-1.0],
    "rho": [1.0],
    "max_fun": [0],
    "early_stopping": ["auto"],
    "validation_fraction": [0.0, 1.0],
    "validation_split": ["first"],
    "validation_gap": [-1, 0.5],
    "learning_rate_init": [0, -1.0],
    "momentum": [-0.1, 1.1],
    "beta_1": [1.0, -0.1],
    "beta_2": [1.0],
    "epsilon": [0.0],
    "alpha": [-1.0],
    "clip_norm": [0.0],
    "clip_value": [-1.0],
    "batch_size": [0, "all"],
    "max_iter": [0, 1.5],
    "max_updates": [0, -1, 1.5, "large"],
    "tol": [-1.0],
    "n_iter_no_change": [0],
    "random_state": ["a", -1],
    "verbose": [-1],
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_wrong_rows(name):
    X, error, match = WRONG_ROWS[name]
    for method in ("predict", "partial_fit", "fit", "forecast"):
        if method == "fit" and name in ("another number of channels", "2-D where 3-D was fitted"):
            continue
        model = fitted()
        call = {
            "predict": lambda: model.predict(X),  # noqa: B023
            "forecast": lambda: model.forecast(1, context=X),  # noqa: B023
        }.get(method, lambda: getattr(model, method)(X, Y))  # noqa: B023
        if X is not None or method != "forecast":
            refuses(model, call, error, "." if method == "fit" and name == "1-D" else match)


@pytest.mark.parametrize("name", WRONG_TABLES)
def test_wrong_tables(name):
    X, error, match = WRONG_TABLES[name]
    model = fitted(X2)
    refuses(model, lambda: model.predict(X), error, match)
    if name not in ("another number of columns", "3-D where 2-D was fitted"):
        refuses(model, lambda: model.fit(X, Y), error, match)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_SETTINGS.items() for value in values]
)
def test_wrong_settings(name, value):
    model = fitted().set_params(**{name: value})
    refuses(model, lambda: model.fit(X3, Y), ValueError, name)


def test_what_does_not_fit_into_single_precision():
    model = fitted(X3.astype(np.float32))
    for call in (
        lambda: model.predict(changed(X3, (0, 0, 0), 1e39)),
        lambda: model.fit(X3.astype(np.float32), changed(Y, 0, 1e39)),
    ):
        refuses(model, call, ValueError, "too large for float32")
    refuses(model, lambda: model.fit(X3, Y, np.full(12, 1e308)), ValueError, "sample_weight is too large to be summed")


def test_warnings_point_to_the_caller():
    with pytest.warns(UserWarning, match="are skipped") as record:
        fitted(changed(X3, (slice(None, 8), 0, 1), np.nan))
    frame = pd.DataFrame(SERIES, index=pd.date_range("2024", periods=40))
    transformer = WindowTransformer(3).fit(frame[:20])
    with pytest.warns(UserWarning, match="begins at") as late:
        transformer.transform(frame[25:])
    assert (record[0].filename, late[0].filename) == (fitted.__code__.co_filename, __file__)


def test_columns_that_the_channels_do_not_divide():
    model = fitted(X2).set_params(n_channels=3)
    refuses(model, lambda: model.fit(X2, Y), ValueError, "10 columns, which is not a multiple of n_channels=3")


@pytest.mark.parametrize("name", ["predict", "forecast", "weight_ih_", "readout_bias_", "score"])
def test_unfitted_use(name):
    model = LSTMRegressor()
    args = {"predict": (X3,), "forecast": (3,), "score": (X3, Y)}.get(name)
    with pytest.raises(NotFittedError):
        getattr(model, name)(*args)
    assert not hasattr(model, "weight_ih_")


def test_wrong_series_and_tables():
    with pytest.raises(ValueError, match=r"one window of window_length=40 .* takes 41"):
        make_windows(SERIES, 40)
    with pytest.raises(ValueError, match="n_outputs=3, but the series has 2"):
        make_windows(SERIES, 5, n_outputs=3)
    for wrong in ({"lead": 0}, {"stride": 0}, {"targets": "first"}, {"n_outputs": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            make_windows(SERIES, 5, **wrong)
    for wrong in ({"window_length": 0}, {"lead": -1}, {"flatten": "no"}, {"dtype": int}, {"dtype": "int32"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            WindowTransformer(**wrong).fit(SERIES)
    transformer = WindowTransformer(3).fit(SERIES)
    refuses(transformer, lambda: transformer.fit(changed(SERIES, (0, 0), np.inf)), ValueError, "infinity")
    refuses(transformer, lambda: transformer.transform(SERIES[:, :1]), ValueError, "1 features, but")
    with pytest.raises(ValueError, match=r"series\.to_frame\(\)"):
        WindowTransformer().fit(pd.Series(SERIES[:, 0]))
    with pytest.raises(NotFittedError):
        WindowTransformer().transform(SERIES)


# ---- numbers that are too large, and rows that do not belong together


def test_what_does_not_fit_into_the_precision_of_the_model():
    X, y = X3.astype(np.float32), Y.astype(np.float32)
    model = fitted(X, y).set_params(warm_start=True, early_stopping=True)
    refuses(model, lambda: model.fit(X3, Y * 1e300), ValueError, "too large for float32")
    refuses(model, lambda: model.fit(X, y, X_val=X3, y_val=Y * 1e300), ValueError, "too large for float32")


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e37), (np.float64, 1e300)])
def test_what_is_too_large_for_sums(dtype, limit):
    X, y = X3.astype(dtype), Y.astype(dtype)
    model = fitted(X, y).set_params(instance_norm="standard")
    message = rf"too large for {np.dtype(dtype)}: values up to ±{limit:g}".replace("+", r"\+")
    refuses(model, lambda: model.fit(changed(X, (0, 0, 0), limit * 3), y), ValueError, message)
    refuses(model, lambda: model.fit(X, changed(y, 0, -limit * 3)), ValueError, message)


def test_quantiles_are_those_of_the_fit():
    model = fitted()
    model.set_params(loss="quantile")
    assert not hasattr(model, "predict_quantiles")
    model = fitted(loss="quantile").set_params(loss="huber")
    assert model.predict_quantiles(X3).shape == (12, 1)


TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 3)), index=pd.date_range("2024-01-01", periods=12))
OTHER_ROWS = {
    "another order": (TABLE[::-1][0], "the same rows in another order"),
    "later rows": (TABLE[0].shift(30, freq="D"), "no row in common"),
}


@pytest.mark.parametrize("name", OTHER_ROWS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_of_other_labels_are_refused(name):
    other, message = OTHER_ROWS[name]
    same = TABLE[0]
    regressor = LSTMRegressor(2, max_iter=1, tol=10).fit(TABLE, same)
    stopping = LSTMRegressor(2, max_iter=1, tol=10, early_stopping=True)
    for attempt in (
        lambda: regressor.fit(TABLE, other),
        lambda: regressor.fit(TABLE, same, other.abs()),
        lambda: regressor.fit(TABLE.to_numpy(), same, other.abs()),
        lambda: regressor.partial_fit(TABLE, other),
        lambda: regressor.score(TABLE, other),
        lambda: regressor.score(TABLE, same, other.abs()),
        lambda: stopping.fit(TABLE, same, X_val=TABLE, y_val=other),
        lambda: WindowTransformer(2).fit(TABLE, other),
    ):
        with pytest.raises(ValueError, match=message):
            attempt()
    regressor.fit(
        TABLE, eval("y.loc[X.index]" if name == "another order" else "y.to_numpy()", {"y": other, "X": TABLE})
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_that_may_be_the_same_are_taken_as_they_come():
    regressor = LSTMRegressor(2, max_iter=1, tol=10)
    regressor.fit(TABLE.reset_index(drop=True), TABLE[0])  # counts rows
    regressor.fit(TABLE, TABLE[0].shift(1, freq="D"))  # overlaps: each target a day later, perhaps
    regressor.fit(TABLE.to_numpy(), TABLE[0])


# ---- samples that need no check


class Subclass(np.ndarray):
    """An array of a user's class."""


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def masked(X):
    return np.ma.masked_array(X, np.arange(X.size).reshape(X.shape) == 3)


def frame(X, **changes):
    return pd.DataFrame(X.reshape(len(X), -1), **{"columns": [f"c{k}" for k in range(X[0].size)], **changes})


# what one sample or several may be given as; the argument is an array in the form of the training samples
GIVEN = {
    "itself": lambda X: X,
    "several rows": lambda X: np.concatenate((X, X)),
    "Fortran order": lambda X: np.asfortranarray(np.concatenate((X, -X))),
    "every second of twice as many": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "backwards": lambda X: X[..., ::-1],
    "windows that overlap": lambda X: np.lib.stride_tricks.as_strided(X, X.shape, (0, *X.strides[1:])),
    "read-only": read_only,
    "other byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    **{str(np.dtype(kind)): lambda X, kind=kind: X.astype(kind) for kind in "?bBhHiIqQefdgFDSUO"},
    "dates": lambda X: X.astype("i8").astype("M8[D]"),
    "durations": lambda X: X.astype("i8").astype("m8[D]"),
    "records": lambda X: X.view([("value", X.dtype)]),
    "fractions": lambda X: np.vectorize(Fraction, otypes=[object])(X.astype(float)),
    "missing": lambda X: changed(X, (0, 1), np.nan),
    "all missing": lambda X: np.full_like(X, np.nan),
    **{
        f"with {value}": lambda X, value=value: changed(X.astype(float), (0, -1), value)
        for value in (np.inf, -np.inf, 1e14, -1e16, 1e19, 1e30, -9e36, 2e37, 1e155, 9e299, -2e300, 5e-324, None)
    },
    "only infinity": lambda X: np.full_like(X, np.inf),
    "infinities of both signs": lambda X: np.copysign(np.inf, X),
    "infinity and a missing value": lambda X: changed(changed(X.astype(float), (0, 0), np.inf), (0, 1), np.nan),
    "list": lambda X: X.tolist(),
    "list of rows": list,
    "tuple": lambda X: tuple(X.tolist()),
    "ragged": lambda X: [*X.tolist(), X.tolist()[0][:-1]],
    "masked": masked,
    "masked without a mask": np.ma.masked_array,
    "list of masked": lambda X: list(masked(X)),
    "subclass": lambda X: X.view(Subclass),
    "np.matrix": lambda X: np.asmatrix(X.reshape(len(X), -1)),
    "np.memmap": lambda X: X.view(np.memmap),
    "memoryview": lambda X: memoryview(X.copy()),
    "object with an array": lambda X: SimpleNamespace(__array_interface__=X.__array_interface__, X=X),
    "objects": lambda X: X.astype(object),
    "objects with None": lambda X: changed(X.astype(object), (0, 0), None),
    "objects with text": lambda X: changed(X.astype(object), (0, 0), "a"),
    "sparse": lambda X: sparse.csr_array(X.reshape(len(X), -1)),
    "generator": lambda X: (row for row in X),
    "nothing": lambda X: None,
    "a number": lambda X: 3.0,
    "text": lambda X: "text",
    "0 rows": lambda X: X[:0],
    "0 steps": lambda X: X[:, :0],
    "0 channels": lambda X: X[..., :0],
    "fewer columns": lambda X: X[..., :-1],
    "more columns": lambda X: np.repeat(X, 2, axis=-1),
    "fewer steps": lambda X: X[:, :-1],
    "0-D": lambda X: np.array(1.0),
    "1-D": lambda X: X.ravel(),
    "one axis less": lambda X: X[0],
    "one axis more": lambda X: X[np.newaxis],
    "table": lambda X: X.reshape(len(X), -1),
    "sequences": lambda X: X.reshape(len(X), -1, 1),
    "frame": frame,
    "frame of numbers with infinity": lambda X: frame(changed(X.astype(float), (0, -1), np.inf)),
    "frame of no rows": lambda X: frame(X).iloc[:0],
    "frame of whole numbers": lambda X: frame(X.astype(int)),
    "frame with booleans": lambda X: frame(X).assign(c0=True),
    "frame of half precision and bytes": lambda X: frame(X).astype({"c0": "f2"}).astype({"c1": "i1"}),
    "frame in another order": lambda X: frame(X).iloc[:, ::-1],
    "frame with other names": lambda X: frame(X).add_prefix("x"),
    "frame with numbers as names": lambda X: frame(X, columns=None),
    "frame with names and numbers": lambda X: frame(X, columns=["a", *range(1, X[0].size)]),
    "frame with a name twice": lambda X: frame(X, columns=["a"] * X[0].size),
    "frame of nullable numbers": lambda X: frame(X).convert_dtypes(),
    "frame of objects": lambda X: frame(X).astype(object),
    "frame with text": lambda X: frame(X).astype(object).assign(c0="a"),
    "frame of two precisions": lambda X: frame(X).astype({"c0": "f4", "c1": "f8"}),
    "Series": lambda X: pd.Series(X.ravel()),
    "pandas Index": lambda X: pd.Index(X.ravel()),
    "polars": lambda X: pl.from_pandas(frame(X)),
    "polars, lazy": lambda X: pl.from_pandas(frame(X)).lazy(),
}


def trained(X, **settings):
    return fitted(X, np.arange(12.0).astype(getattr(X, "dtype", float)), **settings), X


TRAINED = {
    "table": trained(X2),
    "table, float32": trained(X2.astype(np.float32)),
    "table of two channels": trained(X2, n_channels=2),
    "named table": trained(frame(X2)),
    "sequences": trained(X3),
    "sequences, float32, every step": (fitted(X3.astype("f4"), X3[..., :1].astype("f4")), X3.astype("f4")),
    "not fitted": (LSTMRegressor(), X3),
}


def outcome(call):
    """What a call returns, to the bit, or the error that it raises; and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
            found = type(result), result.dtype, result.shape, result.tobytes()
        except Exception as error:
            found = type(error), str(error)
    return found, [(warning.category, str(warning.message)) for warning in caught]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", TRAINED)
def test_no_check_is_lost(name, given, monkeypatch):
    model, X = TRAINED[name]
    X = np.asarray(X)[:1]

    def predict():
        return model.predict(GIVEN[given](X))

    with np.errstate(all="raise", under="ignore"):
        found = outcome(predict)
        monkeypatch.setattr(input_checks, "_passes_every_check", lambda *_: False)
        monkeypatch.setattr(input_checks, "_values_of_frame", lambda _: None)
        assert outcome(predict) == found


@pytest.mark.parametrize("name", ["table", "table, float32", "table of two channels", "sequences"])
@pytest.mark.parametrize("given", ["itself", "several rows", "Fortran order", "backwards", "read-only", "float64"])
def test_a_few_ordinary_numbers_are_not_checked_one_thing_after_another(name, given, monkeypatch):
    model, X = TRAINED[name]
    monkeypatch.delattr(input_checks, "as_numbers")
    model.predict(GIVEN[given](X[:1]))


def test_names_and_numbers_of_columns_that_a_regressor_gets_later_are_checked():
    model, one = fitted(X2), X2[:1]
    model.feature_names_in_ = np.array([f"c{k}" for k in range(10)], dtype=object)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(one)
    model.n_features_in_ = 9
    with pytest.raises(ValueError, match="X has 10 features, but LSTMRegressor is expecting 9"):
        model.predict(pd.DataFrame(one, columns=model.feature_names_in_))
    model = fitted(X2, n_channels=2)
    model.n_features_in_ = 9
    with pytest.raises(ValueError, match="9 columns, which is not a multiple of n_channels=2"):
        model.predict(one[:, :9])


def test_weights_that_are_changed_in_place_count_at_once():
    model = pickle.loads(pickle.dumps(TRAINED["sequences"][0]))
    model.predict(X3[:1])
    model.readout_weight_[...], model.readout_bias_[...] = 0, 0
    zero = model.predict(X3[:1])
    model.readout_bias_[...] = 1
    assert model.predict(X3[:1]) > zero
    model.theta_ = np.zeros_like(model.theta_)
    assert model.predict(X3[:1]) == zero


# ---- rows with all steps side by side, after a fit on sequences


def test_flat_rows_of_the_fit_are_its_sequences():
    model = fitted(X3, Y)
    for flat in (X2, X2.astype(np.float32), X2.tolist(), pd.DataFrame(X2)):
        np.testing.assert_allclose(model.predict(flat), model.predict(X3), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X2), model.predict(X3))
    missing = changed(X2, (3, slice(0, 4)), np.nan)  # the first two steps
    np.testing.assert_array_equal(model.predict(missing), model.predict(changed(X3, (3, slice(0, 2)), np.nan)))
    assert model.score(X2, Y) == model.score(X3, Y)
    again = fitted(X3, Y).partial_fit(X2, Y)
    np.testing.assert_array_equal(again.predict(X3), fitted(X3, Y).partial_fit(X3, Y).predict(X3))
    refuses(model, lambda: model.predict(changed(X2, (3, 2), np.inf)), ValueError, "X contains infinity")


STEP_NAMES = [f"{channel}_lag_{lag}" for lag in range(5, 0, -1) for channel in "ab"]


def test_named_columns_after_a_fit_on_sequences_are_read_if_they_are_in_order():
    model = fitted(X3, Y)
    expected, flat = model.predict(X3), pd.DataFrame(X2, columns=STEP_NAMES)
    np.testing.assert_array_equal(model.predict(flat), expected)
    blocks = flat[sorted(STEP_NAMES)]  # the newest first, one channel after the other
    refuses(model, lambda: model.predict(blocks), ValueError, "in another order.* LagsToSequences")
    refuses(model, lambda: model.partial_fit(blocks, Y), ValueError, "in another order.* LagsToSequences")
    np.testing.assert_array_equal(model.predict(LagsToSequences().fit_transform(blocks)), expected)  # as advised
    for table in (flat.set_axis(list("abcdefghij"), axis=1), pl.DataFrame(X2)):
        refuses(model, lambda: model.predict(table), ValueError, "their names do not tell")  # noqa: B023
        np.testing.assert_array_equal(model.predict(np.asarray(table)), expected)  # as advised


def test_a_sample_or_a_step_by_itself_is_refused():
    model = fitted(X3, Y)
    for rows in (X3[0], X3[0, :1]):
        refuses(model, lambda: model.predict(rows), ValueError, r" A single sample is X\[:1\]\. Rows of 10 columns")  # noqa: B023


def test_rows_of_one_step_may_be_the_steps_of_a_sample():
    model = fitted(X3[:, :1], Y)
    with pytest.raises(ValueError, match=r"has 2 dimensions \(shape \(5, 2\)\).* A single sample is X\[:1\]\.$"):
        model.predict(X3[0])


def test_a_row_of_zeros_is_the_probe_of_another_library():
    model = fitted(X3, Y)
    expected = model.predict(np.zeros((1, 5, 2)))
    for n_columns in (2, 5, 10):  # channels, steps, both
        np.testing.assert_array_equal(model.predict(np.zeros((1, n_columns))), expected)
    for rows in (np.zeros((2, 2)), np.zeros((1, 3)), np.full((1, 2), 1e-9), np.full((1, 2), np.nan)):
        with pytest.raises(ValueError, match="fitted on sequences"):
            model.predict(rows)
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        model.predict(sparse.csr_array(np.zeros((1, 2))))
    refuses(model, lambda: model.partial_fit(np.zeros((1, 2)), [0.0]), ValueError, "fitted on sequences")
