"""A baseline and what a regressor adds to it: sums by hand, trust by step, blocks that are fed back, and quantiles."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._forecasting.correction import Baseline, Mixture
from tests._forecasting.tools import PLAIN, Recorder, series
from tests.theta import theta
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STEPS = 3


def fitted(y=None, regressor=None, **settings):
    """A forecaster with theta as the baseline, and its CorrectedSet."""
    y = series(50)[1] if y is None else y
    settings = {**PLAIN, "steps": STEPS, "baseline": "theta", "trust": 0.5, "window_length": 6, **settings}
    f = Forecaster(Ridge() if regressor is None else regressor, **settings).fit(None, y)
    return f, f._fitted.batch_forecaster.regressor_set


def with_mixture(f, **changes):
    """What the forecaster would forecast with another mixture, by its batch forecaster."""
    batch = f._fitted.batch_forecaster
    corrected = batch.regressor_set
    mixture = replace(corrected.mixture, **changes)
    batch = replace(batch, regressor_set=replace(corrected, mixture=mixture))
    part = f._fitted.data.series
    forecasts = batch.forecast(part, {None: np.array([len(part[None])])}, STEPS)
    return forecasts[None][0, :, 0, 0]


def test_the_reference_lies_between_the_last_value_and_the_baseline():
    baseline, last = np.array([[[3.0], [4.0]]]), np.array([[1.0]])
    for weight, expected in ((0, [1, 1]), (1, [3, 4]), (0.25, [1.5, 1.75])):
        found = Mixture(weight, np.ones(2)).reference(baseline, last)
        np.testing.assert_array_equal(found[0, :, 0], expected)


def test_each_step_is_trusted_by_itself():
    mixture = Mixture(1.0, np.array([0.0, 0.5, 1.0]))
    baseline, whole = np.zeros((2, 3, 1)), np.full((2, 3, 1), 8.0)
    np.testing.assert_array_equal(mixture.mixed(baseline, whole)[1, :, 0], [0, 4, 8])
    np.testing.assert_array_equal(mixture.mixed(baseline[:, :2], whole[:, :2])[1, :, 0], [0, 4])
    quantiles = np.stack((whole, 2 * whole), axis=-1)
    found = mixture.mixed(baseline[..., np.newaxis], quantiles)
    np.testing.assert_array_equal(found[0, :, 0], [[0, 0], [4, 8], [8, 16]])


def test_the_mean_of_baselines_is_weighted_by_their_shares():
    paths = np.array([[[[1.0], [2.0]]], [[[5.0], [10.0]]]])
    np.testing.assert_array_equal(Baseline((), (), np.array([0.75, 0.25])).mean(paths)[0, :, 0], [2, 4])


def test_trust_moves_the_forecast_from_the_baseline_to_the_sum():
    f, corrected = fitted()
    none, half, whole = (with_mixture(f, trust=np.full(STEPS, trust)) for trust in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, theta(series(50)[1].to_numpy(), STEPS), rtol=1e-10)
    np.testing.assert_allclose(half, (none + whole) / 2, rtol=1e-12)
    np.testing.assert_allclose(f.forecast(STEPS), half, rtol=1e-12)
    assert (none != whole).all()
    by_step = with_mixture(f, trust=np.array([0.0, 1.0, 0.5]))
    np.testing.assert_allclose(by_step, [none[0], whole[1], half[2]], rtol=1e-12)
    assert corrected.is_used


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", ["single", "several", "panel"])
def test_a_regressor_learns_what_the_reference_lacks(weight, shape):
    _, y = series(40, shape=shape)
    f, _ = fitted(y, Recorder(), baseline_weight=weight, trust=1.0)
    (recorder,) = f.regressors_
    expected = []
    parts = y.groupby(level=0, sort=False) if shape == "panel" else [(None, y)]
    for _, part in parts:
        values = part.to_numpy().reshape(len(part), -1)
        unit = np.abs(np.diff(values, axis=0)).mean(axis=0)
        for origin in range(6, len(values) - STEPS + 1):
            last = values[origin - 1]
            path = np.column_stack([theta(column[:origin], STEPS) for column in values.T])
            target = (values[origin : origin + STEPS] - last - weight * (path - last)) / unit
            expected.append((part.index[origin][-1] if shape == "panel" else origin, target.ravel()))
    if shape == "panel":
        expected.sort(key=lambda pair: pair[0])
    np.testing.assert_allclose(recorder.y_, [target for _, target in expected], atol=1e-9)


def test_without_trust_there_are_no_regressors_and_nothing_is_trained_further():
    f, corrected = fitted(trust=0.0)
    assert not corrected.is_used
    assert corrected.regressors == f.regressors_ == []
    corrected.partial_fit(None)  # which would need samples
    f.update(None, np.ones(3), train=True)
    assert np.isfinite(f.forecast(7)).all()


@pytest.mark.parametrize("steps", [3, 4, 9])
@pytest.mark.parametrize("baseline", ["theta", "naive", Ridge()], ids=str)
def test_the_baseline_along_a_forecast_follows_what_is_fed_back(steps, baseline):
    f, _ = fitted(baseline=baseline)
    components = f.components(steps)
    by_hand = []
    while len(by_hand) < steps:
        part = f.components(STEPS)
        by_hand += list(part["baseline"])
        f.update(None, part["forecast"])
    np.testing.assert_allclose(components["baseline"], by_hand[:steps], rtol=1e-9)


class Zero(Recorder):
    """A regressor that adds nothing."""

    def predict(self, X):
        return np.zeros((len(X), self.y_.shape[1]))


@pytest.mark.parametrize("window_length", [1, 2, 5])
def test_a_baseline_follows_whole_blocks_that_are_longer_than_windows(window_length):
    f, _ = fitted(regressor=Zero(), window_length=window_length, trust=0.6, baseline_weight=0.5, steps=4)
    y = list(series(50)[1])
    for _ in range(3):
        path = theta(np.array(y), 4)
        y += list(0.4 * path + 0.6 * (y[-1] + path) / 2)
    np.testing.assert_allclose(f.forecast(12), y[50:], rtol=1e-9)


@pytest.mark.parametrize("steps", [2, 3, 11])
def test_a_baseline_alone_forecasts_any_number_of_steps_at_once(steps):
    f, _ = fitted(trust=0.0)
    np.testing.assert_allclose(f.forecast(steps), theta(series(50)[1].to_numpy(), steps), rtol=1e-10)
    table = f.components(steps)
    np.testing.assert_array_equal(table["correction"], 0)


def test_the_last_value_may_lie_before_the_rows_that_a_ridge_reads():
    y = series(60)[1].to_numpy().copy()
    f, corrected = fitted(y, model(), baseline="auto", trust=0.0, window_length=12)
    short = corrected.baseline.of_windows[0]
    assert short.spec.window_length == 4
    forecasts = []
    for n_missing in range(7):
        history = y.copy()
        history[60 - n_missing :] = np.nan
        forecasts.append(f.forecast(STEPS, history=history).to_numpy())
    assert np.isfinite(forecasts).all()
    assert np.ptp(forecasts) < 2 * np.ptp(y[-12:])


def test_infinite_forecasts_are_infinite_and_do_not_spoil_other_series():
    class Exploding(Recorder):
        def predict(self, X):
            return np.where(np.abs(X[:, :1]) > 5, np.inf, 0.0) * np.ones(STEPS)

    rng = np.random.default_rng(0)
    y = {key: rng.normal(size=40) for key in "ab"}
    y["b"][-6] = 100.0  # far from the last value
    parts = {key: series(40)[1] * 0 + values for key, values in y.items()}
    panel = pd.concat(parts, names=["shop", "day"])
    f, _ = fitted(panel, Exploding(), clip_recursion=False)
    with pytest.warns(UserWarning, match="1 of 2 series cannot be forecast"):
        forecast = f.forecast(7)
    assert forecast.loc["b"].isna().all()
    np.testing.assert_allclose(forecast.loc["a"], f.forecast(7, history=panel.loc[["a"]]).loc["a"], rtol=1e-12)


def test_quantiles_are_those_of_the_regressor_around_the_reference():
    _, y = series(60)
    regressor = model(loss="quantile", quantile=[0.1, 0.5, 0.9], max_iter=5)
    f, corrected = fitted(y, regressor, trust=1.0, baseline_weight=0.5, dtype="float64", window_length=6)
    values = y.to_numpy()
    unit, last = np.abs(np.diff(values)).mean(), values[-1]
    window = ((values[-6:] - last) / unit).reshape(1, 6, 1)
    learnt = f.regressors_[0].predict_quantiles(window).reshape(STEPS, 3)
    reference = last + 0.5 * (theta(values, STEPS) - last)
    expected = reference[:, np.newaxis] + unit * learnt
    table = f.forecast(STEPS, coverage=0.8)
    np.testing.assert_allclose(table[["lower_80", "forecast", "upper_80"]], expected, rtol=1e-7)
    assert corrected.spec.window_length == 6
