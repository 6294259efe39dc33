import pickle
import re
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from copy import copy, deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, PowerTransformer, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from sklstm import Forecaster, LSTMRegressor, backtest, default_regressor, split_panel
from tests.theta import allowed, excess, theta
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STRATEGIES = ["recursive", "multioutput", "direct"]
COLUMNS = {"none": "", "known": "kl", "past": "p", "both": "kpl"}  # k and l are known in advance, p is not
SHAPES = ["single", "several", "panel"]
L, H, N_FUTURE = 3, 3, 6

REGRESSORS = {
    "ridge": Ridge(),
    "scaled": make_pipeline(StandardScaler(), Ridge()),
    "tree": DecisionTreeRegressor(min_samples_leaf=2, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2),
    "neighbours": KNeighborsRegressor(2),
    "lstm": model(max_iter=2),
}
SINGLE_OUTPUT = {"boosting"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Boosting waits for its threads longer than it works, where processes share the cores."""
    with threadpool_limits(1):
        yield


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what it is fitted on; predicts with weights that no data change."""

    def __init__(self, allow_nan=False):
        self.allow_nan = allow_nan

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = np.array(X), np.array(y), sample_weight
        return self

    partial_fit = fit

    def predict(self, X):
        rows = np.nan_to_num(np.asarray(X, dtype=np.float64).reshape(len(X), -1))
        outputs = 1 if self.y_.ndim == 1 else self.y_.shape[1]
        weights = np.cos(1 + np.arange(rows.shape[1] * outputs)).reshape(-1, outputs)
        answers = rows @ weights / rows.shape[1]
        return answers[:, 0] if self.y_.ndim == 1 else answers

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.allow_nan
        tags.target_tags.multi_output = True
        return tags


class RecordingLSTM(LSTMRegressor):
    """The same, given sequences."""

    fit, partial_fit, predict = Recorder.fit, Recorder.fit, Recorder.predict


READERS = {"flat": Recorder(), "flat, NaN taken": Recorder(allow_nan=True), "sequences": RecordingLSTM()}


def series(n, columns="none", shape="single", seed=0):
    """X (or None) and y of `n` rows at days; a panel has three series in turns, which begin and end apart."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=n, name="day")
    parts = {}
    for key, (first, last) in {"b": (0, n), "a": (n // 4, n), "c": (0, n - 2)}.items():
        index = days[first:last] if shape == "panel" else days
        y = 10 + rng.normal(size=(len(index), 2)).cumsum(axis=0)
        parts[key] = pd.DataFrame(np.c_[y, rng.normal(size=(len(y), 3))], index=index, columns=list("yzkpl"))
    table = parts["b"]
    if shape == "panel":
        table = pd.concat(parts, names=["shop", "day"]).sort_index(level="day", sort_remaining=False, kind="stable")
    X = table[list(COLUMNS[columns])] if COLUMNS[columns] else None
    return X, table[["y", "z"]] if shape == "several" else table["y"].rename("sales")


def split(data, n_future):
    """The rows of each series but the last ones, and these."""
    if data is None:
        return None, None
    if data.index.nlevels == 1:
        return data.iloc[:-n_future], data.iloc[-n_future:]
    left = data.groupby(level=0).cumcount(ascending=False)
    return data[left >= n_future], data[left < n_future]


def forecaster(regressor, columns="none", strategy="recursive", **settings):
    steps = None if strategy == "recursive" else H
    past_only = ["p"] if "p" in COLUMNS[columns] else None
    settings = {"window_length": L, "strategy": strategy, "steps": steps, "past_only": past_only, **settings}
    return Forecaster(clone(regressor), **settings)


def reach(columns, strategy):
    """How many steps can be asked for."""
    return 1 if strategy == "recursive" and "p" in COLUMNS[columns] else H


def by_series(data):
    """The rows of each series."""
    if data is None or data.index.nlevels == 1:
        return {None: data}
    return {key: data.xs(key, level=0) for key in data.index.get_level_values(0).unique()}


# ---- windows and targets


def at(values, row):
    """A row of a table; NaN outside of it."""
    return list(values[row]) if 0 <= row < len(values) else [np.nan] * values.shape[1]


def slow_row(y, known, past, origin, n_ahead, as_sequence):
    """What may be read at an origin, value by value."""
    steps = []
    for s in range(origin - L, origin):
        ahead = [
            value for step in range(1, n_ahead + 1) for value in (at(known, s + step) if s >= 0 else at(known, -1))
        ]
        steps.append(at(y, s) + (ahead if as_sequence else []) + at(past, s))
    if as_sequence:
        return steps
    return [value for step in steps for value in step] + [
        value for step in range(n_ahead) for value in at(known, origin + step)
    ]


def arrays(X, y):
    """Targets, known and past-only columns of one series."""
    columns = pd.DataFrame(index=y.index) if X is None else X
    known, past = (columns[[name for name in columns if name in names]].to_numpy() for names in ("kl", "p"))
    return y.to_numpy().reshape(len(y), -1), known, past


def slow_samples(X, y, n_ahead, reader, weight=None):
    """Rows, targets and weights at all origins that can be read, of panels by time, and how many cannot."""
    as_sequence, keeps = reader == "sequences", reader != "flat"
    weight = pd.Series(1.0, y.index) if weight is None else weight
    samples, n_dropped = [], 0
    for key, part in by_series(y).items():
        table, known, past = arrays(None if X is None else by_series(X)[key], part)
        weights = by_series(weight)[key].to_numpy()[:, np.newaxis]
        for o in range(1, len(table)):
            row = slow_row(table, known, past, o, n_ahead, as_sequence)
            lags = [at(table, s) + at(past, s) for s in range(o - L, o)]
            knows = not np.isnan([at(known, o + step) for step in range(n_ahead)]).any()
            present = [not np.isnan(step).any() for step in (row if as_sequence else lags)]
            readable = (any(present) and (knows or not as_sequence)) if keeps else (all(present) and knows)
            n_dropped += not readable
            if readable:
                targets = [at(table, o + step) for step in range(n_ahead)]
                samples.append((part.index[o], row, targets, [at(weights, o + step)[0] for step in range(n_ahead)]))
    samples.sort(key=lambda sample: sample[0])
    rows, targets, weights = (np.array([sample[k] for sample in samples]) for k in (1, 2, 3))
    return rows, targets, weights, n_dropped


def slow_training(X, y, strategy, reader, weight=None):
    """What each regressor has to be fitted on: rows, targets and weights; and the number of windows left out."""
    rows, targets, weights, n_dropped = slow_samples(X, y, 1 if strategy == "recursive" else H, reader, weight)
    parts = []
    for steps in [slice(k, k + 1) for k in range(H)] if strategy == "direct" else [slice(None)]:
        wanted = targets[:, steps].reshape(len(rows), -1)
        least = weights[:, steps].min(axis=1)
        learnt = ~np.isnan(wanted).any(axis=1) & (least > 0)
        wanted = wanted[learnt]
        parts.append((rows[learnt], wanted[:, 0] if wanted.shape[1] == 1 else wanted, least[learnt]))
    return parts, n_dropped


@pytest.mark.filterwarnings("ignore:.*windows are left out")
@pytest.mark.parametrize("is_messy", [False, True])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_window_and_target_is_that_of_a_slow_construction(strategy, columns, shape, reader, is_messy):
    X, y = series(24, columns, shape)
    weight = None
    if is_messy:
        rng = np.random.default_rng(1)
        y = y.mask(rng.random(y.shape) < 0.1)
        weight = pd.Series(rng.choice([0, 0.5, 2], size=len(y), p=[0.2, 0.4, 0.4]), y.index)
    fitted = forecaster(READERS[reader], columns, strategy, dtype="float64")
    fitted.fit(X, y, None if weight is None else weight.to_numpy())
    expected, n_dropped = slow_training(X, y, strategy, reader, weight)
    assert fitted.n_dropped_ == n_dropped
    assert len(fitted.regressors_) == len(expected)
    for regressor, (rows, targets, weights) in zip(fitted.regressors_, expected, strict=True):
        np.testing.assert_array_equal(regressor.X_, rows)
        np.testing.assert_array_equal(regressor.y_, targets)
        assert len(rows) > 3
        if weight is None:
            assert regressor.weight_ is None
        else:
            np.testing.assert_array_equal(regressor.weight_, weights)


def test_windows_of_a_panel_never_cross_from_one_series_to_the_next():
    index = pd.MultiIndex.from_product([range(5), range(8)])
    y = pd.Series(100.0 * index.get_level_values(0) + index.get_level_values(1), index)
    regressor = Forecaster(Recorder(allow_nan=True), window_length=5).fit(None, y).regressors_[0]
    hundreds = regressor.X_ // 100
    assert len(hundreds) == 5 * 7
    assert (np.isnan(hundreds) | (hundreds == regressor.y_[:, np.newaxis] // 100)).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("regressor", [RecordingLSTM(), make_pipeline("passthrough", RecordingLSTM())], ids=["", "in"])
def test_in_float32_the_mean_of_each_series_is_taken_off_first_and_its_width_in_panels(shape, regressor):
    X, y = series(20, "both", shape)
    fitted = forecaster(regressor, "both", "multioutput").fit(X, y + 1e9)
    recorder = fitted.regressors_[0] if isinstance(regressor, RecordingLSTM) else fitted.regressors_[0][-1]
    mean = y.groupby(level=0).transform("mean") if shape == "panel" else y.mean()
    size = y.groupby(level=0).transform(width) if shape == "panel" else 1
    ((rows, targets, _),), _ = slow_training(X - X.mean(), (y - mean) / size, "multioutput", "sequences")
    assert recorder.X_.dtype == np.float32
    tolerance = {"rtol": 1e-5, "atol": 1e-5}  # 1e9 + y has seven decimals
    np.testing.assert_allclose(recorder.X_.reshape(rows.shape), rows, **tolerance)
    np.testing.assert_allclose(recorder.y_, targets, **tolerance)


def width(values):
    """How far nine in ten of the values beside the median are from it, at most."""
    distance = (values - values.median()).abs()
    return distance[distance > 1e-9].quantile(0.9)


def test_an_offset_of_any_size_does_not_matter_in_float32():
    _, y = series(60)
    f = forecaster(model(max_iter=20, hidden_size=8))
    there, here = f.fit(None, y + 1e9).forecast(5) - 1e9, f.fit(None, y).forecast(5)
    np.testing.assert_allclose(there, here, rtol=1e-5)
    assert here.nunique() == 5


# ---- nothing of the future is read


def changed(values, rng):
    return None if values is None else values + rng.normal(size=values.shape) + 1000


CASES = [(s, c, k) for s in STRATEGIES for c in COLUMNS for k in SHAPES]


@pytest.mark.filterwarnings("ignore:Ridge runs away")
@pytest.mark.parametrize("name", ["ridge", "tree", "lstm"])
@pytest.mark.parametrize(("strategy", "columns", "shape"), CASES)
def test_what_comes_after_the_cut_changes_no_forecast_made_at_it(strategy, columns, shape, name):
    regressor, rng = REGRESSORS[name], np.random.default_rng(3)
    steps = reach(columns, strategy)
    X, y = series(26, columns, shape)
    X = rows_only(y) if X is None else X
    (_, y_test), (_, X_test) = split(y, steps), split(X, steps)
    is_test = y.index.isin(y_test.index)
    cut = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]

    def forecasts(X, y):
        answers = []

        def scoring(estimator, X, y):
            answers.append(estimator.predict(X))
            return 0.0

        cross_validate(forecaster(regressor, columns, strategy), X, y, cv=cut, scoring=scoring, error_score="raise")
        return answers[0]

    y_changed, X_changed, X_known = y.copy(), X.copy(), X.copy()
    y_changed[is_test] = changed(y_test, rng)
    for column in X:
        target = X_changed if column == "p" else X_known
        target.loc[is_test, column] = changed(X_test[column], rng)
    forecast = forecasts(X, y)
    np.testing.assert_array_equal(forecasts(X_changed, y_changed), forecast)
    # what is known at the cut does matter
    if set("kl") & set(X) and name != "tree":
        assert (forecasts(X_known, y) != forecast).any()
    y_changed = y.copy()
    y_changed.loc[split(y[~is_test], 1)[1].index] *= 2
    assert (forecasts(X, y_changed) != forecast).any()


@pytest.mark.parametrize("reader", ["flat, NaN taken", "sequences"])
@pytest.mark.parametrize(("strategy", "columns", "shape"), CASES)
def test_a_fitted_value_does_not_depend_on_its_own_row_or_later_ones(strategy, columns, shape, reader):
    X, y = series(16, columns, shape)
    rng, n_ahead = np.random.default_rng(4), 1 if strategy == "recursive" else H

    def fitted_values(X, y):
        # the weights of a Recorder are always the same; in float64 so are the units
        return forecaster(READERS[reader], columns, strategy, dtype="float64").fit(X, y).fitted_values_

    before, times = fitted_values(X, y), y.index.get_level_values(-1)
    for time in times.unique().sort_values()[[6, 11]]:
        later, beyond = times >= time, times >= time + pd.Timedelta(n_ahead, "D")
        X_changed, y_changed = None if X is None else X.copy(), y.copy()
        y_changed[later] = changed(y[later], rng)
        for column in () if X is None else X:
            hidden = later if column == "p" else beyond
            X_changed.loc[hidden, column] = changed(X.loc[hidden, column], rng)
        after = fitted_values(X_changed, y_changed)
        is_blind = before.index.get_level_values(-1) <= time
        np.testing.assert_array_equal(after[is_blind], before[is_blind])
        assert (after[~is_blind] != before[~is_blind]).to_numpy().any()


@pytest.mark.parametrize("name", ["ridge", "lstm"])
@pytest.mark.parametrize("columns", ["known", "both"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_beyond_those_asked_for_change_nothing(strategy, columns, name):
    X, y = series(30, columns)
    (X, X_future), (y, _) = split(X, N_FUTURE), split(y, N_FUTURE)
    f = forecaster(REGRESSORS[name], columns, strategy).fit(X, y)
    steps = 1 if strategy == "recursive" else 2
    forecast = f.forecast(steps, X_future)
    for n in range(steps if strategy == "recursive" else H, N_FUTURE):
        beyond = X_future.copy()
        beyond.iloc[n:] *= -3
        pd.testing.assert_series_equal(f.forecast(steps, beyond), forecast)
        pd.testing.assert_series_equal(f.forecast(steps, X_future[:n]), forecast)
    if "p" in X:
        pd.testing.assert_series_equal(f.forecast(steps, X_future.drop(columns="p")), forecast)
        pd.testing.assert_series_equal(f.forecast(steps, X_future.assign(p=np.nan)), forecast)


# ---- strategies, step by step


def step_rows(X_future, step):
    """Row number `step` of each series."""
    if X_future is None:
        return None
    if X_future.index.nlevels == 1:
        return X_future[step : step + 1]
    return X_future[X_future.groupby(level=0).cumcount() == step]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("columns", ["none", "known"])
@pytest.mark.parametrize("name", REGRESSORS)
def test_a_recursive_forecast_is_one_step_after_another_by_hand(name, columns, shape):
    regressor = REGRESSORS[name]
    if name in SINGLE_OUTPUT and shape == "several":
        regressor = MultiOutputRegressor(regressor)
    X, y = series(30, columns, shape)
    (X, X_future), (y, _) = split(X, N_FUTURE), split(y, N_FUTURE)
    f = forecaster(regressor, columns).fit(X, y)
    forecast = f.forecast(N_FUTURE, X_future)
    by_hand = []
    for step in range(N_FUTURE):
        rows = step_rows(X_future, step)
        by_hand.append(f.forecast(1, rows))
        f.update(None if rows is None else rows.loc[by_hand[-1].index], by_hand[-1])
    by_hand = pd.concat(by_hand).loc[forecast.index]
    np.testing.assert_allclose(by_hand, forecast, rtol=1e-5)
    assert name in ("neighbours", "tree") or len(np.unique(forecast)) > 2


@pytest.mark.parametrize("name", ["ridge", "scaled", "neighbours", "lstm"])
@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("shape", ["single", "several"])
@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_forecasts_of_several_steps_are_those_of_estimators_fitted_by_hand(strategy, shape, columns, name):
    X_all, y_all = series(34, columns, shape)
    (X, X_future), (y, _) = split(X_all, H), split(y_all, H)
    f = forecaster(REGRESSORS[name], columns, strategy, dtype="float64").fit(X, y)
    is_lstm, n_targets = name == "lstm", 2 if shape == "several" else 1
    known, past = arrays(X_all, y_all)[1:]
    context = np.array([slow_row(arrays(X, y)[0], known, past[: len(y)], len(y), H, is_lstm)])
    answers = []
    for rows, targets, _ in slow_training(X, y, strategy, "sequences" if is_lstm else "flat")[0]:
        regressor = clone(REGRESSORS[name])
        regressor.set_params(**({"n_targets": n_targets} if is_lstm else {})).fit(rows, targets)
        answers.append(regressor.predict(context).reshape(-1, n_targets))
    forecast = np.reshape(f.forecast(H, X_future), (H, n_targets))
    np.testing.assert_allclose(forecast, np.concatenate(answers), rtol=1e-9)


@pytest.mark.parametrize("regressor", [GradientBoostingRegressor(n_estimators=2), SVR(), REGRESSORS["boosting"]])
def test_one_output_under_multioutput_names_direct(regressor):
    _, y = series(30)
    with pytest.raises(ValueError, match=r"does not take 3 outputs at once \(.*\). strategy='direct'"):
        forecaster(regressor, strategy="multioutput").fit(None, y)
    assert len(forecaster(regressor, strategy="direct").fit(None, y).forecast(H)) == H


def test_mlp_takes_several_outputs():
    _, y = series(30)
    f = forecaster(MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0), strategy="multioutput").fit(
        None, y
    )
    assert f.forecast(H).nunique() == H


# ---- scikit-learn's tools


def rows_only(y):
    """A frame without columns at the same rows."""
    return pd.DataFrame(index=y.index)


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("as_arrays", [False, True])
def test_cross_validation_is_a_rolling_origin_by_hand(strategy, columns, as_arrays):
    X, y = series(50, columns)
    X, n_test = rows_only(y) if X is None else X, reach(columns, strategy)
    errors, r2 = [], []
    for origin in range(50 - 4 * n_test, 50, n_test):
        truth = y[origin : origin + n_test]
        fitted = forecaster(Ridge(), columns, strategy).fit(X[:origin], y[:origin])
        forecast = fitted.forecast(n_test, X[origin : origin + n_test])
        errors.append(-mean_absolute_error(truth, forecast))
        r2.append(r2_score(truth, forecast) if n_test > 1 else None)
    f, cv = forecaster(Ridge(), columns, strategy), TimeSeriesSplit(4, test_size=n_test)
    if as_arrays:
        f.set_params(past_only=[list(X).index("p")] if "p" in X else None)
        X, y = X.to_numpy(), y.to_numpy()
    result = cross_validate(f, X, y, cv=cv, scoring="neg_mean_absolute_error", error_score="raise")
    np.testing.assert_allclose(result["test_score"], errors)
    if n_test > 1:
        np.testing.assert_allclose(cross_val_score(f, X, y, cv=cv), r2)


def test_a_gap_before_the_test_rows_is_forecast_through():
    _, y = series(40)
    expected = []
    for origin in (30, 35):
        forecast = forecaster(Ridge()).fit(None, y[: origin - 2]).forecast(7)
        expected.append(-mean_absolute_error(y[origin : origin + 5], forecast[2:]))
    cv = TimeSeriesSplit(2, test_size=5, gap=2)
    scores = cross_val_score(forecaster(Ridge()), rows_only(y), y, cv=cv, scoring="neg_mean_absolute_error")
    np.testing.assert_allclose(scores, expected)


@pytest.mark.parametrize("form", ["frame", "array"])
def test_a_search_over_window_length_and_the_regressors_parameters(form):
    _, y = series(60)
    grid = {"window_length": [1, 4], "regressor__alpha": [0.1, 1000.0]}

    def error(window_length, alpha):
        origins = 48, 52, 56
        forecasts = [
            Forecaster(Ridge(alpha), window_length=window_length).fit(None, y[:o]).forecast(4) for o in origins
        ]
        return np.mean(
            [mean_absolute_error(y[o : o + 4], forecast) for o, forecast in zip(origins, forecasts, strict=True)]
        )

    by_hand = {(n, alpha): error(n, alpha) for n in (1, 4) for alpha in (0.1, 1000.0)}
    X, target = (rows_only(y), y) if form == "frame" else (np.empty((60, 0)), y.to_numpy())
    cv = TimeSeriesSplit(3, test_size=4)
    search = GridSearchCV(Forecaster(Ridge()), grid, cv=cv, scoring="neg_mean_absolute_error", error_score="raise")
    search.fit(X, target)
    best = min(by_hand, key=by_hand.get)
    assert (search.best_params_["window_length"], search.best_params_["regressor__alpha"]) == best
    assert -search.best_score_ == pytest.approx(by_hand[best])
    expected = Forecaster(Ridge(best[1]), window_length=best[0]).fit(None, y).forecast(3)
    np.testing.assert_allclose(search.best_estimator_.forecast(3), expected)
    future = rows_only(expected) if form == "frame" else np.empty((3, 0))
    np.testing.assert_allclose(search.predict(future), expected)


def test_folds_of_a_panel_are_forecast_series_by_series():
    X, y = series(30, "known", "panel")
    scoring = "neg_mean_absolute_error"
    scores = cross_val_score(forecaster(Ridge(), "known"), X, y, cv=split_panel(y.index, 2, 3), scoring=scoring)
    days, expected = y.index.get_level_values(1), []
    for first in days.unique().sort_values()[-6::3]:
        seen, test = days < first, (days >= first) & (days < first + pd.Timedelta(3, "D"))
        fitted, errors = forecaster(Ridge(), "known").fit(X[seen], y[seen]), []
        for key in y[test].index.unique(level=0):
            rows = X[test].loc[[key]]
            forecast = fitted.forecast(len(rows), rows, history=(X[seen].loc[[key]], y[seen].loc[[key]]))
            errors += list((forecast - y[test]).dropna().abs())
        assert len(errors) == test.sum()
        expected.append(-np.mean(errors))
    np.testing.assert_allclose(scores, expected)


# ---- panels


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("columns", ["none", "known"])
@pytest.mark.parametrize("regressor", [Ridge(), model(max_iter=2)], ids=["float64", "float32"])
def test_each_series_is_forecast_as_if_it_were_alone(regressor, columns, strategy):
    X, y = series(30, columns, "panel")
    (X, X_future), (y, _) = split(X, H), split(y, H)
    f = forecaster(regressor, columns, strategy).fit(X, y)
    together = f.forecast(H, X_future)
    assert list(together.index.unique(level=0)) == list(y.index.unique(level=0))
    for key in "abc":
        history = y.loc[[key]] if X is None else (X.loc[[key]], y.loc[[key]])
        rows = None if X is None else X_future.loc[[key]]
        alone = f.forecast(H, rows, history=history)
        assert list(alone.index) == list(together.loc[[key]].index)
        np.testing.assert_allclose(alone, together.loc[[key]], rtol=1e-12 if isinstance(regressor, Ridge) else 1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("columns", "dtype"), [("none", "float64"), ("both", "float64"), ("none", "float32")])
@pytest.mark.parametrize("reader", ["flat, NaN taken", "sequences"])
def test_a_panel_and_a_single_series_are_forecast_alike_with_the_same_weights(reader, columns, dtype, strategy):
    X, y = series(30, columns, "panel")
    steps = reach(columns, strategy)
    (X, X_future), (y, _) = split(X, steps), split(y, steps)
    new = forecaster(READERS[reader], columns, strategy, dtype=dtype)
    together = clone(new).fit(X, y).forecast(steps, X_future)
    for key in "abc":
        own, future = (None, None) if X is None else (X.loc[key], X_future.loc[key])
        alone = clone(new).fit(own, y.loc[key]).forecast(steps, future)
        np.testing.assert_allclose(alone, together.loc[key], rtol=1e-12 if dtype == "float64" else 1e-6)
        assert list(alone.index) == list(together.loc[key].index)


def test_the_order_of_the_rows_of_a_panel_does_not_matter():
    X, y = series(30, "known", "panel")
    (X, X_future), (y, _) = split(X, H), split(y, H)
    orders = [X.index, X.sort_index(kind="stable").index, X.sort_index(level=0, ascending=False).index]
    orders[2] = pd.MultiIndex.from_tuples([k for key in "cab" for k in X.index if k[0] == key], names=X.index.names)
    forecasts = []
    for order in orders:
        f = forecaster(Ridge(), "known").fit(X.loc[order], y.loc[order])
        forecasts.append(f.forecast(H, X_future.sample(frac=1, random_state=0).sort_index(level=1)).sort_index())
    pd.testing.assert_series_equal(forecasts[0], forecasts[1])
    pd.testing.assert_series_equal(forecasts[0], forecasts[2])


@pytest.mark.parametrize("columns", ["none", "known"])
def test_predict_answers_in_the_order_of_its_rows_however_many_each_series_has(columns):
    X, y = series(30, columns, "panel")
    (X, X_future), (y, y_future) = split(X, N_FUTURE), split(y, N_FUTURE)
    f = forecaster(Ridge(), columns).fit(X, y)
    forecast = f.forecast(N_FUTURE, X_future)
    counts = y_future.groupby(level=0).cumcount()
    wanted = counts < y_future.index.get_level_values(0).map({"a": 2, "b": 6, "c": 1})
    for index in (y_future[wanted].index, y_future[wanted].sort_index().index, y_future.loc[["c"]].index):
        rows = pd.DataFrame(index=index) if X is None else X_future.loc[index]
        np.testing.assert_allclose(f.predict(rows), forecast.loc[index], rtol=1e-12)


@pytest.mark.parametrize("name", ["boosting", "tree", "lstm"])
def test_series_shorter_than_the_window_are_learnt_from_and_forecast(name):
    index = pd.MultiIndex.from_tuples([("long", t) for t in range(40)] + [("short", t) for t in range(36, 40)])
    y = pd.Series(np.random.default_rng(0).normal(size=44), index)
    f = Forecaster(REGRESSORS[name], window_length=8).fit(None, y)
    forecast = f.forecast(2)
    assert f.n_dropped_ == 0
    assert forecast.notna().all()
    assert list(forecast.loc["short"].index) == [40, 41]
    with pytest.warns(UserWarning, match=r"NaN: \['short'\].* rows hold 4 values"):
        assert Forecaster(Ridge(), window_length=8).fit(None, y).forecast(2).isna().tolist() == [False] * 2 + [True] * 2


def test_a_new_series_is_forecast_by_what_was_learnt_from_the_others():
    X, y = series(30, "known", "panel")
    (X, X_future), (y, _) = split(X, H), split(y, H)
    others = y.index.get_level_values(0) != "a"
    f = forecaster(Ridge(), "known").fit(X[others], y[others])
    forecast = f.forecast(H, X_future.loc[["a"]], history=(X[~others], y[~others]))
    ridge = f.regressors_[0]
    known, values = np.concatenate((X.loc["a"], X_future.loc["a"])), list(y.loc["a"])
    for step in range(H):
        row = [*values[-L:], *known[len(values)]]
        values.append(ridge.predict([row])[0])
        assert forecast.iloc[step] == pytest.approx(values[-1])
    with pytest.raises(ValueError, match=r"the series 'a', which has no history here.*history=.*cv=split_panel\(y, "):
        f.predict(X_future)


# ---- what predict and forecast take and refuse


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_gap_is_forecast_through(shape, strategy):
    _, y = series(30, shape=shape)
    f = forecaster(Ridge(), strategy=strategy).fit(None, y)
    forecast = f.forecast(H)
    tail = forecast[1:] if shape != "panel" else forecast[forecast.groupby(level=0).cumcount() > 0]
    np.testing.assert_array_equal(f.predict(rows_only(tail)), tail)


def test_known_columns_do_not_let_a_gap_be_forecast_through():
    X, y = series(30, "known")
    f = forecaster(Ridge(), "known").fit(X[:20], y[:20])
    with pytest.raises(ValueError, match=r"begin 3 after the first one that follows its history.*begin X there"):
        f.predict(X[23:25])
    with pytest.raises(ValueError, match="X_future begins 3 rows after"):
        f.forecast(2, X[23:25])


class Weighing(RegressorMixin, BaseEstimator):
    """Tells how much memory its rows take."""

    def fit(self, X, y):
        self.n_bytes_ = X.nbytes
        return self

    predict = Recorder.predict


class WeighingLSTM(LSTMRegressor):
    fit = Weighing.fit


@pytest.mark.parametrize("regressor", [Weighing(), WeighingLSTM()], ids=["flat", "sequences"])
@pytest.mark.parametrize("is_complete", [True, False])
def test_the_windows_of_a_panel_are_copied_once(regressor, is_complete):
    parts = {key: np.random.default_rng(key).normal(size=1000).cumsum() for key in range(20)}
    panel = pd.concat({key: pd.Series(values) for key, values in parts.items()})
    if not is_complete:
        panel[::983] = np.nan
    f = Forecaster(regressor, window_length=96, drop_incomplete=True)
    tracemalloc.start()
    try:
        f.fit(None, panel)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * f.regressors_[0].n_bytes_


# ---- rows that were trained on


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["ridge", "lstm"])
@pytest.mark.parametrize(("strategy", "columns"), [("recursive", "known"), ("direct", "both"), ("multioutput", "none")])
def test_training_rows_are_answered_with_their_forecasts_in_sample(strategy, columns, name, shape):
    X, y = series(30, columns, shape)
    f = forecaster(REGRESSORS[name], columns, strategy).fit(X, y)
    fitted = f.fitted_values_.loc[y.index]
    rows = rows_only(y) if X is None else X
    for order in (np.arange(len(y)), np.random.default_rng(0).permutation(len(y))[:20]):
        answers = f.predict(rows.iloc[order])
        expected = fitted.iloc[order].to_numpy()
        known = ~np.isnan(expected)
        assert known.mean() > 0.5
        np.testing.assert_array_equal(answers[known], expected[known])
        assert np.isfinite(answers).all()


@pytest.mark.parametrize("index", [pd.period_range("2024-01", periods=9, freq="M"), pd.RangeIndex(5, 14)])
def test_training_rows_without_a_forecast_have_the_newest_value_before_or_the_mean(index):
    y = pd.Series([4.0, 8, np.nan, 1, 3, 2, 7, 7, 4], index)
    f = Forecaster(Ridge(), window_length=2, drop_incomplete="auto")
    with pytest.warns(UserWarning, match="windows are left out"):
        f.fit(None, y)
    answers = f.predict(rows_only(y))
    missing = f.fitted_values_.isna().to_numpy()
    assert np.flatnonzero(missing).tolist() == [0, 1, 3, 4]
    np.testing.assert_allclose(answers[missing], [4.5, 4, 8, 1])
    np.testing.assert_array_equal(answers[~missing], f.fitted_values_[~missing])


@pytest.mark.parametrize("is_asked_before", [True, False])
def test_fitted_values_stay_those_of_the_fit_whatever_is_trained_later(is_asked_before):
    _, y = series(40)
    f = forecaster(SGDRegressor(random_state=0, eta0=1e-4)).fit(None, y[:30])
    expected, residuals = deepcopy(f).fitted_values_, deepcopy(f).residuals_
    if is_asked_before:
        pd.testing.assert_series_equal(f.fitted_values_, expected)
    n_predicted = []
    f.update(None, y[30:35], train=True).update(None, y[35:], train=True)
    for estimator in (f, deepcopy(f), pickle.loads(pickle.dumps(f))):
        pd.testing.assert_series_equal(estimator.fitted_values_, expected)
        pd.testing.assert_series_equal(estimator.residuals_, residuals)
        regressor = estimator._values_made_by.regressor_set.regressors[0]
        regressor.predict = n_predicted.append  # they are computed once
        pd.testing.assert_series_equal(estimator.fitted_values_, expected)
    assert not n_predicted
    values = f.fitted_values_
    values.iloc[10:] = 0.0  # what the user does with them is theirs
    pd.testing.assert_series_equal(f.fitted_values_, expected)
    f.fit(None, y[:20])
    assert len(f.fitted_values_) == 20


def test_rows_that_are_counted_anew_are_not_taken_for_training_rows():
    y = pd.Series(np.arange(20.0) ** 1.1)
    f = forecaster(Ridge()).fit(None, y)
    with pytest.raises(ValueError, match=r"rows of X are at 0 … 3, but the history ends at 19: .* begin at 20"):
        f.predict(pd.DataFrame(index=range(4)))  # as after reset_index(drop=True)
    assert len(f.predict(rows_only(y))) == 20  # as scikit-learn asks for a training score


def test_rows_of_an_update_are_history_and_not_training():
    X, y = series(30, "known")
    f = forecaster(Ridge(), "known").fit(X[:20], y[:20])
    in_sample = f.predict(X[:20])
    f.update(X[20:25], y[20:25])
    np.testing.assert_array_equal(f.predict(X[:20]), in_sample)
    for rows in (X[20:22], X[22:28]):
        with pytest.raises(ValueError, match=r"history ends at 2024-01-25.*begin at 2024-01-26.*fitted_values_"):
            f.predict(rows)


@pytest.mark.parametrize("rows", [slice(19, 22), slice(25, 31), slice(0, 30)])
@pytest.mark.parametrize("shape", ["single", "panel"])
def test_training_rows_and_others_are_not_answered_together(shape, rows):
    X, y = series(40, "known", shape)
    old = y.index.get_level_values(-1) < pd.Timestamp("2024-01-27")
    f = forecaster(Ridge(), "known").fit(X[old], y[old])
    asked = X.loc[y.index.get_level_values(-1).isin(pd.date_range("2024-01-01", periods=40)[rows])]
    with (
        pytest.raises(ValueError, match=r"\d+ of the \d+ rows of X were trained on.*once for each")
        if (rows.stop > 26)
        else pytest.MonkeyPatch.context()
    ):
        f.predict(asked)


def test_other_known_columns_than_in_training_are_refused_for_training_rows():
    X, y = series(30, "both")
    f = forecaster(Ridge(), "both", "direct").fit(X, y)
    answers = f.predict(X[5:9])
    np.testing.assert_array_equal(f.predict(X[5:9].assign(p=np.nan)), answers)  # what is not known is not read
    changed = X[5:9].copy()
    changed.loc["2024-01-08", "l"] = 77.0
    with pytest.raises(ValueError, match=r"The column 'l' of X is 77.0 at 2024-01-08.*in training"):
        f.predict(changed)


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("name", ["ridge", "lstm"])
def test_scikit_learn_scores_training_rows(name, scoring, shape):
    X, y = series(60, "known", shape)
    cv = TimeSeriesSplit(2, test_size=3) if shape == "single" else split_panel(y, 2, 3)
    f = forecaster(REGRESSORS[name], "known")
    scores = cross_validate(f, X, y, cv=cv, scoring=scoring, return_train_score=True, error_score="raise")
    assert np.isfinite(scores["train_score"]).all()
    search = GridSearchCV(f, {"window_length": [2, 3]}, cv=cv, scoring=scoring, return_train_score=True).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_train_score"]).all()
    if shape == "single":
        warnings.filterwarnings("ignore", ".*longer than what is known")  # half of the rows before a test are left out
        for curve in (
            learning_curve(f, rows_only(y), y, cv=cv, train_sizes=[0.5, 1.0], scoring=scoring, error_score="raise"),
            validation_curve(
                f, X, y, cv=cv, param_name="window_length", param_range=[2, 3], scoring=scoring, error_score="raise"
            ),
        ):
            assert np.isfinite(curve[-2]).all()


def test_arrays_follow_the_history_even_if_they_were_trained_on():
    X, y = series(30, "known")
    X, y = X.to_numpy(), y.to_numpy()
    f = forecaster(Ridge(), "known").fit(X, y)
    np.testing.assert_array_equal(f.predict(X[:4]), f.forecast(4, X[:4]))


# ---- the index that follows


INDEXES = {
    "months": pd.date_range("2024-01-31", periods=20, freq="ME", name="month"),
    "no frequency set": pd.DatetimeIndex(pd.date_range("2024-01-01", periods=20, freq="QS").to_numpy()),
    "time zone": pd.date_range("2024-03-20", periods=20, tz="Europe/Berlin"),
    "periods": pd.period_range("2024-01", periods=20, freq="Q"),
    "numbers": pd.RangeIndex(10, 50, 2),
    "rows": None,
}


@pytest.mark.parametrize("name", INDEXES)
def test_the_future_index_is_that_of_the_forecast(name):
    index, values = INDEXES[name], series(20)[1].to_numpy()
    y = values if index is None else pd.Series(values, index)
    f = forecaster(Ridge()).fit(None, y[:15])
    expected = pd.RangeIndex(15, 20) if index is None else index[15:]
    assert f.future_index(5).equals(expected)
    assert f.future_index(5).equals(f.forecast(5).index)
    assert f.future_index(5).name == (None if index is None else index.name)
    f.update(None, y[15:17])
    assert f.future_index(3).equals(expected[2:])
    assert f.future_index(3, history=y[:10]).equals(f.forecast(3, history=y[:10]).index)


@pytest.mark.parametrize("columns", ["none", "both"])
def test_the_future_index_of_a_panel_goes_on_after_each_series(columns):
    X, y = series(30, columns, "panel")
    f = forecaster(Ridge(), columns, "direct").fit(X, y)
    index = f.future_index(H)
    assert index.names == ["shop", "day"]
    last = {key: part.index[-1][1] for key, part in y.groupby(level=0, sort=False)}
    days = pd.Timedelta(days=1)
    assert list(index) == [(key, end + k * days) for key, end in last.items() for k in range(1, H + 1)]
    X_future = pd.DataFrame(1.0, index, list(COLUMNS[columns]))
    assert f.forecast(H, X_future if columns != "none" else None).index.equals(index)
    alone = f.future_index(2, history=y.loc["b"])  # needs no columns
    assert alone.equals(pd.date_range("2024-01-31", periods=2))


def test_a_future_index_that_cannot_be_told_is_an_error_whose_advice_mends_it():
    y = pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"]))
    f = forecaster(Ridge(), window_length=1).fit(None, y)
    with pytest.raises(ValueError, match=r"2 rows up to 2024-01-02.* too short.*y.asfreq\(\"D\"\)"):
        f.future_index(3)
    y = y.asfreq("D")
    assert list(forecaster(Ridge(), window_length=1).fit(None, y).future_index(1)) == [pd.Timestamp("2024-01-03")]
    panel = pd.concat(
        {"a": pd.Series([1.0, 2], y.index), "b": pd.Series([1.0, 2, 4], pd.date_range("2024", periods=3, freq="h"))}
    )
    f = forecaster(Ridge(), window_length=1).fit(None, panel.drop(("b", pd.Timestamp("2024-01-01 02:00"))))
    with pytest.raises(ValueError, match=r"series 'a', 2 rows up to 2024-01-02.*do not agree"):
        f.future_index(3)
    with pytest.raises(ValueError, match="steps"):
        f.future_index(0)


def test_future_columns_that_are_missing_are_asked_for_with_their_index():
    X, y = series(30, "known")
    f = forecaster(Ridge(), "known").fit(X[:25], y[:25])
    with pytest.raises(ValueError, match=r"columns \['k', 'l'\] of the 3 rows.*future_index\(3\) is their index"):
        f.forecast(3)
    assert f.forecast(3, X.loc[f.future_index(3)]).index.equals(X.index[25:28])


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 2)])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_answers_have_the_shape_of_y(shape, strategy):
    y = np.random.default_rng(0).normal(size=shape)
    f = forecaster(Ridge(), strategy=strategy).fit(None, y)
    assert f.predict(np.empty((2, 0))).shape == (2, *shape[1:])
    forecast = f.forecast(3)
    assert forecast.shape == (3, *shape[1:])
    assert list(forecast.index) == [30, 31, 32]
    assert f.fitted_values_.shape == shape
    np.testing.assert_array_equal(f.predict(np.empty((3, 0))), forecast)


def test_columns_are_matched_by_name():
    X, y = series(30, "both")
    X, X_future, y = X[:-3], X[-3:], y[:-3]
    f = forecaster(Ridge(), "both", "direct").fit(X, y)
    forecast = f.forecast(H, X_future)
    for order in (list("lkp"), list("plk"), list("lk")):
        pd.testing.assert_series_equal(f.forecast(H, X_future[order]), forecast)
    np.testing.assert_array_equal(f.predict(X_future[list("plk")]), forecast)
    reordered = forecaster(Ridge(), "both", "direct").fit(X[list("lpk")], y)
    np.testing.assert_allclose(reordered.forecast(H, X_future), forecast)
    reordered.update(X_future, pd.Series(0.0, X_future.index))
    np.testing.assert_array_equal(reordered._history[None].whole.known[-3:], X_future[list("lk")])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (list("kp"), "missing"),
        (list("klpq"), "unseen"),
        (list("kpq"), "unseen"),
        (list("kkl"), "'k' more than once"),
    ],
)
@pytest.mark.parametrize("call", ["predict", "forecast", "update"])
def test_missing_and_extra_columns_are_refused(columns, message, call):
    X, y = series(30, "both")
    f = forecaster(Ridge(), "both", "direct").fit(X[:-3], y[:-3])
    rows = X[-3:].assign(q=1.0)[columns]
    with pytest.raises(ValueError, match=message):
        f.predict(rows) if call == "predict" else f.forecast(3, rows) if call == "forecast" else f.update(rows, y[-3:])


def test_columns_are_matched_by_names_that_are_no_strings_too():
    X, y = series(30, "both")
    X, y = X.set_axis([30, 10, 20], axis=1), y[:-3]
    f = Forecaster(Ridge(), window_length=L, strategy="direct", steps=H, past_only=[10]).fit(X[:-3], y)
    forecast = f.forecast(H, X[-3:])
    for order in ([10, 20, 30], [20, 30]):
        pd.testing.assert_series_equal(f.forecast(H, X[-3:][order]), forecast)
    expected = forecaster(Ridge(), "both", "direct").fit(X[:-3].set_axis(list("kpl"), axis=1), y)
    np.testing.assert_array_equal(forecast, expected.forecast(H, X[-3:].set_axis(list("kpl"), axis=1)))
    for other in ([0, 1, 2], [30, 10], list("kpl")):
        with pytest.raises(ValueError, match=r"fitted on \[30, 10, 20\]"):
            f.forecast(H, X[-3:].iloc[:, : len(other)].set_axis(other, axis=1))


@pytest.mark.parametrize("columns", ["none", "past"])
def test_rows_to_forecast_must_follow_even_where_nothing_is_read_of_them(columns):
    X, y = series(30, columns)
    rows = rows_only(y) if X is None else X
    f = forecaster(Ridge(), columns, "direct").fit(X if X is None else X[:20], y[:20])
    pd.testing.assert_series_equal(f.forecast(2, rows[20:22]), f.forecast(2))
    for wrong, message in (
        (rows[21:23], "begins 1 row after"),
        (rows[19:22], "history ends"),
        (rows[20:21], "need as many"),
    ):
        with pytest.raises(ValueError, match=message):
            f.forecast(2, wrong)


def test_names_of_columns_must_differ():
    X, y = series(30, "both")
    with pytest.raises(ValueError, match="'k' more than once"):
        forecaster(Ridge()).fit(X.set_axis(list("kkl"), axis=1), y)


def test_known_columns_must_be_known():
    X, y = series(30, "both")
    f = forecaster(Ridge(), "both", "direct").fit(X[:-3], y[:-3])
    rows, X_hole = X[-3:].copy(), X.copy()
    rows.iloc[1, list(rows).index("l")] = X_hole.iloc[7, list(X).index("l")] = np.nan
    message = "The column 'l' of X is NaN at"
    for call in (
        lambda: f.predict(rows),
        lambda: f.forecast(3, rows),
        lambda: f.forecast(3, rows[["k", "l"]]),
        lambda: f.forecast(3, rows[["k", "l"]].to_numpy()),
        lambda: forecaster(Ridge(), "both", "direct").fit(X_hole, y),
        lambda: forecaster(model(), "both", "direct").fit(X_hole, y),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=r"X_future is needed: the columns \['k', 'l'\] of the 3 rows"):
        f.forecast(3)
    with pytest.raises(ValueError, match="2 rows; steps=3 need as many"):
        f.forecast(3, X[-3:-1])
    with pytest.raises(ValueError, match=r"2 rows of known columns are given.*all steps=3 rows"):
        f.predict(X[-3:-1])


def test_trees_take_known_columns_with_holes():
    X, y = series(30, "known")
    X_hole = X.mask(np.random.default_rng(0).random(X.shape) < 0.2)
    f = forecaster(REGRESSORS["boosting"], "known").fit(X_hole[:-3], y[:-3])
    assert f.n_dropped_ == 0
    forecast, by_hand = f.forecast(3, X_hole[-3:]), list(y[:-3])
    for step in range(3):
        by_hand.append(f.regressors_[0].predict([[*by_hand[-L:], *X_hole.iloc[27 + step]]])[0])
    np.testing.assert_allclose(forecast, by_hand[-3:])


def test_past_only_columns_let_a_recursive_forecast_reach_one_step():
    X, y = series(30, "past")
    f = forecaster(Ridge(), "past").fit(X, y)
    assert len(f.forecast(1)) == 1
    for call in (
        lambda: f.forecast(2),
        lambda: f.predict(rows_only(f.forecast(1)).reindex(columns=["p"]).iloc[[0, 0]]),
    ):
        with pytest.raises(ValueError, match=r"'multioutput' or 'direct' reach further|2 times"):
            call()


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_steps_beyond_the_strategy_are_refused(strategy):
    _, y = series(30)
    f = forecaster(Ridge(), strategy=strategy).fit(None, y)
    with pytest.raises(ValueError, match=r"4 steps are asked for, but .* was fitted with steps=3"):
        f.forecast(4)
    with pytest.raises(ValueError, match="4 steps are asked for"):
        f.predict(np.empty((4, 0)))
    with pytest.raises(ValueError, match="needs steps"):
        Forecaster(Ridge(), strategy=strategy).fit(None, y)


@pytest.mark.parametrize(
    ("settings", "X", "y", "error", "message"),
    [
        ({}, "series", None, ValueError, r"fit\(None, series\)"),
        ({}, None, np.full(30, np.nan), ValueError, "NaN only"),
        ({}, None, np.r_[np.ones(29), np.inf], ValueError, "infinity"),
        ({}, np.full((30, 1), np.inf), np.arange(30.0), ValueError, "infinity"),
        ({}, np.ones((29, 1)), np.arange(30.0), ValueError, "inconsistent"),
        ({}, None, np.ones((3, 3, 3)), ValueError, "dim 3"),
        ({}, None, [1.0], ValueError, "1 rows|minimum"),
        ({"past_only": ["q"]}, np.ones((30, 1)), np.arange(30.0), ValueError, r"past_only names 'q'.*\[0\]"),
        ({"past_only": [True]}, np.ones((30, 2)), np.arange(30.0), ValueError, "past_only names True"),
        ({"past_only": "k"}, np.ones((30, 1)), np.arange(30.0), ValueError, "past_only"),
        ({"strategy": "multioutput", "steps": 2.0}, None, np.arange(30.0), ValueError, "steps"),
        ({"window_length": 0}, None, np.arange(30.0), ValueError, "window_length"),
        ({"window_length": 30}, None, np.arange(30.0), ValueError, "No window of window_length=30"),
        ({"target_transformer": FunctionTransformer(np.log1p)}, None, np.arange(30.0), ValueError, "undo itself"),
        ({"target_transformer": FunctionTransformer(np.log, np.exp)}, None, np.arange(30.0), ValueError, "not finite"),
        ({"target_transformer": Normalizer()}, None, np.arange(30.0), TypeError, "must have inverse_transform"),
        ({"drop_incomplete": False}, None, np.arange(30.0), ValueError, "accepts no NaN"),
        ({"strategy": "direct", "steps": 40}, None, np.arange(30.0), ValueError, "no window whose targets"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_refused_fit_says_why_and_leaves_the_forecaster_as_it_was(settings, X, y, error, message):
    X = series(30)[1] if isinstance(X, str) else X
    f = forecaster(Ridge()).fit(None, series(25)[1])
    attributes, forecast = {**vars(f)}, f.forecast(3)
    parameters = f.get_params()
    with pytest.raises(error, match=message):
        f.set_params(**settings).fit(X, y)
    f.set_params(**parameters)
    assert {name: id(value) for name, value in vars(f).items() if name not in parameters} == {
        name: id(value) for name, value in attributes.items() if name not in parameters
    }
    pd.testing.assert_series_equal(f.forecast(3), forecast)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda X, y: (X[20:22], None), "requires y"),
        (lambda X, y: (X[19:22], y[19:22]), "history ends at"),
        (lambda X, y: (X[21:22], y[21:22]), "Give the rows between as well"),
        (lambda X, y: (None, y[20:22]), "no columns"),
        (lambda X, y: (X[20:22], y[20:22].to_frame().assign(z=1.0)), "2 targets"),
        (lambda X, y: (X[20:22], y[20:22] * np.inf), "infinity"),
    ],
)
def test_a_refused_update_leaves_the_forecaster_as_it_was(rows, message, train):
    X, y = series(30, "known")
    f = forecaster(SGDRegressor(random_state=0), "known").fit(X[:20], y[:20])
    forecast = f.forecast(3, X[20:23])
    with pytest.raises(ValueError, match=message):
        f.update(*rows(X, y), train=train)
    pd.testing.assert_series_equal(f.forecast(3, X[20:23]), forecast)
    assert len(f.history_) == 20


def test_steps_are_a_whole_number():
    f = forecaster(Ridge()).fit(None, series(20)[1])
    for steps, error in [(2.0, TypeError), ("2", TypeError), (True, TypeError), (None, TypeError), (0, ValueError)]:
        with pytest.raises(error, match="steps must be"):
            f.forecast(steps)
    assert len(f.forecast(np.int64(2))) == 2


# ---- target_transformer


TRANSFORMERS = {
    "log1p": FunctionTransformer(np.log1p, np.expm1),
    "power": PowerTransformer(),
    "standard": StandardScaler(),
}


@pytest.mark.filterwarnings("ignore:.*windows are left out")
@pytest.mark.parametrize("with_holes", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_target_transformer_is_as_good_as_doing_it_by_hand(name, strategy, shape, with_holes):
    _, y = series(30, shape=shape)
    y = np.exp(y / 10)
    if with_holes:
        y.iloc[[4, 11, 12]] = np.nan
    table = pd.DataFrame(y)
    by_hand = clone(TRANSFORMERS[name]).fit(table.dropna().to_numpy())
    there = table.copy()
    there[:] = np.where(table.isna(), np.nan, by_hand.transform(table.fillna(1.0).to_numpy()))
    there = there if y.ndim == 2 else there["sales"]
    expected = forecaster(Ridge(), strategy=strategy).fit(None, there)
    f = forecaster(Ridge(), strategy=strategy, target_transformer=TRANSFORMERS[name]).fit(None, y)
    back = by_hand.inverse_transform(pd.DataFrame(expected.forecast(H)).to_numpy())
    np.testing.assert_allclose(pd.DataFrame(f.forecast(H)), back)
    fitted_values = pd.DataFrame(expected.fitted_values_)
    known = fitted_values.notna().all(axis=1)
    back = by_hand.inverse_transform(fitted_values[known].to_numpy())
    np.testing.assert_allclose(pd.DataFrame(f.fitted_values_)[known], back)
    assert pd.DataFrame(f.fitted_values_)[~known].isna().all(axis=None)
    np.testing.assert_array_equal(pd.DataFrame(f.history_).loc[y.index], table)
    assert not hasattr(f.target_transformer, "n_features_in_")


# ---- update


@pytest.mark.parametrize(("name", "columns"), [*(("ridge", columns) for columns in COLUMNS), ("lstm", "both")])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_after_an_update_forecasts_are_those_from_the_longer_history(strategy, shape, columns, name):
    X, y = series(34, columns, shape)
    steps = reach(columns, strategy)
    (X, X_future), (y, _) = split(X, steps), split(y, steps)
    (X_0, X_1), (y_0, y_1) = split(X, 4), split(y, 4)
    f = forecaster(REGRESSORS[name], columns, strategy).fit(X_0, y_0)
    before = f.forecast(steps, history=y if X is None else (X, y), X_future=X_future)
    fitted_values = f.fitted_values_
    whole, by_rows = deepcopy(f).update(X_1, y_1), deepcopy(f)
    for step in range(4):
        by_rows.update(step_rows(X_1, step), step_rows(y_1, step))
    for updated in (whole, by_rows, pickle.loads(pickle.dumps(by_rows))):
        np.testing.assert_array_equal(updated.forecast(steps, X_future).loc[before.index], before)
        assert updated.history_.sort_index().equals(y.sort_index())
        np.testing.assert_array_equal(updated.fitted_values_, fitted_values)
    assert not np.array_equal(before, f.forecast(steps, X_1))


def test_an_update_without_a_regular_index_of_its_own_goes_on_as_the_history_does():
    _, y = series(30)
    y.index = pd.DatetimeIndex(y.index.to_numpy())  # without a frequency
    expected = forecaster(Ridge()).fit(None, y[:20]).forecast(3, history=y)
    for rows in ([slice(20, 30)], [slice(k, k + 1) for k in range(20, 30)], [slice(20, 22), slice(22, 30)]):
        for data in (y, y.to_numpy()):
            f = forecaster(Ridge()).fit(None, y[:20])
            for part in rows:
                f.update(None, data[part])
            pd.testing.assert_series_equal(f.forecast(3), expected)
            assert f.history_.equals(y)
    arrays_first = forecaster(Ridge()).fit(None, y[:20].to_numpy()).update(None, y[20:])
    assert list(arrays_first.forecast(3).index) == [30, 31, 32]
    np.testing.assert_array_equal(arrays_first.forecast(3), expected)


class CountedLog(FunctionTransformer):
    """A logarithm that counts the rows that it is asked for."""

    n_rows = 0

    def __init__(self):
        super().__init__(np.log1p, np.expm1)

    def transform(self, X):
        type(self).n_rows += len(X)
        return super().transform(X)


@pytest.mark.parametrize("n", [40, 400])
@pytest.mark.parametrize("shape", ["single", "panel"])
def test_a_forecast_reads_no_more_of_the_history_than_its_window(shape, n, monkeypatch):
    _, y = series(n + 6, shape=shape)
    old, new = split(y - y.min(), 6)
    f = forecaster(Ridge(), target_transformer=CountedLog()).fit(None, old)
    n_series = 3 if shape == "panel" else 1
    for step in range(7):
        monkeypatch.setattr(CountedLog, "n_rows", 0)
        rows = f.forecast(4).to_frame()[[]]
        assert CountedLog.n_rows == n_series * L
        f.predict(rows)
        assert CountedLog.n_rows == 2 * n_series * L
        if step < 6:
            f.update(None, step_rows(new, step))
    assert CountedLog.n_rows == 2 * n_series * L  # an update transforms nothing


def test_copies_of_a_forecaster_are_updated_independently():
    _, y = series(60)
    f = forecaster(Ridge()).fit(None, y[:20]).update(None, y[20:21])
    copies = [copy(f), deepcopy(f), pickle.loads(pickle.dumps(f))]
    for number, other in enumerate(copies):
        for k in range(21, 30):
            other.update(None, y[k : k + 1] + 100 * number)
            f.update(None, y[k : k + 1]) if number == 2 else None
    for number, other in enumerate(copies):
        assert other.history_.equals(pd.concat([y[:21], y[21:30] + 100 * number]))
    assert f.history_.equals(y[:30])
    with pytest.raises(ValueError, match="begins at"):
        f.update(None, y[31:33])
    assert f.update(None, y[30:33]).history_.equals(y[:33])


def test_an_update_in_another_time_zone_takes_the_one_of_the_history():
    _, y = series(30)
    y = y.tz_localize("Europe/Berlin").rename_axis("day")
    f = forecaster(Ridge()).fit(None, y[:20]).update(None, y[20:].tz_convert("UTC"))
    assert f.history_.equals(y)
    pd.testing.assert_series_equal(f.forecast(2), forecaster(Ridge()).fit(None, y[:20]).forecast(2, history=y))


def test_a_short_history_learns_its_frequency_from_updates_or_refuses_them():
    _, y = series(30)
    y.index = pd.DatetimeIndex(y.index.to_numpy())
    f = forecaster(Ridge(), window_length=1).fit(None, y[:2])
    with pytest.raises(ValueError, match="gap"):
        f.update(None, y[5:7])
    with pytest.raises(ValueError, match="too short to tell"):
        f.update(None, y[2:4].to_numpy())
    assert list(f.update(None, y[2:9]).forecast(2).index) == list(y.index[9:11])


def test_an_update_of_a_panel_takes_new_series_and_leaves_others():
    _, y = series(30, shape="panel")
    old, new = split(y[y.index.get_level_values(0) != "a"], 4)
    f = forecaster(Ridge()).fit(None, old)
    f.update(None, new.loc[["b"]]).update(None, y.loc[["a"]])
    forecast = f.forecast(2)
    for key, history in {"b": y.loc[["b"]], "c": old.loc[["c"]], "a": y.loc[["a"]]}.items():
        np.testing.assert_allclose(forecast.loc[[key]], f.forecast(2, history=history), rtol=1e-12)
    assert len(f.history_) == len(old) + 4 + len(y.loc["a"])


def in_order(rows, targets):
    """Rows with their targets, sorted."""
    table = np.column_stack((rows.reshape(len(rows), -1), targets))
    return table[np.lexsort(table.T)]


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("reader", ["flat", "sequences"])
def test_an_update_that_trains_goes_once_over_every_new_window(reader, strategy, columns, shape):
    X, y = series(34, columns, shape)
    (X_0, X_1), (y_0, y_1) = split(X, 5), split(y, 5)
    fitted = forecaster(READERS[reader], columns, strategy, dtype="float64").fit(X_0, y_0)
    expected = slow_training(X, y, strategy, reader)[0]
    for rows in ([range(5)], [range(2), range(2, 5)], [[step] for step in range(5)]):
        f, seen = deepcopy(fitted), [[(r.X_, r.y_)] for r in fitted.regressors_]
        for steps in rows:
            new_X, new_y = (
                pd.concat([step_rows(data, k) for k in steps]) if data is not None else None for data in (X_1, y_1)
            )
            f.update(new_X, new_y, train=True)
            for regressor, parts in zip(f.regressors_, seen, strict=True):
                parts.append((regressor.X_, regressor.y_))
        for parts, (windows, targets, _) in zip(seen, expected, strict=True):
            mine, wanted = (
                in_order(*(np.concatenate(part) for part in zip(*parts, strict=True))),
                in_order(windows, targets),
            )
            if reader == "sequences":  # older windows come with the new ones again
                mine, wanted = (np.unique(np.nan_to_num(table, nan=-1e9), axis=0) for table in (mine, wanted))
            np.testing.assert_array_equal(mine, wanted)


def test_an_update_that_trains_is_partial_fit_by_hand():
    _, y = series(34)
    f = forecaster(SGDRegressor(random_state=0, eta0=1e-4)).fit(None, y[:30])
    by_hand, (rows, targets, _) = deepcopy(f.regressors_[0]), slow_training(None, y, "recursive", "flat")[0][0]
    before = f.forecast(3)
    by_hand.partial_fit(rows[-4:], targets[-4:])
    f.update(None, y[30:], train=True)
    np.testing.assert_allclose(f.regressors_[0].coef_, by_hand.coef_)
    assert not np.allclose(f.forecast(3), before)


def test_an_update_that_fails_in_training_leaves_the_forecaster_as_it_was():
    _, y = series(30)
    f = forecaster(Recorder(), strategy="direct").fit(None, y[:25])

    def stopped(X, y):
        raise ArithmeticError

    f.regressors_[-1].partial_fit = stopped
    before = [regressor.X_ for regressor in f.regressors_]
    with pytest.raises(ArithmeticError):
        f.update(None, y[25:], train=True)
    assert len(f.history_) == 25
    assert all(regressor.X_ is X for regressor, X in zip(f.regressors_, before, strict=True))


def test_training_on_needs_partial_fit():
    _, y = series(30)
    f = forecaster(Ridge()).fit(None, y[:20])
    with pytest.raises(ValueError, match="needs partial_fit, which Ridge does not have: choose an LSTMRegressor"):
        f.update(None, y[20:], train=True)
    assert len(f.history_) == 20


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_lstm_goes_on_training(shape, strategy):
    _, y = series(34, shape=shape)
    old, new = split(y, 4)
    f = forecaster(model(max_iter=2), strategy=strategy).fit(None, old)
    theta, n_iter = f.regressors_[0].theta_.copy(), f.regressors_[0].n_iter_
    f.update(None, new, train=True)
    assert (f.regressors_[0].theta_ != theta).any()
    assert f.regressors_[0].n_iter_ == n_iter + 5
    assert f.regressors_[0].learning_rate_init == 0.01  # small steps are taken for a while


@pytest.mark.filterwarnings("ignore:.*(windows are left out|steps are passed over)")
@pytest.mark.parametrize("name", ["ridge", "lstm"])
@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_fitted_values_are_one_step_predictions_by_hand(strategy, shape, columns, name):
    X, y = series(26, columns, shape)
    y.iloc[[5, 12]] = np.nan
    f = forecaster(REGRESSORS[name], columns, strategy, dtype="float64").fit(X, y)
    fitted_values, n_ahead = f.fitted_values_, 1 if strategy == "recursive" else H
    n_targets, is_lstm = 2 if shape == "several" else 1, name == "lstm"
    for key, part in by_series(y).items():
        table, known, past = arrays(None if X is None else by_series(X)[key], part)
        mine = np.reshape(by_series(fitted_values)[key], (-1, n_targets))
        for o in range(len(part)):
            row = np.array(slow_row(table, known, past, o, n_ahead, is_lstm))
            knows = o + n_ahead <= len(part) or not known.shape[1]
            present = ~np.isnan(row).any(axis=-1)
            if present.any() and knows:
                expected = f.regressors_[0].predict(row[np.newaxis]).reshape(-1, n_targets)[0]
                np.testing.assert_allclose(mine[o], expected)
            else:
                assert np.isnan(mine[o]).all()
    assert np.isfinite(fitted_values).to_numpy().mean() > 0.3
    residuals = pd.DataFrame(f.residuals_)
    np.testing.assert_array_equal(residuals.loc[y.index], pd.DataFrame(y) - pd.DataFrame(fitted_values).loc[y.index])


# ---- LSTMs inside of other estimators


@pytest.mark.parametrize("shape", ["single", "several"])
@pytest.mark.parametrize("columns", ["none", "both"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "nest",
    [
        lambda lstm: make_pipeline("passthrough", lstm),
        lambda lstm: TransformedTargetRegressor(lstm),
        lambda lstm: TransformedTargetRegressor(make_pipeline(lstm)),
    ],
    ids=["Pipeline", "TransformedTargetRegressor", "both"],
)
def test_an_lstm_inside_of_another_estimator_reads_the_same_sequences(nest, strategy, columns, shape):
    X, y = series(30, columns, shape)
    steps = reach(columns, strategy)
    (X, X_future), (y, _) = split(X, steps), split(y, steps)
    y.iloc[6] = np.nan
    bare = forecaster(model(max_iter=2, solver="lbfgs"), columns, strategy).fit(X, y)
    nested = forecaster(nest(model(max_iter=2, solver="lbfgs")), columns, strategy).fit(X, y)
    np.testing.assert_allclose(nested.forecast(steps, X_future), bare.forecast(steps, X_future), rtol=1e-4)
    (prefix,) = [k for k, v in nested.regressors_[0].get_params().items() if isinstance(v, LSTMRegressor)]
    inner = nested.regressors_[0].get_params()[prefix]
    assert inner.n_targets == (2 if shape == "several" else 1)
    assert inner.n_channels == bare.regressors_[0].n_features_in_


@pytest.mark.parametrize("shape", ["single", "several"])
def test_bags_and_scalers_around_an_lstm_do_what_they_do_by_hand(shape):
    X, y = series(40, "known", shape)
    (X, X_future), (y, _) = split(X, H), split(y, H)
    n_targets = 2 if shape == "several" else 1
    rows, targets, _ = slow_training(X, y, "multioutput", "sequences")[0][0]
    known = np.concatenate((X, X_future))
    context = np.array(slow_row(arrays(X, y)[0], known, np.empty((len(y), 0)), len(y), H, True)).reshape(1, -1)
    for regressor in (
        BaggingRegressor(model(max_iter=2), n_estimators=3, random_state=0),
        make_pipeline(StandardScaler(), model(max_iter=2)),
    ):
        f = forecaster(regressor, "known", "multioutput", dtype="float64").fit(X, y)
        (prefix,) = [k for k, v in regressor.get_params().items() if isinstance(v, LSTMRegressor)]
        by_hand = clone(regressor).set_params(
            **{f"{prefix}__n_channels": rows.shape[2], f"{prefix}__n_targets": n_targets}
        )
        by_hand.fit(rows.reshape(len(rows), -1), targets)
        expected = by_hand.predict(context).reshape(H, n_targets)
        np.testing.assert_allclose(np.reshape(f.forecast(H, X_future), (H, n_targets)), expected, rtol=1e-9)


@pytest.mark.parametrize("nest", [MultiOutputRegressor, BaggingRegressor])
def test_ensembles_inside_of_other_estimators(nest):
    _, y = series(30)
    regressor = nest(RandomForestRegressor(3, random_state=0))
    assert len(forecaster(regressor, strategy="multioutput").fit(None, y).forecast(2)) == 2


# ---- the index


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=24, freq="h"),
        pd.DatetimeIndex(pd.date_range("2024-01-01", periods=24, freq="D").to_numpy()),
        pd.date_range("2024-03-20", periods=24, freq="D", tz="Europe/Berlin"),  # clocks change on 31 March
        pd.date_range("2024-03-30 06:00", periods=24, freq="h", tz="Europe/Berlin"),
        pd.date_range("2024-10-26 10:00", periods=24, freq="h", tz="Europe/Berlin"),
        pd.date_range("2022-01-31", periods=24, freq="ME"),
        pd.date_range("2022-01-01", periods=24, freq="MS", name="month"),
        pd.date_range("2024-01-01", periods=24, freq="B"),
        pd.date_range("2024-01-07", periods=24, freq="W"),
        pd.date_range("2018-01-01", periods=24, freq="QS"),
        pd.period_range("2022-01", periods=24, freq="M", name="month"),
        pd.period_range("2020Q1", periods=24, freq="Q"),
        pd.RangeIndex(5, 5 + 3 * 24, 3, name="row"),
        pd.Index(np.arange(100, 124)),
    ],
    ids=lambda index: f"{type(index).__name__}-{getattr(index, 'freqstr', None)}-{getattr(index, 'tz', None)}",
)
@pytest.mark.parametrize("has_freq", [True, False])
def test_the_index_goes_on(index, has_freq):
    whole = index
    if not has_freq and isinstance(index, pd.DatetimeIndex):
        index = index._with_freq(None)
    y = pd.Series(np.random.default_rng(0).normal(size=24), index, name="sales")
    for data in (y, y.to_frame().assign(more=1.0)):
        f = forecaster(Ridge()).fit(None, data[:-5])
        forecast = f.forecast(5)
        assert list(forecast.index) == list(whole[-5:])
        assert forecast.index.name == index.name
        np.testing.assert_array_equal(f.predict(rows_only(data[-5:])), forecast)
        np.testing.assert_array_equal(f.predict(rows_only(data[-2:])), forecast[-2:])
        assert f.fitted_values_.index.equals(data.index[:-5])
        names = [forecast.name] if data.ndim == 1 else list(forecast.columns)
        assert names == ["sales", "more"][: len(names)]


def test_an_index_too_short_to_tell_counts_from_one():
    y = pd.Series([1.0, 2.0], pd.to_datetime(["2024-01-01", "2024-01-02"]))
    f = forecaster(Ridge(), window_length=1).fit(None, y)
    with pytest.warns(UserWarning, match="too short to tell its frequency.*asfreq") as caught:
        assert list(f.forecast(2).index) == [1, 2]
    assert caught[0].filename == __file__
    assert len(f.predict(rows_only(y).set_axis(pd.to_datetime(["2024-02-01", "2024-03-01"])))) == 2


@pytest.mark.parametrize("keys", [["x", "y"], [7, 3], pd.to_datetime(["2020", "2010"])])
def test_the_two_levels_of_a_panel_stay(keys):
    index = pd.MultiIndex.from_product(
        [keys, pd.period_range("2024-01", periods=20, freq="M")], names=["shop", "month"]
    )
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), index, columns=pd.Index(["u", "v"], name="what"))
    forecast = forecaster(Ridge()).fit(None, y).forecast(3)
    expected = pd.MultiIndex.from_product([keys, pd.period_range("2025-09", periods=3, freq="M")], names=index.names)
    pd.testing.assert_index_equal(forecast.index, expected)
    pd.testing.assert_index_equal(forecast.columns, y.columns)


# ---- the same bits, and nothing else touched


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_fits_give_the_same_bits_and_leave_the_global_generator_alone(strategy):
    X, y = series(40, "known")
    (X, X_future), (y, _) = split(X, H), split(y, H)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    forecasts = []
    for regressor in (model(), clone(model())):
        f = forecaster(regressor, "known", strategy, intervals="bootstrap", calibration_size=0.5)
        forecasts.append(f.fit(X, y).forecast(H, X_future, coverage=0.5))
    forecasts.append(pickle.loads(pickle.dumps(f)).forecast(H, X_future, coverage=0.5))
    forecasts.append(clone(f).fit(X, y).forecast(H, X_future, coverage=0.5))
    for other in forecasts[1:]:
        pd.testing.assert_frame_equal(other, forecasts[0], check_exact=True)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_neither_data_nor_parameters_are_changed():
    X, y = series(30, "both", "panel")
    X_before, y_before, weight = X.copy(), y.copy(), np.ones(len(y))
    regressor, transformer = model(max_iter=2), StandardScaler()
    f = forecaster(regressor, "both", "direct", target_transformer=transformer).fit(X, y, weight)
    f.regressor, f.target_transformer = regressor, transformer
    f.fit(X, y, weight)
    f.fitted_values_  # noqa: B018
    attributes = pickle.dumps({k: v for k, v in vars(f).items() if k not in f.get_params()})
    future = split(X, H)[1]
    future.index = future.index.set_levels(future.index.levels[1] + pd.Timedelta(H, "D"), level=1)
    f.forecast(H, future)
    f.predict(future)
    assert pickle.dumps({k: v for k, v in vars(f).items() if k not in f.get_params()}) == attributes
    pd.testing.assert_frame_equal(X, X_before)
    pd.testing.assert_series_equal(y, y_before)
    assert (weight == 1).all()
    assert not hasattr(regressor, "theta_")
    assert not hasattr(transformer, "mean_")


def test_predict_may_run_in_several_threads():
    _, y = series(60, shape="panel")
    f = forecaster(model(max_iter=2)).fit(None, y)
    expected = f.forecast(20)
    with ThreadPoolExecutor(4) as pool:
        for forecast in pool.map(f.forecast, [20, 5] * 10):
            np.testing.assert_array_equal(forecast, expected.loc[forecast.index])


def test_what_is_done_to_the_data_after_fit_has_no_effect():
    rng = np.random.default_rng(0)
    X, y, future = rng.normal(size=(30, 2)), rng.normal(size=30), rng.normal(size=(3, 2))
    f = forecaster(Ridge()).fit(X, y)
    forecast = f.forecast(3, future)
    X[:] = y[:] = 99
    pd.testing.assert_series_equal(f.forecast(3, future), forecast)


# ---- weights, counts and odd inputs


def test_rows_of_weight_zero_are_not_learnt_but_stay_in_windows():
    X, y = series(40, "known")
    weight = np.ones(40)
    weight[10:15] = 0
    f = forecaster(Ridge(), "known").fit(X, y, weight)
    ((rows, targets, _),) = slow_training(X, y, "recursive", "flat")[0]
    learnt = np.delete(np.arange(len(rows)), np.arange(10, 15) - L)
    by_hand = Ridge().fit(rows[learnt], targets[learnt])
    np.testing.assert_allclose(f.regressors_[0].coef_, by_hand.coef_)
    assert not np.allclose(by_hand.coef_, Ridge().fit(rows, targets).coef_)


def test_weights_reach_the_last_step_of_a_pipeline():
    _, y = series(40)
    weight = np.random.default_rng(0).random(40)
    scaled = forecaster(make_pipeline(FunctionTransformer(), Ridge())).fit(None, y, weight).forecast(3)
    pd.testing.assert_series_equal(scaled, forecaster(Ridge()).fit(None, y, weight).forecast(3))
    assert not np.allclose(scaled, forecaster(Ridge()).fit(None, y).forecast(3))


@pytest.mark.parametrize("regressor", [KNeighborsRegressor(), make_pipeline(StandardScaler(), KNeighborsRegressor())])
def test_a_regressor_without_weights_is_named(regressor):
    _, y = series(40)
    with pytest.raises(TypeError, match="KNeighborsRegressor takes no sample_weight"):
        forecaster(regressor).fit(None, y, np.ones(40))


@pytest.mark.parametrize("nest", [lambda lstm: lstm, make_pipeline], ids=["bare", "nested"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_counts_stay_counts(strategy, nest):
    y = pd.Series(np.random.default_rng(0).poisson(3, size=60))
    f = forecaster(nest(model(loss="poisson")), strategy=strategy).fit(None, y)
    assert (f.forecast(H) > 0).all()
    with pytest.raises(ValueError, match="poisson"):
        forecaster(nest(model(loss="poisson")), strategy=strategy).fit(None, y - 5)


@pytest.mark.parametrize(
    "change",
    [
        lambda y: y.round().astype("int64"),
        lambda y: y.round().astype("Int64"),
        lambda y: y.round().astype("Int64").mask(np.arange(len(y)) == 15),
        lambda y: y.astype("Float64").mask(np.arange(len(y)) == 15),
        lambda y: y.astype(object),
        lambda y: y.astype("float32"),
        lambda y: y > y.mean(),
    ],
    ids=["int64", "Int64", "Int64 with NA", "Float64 with NA", "object", "float32", "bool"],
)
def test_every_dtype_of_numbers_is_read_as_float64(change):
    X, y = series(40, "known")
    X, y = X.apply(change), change(y)
    plain = [pd.DataFrame(data).astype(object).apply(pd.to_numeric).astype("float64") for data in (X, y)]
    new = forecaster(REGRESSORS["boosting"], "known")
    forecast = clone(new).fit(X[:-3], y[:-3]).forecast(3, X[-3:])
    expected = clone(new).fit(plain[0][:-3], plain[1].iloc[:-3, 0]).forecast(3, plain[0][-3:])
    pd.testing.assert_series_equal(forecast, expected)


def test_every_memory_layout_is_read():
    X, y = series(40, "known", "several")
    X, y = X.to_numpy(), y.to_numpy()
    expected = forecaster(model(max_iter=2)).fit(X[:-3], y[:-3]).forecast(3, X[-3:])
    frozen = X.copy(), y.copy()
    for data in frozen:
        data.flags.writeable = False
    for X_other, y_other in (
        (np.asfortranarray(X), np.asfortranarray(y)),
        (X[::-1].copy()[::-1], y[::-1].copy()[::-1]),
        frozen,
        (X.tolist(), y.tolist()),
    ):
        f = forecaster(model(max_iter=2)).fit(X_other[:-3], y_other[:-3])
        pd.testing.assert_frame_equal(f.forecast(3, X_other[-3:]), expected)


@pytest.mark.parametrize("regressor", [Ridge(), model(), model(instance_norm="last-standard")])
def test_a_constant_series_stays_constant(regressor):
    y = pd.Series(np.full(30, 5.0))
    np.testing.assert_allclose(forecaster(regressor).fit(None, y).forecast(4), 5)
    np.testing.assert_allclose(forecaster(regressor, target_transformer=StandardScaler()).fit(None, y).forecast(4), 5)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("regressor", [Ridge(), model(max_iter=2)])
def test_a_window_of_one_row_and_more_steps_than_rows_in_it(regressor, strategy):
    _, y = series(40)
    steps = None if strategy == "recursive" else 7
    f = Forecaster(regressor, window_length=1, strategy=strategy, steps=steps).fit(None, y)
    assert f.n_dropped_ == 0
    assert f.forecast(7).nunique() == 7
    assert f.forecast(1).equals(f.forecast(7)[:1])


def test_a_forecast_that_the_transformer_cannot_undo_is_explained():
    y = 100.0 + np.arange(30.0)
    bounded = FunctionTransformer(lambda y: y, lambda z: np.where(z < 129.5, z, np.nan))
    f = Forecaster(Ridge(1e-9), window_length=2, target_transformer=bounded).fit(None, y)
    with pytest.raises(ValueError, match=r"(?s)not finite: target_transformer=Func.* cannot undo it"):
        f.forecast(2)


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_missing_values_at_the_end_are_explained():
    _, y = series(30)
    y.iloc[-2:] = np.nan
    f = forecaster(Ridge()).fit(None, y)
    with pytest.raises(ValueError, match=r"last window_length=3 rows hold 1 values, and Ridge needs all of them"):
        f.forecast(2)
    assert forecaster(model()).fit(None, y).forecast(2).notna().all()
    y.iloc[-L:] = np.nan
    with pytest.raises(ValueError, match="needs at least one"):
        forecaster(model()).fit(None, y).forecast(2)


def test_an_lstm_with_indicators_reads_columns_that_are_never_there_together():
    X, y = series(60, "past")
    y.iloc[::2], X.iloc[1::2] = np.nan, np.nan
    lstm = LSTMRegressor(3, max_iter=2, learning_rate="cosine", instance_norm="last", n_targets=1, random_state=0)
    with pytest.raises(ValueError, match="No window of window_length=3 can be learnt from"):
        forecaster(lstm, "past", "direct").fit(X, y)
    reading = forecaster(clone(lstm).set_params(missing="indicator"), "past", "direct").fit(X, y)
    assert reading.forecast(2).notna().all()
    X.iloc[-2] += 1  # the newest of the past-only columns, beside a missing y
    other = forecaster(clone(lstm).set_params(missing="indicator"), "past", "direct").fit(X, y)
    assert (other.forecast(2) != reading.forecast(2)).all()


def test_windows_lost_to_missing_values_are_counted_in_a_warning():
    X, y = series(30, "both")
    y.iloc[10] = np.nan
    for strategy in STRATEGIES:
        with pytest.warns(UserWarning, match=f"^{L} windows are left out") as caught:
            forecaster(Ridge(), "both", strategy).fit(X, y)
        assert caught[0].filename == __file__


def test_the_score_leaves_missing_truths_out():
    _, y = series(30, shape="several")
    f = forecaster(Ridge()).fit(None, y[:24])
    truth, answers, weight = y[24:].copy(), f.forecast(6), np.arange(6.0)
    truth.iloc[2, 1] = np.nan
    kept = [0, 1, 3, 4, 5]
    assert f.score(rows_only(truth), truth) == pytest.approx(r2_score(truth.iloc[kept], answers.iloc[kept]))
    expected = r2_score(truth.iloc[kept], answers.iloc[kept], sample_weight=weight[kept])
    assert f.score(rows_only(truth), truth, weight) == pytest.approx(expected)


# ---- scikit-learn's settings


def test_transformers_may_answer_in_pandas():
    X, y = series(40, "known")
    settings = {"target_transformer": PowerTransformer()}
    regressors = [make_pipeline(StandardScaler(), r) for r in (Ridge(), model(max_iter=2))]
    for regressor in regressors:
        expected = forecaster(regressor, "known", **settings).fit(X[:-3], y[:-3]).forecast(3, X[-3:])
        with sklearn.config_context(transform_output="pandas"):
            f = forecaster(regressor, "known", **settings).fit(X[:-3], y[:-3])
            np.testing.assert_allclose(f.forecast(3, X[-3:]), expected, rtol=1e-6)


def test_metadata_routing_brings_weights():
    _, y = series(40)
    weight, cv = np.random.default_rng(0).random(40), TimeSeriesSplit(2, test_size=4)
    errors = [
        -mean_absolute_error(y[o : o + 4], forecaster(Ridge()).fit(None, y[:o], weight[:o]).forecast(4))
        for o in (32, 36)
    ]
    with sklearn.config_context(enable_metadata_routing=True):
        f = forecaster(Ridge()).set_fit_request(sample_weight=True)
        scoring = make_scorer(mean_absolute_error, greater_is_better=False).set_score_request(sample_weight=False)
        scores = cross_val_score(f, rows_only(y), y, cv=cv, params={"sample_weight": weight}, scoring=scoring)
    np.testing.assert_allclose(scores, errors)


# ---- columns that give the target away


def walk(n=80, shape="single", seed=5):
    """A random walk or several, and a calendar beside it."""
    X, y = series(n, "known", shape, seed)
    return X, y


def advised(error):
    """The call that a message ends with."""
    return re.search(r"fit\(.*\)", str(error.value)).group()


LEAKS = {
    "the frame that y is of": lambda X, y: y.to_frame(),
    "beside others": lambda X, y: X.assign(copy=2 * y.astype("float32")),
    "two of them": lambda X, y: X.assign(now=-y, later=y.shift(-3)).fillna(0),
    "an array": lambda X, y: np.c_[X, y * 3 + 1],
    "an array of nothing else": lambda X, y: np.c_[y],
}


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_gives_the_target_away_is_refused_with_the_call_that_mends(name, shape):
    X, y = walk(shape=shape)
    if name == "two of them" and shape == "panel":
        pytest.skip("shift crosses from one series to the next")
    X = LEAKS[name](X, y)
    f = forecaster(Ridge()).fit(None, y)
    before = f.forecast(2)
    with pytest.raises(ValueError, match="gives away what is to be forecast") as error:
        f.fit(X, y)
    pd.testing.assert_series_equal(f.forecast(2), before)
    f = eval(f"f.{advised(error)}", {"f": f, "X": X, "y": y, "np": np})
    assert f.n_features_in_ == np.shape(X)[1] - (2 if name == "two of them" else 1)


@pytest.mark.parametrize("rows", [slice(None), slice(0, 30)], ids=["all", "few"])
def test_no_search_no_score_and_no_backtest_takes_a_column_that_gives_the_target_away(rows):
    _, y = walk()
    y = y[rows]
    X, f, folds = y.to_frame(), forecaster(Ridge()), TimeSeriesSplit(2, test_size=3)
    for attempt in (
        lambda: backtest(f, X, y, steps=3, n_origins=4),
        lambda: cross_val_score(f, X, y, cv=folds, error_score="raise"),
        lambda: GridSearchCV(f, {"window_length": [3, 4]}, cv=folds, error_score="raise").fit(X, y),
    ):
        with pytest.raises(ValueError, match=r"its column 'sales' is y at the same row. Leave it out: fit\(None, y\)"):
            attempt()


def test_of_past_only_columns_those_of_later_rows_give_the_target_away():
    _, y = walk()
    X = pd.DataFrame({"now": y, "next": y.shift(-1)})
    f = Forecaster(HistGradientBoostingRegressor(max_iter=2), window_length=3, past_only=["now", "next"])
    with pytest.raises(ValueError, match="'next' is y 1 row later") as error:
        f.fit(X, y)
    assert "'now'" not in advised(error)
    eval(f"f.{advised(error)}", {"f": f.set_params(past_only=["now"]), "X": X, "y": y})


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_what_is_known_too_late_for_all_steps_gives_the_target_away(strategy):
    _, y = walk()
    f = forecaster(Ridge(), strategy=strategy)
    with pytest.raises(ValueError, match="'sales' is y 2 rows before"):
        f.fit(y.shift(H - 1).dropna().to_frame(), y[H - 1 :])
    f.fit(y.shift(H).dropna().to_frame(), y[H:])


def test_every_target_is_compared_by_its_name():
    X, y = walk(shape="several")
    with pytest.raises(ValueError, match="'copy' is the target 'z' at the same row"):
        forecaster(Ridge()).fit(X.assign(copy=y["z"]), y)
    with pytest.raises(ValueError, match="'x0' is the target 1 2 rows later"):
        forecaster(Ridge()).fit(y["z"].shift(-2)[:-2].to_numpy()[:, np.newaxis], y[:-2].to_numpy())


@pytest.mark.parametrize(
    ("nearly", "message"),
    [
        (lambda y: y + 0.005 * np.random.default_rng(0).normal(size=len(y)), "changes almost exactly as y at the same"),
        (lambda y: np.exp(y / 3), "is in the same order as y"),
    ],
)
def test_a_column_that_nearly_gives_the_target_away_warns_at_the_users_line(nearly, message):
    X, y = walk()
    with pytest.warns(UserWarning, match=message) as caught:
        forecaster(Ridge()).fit(X.assign(near=nearly(y)), y)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_series_given_for_its_columns_is_told_where_it_belongs():
    _, y = walk()
    with pytest.raises(ValueError, match=r"fit\(None, series\)"):
        forecaster(Ridge()).fit(y, y)
    f = forecaster(Ridge()).fit(None, y[:-3])
    with pytest.raises(ValueError, match=r"series.to_frame\(\)\[\[\]\]") as error:
        f.predict(y[-3:])
    rows = re.search(r"series\.to_frame\S*\]", str(error.value)).group()
    assert len(f.predict(eval(rows, {"series": y[-3:]}))) == 3


# ---- answers that are none


class Answering(RegressorMixin, BaseEstimator):
    """Answers with what a function makes of the rows."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.answer(np.asarray(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


NO_ANSWERS = {
    "nothing": (lambda X: None, "returned nothing, but 1 rows of 1 values"),
    "too many columns": (lambda X: X[:, :3], r"an array of shape \(1, 3\), but 1 rows of 1 values"),
    "too few rows": (lambda X: X[1:, 0], r"an array of shape \(0,\)"),
    "too many rows": (lambda X: np.zeros(len(X) + 1), r"an array of shape \(2,\)"),
    "a single number": (lambda X: 1.0, r"an array of shape \(\)"),
    "complex numbers": (lambda X: X[:, 0] + 1j, "complex"),
    "text": (lambda X: X[:, 0].astype(str), "The output of Answering.predict holds text"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_no_answer_is_refused(name, strategy):
    _, y = series(30)
    answer, message = NO_ANSWERS[name]
    f = forecaster(Answering(answer), strategy=strategy)
    if strategy == "multioutput":
        if name == "too many columns":
            return  # three are asked for
        message = message.replace("of 1 values", "of 3 values")
    with pytest.raises((TypeError, ValueError), match=message):
        f.fit(None, y).forecast(1)


def test_more_targets_than_there_are_are_not_cut_off():
    _, y = series(30, shape="several")
    f = forecaster(Answering(lambda X: X[:, :3])).fit(None, y)
    with pytest.raises(
        ValueError, match=r"Answering.predict returned an array of shape \(1, 3\), but 1 rows of 2 values"
    ):
        f.forecast(2)


NOT_FINITE = {
    "infinite": lambda X: np.full(len(X), np.inf),
    "negative infinite": lambda X: np.full(len(X), -np.inf),
    "missing": lambda X: np.full(len(X), np.nan),
    "masked": lambda X: np.ma.masked_greater(X[:, 0], -1e9),
    "None": lambda X: np.array([None] * len(X)),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", NOT_FINITE)
def test_forecasts_that_are_not_finite_are_refused(name, strategy):
    _, y = series(30)

    n_outputs = H if strategy == "multioutput" else 1
    f = forecaster(Answering(lambda X: np.ma.stack([NOT_FINITE[name](X)] * n_outputs, axis=1)), strategy=strategy)
    f.fit(None, y)
    with pytest.raises(ValueError, match="is not finite"):
        f.forecast(3)
    with pytest.raises(ValueError, match="is not finite"):
        f.predict(rows_only(y.shift(2, freq="D"))[-2:])
    assert f.fitted_values_.isna().all()


def test_a_forecast_that_overflows_on_the_way_is_refused():
    y = pd.Series(2.0 ** np.arange(40))
    f = Forecaster(LinearRegression(), window_length=1, clip_recursion=False).fit(None, y)
    assert np.isfinite(f.forecast(900)).all()
    with pytest.raises(ValueError, match="leads to a forecast, or an end of an interval, that is not finite"):
        f.forecast(1100)


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_forecasts_and_intervals_that_overflow_in_the_transformer_are_refused(intervals):
    y = pd.Series(10 + 0.1 * np.arange(90) + np.random.default_rng(0).normal(size=90))
    bound = y.max() + 0.2  # above the forecasts, below the upper ends
    overflowing = FunctionTransformer(lambda y: y / 10, lambda z: np.where(z > bound / 10, np.inf, z * 10))
    f = forecaster(Ridge(), target_transformer=overflowing, intervals=intervals, calibration_size=40).fit(None, y)
    assert np.isfinite(f.forecast(2)).all()
    with pytest.raises(ValueError, match="end of an interval, that is not finite"):
        f.forecast(10, coverage=0.9)


def test_a_network_that_answers_with_no_number_says_so():
    X, y = np.random.default_rng(0).normal(size=(2, 20, 5, 1))
    fitted = model().fit(X, y[:, 0, 0])
    fitted.readout_bias_[:] = np.inf
    for attempt in (lambda: fitted.predict(X), lambda: fitted.forecast(2, context=X)):
        with pytest.raises(ValueError, match="The answer for row 0 of 20 is not finite"):
            attempt()
    every = model().fit(np.where(np.arange(5)[:, np.newaxis] == 2, np.nan, X), y)
    assert np.isnan(every.predict(np.where(np.arange(5)[:, np.newaxis] == 2, np.nan, X))).sum() == 20


# ---- series of a panel that cannot be forecast


def lame_panel():
    """Two series that can be forecast by three rows, one of two rows, and one without a value at its end."""
    _, y = series(30, shape="panel")
    short, gone = y.loc[["a"]].iloc[:2], y.loc[["c"]].copy()
    gone.iloc[-2:] = np.nan
    return pd.concat([y.loc[["b"]], short, gone, y.loc[["a"]].rename({"a": "d"})])


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_series_that_cannot_be_forecast_leave_the_others_theirs():
    y = lame_panel()
    f = forecaster(Ridge()).fit(None, y)
    with pytest.warns(UserWarning, match=r"2 of 4 series cannot be forecast, and are NaN: \['a', 'c'\]") as caught:
        forecast = f.forecast(2)
    assert [warning.filename for warning in caught] == [__file__]
    assert forecast[["a", "c"]].isna().all()
    assert forecast[["a", "c"]].index.get_level_values(0).tolist() == ["a", "a", "c", "c"]
    for key in "bd":
        alone = f.forecast(2, history=y.xs(key))
        np.testing.assert_allclose(forecast[key], alone, rtol=1e-12)
    rows = rows_only(forecast)
    with pytest.warns(UserWarning, match="2 of 4 series"):
        np.testing.assert_array_equal(f.predict(rows), forecast)
    with pytest.warns(UserWarning, match="2 of 4 series"):
        score = f.score(rows, forecast.fillna(0) + np.arange(8))
    assert score == pytest.approx(f.score(rows.loc[["b", "d"]], (forecast.fillna(0) + np.arange(8))[["b", "d"]]))


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_series_none_of_which_can_be_forecast_are_an_error():
    f = forecaster(Ridge()).fit(None, lame_panel())
    lame = f.history_[["a", "c"]]
    with pytest.raises(ValueError, match="The history of the series 'a' cannot be forecast from"):
        f.forecast(2, history=lame)
    with pytest.raises(ValueError, match="The history of the series 'a' cannot be forecast from"):
        f.predict(after_end(lame.loc[["a"]]))


def after_end(y):
    """The row after the last of a single series of a panel."""
    key, day = y.index[-1]
    index = pd.MultiIndex.from_tuples([(key, day + pd.Timedelta(1, "D"))], names=y.index.names)
    return pd.DataFrame(index=index)


# ---- recursions that run away


def wandering(kind, n, seed):
    """A level, a season of 12, a random walk, a straight line or a constant."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    match kind:
        case "level":
            return 20 + rng.normal(size=n)
        case "season":
            return 10 * np.sin(2 * np.pi * (t + rng.integers(12)) / 12) + rng.normal(size=n)
        case "walk":
            return rng.normal(size=n).cumsum()
        case "line":
            return 10 * rng.normal() + rng.normal() * t
        case "constant":
            return np.full(n, 10 * rng.normal())


def check_bound(kind, n, seed):
    y = wandering(kind, n, seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There are . windows to learn from")
        path = Forecaster().fit(None, y).forecast(36).to_numpy()
    if n < 6:
        np.testing.assert_allclose(path, y[-1])
    if kind == "constant":
        np.testing.assert_allclose(path, y[0])
    elif kind == "line" and n >= 6:
        truth = y[-1] + (y[1] - y[0]) * np.arange(1, 37)
        assert np.abs(path - truth).mean() <= np.abs(theta(y, 36) - truth).mean()
        assert np.abs(path - truth).max() < 0.2 * np.abs(truth[-1] - y[-1])
    elif kind != "line":
        for steps in (24, 36):
            assert excess(path[:steps], y) <= allowed(y, steps)


FEW = [("walk", 12, 1), ("walk", 6, 2), ("season", 12, 0), ("season", 8, 1), ("level", 20, 0), ("walk", 50, 0),
       ("level", 2, 0), ("walk", 5, 0), ("line", 6, 0), ("line", 30, 1), ("constant", 9, 0)]  # fmt: skip


@pytest.mark.parametrize(("kind", "n", "seed"), FEW)
def test_the_default_does_not_run_away(kind, n, seed):
    check_bound(kind, n, seed)


@pytest.mark.slow
@pytest.mark.parametrize("n", [*range(2, 27), 30, 36, 42, 47, 48, 49, 54, 60])
@pytest.mark.parametrize("kind", ["level", "season", "walk", "line", "constant"])
def test_the_default_does_not_run_away_from_any_few_rows(kind, n):
    for seed in range(20 if kind in ("level", "season", "walk") else 3):
        check_bound(kind, n, seed)


def test_a_year_from_six_months_stays_where_they_were():
    y = pd.Series([20.1, 19.9, 20.6, 20.1, 19.5, 20.4], pd.date_range("2024", periods=6, freq="MS"))
    assert Forecaster().fit(None, y).forecast(12).between(18.4, 21.7).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_default_repeats_the_last_value_where_there_is_too_little_to_learn_from(strategy):
    steps = None if strategy == "recursive" else 2
    y = pd.Series([3.0, 1.0, 4.0, 1.5], pd.date_range("2024", periods=4, freq="MS"))
    f = Forecaster(strategy=strategy, steps=steps)
    with pytest.warns(UserWarning, match=r"There are [23] windows to learn from.*repeat the last value"):
        f.fit(None, y)
    assert f.forecast(2).to_list() == [1.5, 1.5]
    f.update(None, y.rename(lambda time: time + pd.DateOffset(months=4)) * 2)
    assert f.forecast(2).to_list() == [3, 3]


def test_the_series_of_a_panel_are_learnt_from_together_however_short():
    y = pd.concat({key: pd.Series(np.arange(4.0) + 10 * key) for key in range(4)})
    forecast = Forecaster().fit(None, y).forecast(3)  # twelve windows
    np.testing.assert_allclose(
        forecast.to_numpy().reshape(4, 3) - 10 * np.arange(4)[:, np.newaxis], [[4, 5, 6]] * 4, atol=1.5
    )


EIGHT = np.random.default_rng(7).normal(size=8).cumsum()


def runs_away(regressor, y=EIGHT, **settings):
    """Where a recursion of its own rows, unheld, leaves the range of y by ten times itself."""
    f = Forecaster(regressor, window_length=4, clip_recursion=False, **settings).fit(None, y)
    return excess(f.forecast(24).to_numpy(), y) > 10 * np.ptp(y)


@pytest.mark.parametrize("regressor", [LinearRegression(), make_pipeline(StandardScaler(), LinearRegression())])
def test_a_regressor_of_ones_own_that_runs_away_is_held_with_a_warning(regressor):
    assert runs_away(regressor)
    f = Forecaster(regressor, window_length=4).fit(None, EIGHT)
    with pytest.warns(
        UserWarning, match=r"runs away when its forecasts are fed back: at step \d+.*clip_recursion=False"
    ):
        held = f.forecast(24)
    assert excess(held.to_numpy(), EIGHT) <= 5 * np.ptp(EIGHT)  # three, and what the slope brings
    # what the warning advises: other strategies, fewer steps
    assert np.isfinite(f.forecast(1)).all()
    for strategy in ("direct", "multioutput"):
        other = Forecaster(regressor, window_length=2, strategy=strategy, steps=2).fit(None, EIGHT)
        assert len(other.forecast(2)) == 2


def test_what_is_held_does_not_depend_on_other_series_or_origins_in_the_call():
    calm = np.sin(np.arange(30) / 3)
    y = pd.concat({"wild": pd.Series(EIGHT), "calm": pd.Series(calm)})
    f = Forecaster(LinearRegression(), window_length=4).fit(None, pd.Series(EIGHT))
    with pytest.warns(UserWarning, match="runs away"):
        alone = f.forecast(24)
    panel = Forecaster(LinearRegression(), window_length=4).fit(None, y)
    panel._batch_forecaster = replace(panel._batch_forecaster, regressor_set=f._batch_forecaster.regressor_set)
    with pytest.warns(UserWarning, match="of 2 forecasts are held"):
        together = panel.forecast(24)
    np.testing.assert_allclose(together["wild"], alone)


def test_growth_is_not_held_where_the_data_support_it():
    t = np.arange(24.0)
    doubling = 100 * 1.08**t
    logarithm = FunctionTransformer(np.log, np.exp)
    forecast = Forecaster(Ridge(1e-6), window_length=4, target_transformer=logarithm).fit(None, doubling).forecast(24)
    np.testing.assert_allclose(forecast, 100 * 1.08 ** (t + 24), rtol=1e-3)
    line = Forecaster(Ridge(1e-6), window_length=4).fit(None, 3 * t).forecast(72)
    np.testing.assert_allclose(line, 3 * (24 + np.arange(72)), rtol=1e-3)
    season = (1 + t / 6) * np.sin(np.pi * t / 2)  # a growing amplitude
    truth = (1 + (t + 24) / 6) * np.sin(np.pi * (t + 24) / 2)
    np.testing.assert_allclose(
        Forecaster(Ridge(1e-9), window_length=12).fit(None, season).forecast(24), truth, atol=0.1
    )


def test_a_known_column_that_leaps_takes_the_forecast_along():
    rng = np.random.default_rng(0)
    price = rng.uniform(1, 2, size=(60, 1))
    price[45:] = 40
    demand = 100 - 2 * price[:, 0] + 0.1 * rng.normal(size=60)
    regressor = make_pipeline(StandardScaler(), Ridge(1e-3))
    held, free = (
        Forecaster(regressor, window_length=3, clip_recursion=clip)
        .fit(price[:40], demand[:40])
        .forecast(20, price[40:])
        for clip in (True, False)
    )
    np.testing.assert_array_equal(held, free)
    assert (held[5:] < 30).all()  # ten times the range of what was known below it


@pytest.mark.parametrize(("before", "after"), [(np.arange(12) % 2, 3), (np.zeros(12), 1)])
def test_a_forecast_runs_away_no_more_where_a_known_column_leaps(before, after):
    """An unseen value of a flag, and a flag that was never set, say little of the target."""
    y = 50 + 2 * np.random.default_rng(3).normal(size=60)[:12]
    for regressor in (None, Ridge(), LinearRegression()):
        forecaster = Forecaster(regressor, window_length=4).fit(before[:, np.newaxis], y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a regressor of one's own is told of
            forecast = forecaster.forecast(60, np.full((60, 1), after))
        assert np.abs(forecast - 50).max() < 25 * np.ptp(y)


@pytest.mark.parametrize("score", ["forecaster", "regressor"])
def test_a_score_has_no_negative_weights(score):
    y = np.random.default_rng(0).normal(size=40).cumsum()
    if score == "forecaster":
        fitted, X, truth = Forecaster(Ridge(), window_length=3).fit(None, y[:30]), np.empty((10, 0)), y[30:]
    else:
        X, truth = np.lib.stride_tricks.sliding_window_view(y[:-1], 3), y[3:]
        fitted = LSTMRegressor(2, solver="lbfgs", max_iter=2, random_state=0, tol=1e9).fit(X, truth)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        fitted.score(X, truth, sample_weight=np.linspace(-1, 1, len(truth)))


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_a_score_is_the_same_in_any_unit(size):
    y = np.random.default_rng(0).normal(size=40).cumsum()
    one, other = (
        Forecaster(window_length=3).fit(None, unit * y[:30]).score(np.empty((10, 0)), unit * y[30:])
        for unit in (1, size)
    )
    assert other == pytest.approx(one, abs=0.01)  # float32 rounds otherwise


def test_a_score_of_nothing_says_so():
    y = np.arange(12.0) ** 1.5
    with pytest.raises(ValueError, match="nothing to score: none of 2 rows"):
        Forecaster(Ridge(), window_length=3).fit(None, y).score(np.empty((2, 0)), [np.nan, np.nan])


def test_what_update_is_told_is_checked():
    y = np.arange(12.0) ** 1.5
    fitted = Forecaster(Ridge(), window_length=3).fit(None, y)
    with pytest.raises(TypeError, match="train must be True or False, got 'no'"):
        fitted.update(None, y[:1], train="no")
    with pytest.raises(ValueError, match="learning_rate_init must be a number above 0, got True"):
        fitted.update(None, y[:1], train=True, learning_rate_init=True)
    assert len(fitted.update(None, y[:1], train=np.False_).history_) == 13


def test_many_origins_are_held_each_by_what_was_known_there():
    y = np.r_[EIGHT, EIGHT[-1] + np.random.default_rng(1).normal(size=30).cumsum()]
    wild = Forecaster(LinearRegression(), window_length=4)
    with pytest.warns(UserWarning, match="of 6 forecasts are held"):
        result = backtest(wild, None, y, steps=24, n_origins=6, refit=False).frame
    fitted = clone(wild).fit(None, y[: len(y) - 24 - 5])
    for number, (_, rows) in enumerate(result.groupby("origin")):
        origin = len(y) - 24 - 5 + number
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_allclose(fitted.forecast(24), rows["forecast"])
        fitted.update(None, y[origin : origin + 1])


def test_paths_are_held_as_the_forecast_is():
    y = np.r_[np.random.default_rng(1).normal(size=30).cumsum(), EIGHT]
    f = Forecaster(LinearRegression(), window_length=12, intervals="bootstrap", calibration_size=10).fit(None, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends = f.forecast(60, coverage=0.8)
    assert excess(ends[["lower_80", "upper_80"]].to_numpy()[1:], y) <= 3 * np.ptp(y) * (1 + 1e-9)


# ---- the default by name


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_default_by_name_gives_the_same_bits(strategy):
    steps = None if strategy == "recursive" else 3
    y = np.random.default_rng(0).normal(size=60).cumsum()
    one, other = (
        Forecaster(regressor, strategy=strategy, steps=steps).fit(None, y) for regressor in (None, default_regressor())
    )
    np.testing.assert_array_equal(one.forecast(3), other.forecast(3))


def test_the_default_by_name_can_be_searched():
    y = np.random.default_rng(0).normal(size=40).cumsum()
    f = Forecaster(default_regressor())  # as the error of set_params says
    with pytest.raises(ValueError, match=r"Forecaster\(default_regressor\(\)\)"):
        Forecaster().set_params(regressor__max_iter=50)
    assert f.set_params(regressor__max_iter=2).regressor.max_iter == 2
    grid = {"regressor__hidden_size": [2, 3]}
    search = GridSearchCV(f, grid, cv=TimeSeriesSplit(2, test_size=4)).fit(np.empty((40, 0)), y)
    assert search.best_estimator_.regressors_[0].hidden_size in (2, 3)
    assert clone(default_regressor()).get_params() == default_regressor().get_params()


# ---- truths and weights by name and index


def shuffled(data, seed=0):
    return data.iloc[np.random.default_rng(seed).permutation(len(data))]


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_are_those_of_the_rows_that_their_index_names(shape):
    X, y = series(30, "known", shape)
    weight = pd.Series(np.random.default_rng(2).uniform(size=len(y)), y.index)
    expected = forecaster(Ridge(), "known").fit(X, y, weight.to_numpy())
    got = forecaster(Ridge(), "known").fit(X, y, shuffled(weight))
    np.testing.assert_array_equal(got.regressors_[0].coef_, expected.regressors_[0].coef_)
    got = forecaster(Ridge(), "known").fit(X, y.to_numpy(), shuffled(weight))  # then it is X that tells the rows
    np.testing.assert_array_equal(got.regressors_[0].coef_, expected.regressors_[0].coef_)


def test_weights_of_other_rows_are_refused():
    _, y = series(30)
    weight = pd.Series(1.0, y.index)
    for other in (weight.shift(1, freq="D"), weight.reset_index(drop=True), weight[:-1], pd.concat([weight, weight])):
        with pytest.raises(ValueError, match="sample_weight and y have different rows"):
            forecaster(Ridge()).fit(None, y, other)
        with pytest.raises(ValueError, match="sample_weight and y have different rows"):
            backtest(forecaster(Ridge()), None, y, steps=2, n_origins=3, sample_weight=other)


def test_a_backtest_weighs_the_rows_that_the_index_names():
    _, y = series(40)
    weight = pd.Series(np.random.default_rng(2).uniform(size=len(y)), y.index)
    one, other = (
        backtest(forecaster(Ridge()), None, y, steps=2, n_origins=3, sample_weight=w)
        for w in (weight.to_numpy(), shuffled(weight))
    )
    pd.testing.assert_frame_equal(one.frame, other.frame)


@pytest.mark.parametrize("shape", SHAPES)
def test_truths_are_scored_at_the_rows_and_under_the_names_that_they_have(shape):
    _, y = series(40, shape=shape)
    train, test = split(y, 4)
    f = forecaster(Ridge()).fit(None, train)
    rows, weight = rows_only(test), pd.Series(np.arange(1.0, len(test) + 1), test.index)
    expected = f.score(rows, test, weight.to_numpy())
    assert expected == pytest.approx(f.score(rows, test.to_numpy(), weight.to_numpy()))
    assert f.score(rows, shuffled(test), shuffled(weight, 1)) == pytest.approx(expected)
    if shape != "panel":
        assert f.score(np.empty((4, 0)), test, weight) == pytest.approx(expected)
        with pytest.raises(ValueError, match="follow the history directly"):
            f.score(np.empty((4, 0)), test.shift(1, freq="D"))
    if shape == "several":
        assert f.score(rows, test[["z", "y"]], weight) == pytest.approx(expected)
        with pytest.raises(ValueError, match=r"columns \['y', 'w'\], but the Forecaster was fitted on \['y', 'z'\]"):
            f.score(rows, test.rename(columns={"z": "w"}))
    times = test.index.get_level_values(-1) + pd.Timedelta(1, "D")
    later = test.set_axis([test.index.get_level_values(0), times] if shape == "panel" else times)
    for other in (later, test.iloc[1:]):
        with pytest.raises(ValueError, match="y and X have different rows"):
            f.score(rows, other)


def test_what_a_backtest_reads_further_ahead_than_it_is_known_gives_the_target_away():
    _, y = walk()
    before, y = y.shift(2).dropna().to_frame("before"), y[2:]
    backtest(forecaster(Ridge()), before, y, steps=2, n_origins=3)
    with pytest.raises(ValueError, match="'before' is y 2 rows before"):
        backtest(forecaster(Ridge()), before, y, steps=3, n_origins=3)


NAMES = {
    "booleans": [True, False],
    "numbers and text": [1, "a"],
    "None": [None, "a"],
    "NaN": [np.nan, "a"],
    "tuples": pd.Index([("Close", "A"), ("Close", "B")], tupleize_cols=False),
    "two levels": pd.MultiIndex.from_tuples([("Close", "A"), ("Close", "B")]),
}


@pytest.mark.parametrize("name", NAMES)
def test_targets_and_columns_may_have_any_names_and_are_matched_by_them(name):
    X, y = series(40, "known", "several")
    y = y.set_axis(NAMES[name], axis=1)
    if name in ("booleans", "tuples", "two levels"):  # scikit-learn takes no mixed names of X
        X = X.set_axis(NAMES[name], axis=1)
    f = forecaster(Ridge(), intervals="conformal").fit(X[:-4], y[:-4])
    X, later = X[-4:], y[-4:]
    forecast = f.forecast(4, X, coverage=0.5)
    assert forecast.shape == (4, 6)
    assert f.forecast(4, X).columns.equals(y.columns)
    swapped = [1, 0]
    pd.testing.assert_frame_equal(f.forecast(4, X.iloc[:, swapped], coverage=0.5), forecast)
    assert f.score(X, later.iloc[:, swapped]) == f.score(X.iloc[:, swapped], later)
    pd.testing.assert_frame_equal(f.update(X, later.iloc[:, swapped]).history_[-4:], later, check_freq=False)


def test_targets_of_one_name_are_refused():
    X, y = series(30, "known", "several")
    with pytest.raises(ValueError, match="y has the column 'y' more than once"):
        forecaster(Ridge()).fit(X, y.set_axis(["y", "y"], axis=1))


# ---- series of any size and level


def waves(sizes, n=60, n_ahead=6):
    """A panel of noisy waves of these sizes by key, and what follows."""
    index = pd.date_range("2024", periods=n + n_ahead, freq="D")
    parts = {}
    for k, (key, size) in enumerate(sizes.items()):
        rng = np.random.default_rng(k)
        parts[key] = pd.Series(
            size * (np.sin(np.arange(n + n_ahead) / (2 + k)) + 0.05 * rng.normal(size=len(index))), index
        )
    panel = pd.concat(parts)
    is_known = panel.index.get_level_values(1) < index[n]
    return panel[is_known], panel[~is_known]


def learner(**settings):
    return model(**{"max_iter": 30, "hidden_size": 8, "instance_norm": "last-standard", **settings})


@pytest.mark.parametrize("ratio", [1e-9, 1e-3, 1e3, 1e9, 2.0**40])
@pytest.mark.parametrize("strategy", ["recursive", "multioutput"])
@pytest.mark.parametrize("kind", [None, "last", "last-standard"])
def test_the_size_of_a_series_beside_others_does_not_matter(ratio, strategy, kind):
    """So a small one is forecast as well as beside one of its own size; intervals too."""

    def answers(size):
        y, _ = waves({"small": 1.0, "large": size})
        f = Forecaster(learner(instance_norm=kind), window_length=8, strategy=strategy, steps=6, intervals="conformal")
        return f.fit(None, y).forecast(6, coverage=0.5)

    one, other = answers(1.0), answers(ratio)
    np.testing.assert_allclose(other.loc["small"], one.loc["small"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(other.loc["large"] / ratio, one.loc["large"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [None, "last", "last-standard"])
def test_a_small_series_is_forecast_beside_a_large_one_as_alone(kind):
    """Of the same kind; over five seeds the mean error was 0.5 to 0.75 of that alone."""
    index, errors = pd.date_range("2024", periods=86), []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        parts = {"small": 1e-6 * np.sin(np.arange(86) / 3), "large": 1e6 * np.sin(np.arange(86) / 3 + 2)}
        parts = {key: pd.Series(y + 0.05 * np.abs(y).max() * rng.normal(size=86), index) for key, y in parts.items()}
        y, truth = pd.concat({key: part[:80] for key, part in parts.items()}), parts["small"][80:]
        f = Forecaster(
            learner(random_state=seed, max_iter=60, learning_rate="cosine", instance_norm=kind), window_length=8
        )
        beside, alone = f.fit(None, y).forecast(6)["small"], f.fit(None, y["small"]).forecast(6)
        errors.append([np.abs(answers - truth).mean() for answers in (beside, alone)])
    beside, alone = np.mean(errors, axis=0)
    assert beside < 1.5 * alone


@pytest.mark.parametrize("value", [0.0, 5.0, 1e-9, -1e9])
def test_a_series_of_a_panel_that_does_not_change_stays_as_it_is_until_it_does(value):
    y, _ = waves({"wave": 1.0, "large": 1e6})
    constant = pd.concat({"constant": y.loc["wave"] * 0 + value})
    f = Forecaster(learner(), window_length=8).fit(None, pd.concat((y, constant)))
    np.testing.assert_allclose(f.forecast(3)["constant"], value, rtol=1e-15)
    wave = pd.concat({"constant": 1e4 * y.loc["wave"]})
    there = f.forecast(3, history=pd.concat((y, wave)))
    assert np.abs(there["constant"]).max() < 3e4
    assert there["constant"].nunique() == 3


def test_a_series_of_a_few_rows_beside_others():
    y, _ = waves({"wave": 1.0, "large": 1e6})
    few = pd.concat({"few": y.loc["wave"].iloc[-2:] * 1e-3})
    f = Forecaster(learner(), window_length=8).fit(None, pd.concat((y, few)))
    assert np.abs(f.forecast(3)["few"]).max() < 0.01


@pytest.mark.parametrize("kind", [None, "last", "last-standard"])
@pytest.mark.parametrize("level", [1e4, -1e7, 1e9])
def test_a_history_at_another_level_is_forecast_from_there(level, kind):
    """Under a key that was learnt from, or not; alone, or in a panel; in float32."""
    y, _ = waves({"a": 1.0, "b": 3.0})
    for known in (y.loc["a"], y):
        f = Forecaster(learner(instance_norm=kind), window_length=8).fit(None, known)
        there = f.forecast(5, history=known + level) - level
        np.testing.assert_allclose(there, f.forecast(5), atol=1e-6 + 4e-16 * abs(level))


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("train", [False, True])
def test_an_update_that_moves_a_series_far_away_loses_no_digits(shape, train):
    """As float64 has them: the same as from a level that float32 can hold."""
    y, _ = waves({"a": 1.0, "b": 3.0}, n=90)
    days = y.index.get_level_values(1)
    answers = []
    for level in (1e4, 1e8):
        moved = y.where(days < days[60], y + level)
        moved = moved if shape == "panel" else moved["a"]
        is_new = moved.index.get_level_values(-1) >= days[60]
        f = Forecaster(learner(), window_length=8).fit(None, moved[~is_new])
        f.update(None, moved[is_new], train=train)
        answers.append(f.forecast(5) - level)
    np.testing.assert_allclose(*answers, atol=1e-5 if not train else 1e-2)


@pytest.mark.parametrize("factor", [1e-8, 1e-3, 1e6])
def test_a_history_of_another_size_is_forecast_in_proportion(factor):
    y, _ = waves({"a": 1.0, "b": 3.0})
    for known in (y.loc["a"], y):
        f = Forecaster(learner(), window_length=8, intervals="conformal").fit(None, known)
        here, there = (f.forecast(5, history=known * size, coverage=0.5) for size in (1, factor))
        np.testing.assert_allclose(there / factor, here, atol=1e-4)


def test_the_history_that_was_learnt_from_is_forecast_the_same_when_it_is_given():
    y, _ = waves({"a": 1.0, "b": 1e5})
    f = Forecaster(learner(instance_norm=None), window_length=8).fit(None, y)
    np.testing.assert_array_equal(f.forecast(5, history=y), f.forecast(5))


@pytest.mark.parametrize("row", [45, 70])
def test_where_a_series_goes_later_changes_no_forecast_before(row):
    """Also of a series that leaps, or that begins to change after the training rows."""
    y, _ = waves({"a": 1.0, "b": 3.0}, n=90)
    days = y.index.get_level_values(1)
    y["b"] = np.where(days.unique() < days[50], 7.0, y["b"])
    other = y.where(days < y["a"].index[row], 1e6 * y + 1e9)
    settings = {"steps": 1, "n_origins": 50, "refit": False}
    f = Forecaster(learner(max_iter=3), window_length=8)
    frames = [backtest(f, None, part, **settings).frame for part in (y, other)]
    before = frames[0]["origin"] < y["a"].index[row]
    np.testing.assert_array_equal(frames[0].loc[before, "forecast"], frames[1].loc[before, "forecast"])
    assert set(frames[0].loc[before, "series"]) == {"a", "b"}


# ---- training further


@pytest.mark.parametrize(
    ("regressor", "mend"),
    [
        (model(early_stopping=True), {"regressor__early_stopping": False}),
        (model(solver="lbfgs"), {"regressor__solver": "adam"}),
        (make_pipeline(StandardScaler(), model()), {"regressor": model()}),
    ],
)
def test_what_has_no_partial_fit_says_what_does(regressor, mend):
    _, y = series(40)
    f = forecaster(regressor).fit(None, y[:30])
    (name, value), *_ = mend.items()
    advised = "LSTMRegressor" if name == "regressor" else f"{name.removeprefix('regressor__')}={value!r}"
    with pytest.raises(ValueError, match=f"needs partial_fit, which .*choose .*{advised}"):
        f.update(None, y[30:], train=True)
    assert len(f.history_) == 30
    f.set_params(**mend).fit(None, y[:30]).update(None, y[30:], train=True)
    assert len(f.history_) == 40


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_default_is_not_harmed_by_training_further(strategy):
    """With the rate that `fit` began with it was half as bad again, and more."""
    t, rng = np.arange(160), np.random.default_rng(0)
    y = np.sin(np.pi * t / 6) + 0.1 * rng.normal(size=160)
    fitted = Forecaster(strategy=strategy, steps=None if strategy == "recursive" else 5, window_length=12)
    fitted.set_params(regressor=default_regressor().set_params(max_iter=40)).fit(None, y[:120])
    errors = []
    for train in (False, True):
        f, error = deepcopy(fitted), []
        for begin in range(120, 160, 5):
            error.append(np.abs(f.forecast(5).to_numpy() - y[begin : begin + 5]).mean())
            f.update(None, y[begin : begin + 5], train=train)
        errors.append(np.mean(error))
    assert errors[1] < 1.1 * errors[0]


def test_a_rate_of_ones_own_is_that_of_an_lstm():
    _, y = series(40)
    f = forecaster(model(), strategy="recursive").fit(None, y[:30])
    slow, fast = (deepcopy(f).update(None, y[30:], train=True, learning_rate_init=rate) for rate in (1e-6, 0.1))
    moved = [np.abs(g.regressors_[0].theta_ - f.regressors_[0].theta_).max() for g in (slow, fast)]
    assert moved[0] < 1e-4 < 1e-2 < moved[1]
    for rate in (0, -1.0, np.inf, "fast"):
        with pytest.raises(ValueError, match="learning_rate_init must be a number above 0"):
            f.update(None, y[30:], train=True, learning_rate_init=rate)
    with pytest.raises(ValueError, match="is that of an LSTMRegressor"):
        f.update(None, y[30:], learning_rate_init=0.1)
    with pytest.raises(ValueError, match="is that of an LSTMRegressor"):
        forecaster(SGDRegressor()).fit(None, y[:30]).update(None, y[30:], train=True, learning_rate_init=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_older_windows_that_come_with_new_ones_do_not_lead_to_rows_of_weight_zero(shape):
    _, y = series(40, shape=shape)
    old, new = split(y, 4)
    asked, weight = [], np.ones(len(old))
    spoilt = old.copy()
    weight[5:20] = 0
    spoilt.iloc[5:20] += 1e6  # in windows they stay, as targets they are not learnt

    class Watching(LSTMRegressor):
        def partial_fit(self, X, y):
            asked.append(np.array(y))
            return super().partial_fit(X, y)

    f = forecaster(Watching(**model().get_params()), dtype="float64").fit(None, spoilt, sample_weight=weight)
    f.update(None, new, train=True)
    targets = np.concatenate(asked)
    assert len(asked) == 5
    assert len(targets) > 5 * len(new)
    assert targets.max() < 1e5


# ---- intervals: what is checked before anything is trained, and who is warned of what


class Counting(Recorder):
    """Counts its trainings."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.n_fits += 1
        return super().fit(X, y, sample_weight)


def test_rows_before_the_tail_that_cannot_be_learnt_from_are_found_before_any_training():
    _, y = series(40)
    Counting.n_fits = 0
    f = forecaster(Counting(), intervals="conformal", calibration_size=10)
    is_tail = np.arange(40) >= 30
    for rows, weight, message in (
        (y.where(is_tail), None, "leaves 30 rows before the tail, .* y holds NaN only"),
        (y, is_tail.astype(float), "(?i)leaves 30 rows before the tail, .* sample.weight"),
    ):
        with pytest.raises(ValueError, match=message):
            f.fit(None, rows, weight)
    assert Counting.n_fits == 0


def test_a_fit_for_intervals_warns_once_at_the_users_line():
    X, y = walk()
    y.iloc[[20, 30]] = np.nan
    with pytest.warns(UserWarning, match="6 windows are left out") as caught:
        forecaster(Ridge(), intervals="conformal").fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_a_network_inside_warns_at_the_users_line():
    _, y = series(60)
    with pytest.warns(ConvergenceWarning) as caught:
        forecaster(LSTMRegressor(2, max_iter=2), intervals="conformal").fit(None, y)
    assert [warning.filename for warning in caught] == [__file__]


# ---- what a regressor takes, and what helps


@pytest.mark.parametrize("hole", [slice(2, None, 3), slice(30, 32)])
@pytest.mark.parametrize(
    ("regressor", "mend"),
    [
        (Ridge(), make_pipeline(SimpleImputer(), Ridge())),
        (make_pipeline(StandardScaler(), Ridge()), make_pipeline(SimpleImputer(), StandardScaler(), Ridge())),
    ],
)
def test_where_values_are_missing_an_imputer_inside_of_the_regressor_helps(regressor, mend, hole):
    _, y = series(40)
    y.iloc[hole] = np.nan
    said = r"make_pipeline\(SimpleImputer\(\), Ridge\(\)\)|SimpleImputer\(\) the first step of the pipeline"
    if hole.step:
        with pytest.raises(ValueError, match=f"takes complete ones only.*({said})"):
            forecaster(regressor).fit(None, y)
    else:
        with pytest.warns(UserWarning, match=f"takes complete ones only.*({said})"):
            forecaster(regressor).fit(None, y)
    assert np.isfinite(forecaster(mend).fit(None, y).forecast(2)).all()
    assert np.isfinite(forecaster(model()).fit(None, y).forecast(2)).all()


def test_an_lstm_that_is_left_incomplete_windows_is_not_advised_to_be_one():
    _, y = series(40)
    y.iloc[2::3] = np.nan
    with pytest.raises(ValueError, match=r"drop_incomplete=True, .* set drop_incomplete='auto'") as error:
        forecaster(model(), drop_incomplete=True).fit(None, y)
    assert "choose LSTMRegressor" not in str(error.value)
    assert np.isfinite(forecaster(model(), drop_incomplete="auto").fit(None, y).forecast(2)).all()


def test_a_gap_longer_than_the_history_is_not_forecast_through():
    y = pd.Series(np.arange(30.0), pd.date_range("2024", periods=30, freq="D"))
    f = forecaster(Ridge()).fit(None, y)
    rows = pd.DataFrame(index=pd.date_range("2260-01-01", periods=2, freq="D"))
    with pytest.raises(ValueError, match=r"begin 86\d+ rows after .*, which has 30"):
        f.predict(rows)


@pytest.mark.parametrize(("days", "warns"), [(31, False), (32, True), (301, True)])
def test_a_gap_longer_than_the_history_warns(days, warns):
    y = pd.Series(np.arange(30.0), pd.date_range("2024", periods=30, freq="D"))
    f = forecaster(Ridge()).fit(None, y)
    rows = pd.DataFrame(index=[y.index[-1] + pd.Timedelta(days, "D")])
    with pytest.warns(UserWarning, match="longer than what is known") if warns else nullcontext():
        answers = f.predict(rows)
    np.testing.assert_array_equal(answers, f.forecast(days)[-1:])


def error_beside_rows_at_rest(learner, noise, seed, rest):
    """Of 24 steps after 400 rows of a sine of which 60 are at rest there; NaN means missing."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(424) / 5)
    y = wave[:400] + rng.normal(0, noise, 400)
    y[150:210] = rest + 1e-4 * rng.normal(size=60)
    f = Forecaster(learner, drop_incomplete=isinstance(learner, Ridge)).fit(None, y)
    return np.abs(f.forecast(24) - wave[400:]).mean()


@pytest.mark.parametrize(
    ("learner", "noise", "n_seeds"),
    [(Ridge(), 0.02, 8), (Ridge(), 0.1, 8), pytest.param(default_regressor(), 0.02, 1, marks=pytest.mark.slow)],
    ids=["Ridge", "Ridge, noisy", "default"],
)
def test_rows_at_rest_cost_little_once_they_are_missing(learner, noise, n_seeds):
    """As the guide says. In groups of eight of forty seeds the share was at most 0.1, 0.54 of Ridge; of the default's
    four single ones, with either noise, at most 0.3."""
    with_rest, without = (
        np.mean([error_beside_rows_at_rest(learner, noise, seed, rest) for seed in range(n_seeds)])
        for rest in (0.3, np.nan)
    )
    assert without < 0.6 * with_rest


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, []),
        ({"intervals": "conformal"}, ["Fit 1 of 2: X, on 79 windows", "Fit 2 of 2: the 64 rows before the tail, for"]),
        ({"strategy": "multioutput", "steps": 2}, []),
        ({"strategy": "direct", "steps": 2}, ["Fit 1 of 2: X, 1 ahead, on 79", "Fit 2 of 2: X, 2 ahead, on 78"]),
    ],
)
@pytest.mark.parametrize("inner", [model(max_iter=4), make_pipeline(StandardScaler(), model(max_iter=4))])
def test_verbose_tells_which_fit_begins_and_every_nth_epoch(inner, settings, said, capsys):
    _, y = series(80)
    silent = forecaster(inner, **settings).fit(None, y)
    assert capsys.readouterr().out == ""
    heard = forecaster(inner, verbose=2, **settings).fit(None, y)
    lines = capsys.readouterr().out.splitlines()
    epochs = [line for line in lines if line.startswith("Iteration")]
    assert [int(line.split()[1].rstrip(",")) for line in epochs] == [2, 4] * max(1, len(said))
    fits = [line for line in lines if line not in epochs]
    assert len(fits) == len(said)
    for line, part in zip(fits, said, strict=True):
        assert line.startswith(part.replace("X", type(inner).__name__))
    np.testing.assert_array_equal(heard.forecast(2), silent.forecast(2))


def test_an_lstm_that_says_how_much_it_prints_is_not_overruled(capsys):
    _, y = series(40)
    forecaster(model(max_iter=6, tol=0, verbose=3), verbose=1).fit(None, y)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_default_is_the_default_however_much_it_prints(capsys):
    y = np.cumsum(np.random.default_rng(0).normal(size=30))
    expected = Forecaster().fit(None, y)
    for loud in (Forecaster(verbose=100), Forecaster(default_regressor().set_params(verbose=100))):
        np.testing.assert_array_equal(loud.fit(None, y).forecast(24), expected.forecast(24))
        assert len(capsys.readouterr().out.splitlines()) == 2


INNER = {"lstm": model(max_iter=2), "inside": make_pipeline(StandardScaler(), model(max_iter=2))}


def often_missing():
    """A table whose column `b` is missing at every third row, and a calendar."""
    index = pd.date_range("2024", periods=60, freq="D")
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), index, columns=["a", "b"])
    table.loc[index[::3], "b"] = np.nan
    return table, pd.DataFrame({"day": index.day_of_week, "work": (index.day_of_week < 5) * 1.0}, index)


OFTEN, CALENDAR = often_missing()
NAMED = {
    "the only target": (
        CALENDAR,
        OFTEN["b"],
        {},
        r"the target 'b' is missing at \d+ of them. Set missing='indicator' in the LSTMRegressor, or impute it.$",
    ),
    "an array": (CALENDAR.to_numpy(), OFTEN["b"].to_numpy(), {}, "y is missing at"),
    "a target": (None, OFTEN, {}, "the target 'b' is missing at .* or leave it out"),
    "a target of an array": (
        CALENDAR.to_numpy(),
        OFTEN.to_numpy(),
        {},
        "the target 1 is missing at .* or leave it out",
    ),
    "a column": (
        CALENDAR.assign(b=OFTEN["b"], c=1.0),
        OFTEN["a"],
        {"past_only": ["b", "c"], "strategy": "multioutput", "steps": 2},
        "the column 'b' of X is missing at .* or leave it out",
    ),
    "a column of an array": (
        np.c_[OFTEN["b"], CALENDAR],
        OFTEN["a"].to_numpy(),
        {"past_only": [0], "strategy": "direct", "steps": 2},
        "the column 'x0' of X is missing at",
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("name", NAMED)
def test_steps_that_are_passed_over_are_told_by_the_names_of_the_user(name, inner):
    X, y, settings, said = NAMED[name]
    f = forecaster(clone(INNER[inner]), **settings)
    with pytest.warns(UserWarning, match=f"steps are passed over .*{said}") as record:
        f.fit(X, y)
    assert not [w for w in record if "channel" in str(w.message)]
    filled = [part if part is None else pd.DataFrame(part).interpolate().bfill() for part in (X, y)]
    f.fit(*filled)  # what is advised mends it: a warning would be an error
    prefix = "regressor__" if inner == "lstm" else "regressor__lstmregressor__"
    f.set_params(**{f"{prefix}missing": "indicator"}).fit(X, y)


@pytest.mark.parametrize(
    "model", [Forecaster(Ridge()), LSTMRegressor(2, max_iter=1, learning_rate="cosine")], ids=["f", "lstm"]
)
def test_a_table_in_place_of_steps_is_not_printed(model):
    X, y = np.arange(20.0).reshape(5, 4, 1), np.arange(4.0, 9)
    model = model.fit(None, np.arange(30.0)) if isinstance(model, Forecaster) else model.fit(X, y)
    with pytest.raises(TypeError, match=r"^steps must be a whole number, got a DataFrame; it is the first argument\.$"):
        model.forecast(pd.DataFrame({"promo": np.zeros(3)}))


def test_rows_that_are_counted_are_not_to_be_aggregated_by_day():
    y = pd.Series(np.arange(30.0), index=np.delete(np.arange(0, 93, 3), 20) + (np.arange(30) > 25))
    with pytest.raises(ValueError, match="no regular step") as caught:
        Forecaster(Ridge(), window_length=3).fit(None, y)
    assert "by day" not in str(caught.value)
    assert Forecaster(Ridge(), window_length=3).fit(None, y.reset_index(drop=True)).forecast(1).notna().all()
