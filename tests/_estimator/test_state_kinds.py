"""What pickles of fitted LSTMRegressors and WindowTransformers hold. Checkpoints are in tests/_checkpoint."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from tests.tools import fit, label, model, not_plain

HOURS = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin", name="hour")
TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), HOURS, columns=["a", "b"])
SETTINGS = {
    "plain": {},
    "float32": {"n_layers": 2},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5], "bidirectional": True},
    "poisson": {"loss": "poisson"},
    "huber": {"loss": "huber", "solver": "adamw", "alpha": 0.1},
    "absolute": {"loss": "absolute_error", "solver": "sgd"},
    "rmsprop": {"solver": "rmsprop", "instance_norm": "last"},
    "lbfgs": {"solver": "lbfgs"},
    "stopping": {"early_stopping": True, "missing": "indicator"},
    "generator": {"random_state": np.random.default_rng(3), "dropout": 0.3},
    "random state": {"random_state": np.random.RandomState(3)},
    "numbers of NumPy": {"alpha": np.float32(0.1), "hidden_size": np.int64(3), "quantile": np.array([0.5])},
}


def samples(name):
    X, y = make_windows(TABLE if name != "poisson" else TABLE**2, 4, n_outputs=1)
    y = y["a"]
    return (X.astype("f4") if name == "float32" else X), y


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_is_plain_data_and_goes_on_to_the_bit(name):
    X, y = samples(name)
    fitted = fit(clone(model(n_channels=2, **SETTINGS[name])), X, y)
    assert not_plain(fitted.__getstate__()) == set()
    loaded = pickle.loads(pickle.dumps(fitted))
    assert vars(loaded).keys() == vars(fitted).keys()
    assert label(repr(loaded)) == label(repr(fitted))
    for rows in (X[:1], X):
        np.testing.assert_array_equal(loaded.predict(rows), fitted.predict(rows))
    assert loaded.loss_curve_ == fitted.loss_curve_
    for again in (loaded, fitted):
        if hasattr(again, "partial_fit"):
            again.partial_fit(X, y).partial_fit(X, y)
        else:
            fit(again.set_params(warm_start=True), X, y)
    np.testing.assert_array_equal(loaded.theta_, fitted.theta_)
    assert loaded.loss_curve_ == fitted.loss_curve_


@pytest.mark.parametrize(
    "index",
    [HOURS, HOURS.tz_localize(None).to_period("D").unique(), HOURS.tz_convert("UTC"), pd.RangeIndex(5, 65), None],
    ids=lambda index: getattr(getattr(index, "dtype", None), "name", "array"),
)
def test_a_forecast_goes_on_in_time(index):
    y = pd.Series(np.sin(np.arange(60 if index is None else len(index))), index)
    if index is None:
        y = y.to_numpy()
    if len(y) < 20:
        y = pd.Series(np.sin(np.arange(20)), pd.period_range("2024", periods=20, freq="Q"))
    X, targets = make_windows(y, 4)
    fitted = fit(model(), X, targets)
    assert not_plain(fitted.__getstate__()) == set()
    found, expected = pickle.loads(pickle.dumps(fitted)).forecast(3), fitted.forecast(3)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)
    if isinstance(found, pd.Series):
        pd.testing.assert_index_equal(found.index, expected.index, exact=True)


@pytest.mark.parametrize("dtype", [None, "float32", np.float64, np.dtype("float32")])
def test_a_window_transformer_is_plain_data(dtype):
    fitted = WindowTransformer(3, dtype=dtype).fit(TABLE[:40])
    assert not_plain(fitted.__getstate__()) <= {type}  # the parameter itself, which skops knows
    loaded = pickle.loads(pickle.dumps(fitted))
    for rows in (TABLE[40:], TABLE[:40]):
        np.testing.assert_array_equal(loaded.transform(rows), fitted.transform(rows))
    np.testing.assert_array_equal(loaded.feature_names_in_, ["a", "b"])


def test_a_copy_has_its_own_weights():
    X, y = samples("plain")
    fitted = fit(model(n_channels=2), X, y)
    deep, shallow = copy.deepcopy(fitted), copy.copy(fitted)
    before = fitted.theta_.copy()
    deep.theta_ += 1
    deep.partial_fit(X, y)
    np.testing.assert_array_equal(fitted.theta_, before)
    assert shallow.theta_ is fitted.theta_
    shallow.set_params(alpha=0.5)
    assert fitted.alpha == 0


def test_weights_that_a_user_set_are_kept_whatever_they_are():
    X, y = samples("plain")
    fitted = fit(model(n_channels=2), X, y)
    fitted.theta_ = np.full(len(fitted.theta_), np.inf)
    fitted.note = {"by": ("me", object)}
    loaded = pickle.loads(pickle.dumps(fitted))
    assert np.isinf(loaded.theta_).all()
    assert loaded.note == fitted.note


def test_a_model_that_is_not_fitted():
    loaded = pickle.loads(pickle.dumps(LSTMRegressor(quantile=[0.1, 0.9])))
    assert vars(loaded) == vars(LSTMRegressor(quantile=[0.1, 0.9]))
