"""Attempts on every parameter and argument of `Forecaster`: `python -m tests.attack MODULE:FUNCTION` makes them."""

import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from tests.attack import VALUES, attempts, state_of, variants
from tests.bad_input.subject import Subject
from tests.tools import model

DAYS = pd.date_range("2024-01-01", periods=48)
Y = pd.Series(np.sin(np.arange(48.0)) + np.arange(48) / 10 + 5, index=DAYS, name="y")
X = pd.DataFrame({"a": np.cos(np.arange(48.0)), "b": np.arange(48.0) % 5}, index=DAYS)
PANEL = pd.concat({"one": Y[:30], "two": Y[10:40] * 2}, names=["shop", "day"])
TWO = pd.DataFrame({"y": Y, "z": -Y})
LSTM = model(hidden_size=2, max_iter=1)

# With these settings, a parameter counts.
WHERE_USED = {
    "steps": {"strategy": "multioutput", "steps": 2},
    "baseline_weight": {"baseline": "theta", "trust": 0.5},
    "trust": {"baseline": "theta"},
    "calibration_size": {"intervals": "conformal"},
    "log": {"season": 7},
    "dtype": {"regressor": LSTM},
    "window_length": {"regressor": LSTM, "season": None, "log": None, "baseline": None},
}
# How `history` may be wrong, beside all other values.
HISTORIES = {
    "()": lambda: (),
    "(y,)": lambda: (Y,),
    "(X, y, y)": lambda: (X, Y, Y),
    "(None, None)": lambda: (None, None),
    "(y, None)": lambda: (Y, None),
    "(None, X)": lambda: (None, X),
    "(y, X)": lambda: (Y, X),
    "(X, 3)": lambda: (X, 3),
    "('a', 'b')": lambda: ("a", "b"),
    "(X, fewer rows)": lambda: (X, Y[:-3]),
    "[X, y]": lambda: [X, Y],
    "{X: y}": lambda: {"X": X, "y": Y},
    "nested": lambda: ((X, Y), Y),
    "text": lambda: (X, Y.astype(str)),
    "two rows": lambda: (X[:2], Y[:2]),
    "one row": lambda: (X[:1], Y[:1]),
    "all NaN": lambda: (X, Y * np.nan),
    "infinite": lambda: (X, Y * np.inf),
    "1e300": lambda: (X, Y * 0 + 1e300),
    "generator": lambda: (part for part in (X, Y)),
}


def fitted(*tables, **settings):
    """A fitted forecaster; its regressor is Ridge by default."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Forecaster(**{"regressor": Ridge(), "window_length": 4, **settings}).fit(*tables)


def parameters():
    """A fit with every parameter, and a forecast that must be finite."""
    found = []
    for name, default in Forecaster().get_params(deep=False).items():
        subject = Subject(fitted(X, Y, **WHERE_USED.get(name, {})))

        def call(subject=subject, **parameters):
            def work(estimator):
                estimator.fit(X, Y)
                known = pd.concat([X, X.shift(48, freq="D")])[48:60]
                assert np.isfinite(estimator.forecast(1, known)).all()

            subject.with_parameters(work, parameters)

        found += attempts(call, {name: default}, values=VALUES, state=subject.fitted_state, about="Forecaster")
    return found


def arguments():
    """Every argument of every method, for several kinds of series."""
    rows, weight = X.shift(48, freq="D")[:6], pd.Series(np.linspace(0.5, 1.5, 48), index=DAYS)
    late = Y.shift(48, freq="D")[:6]
    lstm = fitted(None, Y, regressor=LSTM, steps=2, baseline="theta", trust=1.0)
    array = fitted(None, Y.to_numpy())
    panel, last = fitted(None, PANEL, intervals="bootstrap"), PANEL.groupby("shop").tail(3)
    following = pd.concat({"one": Y[30:33], "two": Y[40:43]}, names=["shop", "day"])
    exogenous = fitted(X, Y, past_only=["b"], strategy="direct", steps=6, intervals="conformal")
    two = fitted(None, TWO)
    return [
        *_methods("columns ", exogenous, X, Y, weight, rows, late),
        *_methods("array ", array, None, Y.to_numpy(), weight.to_numpy(), np.empty((6, 0)), late.to_numpy()),
        *_methods("panel ", panel, None, PANEL, None, following.to_frame()[[]], following),
        *_methods("targets ", two, None, TWO, weight, TWO.shift(48, freq="D")[:6][[]], TWO.shift(48, freq="D")[:6]),
        *_importance("columns ", exogenous, X.shift(48, freq="D")[:8], Y.shift(48, freq="D")[:8]),
        *_importance("array ", array, None, late.to_numpy()),
        *_importance("panel ", panel, None, following),
        *_importance("targets ", two, None, TWO.shift(48, freq="D")[:4]),
        *_of("lstm ", lstm, "update", {"X": None, "y": late, "train": True, "learning_rate_init": 0.01}),
        *_of("lstm ", lstm, "set_params", {"steps": 3, "regressor__hidden_size": 3}),
        *_of("panel ", panel, "predict", {"X": last.to_frame()[[]]}),
    ]


def _methods(about, forecaster, X, y, weight, rows, late):
    """Each method with each argument."""
    known = rows if X is not None else None
    history = y if X is None else (X, y)
    coverage = {} if forecaster.intervals is None else {"coverage": 0.5}
    return [
        *_of(about, forecaster, "fit", {"X": X, "y": y, "sample_weight": weight}),
        *_of(about, forecaster, "predict", {"X": rows}),
        *_of(about, forecaster, "forecast", {"steps": 3, "X_future": known, **coverage}),
        *_of(about, forecaster, "forecast", {"steps": 3, "X_future": known, "history": history}, ["history"]),
        *_of(about, forecaster, "components", {"steps": 3, "X_future": known, "history": history}),
        *_of(about, forecaster, "future_index", {"steps": 3, "history": history}),
        *_of(about, forecaster, "update", {"X": known, "y": late, "train": False}),
        *_of(about, forecaster, "score", {"X": rows, "y": late, "sample_weight": np.ones(len(late))}),
    ]


def _importance(about, forecaster, X, y):
    """The permutation importance of some rows."""
    options = {"steps": 1, "n_repeats": 1, "scoring": "r2", "random_state": 0}
    return _of(about, forecaster, "permutation_importance", {"X": X, "y": y, **options})


def _of(about, forecaster, method, good, only=None):
    """Attempts on one method."""
    subject = Subject(forecaster)

    def call(**arguments):
        subject.call(method, arguments)

    settings = {"state": lambda: state_of(subject.estimator), "about": f"{about}Forecaster.{method}"}
    # a message may also name what the argument does not fit
    names = {
        "X": ("Known columns", "steps", "Check the index"),
        "y": ("calibration_size", "value too large for float32"),
        "X_future": ("Known columns",),
    }
    names["history"] = ("The index", "The history", "X_future")
    found = attempts(call, good, only=only, names=names, **settings)
    if "history" in good:
        tables = {f"({name})": make for name, make in _histories(good["history"]).items()}
        # a message may call the parts of a tuple by their names
        names = {"history": ("X", "y", "The index", "X_future")}
        found += attempts(call, good, values=HISTORIES | tables, only=["history"], names=names, **settings)
    return found


def _histories(history):
    """Bad variants of y in a tuple (X, y)."""
    if not isinstance(history, tuple):
        return variants(history)
    X, y = history
    return {name: lambda make=make: (X, make()) for name, make in variants(y).items()}
