"""Rows of the table of bad input for windows, and for the functions that make data."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from sklstm import LagsToSequences, WindowTransformer, make_windows
from sklstm.datasets import make_adding_problem, make_pattern
from tests.attack import bad, run_apart, sampled, state_of
from tests.bad_input.tools import Row, check_refused
from tests.bad_input.window_attempts import DAYS, TABLE, everything

FITTED = WindowTransformer(3, flatten=True).fit(TABLE)
UNNAMED = WindowTransformer(3, flatten=True).fit(TABLE.to_numpy())
LAGGED = LagsToSequences(2).fit(TABLE)
CUT, MADE = "make_windows", "WindowTransformer"
FIT, TRANSFORM = "WindowTransformer.fit", "WindowTransformer.transform"
NAMES, OUTPUT = "WindowTransformer.get_feature_names_out", "WindowTransformer.set_output"
LAGS, LAG_FIT, LAG_TRANSFORM = "LagsToSequences", "LagsToSequences.fit", "LagsToSequences.transform"
LAG_OUTPUT = "LagsToSequences.set_output"
ADDING, PATTERN = "datasets.make_adding_problem", "datasets.make_pattern"
CALLS = {
    CUT: lambda **given: make_windows(**{"series": TABLE, "window_length": 3} | given),
    MADE: lambda **given: WindowTransformer(**given).fit(TABLE),
    FIT: FITTED.fit,
    TRANSFORM: FITTED.transform,
    NAMES: UNNAMED.get_feature_names_out,
    OUTPUT: FITTED.set_output,
    LAGS: lambda **given: LagsToSequences(**given).fit(TABLE),
    LAG_FIT: LAGGED.fit,
    LAG_TRANSFORM: LAGGED.transform,
    LAG_OUTPUT: LAGGED.set_output,
    ADDING: make_adding_problem,
    PATTERN: make_pattern,
}

ROWS = [
    Row(CUT, "series", "number", lambda: 3.0, "Got 3.0"),
    Row(CUT, "series", "text", lambda: ["a", "b"], "'a'", TypeError),
    Row(CUT, "series", "empty", list, "shape=(0,)"),
    Row(CUT, "series", "0-d", lambda: np.array(3.0), "array(3.)"),
    Row(CUT, "series", "three dimensions", lambda: np.ones((9, 2, 2)), "dim 3"),
    Row(CUT, "series", "complex", lambda: np.ones(9) * 1j, "complex128"),
    Row(CUT, "series", "infinite", lambda: TABLE * np.inf, "infinity"),
    Row(CUT, "series", "np.matrix", lambda: np.ones((9, 2)).view(np.matrix), "np.matrix", TypeError),
    Row(CUT, "series", "no columns", lambda: TABLE[[]], "(12, 0)"),
    Row(CUT, "series", "a time twice", lambda: TABLE.set_axis([DAYS[0]] * 12), "2024-01-01"),
    Row(CUT, "window_length", "boolean", lambda: True, "Got True"),
    Row(CUT, "window_length", "0", lambda: 0, "Got 0"),
    Row(CUT, "window_length", "number as text", lambda: "3", "'3'"),
    Row(CUT, "window_length", "float", lambda: 2.0, "Got 2.0"),
    Row(CUT, "window_length", "more than rows", lambda: 99, "window_length=99"),
    Row(CUT, "window_length", "10**400", lambda: 10**400, "401 digits"),
    Row(CUT, "lead", "0", lambda: 0, "Got 0"),
    Row(CUT, "lead", "duration", lambda: np.timedelta64(1, "D"), "timedelta64(1,'D')"),
    Row(CUT, "stride", "2**70", lambda: 2**70, "1180591620717411303424"),
    Row(CUT, "stride", "boolean", lambda: True, "Got True"),
    Row(CUT, "targets", "unknown", lambda: "first", "'first'"),
    Row(CUT, "n_outputs", "more than channels", lambda: 5, "n_outputs=5"),
    Row(CUT, "n_outputs", "boolean", lambda: True, "Got True"),
    Row(MADE, "window_length", "boolean", lambda: True, "Got True"),
    Row(MADE, "window_length", "beyond memory", lambda: 10**13, "window_length=10000000000000"),
    Row(MADE, "window_length", "10**400", lambda: 10**400, "401 digits"),
    Row(MADE, "lead", "negative", lambda: -1, "Got -1"),
    Row(MADE, "lead", "beyond memory", lambda: 2**62, "lead=4611686018427387904"),
    Row(MADE, "flatten", "number", lambda: 1, "Got 1"),
    Row(MADE, "dtype", "of whole numbers", lambda: "int64", "'int64'"),
    Row(FIT, "X", "Series", lambda: TABLE["a"], "got a Series"),
    Row(FIT, "X", "number", lambda: 10**400, "401 digits"),
    Row(FIT, "X", "text", lambda: TABLE.astype(str), "text", TypeError),
    Row(FIT, "X", "three dimensions", lambda: np.ones((9, 2, 2)), "dim 3"),
    Row(FIT, "X", "infinite", lambda: np.full((12, 2), np.inf), "infinity"),
    Row(FIT, "X", "no rows", lambda: TABLE[:0], "shape=(0, 2)"),
    Row(FIT, "X", "unsorted", lambda: TABLE[::-1], "sort_index()"),
    Row(TRANSFORM, "X", "other columns", lambda: TABLE.rename(columns={"a": "z"}), "z", names=("feature names",)),
    Row(TRANSFORM, "X", "a column more", lambda: TABLE.assign(z=1.0), "z", names=("feature names",)),
    Row(TRANSFORM, "X", "number", lambda: 3.0, "got 3.0"),
    Row(NAMES, "input_features", "numbers", lambda: [1, 2], "[1, 2]"),
    Row(NAMES, "input_features", "text", lambda: "ab", "'ab'"),
    Row(NAMES, "input_features", "another length", lambda: ["a"], "2"),
    Row(OUTPUT, "transform", "unknown", lambda: "list", "'list'"),
    Row(OUTPUT, "transform", "boolean", lambda: True, "True"),
    Row(LAGS, "n_lags", "boolean", lambda: True, "Got True"),
    Row(LAGS, "n_lags", "0", lambda: 0, "Got 0"),
    Row(LAGS, "n_lags", "float", lambda: 2.0, "Got 2.0"),
    Row(LAGS, "n_lags", "more than columns", lambda: 3, "n_lags=3"),
    Row(LAGS, "n_lags", "10**400", lambda: 10**400, "401 digits"),
    Row(LAGS, "n_channels", "not all columns", lambda: 3, "X has 2 columns"),
    Row(LAGS, "n_channels", "duration", lambda: np.timedelta64(1, "D"), "timedelta64(1,'D')"),
    Row(LAGS, "order", "unknown", lambda: "newest", "'newest'"),
    Row(LAGS, "order", "boolean", lambda: True, "Got True"),
    Row(LAGS, "layout", "unknown", lambda: "blocks", "'blocks'"),
    Row(LAGS, "extra", "unknown", lambda: "drop", "'drop'"),
    Row(LAGS, "extra", "number", lambda: 0, "Got 0"),
    Row(LAGS, "names", "text", lambda: "ab", "'ab'"),
    Row(LAGS, "names", "numbers", lambda: [1, 2], "[1, 2]"),
    Row(LAGS, "names", "another number", lambda: ["lag1"], "1 names"),
    Row(LAGS, "names", "others than in X", lambda: ["lag1", "lag2"], "['a', 'b']"),
    Row(LAGS, "names", "without lags", lambda: ["a", "b"], "needs names that tell the lags"),
    Row(LAGS, "target", "number", lambda: 0, "Got 0"),
    Row(LAGS, "target", "without names", lambda: "y", "needs names that tell the lags"),
    Row(LAG_FIT, "X", "Series", lambda: TABLE["a"], "got a Series"),
    Row(LAG_FIT, "X", "number", lambda: 10**400, "401 digits"),
    Row(LAG_FIT, "X", "text", lambda: TABLE.astype(str), "text", TypeError),
    Row(LAG_FIT, "X", "three dimensions", lambda: np.ones((9, 2, 2)), "dim 3"),
    Row(LAG_FIT, "X", "infinite", lambda: np.full((12, 2), np.inf), "infinity"),
    Row(LAG_FIT, "X", "no rows", lambda: TABLE[:0], "shape=(0, 2)"),
    Row(LAG_FIT, "X", "sparse", lambda: csr_array(np.ones((12, 2))), "", TypeError),
    Row(LAG_FIT, "X", "a lag twice", lambda: TABLE.set_axis(["lag1", "lag_1"], axis=1), "lag_1", names=("columns",)),
    Row(LAG_TRANSFORM, "X", "other order", lambda: TABLE[["b", "a"]], "order", names=("feature names",)),
    Row(LAG_TRANSFORM, "X", "a column more", lambda: TABLE.assign(z=1.0), "z", names=("feature names",)),
    Row(LAG_TRANSFORM, "X", "number", lambda: 3.0, "got 3.0"),
    Row(LAG_OUTPUT, "transform", "unknown", lambda: "list", "'list'"),
    Row(ADDING, "n_samples", "boolean", lambda: True, "Got True"),
    Row(ADDING, "n_samples", "beyond memory", lambda: 10**15, "n_samples=1000000000000000"),
    Row(ADDING, "n_steps", "3", lambda: 3, "Got 3"),
    Row(ADDING, "random_state", "text", lambda: "a", "'a'"),
    Row(PATTERN, "n_samples", "2**62", lambda: 2**62, "n_samples=4611686018427387904"),
    Row(PATTERN, "pattern_length", "0", lambda: 0, "Got 0"),
    Row(PATTERN, "noise", "negative", lambda: -1.0, "Got -1.0"),
    Row(PATTERN, "noise", "infinite", lambda: np.inf, "Got inf"),
    Row(PATTERN, "noise", "NaN", lambda: np.nan, "Got nan"),
    Row(PATTERN, "random_state", "negative", lambda: -1, "Got -1"),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_gives_no_windows_is_refused(row):
    def state():
        return state_of(FITTED), state_of(UNNAMED), state_of(LAGGED)

    check_refused(row, lambda value: CALLS[row.function](**{row.argument: value}), state)


def test_a_sample_of_the_attack_is_answered_clearly():
    assert bad(attempt.outcome() for attempt in sampled(everything(), 300)) == []


@pytest.mark.slow
def test_the_attack_is_answered_clearly():
    assert bad(run_apart("tests.bad_input.window_attempts:everything")) == []


def test_windows_of_the_longest_length_that_the_rows_allow():
    X, y = make_windows(TABLE["a"], 11)
    assert X.shape == (1, 11, 1)
    pd.testing.assert_series_equal(y, TABLE["a"][11:])
