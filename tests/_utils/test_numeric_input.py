"""One check of kinds: what it takes for numbers, what it refuses, and that what it advises mends, at every entry."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, backtest, make_windows
from sklstm._utils.numeric_input import as_numbers, in_native_order, index_of

N = 30
DAYS = pd.date_range("2024-01-01", periods=N)
VALUES = np.sin(np.arange(N)) + 2


def masked(values):
    return np.ma.array(values, mask=np.arange(len(values)) == 1)


# ---- what is a number

NUMBERS = {
    "masked floats": (masked([1.0, -9999, 3]), [1, np.nan, 3]),
    "masked whole numbers": (masked([1, -9999, 3]), [1, np.nan, 3]),
    "masked booleans": (masked([True, True, False]), [1, np.nan, 0]),
    "masked objects": (masked(np.array([1, "missing", 3], dtype=object)), [1, np.nan, 3]),
    "a mask that hides nothing": (np.ma.array([1, 2]), [1, 2]),
    "masked rows in a list": ([masked([1, -9999]), np.array([3, 4])], [[1, np.nan], [3, 4]]),
    "a masked entry in nested lists": ([[1, np.ma.masked], [3, 4]], [[1, np.nan], [3, 4]]),
    "None in lists": ([[1, None], [3, 4]], [[1, np.nan], [3, 4]]),
    "pd.NA among objects": (np.array([1, pd.NA, None, np.nan], dtype=object), [1, np.nan, np.nan, np.nan]),
    "exact numbers": ([Decimal("0.5"), Fraction(1, 4), True, np.float32(2)], [0.5, 0.25, 1, 2]),
    "NaN of both kinds": ([Decimal("NaN"), Decimal("-sNaN123"), Decimal(1)], [np.nan, np.nan, 1]),
    "whole numbers beyond 64 bits": ([2**70, -(10**400)], [2.0**70, -np.inf]),
    "an array of rows": (pd.Series([[1, 2], [3, 4]]).to_numpy(), [[1, 2], [3, 4]]),
    "an extension array": (pd.array([1, None], dtype="Int64"), [1, np.nan]),
    "nullable whole numbers": (pd.Series([1, None], dtype="Int64"), [1, np.nan]),
    "nullable booleans": (pd.Series([True, None], dtype="boolean"), [1, np.nan]),
    "a series of objects": (pd.Series([1, pd.NA], dtype=object), [1, np.nan]),
    "a sparse series": (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), [0, 1]),
    "whole numbers of polars": (pl.Series([1, None]), [1, np.nan]),
    "booleans of polars": (pl.Series([True, None]), [1, np.nan]),
    "decimals of polars": (pl.Series([Decimal("1.5"), None]), [1.5, np.nan]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_pass_and_what_is_missing_is_nan(name):
    given, expected = NUMBERS[name]
    values = as_numbers(given, "X")
    assert np.asarray(values).dtype.kind in "fiu"
    np.testing.assert_array_equal(np.asarray(values, dtype=float), expected)


def test_what_is_numeric_is_not_copied():
    frame = pd.DataFrame({"a": [1.0, 2], "b": [True, False]})
    arrays = VALUES, VALUES.astype(">f4"), VALUES[::-1], np.asfortranarray(VALUES.reshape(5, -1)), VALUES > 2
    for given in (*arrays, frame, frame["a"], sparse.csr_array(np.eye(2)), None, 2.0):
        assert as_numbers(given, "X") is given


def test_the_byte_order_of_the_machine_keeps_the_precision():
    for dtype in (">f4", ">f8", ">i2"):
        found = in_native_order(VALUES.astype(dtype))
        assert found.dtype.isnative
        assert found.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(found, VALUES.astype(dtype))
    frame = pd.DataFrame({"a": [1.0]})
    for given in (VALUES, frame, None):
        assert in_native_order(given) is given


def test_frames_keep_names_index_and_precision_and_are_not_changed():
    frame = pd.DataFrame([[1, 2, 3]], index=[DAYS[0]], columns=["a", "b", 3]).astype(object)
    frame.isetitem(1, pd.array([2.5], dtype="Float32"))
    numbers = as_numbers(frame, "X")
    assert numbers.columns.tolist() == ["a", "b", 3]
    assert numbers.dtypes.tolist() == [np.float64, np.float32, np.float64]
    assert index_of(numbers).equals(frame.index)
    assert frame.dtypes.tolist()[0] == np.dtype(object)


def test_polars_keeps_names_and_has_no_index():
    numbers = as_numbers(pl.DataFrame({"b": [1.0, None], "a": [1, 2]}), "X")
    pd.testing.assert_frame_equal(numbers, pd.DataFrame({"b": [1.0, np.nan], "a": [1, 2]}), check_index_type=False)
    assert as_numbers(pl.Series("a", [1]), "y").name == "a"
    assert index_of(numbers) is index_of(numbers[["a"]]) is index_of(numbers[1:]) is index_of(VALUES) is None


# ---- at every entry

FRAME = pd.DataFrame({"a": VALUES, "b": np.cos(np.arange(N))}, index=DAYS)
TARGET = pd.Series(np.random.default_rng(0).standard_normal(N), index=DAYS, name="y")
NEXT = FRAME[:3].set_index(DAYS[:3] + pd.Timedelta(days=N))
ROWS = FRAME.to_numpy()[:, :, np.newaxis]
RIDGE = Forecaster(Ridge(), window_length=3).fit(FRAME, TARGET)
ALONE = Forecaster(Ridge(), window_length=3).fit(None, TARGET)
LSTM = LSTMRegressor(2, n_channels=1, max_iter=2, learning_rate="cosine", random_state=0)
FITTED = LSTMRegressor(2, max_iter=2, learning_rate="cosine", early_stopping=True, random_state=0).fit(
    make_windows(TARGET, 3)[0], make_windows(TARGET, 3)[1]
)
WINDOWS = make_windows(TARGET, 3)[0]
STOPS = LSTMRegressor(2, early_stopping=True)

ENTRIES = {
    "LSTMRegressor.fit X": ("X", 2, lambda bad: LSTM.fit(bad, VALUES)),
    "LSTMRegressor.fit y": ("y", 1, lambda bad: LSTM.fit(FRAME, bad)),
    "LSTMRegressor.fit sample_weight": ("sample_weight", 1, lambda bad: LSTM.fit(FRAME, VALUES, bad)),
    "LSTMRegressor.fit X_val": ("X_val", 2, lambda bad: STOPS.fit(FRAME, VALUES, X_val=bad, y_val=VALUES)),
    "LSTMRegressor.fit y_val": ("y_val", 1, lambda bad: STOPS.fit(FRAME, VALUES, X_val=FRAME, y_val=bad)),
    "LSTMRegressor.fit sample_weight_val": (
        "sample_weight_val",
        1,
        lambda bad: STOPS.fit(FRAME, VALUES, X_val=FRAME, y_val=VALUES, sample_weight_val=bad),
    ),
    "LSTMRegressor.partial_fit X": ("X", 2, lambda bad: LSTM.partial_fit(bad, VALUES)),
    "LSTMRegressor.partial_fit y": ("y", 1, lambda bad: LSTM.partial_fit(FRAME, bad)),
    "LSTMRegressor.predict": ("X", 2, lambda bad: LSTMRegressor(2).partial_fit(FRAME, VALUES).predict(bad)),
    "LSTMRegressor.predict_quantiles": (
        "X",
        2,
        lambda bad: LSTMRegressor(2, loss="quantile").partial_fit(FRAME, VALUES).predict_quantiles(bad),
    ),
    "LSTMRegressor.score y": ("y", 1, lambda bad: FITTED.score(WINDOWS, bad)),
    "LSTMRegressor.score sample_weight": ("sample_weight", 1, lambda bad: FITTED.score(WINDOWS, VALUES[3:], bad)),
    "LSTMRegressor.forecast context": ("context", 2, lambda bad: FITTED.forecast(2, context=bad)),
    "LSTMRegressor.forecast X_future": ("X_future", 1, lambda bad: FITTED.forecast(2, bad)),
    "WindowTransformer.fit": ("X", 2, lambda bad: WindowTransformer(3).fit(bad)),
    "WindowTransformer.transform": ("X", 2, lambda bad: WindowTransformer(3).fit(FRAME).transform(bad)),
    "make_windows": ("series", 2, lambda bad: make_windows(bad, 3)),
    "Forecaster.fit X": ("X", 2, lambda bad: Forecaster(Ridge()).fit(bad, TARGET)),
    "Forecaster.fit y": ("y", 1, lambda bad: Forecaster(Ridge()).fit(FRAME, bad)),
    "Forecaster.fit sample_weight": ("sample_weight", 1, lambda bad: Forecaster(Ridge()).fit(FRAME, TARGET, bad)),
    "Forecaster.predict": ("X", 2, lambda bad: RIDGE.predict(bad)),
    "Forecaster.forecast X_future": ("X_future", 2, lambda bad: RIDGE.forecast(2, bad)),
    "Forecaster.forecast history": ("history", 1, lambda bad: ALONE.forecast(2, history=bad)),
    "Forecaster.forecast X of history": (
        "X",
        2,
        lambda bad: RIDGE.forecast(2, NEXT, history=(bad, TARGET)),
    ),
    "Forecaster.update X": ("X", 2, lambda bad: RIDGE.update(bad, TARGET)),
    "Forecaster.update y": ("y", 1, lambda bad: ALONE.update(None, bad)),
    "Forecaster.score y": ("y", 1, lambda bad: RIDGE.score(NEXT, bad)),
    "Forecaster.score sample_weight": ("sample_weight", 1, lambda bad: RIDGE.score(NEXT, NEXT["a"], bad)),
    "backtest X": ("X", 2, lambda bad: backtest(RIDGE, bad, TARGET, steps=1, n_origins=2)),
    "backtest y": ("y", 1, lambda bad: backtest(RIDGE, FRAME, bad, steps=1, n_origins=2)),
    "backtest sample_weight": (
        "sample_weight",
        1,
        lambda bad: backtest(RIDGE, FRAME, TARGET, steps=1, n_origins=2, sample_weight=bad),
    ),
}
WRONG = {
    "dates": DAYS,
    "durations": DAYS - DAYS[0],
    "text": ["a"] * N,
    "categories": pd.Categorical(["a"] * N),
}


def reads_times(entry):
    """Whether an entry takes a series, of which a column of times in polars is the time."""
    return entry.startswith(("Forecaster", "backtest", "WindowTransformer", "make_windows"))


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_refuses_what_is_no_number(entry):
    name, n_dimensions, call = ENTRIES[entry]
    where = name if n_dimensions == 1 else f"Column 'b' of {name}"
    where = f"history: {where}" if entry.endswith("of history") else where
    for kind, values in WRONG.items():
        column = pd.Series(values, index=DAYS, name="b")
        bad = column if n_dimensions == 1 else FRAME.assign(b=column)
        with pytest.raises(TypeError, match=rf"^{where} holds {kind} \("):
            call(bad)
        if kind != "categories" and not (kind == "dates" and n_dimensions == 2 and reads_times(entry)):
            with pytest.raises(TypeError, match=f"{name} holds {kind}"):
                call(pl.Series(column.to_list()) if n_dimensions == 1 else pl.DataFrame(bad.to_dict("list")))
        if kind != "categories":
            with pytest.raises(TypeError, match=f"{name} holds {kind}"):
                call(bad.to_numpy())


GAP = np.where(np.arange(N) == 12, np.nan, VALUES)
IS_MISSING = np.isnan(GAP)
WITH_MISSING = {
    "a mask": np.ma.array(np.where(IS_MISSING, -9999, GAP), mask=IS_MISSING),
    "pd.NA": pd.Series(np.where(IS_MISSING, pd.NA, GAP.astype(object)), dtype="Float64"),
    "objects": pd.Series(np.where(IS_MISSING, pd.NA, GAP.astype(object)), dtype=object),
    "None": [None if np.isnan(value) else value for value in GAP],
    "polars": pl.Series(GAP.tolist()).fill_nan(None),
}


def table(column):
    """One column as a table of its kind."""
    if isinstance(column, pd.Series | pl.Series):
        return column.rename("a").to_frame()
    return [[value] for value in column] if isinstance(column, list) else column[:, np.newaxis]


def backtested(y):
    return backtest(Forecaster(Ridge(), window_length=2), None, y, steps=2, n_origins=4).frame["truth"]


def early_stopped(X_val):
    return STOPS.set_params(max_iter=5, n_iter_no_change=9, random_state=0).fit(
        table(VALUES), VALUES, X_val=X_val, y_val=VALUES
    )


READERS = {
    "LSTMRegressor X": lambda gap: LSTM.fit(table(gap), VALUES).predict(table(gap)),
    "LSTMRegressor partial_fit": lambda gap: LSTMRegressor(2, random_state=0).partial_fit(table(gap), VALUES).theta_,
    "LSTMRegressor X_val": lambda gap: early_stopped(table(gap)).validation_loss_curve_,
    "WindowTransformer": lambda gap: WindowTransformer(2).fit_transform(table(gap)),
    "make_windows": lambda gap: make_windows(gap, 2)[0],
    "Forecaster y": lambda gap: Forecaster(Ridge(), window_length=2).fit(None, gap).forecast(2),
    "Forecaster past_only": lambda gap: (
        Forecaster(Ridge(), window_length=2, past_only=[0 if isinstance(table(gap), list | np.ndarray) else "a"])
        .fit(table(gap), TARGET.to_numpy())
        .predict(np.ones((1, 1)) if isinstance(table(gap), list | np.ndarray) else pl.DataFrame({"a": [1.0]}))
    ),
    "Forecaster history": lambda gap: ALONE.forecast(2, history=gap),
    "Forecaster update": lambda gap: (
        Forecaster(Ridge(), window_length=2).fit(None, VALUES).update(None, gap).forecast(2)
    ),
    "Forecaster score": lambda gap: Forecaster(Ridge(), window_length=2).fit(None, VALUES).score(np.empty((N, 0)), gap),
    "backtest": backtested,
}


@pytest.mark.filterwarnings(
    "ignore:.*windows are left out", "ignore:X has feature names", "ignore::sklearn.exceptions.ConvergenceWarning"
)
@pytest.mark.parametrize("reader", READERS)
def test_whatever_says_missing_is_missing_at_every_entry(reader):
    expected = READERS[reader](GAP)
    for name, gap in WITH_MISSING.items():
        np.testing.assert_array_equal(READERS[reader](gap), expected, err_msg=name)


@pytest.mark.parametrize("name", WITH_MISSING)
def test_where_nothing_may_be_missing_it_is_refused(name):
    gap = WITH_MISSING[name]
    calls = (
        lambda: LSTM.fit(FRAME, gap),
        lambda: LSTM.fit(FRAME, VALUES, gap),
        lambda: Forecaster(Ridge()).fit(None, VALUES, gap),
        lambda: Forecaster(Ridge()).fit(table(gap), VALUES),
        lambda: FITTED.score(WINDOWS, gap[3:]),
    )
    for call in calls:
        with pytest.raises(ValueError, match="NaN"):
            call()


def test_tables_without_columns_are_told():
    empty = FRAME[[]]
    calls = (
        lambda: LSTM.fit(empty, VALUES),
        lambda: LSTM.fit(FRAME, empty),
        lambda: WindowTransformer(3).fit(empty),
        lambda: make_windows(empty, 3),
        lambda: Forecaster(Ridge()).fit(None, empty),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(30, 0\)\)"):
            call()
