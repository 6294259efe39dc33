"""Permutation importance: against values that are known, and against a slow loop over origins."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error, mean_pinball_loss
from sklearn.preprocessing import FunctionTransformer

from sklstm import Forecaster
from sklstm._forecasting import importance
from sklstm.datasets import load_airline
from tests._forecasting.tools import PLAIN, H, L, forecaster, series, split
from tests.attack import state_of
from tests.tools import model

N_NEW, REPEATS = 8, 2
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- importances that are known


def test_of_a_linear_model_they_are_twice_the_squared_weight_times_the_variance():
    """For squared errors one step ahead, as both values are independent (Fisher, Rudin and Dominici 2019)."""
    rng = np.random.default_rng(0)
    X, noise = pd.DataFrame(rng.normal(size=(6000, 3)), columns=["known", "past", "unused"]), rng.normal(size=6000)
    y = np.zeros(6000)
    for t in range(4, 6000):
        y[t] = 0.6 * y[t - 3] + 1.5 * X["known"][t] - 0.8 * X["past"][t - 2] + 0.3 * noise[t]
    fitted = Forecaster(LinearRegression(), window_length=4, past_only=["past"], **PLAIN).fit(X[:3000], y[:3000])
    result = fitted.permutation_importance(
        X[3000:], y[3000:], steps=1, scoring="neg_mean_squared_error", random_state=0
    )
    expected = pd.Series(0.0, index=result.importances_mean.index)
    expected["y", "lag", 3] = 2 * 0.6**2 * y[3000:].var()
    expected["known", "step", 1] = 2 * 1.5**2
    expected["past", "lag", 2] = 2 * 0.8**2
    assert_allclose(result.importances_mean, expected, atol=0.01, rtol=0.1)
    assert_allclose(result.score, -(0.3**2), rtol=0.1)


class Weights(LinearRegression):
    """Predicts the next value from the last one alone."""

    def predict(self, X):
        return 0.7 * np.asarray(X)[:, -1]


def test_over_several_steps_the_error_of_a_lag_is_fed_back():
    """The forecast of step s is 0.7 ** s times the last value, and right; so the error is that of another value."""
    rng = np.random.default_rng(1)
    y, steps = rng.normal(size=4000), 4
    for t in range(1, len(y)):
        y[t] += 0.7 * y[t - 1]
    fitted = Forecaster(Weights(), window_length=3, dtype="float64", **PLAIN).fit(None, y[:1000])
    result = fitted.permutation_importance(
        None, y[1000:], steps=steps, n_repeats=3, scoring="neg_mean_squared_error", random_state=0
    )
    gain = np.mean([2 * 0.7 ** (2 * step) for step in range(1, steps + 1)]) * y[1000:].var()
    assert_allclose(result.importances_mean["y", "lag", 1], gain, rtol=0.15)
    assert_array_equal(result.importances.iloc[:2], 0)


# ---- a slow loop


def permuted(fitted, key, part, one, orders, origins, steps, place):
    """Forecast with the value of another origin at one place of the series, origin by origin and order by order."""
    name, column, offset = one
    alone = fitted._fitted
    alone = replace(alone, batch_forecaster=alone.batch_forecaster.without_ends([key]))
    found = []
    for order in orders:
        found.append([])
        for origin, other in zip(origins, origins[order], strict=True):
            values = getattr(part, name).copy()
            row, source = origin + offset, other + offset
            values[row, column] = (
                place(key, values[source, column], source, row) if name == "y" else values[source, column]
            )
            series = {key: replace(part, **{name: values})}
            found[-1].append(alone.forecast(series, {key: np.array([origin])}, steps)[key][0, ..., 0])
    return np.array(found)


def slow(fitted, X, y, steps, read_ahead=None, place=lambda key, value, *_: value):
    """Mean absolute errors of all inputs and repeats, {(variable, kind, number): (n_targets, n_repeats)}."""
    spec, builder = fitted._fitted.data.spec, fitted._fitted.builder
    whole = whole_series(fitted, X, y)
    n_known = {key: len(part) for key, part in fitted._history.items()}
    ahead, window = read_ahead or steps, builder.spec.window_length
    origins = {key: np.arange(n_known[key], len(part) - ahead + 1) for key, part in whole.items()}
    origins = {key: rows for key, rows in origins.items() if len(rows)}
    rng = np.random.default_rng(0)
    orders = {key: [rng.permutation(len(rows)) for _ in range(REPEATS)] for key, rows in origins.items()}
    lags = [-lag for lag in range(window, 0, -1)]
    inputs = [("y", k, lag) for k in range(spec.n_targets) for lag in lags]
    inputs += [("past", k, lag) for k in range(builder.spec.n_past) for lag in lags]
    known = [*(lags[1:] if builder.reads_sequences else []), *range(ahead)]
    inputs += [("known", k, row) for k in range(builder.spec.n_known) for row in known]
    errors = {}
    for one in [None, *inputs]:
        terms = []
        for key, rows in origins.items():
            truth = np.array([whole[key].y[row : row + steps] for row in rows])
            order = orders[key] if one is not None else [np.arange(len(rows))] * REPEATS
            args = (order, rows, steps, place)
            terms.append(np.abs(permuted(fitted, key, whole[key], one or ("y", 0, -1), *args) - truth))
        errors[one] = np.nanmean(np.concatenate(terms, axis=1), axis=(1, 2)).T
    plain = errors.pop(None)
    return np.array([error - plain for error in errors.values()]).swapaxes(0, 1), -plain[:, 0]


def whole_series(fitted, X, y):
    """Histories with the new rows, by key."""
    from copy import deepcopy

    return {key: part.whole for key, part in deepcopy(fitted).update(X, y)._history.items()}


def check(fitted, X, y, steps, **settings):
    result = fitted.permutation_importance(X, y, steps=steps, n_repeats=REPEATS, random_state=0)
    expected, score = slow(fitted, X, y, steps, **settings)
    found = result.importances.to_numpy().reshape(expected.shape)
    assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert_allclose(np.ravel(result.score), score, rtol=1e-6)
    assert np.abs(expected).max() > 0
    return result


@pytest.mark.parametrize("shape", ["single", "several", "panel"])
@pytest.mark.parametrize(
    ("regressor", "columns", "strategy", "steps"),
    [
        (Ridge(), "none", "recursive", 3),
        (Ridge(), "known", "recursive", 2),
        (Ridge(), "past", "recursive", 1),
        (Ridge(), "both", "direct", 2),
        (Ridge(), "known", "auto", 2 * H),
        (model(max_iter=1), "both", "multioutput", H),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slow_loop_finds_the_same(regressor, columns, strategy, steps, shape):
    X, y = series(40, columns, shape)
    (X_known, X_new), (y_known, y_new) = split(X, N_NEW), split(y, N_NEW)
    fitted = forecaster(regressor, columns, strategy).fit(X_known, y_known)
    read_ahead = fitted._fitted.strategy.rows_read(steps) if fitted._fitted.builder.spec.n_known else steps
    check(fitted, X_new, y_new, steps, read_ahead=read_ahead)


@pytest.mark.parametrize("baseline", ["theta", "seasonal_naive", Ridge()], ids=str)
def test_values_are_exchanged_without_their_season_also_in_logarithms(baseline):
    passengers = load_airline()
    fitted = Forecaster(Ridge(), window_length=5, season=12, log=True, baseline=baseline, trust=0.5)
    fitted.fit(None, passengers[:-8])
    factors = fitted.seasonal_index()["factor"].to_numpy()

    def place(key, value, source, row):
        return value / factors[source % 12] * factors[row % 12]  # the first row is a January

    check(fitted, None, passengers[-8:], 3, place=place)


def test_a_transformed_target_is_exchanged_as_it_is():
    passengers = load_airline()
    fitted = Forecaster(Ridge(), window_length=4, target_transformer=FunctionTransformer(np.log, np.exp), **PLAIN)
    check(fitted.fit(None, passengers[:-8]), None, passengers[-8:], 2)


def test_missing_values_are_exchanged_and_rows_without_a_forecast_left_out():
    y = series(40)[1].copy()
    y.iloc[[30, 36]] = np.nan
    fitted = forecaster(HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2)).fit(None, y[:-N_NEW])
    result = fitted.permutation_importance(None, y[-N_NEW:], steps=2, random_state=0)
    assert np.isfinite(result.importances.to_numpy()).all()
    strict = forecaster(Ridge(), drop_incomplete=True).fit(None, y[:-N_NEW])
    assert np.isfinite(strict.permutation_importance(None, y[-N_NEW:], steps=2, random_state=0).score)


# ---- what is returned


X, Y = series(40, "both")
FITTED = forecaster(Ridge(), "both", "direct").fit(X[:-N_NEW], Y[:-N_NEW])


def result_of(**settings):
    return FITTED.permutation_importance(X[-N_NEW:], Y[-N_NEW:], **{"steps": 2, "random_state": 0} | settings)


def test_inputs_are_named():
    lags, steps = [("lag", lag) for lag in range(L, 0, -1)], [("step", step) for step in range(1, H + 1)]
    expected = [("sales", *lag) for lag in lags] + [("p", *lag) for lag in lags]
    expected += [(name, *step) for name in "kl" for step in steps]
    result = result_of()
    assert result.importances_mean.index.to_list() == expected
    assert result.importances_mean.index.names == ["variable", "kind", "number"]
    assert result.importances.shape == (len(expected), 5)
    assert result.scoring == "neg_mean_absolute_error"
    assert len(result.importances.loc["k", "step"]) == H  # without a warning that pandas takes long
    assert_allclose(result.importances_mean, result.importances.mean(axis=1))
    assert_allclose(result.importances_std, result.importances.to_numpy().std(axis=1))


def test_an_lstm_reads_known_columns_at_the_rows_of_its_window():
    fitted = forecaster(model(max_iter=1), "known").fit(X[list("kl")][:-N_NEW], Y[:-N_NEW])
    result = fitted.permutation_importance(X[list("kl")][-N_NEW:], Y[-N_NEW:], steps=2, random_state=0, n_repeats=1)
    places = result.importances_mean["k"].index.to_list()
    assert places == [("lag", 2), ("lag", 1), ("step", 1), ("step", 2)]
    assert (result.importances_mean["k"] != 0).all()


def test_of_several_targets_each_has_a_score():
    table = pd.DataFrame({"a": Y, "b": np.roll(Y, 3) * 100})
    fitted = forecaster(Ridge()).fit(None, table[:-N_NEW])
    result = fitted.permutation_importance(None, table[-N_NEW:], steps=2, random_state=0)
    assert result.importances_mean.index.names == ["target", "variable", "kind", "number"]
    assert list(result.importances_mean.index.unique("target")) == ["a", "b"] == list(result.score.index)
    assert result.score["b"] < result.score["a"] < 0


def test_names_of_arrays_and_names_there_twice():
    data = np.c_[Y, Y]
    column = X[["k"]].to_numpy()
    fitted = forecaster(Ridge()).fit(column[:-N_NEW], data[:-N_NEW])
    result = fitted.permutation_importance(column[-N_NEW:], data[-N_NEW:], steps=2)
    assert list(result.importances_mean.index.unique("variable")) == ["y0", "y1", "x0"]
    same = forecaster(Ridge()).fit(X[["k"]][:-N_NEW], Y[:-N_NEW].rename("k"))
    result = same.permutation_importance(X[["k"]][-N_NEW:], Y[-N_NEW:].rename("k"), steps=2)
    assert list(result.importances_mean.index.unique("variable")) == ["k", "k (X)"]


def test_scores_are_those_of_scikit_learn():
    def skewed(estimator, X, y):
        return -mean_pinball_loss(y, estimator.predict(X), alpha=0.9)

    by_hand = result_of(scoring=make_scorer(mean_absolute_error, greater_is_better=False))
    assert_array_equal(by_hand.importances, result_of().importances)
    assert result_of(scoring="r2").score < 1
    assert result_of(scoring=skewed).scoring == "skewed"


# ---- randomness, batches, state


def test_random_state_alone_decides():
    assert_array_equal(result_of().importances, result_of().importances)
    assert (result_of(random_state=1).importances != result_of().importances).any(axis=None)
    one = result_of(random_state=np.random.RandomState(3)).importances
    assert_array_equal(one, result_of(random_state=np.random.RandomState(3)).importances)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    result_of(random_state=None)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_small_batches_give_the_same(monkeypatch):
    expected = result_of().importances
    monkeypatch.setattr(importance, "MOST_ROWS", 1)
    assert_allclose(result_of().importances, expected, atol=1e-12)


def test_nothing_is_changed():
    before = state_of(FITTED)
    result_of()
    assert state_of(FITTED) == before


def test_the_deviation_of_huge_and_tiny_importances_is_finite():
    """Their squares are not."""
    y = np.random.default_rng(0).normal(size=60).cumsum()
    usual = importance_of(y)
    for unit in (2.0**700, 2.0**-700):
        found = importance_of(y * unit)
        assert_allclose(found.importances_mean / unit, usual.importances_mean, rtol=1e-6)
        assert_allclose(found.importances_std / unit, usual.importances_std, rtol=1e-6)


def importance_of(y, **settings):
    fitted = Forecaster(LinearRegression(), window_length=4).fit(None, y[:40])
    return fitted.permutation_importance(None, y[40:], steps=2, random_state=0, **settings)


# ---- what is refused


def test_a_score_of_squares_that_overflow():
    y = np.random.default_rng(0).normal(size=60).cumsum()
    for scoring in ("r2", "neg_root_mean_squared_error"):
        with pytest.raises(ValueError, match=rf"y or X is so large.* of which scoring='{scoring}' is .*Divide it"):
            importance_of(y * 1e200, scoring=scoring)
    importance_of(y * 1e200, scoring="neg_mean_absolute_error")
    importance_of(y, scoring="r2")


def test_two_origins_are_needed():
    with pytest.raises(ValueError, match=r"y must have at least 4 rows of a series, .* got 3"):
        FITTED.permutation_importance(X[-N_NEW:][:3], Y[-N_NEW:][:3], steps=2)  # known columns of three steps are read
    assert len(FITTED.permutation_importance(X[-N_NEW:][:4], Y[-N_NEW:][:4], steps=2).importances)


def test_a_series_must_have_been_trained_on():
    _, panel = series(40, shape="panel")
    known, new = split(panel, N_NEW)
    fitted = forecaster(Ridge()).fit(None, known[known.index.get_level_values(0) != "c"])
    with pytest.raises(ValueError, match="y has the series 'c', which was not trained on"):
        fitted.permutation_importance(None, pd.concat({"c": new.loc["b"]}), steps=2)


def test_something_must_be_scored():
    with pytest.raises(ValueError, match="There is nothing to score"):
        FITTED.permutation_importance(X[-N_NEW:], Y[-N_NEW:] * np.nan, steps=2)


def test_large_values_do_not_overflow():
    """Squares of 1e200 would."""
    passengers = load_airline().astype(float)
    large, usual = (
        Forecaster(LinearRegression(), window_length=3)
        .fit(None, unit * passengers[:-12])
        .permutation_importance(None, unit * passengers[-12:], steps=2, n_repeats=2, random_state=0)
        for unit in (2.0**660, 1.0)
    )
    assert_allclose(large.importances_std, 2.0**660 * usual.importances_std, rtol=1e-6)


def test_rows_that_were_removed_are_needed():
    passengers = load_airline()
    model = Forecaster(Ridge(), window_length=3).fit(None, passengers[:-12])
    settings = {"steps": 2, "n_repeats": 2, "random_state": 0}
    model.permutation_importance(None, passengers[-12:], **settings)  # before, as the message says
    with pytest.raises(ValueError, match=r"`compact` has removed some. Call it before compact\(\)"):
        model.compact().permutation_importance(None, passengers[-12:], **settings)
