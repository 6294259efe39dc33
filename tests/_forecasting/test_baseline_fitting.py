"""Members of a baseline as they are fitted: on relative windows, by slow loops, and left out where too short."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster
from sklstm._forecasting.baseline_fitting import FEWEST_FOR_RIDGE, RIDGE_ALPHAS
from sklstm._forecasting.strategies import Direct, MultiOutput
from tests._forecasting.tools import PLAIN, Recorder, series
from tests.theta import theta
from tests.tools import model

STEPS = 3


def walk(n=60, shape="single"):
    return series(n, shape=shape)[1].to_numpy().copy()


def baseline_of(y, members, window_length=8, regressor=None, **settings):
    """The fitted baseline, and the forecaster it belongs to."""
    settings = {**PLAIN, "trust": 0.0, "steps": STEPS, **settings, "baseline": members}
    regressor = Ridge() if regressor is None else regressor
    f = Forecaster(regressor, window_length=window_length, strategy="multioutput", **settings).fit(None, y)
    return f._fitted.batch_forecaster.regressor_set.baseline, f


def relative_windows(y, window_length, steps=STEPS):
    """Windows and targets relative to the last value, in units of the mean change, one after another."""
    unit = np.abs(np.diff(y)).mean()
    rows, targets = [], []
    for origin in range(window_length, len(y) - steps + 1):
        last = y[origin - 1]
        rows.append((y[origin - window_length : origin] - last) / unit)
        targets.append((y[origin : origin + steps] - last) / unit)
    return np.array(rows), np.array(targets), unit


def test_a_regressor_is_fitted_on_windows_and_targets_relative_to_the_last_value():
    y = walk()
    (part,) = baseline_of(y, Recorder())[0].of_windows
    rows, targets, _ = relative_windows(y, 8)
    (recorder,) = part.regressors
    np.testing.assert_allclose(recorder.X_, rows, atol=1e-12)
    np.testing.assert_allclose(recorder.y_, targets, atol=1e-12)


def test_its_forecast_is_the_last_value_and_what_it_predicts():
    y = walk()
    rows, targets, unit = relative_windows(y, 8)
    ridge = Ridge(3.0).fit(rows, targets)
    expected = y[-1] + unit * ridge.predict([(y[-8:] - y[-1]) / unit])[0]
    np.testing.assert_allclose(baseline_of(y, Ridge(3.0))[1].forecast(STEPS), expected, rtol=1e-9)


@pytest.mark.parametrize("shape", ["several", "panel"])
def test_several_targets_and_series_are_fitted_together(shape):
    y = series(40, shape=shape)[1]
    (part,) = baseline_of(y, Recorder())[0].of_windows
    n_targets = 2 if shape == "several" else 1
    (recorder,) = part.regressors
    assert recorder.y_.shape == (len(recorder.X_), STEPS * n_targets)
    np.testing.assert_array_equal(recorder.X_[:, -n_targets:], 0)
    n_rows = [40 - 8 - STEPS + 1] if shape == "several" else [40 - 10, 30 - 10, 38 - 10]
    assert len(recorder.X_) == sum(n_rows)


def test_a_regressor_of_single_outputs_is_fitted_for_each_step():
    y, boosting = walk(), HistGradientBoostingRegressor(max_iter=3)
    (part,) = baseline_of(y, boosting)[0].of_windows
    assert isinstance(part.strategy, Direct)
    for step, regressor in enumerate(part.regressors):  # the first ones learn from more windows
        rows, targets, _ = relative_windows(y, 8, step + 1)
        expected = clone(boosting).fit(rows, targets[:, step]).predict(rows)
        np.testing.assert_allclose(regressor.predict(rows), expected, atol=1e-12)
    assert len(part.regressors) == STEPS
    assert isinstance(baseline_of(y, Ridge())[0].of_windows[0].strategy, MultiOutput)


def test_weights_count_in_the_baseline_too():
    y = walk()
    weight = np.where(np.arange(60) < 30, 1.0, 0.0)
    settings = {**PLAIN, "trust": 0.0, "steps": STEPS, "baseline": Recorder()}
    f = Forecaster(Ridge(), window_length=8, strategy="multioutput", **settings).fit(None, y, sample_weight=weight)
    (recorder,) = f._fitted.batch_forecaster.regressor_set.baseline.of_windows[0].regressors
    assert len(recorder.X_) == 30 - 8 - STEPS + 1
    np.testing.assert_array_equal(recorder.weight_, 1)


def test_auto_is_theta_and_two_ridges_on_short_and_long_windows():
    y = walk(90)
    baseline, f = baseline_of(y, "auto", window_length=15, season=5)
    assert [part.spec.window_length for part in baseline.of_windows] == [6, 15]
    assert len(baseline.of_series) == 1
    np.testing.assert_allclose(baseline.shares.sum(), 1)
    season = f._fitted.builder.scaler.adjuster.adjustments[None].season[:, 0]
    adjusted = y - season[np.arange(90) % 5]
    paths = [theta(adjusted, STEPS)]
    for n_lags in (6, 15):
        rows, targets, unit = relative_windows(adjusted, n_lags)
        if n_lags == 6:  # of the samples whose long windows are complete
            rows, targets = rows[9:], targets[9:]
        ridge = make_pipeline(StandardScaler(), RidgeCV(RIDGE_ALPHAS)).fit(rows, targets)
        last = adjusted[-1]
        paths.append(last + unit * ridge.predict([(adjusted[-n_lags:] - last) / unit])[0])
    expected = np.tensordot(baseline.shares, paths, 1) + season[np.arange(90, 93) % 5]
    np.testing.assert_allclose(f.forecast(STEPS), expected, rtol=1e-8)


def test_auto_is_theta_alone_in_a_panel():
    baseline, _ = baseline_of(series(40, shape="panel")[1], "auto")
    assert (len(baseline.of_series), baseline.of_windows, baseline.shares.tolist()) == (1, (), [1])


@pytest.mark.parametrize("n", [4, 6, 9, 12, 20])
def test_ridges_are_on_shorter_windows_of_short_series_or_left_out(n):
    y = walk(n)
    baseline, f = baseline_of(y, "auto", window_length=24, steps=2, regressor=model())
    lengths = [part.spec.window_length for part in baseline.of_windows]
    for length in lengths:
        assert length <= max(2, (n - 2) // 3)
        assert n - length - 1 >= FEWEST_FOR_RIDGE
    assert len(lengths) == (0 if n < 7 else 2)
    assert np.isfinite(f.forecast(2)).all()


def test_ridges_read_windows_with_missing_values_but_learn_from_complete_ones():
    y = walk(80)
    y[[20, 41, 77]] = np.nan
    baseline, f = baseline_of(y, "auto", window_length=6, regressor=model())
    assert np.isfinite(f.forecast(STEPS)).all()
    unit = np.nanmean(np.abs(np.diff(y)))
    rows = [(y[o - 6 : o] - y[o - 1]) / unit for o in range(6, 78) if not np.isnan(y[o - 6 : o + 3]).any()]
    long = baseline.of_windows[1].regressors[0]
    np.testing.assert_allclose(long[0].mean_, np.mean(rows, axis=0), atol=1e-6)


@pytest.mark.parametrize(("missing", "n_ridges"), [([], 2), ([8], 0)])
def test_windows_without_all_targets_do_not_count_for_ridges(missing, n_ridges):
    y = walk(11)
    y[missing] = np.nan
    baseline, f = baseline_of(y, "auto", window_length=4, regressor=model(), steps=3)
    assert len(baseline.of_windows) == n_ridges
    assert np.isfinite(f.forecast(3)).all()


def test_the_template_is_left_unfitted():
    template = Ridge()
    baseline_of(walk(), template)
    assert not hasattr(template, "coef_")


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_windows_of_tiny_weights_do_not_count_for_ridges():
    """A row that has all the weight would have a leverage of 1, and an error of 0 / 0."""
    y = walk(30)
    weight = 10.0 ** np.random.default_rng(0).integers(-300, 300, 30)
    settings = {**PLAIN, "steps": 1, "baseline": "auto", "trust": 0.0}
    f = Forecaster(Ridge(), window_length=4, strategy="multioutput", **settings).fit(None, y, weight)
    assert np.isfinite(f.forecast(1)).all()
    huge = np.where(np.arange(30) < 10, 1e-200, 1.0)
    of_few = Forecaster(Ridge(), window_length=4, strategy="multioutput", **settings).fit(None, y, huge)
    zeros = Forecaster(Ridge(), window_length=4, strategy="multioutput", **settings).fit(None, y, np.round(huge))
    np.testing.assert_allclose(of_few.forecast(1), zeros.forecast(1))
