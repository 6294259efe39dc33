"""The trust and the shares are those of forecasters that were fitted by hand on the rows before the tails."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._forecasting.mixing import Mixing, _mixing_by, tail_lengths, trains_on_head
from sklstm._forecasting.trust import PRIOR, TRUSTS, shares_by_error, trust_for_one, trust_of_panel
from tests._forecasting.tools import PLAIN, Recorder, series
from tests._series.tables import Reader

STEPS = 4


def forecaster(regressor=None, **settings):
    settings = {**PLAIN, "steps": STEPS, "baseline": "theta", "window_length": 5, **settings}
    return Forecaster(Ridge() if regressor is None else regressor, **settings)


def forecasts_of_tail(f, y, n_tail):
    """The errors from every origin in the tail, one after another, of a forecaster fitted before it."""
    fitted, errors = clone(f).fit(None, y[: len(y) - n_tail]), []
    for origin in range(len(y) - n_tail, len(y)):
        truth = y[origin : origin + STEPS]
        errors += list(np.abs(fitted.forecast(STEPS).to_numpy()[: len(truth)] - truth.to_numpy()))
        fitted.update(None, y[origin : origin + 1])
    return np.array(errors)


def rows_before(y, n_tail, season=1):
    """The error of the naive forecast before the tail."""
    values = y.to_numpy()[: len(y) - n_tail]
    return np.abs(values[season:] - values[:-season]).mean()


@pytest.mark.parametrize("season", [None, 7])
def test_the_trust_of_a_single_series_is_that_by_its_errors_on_the_tail(season):
    _, y = series(110)
    f = forecaster(season=season)
    n_tail = 2 * STEPS
    errors = [forecasts_of_tail(clone(f).set_params(trust=trust), y, n_tail).mean() for trust in (0.0, 1.0)]
    assert clone(f).fit(None, y).trust_ == pytest.approx(trust_for_one(*errors), rel=1e-8)


def test_the_shares_of_baselines_are_those_by_their_errors_on_the_tail():
    _, y = series(50)
    f = forecaster(baseline="auto").fit(None, y)  # too short to train, but not to weigh baselines
    assert f.trust_ == 0
    head = clone(f).fit(None, y[: 50 - 2 * STEPS])
    batch = head._fitted.batch_forecaster
    errors = []
    for share in np.eye(3):
        corrected = Mixing(0.0, share).applied_to(batch.regressor_set)
        part = {None: f._fitted.data.series[None]}
        found = type(batch)(batch.builder, corrected).forecast(part, {None: np.arange(42, 50)}, STEPS)
        truth = np.array([[y.iloc[o + k] if o + k < 50 else np.nan for k in range(STEPS)] for o in range(42, 50)])
        errors.append(np.nanmean(np.abs(found[None][:, :, 0, 0] - truth)))
    shares = f._fitted.batch_forecaster.regressor_set.baseline.shares
    np.testing.assert_allclose(shares, shares_by_error(np.array(errors)), rtol=1e-8)
    assert len(np.unique(shares.round(3))) > 1


def test_targets_count_by_their_naive_errors_before_the_tail():
    _, y = series(50, shape="several")
    y.iloc[45:, 0] += 20
    f = forecaster(baseline="auto").fit(None, y)
    batch = clone(f).fit(None, y[:42])._fitted.batch_forecaster
    scale = np.abs(np.diff(y[:42], axis=0)).mean(axis=0)
    origins, errors = np.arange(42, 50), []
    truth = np.concatenate((y, np.full((STEPS, 2), np.nan)))[origins[:, np.newaxis] + np.arange(STEPS)]
    for share in np.eye(3):
        corrected = Mixing(0.0, share).applied_to(batch.regressor_set)
        found = type(batch)(batch.builder, corrected).forecast(f._fitted.data.series, {None: origins}, STEPS)
        errors.append(np.nanmean(np.abs(found[None][..., 0] - truth) / scale))
    shares = f._fitted.batch_forecaster.regressor_set.baseline.shares
    np.testing.assert_allclose(shares, shares_by_error(np.array(errors)), rtol=1e-8)


def test_the_trust_of_a_panel_is_that_by_the_errors_of_all_series_on_their_tails():
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=40)
    parts = {}
    for key in "abcdef":
        walk = np.zeros(40)
        for row in range(2, 40):
            walk[row] = 0.9 * walk[row - 1] - 0.5 * walk[row - 2] + rng.normal()
        parts[key] = pd.Series(walk * 10.0 ** (ord(key) - 100), days)
    panel = pd.concat(parts, names=["shop", "day"])
    head = panel[panel.index.get_level_values("day") < days[36]]
    scales = {key: rows_before(part, STEPS) for key, part in parts.items()}
    forecasts = []
    for trust in (0.0, 1.0):
        fitted, found = forecaster(trust=trust).fit(None, head), []
        for origin in range(36, 40):
            table = fitted.forecast(STEPS)
            found.append(np.array([table.loc[key].to_numpy() for key in parts]))
            fitted.update(None, panel[panel.index.get_level_values("day") == days[origin]])
        forecasts.append(found)
    errors = np.empty((len(TRUSTS), len(parts)))
    for number, trust in enumerate(TRUSTS):
        for column, (key, part) in enumerate(parts.items()):
            misses = []
            for origin in range(36, 40):
                baseline, whole = (found[origin - 36][column] for found in forecasts)
                mixed = (1 - trust) * baseline + trust * whole
                truth = part.to_numpy()[origin : origin + STEPS]
                misses += list(np.abs(mixed[: len(truth)] - truth))
            errors[number, column] = np.mean(misses) / scales[key]
    trust = forecaster().fit(None, panel).trust_
    assert trust == pytest.approx(trust_of_panel(errors), rel=1e-8)
    assert trust != PRIOR


def test_a_trust_that_is_given_is_taken_and_needs_no_second_fit():
    class Counting(Recorder):
        n_fits = 0

        def fit(self, X, y, sample_weight=None):
            type(self).n_fits += 1
            return super().fit(X, y, sample_weight)

    _, y = series(110)
    for trust, n_fits in ((0.3, 1), (0.0, 0), ("auto", 2)):
        Counting.n_fits = 0
        f = forecaster(Counting(), trust=trust).fit(None, y)
        assert Counting.n_fits == n_fits or (trust == "auto" and f.trust_ == 0)
        if trust != "auto":
            assert f.trust_ == trust


@pytest.mark.parametrize("n", [3, 8, 30, 64])
def test_a_single_series_of_few_windows_trusts_its_baseline_alone(n):
    _, y = series(n)
    f = forecaster(window_length=1).fit(None, y)
    assert (f.trust_, f.regressors_) == (0, [])


def test_a_panel_of_which_one_series_has_a_tail_takes_the_usual_trust():
    _, y = series(40)
    panel = pd.concat({"a": y, "b": y[:5]}, names=["shop", "day"])
    assert forecaster(steps=6, window_length=2).fit(None, panel).trust_ == PRIOR


def test_a_head_without_windows_leaves_the_usual_trust():
    _, y = series(25)
    panel = pd.concat({"a": y, "b": 2 * y}, names=["shop", "day"])
    f = Forecaster(Ridge(), window_length=20, strategy="multioutput", steps=4, **{**PLAIN, "baseline": "theta"})
    f.fit(None, panel)
    assert np.isfinite(f.forecast(4)).all()


@pytest.mark.parametrize(("n", "n_tail"), [(2, None), (3, 1), (12, 4), (23, 7), (24, 8), (100, 8)])
def test_the_tail_of_a_single_series_is_a_third_of_it_at_most(n, n_tail):
    reader = Reader(None, np.arange(float(n)))
    assert tail_lengths(forecaster(), reader.data) == ({} if n_tail is None else {None: n_tail})
    assert trains_on_head(forecaster(), reader.data) == (n >= 65)
    assert not trains_on_head(forecaster(trust=0.5), reader.data)


def test_what_comes_after_the_rows_decides_nothing():
    _, y = series(110)
    f = forecaster(baseline="auto")
    once = clone(f).fit(None, y[:90])
    again = clone(f).fit(None, pd.concat((y[:90], y[90:] + 1000))[:90])
    assert once.trust_ == again.trust_


@pytest.mark.parametrize("n_shares", [1, 2])
def test_shares_of_other_members_are_left_as_they_are(n_shares):
    corrected = forecaster(trust=0.5).fit(None, series(40)[1])._fitted.batch_forecaster.regressor_set
    found = Mixing(0.2, np.full(n_shares, 0.6)).applied_to(corrected)
    np.testing.assert_array_equal(found.baseline.shares, [0.6] if n_shares == 1 else [1.0])
    np.testing.assert_array_equal(found.mixture.trust, np.full(STEPS, 0.2))
    np.testing.assert_array_equal(corrected.mixture.trust, np.full(STEPS, 0.5))


class TailOfThreeSeries:
    """Stands in for a tail; with full trust, the forecast of the first series is infinite."""

    n_members = 1

    def points(self, mixing):
        return np.array([0.0, 1.0, 2.0]) if mixing.trust == 0 else np.array([np.inf, 1.5, 2.5])

    def errors(self, points):
        return np.abs(points - np.array([0.0, 1.5, 2.5]))


def test_a_series_with_an_infinite_forecast_says_nothing_about_the_trust():
    of_two = trust_of_panel(np.array([[0.5 * (1 - trust)] * 2 for trust in TRUSTS]))
    assert _mixing_by(TailOfThreeSeries(), Mixing(0.25), trains=True, is_panel=True).trust == of_two
