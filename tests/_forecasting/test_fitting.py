import pickle
import threading
import tracemalloc
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import Forecaster, LSTMRegressor
from tests._forecasting.tools import PLAIN, WITH_AUTO, H, Recorder, forecaster, series, split
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Weighing(RegressorMixin, BaseEstimator):
    """Tells how much memory its rows take."""

    def fit(self, X, y):
        self.n_bytes_ = X.nbytes
        return self

    predict = Recorder.predict


class WeighingLSTM(LSTMRegressor):
    fit = Weighing.fit


@pytest.mark.parametrize("regressor", [Weighing(), WeighingLSTM()], ids=["flat", "sequences"])
@pytest.mark.parametrize("is_complete", [True, False])
def test_the_windows_of_a_panel_are_copied_once(regressor, is_complete):
    parts = {key: np.random.default_rng(key).normal(size=1000).cumsum() for key in range(20)}
    panel = pd.concat({key: pd.Series(values) for key, values in parts.items()})
    if not is_complete:
        panel[::983] = np.nan
    f = Forecaster(regressor, window_length=96, drop_incomplete=True, **PLAIN)
    tracemalloc.start()
    try:
        f.fit(None, panel)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * f.regressors_[0].n_bytes_


@pytest.mark.parametrize("strategy", WITH_AUTO)
def test_two_fits_give_the_same_bits_and_leave_the_global_generator_alone(strategy):
    X, y = series(40, "known")
    (X, X_future), (y, _) = split(X, H), split(y, H)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    forecasts = []
    for regressor in (model(), clone(model())):
        f = forecaster(regressor, "known", strategy, intervals="bootstrap", calibration_size=0.5)
        forecasts.append(f.fit(X, y).forecast(H, X_future, coverage=0.5))
    forecasts.append(pickle.loads(pickle.dumps(f)).forecast(H, X_future, coverage=0.5))
    forecasts.append(clone(f).fit(X, y).forecast(H, X_future, coverage=0.5))
    for other in forecasts[1:]:
        pd.testing.assert_frame_equal(other, forecasts[0], check_exact=True)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_neither_data_nor_parameters_are_changed():
    X, y = series(30, "both", "panel")
    X_before, y_before, weight = X.copy(), y.copy(), np.ones(len(y))
    regressor, transformer = model(max_iter=2), StandardScaler()
    f = forecaster(regressor, "both", "direct", target_transformer=transformer).fit(X, y, weight)
    f.regressor, f.target_transformer = regressor, transformer
    f.fit(X, y, weight)
    f.fitted_values_  # noqa: B018
    attributes = pickle.dumps({k: v for k, v in vars(f).items() if k not in f.get_params()})
    future = split(X, H)[1]
    future.index = future.index.set_levels(future.index.levels[1] + pd.Timedelta(H, "D"), level=1)
    f.forecast(H, future)
    f.predict(future)
    assert pickle.dumps({k: v for k, v in vars(f).items() if k not in f.get_params()}) == attributes
    pd.testing.assert_frame_equal(X, X_before)
    pd.testing.assert_series_equal(y, y_before)
    assert (weight == 1).all()
    assert not hasattr(regressor, "theta_")
    assert not hasattr(transformer, "mean_")


def test_weights_reach_the_last_step_of_a_pipeline():
    _, y = series(40)
    weight = np.random.default_rng(0).random(40)
    scaled = forecaster(make_pipeline(FunctionTransformer(), Ridge())).fit(None, y, weight).forecast(3)
    pd.testing.assert_series_equal(scaled, forecaster(Ridge()).fit(None, y, weight).forecast(3))
    assert not np.allclose(scaled, forecaster(Ridge()).fit(None, y).forecast(3))


@pytest.mark.parametrize("regressor", [KNeighborsRegressor(), make_pipeline(StandardScaler(), KNeighborsRegressor())])
def test_a_regressor_without_weights_is_named(regressor):
    _, y = series(40)
    with pytest.raises(TypeError, match="KNeighborsRegressor takes no sample_weight"):
        forecaster(regressor).fit(None, y, np.ones(40))


@pytest.mark.parametrize("nest", [lambda lstm: lstm, make_pipeline], ids=["bare", "nested"])
@pytest.mark.parametrize("strategy", WITH_AUTO)
def test_counts_stay_counts(strategy, nest):
    y = pd.Series(np.random.default_rng(0).poisson(3, size=60))
    f = forecaster(nest(model(loss="poisson")), strategy=strategy).fit(None, y)
    assert (f.forecast(H) > 0).all()
    with pytest.raises(ValueError, match="poisson"):
        forecaster(nest(model(loss="poisson")), strategy=strategy).fit(None, y - 5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, []),
        (
            {"intervals": "conformal"},
            ["Fit 1 of 2: X, on 79 windows", "Fit 2 of 2: the 64 rows before the calibration rows, for"],
        ),
        ({"strategy": "multioutput", "steps": 2}, []),
        ({"strategy": "direct", "steps": 2}, ["Fit 1 of 2: X, 1 ahead, on 79", "Fit 2 of 2: X, 2 ahead, on 78"]),
    ],
)
@pytest.mark.parametrize("inner", [model(max_iter=4), make_pipeline(StandardScaler(), model(max_iter=4))])
def test_verbose_tells_which_fit_begins_and_every_nth_epoch(inner, settings, said, capsys):
    _, y = series(80)
    silent = forecaster(inner, **settings).fit(None, y)
    assert capsys.readouterr().out == ""
    heard = forecaster(inner, verbose=2, **settings).fit(None, y)
    lines = capsys.readouterr().out.splitlines()
    epochs = [line for line in lines if line.startswith("Iteration")]
    assert [int(line.split()[1].rstrip(",")) for line in epochs] == [2, 4] * max(1, len(said))
    fits = [line for line in lines if line not in epochs]
    assert len(fits) == len(said)
    for line, part in zip(fits, said, strict=True):
        assert line.startswith(part.replace("X", type(inner).__name__))
    np.testing.assert_array_equal(heard.forecast(2), silent.forecast(2))


def test_an_lstm_that_says_how_much_it_prints_is_not_overruled(capsys):
    _, y = series(40)
    forecaster(model(max_iter=6, tol=0, verbose=3), verbose=1).fit(None, y)
    assert len(capsys.readouterr().out.splitlines()) == 2


class Gated(Ridge):
    """Waits for an event in its second fit, which is that on the rows before the calibration rows."""

    waits_in, fits = defaultdict(threading.Event), defaultdict(int)

    def __init__(self, alpha=1.0):
        super().__init__(alpha)

    def fit(self, X, y):
        self.fits[self.alpha] += 1
        if self.fits[self.alpha] == 2:
            self.waits_in[f"{self.alpha} begins"].set()
            assert self.waits_in[f"{self.alpha} goes on"].wait(20)
        return super().fit(X, y)


def test_fits_in_threads_leave_the_filters_of_warnings_as_they_were():
    """The second one begins while the first one ignores warnings, and ends later."""
    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as pool:
        fits = []
        for alpha in (1.0, 2.0):
            f = Forecaster(Gated(alpha), steps=1, intervals="conformal", window_length=3)
            fits.append(pool.submit(f.fit, *series(60)))
            assert Gated.waits_in[f"{alpha} begins"].wait(20)
        with pytest.warns(UserWarning, match="elsewhere"):
            warnings.warn("elsewhere", stacklevel=1)
        for alpha, fit in zip((1.0, 2.0), fits, strict=True):
            Gated.waits_in[f"{alpha} goes on"].set()
            fit.result(20)
    assert warnings.filters == before
