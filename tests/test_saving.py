"""What pickles of fitted Forecasters hold, and that they go on to the bit."""

import copy
import pickle
from dataclasses import fields, is_dataclass

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklstm import Forecaster, LSTMRegressor
from sklstm._forecasting.state_kinds import CLASSES
from tests.tools import not_plain

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:.*diverges")

N = 80
LSTM = LSTMRegressor(3, max_iter=2, random_state=0)
DAYS = pd.date_range("2024-01-01", periods=N + 4, freq="D", tz="Europe/Berlin", name="day")
NOISE = np.random.default_rng(0).normal(size=(N + 4, 3))
Y = pd.Series(10 + np.sin(np.arange(N + 4)) + NOISE[:, 0] / 9, DAYS, name="y")
X = pd.DataFrame({"known": NOISE[:, 1], "past": NOISE[:, 2]}, DAYS)
PANEL = pd.concat({key: Y * scale for key, scale in zip("ab", (1, 5), strict=True)}, names=["key"])
QUANTILES = LSTMRegressor(3, max_iter=2, random_state=0, loss="quantile", quantile=[0.1, 0.5, 0.9])
CASES = {  # forecaster, X, y
    "default": (Forecaster(LSTM, steps=3), None, Y),
    "periods": (Forecaster(LSTM, steps=2, intervals="conformal"), None, Y.tz_localize(None).to_period("D")),
    "array": (Forecaster(LSTM, intervals="bootstrap", baseline="naive", season=4), None, Y.to_numpy()),
    "counts": (Forecaster(LSTM, baseline=None), None, Y.reset_index(drop=True)),
    "columns": (Forecaster(LSTM, steps=2, past_only=["past"], intervals="conformal"), X, Y),
    "labels": (Forecaster(Ridge(), past_only=pd.Index(["past"]), dtype=np.float32), X, Y),
    "panel": (Forecaster(LSTM, intervals="conformal", baseline="seasonal_naive", season=7), None, PANEL),
    "targets": (
        Forecaster(
            MultiOutputRegressor(clone(LSTM).set_params(n_targets=1)),
            window_length=5,
            target_transformer=MinMaxScaler(),
        ),
        None,
        pd.DataFrame({("a", 1): Y, ("b", 2): -Y}),
    ),
    "pipeline": (Forecaster(make_pipeline(StandardScaler(), LSTM), steps=2, log=True), None, Y),
    "direct": (Forecaster(Ridge(), steps=3, strategy="direct", baseline=Ridge()), None, Y),
    "quantiles": (Forecaster(QUANTILES, steps=3, strategy="multioutput"), None, Y),
}


def rows(table, first, stop):
    """Some times of a table, of each series of a panel."""
    if table is None or not isinstance(table.index if hasattr(table, "index") else None, pd.MultiIndex):
        return None if table is None else table[first:stop]
    return table.groupby("key", group_keys=False).apply(lambda part: part.iloc[first:stop])


def fitted(name):
    forecaster, X, y = CASES[name]
    return clone(forecaster).fit(rows(X, 0, N), rows(y, 0, N))


def coverage_of(forecaster):
    return 0.8 if forecaster.intervals or forecaster.regressor is QUANTILES else None


@pytest.mark.parametrize("name", CASES)
def test_a_forecaster_is_plain_data_and_goes_on_to_the_bit(name):
    original, (_, columns, y) = fitted(name), CASES[name]
    assert not_plain(original.__getstate__()) <= {type}  # np.float32 itself, which skops knows
    loaded = pickle.loads(pickle.dumps(original))
    assert vars(loaded).keys() == vars(original).keys()
    steps = 1 if name == "labels" else 2

    def same(call):
        found, expected = call(loaded), call(original)
        assert type(found) is type(expected)
        (pd.testing.assert_series_equal if isinstance(found, pd.Series) else pd.testing.assert_frame_equal)(
            found, expected
        )

    def same_forecasts():
        known = rows(columns, len(original.history_), len(original.history_) + steps)
        same(lambda forecaster: forecaster.forecast(steps, known, coverage=coverage_of(CASES[name][0])))
        same(lambda forecaster: forecaster.components(steps, known))

    same_forecasts()
    for attribute in ("history_", "fitted_values_", "residuals_"):
        same(lambda forecaster, attribute=attribute: getattr(forecaster, attribute))
    for forecaster in (original, loaded):
        forecaster.update(rows(columns, N, N + 2), rows(y, N, N + 2))
    if name != "panel":
        same_forecasts()
    loaded = pickle.loads(pickle.dumps(original))
    same(lambda forecaster: forecaster.history_)
    if isinstance(original.regressors_[0], LSTMRegressor):
        for forecaster in (original, loaded):
            forecaster.update(rows(columns, N + 2, N + 3), rows(y, N + 2, N + 3), train=True)
        assert (loaded.regressors_[0].theta_ == original.regressors_[0].theta_).all()


def test_rows_are_kept_once():
    """In memory, and in a pickle: the training rows are also the first rows of the history and of the errors."""
    y = np.random.default_rng(0).normal(size=10**5)
    forecaster = Forecaster(Ridge(), window_length=3, intervals="conformal").fit(None, y)
    one_copy = len(pickle.dumps(y))
    assert len(pickle.dumps(forecaster)) < one_copy + 20_000
    for _ in range(5):
        forecaster.update(None, y[:30_000])
    assert len(pickle.dumps(forecaster)) < 2.5 * one_copy + 20_000
    loaded = pickle.loads(pickle.dumps(forecaster))
    assert (
        loaded._history[None].pieces[0]
        is loaded._fitted.data.series[None]
        is loaded._in_sample.fitted.data.series[None]
    )
    assert loaded.regressors_[0] is loaded._fitted.regressors[0]


def test_every_class_of_a_forecaster_is_known():
    found = set()

    def walk(value):
        if is_dataclass(value) and not isinstance(value, type):
            found.add(type(value))
            for field in fields(value):
                walk(getattr(value, field.name))
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            walk(part)

    for name in CASES:
        walk(vars(fitted(name)))
    assert found <= set(CLASSES) | {type(end) for end in (fitted("default")._history[None].end,)}
    assert len(found) > 25


def test_a_copy_goes_its_own_way():
    original = fitted("default")
    before = original.forecast(3)
    deep, shallow = copy.deepcopy(original), copy.copy(original)
    for other in (deep, shallow):
        other.update(None, Y[N:], train=True)
        assert len(other.history_) == N + 4
    pd.testing.assert_series_equal(original.forecast(3), before)
    pd.testing.assert_series_equal(deep.forecast(3), shallow.forecast(3))


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_file_that_joblib_maps_into_memory_is_not_changed(mode, tmp_path):
    path, windows = tmp_path / "model.joblib", np.random.default_rng(0).normal(size=(40, 5, 2))
    original = clone(LSTM).set_params(hidden_size=64).fit(windows, windows[:, -1, 0])
    joblib.dump(original, path)
    before = path.read_bytes()
    loaded = joblib.load(path, mmap_mode=mode)
    assert isinstance(loaded.theta_, np.memmap)
    np.testing.assert_array_equal(loaded.predict(windows), original.predict(windows))
    for estimator in (loaded, original):
        estimator.partial_fit(windows, windows[:, -1, 0]).partial_fit(windows[::2], windows[::2, 0, 0])
    np.testing.assert_array_equal(loaded.theta_, original.theta_)
    y = np.random.default_rng(0).normal(size=20_000)
    original = Forecaster(Ridge(), window_length=3, intervals="conformal").fit(None, y)
    joblib.dump(original, tmp_path / "forecaster.joblib")
    kept = (tmp_path / "forecaster.joblib").read_bytes()
    loaded = joblib.load(tmp_path / "forecaster.joblib", mmap_mode=mode)
    for estimator in (loaded, original):
        estimator.update(None, y[:9]).update(None, y[9:20])
    np.testing.assert_array_equal(loaded.forecast(3, coverage=0.8), original.forecast(3, coverage=0.8))
    assert path.read_bytes() == before
    assert (tmp_path / "forecaster.joblib").read_bytes() == kept
