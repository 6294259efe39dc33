import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import Forecaster, default_regressor
from tests._forecasting.tools import PLAIN, WITH_AUTO
from tests.theta import allowed, excess, theta

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


RECURSIVE_FIRST = ["recursive", *(pytest.param(name, marks=pytest.mark.slow) for name in ("multioutput", "direct"))]


def wandering(kind, n, seed):
    """A level, a season of 12, a random walk, a straight line or a constant."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    match kind:
        case "level":
            return 20 + rng.normal(size=n)
        case "season":
            return 10 * np.sin(2 * np.pi * (t + rng.integers(12)) / 12) + rng.normal(size=n)
        case "walk":
            return rng.normal(size=n).cumsum()
        case "line":
            return 10 * rng.normal() + rng.normal() * t
        case "constant":
            return np.full(n, 10 * rng.normal())


def check_bound(kind, n, seed, steps=None):
    y = wandering(kind, n, seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There are . windows to train on")
        path = Forecaster(steps=steps).fit(None, y).forecast(36).to_numpy()
    if kind == "constant":
        np.testing.assert_allclose(path, y[0])
    elif kind == "line" and n >= 6:
        truth = y[-1] + (y[1] - y[0]) * np.arange(1, 37)
        assert np.abs(path - truth).mean() <= (1 + 1e-9) * np.abs(theta(y, 36) - truth).mean()
        assert np.abs(path - truth).max() < 0.51 * np.abs(truth[-1] - y[-1])  # theta takes half of the slope
        if n >= 10:  # rows that ridge regressions can learn from; the logarithm of a line is none
            path = Forecaster(steps=steps, log=None).fit(None, y).forecast(36).to_numpy()
            assert np.abs(path - truth).max() < 0.2 * np.abs(truth[-1] - y[-1])
    else:
        for n_steps in (24, 36):
            assert excess(path[:n_steps], y) <= allowed(y, n_steps)


FEW = [("walk", 12, 1), ("walk", 6, 2), ("season", 12, 0), ("season", 8, 1), ("level", 20, 0), ("walk", 50, 0),
       ("level", 2, 0), ("walk", 5, 0), ("line", 6, 0), ("line", 30, 1), ("constant", 9, 0)]  # fmt: skip


@pytest.mark.parametrize(("kind", "n", "seed"), FEW)
def test_the_default_does_not_run_away(kind, n, seed):
    check_bound(kind, n, seed)
    check_bound(kind, n, seed, steps=12)  # three blocks, or more where fewer steps are predicted at once


@pytest.mark.slow
@pytest.mark.parametrize("n", [*range(2, 27), 30, 36, 42, 47, 48, 49, 54, 60])
@pytest.mark.parametrize("kind", ["level", "season", "walk", "line", "constant"])
def test_the_default_does_not_run_away_from_any_few_rows(kind, n):
    for seed in range(20 if kind in ("level", "season", "walk") else 3):
        check_bound(kind, n, seed)
        if seed < 3:
            check_bound(kind, n, seed, steps=12)


def test_a_year_from_six_months_stays_where_they_were():
    y = pd.Series([20.1, 19.9, 20.6, 20.1, 19.5, 20.4], pd.date_range("2024", periods=6, freq="MS"))
    assert Forecaster().fit(None, y).forecast(12).between(18.4, 21.7).all()


@pytest.mark.parametrize("strategy", WITH_AUTO)
def test_the_default_repeats_the_last_value_where_there_is_too_little_to_learn_from_and_no_baseline(strategy):
    steps = None if strategy == "recursive" else 2
    y = pd.Series([3.0, 1.0, 4.0, 1.5], pd.date_range("2024", periods=4, freq="MS"))
    f = Forecaster(strategy=strategy, steps=steps, **PLAIN)
    with pytest.warns(UserWarning, match=r"There are [23] windows to train on.*repeat the last value"):
        f.fit(None, y)
    assert f.forecast(2).to_list() == [1.5, 1.5]
    f.update(None, y.rename(lambda time: time + pd.DateOffset(months=4)) * 2)
    assert f.forecast(2).to_list() == [3, 3]


@pytest.mark.parametrize("strategy", WITH_AUTO)
@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize(
    "settings", [{}, {"trust": 1.0}, {"regressor": default_regressor().set_params(random_state=1)}]
)
def test_the_default_forecasts_with_the_baseline_where_there_is_too_little_to_learn_from(strategy, shape, settings):
    steps = None if strategy == "recursive" else 2
    y = pd.Series([3.0, 1.0, 4.0, 1.5], pd.date_range("2024", periods=4, freq="MS"))
    y = y if shape == "single" else pd.concat({"a": y[:3], "b": y[:3] * 2})
    f = Forecaster(strategy=strategy, steps=steps, **settings)
    with pytest.warns(UserWarning, match=r"There are [2-4] windows to train on.*those of the baseline alone"):
        f.fit(None, y)
    assert f.regressors_ == []
    alone = Forecaster(Ridge(), baseline="theta", log="auto", trust=0.0, window_length=1)
    np.testing.assert_allclose(f.forecast(2), alone.fit(None, y).forecast(2), rtol=1e-12)
    if shape == "single":
        new = y.rename(lambda time: time + pd.DateOffset(months=4)) * 2
        f.update(None, new)
        alone.set_params(log=None).fit(None, pd.concat((y, new)))  # the logarithm is that of `fit`
        np.testing.assert_allclose(f.forecast(2), alone.forecast(2), rtol=1e-12)


def test_the_series_of_a_panel_are_learnt_from_together_however_short():
    y = pd.concat({key: pd.Series(np.arange(4.0) + 10 * key) for key in range(4)})
    forecast = Forecaster().fit(None, y).forecast(3)  # twelve windows
    np.testing.assert_allclose(
        forecast.to_numpy().reshape(4, 3) - 10 * np.arange(4)[:, np.newaxis], [[4, 5, 6]] * 4, atol=1.5
    )


@pytest.mark.parametrize("strategy", RECURSIVE_FIRST)
def test_the_default_by_name_gives_the_same_bits(strategy):
    steps = None if strategy == "recursive" else 3
    y = np.random.default_rng(0).normal(size=60).cumsum()
    one, other = (
        Forecaster(regressor, strategy=strategy, steps=steps).fit(None, y) for regressor in (None, default_regressor())
    )
    np.testing.assert_array_equal(one.forecast(3), other.forecast(3))


@pytest.mark.parametrize("seed", [1, None])
@pytest.mark.parametrize("strategy", WITH_AUTO)
def test_the_default_with_another_seed_is_still_the_default(strategy, seed):
    steps = None if strategy == "recursive" else 2
    f = Forecaster(default_regressor().set_params(random_state=seed), strategy=strategy, steps=steps, **PLAIN)
    with pytest.warns(UserWarning, match=r"There are [23] windows to train on.*repeat the last value"):
        f.fit(None, [3.0, 1.0, 4.0, 1.5])
    assert f.forecast(2).tolist() == [1.5, 1.5]


def test_the_default_by_name_can_be_searched():
    y = np.random.default_rng(0).normal(size=40).cumsum()
    f = Forecaster(default_regressor(), trust=1.0)  # as the error of set_params says
    with pytest.raises(ValueError, match=r"Forecaster\(default_regressor\(\)\)"):
        Forecaster().set_params(regressor__max_iter=50)
    assert f.set_params(regressor__max_iter=2).regressor.max_iter == 2
    grid = {"regressor__hidden_size": [2, 3]}
    search = GridSearchCV(f, grid, cv=TimeSeriesSplit(2, test_size=4)).fit(np.empty((40, 0)), y)
    assert search.best_estimator_.regressors_[0].hidden_size in (2, 3)
    assert clone(default_regressor()).get_params() == default_regressor().get_params()


@pytest.mark.parametrize("strategy", RECURSIVE_FIRST)
def test_the_default_is_not_harmed_by_training_further(strategy):
    """With the rate that `fit` began with it was half as bad again, and more."""
    t, rng = np.arange(160), np.random.default_rng(0)
    y = np.sin(np.pi * t / 6) + 0.1 * rng.normal(size=160)
    fitted = Forecaster(strategy=strategy, steps=None if strategy == "recursive" else 5, window_length=12)
    fitted.set_params(regressor=default_regressor().set_params(max_iter=40)).fit(None, y[:120])
    errors = []
    for train in (False, True):
        f, error = deepcopy(fitted), []
        for begin in range(120, 160, 5):
            error.append(np.abs(f.forecast(5).to_numpy() - y[begin : begin + 5]).mean())
            f.update(None, y[begin : begin + 5], train=train)
        errors.append(np.mean(error))
    assert errors[1] < 1.1 * errors[0]


def test_the_default_is_the_default_however_much_it_prints(capsys):
    y = np.cumsum(np.random.default_rng(0).normal(size=90))
    expected = Forecaster(trust=1.0).fit(None, y)
    loud = Forecaster(verbose=100, trust=1.0), Forecaster(default_regressor().set_params(verbose=100), trust=1.0)
    for f in loud:
        np.testing.assert_array_equal(f.fit(None, y).forecast(24), expected.forecast(24))
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith("Iteration 100, loss = ")
