"""`Forecaster.compact`: what remains is the same to the bit, small, and refuses what needs the rows that are gone."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import ForecastDisplay, Forecaster
from sklstm._forecasting import calibration
from tests.test_saving import CASES, DAYS, LSTM, PANEL, N, X, Y, coverage_of, fitted, rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:.*diverges")

ALSO = {
    "seasonal panel": (Forecaster(LSTM, intervals="conformal", season=7, log=True, steps=2), None, PANEL),
    "theta": (Forecaster(LSTM, intervals="bootstrap", baseline="theta", trust=0.0, season=None), None, Y),
    "blocks": (Forecaster(LSTM, steps=2, intervals="bootstrap", window_length=4, trust=1.0), None, Y),
}
EVERY = {**CASES, **ALSO}


def forecaster_of(name):
    forecaster, columns, y = EVERY[name]
    return clone(forecaster).fit(rows(columns, 0, N), rows(y, 0, N))


def assert_same(one, other):
    assert type(one) is type(other)
    compare = pd.testing.assert_series_equal if isinstance(one, pd.Series) else pd.testing.assert_frame_equal
    compare(one, other, check_exact=True)


@pytest.mark.parametrize("is_pickled", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_forecasts_intervals_components_and_updates_are_the_same(name, is_pickled):
    whole, (forecaster, columns, y) = forecaster_of(name), EVERY[name]
    small = copy.deepcopy(whole).compact()
    if is_pickled:
        small = pickle.loads(pickle.dumps(small))
    for first in range(N, N + 3):
        for steps in (
            (1,) if name == "labels" else (1, 2, 4) if columns is None and name not in ("quantiles", "direct") else (2,)
        ):
            known = rows(columns, first, first + steps)
            coverage = coverage_of(forecaster)
            assert_same(
                small.forecast(steps, known, coverage=coverage), whole.forecast(steps, known, coverage=coverage)
            )
            assert_same(small.components(steps, known), whole.components(steps, known))
            pd.testing.assert_index_equal(small.future_index(steps), whole.future_index(steps))
        if columns is None:
            history = rows(y, 20, 60)
            assert_same(small.forecast(2, history=history), whole.forecast(2, history=history))
        for each in (small, whole):
            each.update(rows(columns, first, first + 1), rows(y, first, first + 1))
        if first == N + 1:
            small.compact()


def test_predict_and_score_of_later_rows_are_the_same():
    whole = fitted("default")
    small = copy.deepcopy(whole).compact()
    later = Y[N + 1 :].to_frame()[[]]
    np.testing.assert_array_equal(small.predict(later), whole.predict(later))
    assert small.score(later, Y[N + 1 :]) == whole.score(later, Y[N + 1 :])


def test_the_size_does_not_depend_on_the_training_rows():
    sizes = {}
    for n in (3_000, 300_000):
        y = pd.Series(np.random.default_rng(0).normal(size=n), pd.date_range("1950", periods=n, freq="h"))
        forecaster = Forecaster(Ridge(), intervals="conformal", calibration_size=500).fit(None, y)
        before = len(pickle.dumps(forecaster))
        small = forecaster.compact()
        sizes[n] = len(pickle.dumps(small))
        assert sizes[n] < before / 2
        assert len(small.history_) == 24
    assert abs(sizes[300_000] - sizes[3_000]) < 200
    assert max(sizes.values()) < 20_000


def test_nothing_in_memory_holds_the_rows():
    y = np.random.default_rng(0).normal(size=100_000)
    small = Forecaster(Ridge(), intervals="bootstrap", calibration_size=50).fit(None, y).compact()
    pieces = [part for history in small._history.values() for part in history.pieces]
    errors = small._fitted.batch_forecaster.intervals.errors
    pieces += [part for history in errors.series.values() for part in history.pieces]
    for piece in pieces:
        for name in ("y", "known", "past", "rows"):
            values = getattr(piece, name)
            assert values.base is None or values.base.nbytes < 10_000


@pytest.mark.parametrize("kind", ["conformal", "bootstrap"])
def test_of_many_calibration_rows_the_latest_count(kind, monkeypatch):
    monkeypatch.setattr(calibration, "MOST_ROWS", 30)
    whole = Forecaster(LSTM, intervals=kind, season=7, calibration_size=50, steps=2).fit(None, Y)
    few = copy.deepcopy(whole).compact()
    errors, kept = (each._fitted.batch_forecaster.intervals.errors.compute(3) for each in (whole, few))
    np.testing.assert_array_equal(kept, errors[-30:])
    assert_same(few.forecast(3), whole.forecast(3))
    assert len(few.forecast(3, coverage=0.8)) == 3


REFUSED = {
    "fitted_values_": lambda forecaster: forecaster.fitted_values_,
    "residuals_": lambda forecaster: forecaster.residuals_,
    "predict": lambda forecaster: forecaster.predict(Y[:N].to_frame()[[]]),
    "predict the end": lambda forecaster: forecaster.predict(Y[N - 1 :].to_frame()[[]]),
    "score": lambda forecaster: forecaster.score(Y[5:9].to_frame()[[]], Y[5:9]),
    "update": lambda forecaster: forecaster.update(None, Y[N:], train=True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_the_training_rows_is_refused(name):
    small = fitted("default").compact()
    before = pickle.dumps(small)
    with pytest.raises(ValueError, match=r"training rows.*which `compact` has removed(;|\. Do so before)"):
        REFUSED[name](small)
    assert pickle.dumps(small) == before


def test_attributes_that_are_gone_are_none():
    """As `hasattr` says, and displays ask."""
    small = fitted("default").compact()
    assert not hasattr(small, "fitted_values_")
    assert not hasattr(small, "residuals_")


def test_a_fit_brings_everything_back():
    again = fitted("default").compact().fit(None, Y[:N])
    assert len(again.fitted_values_) == len(again.history_) == N


def test_compact_twice_and_before_a_fit():
    once = fitted("panel").compact()
    before = pickle.dumps(once)
    assert pickle.dumps(once.compact()) == before
    with pytest.raises(NotFittedError):
        Forecaster().compact()


def test_a_series_that_came_later_is_kept_whole():
    whole = fitted("panel")
    new = pd.concat({"c": Y[: N - 20] * 3}, names=["key"])
    for each in (whole, small := copy.deepcopy(whole).compact()):
        each.update(None, new)
    small.compact()
    assert_same(small.forecast(3), whole.forecast(3))
    assert len(small.history_.loc["c"]) == N - 20


def test_a_history_too_short_for_a_frequency():
    y = pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"]))
    small = Forecaster(Ridge(), window_length=1).fit(None, y).compact()
    assert len(small.history_) == 2
    small.update(None, pd.Series([3.0, 4, 5, 6, 7, 8], DAYS.tz_localize(None)[2:8]))
    assert list(small.forecast(1).index) == [DAYS.tz_localize(None)[8]]


def test_a_display_shows_the_rows_that_are_kept():
    small = fitted("default").compact()
    display = ForecastDisplay.from_estimator(small, steps=3)
    assert len(display.history) == len(small.history_) == 24


def test_columns_are_of_the_rows_that_are_kept():
    small = fitted("columns").compact()
    history = small._history[None]
    np.testing.assert_array_equal(history.values("past", N - 3, N)[:, 0], X["past"][N - 3 : N])
    with pytest.raises(ValueError, match=r"rows 0 to .* are needed, but `compact` has removed"):
        history.values("past", 0, N)
