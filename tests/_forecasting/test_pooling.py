"""One model for each series of a panel, in any number of workers, has the bits of a fit on this series alone."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_info

from sklstm import Forecaster, backtest, default_regressor, split_panel
from sklstm._forecasting.pooling import is_local, models_of, naming_series
from sklstm._series.series_input import read_training

MONTHS = pd.date_range("2001-01-01", periods=100, freq="MS", name="month")
SEASON = np.sin(np.arange(100) * np.pi / 6)
STEPS = 3


def made(seed, first, size):
    """A series with a season, known columns, and the weights of its rows."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"k": rng.normal(size=100), "p": rng.normal(size=100)}, index=MONTHS)
    y = pd.Series(size * (10 + 3 * SEASON + X["k"] + rng.normal(size=100)), index=MONTHS, name="sales")
    return X[first:], y[first:], pd.Series(rng.uniform(0.5, 2, 100), index=MONTHS)[first:]


DATA = {"b": made(0, 0, 1), "a": made(1, 20, 1000), 3: made(2, 40, 0.01)}
X, Y, WEIGHT = (pd.concat({key: parts[which] for key, parts in DATA.items()}, names=["shop"]) for which in range(3))
LSTM = default_regressor().set_params(hidden_size=3, max_iter=2, max_updates=10)
CASES = {
    "default": ({"regressor": LSTM, "steps": STEPS}, ()),
    "trusted": ({"regressor": LSTM, "steps": STEPS, "trust": 1, "strategy": "direct"}, ()),
    "ridge": ({"regressor": Ridge(), "strategy": "direct", "steps": STEPS, "past_only": ["p"]}, ("X", "weight")),
    "conformal": ({"regressor": Ridge(), "window_length": 6, "intervals": "conformal"}, ("X",)),
    "bootstrap": ({"regressor": Ridge(), "season": "auto", "baseline": "auto", "intervals": "bootstrap"}, ("weight",)),
}


def tables(case, X=X, y=Y, weight=WEIGHT):
    columns = ["k", "p"] if case == "ridge" else ["k"]
    _, given = CASES[case]
    return X[columns] if "X" in given else None, y, weight if "weight" in given else None


def fit(case, **settings):
    return Forecaster(**CASES[case][0], **settings).fit(*tables(case))


def future(case, key=None):
    """The known column after the training rows, of one series or of the panel."""
    index = pd.date_range("2009-05-01", periods=STEPS, freq="MS", name="month")
    if "X" not in CASES[case][1]:
        return None
    one = pd.DataFrame({"k": [1.0, -1.0, 0.5]}, index=index)
    return one if key is not None else pd.concat(dict.fromkeys(DATA, one), names=["shop"])


def alone(case):
    """The forecaster of each series, fitted on it alone."""
    return {key: Forecaster(**CASES[case][0]).fit(*tables(case, *parts)) for key, parts in DATA.items()}


def same(panel, each):
    """Whether a table of the panel has the bits of those of each series."""
    expected = pd.concat(each, names=["shop"])
    assert panel.index.equals(expected.index)
    assert panel.index.names == expected.index.names
    return np.array_equal(panel, expected, equal_nan=True)


@pytest.mark.parametrize("case", CASES)
def test_each_series_as_if_alone(case):
    models, panel = alone(case), fit(case, pooling="local")
    coverage = [0.8] if panel.intervals else None
    assert same(
        panel.forecast(STEPS, future(case), coverage=coverage),
        {key: model.forecast(STEPS, future(case, key), coverage=coverage) for key, model in models.items()},
    )
    assert same(
        panel.components(STEPS, future(case)),
        {key: model.components(STEPS, future(case, key)) for key, model in models.items()},
    )
    assert same(panel.fitted_values_, {key: model.fitted_values_ for key, model in models.items()})
    assert same(panel.residuals_, {key: model.residuals_ for key, model in models.items()})
    for name in ("steps_", "season_", "trust_"):
        assert getattr(panel, name) == {key: getattr(model, name) for key, model in models.items()}
    assert {panel.strategy_} == {model.strategy_ for model in models.values()}
    assert panel.n_dropped_ == sum(model.n_dropped_ for model in models.values())
    assert len(panel.regressors_) == sum(len(model.regressors_) for model in models.values())


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("case", ["default", "conformal"])
def test_workers_find_the_same_bits(case, backend):
    one = fit(case, pooling="local")
    with joblib.parallel_config(backend):
        other = fit(case, pooling="local", n_jobs=2)
    assert one.forecast(STEPS, future(case)).equals(other.forecast(STEPS, future(case)))
    assert one.fitted_values_.equals(other.fitted_values_)


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("case", ["trusted", "ridge"])
def test_workers_of_direct_find_the_same_bits(case, backend):
    one = fit(case)
    with joblib.parallel_config(backend):
        other = fit(case, n_jobs=2)
    assert len(other.regressors_) == STEPS
    assert one.forecast(STEPS, future(case)).equals(other.forecast(STEPS, future(case)))


def test_a_backtest_of_each_series():
    folds = split_panel(Y, 2, STEPS)
    settings = CASES["default"][0]
    panel = backtest(Forecaster(**settings, pooling="local"), None, Y, steps=STEPS, cv=folds, season=12).frame
    for key, (_, y, _) in DATA.items():
        cv = [(range(len(y) - last), range(len(y) - last, len(y) - last + STEPS)) for last in (2 * STEPS, STEPS)]
        expected = backtest(Forecaster(**settings), None, y, steps=STEPS, cv=cv, season=12).frame
        found = panel[panel["series"] == key].drop(columns="series").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_series_without_values_is_named_before_any_fit():
    y = Y.copy()
    y[y.index.get_level_values(0) == "a"] = np.nan
    with pytest.raises(ValueError, match="The series 'a': y has only NaN"):
        Forecaster(Refusing(), pooling="local").fit(None, y)
    short = pd.concat([Y, pd.concat({"z": DATA["a"][1][:1]}, names=["shop"])])
    with pytest.raises(ValueError, match="The series 'z': y has n_samples=1"):
        Forecaster(Refusing(), pooling="local").fit(None, short)
    with pytest.raises(ValueError, match="The series 'b': intervals='conformal'"):
        Forecaster(Refusing(), pooling="local", intervals="conformal", window_length=90).fit(None, Y)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_of_one_series_names_it(n_jobs):
    with pytest.raises(ValueError, match=r"The series 3: No window of window_length=70"):
        Forecaster(Ridge(), pooling="local", window_length=70, n_jobs=n_jobs).fit(None, Y)


def test_a_single_series_is_as_ever():
    y = DATA["a"][1]
    one, other = (Forecaster(**CASES["default"][0], pooling=pooling).fit(None, y) for pooling in ("local", "global"))
    assert one.forecast(STEPS).equals(other.forecast(STEPS))
    assert one.steps_ == other.steps_ == STEPS


def test_models_of():
    data = read_training(Forecaster(), None, Y)
    assert not is_local(Forecaster(), data)
    assert list(models_of(Forecaster(), data)) == [None]
    local = models_of(Forecaster(pooling="local"), data)
    assert list(local) == list(DATA)
    assert [part.n_rows for part in local.values()] == [100, 80, 60]


def test_naming_series():
    with pytest.raises(TypeError, match="The series 'a': wrong"), naming_series("a"):
        raise TypeError("wrong")
    with pytest.raises(TypeError, match=r"^wrong"), naming_series(None):
        raise TypeError("wrong")


# ---- threads


class Refusing(RegressorMixin, BaseEstimator):
    """Must not be fitted."""

    def fit(self, X, y):
        raise AssertionError("it was fitted")


class CountingThreads(RegressorMixin, BaseEstimator):
    """Keeps how many threads each library may use while it is fitted."""

    def fit(self, X, y):
        self.threads_ = max(library["num_threads"] for library in threadpool_info())
        return self

    def predict(self, X):
        return np.zeros(len(X))


def count_threads():
    """Print the most threads that workers used together, and the number of cores."""
    n_jobs = joblib.cpu_count()
    direct = Forecaster(CountingThreads(), strategy="direct", steps=4, window_length=5, n_jobs=n_jobs)
    local = Forecaster(CountingThreads(), window_length=5, pooling="local", n_jobs=n_jobs)
    searched = Forecaster(CountingThreads(), strategy="direct", steps=4, window_length=5)
    regressors = direct.fit(None, DATA["a"][1]).regressors_ + local.fit(None, Y).regressors_
    fits = joblib.Parallel(n_jobs)(joblib.delayed(clone(searched).fit)(None, DATA["a"][1]) for _ in range(3))
    regressors += [regressor for each in fits for regressor in each.regressors_]
    print(n_jobs * max(regressor.threads_ for regressor in regressors), joblib.cpu_count(), len(regressors))


def test_workers_use_no_more_threads_than_cores():
    """In a process without a limit of threads in its environment."""
    others = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    code = "from tests._forecasting.test_pooling import count_threads; count_threads()"
    run = [sys.executable, "-c", code]
    n_threads, n_cores, n_fits = subprocess.run(
        run, env=others, capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(n_threads) <= int(n_cores)
    assert int(n_fits) == 4 + 3 + 12


class FailsOnFewRows(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        if len(y) < 60:
            raise ArithmeticError("few rows")
        return self


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_any_error_names_its_series(n_jobs):
    y = pd.concat({"long": Y["b"], "short": Y["b"][:40]}, names=["shop"])
    with pytest.raises(ArithmeticError, match="few rows") as caught:
        Forecaster(FailsOnFewRows(), window_length=3, pooling="local", n_jobs=n_jobs).fit(None, y)
    assert "The series 'short' was being computed." in caught.value.__notes__


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warnings_name_their_series(n_jobs):
    y = pd.concat({"long": Y["b"], "short": Y["b"][:4]}, names=["shop"])
    with pytest.warns(UserWarning, match=r"^The series 'short': There are 3 windows to train on"):
        Forecaster(None, steps=2, pooling="local", n_jobs=n_jobs).fit(None, y)
    growing = pd.concat({"flat": Y["b"][:30], "growing": Y["b"][:30]}, names=["shop"])
    growing["growing"] = 1.5 ** np.arange(30)
    model = Forecaster(Ridge(1e-9), window_length=3, pooling="local").fit(None, growing)
    with pytest.warns(UserWarning, match=r"^The series 'growing': Ridge diverges"):
        model.forecast(60)
