"""Season, logarithm and baseline of a Forecaster: no leak, slow loops, and what must agree with what."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_limits

from sklstm import Forecaster, backtest
from sklstm._components.season import seasonal_values
from tests import theta as oracle
from tests._forecasting.tools import (
    REGRESSORS,
    SHAPES,
    WITH_AUTO,
    H,
    L,
    Recorder,
    forecast_when_scored,
    reach,
    rows_only,
    series,
    split,
)
from tests._forecasting.tools import forecaster as plain_forecaster
from tests.tools import model, pairwise

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Ridge diverges", "ignore:.*windows are left out", "ignore:.*rows could not be forecast"
    ),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Boosting waits for its threads longer than it works, where processes share the cores."""
    with threadpool_limits(1):
        yield


BOOSTING = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2)
PARTS = {
    "theta": {"season": "auto", "baseline": "theta", "trust": 0.5},
    "naive, log": {"season": 3, "baseline": "naive", "log": True, "trust": 0.3},
    "seasonal naive": {"season": "auto", "baseline": "seasonal_naive", "log": "auto", "trust": 1.0},
    "ridge": {"baseline": Ridge(), "log": True, "trust": 0.5},
    "boosting": {"season": 4, "baseline": BOOSTING, "trust": 0.5},
    "weighted": {"log": True, "baseline": "theta", "baseline_weight": 0.2, "trust": 1.0},
    "auto": {"season": "auto", "log": "auto", "baseline": "auto"},
    "season": {"season": "auto", "log": "auto"},
}
NAMES = ["ridge", "lstm"]


def weekly(n=40, columns="none", shape="single", seed=0):
    """Positive days with a season of a week, and columns beside it."""
    X, y = series(n, columns, shape, seed)
    weekday = y.index.get_level_values(-1).day_of_week.to_numpy()
    season = np.array([3.0, -2, 0, 1, -1, 4, -5])[weekday]
    return X, y + (season[:, np.newaxis] if y.ndim == 2 else season) + 30


def forecaster(parts, name="ridge", columns="none", strategy="recursive", shape="single", **settings):
    settings = {**PARTS[parts], **settings}
    if parts == "boosting" and shape == "several":
        settings["baseline"] = MultiOutputRegressor(BOOSTING)
    return plain_forecaster(REGRESSORS[name], columns, strategy, **settings)


def changed(values, rng):
    return values + rng.normal(size=values.shape) + 1000


# ---- nothing of the future is read


@pairwise("parts, strategy, columns, shape, name", PARTS, WITH_AUTO, ["none", "both"], SHAPES, NAMES)
def test_what_comes_after_the_cut_changes_no_forecast_made_at_it(parts, strategy, columns, shape, name):
    steps, rng = reach(columns, strategy), np.random.default_rng(3)
    X, y = weekly(36, columns, shape)
    X = rows_only(y) if X is None else X
    y_test = split(y, steps)[1]
    is_test = y.index.isin(y_test.index)
    cut = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]

    def forecasts(X, y):
        return forecast_when_scored(forecaster(parts, name, columns, strategy, shape), X, y, cut)

    y_changed, X_changed = y.copy(), X.copy()
    y_changed[is_test] = changed(y_test, rng)
    if "p" in X:
        X_changed.loc[is_test, "p"] += 7
    forecast = forecasts(X, y)
    np.testing.assert_array_equal(forecasts(X_changed, y_changed), forecast)
    y_changed = y.copy()
    y_changed.loc[split(y[~is_test], 1)[1].index] *= 2
    assert (forecasts(X, y_changed) != forecast).any()


@pairwise("parts, strategy, shape", PARTS, WITH_AUTO, SHAPES)
def test_a_backtest_reads_nothing_after_each_of_its_origins(parts, strategy, shape):
    X, y = weekly(44, "known", shape)
    f = forecaster(parts, "ridge", "known", strategy, shape)

    def table(y, refit):
        return backtest(f, X, y, steps=H, n_origins=6, refit=refit, season=1).frame

    for refit in (False, True):
        before = table(y, refit)
        origins = np.sort(before["origin"].unique())
        y_changed = y.copy()
        later = y.index.get_level_values(-1) > origins[3]
        y_changed[later] = changed(y[later], np.random.default_rng(0))
        after = table(y_changed, refit)
        pd.testing.assert_series_equal(after["time"], before["time"])
        is_blind = (before["origin"] <= origins[3]).to_numpy()
        np.testing.assert_array_equal(after["forecast"][is_blind], before["forecast"][is_blind])
        assert (after["forecast"] != before["forecast"])[~is_blind].all()


@pytest.mark.parametrize("baseline", ["theta", "naive"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_fitted_value_of_a_baseline_does_not_depend_on_its_own_row_or_later_ones(baseline, shape):
    _, y = weekly(30, shape=shape)

    def fitted_values(y):
        f = plain_forecaster(Ridge(), baseline=baseline, log=True, trust=0.0)
        return f.fit(None, y).fitted_values_

    before, times = fitted_values(y), y.index.get_level_values(-1)
    for time in times.unique().sort_values()[[12, 20]]:
        y_changed = y.copy()
        y_changed[times >= time] += 50.0
        after, is_blind = fitted_values(y_changed), before.index.get_level_values(-1) <= time
        np.testing.assert_array_equal(after[is_blind], before[is_blind])
        assert (after[~is_blind] != before[~is_blind]).to_numpy().any()


@pairwise("parts, shape, name", ["theta", "naive, log", "ridge", "weighted"], SHAPES, ["ridge", "tree"])
def test_a_fitted_value_is_the_forecast_from_the_rows_before_it(parts, shape, name):
    _, y = weekly(30, shape=shape)
    f = forecaster(parts, name, season=None).fit(None, y)
    times = y.index.get_level_values(-1)
    for time in times.unique().sort_values()[[14, 20, 26]]:
        before = f.forecast(1, history=y[times < time])
        np.testing.assert_allclose(f.fitted_values_.loc[before.index], before, rtol=1e-9)


# ---- slow loops


def slow_season(z, positions, season):
    if season is None:
        return np.zeros(max(positions) + 1)
    return seasonal_values(z[:, np.newaxis], positions % season, season)[:, 0]


class Slow:
    """Season, logarithm, baseline and regressor of a single series, row by row."""

    def __init__(self, y, positions, season, is_log, n_ahead, weight, trust, n_lags=8):
        self.season, self.is_log, self.trust, self.weight = season, is_log, trust, weight
        self.n_ahead, self.n_lags = n_ahead, n_lags
        z = np.log(y) if is_log else y
        self.values = slow_season(z, positions, season)
        w = self.adjusted(y, positions)
        self.unit = 1.0 if is_log else np.abs(np.diff(w)).mean()
        rows, targets = [], []
        for origin in range(n_lags, len(w) - n_ahead + 1):
            window = w[origin - n_lags : origin] / self.unit
            _, reference = self.reference(w[:origin])
            rows.append(window - window[-1])
            targets.append(w[origin : origin + n_ahead] / self.unit - reference)
        self.ridge = Ridge().fit(np.array(rows), np.array(targets))

    def position(self, positions):
        return positions % (self.season or len(self.values))

    def adjusted(self, y, positions):
        return (np.log(y) if self.is_log else y) - self.values[self.position(positions)]

    def reference(self, w):
        """The path of theta and what the regressor adds to, in its units."""
        path = oracle.theta(w, self.n_ahead) / self.unit
        last = w[-1] / self.unit
        return path, last + self.weight * (path - last)

    def forecast(self, y, positions, steps):
        w = list(self.adjusted(y, positions))
        if self.trust == 0:  # no feedback is needed
            w += list(oracle.theta(np.array(w), steps))
        while len(w) < len(y) + steps:
            path, reference = self.reference(np.array(w))
            window = np.array(w[-self.n_lags :]) / self.unit
            learnt = np.ravel(self.ridge.predict([window - window[-1]]))
            w += list((path + self.trust * (reference + learnt - path)) * self.unit)
        ahead = positions[-1] + 1 + np.arange(steps)
        z = np.array(w[len(y) : len(y) + steps]) + self.values[self.position(ahead)]
        return np.exp(z) if self.is_log else z


@pairwise(
    "season, is_log, strategy, trust, weight",
    [None, 7],
    [False, True],
    ["recursive", "multioutput", "auto"],
    [1.0, 0.5, 0.0],
    [0.5, 1.0, 0.0],
)
def test_a_forecast_is_that_of_a_slow_loop_over_all_parts(season, is_log, strategy, trust, weight):
    _, y = weekly(60)
    steps, n_ahead = 6, 1 if strategy == "recursive" else 6 if strategy == "multioutput" else 3
    f = Forecaster(
        Ridge(),
        window_length=8,
        strategy=strategy,
        steps=None if strategy == "recursive" else n_ahead,
        season=season,
        log=is_log or None,
        baseline="theta",
        baseline_weight=weight,
        trust=trust,
        clip_recursion=False,
    )
    positions = np.arange(60)  # the first day is a Monday
    slow = Slow(y.to_numpy()[:50], positions[:50], season, is_log, n_ahead, weight, trust)
    f.fit(None, y[:50])
    expected = slow.forecast(y.to_numpy()[:50], positions[:50], steps)
    np.testing.assert_allclose(f.forecast(steps), expected, rtol=1e-8)
    assert len(f.regressors_) == (trust > 0)
    # the season of the fit goes on
    whole = slow.forecast(y.to_numpy(), positions, steps)
    for ends in ([60], [51, 53, 60]):
        updated, begin = deepcopy(f), 50
        for end in ends:
            updated.update(None, y[begin:end])
            begin = end
        np.testing.assert_allclose(updated.forecast(steps), whole, rtol=1e-8)
    frame = backtest(f, None, y, steps=steps, n_origins=5, refit=False, season=1).frame
    first = len(y) - steps - 4
    slow = Slow(y.to_numpy()[:first], positions[:first], season, is_log, n_ahead, weight, trust)
    for origin in range(first, first + 5):
        expected = slow.forecast(y.to_numpy()[:origin], positions[:origin], steps)
        found = frame["forecast"][frame["origin"] == y.index[origin - 1]]
        np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_the_fitted_values_of_theta_are_those_of_a_slow_loop_with_the_season_of_the_fit():
    y = weekly(40)[1].to_numpy()
    season = slow_season(y, np.arange(40), 7)
    f = Forecaster(Ridge(), window_length=1, season=7, baseline="theta", trust=0.0).fit(None, y)
    adjusted = y - season[np.arange(40) % 7]
    expected = [oracle.theta(adjusted[:row], 1)[0] + season[row % 7] for row in range(5, 40)]
    np.testing.assert_allclose(f.fitted_values_.to_numpy()[5:], expected, rtol=1e-10)


# ---- what must agree


@pairwise("parts, strategy, shape, name", PARTS, WITH_AUTO, SHAPES, NAMES)
def test_an_update_in_pieces_is_one_at_once_and_goes_on_as_from_the_whole_history(parts, strategy, shape, name):
    X, y = weekly(44, "known", shape)
    (X, X_future), (y, _) = split(X, H), split(y, H)
    (X_old, X_new), (y_old, y_new) = split(X, 8), split(y, 8)
    once = forecaster(parts, name, "known", strategy, shape).fit(X_old, y_old)
    pieces = deepcopy(once)
    once.update(X_new, y_new)
    for number in range(8):
        rows = y_new.index if shape != "panel" else y_new.groupby(level=0).nth([number]).index
        rows = rows[number : number + 1] if shape != "panel" else rows
        pieces.update(X_new.loc[rows], y_new.loc[rows])
    forecast = once.forecast(H, X_future)
    np.testing.assert_allclose(pieces.forecast(H, X_future), forecast, rtol=1e-6)
    if PARTS[parts].get("season") is None:
        np.testing.assert_allclose(once.forecast(H, X_future, history=(X, y)), forecast, rtol=1e-6)


@pairwise("parts, strategy", PARTS, ["recursive", "auto"])
def test_the_ends_of_a_panel_may_differ_and_new_series_may_come(parts, strategy):
    _, y = weekly(44, shape="panel")
    new = pd.concat({"d": weekly(44, seed=9)[1]}, names=y.index.names).rename(y.name)
    f = forecaster(parts, strategy=strategy).fit(None, y)
    tail = pd.concat({"c": weekly(51, shape="panel", seed=0)[1].loc["c"].iloc[-5:]}, names=y.index.names)
    tail.index = tail.index.set_levels(pd.date_range(y.loc["c"].index[-1], periods=6, name="day")[1:], level=1)
    f.update(None, tail.rename(y.name))
    once, pieces = deepcopy(f), f
    once.update(None, new)
    for rows in (new[:3], new[3:30], new[30:]):
        pieces.update(None, rows)
    forecast = once.forecast(5)
    np.testing.assert_allclose(pieces.forecast(5), forecast, rtol=1e-8)
    np.testing.assert_allclose(once.forecast(5, history=new.loc["d"]), forecast.loc["d"], rtol=1e-8)
    assert np.isfinite(forecast).all()


@pairwise("parts, strategy, shape, name", PARTS, WITH_AUTO, SHAPES, NAMES)
def test_predict_forecast_and_history_agree(parts, strategy, shape, name):
    X, y = weekly(40, "known", shape)
    (X, X_future), (y, _) = split(X, H), split(y, H)
    f = forecaster(parts, name, "known", strategy, shape).fit(X, y)
    forecast = f.forecast(H, X_future)
    predicted = f.predict(X_future.loc[forecast.index])
    np.testing.assert_allclose(predicted, forecast.to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(f.forecast(H, X_future, history=(X, y)), forecast, rtol=1e-6)


@pairwise("parts, strategy, shape", PARTS, ["recursive", "auto"], SHAPES)
def test_a_backtest_is_a_loop_of_fits_and_updates(parts, strategy, shape):
    _, y = weekly(40, shape=shape)
    f = forecaster(parts, strategy=strategy, shape=shape)
    for refit in (True, False):
        frame = backtest(f, None, y, steps=H, n_origins=3, refit=refit, season=1).frame
        origins = np.unique(frame["origin"])
        for origin in origins:
            first = y.index.get_level_values(-1) <= (origin if refit else origins[0])
            loop = clone(f).fit(None, y[first])
            newer = ~first & (y.index.get_level_values(-1) <= origin)
            if newer.any():
                loop.update(None, y[newer])
            rows = frame[frame["origin"] == origin]
            expected = loop.forecast(H).stack() if shape == "several" else loop.forecast(H)
            keys = {"single": ["time"], "several": ["time", "target"], "panel": ["series", "time"]}[shape]
            expected = expected.reindex(pd.MultiIndex.from_frame(rows[keys]) if len(keys) > 1 else rows["time"])
            known = expected.notna().to_numpy()  # of a series that ends earlier, others are forecast
            assert known.mean() > 0.5
            np.testing.assert_allclose(rows["forecast"][known], expected[known], rtol=1e-8)


def test_scores_of_cross_validation_are_those_of_fits_by_hand():
    _, y = weekly(60)
    f, cv = forecaster("auto"), TimeSeriesSplit(3, test_size=7)
    scores = cross_val_score(f, rows_only(y), y, cv=cv)
    by_hand = [clone(f).fit(None, y.iloc[a]).score(rows_only(y.iloc[b]), y.iloc[b]) for a, b in cv.split(y)]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-10)


# ---- histories of their own


def test_a_history_has_a_season_of_its_own():
    _, y = weekly(60)
    other = -3 * (y - y.mean()) + 80
    f = Forecaster(Ridge(), window_length=1, season=7, baseline="theta", trust=0.0).fit(None, y)
    alone = clone(f).fit(None, other)
    np.testing.assert_allclose(f.forecast(14, history=other), alone.forecast(14), rtol=1e-9)


@pytest.mark.parametrize("n", [1, 5, 13])
def test_a_history_that_is_too_short_keeps_the_season_of_its_key_by_position(n):
    _, y = weekly(60)
    f = Forecaster(Ridge(), window_length=1, season=7, baseline="naive", trust=0.0).fit(None, y)
    history = y[60 - n :].asfreq("D") - 20
    np.testing.assert_allclose(f.forecast(9, history=history), f.forecast(9) - 20, rtol=1e-10)


def test_a_short_history_without_an_index_has_no_season_as_its_positions_are_unknown():
    y = weekly(60)[1].to_numpy()
    f = Forecaster(Ridge(), window_length=1, season=7, baseline="naive", trust=0.0).fit(None, y)
    np.testing.assert_allclose(f.forecast(9, history=y[-10:]), y[-1])
    assert np.ptp(f.forecast(9, history=y[-14:])) > 1


# ---- indexes


def test_seasons_follow_the_clock_on_the_wall_when_it_changes():
    hours = pd.date_range("2024-03-20", periods=24 * 18, freq="h", tz="Europe/Berlin")  # changes on 31 March
    y = pd.Series(np.cos(np.arange(24.0))[hours.hour] + 5, hours)
    before = hours < "2024-03-30 12:00"
    f = Forecaster(Ridge(), window_length=2, season="auto", baseline="naive", trust=0.0).fit(None, y[before])
    np.testing.assert_allclose(f.forecast(72), y[~before][:72], atol=1e-9)
    f.update(None, y[~before][:50])
    np.testing.assert_allclose(f.forecast(72), y[~before][50:122], atol=1e-9)


@pairwise("parts, strategy", PARTS, WITH_AUTO)
def test_periods_are_forecast_as_timestamps(parts, strategy):
    _, y = weekly(40)
    periods = y.set_axis(y.index.to_period("D"))
    forecasts = [forecaster(parts, strategy=strategy).fit(None, part).forecast(H) for part in (y, periods)]
    np.testing.assert_array_equal(*forecasts)
    assert isinstance(forecasts[1].index, pd.PeriodIndex)


@pairwise("parts, strategy", PARTS, WITH_AUTO)
def test_arrays_are_forecast_as_tables_with_the_same_season(parts, strategy):
    _, y = weekly(40)  # from a Monday on, which is position 0
    f = forecaster(parts, strategy=strategy, season=7)
    np.testing.assert_array_equal(f.fit(None, y).forecast(H), clone(f).fit(None, y.to_numpy()).forecast(H))


def test_auto_takes_the_season_of_the_index():
    _, y = weekly(40)
    auto = forecaster("theta", season="auto").fit(None, y)
    np.testing.assert_array_equal(auto.forecast(9), forecaster("theta", season=7).fit(None, y).forecast(9))
    assert auto.season_ == 7
    without = forecaster("theta", season=None).fit(None, y)
    np.testing.assert_array_equal(
        forecaster("theta", season="auto").fit(None, y.to_numpy()).forecast(9), without.forecast(9)
    )


# ---- components


@pairwise("parts, strategy, shape, name", PARTS, WITH_AUTO, SHAPES, NAMES)
def test_components_add_up_to_the_forecast(parts, strategy, shape, name):
    X, y = weekly(54, "known", shape)
    (X, X_future), (y, _) = split(X, 2 * H), split(y, 2 * H)
    f = forecaster(parts, name, "known", strategy, shape).fit(X, y)
    steps = 2 * H if strategy in ("auto", "recursive") else H
    found, forecast = f.components(steps, X_future), f.forecast(steps, X_future)
    pd.testing.assert_index_equal(found.index, forecast.index)
    targets = [found[target] for target in forecast] if shape == "several" else [found]
    for part, column in zip(targets, np.reshape(forecast.to_numpy(), (len(forecast), -1)).T, strict=True):
        assert list(part) == ["baseline", "correction", "season", "forecast"]
        np.testing.assert_allclose(part["forecast"], column, rtol=1e-9)
        np.testing.assert_allclose(part[["baseline", "correction", "season"]].sum(axis=1), column, rtol=1e-9)


@pytest.mark.parametrize("baseline", ["theta", "naive", "seasonal_naive", "auto", Ridge()], ids=str)
@pytest.mark.parametrize("steps", [None, 6])
def test_the_season_repeats_and_nothing_is_corrected_without_trust(baseline, steps):
    _, y = weekly(60)
    f = Forecaster(Ridge(), window_length=8, steps=steps, season=7, baseline=baseline, trust=0.0).fit(None, y)
    found = f.components(21)
    np.testing.assert_allclose(found["season"][7:], found["season"][:-7], atol=1e-12)
    np.testing.assert_allclose(found["season"], slow_season(y.to_numpy(), np.arange(60), 7)[np.arange(60, 81) % 7])
    np.testing.assert_allclose(found["correction"], 0, atol=1e-9)
    assert np.ptp(found["season"]) > 1


# ---- blocks


@pytest.mark.parametrize("window_length", [2, 6, 9])
@pytest.mark.parametrize("parts", ["theta", "naive, log", "seasonal naive", "ridge", "auto"])
def test_blocks_are_fed_back_by_hand_also_if_they_are_longer_than_windows(window_length, parts):
    _, y = weekly(60)
    settings = {"trust": 0.5, **PARTS[parts], "season": None if parts != "seasonal naive" else 7}
    f = Forecaster(Ridge(), window_length=window_length, steps=6, **settings).fit(None, y)
    assert f.steps_ == 6
    forecast, first = f.forecast(12), f.forecast(6)
    np.testing.assert_allclose(f.update(None, first).forecast(6), forecast[6:], rtol=1e-9)
    np.testing.assert_array_equal(first, forecast[:6])


# ---- scale


def reads_any_unit(parts, shape, name, factor):
    """Without a baseline, ridge reads the user's units."""
    return parts != "season" or name != "ridge"


@pairwise("parts, shape, name, factor", PARTS, ["single", "panel"], NAMES, [1e-6, 1e-3, 1e6], where=reads_any_unit)
def test_forecasts_are_in_proportion_to_the_series(parts, shape, name, factor):
    _, y = weekly(50, shape=shape)
    settings = {"dtype": "float64"} if name == "lstm" else {}
    f = forecaster(parts, name, **settings)
    expected = f.fit(None, y).forecast(H)
    np.testing.assert_allclose(clone(f).fit(None, y * factor).forecast(H) / factor, expected, rtol=2e-5)


@pytest.mark.parametrize("baseline", ["theta", "naive", "seasonal_naive"])
@pytest.mark.parametrize("is_log", [True, None])
def test_each_series_of_a_panel_is_forecast_as_alone_by_a_baseline(baseline, is_log):
    y = weekly(40)[1]
    sizes = {"a": 1.0, "b": 1e-9, "c": 1e9}
    panel = pd.concat({key: y.sample(frac=1, random_state=1).to_numpy() * size + 0 * y for key, size in sizes.items()})
    panel.index.names = ["shop", "day"]
    f = Forecaster(Ridge(), window_length=2, season=7, log=is_log, baseline=baseline, trust=0.0)
    forecast = clone(f).fit(None, panel).forecast(9)
    for key in sizes:
        alone = clone(f).fit(None, panel.loc[key].asfreq("D")).forecast(9)
        np.testing.assert_allclose(forecast.loc[key], alone, rtol=1e-9)


# ---- odd series


@pairwise("parts, name, shape", PARTS, NAMES, ["single", "panel"])
def test_the_forecast_of_a_constant_series_is_its_value(parts, name, shape):
    _, y = weekly(40, shape=shape)
    y[:] = 5.25
    forecast = forecaster(parts, name).fit(None, y).forecast(9)
    np.testing.assert_allclose(forecast, 5.25, rtol=1e-12)


@pytest.mark.parametrize("parts", PARTS)
def test_a_series_that_only_repeats_its_season_is_continued(parts):
    _, y = weekly(42)
    y[:] = np.array([5.0, 9, 2, 7, 7, 1, 3])[y.index.day_of_week]
    f = forecaster(parts, **({} if parts == "ridge" else {"season": 7}), window_length=7).fit(None, y)
    expected = y.to_numpy()[:14]
    np.testing.assert_allclose(f.forecast(14), expected, rtol=1e-6 if parts != "ridge" else 0.5)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 13, 15])
@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.filterwarnings("ignore:There are .* windows to train on", "ignore:.*too short to tell its frequency")
@pytest.mark.parametrize("steps", [None, 4])
def test_short_series_are_forecast_by_default(n, shape, steps):
    _, y = weekly(20)
    y = y[:n].asfreq("D")
    y = pd.concat({"a": y, "b": 2 * y}, names=["shop", "day"]) if shape == "panel" else y
    f = Forecaster(model(), steps=steps).fit(None, y)
    forecast = f.forecast(8)
    assert np.isfinite(forecast).all()
    assert np.abs(forecast / y.mean() - 1).max() < 2
    assert len(f.fitted_values_) == len(y)


def test_a_panel_may_have_a_series_of_a_single_row():
    _, y = weekly(30)
    panel = pd.concat({"a": y, "b": y[:1]}, names=["shop", "day"])
    f = forecaster("theta").fit(None, panel)
    assert f.fitted_values_.loc["b"].isna().all()
    assert f.fitted_values_.loc["a"].notna().sum() == 30 - L
    with pytest.warns(UserWarning, match="1 of 2 series cannot be forecast"):
        assert np.isfinite(f.forecast(3).loc["a"]).all()


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("where", ["begin", "end", "middle", "scattered"])
def test_missing_values_are_passed_over(parts, where):
    _, y = weekly(60)
    rows = {
        "begin": slice(0, 12),
        "end": slice(55, 60),
        "middle": slice(30, 45),
        "scattered": np.random.default_rng(0).permutation(60)[:20],
    }[where]
    y.iloc[rows] = np.nan
    f = forecaster(parts, "lstm", season=None if parts == "ridge" else 7, window_length=9)
    if parts == "ridge":  # which reads no missing values
        f.set_params(baseline=BOOSTING)
    forecast = f.fit(None, y).forecast(9)
    assert np.isfinite(forecast).all()
    assert np.isfinite(f.components(9)).all().all()
    assert forecast.between(y.min() - 10, y.max() + 10).all()


def test_a_missing_end_does_not_end_the_forecasts_of_short_ridge_windows():
    _, y = weekly(80)
    y = y.set_axis(pd.RangeIndex(80))
    y[-6:] = np.nan
    f = Forecaster(model(), window_length=12, trust=0.0).fit(None, y)  # ridge reads four rows, of which none is known
    forecast = f.forecast(4)
    assert forecast.between(y.min() - 5, y.max() + 5).all()


def test_the_reach_of_past_only_columns_holds_for_the_tail_too():
    X, y = weekly(120, "past")
    y += 6 * X["p"].shift(1, fill_value=0.0)  # which theta does not know
    for regressor in (Ridge(), REGRESSORS["boosting"]):
        f = Forecaster(regressor, window_length=3, past_only=["p"], season=7, baseline="theta").fit(X, y)
        assert 0.5 < f.trust_ < 1
        assert np.isfinite(f.forecast(1)).all()


# ---- logarithms


def test_auto_takes_no_logarithm_of_a_series_that_is_not_positive():
    _, y = weekly(60)
    y -= y.min()  # the smallest is 0
    with_auto, without = (Forecaster(Ridge(), window_length=3, log=log).fit(None, y) for log in ("auto", None))
    np.testing.assert_array_equal(with_auto.forecast(9), without.forecast(9))


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_a_later_value_without_a_logarithm_is_not_passed_over_in_silence(value):
    _, y = weekly(60)
    later = y[50:].copy()
    later.iloc[3] = value
    growing = Forecaster(Ridge(), window_length=3, log=True).fit(None, y[:50])
    before = growing.forecast(5)
    with pytest.raises(ValueError, match=f"y has the value {value:g}, which has no logarithm.*log='auto'"):
        growing.update(None, later)
    np.testing.assert_array_equal(growing.forecast(5), before)
    with pytest.raises(ValueError, match="no logarithm"):
        growing.forecast(5, history=later)
    assert clone(growing).set_params(log="auto").fit(None, pd.concat((y[:50], later))).forecast(5).notna().all()
    growth = y[:50] * 1.1 ** np.arange(50)  # which is forecast better with a logarithm
    panel = pd.concat({"a": growth, "b": growth * 3}, names=["shop", "day"])
    f = Forecaster(Ridge(), window_length=3, log="auto", baseline="theta", trust=0.5).fit(None, panel)
    with pytest.warns(UserWarning, match=f"'b' has the value {value:g}.* read as"):
        f.update(None, pd.concat({"b": later}, names=["shop", "day"]))
    assert f.forecast(5).notna().all()


def test_a_backtest_tells_of_values_without_a_logarithm_too():
    _, y = weekly(60)
    y *= 1.1 ** np.arange(60)
    y.iloc[54] = -3.0
    f = Forecaster(Ridge(), window_length=3, log="auto", baseline="theta", trust=0.5)
    with pytest.warns(UserWarning, match="y has the value -3, which has no logarithm"):
        backtest(f, None, y, steps=2, n_origins=8, refit=False)
    backtest(f, None, y, steps=2, n_origins=2, refit=True)


# ---- a baseline of any kind


def test_a_baseline_that_reads_complete_windows_only_is_named_with_advice_that_works():
    _, y = weekly(60)
    y.iloc[20:23] = np.nan
    f = Forecaster(model(), window_length=5, season=7, log=None, baseline=Ridge(), trust=0.5)
    with pytest.warns(UserWarning, match=r"windows are left out.* Ridge takes complete ones only.*baseline='theta'"):
        f.fit(None, y)
    ending = y[:23]
    with pytest.raises(ValueError, match=r"2 values, and Ridge needs all .*make_pipeline\(SimpleImputer\(\), Ridge"):
        f.forecast(3, history=ending)
    with pytest.raises(ValueError, match=r"drop_incomplete=False .* but Ridge does not accept NaN"):
        clone(f).set_params(drop_incomplete=False).fit(None, y)
    for advised in ("theta", make_pipeline(SimpleImputer(), Ridge())):
        assert np.isfinite(clone(f).set_params(baseline=advised).fit(None, y).forecast(3, history=ending)).all()


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        (Ridge, r"baseline must be an instance, got the class Ridge: write Ridge\(\)"),
        (LogisticRegression(), "LogisticRegression is a classifier"),
        (Forecaster(Ridge()), "baseline must predict values from windows, got a Forecaster"),
    ],
    ids=["class", "classifier", "forecaster"],
)
def test_what_is_no_regressor_is_no_baseline(baseline, message):
    _, y = weekly(60)
    f = Forecaster(Ridge(), window_length=5).fit(None, y)
    before = f.forecast(3)
    with pytest.raises(TypeError, match=message):
        f.set_params(baseline=baseline).fit(None, y)
    np.testing.assert_array_equal(f.forecast(3), before)


# ---- estimator


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_pickles_and_clones_forecast_the_same_whatever_the_global_seed(parts, name):
    _, y = weekly(50)
    forecasts = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        f = forecaster(parts, name, intervals="bootstrap", calibration_size=15, steps=H).fit(None, y)
        restored = pickle.loads(pickle.dumps(f))
        assert clone(f).get_params()["trust"] == f.trust
        forecasts += [f.forecast(H, coverage=0.5), restored.forecast(H, coverage=0.5)]
    for other in forecasts[1:]:
        pd.testing.assert_frame_equal(other, forecasts[0])


def test_a_search_chooses_among_parts():
    _, y = weekly(70)
    grid = {
        "season": [None, "auto"],
        "baseline": ["theta", "naive", Ridge(), Ridge(10.0)],
        "log": [None, True],
        "trust": [1.0, 0.0],
    }
    search = GridSearchCV(
        Forecaster(Ridge(), window_length=7), grid, cv=TimeSeriesSplit(2, test_size=7), error_score="raise"
    )
    search.fit(rows_only(y), y)
    assert len(np.unique(search.cv_results_["mean_test_score"])) > 16
    f = clone(search.best_estimator_).set_params(baseline=Ridge()).set_params(baseline__alpha=3.0)
    assert f.baseline.alpha == 3


WRONG = [
    ({"log": True, "target_transformer": FunctionTransformer(np.log, np.exp)}, "two transformations", {"log": None}),
    ({"log": "auto", "target_transformer": FunctionTransformer(np.log, np.exp)}, "two transformations", {"log": None}),
    ({"log": True}, "log=True needs values above 0, but the smallest of y is -", {"log": "auto"}),
    (
        {"log": True},
        "needs values above 0",
        {"log": None, "target_transformer": FunctionTransformer(np.arcsinh, np.sinh)},
    ),
    ({"baseline": "seasonal_naive", "season": None}, "needs a season", {"season": 7}),
    ({"trust": 0.5}, r"trust=0.5 needs a baseline.* baseline='theta'", {"baseline": "theta"}),
    ({"baseline_weight": 0.5}, "baseline_weight=0.5 needs a baseline", {"baseline_weight": "auto"}),
    (
        {"regressor": model(loss="quantile", quantile=[0.1, 0.9]), "steps": 2, "baseline": "theta", "trust": 0.0},
        "trust=0.0 would make the distances between quantiles smaller",
        {"trust": "auto"},
    ),
    (
        {"regressor": model(loss="quantile", quantile=[0.1, 0.9]), "steps": 2, "baseline": "theta", "trust": 0.5},
        "trust=0.5 would make the distances between quantiles smaller",
        {"trust": "auto"},
    ),
    (
        {"regressor": model(loss="poisson"), "season": 7},
        r"season=7 gives .* below 0.*Set season=None",
        {"season": None},
    ),
    (
        {"regressor": model(loss="poisson"), "baseline": "theta"},
        r"baseline='theta' gives .* below 0.*Set baseline=None",
        {"baseline": None},
    ),
]


@pytest.mark.parametrize(("settings", "message", "advised"), WRONG)
def test_parts_that_do_not_fit_are_refused_with_advice_that_works(settings, message, advised):
    _, y = weekly(50)
    f = Forecaster(Ridge(), window_length=3).fit(None, y)
    before = f.forecast(4)
    of_sign = y if "two" in message or "poisson" in repr(settings) else y - 30
    with pytest.raises(ValueError, match=message):
        f.set_params(**settings).fit(None, of_sign)
    with pytest.raises(ValueError, match=message):
        backtest(f, None, of_sign, steps=2, n_origins=2)
    np.testing.assert_array_equal(f.forecast(4), before)
    assert np.isfinite(clone(f).set_params(**advised).fit(None, of_sign).forecast(2)).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"season": 1},
        {"season": "monthly"},
        {"season": 2.5},
        {"baseline": "thetas"},
        {"baseline": 3},
        {"baseline_weight": 1.5},
        {"trust": -0.1},
        {"log": "sqrt"},
    ],
    ids=str,
)
def test_wrong_values_of_parameters_name_the_parameter(settings):
    _, y = weekly(50)
    (name,) = settings
    f = Forecaster(Ridge(), window_length=3).fit(None, y)
    before = f.forecast(4)
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Forecaster must be"):
        f.set_params(**settings).fit(None, y)
    np.testing.assert_array_equal(f.forecast(4), before)


def test_a_seasonal_naive_baseline_that_cannot_forecast_says_why():
    _, y = weekly(50)
    f = Forecaster(Ridge(), window_length=3, season=7, baseline="seasonal_naive", trust=0.5).fit(None, y)
    message = "repeats the last season of 7 rows, but there is a position in the season without a value.*'theta'"
    with pytest.raises(ValueError, match=message):
        f.forecast(4, history=y[:5])
    assert np.isfinite(f.forecast(4, history=y[:7])).all()
    assert np.isfinite(clone(f).set_params(baseline="theta").fit(None, y).forecast(4, history=y[:5])).all()


def test_an_update_may_train_while_the_regressor_is_left_out():
    _, y = weekly(60)
    f = Forecaster(model(), window_length=3, baseline="theta", trust=0.0, season=7, log=None).fit(None, y[:50])
    assert (f.regressors_, f.trust_) == ([], 0)
    f.update(None, y[50:], train=True, learning_rate_init=0.01)
    whole = clone(f).fit(None, y)
    np.testing.assert_allclose(f.forecast(9), whole.forecast(9), rtol=1e-9)
    with pytest.raises(ValueError, match=r"learning_rate_init=0\.01 is used by an LSTMRegressor"):
        Forecaster(Ridge(), window_length=3, baseline="theta", trust=0.0).fit(None, y).update(
            None, y[:0], train=True, learning_rate_init=0.01
        )


def test_training_further_takes_new_series_too():
    _, y = weekly(50, shape="panel")
    f = forecaster("theta", "lstm", strategy="auto").fit(None, y)
    before = f.regressors_[0].theta_
    f.update(None, pd.concat({"d": weekly(40, seed=5)[1]}, names=y.index.names).rename(y.name), train=True)
    assert (f.regressors_[0].theta_ != before).any()
    assert np.isfinite(f.forecast(5)).all()


@pytest.mark.parametrize("name", ["ridge", "lstm"])
def test_the_defaults_of_parts_depend_on_the_regressor(name):
    _, y = weekly(80)
    named = (
        {"season": "auto", "log": "auto", "baseline": "auto"}
        if name == "lstm"
        else dict.fromkeys(["season", "log", "baseline"])
    )
    f = Forecaster(REGRESSORS[name], window_length=9)
    np.testing.assert_array_equal(f.fit(None, y).forecast(9), clone(f).set_params(**named).fit(None, y).forecast(9))


def test_weights_of_zero_leave_rows_out_as_targets():
    _, y = weekly(60)
    weight = np.where(np.arange(60) < 40, 1.0, 0.0)
    f = forecaster("theta", season=None, dtype="float64")
    once = clone(f).fit(None, y, sample_weight=weight).regressors_[0].coef_
    assert (once != clone(f).fit(None, y).regressors_[0].coef_).any()


# ---- intervals


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
@pytest.mark.parametrize("parts", PARTS)
def test_intervals_are_around_the_forecast_and_wider_for_more_coverage(intervals, parts):
    _, y = weekly(80)
    f = forecaster(parts, strategy="auto", intervals=intervals, calibration_size=30).fit(None, y)
    table = f.forecast(2 * H, coverage=[0.5, 0.8])
    np.testing.assert_allclose(table["forecast"], f.forecast(2 * H), rtol=1e-12)
    ordered = table[["lower_80", "lower_50", "upper_50", "upper_80"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    if intervals == "conformal":
        assert table["forecast"].between(table["lower_50"], table["upper_50"]).all()


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
@pytest.mark.parametrize("parts", ["theta", "ridge", "auto", "naive, log"])
def test_intervals_cover_as_many_truths_as_they_should(intervals, parts):
    _, y = weekly(500, seed=2)
    y = y.rolling(1).mean() * 0 + 40 + (y - y.shift(1)).fillna(0)  # noise and a season
    f = forecaster(parts, strategy="auto", intervals=intervals, calibration_size=120)
    frame = backtest(f, None, y, steps=H, n_origins=150, refit=False, season=7, coverage=0.8).frame
    inside = frame["truth"].between(frame["lower_80"], frame["upper_80"])
    assert 0.7 < inside.mean() < 0.9


# ---- weights, and rows before the tail that are not enough


def year(n=100, seed=0):
    """Months with a season, to forecast by default."""
    rows = np.arange(n)
    values = 100 + np.random.default_rng(seed).normal(size=n).cumsum() + 10 * np.sin(rows * 2 * np.pi / 12)
    return pd.Series(values, pd.date_range("2010", periods=n, freq="MS"))


@pytest.mark.parametrize("factor", [1e-9, 3.0, 1e9])
def test_only_the_proportions_of_weights_matter(factor):
    y, f = year(50), Forecaster(steps=6)
    weight = np.linspace(1, 2, 50)
    once, other = (clone(f).fit(None, y, sample_weight=weight * k).forecast(6) for k in (1, factor))
    np.testing.assert_allclose(once, other, rtol=1e-7)
    assert (once != f.fit(None, y).forecast(6)).any()


def test_equal_weights_are_none():
    y, f = year(50), Forecaster(steps=6)
    np.testing.assert_allclose(
        clone(f).fit(None, y, sample_weight=np.full(50, 7.0)).forecast(6), f.fit(None, y).forecast(6), rtol=1e-7
    )


def test_rows_of_weight_0_in_the_tail_say_nothing_of_the_trust():
    y, f = year(), Forecaster(Ridge(), window_length=12, steps=4, baseline="theta")
    weight = np.ones(100)
    weight[-2:] = 0  # which are in no window that a forecast of other rows is made from
    wrong = y.copy()
    wrong.iloc[-2:] = 1e6
    settings = {"season": None, "log": None}
    once, other = (clone(f).set_params(**settings).fit(None, part, sample_weight=weight) for part in (y, wrong))
    assert once.trust_ == other.trust_ > 0
    shares = [
        Forecaster(steps=4, season=None, log=None, trust=0)
        .fit(None, part, sample_weight=weight)
        ._fitted.batch_forecaster.regressor_set.baseline.shares
        for part in (y, wrong)
    ]
    np.testing.assert_array_equal(*shares)


def test_windows_without_a_target_of_weight_0_are_not_needed():
    weight = np.ones(100)
    weight[::6] = 0  # every six rows in a row contain one
    assert Forecaster(steps=6).fit(None, year(), sample_weight=weight).forecast(6).between(80, 130).all()


HEADS = {
    "short": (Forecaster(Ridge(), steps=12, baseline="theta"), slice(0, 40)),
    "without windows": (Forecaster(steps=6), [1, *range(14, 20)]),
    "without far targets": (Forecaster(steps=6), [0, 1, *range(14, 20)]),
    "with few windows": (Forecaster(steps=6, window_length=1), range(12, 20)),
}


@pytest.mark.parametrize("head", HEADS)
def test_a_panel_may_have_too_little_before_its_tails(head):
    f, known = HEADS[head]
    parts = {key: year(40 if head == "short" else 20, key) for key in range(2 if "few" in head else 3)}
    for part in parts.values():
        part.iloc[np.setdiff1d(np.arange(len(part)), np.arange(len(part))[known])] = np.nan
    f = clone(f).fit(None, pd.concat(parts))
    assert 0 < f.trust_ < 1
    assert f.forecast(f.steps).between(50, 150).all()


def test_the_message_of_a_value_without_a_logarithm_in_a_history_says_what_it_is_read_as():
    y = np.exp(year() / 10)
    f = Forecaster(log="auto", trust=0).fit(None, y)
    history = y / 1000
    history.iloc[7] = -1.0
    with pytest.warns(UserWarning, match=f"value -1, .*read as {history[history > 0].min() / 2:.6g}"):
        f.forecast(3, history=history)


# ---- baselines that are no regressors of changes, and series without a common season


@pytest.mark.parametrize("baseline", [PoissonRegressor(), model(loss="poisson")], ids=["linear", "lstm"])
def test_a_baseline_that_needs_counts_is_refused_before_any_work(baseline):
    y, f = year(40), Forecaster(Ridge(), window_length=3).fit(None, year(30))
    before = f.forecast(2)
    with pytest.raises(ValueError, match=r"targets that are not negative.*baseline=RidgeCV\(\)"):
        f.set_params(baseline=baseline).fit(None, y)
    assert f.forecast(2).equals(before)
    assert f.set_params(baseline=RidgeCV()).fit(None, y).forecast(2).notna().all()


def test_wrong_settings_of_a_baseline_are_refused_before_any_work():
    f = Forecaster(Recorder(), window_length=3, baseline=Ridge(alpha=-1))
    with pytest.raises(ValueError, match="'alpha' parameter of Ridge"):
        f.fit(None, year(40))


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_panel_whose_series_have_other_seasons_has_none(order):
    days = pd.Series(year(60).to_numpy(), pd.date_range("2020", periods=60))
    parts = {"months": year(60), "days": days}
    y = pd.concat({key: parts[key] for key in list(parts)[order]})
    f = Forecaster(Ridge(), season="auto", window_length=3).fit(None, y)
    assert f.season_ is None
    assert f.set_params(season=12).fit(None, y).season_ == 12
