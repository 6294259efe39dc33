"""What is computed on a cluster and here: searches, backtests, forecasters of many series, and threads in workers."""

import time
import warnings

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, backtest, default_regressor, split_panel
from sklstm.datasets import load_airline

N_WORKERS = 2
N_WARNINGS = 20
AIRLINE = load_airline()
PANEL = pd.concat({"all": AIRLINE, "late": AIRLINE["1953":], "first": AIRLINE[:"1957"]}, names=["line", "month"])
SMALL = default_regressor().set_params(hidden_size=4, max_updates=30)


def grid_search():
    """Of a pipeline, by the score of each fold."""
    model = make_pipeline(WindowTransformer(12), LSTMRegressor(4, instance_norm="last", max_iter=5, random_state=0))
    frame = AIRLINE.to_frame()
    grid = {"windowtransformer__window_length": [6, 12], "lstmregressor__learning_rate_init": [0.01, 0.03]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), error_score="raise").fit(frame, frame["passengers"])
    return [search.cv_results_["split0_test_score"], search.cv_results_["split1_test_score"], search.predict(frame)]


def random_search():
    """Of a forecaster."""
    choices = {"trust": [0.25, 0.5, 1], "regressor__hidden_size": [2, 4]}
    search = RandomizedSearchCV(
        Forecaster(SMALL, steps=12), choices, n_iter=3, cv=TimeSeriesSplit(2, test_size=12), random_state=0
    )
    search.fit(AIRLINE.to_frame()[[]], AIRLINE)
    return [search.cv_results_["mean_test_score"], search.best_estimator_.forecast(12)]


def local_models():
    """One model for each series."""
    model = Forecaster(SMALL, steps=3, trust=1, pooling="local", intervals="conformal").fit(None, PANEL)
    return [model.forecast(3, coverage=0.8), model.fitted_values_]


def direct():
    """One model for each step, of an LSTM and of another regressor."""
    models = [
        Forecaster(regressor, strategy="direct", steps=4) for regressor in (SMALL.set_params(max_iter=2), Ridge())
    ]
    return [model.fit(None, AIRLINE).forecast(4) for model in models]


def backtests():
    """With fits of each series."""
    folds = split_panel(PANEL[["all", "late"]], 2, 3)
    result = backtest(Forecaster(SMALL, steps=3, pooling="local"), None, PANEL[["all", "late"]], steps=3, cv=folds)
    return [result.frame["forecast"], result.metrics]


TASKS = (grid_search, random_search, local_models, direct, backtests)


def differing(backend):
    """The names of the tasks whose results have other bits with a backend of joblib than here."""
    found = []
    for task in TASKS:
        here = task()
        with joblib.parallel_config(backend, n_jobs=N_WORKERS):
            there = task()
        same = [np.array_equal(one, other, equal_nan=True) for one, other in zip(here, there, strict=True)]
        found += [] if all(same) else [task.__name__]
    return found


def warn_while_others_do(call):
    """Warn several times, so that the warnings of calls in other threads come in between."""
    for number in range(N_WARNINGS):
        warnings.warn(f"{number} of call {call}", UserWarning, stacklevel=1)
        time.sleep(0.01)


class CountingThreads(RegressorMixin, BaseEstimator):
    """Keeps how many threads each library may use while it is fitted, and the process."""

    def fit(self, X, y):
        import os

        self.threads_ = max(library["num_threads"] for library in threadpool_info())
        self.process_ = os.getpid()
        return self

    def predict(self, X):
        return np.zeros(len(X))


def threads_and_processes(backend):
    """The largest number of threads that the libraries of a worker may use, and the worker processes."""
    with joblib.parallel_config(backend, n_jobs=N_WORKERS):
        direct = Forecaster(CountingThreads(), strategy="direct", steps=8, window_length=5).fit(None, AIRLINE)
        local = Forecaster(CountingThreads(), pooling="local", window_length=5).fit(None, PANEL)
    regressors = direct.regressors_ + local.regressors_
    return max(regressor.threads_ for regressor in regressors), {regressor.process_ for regressor in regressors}
