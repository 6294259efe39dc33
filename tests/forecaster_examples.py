"""Random forecasters with random tables for the property tests: every kind of index, panel, column and setting."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import reject
from hypothesis import strategies as st
from scipy.linalg import LinAlgWarning
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from sklstm import Forecaster, default_regressor
from tests.tools import model

N_AHEAD = 8  # rows of each series after its history
PLAIN = {"season": None, "log": None, "baseline": None}

# Frequencies, and times from which some of the steps cross a change of the clocks or a leap day.
FREQUENCIES = ["D", "B", "h", "30min", "15min", "3h", "W", "W-WED", "MS", "ME", "QS", "QE", "YE", "2D", "SMS"]
ELAPSED = {"h", "30min", "15min", "3h"}
STARTS = ["2024-03-28", "2024-10-25", "2023-12-30", "1999-06-15"]
ZONES = [None, None, "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Kathmandu"]
PERIODS = ["D", "M", "W", "h", "Q", "Y", "30min"]
KEYS = [
    list("cab"),
    [3, -1, 20],
    [0.5, 2.0, -1.5],
    [("a", 1), ("a", 0), ("b", 1)],
    ["b", 1, "a"],
    list(pd.to_datetime(["2020-01-03", "2020-01-01", "2021-01-01"])),
    [True, False, "x"],
]
COLUMN_NAMES = [["u", "v", "w"], [2, 0, 7], [("a", "x"), ("a", "y"), ("b", "x")], ["y", "x0", "forecast"]]


# ---- tables


def date_index(n, start, freq, zone, unit, keeps_freq):
    """Return dates, some of which have no `freq`; where clocks skip a midnight, the day begins after it."""
    if freq in ELAPSED:
        index = pd.date_range(start, periods=n, freq=freq, tz=zone).as_unit(unit)
    else:
        wall = pd.date_range(start, periods=n, freq=freq).as_unit(unit)
        first = np.ones(n, bool)
        index = wall if zone is None else wall.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)
    if not keeps_freq:
        index.freq = None
    return index.rename("time")


@st.composite
def indexes(draw, n):
    """An index of n rows; None for arrays."""
    kind = draw(st.sampled_from(["date", "date", "period", "range", "integers", "none"]))
    if kind == "none":
        return None
    if kind == "range":
        return pd.RangeIndex(n)
    if kind == "integers":
        start, step = draw(st.integers(-1000, 10**6)), draw(st.sampled_from([1, 2, 7, 1000]))
        return pd.Index(start + step * np.arange(n), name="count")
    start = draw(st.sampled_from(STARTS))
    if kind == "period":
        return pd.period_range(start, periods=n, freq=draw(st.sampled_from(PERIODS)), name="period")
    zone, unit = draw(st.sampled_from(ZONES)), draw(st.sampled_from(["ns", "us", "s"]))
    return date_index(n, start, draw(st.sampled_from(FREQUENCIES)), zone, unit, draw(st.booleans()))


ORDINARY = {
    "walk": lambda n, rng: 50 + rng.normal(size=n).cumsum(),
    "season": lambda n, rng: 20 + 5 * np.sin(np.arange(n) * np.pi / 2) + rng.normal(size=n),
    "growth": lambda n, rng: np.exp(0.05 * np.arange(n) + rng.normal(size=n) / 10),
    "around 0": lambda n, rng: rng.normal(size=n),
}
SIMPLE = {
    "counts": lambda n, rng: rng.poisson(2.0, n).astype(float),
    "constant": lambda n, rng: np.full(n, 7.3),
    "zeros": lambda n, rng: np.zeros(n),
    "line": lambda n, rng: 3.0 * np.arange(n),
    "two values": lambda n, rng: rng.integers(2, size=n).astype(float),
    "outlier": lambda n, rng: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
    "offset": lambda n, rng: 1e9 + rng.normal(size=n),
    "negative": lambda n, rng: -1 - rng.exponential(size=n),
}
EXTREME = {
    "huge": lambda n, rng: 1e300 * rng.uniform(0.5, 1, n),
    "huge, both signs": lambda n, rng: 1e300 * rng.normal(size=n).clip(-3, 3),
    "1e150": lambda n, rng: 1e150 * (1 + rng.normal(size=n)),
    "tiny": lambda n, rng: 1e-300 * (1 + rng.exponential(size=n)),
    "subnormal": lambda n, rng: 5e-324 * rng.integers(1, 9, size=n),
    "1e30": lambda n, rng: 1e30 * (1 + rng.normal(size=n)),
    "wide": lambda n, rng: 10.0 ** rng.uniform(-250, 250, n),
    "whole": lambda n, rng: np.float64(2**62) + rng.integers(2**53, size=n),
}
VALUES = {**ORDINARY, **SIMPLE, **EXTREME}


def with_gaps(values, pattern, rng):
    """Return values some of which are NaN, after a pattern."""
    values, n = values.copy(), len(values)
    if pattern == "some":
        values[rng.random(values.shape) < 0.2] = np.nan
    elif pattern == "rows":
        values[rng.random(n) < 0.2] = np.nan
    elif pattern == "front":
        values[: n // 3] = np.nan
    elif pattern == "end":
        values[n - N_AHEAD - 2 : n - N_AHEAD] = np.nan
    elif pattern == "most":
        values[rng.random(values.shape) < 0.8] = np.nan
    return values


@dataclass(frozen=True)
class Example:
    """A forecaster, and tables whose last rows follow the history.

    Parameters
    ----------
    forecaster : Forecaster
    X : DataFrame, array or None
        All rows: those of the history, and the `N_AHEAD` rows of each series after it.
    y : Series, DataFrame or array
        The same rows.
    is_known : ndarray of bool
        Which rows are the history.
    steps : int
        How many steps to forecast.
    weight : ndarray or None
        Of the rows of the history.
    """

    forecaster: Forecaster
    X: Any
    y: Any
    is_known: np.ndarray
    steps: int
    weight: Any = None

    @property
    def is_panel(self):
        return getattr(getattr(self.y, "index", None), "nlevels", 1) > 1

    @property
    def has_known(self):
        """Whether any column is known in advance."""
        return self.X is not None and self.X.shape[1] > len(self.forecaster.past_only or ())

    @property
    def history(self):
        """X and y of the history."""
        return (None if self.X is None else self.X[self.is_known]), self.y[self.is_known]

    @property
    def later(self):
        """X and y of the rows after the history."""
        return (None if self.X is None else self.X[~self.is_known]), self.y[~self.is_known]

    @property
    def X_future(self):
        """What a forecast needs of X."""
        return self.later[0] if self.has_known else None

    def fit(self, X="history", y="history"):
        """Fit a clone, on the history by default."""
        X, y = self.history if isinstance(y, str) else (X, y)
        return clone(self.forecaster).fit(X, y, self.weight)

    def forecast(self, fitted=None, steps=None, **arguments):
        """Forecast, with X_future if it is needed."""
        fitted = self.fit() if fitted is None else fitted
        return fitted.forecast(self.steps if steps is None else steps, self.X_future, **arguments)

    def but(self, **changes):
        """The same with other settings of the forecaster."""
        return replace(self, forecaster=clone(self.forecaster).set_params(**changes))


def panel_index(times, keys, spans, order, rng):
    """Return the index of a panel, whose series have rows `spans` of the times, and the number of each row's series."""
    series = np.concatenate([np.full(stop - first, k) for k, (first, stop) in enumerate(spans)])
    rows = np.concatenate([np.arange(first, stop) for first, stop in spans])
    if order == "time":
        way = np.lexsort((series, rows))
    elif order == "mixed":
        way = np.argsort(rng.permutation(series), kind="stable")
        way = np.empty(len(series), int)
        shuffled = rng.permutation(series)
        for k in range(len(spans)):
            way[shuffled == k] = np.flatnonzero(series == k)
    else:
        way = np.arange(len(series))
    labels = pd.Index([keys[k] for k in range(len(spans))], tupleize_cols=False).take(series[way])
    return pd.MultiIndex.from_arrays([labels, times.take(rows[way])], names=["key", "time"]), series[way]


@st.composite
def tables(draw, values=VALUES, shapes=("single", "several", "panel"), columns=True, gaps=True, lengths=(14, 40)):
    """X, y, a mask of the history and the names of past-only columns."""
    shape, n = draw(st.sampled_from(shapes)), draw(st.integers(*lengths))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total = n + N_AHEAD
    index = draw(indexes(total))
    if shape == "panel":
        index = pd.RangeIndex(total) if index is None else index
        keys, n_series = draw(st.sampled_from(KEYS)), draw(st.integers(1, 3))
        spans = [(0, total)]
        for _ in range(n_series - 1):
            first = draw(st.integers(0, n - 1))
            spans.append((first, draw(st.integers(first + 1, n)) + N_AHEAD))
        index, number = panel_index(index, keys, spans, draw(st.sampled_from(["time", "mixed", "blocks"])), rng)
    else:
        number = np.zeros(total, int)
    n_targets = draw(st.sampled_from([1, 1, 1, 2])) if shape != "several" else draw(st.integers(1, 3))
    pattern = (
        draw(st.sampled_from(["none", "none", "none", "some", "rows", "front", "end", "most"])) if gaps else "none"
    )
    kinds = [draw(st.sampled_from(list(values)))]
    if draw(st.booleans()):
        kinds += draw(st.lists(st.sampled_from(list(values)), max_size=2))
    y, is_known = np.empty((len(number), n_targets)), np.ones(len(number), bool)
    for k in range(number.max() + 1):
        rows = np.flatnonzero(number == k)
        for target in range(n_targets):
            y[rows, target] = values[kinds[(k + target) % len(kinds)]](len(rows), rng)
        y[rows] = with_gaps(y[rows], pattern, rng)
        is_known[rows[-N_AHEAD:]] = False
    X, past_only, names = None, None, draw(st.sampled_from(COLUMN_NAMES))
    n_columns = draw(st.sampled_from([0, 0, 1, 2, 3])) if columns else 0
    if n_columns:
        X = rng.normal(size=(len(number), n_columns)).cumsum(axis=0)
        past = draw(st.lists(st.integers(0, n_columns - 1), unique=True))
        past_only = [names[k] if index is not None else k for k in past] or None
    y = y[:, 0] if n_targets == 1 and (shape != "several" or draw(st.booleans())) else y
    if index is None:
        return X, y, is_known, past_only
    if X is not None:
        X = pd.DataFrame(X, index, columns=pd.Index(names[:n_columns], tupleize_cols=False))
    target_names = draw(st.sampled_from([list("pqr"), [5, 1, 0], ["y", 2, ("a", 1)]]))
    if y.ndim == 1:
        y = pd.Series(y, index, name=draw(st.sampled_from(["sales", None, 3, ("a", 1)])))
    else:
        y = pd.DataFrame(y, index, columns=pd.Index(target_names[: y.shape[1]], tupleize_cols=False))
    return X, y, is_known, past_only


# ---- settings

FAST = {"ridge": Ridge()}
REGRESSORS = {
    **FAST,
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "lstm": model(hidden_size=2, max_iter=1),
    "default": default_regressor().set_params(max_updates=2, hidden_size=3),
    "boosting": HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=2),
    "quantiles": model(hidden_size=2, max_iter=1, loss="quantile", quantile=[0.1, 0.5, 0.9]),
}
SINGLE_OUTPUT = {"boosting"}
TRANSFORMERS = {
    "scaled": StandardScaler(),
    "range": MinMaxScaler(),
    "asinh": FunctionTransformer(np.arcsinh, np.sinh),
    "log1p": FunctionTransformer(np.log1p, np.expm1),
}


@st.composite
def settings_of_parts(draw):
    """Season, logarithm, baseline, its weight and the trust."""
    found = {
        "season": draw(st.sampled_from(["default", None, "auto", 2, 3, 4, 7])),
        "log": draw(st.sampled_from(["default", None, None, "auto", True])),
        "baseline": draw(
            st.sampled_from(["default", None, None, "auto", "theta", "theta", "naive", "seasonal_naive", Ridge()])
        ),
    }
    if found["baseline"] not in (None, "default"):
        found["baseline_weight"] = draw(st.sampled_from(["auto", 0.0, 0.3, 1.0]))
        found["trust"] = draw(st.sampled_from(["auto", "auto", 0.0, 0.5, 1.0]))
    return found


@st.composite
def examples_of(draw, regressors=("ridge",), parts=None, intervals=False, transformers=False, weights=False, **table):
    """An Example; keywords that are not named here go to `tables`."""
    X, y, is_known, past_only = draw(tables(**table))
    strategy, steps = draw(st.sampled_from(["recursive", "multioutput", "direct", "auto", "auto"])), None
    name = draw(st.sampled_from(regressors))
    if strategy == "multioutput" and name in SINGLE_OUTPUT:
        strategy = "direct"
    if strategy != "recursive" and (strategy != "auto" or draw(st.booleans())):
        steps = draw(st.integers(1, 4))
    settings = {
        "strategy": strategy,
        "steps": steps,
        "past_only": past_only,
        **(draw(settings_of_parts()) if parts is None else parts),
    }
    settings["window_length"] = draw(st.sampled_from([1, 2, 3, 4, 5, "auto"]))
    settings["dtype"] = draw(st.sampled_from([None, None, "float32", "float64"]))
    settings["drop_incomplete"] = draw(st.sampled_from(["auto", "auto", True]))
    settings["clip_recursion"] = draw(st.sampled_from([True, True, False]))
    if transformers and settings.get("log") in (None, "default") and draw(st.booleans()):
        settings["target_transformer"] = draw(st.sampled_from(list(TRANSFORMERS.values())))
    if intervals and draw(st.booleans()):
        settings["intervals"] = draw(st.sampled_from(["conformal", "bootstrap"]))
        settings["calibration_size"] = draw(st.sampled_from([0.2, 0.5, 6, 9]))
    reach = 1 if past_only and steps is None else steps if past_only or strategy in ("multioutput", "direct") else None
    steps_asked = draw(st.integers(1, min(reach or N_AHEAD, N_AHEAD) if steps is None or reach else 2 * steps))
    weight = None
    if weights and draw(st.booleans()):
        weight = np.random.default_rng(0).choice([0.0, 1.0, 2.5], int(is_known.sum()))
        weight[-1] = 1.0
    forecaster = Forecaster(clone(REGRESSORS[name]), **settings)
    return Example(forecaster, X, y, is_known, steps_asked, weight)


# ---- forecasts


def attempt(call, *args, **kwargs):
    """Return the result of a call and None, or None and the error that refused it."""
    try:
        return quietly(call, *args, **kwargs), None
    except (ValueError, TypeError) as error:
        return None, error


def forecast_or_reject(example, **arguments):
    """Fit and forecast; an example that is refused does not count."""
    try:
        fitted = quietly(example.fit)
        return fitted, quietly(example.forecast, fitted, **arguments)
    except (ValueError, TypeError):
        reject()


def quietly(call, *args, **kwargs):
    """Call; a RuntimeWarning is an error, and warnings that data of this kind bring are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", LinAlgWarning)  # of a Ridge whose penalty is small beside the data
        return call(*args, **kwargs)
