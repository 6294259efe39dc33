"""The season is that of classical decomposition, written here as a loop, and shrunk by its noise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._components.season import seasonal_values

SEASONS = (2, 3, 4, 5, 7, 12, 24)


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


def estimate(y, season, first=0, shrink=True):
    """The season of one series."""
    return seasonal_values(np.asarray(y, float)[:, np.newaxis], (first + np.arange(len(y))) % season, season, shrink)[
        :, 0
    ]


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("seasons", [2.0, 2.5, 3.1, 7.3])
def test_without_shrinkage_it_is_classical_decomposition(season, seasons):
    y, _ = example(season, int(np.ceil(season * seasons)))
    assert_allclose(estimate(y, season, shrink=False), decomposed(y, season)[0], atol=1e-12)


@pytest.mark.parametrize("season", SEASONS)
def test_it_is_shrunk_as_by_james_and_stein(season):
    """All positions have equally many differences here, so the mean of their variances is that of all."""
    y, _ = example(season, 6 * season + 2 * (season // 2), size=9.0)
    means, differences = decomposed(y, season)
    noise = np.mean([np.var(part, ddof=1) / len(part) for part in differences])
    share = 1 - max(season - 3, 1) * noise / np.sum(means**2)
    assert 0 < share < 1
    assert_allclose(estimate(y, season), share * means)


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


def test_of_an_outlier_at_most_three_parts_of_a_season_remain():
    y, _ = example(12, 120)
    with_outlier = y.copy()
    with_outlier[50] = 1e12
    whole = estimate(with_outlier, 12, shrink=False)
    assert np.abs(whole).argmax() == 50 % 12
    assert np.abs(estimate(with_outlier, 12)).max() < 3.3 / 12 * np.abs(whole).max()
