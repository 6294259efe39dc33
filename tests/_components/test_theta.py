"""Theta equals a slow loop over rows, forgets nothing between pieces, and knows nothing of later rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._components.theta import ThetaState, follow_each
from tests import theta as oracle

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 19, 20, 21, 40, 200)


def reference(y):
    """Level and slope of one series after each row: everything is computed from the beginning, for every row."""
    lines = []
    for stop in range(1, len(y) + 1):
        times = np.flatnonzero(~np.isnan(y[:stop]))
        lines.append(line_of(y[times], times, stop - 1) if len(times) else (np.nan, np.nan))
    return np.array(lines)


def line_of(values, times, now):
    """The line through the level of the best constant, with half of the slope."""
    slope = np.polyfit(times, values, 1)[0] * min(1, (len(values) - 1) / 5) if len(values) > 1 else 0.0
    results = []
    for constant in oracle.CONSTANTS:
        level, when, squares = 0.0, 0.0, 0.0
        for n, (value, time) in enumerate(zip(values, times, strict=True), start=1):
            squares += (value - level) ** 2 if n > 1 else 0
            gain = max(constant, 1 / n)
            level, when = level + gain * (value - level), when + gain * (time - when)
        results.append((squares, level, when))
    _, level, when = min(results, key=lambda result: result[0]) if len(values) > 3 else results[9]
    return level + slope / 2 * (now - when), slope / 2


def walk(n, seed=0, n_columns=1):
    return np.random.default_rng(seed).normal(size=(n, n_columns)).cumsum(axis=0) + 5


def with_gaps(y, share=0.3, seed=0):
    return np.where(np.random.default_rng(seed).random(y.shape) < share, np.nan, y)


def lines(y):
    """Level and slope of one series after each row."""
    found = ThetaState.begin(1).follow(np.asarray(y, float).reshape(-1, 1))[1]
    return np.column_stack(found)


def fields_of(state):
    return [np.asarray(value) for value in vars(state).values()]


# ---- against a loop


@pytest.mark.parametrize("n", LENGTHS[:-1])
@pytest.mark.parametrize("share", [0, 0.3, 0.8])
def test_it_equals_a_loop_over_rows(n, share):
    y = with_gaps(walk(n, n), share, n)[:, 0]
    assert_allclose(lines(y), reference(y), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [10, 60])
def test_it_equals_the_oracle_for_short_series(n):
    y = walk(n)[:, 0]
    level, slope = lines(y)[-1]
    assert_allclose(level + slope * np.arange(1, 7), oracle.theta(y, 6))


@pytest.mark.parametrize("constant", [0.3, 0.7])
def test_with_one_constant_it_is_smoothing_with_drift(constant, monkeypatch):
    """As in Hyndman and Billah: half of the slope for each row since the time that the level speaks of."""
    y = walk(80)[:, 0]
    monkeypatch.setattr("sklstm._components.theta.CONSTANTS", np.full(1, constant))
    monkeypatch.setattr("sklstm._components.theta.MIDDLE", 0)
    level, slope = lines(y)[-1]
    b = np.polyfit(np.arange(80), y, 1)[0]
    smooth = y[0]
    for n, value in enumerate(y[1:], start=2):
        smooth += max(constant, 1 / n) * (value - smooth)
    assert_allclose(slope, b / 2)
    assert_allclose(level + slope, smooth + b / 2 / constant, rtol=1e-9)  # (1 - (1 - constant)**n) / constant in theirs


# ---- what it does with simple series


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 1e9 + 0.1, 5e-324])
def test_a_constant_is_forecast_exactly(value):
    y = with_gaps(np.full((100, 1), value))
    y[0] = value
    assert_array_equal(lines(y), np.tile([value, 0.0], (100, 1)))


def test_a_straight_line_goes_on_with_half_of_its_slope():
    level, slope = lines(3 + 2.0 * np.arange(200))[-1]
    assert_allclose(slope, 1)
    assert_allclose(level, 3 + 2 * 199, atol=1.5)


def test_the_slope_is_trusted_step_by_step():
    slopes = lines(2.0 * np.arange(10))[:, 1]
    assert_allclose(slopes, [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1])


def test_before_the_first_value_there_is_no_line():
    y = np.r_[np.nan, np.nan, 4.0, np.nan]
    assert_array_equal(lines(y), [[np.nan, np.nan], [np.nan, np.nan], [4, 0], [4, 0]])
    assert np.isnan(ThetaState.begin(2).line.level).all()
    state, nothing = ThetaState.begin(2).follow(np.empty((0, 2)))
    assert nothing.level.shape == nothing.slope.shape == (0, 2)
    assert_array_equal(state.n_values, 0)


def test_at_a_missing_value_the_line_before_goes_on():
    y = walk(30)[:, 0]
    y[20:] = np.nan
    found = lines(y)
    assert_array_equal(found[20:, 1], found[19, 1])
    assert_allclose(found[20:, 0], found[19, 0] + found[19, 1] * np.arange(1, 11))


# ---- pieces, columns, later rows


@pytest.mark.parametrize("seed", range(8))
def test_pieces_give_what_all_rows_at_once_give(seed):
    """Of columns with other beginnings and gaps; the state too."""
    rng = np.random.default_rng(seed)
    y = with_gaps(walk(150, seed, 4), 0.3 * (seed % 3), seed)
    y[:70, 1], y[:, 2] = np.nan, np.nan
    whole, expected = ThetaState.begin(4).follow(y)
    state, parts, row = ThetaState.begin(4), [], 0
    while row < len(y):
        size = int(rng.integers(1, 60)) if seed % 2 else 1
        state, part = state.follow(y[row : row + size])
        assert_array_equal(state.line.level, part.level[-1])
        assert_array_equal(state.line.slope, part.slope[-1])
        parts.append(part)
        row += size
    for k in range(2):
        assert_allclose(np.concatenate([part[k] for part in parts]), expected[k], rtol=1e-12, atol=1e-12)
    for found, known in zip(fields_of(state), fields_of(whole), strict=True):
        assert_allclose(found, known, rtol=1e-12, atol=1e-12)


def test_blocks_of_memory_do_not_matter(monkeypatch):
    y = with_gaps(walk(300, n_columns=3))
    expected = ThetaState.begin(3).follow(y)[1]
    monkeypatch.setattr("sklstm._components.theta.BLOCK", 19 * 3 * 50)
    assert_allclose(ThetaState.begin(3).follow(y)[1], expected, rtol=1e-12)


def test_to_follow_changes_no_state():
    state, _ = ThetaState.begin(2).follow(walk(30, n_columns=2))
    before = [value.copy() for value in fields_of(state)]
    state.follow(with_gaps(walk(50, 1, 2)))
    for found, known in zip(fields_of(state), before, strict=True):
        assert_array_equal(found, known)


@pytest.mark.parametrize("row", [0, 1, 2, 10, 25, 99])
@pytest.mark.parametrize("change", [1e12, np.nan, -3.0])
def test_a_later_row_changes_no_earlier_line(row, change):
    y = walk(100)[:, 0]
    other = y.copy()
    other[row:] = change
    assert_array_equal(lines(other)[:row], lines(y)[:row])
    if row < 99 and not np.isnan(change):
        assert (lines(other)[row + 1] != lines(y)[row + 1]).any()


def test_columns_do_not_know_each_other():
    y = with_gaps(walk(60, n_columns=5))
    y[:30, 2] = np.nan
    together, found = ThetaState.begin(5).follow(y)
    for k in range(5):
        alone = ThetaState.begin(1).follow(y[:, [k]])
        assert_allclose(found.level[:, k], alone[1].level[:, 0], rtol=1e-13)
        for part, known in zip(fields_of(together.columns(slice(k, k + 1))), fields_of(alone[0]), strict=True):
            assert_allclose(part, known, rtol=1e-13)


def test_states_can_be_joined_and_taken_apart():
    y = walk(40, n_columns=3)
    parts = [ThetaState.begin(1).follow(y[:, [k]])[0] for k in range(3)]
    joined = ThetaState.joined(parts)
    assert_allclose(joined.line, ThetaState.begin(3).follow(y)[0].line, rtol=1e-13)
    assert_array_equal(joined.columns(np.array([2])).line, parts[2].line)


def test_many_series_are_each_followed_as_alone():
    rng = np.random.default_rng(0)
    series = [with_gaps(walk(int(n), int(n), 2), 0.2) for n in rng.integers(1, 70, 20)]
    for y, (state, found) in zip(series, follow_each(series), strict=True):
        alone, expected = ThetaState.begin(2).follow(y)
        assert_allclose(found, expected, rtol=1e-12)
        new = walk(5, 3, 2)
        assert_allclose(state.follow(new)[1], alone.follow(new)[1], rtol=1e-12)
    assert follow_each([]) == []


# ---- numbers of any size


@pytest.mark.parametrize("seed", range(6))
def test_units_and_level_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    y = with_gaps(walk(80, seed), 0.1, seed)[:, 0]
    factor, level = rng.normal() * 10.0 ** rng.integers(-6, 7), rng.normal() * 100
    expected = lines(y) * factor + [level * factor, 0]
    assert_allclose(lines(y * factor + level * factor), expected, rtol=1e-8, atol=abs(factor) * 1e-9)


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**-500, 2.0**500, 2.0**990])
def test_values_of_any_size(size):
    y = walk(80)[:, 0]
    assert_array_equal(lines(y * size) / size, lines(y))


def test_values_that_grow_beyond_all_bounds_give_numbers():
    y = np.r_[1e-300, 2e-300, 1.0, 1e300, -1e300, 1e300, 0.0]
    assert np.isfinite(lines(y)).all()


def test_a_high_level_costs_no_more_precision_than_it_must():
    y = walk(300)[:, 0]
    y = np.round(y * 2**20) / 2**20  # so that adding the level is exact
    assert_allclose(lines(y + 2.0**30) - [2.0**30, 0], lines(y), atol=1e-6)


def test_a_long_series_far_from_zero():
    """A million rows on a high level: sums of squares of times and values would lose the slope."""
    n = 1_000_000
    noise = np.random.default_rng(0).normal(size=n)
    y = 2.0**30 + 1e-3 * np.arange(n) + noise
    level, slope = lines(y)[-1]
    times = np.arange(n) - (n - 1) / 2
    assert_allclose(slope, 0.5 * (times @ (y - y.mean())) / (times @ times), rtol=1e-9)
    assert abs(level - y[-50:].mean()) < 5


def test_an_outlier_is_forgotten():
    y = walk(400)[:, 0]
    other = y.copy()
    other[100] = 1e12
    assert_allclose(lines(other)[-1, 0], y[-1], atol=1e12 / 100)
    assert np.isfinite(lines(other)).all()
