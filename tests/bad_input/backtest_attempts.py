"""Attempts on every argument of `backtest` and `split_panel`: `python -m tests.attack MODULE:FUNCTION` makes them."""

import itertools

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

from sklstm import Forecaster, LSTMRegressor, backtest, split_panel
from tests.attack import VALUES, attempts, state_of, variants

DAYS = pd.date_range("2024-01-01", periods=30, name="day")
SERIES = pd.Series(np.sin(np.arange(30.0)) + 3, index=DAYS, name="sales")
COLUMNS = pd.DataFrame({"price": np.cos(np.arange(30.0))}, index=DAYS)
PANEL = pd.concat({"a": SERIES[:12], "b": SERIES[:12]}, names=["shop"])
KNOWN, NEXT = list(range(20)), [20, 21]


class Splitter:
    """Gives folds as a user's own splitter might."""

    def __init__(self, folds):
        self.folds = folds

    def split(self, X, y=None, groups=None):
        yield from self.folds()

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


def _failing():
    raise KeyError("odd")


FOLDS = {
    "float positions": [(np.arange(20.0), [20.0])],
    "positions of text": [(list(map(str, KNOWN)), ["20"])],
    "positions of NaN": [(KNOWN, [np.nan])],
    "negative positions": [(KNOWN, [-1])],
    "negative training positions": [(range(-30, -10), NEXT)],
    "positions beyond": [(KNOWN, [99])],
    "position 10**400": [(KNOWN, [10**400])],
    "dates": [(DAYS[:20], DAYS[20:22])],
    "durations": [(np.arange(20).astype("m8[D]"), NEXT)],
    "two dimensions": [(np.arange(20).reshape(4, 5), NEXT)],
    "mask": [(np.arange(30) < 20, np.arange(30) >= 20)],
    "short mask": [([True] * 3, [False] * 3)],
    "slices": [(slice(20), slice(20, 22))],
    "whole numbers alone": [(5, 6)],
    "booleans alone": [(True, False)],
    "text": [("a", "b")],
    "None twice": [(None, None)],
    "training rows only": [(KNOWN,)],
    "three parts": [(KNOWN, NEXT, 3)],
    "no rows": [([], [])],
    "no training rows": [([], NEXT)],
    "no test rows": [(KNOWN, [])],
    "a gap": [([0, 1, 2, 3, 9], [10])],
    "overlap": [(KNOWN, range(10, 22))],
    "a fold twice": [(KNOWN, NEXT), (KNOWN, NEXT)],
}
SPLITTERS = {
    **{name: lambda folds=folds: folds for name, folds in FOLDS.items()},
    **{f"splitter of {name}": lambda folds=folds: Splitter(lambda: folds) for name, folds in FOLDS.items()},
    "endless": lambda: itertools.repeat((KNOWN, NEXT)),
    "endless splitter": lambda: Splitter(lambda: itertools.repeat((KNOWN, NEXT))),
    "failing splitter": lambda: Splitter(_failing),
    "class of splitters": lambda: TimeSeriesSplit,
    "KFold": lambda: KFold(3),
    "ShuffleSplit": lambda: ShuffleSplit(2, random_state=0),
    "StratifiedKFold": lambda: StratifiedKFold(2),
    "GroupKFold": lambda: GroupKFold(2),
    "LeaveOneOut": LeaveOneOut,
    "too many splits": lambda: TimeSeriesSplit(500),
}
FORECASTERS = {
    "class": lambda: Forecaster,
    "regressor": LSTMRegressor,
    "wrong parameter": lambda: Forecaster(Ridge(), window_length=-1),
    "wrong regressor": lambda: Forecaster("ridge"),
    "longer windows": lambda: Forecaster(Ridge(), window_length=300),
}
WEIGHTS = variants(np.ones(30)) | variants(pd.Series(1.0, index=DAYS))


def backtests():
    """Every argument of `backtest`, on a single series with an exogenous column."""
    forecaster = Forecaster(Ridge(), window_length=4)
    given = {"forecaster": forecaster, "X": COLUMNS, "y": SERIES, "steps": 2, "n_origins": 3, "refit": False}
    given |= {"season": None, "coverage": None, "sample_weight": None, "verbose": 0}
    pools = {"X": variants(COLUMNS), "y": variants(SERIES), "sample_weight": WEIGHTS, "forecaster": FORECASTERS}

    def call(**arguments):
        scores = backtest(**arguments).metrics
        assert not np.isinf(scores).any()

    names = {"X": ("y",), "y": ("X",), "sample_weight": ("X",), "forecaster": ("window_length", "regressor")}
    settings = {"state": lambda: state_of(forecaster), "names": names, "about": "backtest"}
    found = []
    for name in given:
        found += attempts(call, given, only=[name], values=VALUES | pools.get(name, {}), **settings)
    folds = given | {"n_origins": None, "cv": None}
    return found + attempts(call, folds, only=["cv"], values=VALUES | SPLITTERS, **settings)


def panels():
    """Every argument of `split_panel`."""
    given = {"index": PANEL, "n_splits": 2, "test_size": 2, "gap": 0}
    odd = {
        "MultiIndex": lambda: PANEL.index,
        "of three levels": lambda: pd.MultiIndex.from_product([["a"], ["b"], DAYS]),
        "without rows": lambda: PANEL.index[:0],
        "without levels": lambda: pd.MultiIndex.from_arrays([[], []]),
        "times of text": lambda: pd.MultiIndex.from_product([["a", "b"], ["x", "y", "z"]]),
        "missing time": lambda: pd.MultiIndex.from_arrays([["a"] * 4, [pd.NaT, *DAYS[:3]]]),
        "missing time in a level": lambda: pd.concat({"a": SERIES[:5].set_axis([pd.NaT, *DAYS[:4]])}),
        "missing series": lambda: PANEL.rename({"a": np.nan}, level=0),
    }
    pools = {"index": VALUES | odd | variants(PANEL)}
    return [
        attempt
        for name in given
        for attempt in attempts(split_panel, given, only=[name], values=pools.get(name, VALUES), about="split_panel")
    ]


def everything():
    """All attempts of this module."""
    return [*backtests(), *panels()]
