import numpy as np
import pytest

from sklstm._utils.forecast_bounds import (
    REACH,
    SeriesRange,
    WindowRange,
    find_clipped,
    forecast_bounds,
    line_slopes,
    newest,
    widening_factors,
)

START = np.zeros(1, dtype=int)  # of a single series


def range_of(y, known):
    return SeriesRange.from_series(y, known, np.array([len(y)])).at(0)


def bounds(y, reach, steps=4, known=None, ahead=None):
    """Bounds of one series, which is its own window; `ahead` are the known columns at the forecast rows."""
    known, ahead = (np.empty((n, 0)) if part is None else part for part, n in ((known, len(y)), (ahead, steps)))
    support = SeriesRange.from_parts([range_of(y, known)], [1])
    return support.bounds(y[np.newaxis], known[np.newaxis, -1:], ahead[np.newaxis], reach)[:, 0]


def test_a_level_may_be_left_by_its_range():
    y = np.array([[1.0], [3.0], [2.0], [3.0], [1.0]])
    assert line_slopes(y, START)[0, 0] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(bounds(y, 1.0)[..., 0], [[-1] * 4, [5] * 4])


def test_a_straight_line_may_go_on_further_than_its_range():
    y = np.array([[0.0], [2.0], [4.0]])
    np.testing.assert_allclose(bounds(y, 0.5, 6)[1, :, 0], 4 + 2.0 * np.arange(1, 7))
    np.testing.assert_allclose(bounds(-y, 0.5, 6)[0, :, 0], -4 - 2.0 * np.arange(1, 7))


def test_missing_values_are_passed_over():
    y = np.array([[np.nan], [0.0], [np.nan], [4.0], [6.0], [np.nan]])
    assert line_slopes(y, START)[0, 0] == pytest.approx(2)
    np.testing.assert_array_equal(newest(y[np.newaxis]), [[6]])
    np.testing.assert_allclose(bounds(y, 0.1, 5)[1, :, 0], 6 + 2.0 * np.arange(1, 6))


@pytest.mark.parametrize("size", [1e-200, 1e-3, 1e200])
def test_the_slope_of_any_size_is_that_of_the_line_times_what_it_explains(size):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(30, 1)) + 0.1 * np.arange(30)[:, np.newaxis]
    t = np.arange(30)
    expected = np.polyfit(t, y[:, 0], 1)[0] * np.corrcoef(t, y[:, 0])[0, 1] ** 2
    assert line_slopes(y * size, START)[0, 0] == pytest.approx(expected * size)


def test_a_constant_stays_or_says_nothing():
    y = np.full((5, 1), 3.0)
    np.testing.assert_array_equal(bounds(y, 0.95), np.full((2, 4, 1), 3.0))
    np.testing.assert_array_equal(bounds(y, REACH)[..., 0], [[-np.inf] * 4, [np.inf] * 4])


def test_the_first_step_of_a_regressor_of_ones_own_has_no_bounds():
    y = np.array([[1.0], [3.0], [2.0], [3.0], [1.0]])
    np.testing.assert_array_equal(bounds(y, REACH)[:, 0, 0], [-np.inf, np.inf])
    np.testing.assert_allclose(bounds(y, REACH)[:, 1, 0], [1 - 2 * REACH, 3 + 2 * REACH])


def test_a_known_column_that_goes_on_widens_and_one_that_leaps_widens_more():
    y = np.array([[1.0], [3.0], [2.0], [3.0], [1.0]])
    count = np.arange(5.0)[:, np.newaxis]
    ahead = np.arange(5.0, 9)[:, np.newaxis]
    np.testing.assert_allclose(bounds(y, 1.0, 4, count, ahead)[1, :, 0], 3 + 2 * (1 + np.arange(1, 5) / 4))
    # from the large change on, also after the column returns, as forecasts are fed back
    leaping = np.array([[5.0], [50.0], [4.0], [4.0]])
    upper = bounds(y, 1.0, 4, count, leaping)[1, :, 0]
    np.testing.assert_allclose(upper, 3 + 2 * (1 + np.array([0.25, *[REACH * 46 / 4] * 3])))
    # a large change within the range has no effect
    assert np.isfinite(bounds(y, 1.0, 4, count, np.array([[0.0], [4.0], [0.0], [4.0]]))).all()
    # nothing is known of a column that was constant, whatever its change
    upper = bounds(y, 1.0, 4, 0 * count, np.array([[0.0], [0.0], [1e6], [0.0]]))[1, :, 0]
    np.testing.assert_allclose(upper, 3 + 2 * np.array([1, 1, 1 + REACH, 1 + REACH]))


def test_rows_have_bounds_of_their_own():
    """A small series beside a large one, and a window outside the range of the training rows."""
    small, large = np.array([[0.0], [1.0], [0.0]]), np.array([[0.0], [1e6], [0.0]])
    nothing = np.empty((3, 0))
    supports = [range_of(small, nothing), range_of(large, nothing)]
    recent = np.array([[[0.0], [1.0], [0.0]], [[0.0], [9.0], [0.0]], [[0.0], [1e6], [0.0]]])
    joined = SeriesRange.from_parts(supports, [2, 1]).with_recent(recent, np.empty((3, 3, 0)))
    upper = joined.bounds(recent, np.empty((3, 1, 0)), np.empty((3, 2, 0)), 1.0)[1, :, 1, 0]
    np.testing.assert_allclose(upper, [2, 18, 2e6])


def test_windows_that_were_seen_are_a_net():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(50, 4, 2))
    seen = WindowRange.from_windows(X[20:], 1, WindowRange.from_windows(X[:20], 1))
    np.testing.assert_allclose(seen.low, X.min(axis=(0, 1)))
    limits = seen.bounds(X[:3], rng.uniform(0.2, 0.8, size=(3, 2, 1)))
    size = np.ptp(X[..., 0])
    np.testing.assert_allclose(limits[1, :, 1:], X[..., 0].max() + REACH * size)
    leaping = np.zeros((1, 2, 1))
    leaping[0, 1] = 9.0
    highest, (low, high) = X[..., 0].max(), (X[..., 1].min(), X[..., 1].max())
    widening = 1 + np.array([low, REACH * (9 - high)]) / (high - low)
    np.testing.assert_allclose(seen.bounds(X[:1], leaping)[1, 0, 1:, 0], highest + REACH * size * widening)


def test_what_stands_at_a_bound_was_held():
    answers = np.array([[[0.0], [1.0], [1.0]], [[0.0], [0.5], [-1.0]]])
    limits = np.stack((np.full_like(answers, -1.0), np.ones_like(answers)))
    held = find_clipped(answers, limits)
    assert (held.step, held.n_rows, held.low, held.high) == (2, 2, -1, 1)
    assert find_clipped(answers / 2, limits) is None
    assert find_clipped(answers, None) is None
    assert find_clipped(answers, np.stack((np.full_like(answers, -np.inf), np.full_like(answers, np.inf)))) is None


@pytest.mark.parametrize("open_side", [0, 1])
def test_what_has_one_bound_only_stands_there_or_was_not_held(open_side):
    """The logarithm of a bound below 0 is no bound."""
    limits = np.stack((np.full((1, 3, 1), -2.0), np.full((1, 3, 1), 2.0)))
    limits[open_side] = [-np.inf, np.inf][open_side]
    answers = np.array([[[-1.9], [0.0], [1.9]]])
    assert find_clipped(answers, limits) is None
    for sign in (-1, 1):
        held = find_clipped(sign * answers / 0.95, limits)
        assert held.step == (1 if sign * (2 * open_side - 1) > 0 else 3)
    assert find_clipped(answers / 0.95 * (1 - 1e-9), limits) is not None  # rounded


def test_nothing_widens_without_known_columns():
    empty, zeros = np.empty((2, 3, 0)), np.zeros((4, 2, 1))
    np.testing.assert_array_equal(widening_factors(empty, empty, empty, empty, empty), np.ones((2, 3)))
    assert forecast_bounds(tuple(zeros[:2]), *zeros[2:], np.ones((2, 3)), 1.0).shape == (2, 2, 3, 1)


def test_nothing_has_been_fed_back_in_the_first_block():
    y, known = np.arange(5.0)[:, np.newaxis], np.empty((5, 0))
    support = SeriesRange.from_parts([range_of(y, known)], [1])
    recent, ahead = y[np.newaxis], np.empty((1, 6, 0))
    low, high = support.bounds(recent, np.empty((1, 1, 0)), ahead, 3, 4)
    assert np.isinf(low[0, :4]).all()
    assert np.isinf(high[0, :4]).all()
    one_by_one = support.bounds(recent, np.empty((1, 1, 0)), ahead, 3)
    np.testing.assert_array_equal([low[0, 4:], high[0, 4:]], one_by_one[:, 0, 4:])
    narrow = support.bounds(recent, np.empty((1, 1, 0)), ahead, 0.5, 4)  # those of the default regressor
    assert np.isfinite(narrow).all()
