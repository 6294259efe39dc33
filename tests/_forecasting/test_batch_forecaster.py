import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from sklstm import Forecaster
from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.strategies import RegressorSet, make_strategy
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._series.series import SeriesData
from tests._forecasting.tools import scaler_of


class Strict(RegressorMixin, BaseEstimator):
    """Refuses NaN, remembers how many rows it was asked for, and answers a quarter of their sum and one more."""

    def __init__(self, n_outputs=1):
        self.n_outputs = n_outputs
        self.asked = []

    def predict(self, X):
        assert np.isfinite(X).all()
        self.asked.append(len(X))
        answers = 1 + np.multiply.outer(X.sum(axis=1) / 4, 1 + np.arange(self.n_outputs))
        return answers[:, 0] if self.n_outputs == 1 else answers


class Wide:
    """Intervals that are as wide as the coverage, on both sides of the forecast."""

    def ends(self, regressor_set, contexts, points, coverages):
        width = np.asarray(coverages)
        return points[..., np.newaxis] - width, points[..., np.newaxis] + width


def series(n, n_known=0, seed=0, n_future=0, size=1.0):
    rng = np.random.default_rng(seed)
    y, known = size * rng.random(size=(n, 1)), rng.normal(size=(n + n_future, n_known))
    return SeriesData(y, known, np.empty((n, 0)), None, None, np.arange(n))


def engine_of(parts, strategy="recursive", steps=1, n_known=0, transformer=None, is_centred=False, **settings):
    lags = WindowSpec(3, steps, 1, n_known, 0)
    builder = WindowBuilder(lags, scaler_of(transformer, parts, is_centred), np.float64, False, False, False)
    strategy = make_strategy(strategy, steps)
    regressors = [Strict(len(strategy.steps_of(number))) for number in range(strategy.n_regressors)]
    return BatchForecaster(builder, RegressorSet.from_regressors(regressors, lags, strategy), **settings)


def slow(y, known, origin, step):
    """Forecast so many steps after `origin` of a recursive engine, by feeding back; NaN where something is missing."""
    values = list(y[:origin])
    for ahead in range(step):
        if len(values) < 3 or (known.shape[1] and origin + ahead >= len(known)):
            return np.nan
        values.append(1 + (sum(values[-3:]) + (known[origin + ahead].sum() if known.shape[1] else 0)) / 4)
    return values[-1]


@pytest.mark.parametrize("n_known", [0, 2])
def test_what_cannot_be_read_is_missing_and_never_handed_to_the_regressor(n_known):
    part = series(30, n_known, n_future=2)
    part.y[10] = np.nan
    if n_known:
        part.known[20, 1] = np.nan
    engine = engine_of({None: part}, n_known=n_known)
    origins = np.arange(31)
    answers = engine.forecast({None: part}, {None: origins}, 4)[None]
    expected = [[slow(part.y[:, 0], part.known, o, step) for step in range(1, 5)] for o in origins]
    np.testing.assert_allclose(answers[..., 0, 0], expected)
    n_readable = int(np.isfinite(answers[:, 0]).sum())
    assert 20 < n_readable < 31 - 5
    assert engine.regressor_set.regressors[0].asked == [n_readable] * 4  # all origins at once


def test_nothing_is_asked_where_nothing_can_be_read():
    part = series(9)
    part.y[::2] = np.nan
    engine = engine_of({None: part}, intervals=Wide())
    answers = engine.forecast({None: part}, {None: np.arange(10)}, 2, (0.5,))[None]
    assert answers.shape == (10, 2, 1, 3)
    assert np.isnan(answers).all()
    assert engine.regressor_set.regressors[0].asked == []


@pytest.mark.parametrize("strategy", ["recursive", "multioutput", "direct"])
def test_series_are_forecast_in_one_batch_and_handed_back_by_key(strategy):
    parts = {"a": series(9), "b": series(12, seed=1), "c": series(4, seed=2)}
    engine = engine_of(parts, strategy, 1 if strategy == "recursive" else 3)
    origins = {"c": np.array([4]), "a": np.array([3, 5, 9]), "b": np.array([12, 2])}
    together = engine.forecast(parts, origins, 3)
    assert {n for r in engine.regressor_set.regressors for n in r.asked} == {5}  # one window is too short
    assert list(together) == ["c", "a", "b"]
    for key in parts:
        alone = engine.forecast({key: parts[key]}, {key: origins[key]}, 3)[key]
        np.testing.assert_allclose(together[key], alone)
        assert len(alone) == len(origins[key])


def test_answers_are_in_the_users_units_with_their_centre():
    part = series(20, size=5.0)
    log = FunctionTransformer(np.log, np.exp)
    plain = engine_of({None: part}).forecast({None: part}, {None: np.array([20])}, 2)[None]
    assert plain[0, 0, 0, 0] == pytest.approx(1 + part.y[-3:].sum() / 4)
    centred = engine_of({None: part}, is_centred=True).forecast({None: part}, {None: np.array([20])}, 1)[None]
    mean = part.y.mean()
    assert centred.item() == pytest.approx(mean + 1 + (part.y[-3:] - mean).sum() / 4)
    turned = engine_of({None: part}, transformer=log).forecast({None: part}, {None: np.array([20])}, 1)[None]
    assert turned.item() == pytest.approx(np.exp(1 + np.log(part.y[-3:]).sum() / 4))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_forecast_comes_first_then_the_lower_and_upper_end_of_each_coverage(sign):
    part = series(20)
    turn = FunctionTransformer(lambda y: sign * y, lambda y: sign * y)
    engine = engine_of({None: part}, transformer=turn, intervals=Wide())
    answers = engine.forecast({None: part}, {None: np.arange(21)}, 2, (0.5, 0.9))[None]
    assert answers.shape == (21, 2, 1, 5)
    offsets = answers[3:] - answers[3:, ..., :1]
    np.testing.assert_allclose(offsets, np.broadcast_to([0, -0.5, 0.5, -0.9, 0.9], offsets.shape), atol=1e-12)
    assert np.isnan(answers[:3]).all()


def test_what_a_regressor_answers_of_further_axes_keeps_them():
    part = series(8)
    engine = engine_of({None: part}, is_centred=True)
    contexts = engine.builder.forecast_windows({None: part}, {None: np.arange(9)}, 2)
    answers = contexts.fill_readable(lambda part: np.ones((len(part.windows), 2, 1, 4)))
    assert answers.shape == (9, 2, 1, 4)
    np.testing.assert_allclose(answers[3:], 1 + part.y.mean())
    assert np.isnan(answers[:3]).all()


def test_the_baseline_of_a_new_series_to_train_on_has_the_season_of_its_windows():
    index = pd.RangeIndex(60)
    rng = np.random.default_rng(0)
    parts = {key: pd.Series(rng.normal(size=60) + np.arange(60) % 7 * k, index) for k, key in enumerate("abc", 1)}
    panel = pd.concat(parts)
    f = Forecaster(Ridge(), window_length=3, steps=2, baseline="naive", season=7, trust=1.0)
    f.fit(None, panel[["a", "b"]]).update(None, panel[["c"]])
    samples = f._fitted.batch_forecaster.training_windows({"c": f._history["c"]}, {"c": np.arange(20, 60)})
    np.testing.assert_allclose(samples.reference, np.tile(samples.last(1), 2), rtol=1e-12)
