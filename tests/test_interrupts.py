"""Ctrl-C at any line of a fit: the earlier fit is intact, or a new one is whole."""

import pickle
import subprocess
import sys
import threading
import warnings
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

import sklstm
from sklstm import Forecaster, LSTMRegressor, WindowTransformer, backtest, make_windows
from sklstm._utils.interrupts import interrupts_are_raised
from tests.tools import saved_state

ROOT = Path(sklstm.__file__).parent
N = 40
SERIES = pd.Series(np.sin(np.arange(N) / 3) + 5, pd.date_range("2021-01-01", periods=N), name="y")
COLUMN = pd.DataFrame({"k": np.arange(N) % 7.0}, SERIES.index)
X, Y = make_windows(SERIES.to_numpy(), 5)
LSTM = LSTMRegressor(2, max_iter=3, random_state=0)


def in_fit(path):
    """Whether no line of a file may leave a new fit together with KeyboardInterrupt."""
    return path.parent.name in ("_estimator", "_training") or path.name in ("forecaster.py", "fitting.py")


class Tracer:
    """Counts the lines of the package that run, and interrupts at one of them."""

    def __init__(self, line=None, occurrence=1):
        self.line, self.occurrence, self.counts, self.lines = line, occurrence, Counter(), []

    def __call__(self, frame, event, argument):
        return self.local if frame.f_code.co_filename.startswith(str(ROOT)) else None

    def local(self, frame, event, argument):
        if event == "line":
            line = Path(frame.f_code.co_filename), frame.f_lineno
            self.counts[line] += 1
            if line == self.line and self.counts[line] == self.occurrence:
                raise KeyboardInterrupt
        return self.local

    def trace(self, call):
        """Call; return "returned" or "raised"."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            call()
        except KeyboardInterrupt:
            return "raised"
        finally:
            sys.settrace(before)
        return "returned"


def lstm(**settings):
    return clone(LSTM).set_params(**settings)


def fitted_forecaster(regressor, **settings):
    return lambda: Forecaster(regressor, window_length=3, **settings).fit(COLUMN[:30], SERIES[:30])


def refit(model):
    model.fit(X, 3 * Y)


def refit_forecaster(forecaster):
    forecaster.fit(None, 2 * SERIES)


PARTS = {"intervals": "conformal", "baseline": "theta", "trust": "auto", "season": 7, "calibration_size": 4}
GENERATOR = np.random.default_rng
# an estimator that is fitted, and a call that is interrupted
CALLS = {
    "fit": (lambda: lstm(random_state=GENERATOR(0)).fit(X, Y), refit),
    "fit, early stopping": (lambda: lstm(early_stopping=True, loss="quantile").fit(X, Y), refit),
    "fit, warm": (lambda: lstm(warm_start=True, max_updates=5).fit(X, Y), refit),
    "fit, lbfgs": (lambda: lstm(solver="lbfgs").fit(X, Y), refit),
    "first fit": (lambda: lstm(missing="indicator"), refit),
    "partial_fit": (
        lambda: lstm(random_state=GENERATOR(0)).partial_fit(X, Y),
        lambda model: model.partial_fit(X, 3 * Y),
    ),
    "first partial_fit": (lstm, lambda model: model.partial_fit(X, Y)),
    "predict": (lambda: lstm().fit(X, Y), lambda model: (model.predict(X), model.score(X, Y), model.forecast(2))),
    "transformer": (
        lambda: WindowTransformer(2, flatten=True).fit(COLUMN),
        lambda transformer: transformer.fit(COLUMN.assign(z=1.0)),
    ),
    "Forecaster": (fitted_forecaster(LSTM), refit_forecaster),
    "first Forecaster.fit": (lambda: Forecaster(Ridge(), window_length=3), refit_forecaster),
    "Forecaster, parts": (fitted_forecaster(LSTM, **PARTS), refit_forecaster),
    "Forecaster, pipeline": (fitted_forecaster(make_pipeline(StandardScaler(), LSTM)), refit_forecaster),
    "Forecaster, panel": (
        fitted_forecaster(Ridge()),
        lambda forecaster: forecaster.fit(None, pd.concat({"a": SERIES, "b": 2 * SERIES})),
    ),
    "update": (
        fitted_forecaster(LSTM, baseline=None),
        lambda forecaster: forecaster.update(COLUMN[30:], SERIES[30:], train=True),
    ),
    "update of an SGDRegressor": (
        fitted_forecaster(SGDRegressor(random_state=0)),
        lambda forecaster: forecaster.update(COLUMN[30:], SERIES[30:], train=True),
    ),
    "forecast": (
        lambda: Forecaster(LSTM, window_length=3, intervals="conformal").fit(None, SERIES),
        lambda forecaster: (forecaster.forecast(2, coverage=0.5), forecaster.components(2), forecaster.residuals_),
    ),
    "backtest": (
        lambda: Forecaster(LSTM, window_length=3, baseline=None, season=None),
        lambda forecaster: backtest(forecaster, None, SERIES, steps=2, n_origins=2),
    ),
}
MAY_KEEP = ("fit", "fit, early stopping", "fit, warm", "fit, lbfgs", "first fit")


def surroundings():
    global_state = joblib.hash(np.random.get_state())  # noqa: NPY002
    limits = [library["num_threads"] for library in threadpool_info()]
    return global_state, np.geterr(), threading.active_count(), interrupts_are_raised(), limits


def check(name, line, outcome, estimator, states, warned):
    """Check what an interruption has left."""
    before, whole, alone = states
    found, where = saved_state(estimator), f"{name}: {line[0].relative_to(ROOT)}:{line[1]} {outcome}"
    if outcome == "raised":
        assert found == before or (found == whole and not in_fit(line[0])), where
    elif found != whole:  # the weights of an epoch
        assert name in MAY_KEEP, where
        assert any("interrupted by user after" in str(one.message) for one in warned), where
        assert estimator.best_iter_ >= 1, where
        assert np.isfinite(estimator.predict(X)).all(), where
    assert surroundings() == alone, where


def some(lines, is_slow):
    """A few of the lines, drawn at random; in the slow test all lines of the fits themselves, and many others."""
    every = [line for line in lines if is_slow and in_fit(line[0])]
    others = sorted(set(lines) - set(every))
    drawn = np.random.default_rng(0).permutation(len(others))[: 60 if is_slow else 8]
    return sorted([*every, *(others[number] for number in drawn)])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_slow", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_at_a_line_leaves_the_earlier_fit_or_a_whole_one(name, is_slow):
    make, call = CALLS[name]
    saved = pickle.dumps(make())
    whole, tracer = pickle.loads(saved), Tracer()
    call(whole)  # what is computed once in a process is no part of the lines
    whole = pickle.loads(saved)
    assert tracer.trace(lambda: call(whole)) == "returned"
    states = saved_state(pickle.loads(saved)), saved_state(whole), surroundings()
    lines = some(sorted(tracer.counts), is_slow)
    for number, line in enumerate(lines):
        estimator = pickle.loads(saved)
        occurrence = 1 if number % 2 else tracer.counts[line]  # the first or the last
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            outcome = Tracer(line, occurrence).trace(lambda: call(estimator))  # noqa: B023
        check(name, line, outcome, estimator, states, warned)


@pytest.mark.parametrize("n", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_a_signal_at_a_random_moment(n):
    """In a process of its own, as it may come too late."""
    command = [sys.executable, "-m", "tests.sigint", str(n)]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
