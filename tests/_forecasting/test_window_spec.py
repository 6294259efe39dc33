import numpy as np
import pytest

from sklstm._forecasting.window_spec import WindowSpec

rng = np.random.default_rng(0)


def at(values, row):
    """A row of a list of rows, NaN outside of it."""
    return values[row] if 0 <= row < len(values) else [np.nan] * len(values[0])


def slow_window(lags, y, known, past, origin):
    """Step by step, channel by channel, as the picture in the file says."""
    window = []
    for s in range(origin - lags.window_length, origin):
        if s < 0:
            window.append([np.nan] * lags.n_channels)
            continue
        step = list(y[s])
        for ahead in range(1, lags.n_ahead + 1):
            step += list(at(known, s + ahead)) if lags.n_known else []
        window.append(step + (list(past[s]) if lags.n_past else []))
    return window


SIZES = [(1, 1, 1, 0, 0), (3, 1, 1, 0, 0), (3, 1, 2, 1, 0), (2, 4, 1, 2, 1), (4, 3, 2, 0, 2), (9, 2, 1, 1, 1)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("n_future", [0, 2, 5])
def test_windows_and_targets_are_those_of_a_slow_construction(sizes, n_future):
    lags, n = WindowSpec(*sizes), 7
    y, past = rng.normal(size=(n, lags.n_targets)), rng.normal(size=(n, lags.n_past))
    known = rng.normal(size=(n + n_future, lags.n_known))
    origins = np.arange(n + 1)
    windows = lags.windows(lags.table(y, known, past, np.float64), origins)
    assert windows.shape == (n + 1, lags.window_length, lags.n_channels)
    np.testing.assert_array_equal(windows, [slow_window(lags, y, known, past, o) for o in origins])
    targets = [[value for step in range(lags.n_ahead) for value in at(y, o + step)] for o in origins]
    np.testing.assert_array_equal(lags.targets(y, origins), targets)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_flat_row_holds_lags_then_the_known_columns_of_the_rows_predicted(sizes):
    lags, n = WindowSpec(*sizes), 7
    y, past = rng.normal(size=(n, lags.n_targets)), rng.normal(size=(n, lags.n_past))
    known = rng.normal(size=(n + lags.n_ahead, lags.n_known))
    rows = lags.lag_table(lags.windows(lags.table(y, known, past, np.float64), np.arange(1, n + 1)))
    for origin, row in zip(range(1, n + 1), rows, strict=True):
        expected = []
        for s in range(origin - lags.window_length, origin):
            nothing = [np.nan] * (lags.n_targets + lags.n_past)
            expected += [*y[s], *past[s]] if s >= 0 else nothing
        for ahead in range(lags.n_ahead):
            expected += list(known[origin + ahead])
        np.testing.assert_array_equal(row, expected)
    windows, some = lags.windows(lags.table(y, known, past, np.float64), np.arange(1, n + 1)), np.array([5, 0, 1])
    np.testing.assert_array_equal(lags.lag_table(windows, some), rows[some])


def test_the_steps_that_are_appended_carry_the_known_columns_of_the_step_after_them():
    lags, known = WindowSpec(3, 1, 1, 2, 0), rng.normal(size=(12, 2))
    future = lags.future(known, [4, 6], 5)
    for row, origin in zip(future, (4, 6), strict=True):
        # appended at s = origin … origin + 3, each with the columns at s + 1
        np.testing.assert_array_equal(row, [known[s + 1] for s in range(origin, origin + 4)])


def test_windows_next_to_each_other_are_views():
    lags, y = WindowSpec(50, 1, 1, 0, 0), rng.normal(size=(1000, 1))
    nothing = np.empty((1000, 0))
    windows = lags.windows(lags.table(y, nothing, nothing, np.float32), np.s_[1:1000])
    assert windows.base is not None
    assert windows.strides[0] == windows.strides[1] == 4


@pytest.mark.parametrize("sizes", SIZES)
def test_present_steps_are_counted_window_by_window(sizes):
    lags, n = WindowSpec(*sizes), 9
    y, known, past = (rng.normal(size=(n, k)) for k in (lags.n_targets, lags.n_known, lags.n_past))
    for values in (y, known, past):
        values[rng.random(values.shape) < 0.2] = np.nan
    origins = np.arange(n + 1)
    table = lags.table(y, known, past, np.float64)
    windows = lags.windows(table, origins)
    np.testing.assert_array_equal(lags.n_present(table, origins), (~np.isnan(windows).any(axis=2)).sum(axis=1))
    lagged = [[[*s[: lags.n_targets], *(s[-lags.n_past :] if lags.n_past else [])] for s in w] for w in windows]
    expected = (~np.isnan(lagged).any(axis=2)).sum(axis=1)
    np.testing.assert_array_equal(lags.n_present(table, origins, lags_only=True), expected)
    if lags.n_known:
        future = [[v for s in range(o, o + lags.n_ahead) for v in at(known, s if o else -1)] for o in origins]
        np.testing.assert_array_equal(lags.knows_its_future(table, origins), ~np.isnan(future).any(axis=1))


def test_the_steps_of_a_block_carry_the_known_columns_of_all_steps_after_them():
    lags, known = WindowSpec(3, 2, 1, 2, 0), rng.normal(size=(13, 2))
    future = lags.future(known, [4, 6], 5)
    for row, origin in zip(future, (4, 6), strict=True):
        # three blocks; appended at s = origin … origin + 3, each with the columns at s + 1 and s + 2
        np.testing.assert_array_equal(row, [[*known[s + 1], *known[s + 2]] for s in range(origin, origin + 4)])
    assert lags.future(known, [4, 6], 2).shape == (2, 0, 4)
    assert WindowSpec(3, 2, 1, 0, 0).future(np.empty((13, 0)), [4], 5).shape == (1, 4, 0)


@pytest.mark.parametrize("n_ahead", [1, 3])
def test_the_known_columns_of_the_last_row_are_in_the_step_before(n_ahead):
    lags = WindowSpec(4, n_ahead, 1, 2, 1)
    rng = np.random.default_rng(0)
    y, known, past = rng.normal(size=(20, 1)), rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    origins = np.arange(4, 15)
    windows = lags.windows(lags.table(y, known, past, np.float64), origins)
    np.testing.assert_array_equal(lags.known_of_last_row(windows), known[origins - 1])
    assert lags.known_of_last_row(windows[:, -1:]).shape == (11, 0)


def test_a_value_beyond_float32_is_the_largest_of_it():
    lags = WindowSpec(1, 1, 1, 0, 0)
    table = lags.table(np.array([[1e300], [-1e40], [np.nan], [2.0]]), *np.empty((2, 4, 0)), np.float32)
    largest = np.finfo(np.float32).max
    np.testing.assert_array_equal(table.ravel(), [np.nan, largest, -largest, np.nan, 2.0])


@pytest.mark.parametrize("sizes", SIZES)
def test_rows_are_padded_as_a_table_is(sizes):
    """Whatever the number of their columns: row `window_length` + i is row i."""
    lags, values = WindowSpec(*sizes), rng.normal(size=(5, 3))
    padded = lags.padded(values)
    assert padded.shape == (lags.window_length + 5, 3)
    assert np.isnan(padded[: lags.window_length]).all()
    np.testing.assert_array_equal(padded[lags.window_length :], values)


@pytest.mark.parametrize("sizes", SIZES)
def test_present_steps_and_targets_of_windows_are_counted_as_in_the_windows_themselves(sizes):
    lags, n = WindowSpec(*sizes), 40
    y, known, past = (rng.normal(size=(n, k)) for k in (lags.n_targets, lags.n_known, lags.n_past))
    for values in (y, known, past):
        values[rng.random(values.shape) < 0.4] = np.nan
    table, origins = lags.table(y, known, past, np.float64), np.array([0, 1, 2, 5, 17, 18, n])
    windows = lags.windows(table, origins)
    others = np.r_[: lags.n_targets, lags.n_targets + lags.n_ahead * lags.n_known : lags.n_channels]
    complete, lagged = (~np.isnan(part).any(axis=2) for part in (windows, windows[..., others]))
    np.testing.assert_array_equal(lags.n_present(table, origins), complete.sum(axis=1))
    np.testing.assert_array_equal(lags.n_present(table, origins, lags_only=True), lagged.sum(axis=1))
    seen = (~np.isnan(windows[..., : lags.n_targets])).any(axis=1).all(axis=1)
    np.testing.assert_array_equal(lags.sees_every_target(table, origins), seen)
