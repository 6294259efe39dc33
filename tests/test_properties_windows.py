"""Properties of windows: they equal a slow construction, for every kind of table."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sklstm import WindowTransformer, make_windows
from sklstm._utils import windows as _windows
from sklstm._utils.forecast_bounds import SeriesRange, WindowRange, line_slopes
from tests.property_samples import LAYOUTS, only_expected_warnings
from tests.property_settings import examples

DTYPES = ["float64", "float32", "int64", "bool", "float16", ">f4", ">f8"]
INDEXES = {
    "days": lambda n: pd.date_range("2024-02-27", periods=n),
    "month ends": lambda n: pd.date_range("2024-01-31", periods=n, freq="ME"),
    "hours": lambda n: pd.date_range("2024-03-30", periods=n, freq="h", tz="Europe/Berlin"),
    "months": lambda n: pd.period_range("2023-11", periods=n, freq="M"),
    "numbers": lambda n: pd.RangeIndex(5, 5 + 2 * n, 2),
}


@st.composite
def tables(draw, least=2):
    """A table (n, k) with missing values, in any dtype."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(least, 20)), draw(st.integers(1, 3))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    table = np.round(rng.normal(0, 100, (n, k))) * draw(st.sampled_from([1.0, 1.0, 1e-3]))
    if dtype.kind == "f" and draw(st.booleans()):
        table[rng.random((n, k)) < 0.2] = np.nan
    return table.astype(dtype)


def precision(dtype):
    """The dtype of windows of a table: float32 and float64 are kept, everything else becomes float64."""
    native = np.dtype(dtype).newbyteorder("=")
    return native if native in (np.float32, np.float64) else np.dtype(np.float64)


def value(table, row, column):
    """A value of a table as a float; NaN before the first row."""
    return float(table[row, column]) if row >= 0 else np.nan


def slow_window(table, first, length):
    """Rows `first` … `first + length - 1` of a table, one value after another."""
    return [[value(table, row, column) for column in range(table.shape[1])] for row in range(first, first + length)]


# ---- make_windows


@examples(60)
@given(
    tables(), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.sampled_from(["last", "all"]),
    st.integers(0, 3), st.booleans(), st.sampled_from(sorted(LAYOUTS)),
)  # fmt: skip
def test_make_windows_equals_a_slow_construction(table, length, lead, stride, targets, n_outputs, is_flat, layout):
    n_outputs = n_outputs or None
    table = table[:, :1] if is_flat else table
    held = LAYOUTS[layout](table[:, 0] if is_flat else table)
    last = list(range(length - 1, len(table) - lead))[::stride]
    settings = {"lead": lead, "stride": stride, "targets": targets, "n_outputs": n_outputs}
    if not last or (n_outputs or 1) > table.shape[1]:
        with pytest.raises(ValueError, match=r"window_length=|n_outputs="):
            make_windows(held, length, **settings)
        return
    X, y = make_windows(held, length, **settings)
    k = n_outputs or table.shape[1]
    np.testing.assert_array_equal(X, [slow_window(table, row - length + 1, length) for row in last])
    if targets == "all":
        expected = [slow_window(table[:, :k], row - length + 1 + lead, length) for row in last]
    else:
        expected = [[value(table, row + lead, column) for column in range(k)] for row in last]
        expected = [only for (only,) in expected] if is_flat else expected
    np.testing.assert_array_equal(y, expected)
    assert X.dtype == y.dtype == precision(table.dtype)
    assert not X.flags.writeable


@examples(30)
@given(tables(least=6), st.integers(1, 3), st.integers(1, 3), st.sampled_from(sorted(INDEXES)), st.booleans())
def test_targets_of_pandas_have_the_times_of_their_rows(table, length, lead, index, is_series):
    names = [f"c{number}" for number in range(table.shape[1])]
    native = table.astype(table.dtype.newbyteorder("="))
    frame = pd.DataFrame(native, index=INDEXES[index](len(table)), columns=names)
    series = frame["c0"] if is_series else frame
    X, y = make_windows(series, length, lead=lead)
    expected, _ = make_windows(series.to_numpy(), length, lead=lead)
    np.testing.assert_array_equal(X, expected)
    left = series.iloc[length + lead - 1 :]
    (pd.testing.assert_series_equal if is_series else pd.testing.assert_frame_equal)(y, left)


# ---- WindowTransformer


@st.composite
def transformers(draw):
    return WindowTransformer(
        draw(st.integers(1, 6)), lead=draw(st.integers(0, 3)), flatten=draw(st.booleans()),
        dtype=draw(st.sampled_from([None, None, "float32", np.float64])),
    )  # fmt: skip


def slow_transform(transformer, before, table):
    """The window of each row of `table`, which follows the rows `before`."""
    whole = np.concatenate((before, table))
    length, lead = transformer.window_length, transformer.lead
    rows = range(len(before), len(whole))
    found = np.array([slow_window(whole, row - lead - length + 1, length) for row in rows])
    return found.reshape(len(table), -1) if transformer.flatten else found


@examples(60)
@given(transformers(), tables(), st.sampled_from(sorted(LAYOUTS)))
def test_the_transformer_equals_a_slow_construction(transformer, table, layout):
    with only_expected_warnings():
        found = transformer.fit_transform(LAYOUTS[layout](table))
        again = [copy.transform(table) for copy in (deepcopy(transformer), pickle.loads(pickle.dumps(transformer)))]
        again.append(clone(transformer).fit(table).transform(table))
    dtype = np.dtype(transformer.dtype) if transformer.dtype else precision(table.dtype)
    expected = slow_transform(transformer, table[:0], table).astype(dtype)
    for windows in (found, *again):
        np.testing.assert_array_equal(windows, expected)
        assert windows.dtype == dtype
    assert not found.flags.writeable


@examples(40)
@given(transformers(), tables(least=4), st.sampled_from(sorted(INDEXES)), st.data())
def test_rows_that_follow_the_training_table_have_its_last_rows_in_their_windows(transformer, table, index, data):
    native = table.astype(table.dtype.newbyteorder("="))
    frame = pd.DataFrame(native, index=INDEXES[index](len(table)))
    frame.columns = [f"c{number}" for number in frame.columns]
    n = data.draw(st.integers(2, len(table) - 1))
    with only_expected_warnings():
        transformer.fit(frame[:n])
        found = transformer.transform(frame[n:])
    expected = slow_transform(transformer, native[:n], native[n:])
    np.testing.assert_array_equal(found, expected.astype(found.dtype))
    if transformer.flatten:
        names = transformer.get_feature_names_out()
        for number in data.draw(st.lists(st.integers(0, len(names) - 1), max_size=3)):
            column, lag = names[number].split("_lag")
            at = n - int(lag)
            wanted = frame[column].iloc[at] if at >= 0 else np.nan
            np.testing.assert_array_equal(found[0, number], np.asarray(wanted).astype(found.dtype))


# ---- parts


@examples(30)
@given(tables(), st.integers(1, 5), st.lists(st.integers(0, 19), max_size=5))
def test_parts_equal_slow_constructions(table, length, origins):
    table = table.astype(float)
    length = min(length, len(table))
    expected = [slow_window(table, row, length) for row in range(len(table) - length + 1)]
    np.testing.assert_array_equal(_windows.sliding_windows(table, length), expected)
    np.testing.assert_array_equal(
        _windows.flat_sliding_windows(table, length), np.reshape(expected, (len(expected), -1))
    )
    origins = np.array([origin for origin in origins if origin <= len(table)], dtype=int)
    padded = np.concatenate((table, np.full((length, table.shape[1]), np.nan)))
    after = [slow_window(padded, origin, length) for origin in origins]
    np.testing.assert_array_equal(
        _windows.rows_after(table, origins, length), np.reshape(after, (len(origins), length, table.shape[1]))
    )


@examples(30)
@given(st.integers(0, 3000), st.integers(0, 10**6))
def test_chunks_take_each_row_once_and_are_bounded(n_rows, row_size):
    chunks = _windows.row_chunks(n_rows, row_size)
    assert [chunk.start for chunk in chunks[1:]] == [chunk.stop for chunk in chunks[:-1]]
    assert not chunks or (chunks[0].start, chunks[-1].stop) == (0, n_rows)
    sizes = [chunk.stop - chunk.start for chunk in chunks]
    assert all(size == 1 or size * row_size <= _windows.CHUNK_ELEMENTS for size in sizes)
    assert all(sizes)


SIZES = st.sampled_from([1.0, 1.0, 1e-300, 1e-5, 1e200, 1e300])


@examples(30)
@given(tables(least=3), SIZES, st.integers(1, 4))
def test_bounds_of_windows_follow_the_size_of_the_series_and_hold_its_range(table, size, steps):
    table = np.nan_to_num(table.astype(float))
    table = table / max(np.abs(table).max(), 1)
    X, _ = make_windows(table * size, 2)
    K, none = table.shape[1], np.empty((len(X), steps - 1, 0))
    low, high = WindowRange.from_windows(X, K).bounds(X, none)
    unit_low, unit_high = WindowRange.from_windows(X / size, K).bounds(X / size, none)
    for found, of_unit in ((low, unit_low), (high, unit_high)):
        np.testing.assert_allclose(found, of_unit * size, rtol=1e-9)
    assert (low <= X.min(axis=(0, 1))).all()
    assert (high >= X.max(axis=(0, 1))).all()


@examples(30)
@given(tables(least=3), SIZES, st.sampled_from([0.95, 3.0]), st.integers(1, 4))
def test_bounds_of_series_follow_their_size(table, size, reach, steps):
    y = table.astype(float)
    y = y / max(np.nanmax(np.abs(y), initial=0), 1)
    known, lengths, ahead = np.empty((len(y), 0)), np.array([len(y)]), np.empty((1, steps, 0))

    def bounds(values):
        ranges = SeriesRange.from_series(values, known, lengths)
        return ranges.bounds(values[np.newaxis], np.empty((1, 1, 0)), ahead, reach)

    found, of_unit = bounds(y * size), bounds(y)
    np.testing.assert_allclose(found, of_unit * size, rtol=1e-6, atol=1e-6 * size)
    assert not (found[0] > found[1]).any()


@examples(30)
@given(tables(least=2), SIZES)
def test_slopes_equal_a_line_through_each_series(table, size):
    y = np.nan_to_num(table.astype(float))
    y = y / max(np.abs(y).max(), 1)
    time = np.arange(len(y))
    expected = []
    for column in y.T:
        slope = np.polynomial.Polynomial.fit(time, column, 1).convert(domain=[-1, 1]).coef[1:]
        varies = np.ptp(column) > 0
        expected.append(slope[0] * np.corrcoef(time, column)[0, 1] ** 2 if varies and len(slope) else 0)
    found = line_slopes(y * size, np.array([0]))
    np.testing.assert_allclose(found[0] / size, expected, rtol=1e-6, atol=1e-9)
