"""Rows of the table of bad input for `backtest` and `split_panel`."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, TimeSeriesSplit

from sklstm import Forecaster, LSTMRegressor, backtest, split_panel
from tests.attack import bad, run_apart, sampled, state_of
from tests.bad_input.backtest_attempts import DAYS, KNOWN, NEXT, PANEL, SERIES, Splitter, _failing, everything
from tests.bad_input.tools import Row, check_refused

FORECASTER = Forecaster(Ridge(), window_length=4).fit(None, SERIES)
GIVEN = {"forecaster": FORECASTER, "X": None, "y": SERIES, "steps": 2, "n_origins": 3}
OF_PANEL = {"index": PANEL, "n_splits": 2, "test_size": 2, "gap": 0}
TEST, SPLIT = "backtest", "split_panel"


def folds(*pairs):
    return lambda: list(pairs)


ROWS = [
    Row(TEST, "forecaster", "class", lambda: Forecaster, "the class Forecaster"),
    Row(TEST, "forecaster", "regressor", LSTMRegressor, "LSTMRegressor()"),
    Row(
        TEST,
        "forecaster",
        "wrong parameter",
        lambda: Forecaster(Ridge(), window_length=-1),
        "-1",
        names=("Forecaster",),
    ),
    Row(TEST, "y", "number", lambda: 3.0, "Got 3.0"),
    Row(TEST, "y", "text", lambda: ["a"] * 30, "'a'", TypeError),
    Row(TEST, "y", "dates", lambda: DAYS, "2024-01-01", TypeError),
    Row(TEST, "y", "infinite", lambda: SERIES * np.inf, "infinity"),
    Row(TEST, "steps", "0", lambda: 0, "Got 0"),
    Row(TEST, "steps", "boolean", lambda: True, "Got True"),
    Row(TEST, "steps", "fraction", lambda: 1.5, "Got 1.5"),
    Row(TEST, "steps", "number as text", lambda: "2", "'2'"),
    Row(TEST, "steps", "10**400", lambda: 10**400, "401 digits"),
    Row(TEST, "steps", "duration", lambda: np.timedelta64(2, "D"), "timedelta64(2,'D')"),
    Row(TEST, "steps", "more than rows", lambda: 100, "steps=100"),
    Row(TEST, "n_origins", "0", lambda: 0, "Got 0"),
    Row(TEST, "n_origins", "boolean", lambda: True, "Got True"),
    Row(TEST, "n_origins", "more than rows", lambda: 10**9, "n_origins=1000000000"),
    Row(TEST, "n_origins", "none of both", lambda: None, "n_origins=None and cv=None"),
    Row(TEST, "cv", "empty", list, "no folds"),
    Row(TEST, "cv", "number", lambda: 1.5, "1.5"),
    Row(TEST, "cv", "one fold", lambda: 1, "got 1"),
    Row(TEST, "cv", "boolean", lambda: True, "True"),
    Row(TEST, "cv", "text", lambda: "kfold", "'kfold'"),
    Row(TEST, "cv", "class", lambda: TimeSeriesSplit, "the class TimeSeriesSplit"),
    Row(TEST, "cv", "of shuffled rows", lambda: KFold(3), "no earlier than its test rows"),
    Row(TEST, "cv", "too many splits", lambda: TimeSeriesSplit(500), "501"),
    Row(TEST, "cv", "positions of floats", folds((np.arange(20.0), NEXT)), "[0.0, 1.0, 2.0"),
    Row(TEST, "cv", "negative positions", folds((range(-30, -10), NEXT)), "positions from -30 to -11"),
    Row(TEST, "cv", "positions beyond", folds((KNOWN, [20, 99])), "positions from 20 to 99"),
    Row(TEST, "cv", "position 10**400", folds((KNOWN, [10**400])), "401 digits"),
    Row(TEST, "cv", "positions in two dimensions", folds((np.arange(20).reshape(4, 5), NEXT)), "[[0, 1, 2, 3, 4]"),
    Row(TEST, "cv", "no pairs", folds((KNOWN,)), "Fold 0 fails"),
    Row(TEST, "cv", "a fold twice", folds((KNOWN, NEXT), (KNOWN, NEXT)), "row 19"),
    Row(TEST, "cv", "a gap", folds(([0, 1, 2, 3, 9], [10])), "5 of rows 0"),
    Row(TEST, "cv", "endless", lambda: itertools.repeat((KNOWN, NEXT)), "more than 30 folds"),
    Row(TEST, "cv", "failing splitter", lambda: Splitter(_failing), "KeyError('odd')"),
    Row(TEST, "refit", "negative", lambda: -1, "Got -1"),
    Row(TEST, "refit", "text", lambda: "yes", "'yes'"),
    Row(TEST, "refit", "fraction", lambda: 1.5, "Got 1.5"),
    Row(TEST, "season", "0", lambda: 0, "Got 0"),
    Row(TEST, "season", "boolean", lambda: True, "Got True"),
    Row(TEST, "season", "number as text", lambda: "12", "'12'"),
    Row(TEST, "season", "2**70", lambda: 2**70, "1180591620717411303424"),
    Row(TEST, "coverage", "1", lambda: 1.0, "got 1.0"),
    Row(TEST, "coverage", "text", lambda: ["a"], "['a']"),
    Row(TEST, "coverage", "empty", list, "got []"),
    Row(TEST, "sample_weight", "number", lambda: 1.0, "Got 1.0"),
    Row(TEST, "sample_weight", "negative", lambda: -np.ones(30), "-1 in row 0"),
    Row(TEST, "sample_weight", "another length", lambda: np.ones(29), "29"),
    Row(TEST, "sample_weight", "two dimensions", lambda: np.ones((30, 2)), "(30, 2)"),
    Row(TEST, "verbose", "text", lambda: "loud", "'loud'"),
    Row(TEST, "verbose", "negative", lambda: -1, "Got -1"),
    Row(SPLIT, "index", "list", lambda: [1, 2], "got list", TypeError),
    Row(SPLIT, "index", "one level", lambda: DAYS, "got 1"),
    Row(SPLIT, "index", "no rows", lambda: PANEL[:0], "no rows"),
    Row(SPLIT, "index", "missing time", lambda: pd.concat({"a": SERIES[:3].set_axis([pd.NaT, *DAYS[:2]])}), "Row 0"),
    Row(SPLIT, "n_splits", "boolean", lambda: True, "Got True"),
    Row(SPLIT, "n_splits", "more than times", lambda: 99, "99 folds"),
    Row(SPLIT, "test_size", "fraction", lambda: 1.5, "Got 1.5"),
    Row(SPLIT, "test_size", "10**400", lambda: 10**400, "401 digits"),
    Row(SPLIT, "gap", "negative", lambda: -1, "Got -1"),
    Row(SPLIT, "gap", "boolean", lambda: False, "Got False"),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_cannot_be_split_or_scored_is_refused(row):
    function, given = (backtest, GIVEN) if row.function == TEST else (split_panel, OF_PANEL)
    given = given | ({"n_origins": None} if row.argument == "cv" else {})
    check_refused(row, lambda value: function(**given | {row.argument: value}), lambda: state_of(FORECASTER))


def test_positions_may_be_a_mask_or_a_slice():
    pairs = [(KNOWN, NEXT), (slice(20), slice(20, 22)), (np.arange(30) < 20, np.isin(np.arange(30), NEXT))]
    frames = [backtest(**GIVEN | {"n_origins": None, "cv": [pair]}).frame for pair in pairs]
    for frame in frames:
        pd.testing.assert_frame_equal(frame, frames[0])
    assert len(frames[0]) == 2


def test_a_sample_of_the_attack_is_answered_clearly():
    assert bad(attempt.outcome() for attempt in sampled(everything(), 200)) == []


@pytest.mark.slow
def test_the_attack_is_answered_clearly():
    assert bad(run_apart("tests.bad_input.backtest_attempts:everything")) == []
