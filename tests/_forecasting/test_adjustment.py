"""Logarithm and season of each series: taken off and put back, of the fit, of histories and of new series."""

import numpy as np
import pandas as pd
import pytest

from sklstm._components.season import day_and_week_values, seasonal_values
from sklstm._forecasting.adjustment import Adjuster, log_of_bounds, take_log
from sklstm._forecasting.log_choice import LogRule
from tests._series.tables import DAYS, Reader, daily, panel

SEASON = 7
PATTERN = np.array([4.0, -1, 0, -3, 2, 1, -3])


def example(shape="single", n=35):
    """Days with a season of a week, from a Monday on or not, and their targets by key."""
    y = daily(n)
    if shape == "panel":
        y = panel({"a": (0, n), "b": (3, n - 5), "c": (1, 9)}, name=None)
    y = y * 0.1 + 20 + PATTERN[y.index.get_level_values(-1).day_of_week]
    series = Reader(None, y).series
    return series, {key: part.y for key, part in series.items()}


def fit(series, y, setting=None, season=SEASON, is_panel=False):
    return Adjuster.fit(season, False, LogRule(setting, 2, is_panel), y, series)


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("setting", [None, True])
def test_what_is_taken_off_is_the_season_of_each_series_by_itself(shape, setting):
    series, y = example(shape)
    adjuster = fit(series, y, setting, is_panel=shape == "panel")
    for key, part in series.items():
        z = np.log(y[key]) if setting else y[key]
        positions = part.index.day_of_week.to_numpy()
        expected = seasonal_values(z, positions, SEASON)
        found = adjuster.adjustments[key]
        np.testing.assert_array_equal(found.season, expected)
        np.testing.assert_array_equal(found.take_log(y[key]), z)
        np.testing.assert_array_equal(adjuster.seasons(key, part, len(part)), expected[positions])
        assert found.is_log.tolist() == [setting is True]
        assert (expected != 0).any() == (len(part) >= 2 * SEASON)


def test_the_week_is_taken_off_with_the_day():
    hours = pd.date_range("2024-03-05 07:00", periods=24 * 29, freq="h")
    y = np.cos(2 * np.pi * hours.hour / 24) + 3 * (hours.day_of_week == 6)
    y = pd.Series(y + 0.1 * np.random.default_rng(0).normal(size=len(y)), hours)
    series = Reader(None, y).series
    adjuster = Adjuster.fit(24, True, LogRule(), {None: series[None].y}, series)
    positions = (24 * hours.day_of_week + hours.hour).to_numpy()
    expected = day_and_week_values(series[None].y, positions, 24)
    np.testing.assert_array_equal(adjuster.adjustments[None].season, expected)
    np.testing.assert_array_equal(adjuster.seasons(None, series[None], 40), expected[positions[:40]])
    assert expected[6 * 24 + 12, 0] > expected[5 * 24 + 12, 0] + 2


def test_another_series_changes_no_adjustment():
    series, y = example("panel")
    alone = fit({"a": series["a"]}, {"a": y["a"]}, True, is_panel=True).adjustments["a"]
    together = fit(series, y, True, is_panel=True).adjustments["a"]
    np.testing.assert_array_equal(alone.season, together.season)


@pytest.mark.parametrize(("season", "setting", "changes"), [(1, None, False), (7, None, True), (1, True, True)])
def test_without_season_and_logarithm_nothing_changes(season, setting, changes):
    series, y = example()
    adjuster = fit(series, y, setting, season)
    assert adjuster.changes == changes
    assert (adjuster.readjusted(y, series) is adjuster) == (not changes)
    if season == 1:
        assert adjuster.positions(series[None], 5).tolist() == [0] * 5
        assert not adjuster.seasons(None, series[None], 5).any()


@pytest.mark.parametrize("n_seasons", [1.9, 2, 3])
def test_a_history_of_two_seasons_has_its_own_and_a_shorter_one_that_of_its_key(n_seasons):
    series, y = example()
    adjuster = fit(series, y)
    n = int(n_seasons * SEASON)
    other = Reader(None, daily(n, 10) * 0 + 5 * PATTERN[DAYS[10 : 10 + n].day_of_week]).history
    rows = {None: other[None].values("y", 0, n)}
    found = adjuster.for_histories(rows, other).adjustments[None].season
    own = seasonal_values(rows[None], DAYS[10 : 10 + n].day_of_week.to_numpy(), SEASON)
    np.testing.assert_array_equal(found, own if n_seasons >= 2 else adjuster.adjustments[None].season)


@pytest.mark.parametrize("n", [5, 13, 14])
def test_a_short_history_without_an_index_has_none(n):
    series = Reader(None, example()[1][None][:, 0]).series
    y = {None: series[None].y}
    adjuster = fit(series, y, True)
    rows = {None: y[None][-n:]}
    found = adjuster.for_histories(rows, Reader(None, rows[None][:, 0]).history).adjustments[None]
    assert (found.season != 0).any() == (n >= 2 * SEASON)
    assert found.is_log.tolist() == [True]
    assert adjuster.adjustments[None].season.any()  # it is left as it was


def test_histories_of_new_keys_are_estimated_when_they_are_used():
    series, y = example("panel")
    adjuster = fit({"a": series["a"]}, {"a": y["a"]}, is_panel=True)
    assert list(adjuster.for_histories(y, series).adjustments) == ["a"]
    assert list(adjuster.readjusted(y, series).adjustments) == ["a"]


def test_more_rows_change_the_season_but_not_the_choice_of_the_logarithm():
    series, y = example()
    adjuster = fit({None: series[None].between(0, 20)}, {None: y[None][:20]}, True)
    again = adjuster.readjusted(y, series)
    np.testing.assert_array_equal(again.adjustments[None].season, fit(series, y, True).adjustments[None].season)
    assert again.adjustments[None].is_log.tolist() == [True]


def test_later_series_of_a_panel_have_a_logarithm_if_others_have_and_they_are_positive():
    series, y = example("panel")
    growth = {key: 1.2 ** np.arange(len(rows))[:, np.newaxis] for key, rows in y.items()}
    adjuster = fit(series, growth, "auto", is_panel=True)
    assert all(part.is_log.all() for part in adjuster.adjustments.values())
    positive, negative = (adjuster.estimate({"new": rows}, {"new": series["a"]})["new"] for rows in (y["a"], -y["a"]))
    assert (positive.is_log.tolist(), negative.is_log.tolist()) == ([True], [False])
    none = fit(series, {key: -rows for key, rows in y.items()}, "auto", is_panel=True)
    assert none.estimate({"new": y["a"]}, {"new": series["a"]})["new"].is_log.tolist() == [False]


def test_values_without_a_logarithm_are_read_as_half_of_the_smallest_one_that_has_one():
    y = np.array([[4.0, 1], [np.nan, -2], [8, 0]])
    series = Reader(None, y).series
    part = fit(series, {None: y}, True, 1).adjustments[None]
    np.testing.assert_array_equal(part.floor, [2, 0.5])
    np.testing.assert_array_equal(part.take_log(y)[:, 1], np.log([1, 0.5, 0.5]))
    np.testing.assert_array_equal(np.isnan(part.take_log(y)[:, 0]), [False, True, False])
    none = fit(series, {None: np.full((3, 2), np.nan)}, True, 1).adjustments[None]
    np.testing.assert_array_equal(none.floor, [1, 1])


def test_the_logarithm_is_taken_of_the_columns_that_say_so():
    y, is_log = np.array([[2.0, -3], [np.nan, 4]]), np.array([True, False])
    found = take_log(y, is_log, np.array([1e-3, 1e-3]))
    np.testing.assert_array_equal(found, [[np.log(2), -3], [np.nan, 4]])


def test_bounds_without_a_logarithm_are_none():
    bounds = np.array([[-5.0, -5], [0, 0], [np.inf, np.inf], [3, 3], [-np.inf, -np.inf]])
    found = log_of_bounds(bounds, np.array([True, False]))
    np.testing.assert_array_equal(found[:, 0], [-np.inf, -np.inf, np.inf, np.log(3), -np.inf])
    np.testing.assert_array_equal(found[:, 1], bounds[:, 1])


@pytest.mark.parametrize("is_growth", [True, False])
def test_a_later_positive_series_has_the_logarithm_if_any_series_has(is_growth):
    series, y = example("panel")
    y["a"] = 1.2 ** np.arange(len(y["a"]))[:, np.newaxis] * (1 if is_growth else -1)
    y["b"] = -y["b"]
    y["c"] = -y["c"]
    adjuster = fit(series, y, "auto", is_panel=True)
    assert adjuster.adjustments["a"].is_log.tolist() == [is_growth]
    assert not adjuster.adjustments["b"].is_log.any()
    later = adjuster.estimate({"b": -y["b"]}, series)["b"]
    assert later.is_log.tolist() == [is_growth]


def test_the_smallest_number_has_a_logarithm():
    y = np.array([[5e-324], [1e-323], [0.0]])
    adjustment = fit(example()[0], {None: y}, True, 1).adjustments[None]
    np.testing.assert_array_equal(adjustment.take_log(y).ravel(), np.log([5e-324, 1e-323, 5e-324]))
