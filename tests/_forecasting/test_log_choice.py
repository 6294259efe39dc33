"""The choice of logarithms: errors by a slow loop, series that gain or lose by it, and what is not positive."""

import warnings

import numpy as np
import pytest

from sklstm._components.season import seasonal_values
from sklstm._forecasting.log_choice import LogRule, choose_log, is_positive, present_mean
from tests.theta import theta

STEPS = 4


def growing(seed=0, n=60, noise=0.02):
    """A series that grows by percents, with changes in proportion to its level."""
    rng = np.random.default_rng(seed)
    return np.exp(np.cumsum(0.08 + noise * rng.normal(size=n)))[:, np.newaxis]


def level(seed=0, n=60):
    """Noise around a level, with some values close to 0."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < 0.15, 1e-4, 3 + 0.3 * rng.normal(size=n))[:, np.newaxis]


def choose(y, season=1, steps=STEPS, is_panel=False):
    return choose_log(y, {key: np.arange(len(rows)) % season for key, rows in y.items()}, season, steps, is_panel)


def slow_error(y, season, is_log):
    """The mean absolute error of theta from the last half of the origins, as a loop."""
    z = np.log(y) if is_log else y
    values = seasonal_values(z[:, np.newaxis], np.arange(len(y)) % season, season)[:, 0]
    adjusted, means = z - values[np.arange(len(y)) % season], []
    for origin in range(len(y) - len(y) // 2, len(y)):
        path = theta(adjusted[:origin], STEPS) + values[np.arange(origin, origin + STEPS) % season]
        path = np.exp(path) if is_log else path
        truth = y[origin : origin + STEPS]
        means.append(np.abs(path[: len(truth)] - truth).mean())
    return np.mean(means)


@pytest.mark.parametrize("season", [1, 7])
def test_a_single_series_takes_what_had_the_smaller_errors(season):
    taken = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = 20 + 8 * np.sin(np.arange(50)) + np.cumsum(rng.normal(size=50)) * (1 + 0.02 * np.arange(50))
        y = np.maximum(y, 2.0)
        expected = slow_error(y, season, True) < slow_error(y, season, False)
        assert choose({None: y[:, np.newaxis]}, season)[None].tolist() == [expected]
        taken.append(expected)
    assert 0 < sum(taken) < 12


def test_growth_by_percents_takes_it_and_noise_down_to_zero_does_not():
    assert choose({None: np.hstack((growing(), level()))})[None].tolist() == [True, False]


def test_series_that_are_not_positive_never_take_it():
    y = np.hstack([growing() - growing().min(), -growing(), growing()])
    assert choose({None: y})[None].tolist() == [False, False, True]
    assert choose({"a": y, "b": growing() * np.ones(3)}, is_panel=True)["a"].tolist() == [False, False, True]


def test_missing_values_are_passed_over():
    y = growing()
    y[np.random.default_rng(0).permutation(60)[:20]] = np.nan
    assert choose({None: y})[None].tolist() == [True]
    assert choose({None: np.full((60, 1), np.nan)})[None].tolist() == [False]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_a_series_too_short_to_tell_takes_none_but_goes_with_a_panel(n):
    assert choose({None: growing(n=n)})[None].tolist() == [False]
    assert choose({"a": growing(n=n), "b": -growing(n=n)}, is_panel=True) == {"a": [True], "b": [False]}
    long = {key: level(seed, 80) for seed, key in enumerate("bcdef")}
    assert choose({"a": growing(n=n), **long}, is_panel=True)["a"].tolist() == [False]


def test_a_panel_takes_it_unless_that_clearly_harms():
    levels, growth = ({key: part(seed) for seed, key in enumerate("abcdef")} for part in (level, growing))
    assert not any(choose(levels, is_panel=True)[key] for key in levels)
    assert all(choose(growth, is_panel=True)[key] for key in growth)


@pytest.mark.parametrize("is_panel", [True, False])
def test_constants_and_sizes_make_no_warning_and_no_difference(is_panel):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose({None: np.full((40, 1), 5.0)}, 7, is_panel=is_panel)[None].tolist() == [is_panel]
        for size in (1e-200, 1e-9, 1e9, 1e200):
            y = {"a": growing() * size, "b": np.full((40, 1), size), "c": growing(1)}
            y = y if is_panel else {"a": y["a"]}
            assert choose(y, is_panel=is_panel)["a"].tolist() == [True]
        choose({"a": np.exp(10 * np.arange(60.0))[:, np.newaxis], "c": growing(1)}, is_panel=is_panel)


def test_a_rule_takes_what_was_set():
    y = {"a": growing(), "b": -growing()}
    positions = dict.fromkeys(y, np.zeros(60, int))
    assert LogRule().choose(y, positions, 1) == {"a": [False], "b": [False]}
    assert LogRule(True).choose(y, positions, 1) == {"a": [True], "b": [True]}
    assert LogRule("auto", STEPS).choose({"a": y["a"]}, positions, 1) == {"a": [True]}
    for of_positive in (True, False):
        rule = LogRule("auto", STEPS, True, np.array([of_positive]))
        assert rule.choose(y, positions, 1) == {"a": [of_positive], "b": [False]}


def test_what_is_positive_as_far_as_it_is_known():
    y = np.array([[1.0, 1, np.nan, 0, -1], [2, np.nan, np.nan, 1, 1]])
    assert is_positive(y).tolist() == [True, True, False, False, False]


def test_the_mean_of_present_values_is_that_of_a_loop():
    values = np.random.default_rng(0).normal(size=(6, 4, 2))
    values[0], values[1, 2:], values[:, :, 1] = np.nan, np.nan, np.nan
    rows = [[v for v in row[:, 0] if v == v] for row in values]
    expected = np.mean([np.mean(row) for row in rows if row])
    found = present_mean(values)
    np.testing.assert_allclose(found[0], expected)
    assert np.isnan(found[1])
