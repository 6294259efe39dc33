"""The season is that of classical decomposition, which follows changes and is shrunk by its noise; the week is added.

Each is written here as a loop over rows.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._components.season import GAINS, day_and_week_values, seasonal_values

SEASONS = (2, 3, 4, 5, 7, 12, 24)
MEAN = (0.0,)  # the gain of classical decomposition


def decomposed(y, season):
    """Classical decomposition of one series whose first row has position 0, as a loop over its rows."""
    differences = [[] for _ in range(season)]
    half = season // 2
    for row in range(half, len(y) - half):
        if season % 2:
            trend = sum(y[row - half : row + half + 1]) / season
        else:
            trend = (y[row - half] / 2 + sum(y[row - half + 1 : row + half]) + y[row + half] / 2) / season
        differences[row % season].append(y[row] - trend)
    means = np.array([np.mean(part) for part in differences])
    return means - means.mean(), differences


def example(season, n, seed=0, size=3.0):
    """A series with a season, a trend and noise; and the season."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=season)
    true -= true.mean()
    return size * true[np.arange(n) % season] + 0.1 * np.arange(n) + rng.normal(size=n), size * true


def estimate(y, season, first=0, shrink=True, gains=GAINS):
    """The season of one series."""
    positions = (first + np.arange(len(y))) % season
    return seasonal_values(np.asarray(y, float)[:, np.newaxis], positions, season, shrink, gains)[:, 0]


def followed(y, season, gain):
    """Smooth the differences of each position: the values, the sum of absolute errors, the mean variance of values."""
    values, weights, errors, of_errors = [], [], [], []
    for position, part in enumerate(decomposed(y, season)[1]):
        value, weight = 0.0, np.zeros(0)
        for k, d in enumerate(part, start=1):
            if k > 1:
                errors.append(abs(d - value))
                of_errors.append((position, k - 1, (d - value) ** 2 / (1 + np.sum(weight**2))))
            share = max(gain, 1 / k)
            value, weight = value + share * (d - value), np.r_[(1 - share) * weight, share]
        values.append(value)
        weights.append(weight)
    counts = [(len(weights[position]) * weights[position][k]) ** 2 for position, k, _ in of_errors]
    variance = np.average([v for *_, v in of_errors], weights=counts)
    return np.array(values) - np.mean(values), sum(errors), variance * np.mean([np.sum(w**2) for w in weights])


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("seasons", [4.2, 7.3, 12.0])
@pytest.mark.parametrize("growth", [0.0, 1.0])
def test_the_gain_with_the_smallest_errors_is_taken_and_its_noise_shrunk(season, seasons, growth):
    rng = np.random.default_rng(season)
    rows = np.arange(int(np.ceil(season * seasons)))
    y = (1 + growth * rows / season) * rng.normal(size=season)[rows % season] + rng.normal(size=len(rows))
    values, _, noise = min((followed(y, season, gain) for gain in GAINS), key=lambda result: result[1])
    assert_allclose(estimate(y, season, shrink=False), values, atol=1e-12)
    share = max(0, 1 - max(season - 3, 1) * noise / np.sum(values**2))
    assert_allclose(estimate(y, season), share * values, atol=1e-12)


def test_of_equal_gains_the_first_is_taken():
    """With three seasons, gains differ in the weight of the newest alone, which has forecast nothing yet."""
    y, _ = example(12, 48)
    assert_array_equal(estimate(y, 12, gains=(0.4, 0.0)), estimate(y, 12, gains=(0.4,)))
    assert_array_equal(estimate(y, 12, gains=(0.0, 0.4)), estimate(y, 12, gains=MEAN))
    assert (estimate(y, 12, gains=(0.4,)) != estimate(y, 12, gains=MEAN)).all()


@pytest.mark.parametrize("season", [4, 12])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_a_season_that_grows_is_followed(season, missing):
    """Where it stays the same, little is lost by the choice."""
    rows = np.arange(10 * season)
    errors = np.zeros((2, 2))
    for seed in range(50):
        rng = np.random.default_rng(seed)
        true = rng.normal(size=season)
        true -= true.mean()
        for growth in (0, 1):
            size = 1 + growth * rows / season
            y = size * true[rows % season] + 0.5 * rng.normal(size=len(rows))
            y[rng.random(len(y)) < missing] = np.nan
            errors[growth] += [np.sum((estimate(y, season, gains=g) - size[-1] * true) ** 2) for g in (MEAN, GAINS)]
    assert errors[1, 1] < 0.5 * errors[1, 0]
    assert errors[0, 1] < 1.5 * errors[0, 0]


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("seasons", [2.0, 2.5, 3.1, 7.3])
def test_without_shrinkage_it_is_classical_decomposition(season, seasons):
    y, _ = example(season, int(np.ceil(season * seasons)))
    assert_allclose(estimate(y, season, shrink=False, gains=MEAN), decomposed(y, season)[0], atol=1e-12)


@pytest.mark.parametrize("season", SEASONS)
def test_it_is_shrunk_as_by_james_and_stein(season):
    """All positions have equally many differences here, so the mean of their variances is that of all."""
    y, _ = example(season, 6 * season + 2 * (season // 2), size=9.0)
    means, differences = decomposed(y, season)
    noise = np.mean([np.var(part, ddof=1) / len(part) for part in differences])
    share = 1 - max(season - 3, 1) * noise / np.sum(means**2)
    assert 0 < share < 1
    assert_allclose(estimate(y, season, gains=MEAN), share * means)


def test_a_season_in_noise_is_nearly_none():
    """And shrinkage makes less of the season of noise than there was, on average and never more."""
    whole, shrunk = (
        np.array([(estimate(np.random.default_rng(k).normal(size=60), 12, shrink=s) ** 2).sum() for k in range(100)])
        for s in (False, True)
    )
    assert (shrunk <= whole).all()
    assert shrunk.mean() < 0.3 * whole.mean()


@pytest.mark.parametrize("season", [4, 12])
@pytest.mark.parametrize("seasons", [2, 2.5, 4])
@pytest.mark.parametrize("size", [0.0, 0.3, 1.0])
def test_shrinkage_brings_the_season_closer_to_the_true_one(season, seasons, size):
    errors = np.zeros(2)
    for seed in range(100):
        y, true = example(season, int(season * seasons), seed, size)
        errors += [np.sum((estimate(y, season, shrink=s) - true) ** 2) for s in (False, True)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("n", [24, 25, 30])
def test_where_positions_occur_once_the_noise_is_that_of_the_change_over_a_season(n):
    rng = np.random.default_rng(1)
    y = rng.normal(size=n) + np.arange(12)[np.arange(n) % 12]
    means, differences = decomposed(y, 12)
    noise = np.var(y[12:] - y[:-12], ddof=1) / 2 * np.mean([1 / len(part) for part in differences])
    assert_allclose(estimate(y, 12), means * (1 - 9 * noise / np.sum(means**2)))


@pytest.mark.parametrize("season", SEASONS)
def test_a_season_on_a_line_is_found_exactly(season):
    true = np.random.default_rng(0).normal(size=season)
    true -= true.mean()
    y = true[np.arange(5 * season) % season] + 7.0 * np.arange(5 * season) - 1000
    assert_allclose(estimate(y, season), true, atol=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_units_and_level_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    season = int(rng.integers(2, 13))
    y, _ = example(season, int(rng.integers(2 * season, 9 * season)), seed)
    y[rng.random(len(y)) < 0.1] = np.nan
    factor, level = rng.normal() * 10.0 ** rng.integers(-6, 7), rng.normal() * 1000
    assert_allclose(estimate(y * factor + level * factor, season), factor * estimate(y, season), rtol=1e-9, atol=0)


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200, 1e300])
def test_values_of_any_size(size):
    y, _ = example(12, 100)
    assert_allclose(estimate(y * size, 12) / size, estimate(y, 12), rtol=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.1, 1e9 + 0.1, -1e300, 5e-324])
def test_a_constant_has_no_season(level):
    y = np.full(50, level)
    y[[3, 20]] = np.nan
    assert_array_equal(estimate(y, 12), np.zeros(12))


def test_a_high_level_costs_no_more_precision_than_it_must():
    y, _ = example(12, 100)
    assert_allclose(estimate(y + 1e9, 12), estimate(y, 12), atol=1e-6)


@pytest.mark.parametrize("first", [1, 3, 7])
def test_series_of_a_panel_with_other_beginnings_agree(first):
    """Without noise: their season is the same by position, and not by row."""
    true = np.random.default_rng(0).normal(size=12)
    true -= true.mean()
    y = true[np.arange(80) % 12]
    assert_allclose(estimate(y[first:], 12, first), estimate(y, 12), atol=1e-14)


@pytest.mark.parametrize("season", [4, 7])
def test_positions_that_begin_later_turn_the_result(season):
    y, _ = example(season, 50)
    assert_allclose(estimate(y, season, first=2), np.roll(estimate(y, season), 2), rtol=1e-12)


def test_targets_do_not_know_each_other():
    y = np.column_stack([example(12, 60, seed)[0] for seed in range(4)])
    y[:40, 1] = np.nan  # fewer than two seasons are left
    y[[5, 17, 30], 2] = np.nan
    together = seasonal_values(y, np.arange(60) % 12, 12)
    assert_array_equal(together[:, 1], 0)
    for k in range(4):
        assert_allclose(together[:, k], estimate(y[:, k], 12), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("season", "n"), [(1, 50), (12, 23), (12, 1), (12, 0), (52, 103)])
def test_too_few_rows_have_none(season, n):
    assert_array_equal(seasonal_values(np.random.default_rng(0).normal(size=(n, 2)), np.arange(n) % season, season), 0)
    assert seasonal_values(np.full((n, 2), np.nan), np.arange(n) % season, season).shape == (season, 2)


# ---- missing values


@pytest.mark.parametrize("n_before", [0, 5, 12])
@pytest.mark.parametrize("n_after", [0, 5])
def test_missing_rows_before_and_after_a_series_do_not_count(n_before, n_after):
    y, _ = example(12, 60)
    whole = np.r_[np.full(n_before, np.nan), y, np.full(n_after, np.nan)]
    assert_allclose(estimate(whole, 12), np.roll(estimate(y, 12), n_before), rtol=1e-12)


def test_missing_peaks_do_not_lower_the_season():
    true = np.r_[11.0, np.full(11, -1.0)]
    y = true[np.arange(72) % 12]
    y[[0, 24, 25, 36, 50, 60]] = np.nan
    assert_allclose(estimate(y, 12), true, atol=0.01)


def test_a_position_that_never_has_a_value_is_left_alone():
    y, _ = example(4, 60)
    y[3::4] = np.nan
    values = estimate(y, 4)
    assert values[3] == 0
    assert abs(values.sum()) < 1e-12
    assert np.isfinite(values).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_season_adds_up_to_nothing_whatever_is_missing(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(100, 3)) * 10.0 ** np.arange(3)
    y[rng.random(y.shape) < 0.4] = np.nan
    for season in (3, 12, 25):
        values = seasonal_values(y, np.arange(100) % season, season)
        assert np.isfinite(values).all()
        assert_allclose(values.sum(axis=0) / 10.0 ** np.arange(3), 0, atol=1e-12)


@pytest.mark.parametrize("row", [6, 20, 50, 100, 110, 113])
def test_of_an_outlier_at_most_three_parts_of_a_season_remain(row):
    """It does not choose a gain by which it counts more either, not even in the last season that has differences."""
    y, _ = example(12, 120)
    with_outlier = y.copy()
    with_outlier[row] = 1e12
    whole = estimate(with_outlier, 12, shrink=False, gains=MEAN)
    assert np.abs(whole).argmax() == row % 12
    assert np.abs(estimate(with_outlier, 12)).max() < 3.3 / 12 * np.abs(whole).max()


# ---- the week


def estimate_week(y, day, first=0, shrink=True):
    """The season of the day plus that of the week, of one series."""
    positions = (first + np.arange(len(y))) % (7 * day)
    return day_and_week_values(np.asarray(y, float)[:, np.newaxis], positions, day, shrink)[:, 0]


def estimate_day(y, day, first=0, shrink=True):
    """The season of the day, seven times."""
    return np.tile(estimate(y, day, first % day, shrink), 7)


def weekly(y, day, shrink):
    """The week of one series without missing values that begins at position 0, as a loop; None without evidence."""
    n_weeks = len(y) // (7 * day)
    left_out = len(y) - n_weeks * 7 * day
    rows = range(left_out, len(y))
    of_day = [np.mean([y[row] for row in rows if row % day == hour]) for hour in range(day)]
    weeks = [[y[row] - of_day[row % day] for row in rows if row % (7 * day) == hour] for hour in range(7 * day)]
    product = size_now = size_before = 0.0
    for part in weeks:
        for k in range(1, n_weeks):
            before = sum(part[:k]) / k
            product, size_now, size_before = (
                product + before * part[k],
                size_now + part[k] ** 2,
                size_before + before**2,
            )
    if product / np.sqrt(size_now * size_before) < 2 / np.sqrt(7 * (n_weeks - 1)):
        return None
    values = np.array([np.mean(part) for part in weeks])
    noise = np.mean([np.var(part, ddof=1) for part in weeks]) / n_weeks
    return values * (max(0, 1 - 7 * day * noise / np.sum(values**2)) if shrink else 1)


def week_example(day, n, size, seed=0):
    """A day, a week that differs from it, and noise; and what is the season of both."""
    rng = np.random.default_rng(seed)
    true = 3 * rng.normal(size=day)[np.arange(7 * day) % day] + size * rng.normal(size=7 * day)
    true -= true.mean()
    return true[np.arange(n) % (7 * day)] + rng.normal(size=n), true


@pytest.mark.parametrize(("day", "n"), [(2, 30), (2, 99), (4, 100), (24, 336), (24, 700), (48, 1000)])
@pytest.mark.parametrize("size", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("shrink", [False, True])
def test_the_week_is_the_mean_of_weeks_and_the_day_that_of_the_rest(day, n, size, shrink):
    y, _ = week_example(day, n, size, seed=n)
    week = weekly(y, day, shrink)
    if week is None:
        expected = estimate_day(y, day, shrink=shrink)
    else:
        expected = week + estimate_day(y - week[np.arange(n) % (7 * day)], day, shrink=shrink)
    assert_allclose(estimate_week(y, day, shrink=shrink), expected, atol=1e-12)
    assert week is not None or size < 3


@pytest.mark.parametrize(("n", "size"), [(336, 3.0), (504, 2.0), (1000, 1.0)])
def test_a_week_is_found(n, size):
    """Closer to the true one than the day alone, although the smoother of the day could follow from day to day."""
    errors = np.zeros(2)
    for seed in range(10):
        y, true = week_example(24, n, size, seed)
        errors += [np.sum((f(y, 24) - true) ** 2) for f in (estimate_day, estimate_week)]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("first", [0, 30, 100])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_week_without_noise_is_found_exactly_wherever_the_series_begins_and_ends(first, missing):
    true = np.random.default_rng(0).normal(size=168)
    true -= true.mean()
    for n in (1000, 1050):
        y = true[(first + np.arange(n)) % 168]
        y[np.random.default_rng(1).random(n) < missing] = np.nan
        assert_allclose(estimate_week(y, 24, first), true, atol=1e-12 if missing == 0 else 1e-3)


@pytest.mark.parametrize("n", [336, 700])
def test_noise_that_is_smooth_for_hours_has_no_week(n):
    """Temperatures: the hours after a warm one are warm. In at most one series of twenty something is taken for one."""
    found = 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=n)
        y = 3 * np.sin(2 * np.pi * np.arange(n) / 24)
        level = 0.0
        for row in range(n):
            level = 0.95 * level + noise[row]
            y[row] += level
        found += not np.array_equal(estimate_week(y, 24), estimate_day(y, 24))
    assert found <= 3


def test_a_trend_is_no_week():
    y = np.random.default_rng(0).normal(size=1000) + 0.1 * np.arange(1000)
    assert_array_equal(estimate_week(y, 24), estimate_day(y, 24))


def test_less_than_two_weeks_have_the_season_of_the_day():
    y, _ = week_example(24, 335, 3.0)
    assert_array_equal(estimate_week(y, 24), estimate_day(y, 24))
    for n in (0, 1, 30):
        assert_array_equal(estimate_week(y[:n], 24), np.zeros(168))


def test_units_and_level_do_not_matter_to_the_week():
    y, _ = week_example(24, 500, 2.0)
    y[np.random.default_rng(0).random(500) < 0.1] = np.nan
    values = estimate_week(y, 24)
    assert_allclose(estimate_week(1e-5 * y - 7.0, 24), 1e-5 * values, rtol=1e-7, atol=0)
    for size in (1e-300, 1e300):
        assert_allclose(estimate_week(y * size, 24) / size, values, rtol=1e-11)


def test_a_constant_has_no_week():
    y = np.full(500, 1e9 + 0.1)
    y[[3, 200]] = np.nan
    assert_array_equal(estimate_week(y, 24), np.zeros(168))


@pytest.mark.parametrize("first", [1, 24, 100])
def test_positions_of_the_week_that_begin_later_turn_the_result(first):
    y, _ = week_example(24, 700, 2.0)
    assert_allclose(estimate_week(y, 24, first), np.roll(estimate_week(y, 24), first), rtol=1e-10, atol=1e-12)


def test_weeks_of_targets_do_not_know_each_other():
    y = np.column_stack([week_example(24, 500, size, seed)[0] for seed, size in enumerate([0, 2, 2, 2, 0])])
    y[:, 0] = np.nan
    y[np.random.default_rng(0).random(500) < 0.2, 2] = np.nan
    y[30:, 3] = np.nan
    together = day_and_week_values(y, np.arange(500) % 168, 24)
    assert_array_equal(together[:, [0, 3]], 0)
    for k in range(5):
        assert_allclose(together[:, k], estimate_week(y[:, k], 24), rtol=1e-10, atol=1e-13)


def test_clocks_that_change_move_no_other_hour():
    """In spring an hour of the clock is left out, in autumn one occurs twice."""
    true = np.random.default_rng(0).normal(size=168)
    true -= true.mean()
    clock = np.delete(np.insert(np.arange(1000), 650, 650), 300)
    values = day_and_week_values(true[clock % 168, np.newaxis], clock % 168, 24)[:, 0]
    assert_allclose(values, true, atol=0.02)
