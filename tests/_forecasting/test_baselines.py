"""Baselines of series: states and paths by slow loops, from any origin, and with rows that follow."""

import numpy as np
import pytest

from sklstm._forecasting.baselines import KINDS, BaselineStart, FixedStart, SeriesBaseline
from tests.theta import theta

SEASON, STEPS = 4, 6
NAMES = list(KINDS)


def tables(n_targets=2, seed=0):
    """Series of three lengths, by key."""
    rng = np.random.default_rng(seed)
    return {key: 5 + rng.normal(size=(n, n_targets)).cumsum(axis=0) for key, n in {"a": 20, "b": 9, "c": 14}.items()}


def slow_path(name, y, steps=STEPS):
    """The forecast after all rows of y, one target after another."""
    if name == "theta":
        return np.column_stack([theta(column, steps) for column in y.T])
    season = SEASON if name == "seasonal_naive" else 1
    y = list(y)
    for _ in range(steps):
        y.append(y[-season])
    return np.array(y[-steps:])


def reader(y):
    return lambda key, first, stop: y[key][first:stop]


def fitted(name, y):
    origins = {key: np.arange(5, len(rows)) for key, rows in y.items()}
    return SeriesBaseline.from_name(name, SEASON).training_paths(y, origins, STEPS), origins


@pytest.mark.parametrize("name", NAMES)
def test_training_paths_are_those_of_a_slow_loop(name):
    y = tables()
    (paths, baseline), origins = fitted(name, y)
    assert list(paths) == list(y)
    for key, rows in origins.items():
        expected = [slow_path(name, y[key][:origin]) for origin in rows]
        np.testing.assert_allclose(paths[key], expected, rtol=1e-10)
        n, state = baseline.ends[key]
        assert n == len(y[key])
        np.testing.assert_allclose(state.path(STEPS), slow_path(name, y[key]), rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("feeds_back", [True, False])
@pytest.mark.parametrize("knows", [True, False])
def test_starts_at_any_origins_forecast_as_a_slow_loop(name, feeds_back, knows):
    y = tables()
    baseline = SeriesBaseline.from_name(name, SEASON)
    if knows:
        baseline = baseline.at(reader(y), {"a": 8, "b": 9})
    origins = {"c": np.array([6, 14, 6]), "a": np.array([20, 8, 5]), "b": np.array([9])}
    expected = [slow_path(name, y[key][:origin]) for key, rows in origins.items() for origin in rows]
    start = baseline.start(reader(y), origins, STEPS, feeds_back)
    assert isinstance(start, FixedStart) == (not feeds_back)
    np.testing.assert_allclose(start.path(STEPS), expected, rtol=1e-10)
    np.testing.assert_allclose(start.path(2), np.array(expected)[:, :2], rtol=1e-10)
    np.testing.assert_array_equal(start[np.array([5, 1])].path(STEPS), start.path(STEPS)[[5, 1]])
    np.testing.assert_array_equal(start[2:4].path(STEPS), start.path(STEPS)[2:4])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_new", [1, 3, 7])
def test_rows_that_are_fed_back_are_followed(name, n_new):
    y = tables()
    _, baseline = fitted(name, y)[0]
    new = np.random.default_rng(1).normal(size=(3, n_new, 2)) + 5
    start = baseline.start(reader(y), {key: np.array([len(rows)]) for key, rows in y.items()}, STEPS, True)
    whole = BaselineStart((start,)).after(new)
    pieces = start
    for row in range(n_new):
        pieces = pieces.after(new[:, row : row + 1])
    expected = [slow_path(name, np.concatenate((rows, more))) for rows, more in zip(y.values(), new, strict=True)]
    np.testing.assert_allclose(whole.members[0].path(STEPS), expected, rtol=1e-10)
    np.testing.assert_allclose(pieces.path(STEPS), expected, rtol=1e-10)
    np.testing.assert_allclose(whole[np.array([2])].members[0].path(STEPS), expected[2:], rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_known_ends_are_gone_on_from_without_reading_earlier_rows(name):
    y, read = tables(), []

    def rows(key, first, stop):
        read.append((first, stop) if stop > first else None)
        return y[key][first:stop]

    baseline = SeriesBaseline.from_name(name, SEASON).at(rows, {"a": 12})
    read.clear()
    later = baseline.at(rows, {"a": 15})
    assert set(read) == {(12, 15), None}
    np.testing.assert_allclose(later.ends["a"][1].path(STEPS), slow_path(name, y["a"][:15]), rtol=1e-10)
    assert baseline.ends["a"][0] == 12  # it is left as it was
    earlier = later.start(rows, {"a": np.array([7])}, STEPS, True)
    np.testing.assert_allclose(earlier.path(STEPS)[0], slow_path(name, y["a"][:7]), rtol=1e-10)
    assert later.without({"a", "b"}).ends == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("feeds_back", [True, False])
def test_before_the_first_row_nothing_is_known(name, feeds_back):
    y = {"a": tables()["a"][:1], "b": tables()["b"]}
    origins = {"a": np.array([0]), "b": np.array([0, 9, 1])}
    path = SeriesBaseline.from_name(name, SEASON).start(reader(y), origins, STEPS, feeds_back).path(STEPS)
    assert np.isnan(path[:2]).all()
    np.testing.assert_allclose(path[2], slow_path(name, y["b"]), rtol=1e-10)
    if name != "seasonal_naive":
        np.testing.assert_allclose(path[3], np.tile(y["b"][0], (STEPS, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_later_rows_change_no_earlier_forecast(name):
    y = tables()
    changed = {key: rows.copy() for key, rows in y.items()}
    changed["a"][12:] += 100
    origins = {"a": np.arange(1, 21)}
    before, after = (
        SeriesBaseline.from_name(name, SEASON).start(reader(part), origins, STEPS, False).path(STEPS)
        for part in (y, changed)
    )
    np.testing.assert_array_equal(before[:12], after[:12])
    assert (before[12:] != after[12:]).any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", NAMES)
def test_missing_values_are_passed_over(name):
    y = {"a": tables()["a"]}
    y["a"][[3, 11, 12], 0] = np.nan
    y["a"][:6, 1] = np.nan
    path = SeriesBaseline.from_name(name, SEASON).at(reader(y), {"a": 20}).ends["a"][1].path(STEPS)
    assert np.isfinite(path).all()
    if name == "naive":
        np.testing.assert_array_equal(path, np.tile(y["a"][-1], (STEPS, 1)))
    if name == "theta":
        np.testing.assert_allclose(path[:, 1], theta(y["a"][6:, 1], STEPS), rtol=1e-10)
