"""Send SIGINT at random moments of public calls, and check what is left: `python -m tests.sigint [N [SEED]]`.

It runs in a process of its own, so that a signal that comes too late stops nothing else. An earlier fit stays intact,
or the new one is complete or (an LSTMRegressor by itself, after a whole epoch) keeps the weights of an epoch and warns.
"""

import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections import Counter

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from sklstm import Forecaster, LSTMRegressor, backtest, make_windows
from tests.tools import saved_state

N = 80
SERIES = pd.Series(np.sin(np.arange(N) / 3) + 5, pd.date_range("2021-01-01", periods=N), name="y")
X, Y = make_windows(SERIES.to_numpy(), 6)
LSTM = LSTMRegressor(4, max_iter=12, random_state=0, loss_steps="all")


class Case:
    """One call of an estimator that was fitted before."""

    returns_early = False  # whether an interrupted call may return

    def __init__(self, estimator, call, fit):
        self.call = call
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.saved = pickle.dumps(fit(estimator))
            self.before, self.after = self.fitted(), self.fitted()
            begin = time.perf_counter()
            call(self.after)
        self.seconds = time.perf_counter() - begin

    def fitted(self):
        """A new estimator with the earlier fit."""
        return pickle.loads(self.saved)

    def check(self, estimator, returned, warned):
        """Check the state of an estimator after an interrupted call."""
        found, before, after = map(saved_state, (estimator, self.before, self.after))
        if found == before:
            return "earlier fit"
        if found == after:
            return "completed"
        assert self.returns_early, "neither the earlier fit nor a whole one"
        assert returned, "a part of a fit, and KeyboardInterrupt"
        assert any("interrupted by user after" in str(one.message) for one in warned), "no warning"
        assert 1 <= estimator.best_iter_ <= estimator.n_iter_ <= 24
        assert np.isfinite(estimator.predict(X)).all()
        return "kept epochs"


class FitOfLSTM(Case):
    returns_early = True


class Search(Case):
    """A search that is not fitted before: it is scikit-learn's, and may be fitted in part."""

    def check(self, estimator, returned, warned):
        assert joblib.hash(estimator.estimator) == joblib.hash(self.before.estimator)
        if returned:
            assert np.isfinite(estimator.cv_results_["mean_test_score"]).all()
            assert np.isfinite(estimator.predict(X)).all()
        return "completed" if returned else "earlier fit"


def fit_lstm(model):
    return model.fit(X, Y)


def fit_forecaster(forecaster):
    return forecaster.fit(None, SERIES[:60])


def cases():
    """Every call, by name."""
    again = {"X": X, "y": 3 * Y + 1}
    halves = [(np.arange(30), np.arange(30, 60))]
    forecaster = Forecaster(LSTM, window_length=6, trust=0.5)
    networks = MultiOutputRegressor(LSTM.set_params(loss_steps="last"))
    several = Forecaster(networks, window_length=6, steps=2, strategy="multioutput")
    piped = Forecaster(make_pipeline(StandardScaler(), LSTM), window_length=6, intervals="conformal")
    grid = {"hidden_size": [2, 3]}
    return {
        "fit": FitOfLSTM(clone(LSTM), lambda model: model.fit(**again), fit_lstm),
        "fit, warm": FitOfLSTM(clone(LSTM).set_params(warm_start=True), lambda model: model.fit(**again), fit_lstm),
        "fit, lbfgs": FitOfLSTM(clone(LSTM).set_params(solver="lbfgs"), lambda model: model.fit(**again), fit_lstm),
        "fit, stopping": FitOfLSTM(
            clone(LSTM).set_params(early_stopping=True), lambda model: model.fit(**again), fit_lstm
        ),
        "partial_fit": Case(clone(LSTM), lambda model: model.partial_fit(**again), fit_lstm),
        "forecast": Case(clone(LSTM), lambda model: model.forecast(300), fit_lstm),
        "Forecaster.fit": Case(forecaster, lambda model: model.fit(None, SERIES * 2), fit_forecaster),
        "Forecaster.fit, several": Case(several, lambda model: model.fit(None, SERIES * 2), fit_forecaster),
        "Forecaster.fit, intervals": Case(piped, lambda model: model.fit(None, SERIES * 2), fit_forecaster),
        "update": Case(forecaster, lambda model: model.update(None, SERIES[60:], train=True), fit_forecaster),
        "Forecaster.forecast": Case(piped, lambda model: model.forecast(9, coverage=0.5), fit_forecaster),
        "backtest": Case(forecaster, lambda model: backtest(model, None, SERIES, steps=2, n_origins=3), fit_forecaster),
        "GridSearchCV": Search(
            GridSearchCV(clone(LSTM), grid, cv=halves), lambda search: search.fit(X, Y), lambda s: s
        ),
        "cross_val_score": Case(clone(LSTM), lambda model: cross_val_score(model, X, Y, cv=halves), fit_lstm),
        "ridge": Case(Forecaster(Ridge()), lambda model: model.fit(None, SERIES * 2), fit_forecaster),
    }


def surroundings():
    """What no call may change: BLAS limits, threads, and the global random state."""
    limits = [library["num_threads"] for library in threadpool_info()]
    global_state = joblib.hash(np.random.get_state())  # noqa: NPY002
    return limits, threading.active_count(), global_state, np.geterr()


def interrupted(call, delay):
    """Call, with SIGINT after so many seconds. Return whether the call returned, and what it warned of."""

    def send():
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGINT)

    timer, returned = threading.Thread(target=send), False
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            timer.start()
            call()
            returned = True
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    timer.join()
    return returned, warned


def main(n=15, seed=None):
    """Interrupt n calls, each kind equally often; print how often each state was left."""
    seed = int(seed or np.random.SeedSequence().entropy % 2**32)
    rng, signal_free = np.random.default_rng(seed), signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(f"seed {seed}", flush=True)
    all_cases = cases()
    before, outcomes = surroundings(), {name: Counter() for name in all_cases}
    names = list(all_cases)
    for number in range(int(n)):
        name = names[number % len(names)]
        case = all_cases[name]
        estimator, delay = case.fitted(), rng.uniform(0, 1.1) * case.seconds
        returned, warned = interrupted(lambda: case.call(estimator), delay)  # noqa: B023
        try:
            outcomes[name][case.check(estimator, returned, warned)] += 1
            assert surroundings() == before, f"{before} became {surroundings()}"
        except AssertionError as error:
            raise AssertionError(f"{name}, after {delay:.4f} of {case.seconds:.4f} s, number {number}") from error
    for name, counts in outcomes.items():
        print(f"{name}: {dict(counts)}")
    signal.signal(signal.SIGINT, signal_free)


if __name__ == "__main__":
    main(*sys.argv[1:])
