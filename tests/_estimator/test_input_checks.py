"""Wrong input: a clear error before any work, and a fitted estimator as it was."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from tests._estimator.tools import SERIES, X2, X3, Y, changed, fitted, refuses

WRONG_ROWS = {
    "another number of channels": (X3[:, :, :1], ValueError, "1 channels, but LSTMRegressor was fitted on 2"),
    "4-D": (X3[..., np.newaxis], ValueError, r"4 dimensions; .*\(n_samples, n_steps, n_channels\)"),
    "2-D where 3-D was fitted": (
        X2,
        ValueError,
        r"has 2 dimensions \(shape \(12, 10\)\), but .* fitted on sequences .* A single sample is X\[:1\]",
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
WRONG_TARGETS = {
    "another length": (Y[:-1], ValueError, "inconsistent numbers of samples"),
    "NaN": (changed(Y, 3, np.nan), ValueError, "y contains NaN"),
    "infinity": (changed(Y, 3, np.inf), ValueError, "y contains infinity"),
    "text": (np.full(12, "a"), TypeError, r"holds text \('a'\), but numbers are needed"),
    "complex": (Y + 1j, ValueError, "Complex data not supported"),
    "sparse": (sparse.csr_array(Y[:, np.newaxis]), TypeError, "[Ss]parse"),
    "4-D": (Y[:, None, None, None], ValueError, "4 dimensions"),
    "0-D": (np.array(1.0), ValueError, "."),
    "empty": (Y[:0], ValueError, "inconsistent numbers of samples"),
    "no outputs": (np.empty((12, 0)), ValueError, r"0 feature\(s\)"),
    "another number of steps": (np.zeros((12, 4, 1)), ValueError, "targets at 4 steps, but X has 5"),
    "NaN at a present step": (np.full((12, 5, 1), np.nan), ValueError, "NaN at a step that is present"),
    "nothing": (None, ValueError, "requires y to be passed"),
}
WRONG_WEIGHTS = {
    "all zero": (np.zeros(12), ValueError, "zero for every row|at least one non-zero"),
    "negative": (changed(np.ones(12), 2, -1), ValueError, "[Nn]egative"),
    "NaN": (changed(np.ones(12), 2, np.nan), ValueError, "NaN"),
    "another length": (np.ones(11), ValueError, "sample_weight.shape"),
    "2-D": (np.ones((12, 2)), ValueError, "1D"),
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


@pytest.mark.parametrize("name", WRONG_TARGETS)
def test_wrong_targets(name):
    y, error, match = WRONG_TARGETS[name]
    model = fitted()
    refuses(model, lambda: model.fit(X3, y), error, match)
    refuses(model, lambda: model.partial_fit(X3, y), error, match)


@pytest.mark.parametrize("name", WRONG_WEIGHTS)
def test_wrong_weights(name):
    weight, error, match = WRONG_WEIGHTS[name]
    model = fitted()
    refuses(model, lambda: model.fit(X3, Y, sample_weight=weight), error, match)


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


def test_outputs_that_the_targets_do_not_divide():
    model = fitted().set_params(n_targets=2)
    refuses(model, lambda: model.fit(X3, np.zeros((12, 3))), ValueError, "does not fit 2 channels and 3 outputs")


def test_a_channel_that_is_never_present():
    model = fitted()
    X = changed(X3, (slice(None), slice(None), 1), np.nan)
    refuses(model, lambda: model.fit(X, Y), ValueError, "Channel 1 of X has no value in")
    X = changed(X, (4, 2, 1), 0.0)
    weight = changed(np.ones(12), 4, 0.0)
    refuses(model, lambda: model.fit(X, Y, sample_weight=weight), ValueError, "Channel 1 of X has no value in")


def test_channels_that_are_never_present_together():
    X = X3.copy()
    X[:, ::2, 0] = X[:, 1::2, 1] = np.nan
    model = fitted()
    refuses(model, lambda: model.fit(X, Y), ValueError, "No row of X has a step with a value in every channel")


def test_a_channel_that_passes_over_many_steps_warns_with_its_number_and_count():
    X = changed(changed(X3, (slice(None, 6), 0, 1), np.nan), (7, 0, 0), np.nan)
    with pytest.warns(UserWarning, match=r"7 of 60 steps are skipped .* channel 1 of X is missing at 6 of them"):
        fitted(X)


def test_a_target_that_is_often_missing_in_whole_rows_warns_where_it_has_to_have_a_level():
    X = changed(X3, (slice(None, 6), slice(None), 0), np.nan)
    settings = {"missing": "indicator", "instance_norm": "last", "n_targets": 1}
    with pytest.warns(
        UserWarning, match=r"30 of 60 steps .* channel 0 of X is missing at 30 .* Set instance_norm=None"
    ):
        model = fitted(X, **settings)
    fitted(X, **settings | {"instance_norm": None})  # as advised
    model.set_params(n_targets=2)
    both = changed(X, (slice(6, None), slice(None), 1), np.nan)
    refuses(model, lambda: model.fit(both, X3[:, 0]), ValueError, "No row of X has a value in every target channel")


def test_a_tenth_does_not_warn():
    fitted(changed(X3, (slice(None, 6), 0, 1), np.nan))
    fitted(changed(X3, (slice(None, 8), 0), np.nan))  # whole steps are padding, not a bad channel


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


# ---- targets that the loss or its steps cannot be of


@pytest.mark.parametrize("value", [-999.0, np.inf, 1e300])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_targets_at_missing_steps_may_be_anything(loss, value):
    X = np.abs(np.random.default_rng(0).standard_normal((12, 5, 1)).astype(np.float32))
    X[3, 2] = X[7, 0] = np.nan
    y = np.where(np.isnan(X), value, X.astype(np.float64))
    one, other = (
        LSTMRegressor(2, loss=loss, tol=1, random_state=0).fit(X, t) for t in (y, np.where(np.isnan(X), 0, y))
    )
    np.testing.assert_array_equal(one.theta_, other.theta_)


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
