"""Properties that backtests have whatever the index, the panel, the columns and the settings are."""

import pickle
import re
from dataclasses import replace
from inspect import signature

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit

from sklstm import Forecaster, LSTMRegressor, backtest, split_panel
from tests.forecaster_examples import N_AHEAD, ORDINARY, SIMPLE, attempt, examples_of, quietly
from tests.property_settings import examples

MODERATE = {**ORDINARY, **SIMPLE}
LINEAR = ["ridge", "pipeline"]
NAMED = re.compile(
    r"\b(" + "|".join({*signature(Forecaster).parameters, *signature(backtest).parameters, "frame"}) + r")\b"
)
METRICS = ["mae", "rmse", "smape", "mase", "skill"]


def backtest_or_reject(example, *, steps=None, **arguments):
    """Backtest on all rows of an example; one that is refused does not count."""
    steps = example.steps if steps is None else steps
    try:
        return quietly(backtest, clone(example.forecaster), example.X, example.y, steps=steps, **arguments)
    except (ValueError, TypeError):
        reject()


def times_of(y):
    """The time of each row; rows of arrays count from 0."""
    return y.index.get_level_values(-1) if hasattr(y, "index") else pd.RangeIndex(len(y))


def until(table, times, origin):
    """The rows up to an origin."""
    return None if table is None else table[np.asarray(times <= origin)]


def rows_ahead(example, fitted, first=0):
    """The next rows of X of every series, with 0 where one has ended: a backtest makes no forecast that reads these.

    `first` is the first training row.
    """
    if not example.has_known:
        return None
    index = fitted.future_index(2 * N_AHEAD)
    if isinstance(example.X, pd.DataFrame):
        rows = example.X.reindex(index, fill_value=0.0)
        assert rows.dtypes.eq(float).all()
        return rows
    return np.concatenate((example.X, np.zeros((2 * N_AHEAD, example.X.shape[1]))))[first + index]


def check_against(part, forecast):
    """Compare each row of a backtest with the forecast from its origin."""
    forecast = forecast.to_frame() if isinstance(forecast, pd.Series) else forecast
    values = forecast.to_numpy()
    columns = {target: number for number, target in enumerate(forecast.columns.to_flat_index())}
    keys = forecast.index.get_level_values(0) if forecast.index.nlevels > 1 else None
    for row in part.to_dict("records"):
        column = columns[row["target"]] if "target" in row else 0
        rows = np.arange(len(values))
        if keys is not None:
            rows = np.flatnonzero([k == row["series"] and type(k) is type(row["series"]) for k in keys])
        value = values[rows[row["step"] - 1], column]
        if np.isnan(value):  # `forecast` leaves out a series that lacks any target, a backtest that target alone
            assert np.isnan(values[rows]).all()
            continue
        yield row, value


def close(value, expected, example):
    """Check that forecasts are equal up to rounding, in the precision of the windows."""
    values = np.asarray(example.y, float)
    rtol = 1e-5 if example.forecaster.dtype == "float32" else 1e-8
    spread = max(np.nanmax(values, initial=0) - np.nanmin(values, initial=0), 1e-300)
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=rtol * spread)


# ---- by hand


@examples(10)
@given(examples_of(LINEAR, values=MODERATE, intervals=True), st.integers(1, 3))
def test_a_backtest_that_refits_equals_a_fit_and_a_forecast_at_each_origin(example, n_origins):
    coverage = 0.5 if example.forecaster.intervals else None
    frame = backtest_or_reject(example, n_origins=n_origins, coverage=coverage).frame
    times = times_of(example.y)
    for origin in pd.unique(frame["origin"]):
        part = frame[frame["origin"] == origin]
        fitted = quietly(
            clone(example.forecaster).fit, until(example.X, times, origin), until(example.y, times, origin)
        )
        forecast, error = attempt(fitted.forecast, example.steps, rows_ahead(example, fitted))
        if error:
            assert "cannot be forecast from" in str(error)
            continue
        for row, value in check_against(part, forecast):
            close(row["forecast"], value, example)
            assert row["truth"] == truth_at(example.y, row)


def truth_at(y, row):
    """The truth of a row of a backtest."""
    if not hasattr(y, "index"):
        return y[row["time"]] if y.ndim == 1 else y[row["time"], row["target"]]
    column = y if y.ndim == 1 else y.iloc[:, list(y.columns.to_flat_index()).index(row["target"])]
    keep = np.asarray(y.index.get_level_values(-1) == row["time"])
    if "series" in row:
        keys = y.index.get_level_values(0)
        keep = keep & np.array([k == row["series"] and type(k) is type(row["series"]) for k in keys])
    return column[keep].iloc[0]


@examples(10)
@given(examples_of(LINEAR, values=MODERATE, intervals=True), st.integers(1, 4))
def test_a_backtest_without_refits_equals_updates_and_forecasts(example, n_origins):
    frame = backtest_or_reject(example, n_origins=n_origins, refit=False).frame
    times = times_of(example.y)
    origins = np.sort(frame["origin"].unique())
    all_times = times.unique().sort_values()
    assume(len(origins) == n_origins)
    first = origins[0]
    fitted = quietly(clone(example.forecaster).fit, until(example.X, times, first), until(example.y, times, first))
    trained = set(fitted.history_.index.get_level_values(0)) if example.is_panel else None
    last = first
    for origin in origins:
        new = np.asarray((times > last) & (times <= origin))
        if new.any():
            quietly(fitted.update, None if example.X is None else example.X[new], example.y[new])
        last = origin
        part = frame[frame["origin"] == origin]
        if not len(part):
            continue
        forecast, error = attempt(fitted.forecast, example.steps, rows_ahead(example, fitted))
        if error:
            assert "cannot be forecast from" in str(error)
            continue
        for row, value in check_against(part, forecast):
            assert trained is None or row["series"] in trained
            close(row["forecast"], value, example)
    assert set(frame["origin"]) <= set(all_times)


# ---- no leak


@examples(12)
@given(
    examples_of([*LINEAR, "lstm", "boosting"], values=MODERATE, intervals=True, weights=False),
    st.sampled_from([True, False, 2]),
    st.sampled_from([np.nan, 1e6, -1.0]),
    st.integers(2, 4),
)
def test_nothing_after_an_origin_changes_a_forecast_from_it(example, refit, value, n_origins):
    log = example.forecaster.log
    example = example.but(log=None if log is True else log)  # which refuses values below 0, wherever they are
    coverage = 0.5 if example.forecaster.intervals else None
    arguments = {"n_origins": n_origins, "refit": refit, "coverage": coverage, "season": 1}
    frame = backtest_or_reject(example, **arguments).frame
    times = times_of(example.y)
    origins = np.sort(frame["origin"].unique())
    assume(len(origins))
    origin = origins[len(origins) // 2]
    later = np.asarray(times > origin)
    y = example.y.copy()
    y[later] = value
    if np.isnan(value):  # a truth must remain for each row that is compared
        y[later] = np.where(np.isnan(np.asarray(example.y[later], float)), np.nan, 12.5)
    X = example.X
    if X is not None and example.forecaster.past_only:
        X = X.copy()
        past = example.forecaster.past_only
        if isinstance(X, np.ndarray):
            X[np.ix_(later, past)] = value
        else:
            chosen = [name in past for name in X.columns]
            values = X.to_numpy().copy()
            values[np.ix_(later, chosen)] = value
            X = pd.DataFrame(values, X.index, columns=X.columns)
    other = backtest_or_reject(replace(example, X=X, y=y), **arguments).frame
    names = [name for name in frame if name in ("forecast", "lower_50", "upper_50", "scale")]
    keys = [name for name in ("series", "target", "origin", "step") if name in frame]
    before, after = (part[part["origin"] <= origin] for part in (frame, other))
    before, after = (
        {tuple(row[key] for key in keys): [row[name] for name in names] for row in part.to_dict("records")}
        for part in (before, after)
    )
    common = before.keys() & after.keys()
    assert common
    # other regressors round otherwise if there is a forecast more or less at later origins
    is_lstm = isinstance(example.forecaster.regressor, LSTMRegressor)
    share = 0 if is_lstm else 1e-5 if example.forecaster.dtype == "float32" else 1e-10
    rounding = share * np.nanmax(np.abs(np.asarray(example.y, float)))
    for key in common:
        np.testing.assert_allclose(after[key], before[key], rtol=0, atol=rounding)


# ---- scores


def slow_scores(frame):
    """The scores of a table, row by row."""
    total = {name: [] for name in (*METRICS, "naive", "own")}
    for row in frame.to_dict("records"):
        error = abs(row["truth"] - row["forecast"])
        total["mae"].append(error)
        total["rmse"].append(error**2)
        size = abs(row["truth"]) + abs(row["forecast"])
        total["smape"].append(200 * error / size if size > 0 else 0.0)
        if row["scale"] > 0:
            total["mase"].append(error / row["scale"])
        if not np.isnan(row["naive"]):
            total["own"].append(error)
            total["naive"].append(abs(row["truth"] - row["naive"]))
    found = {name: np.mean(total[name]) if total[name] else np.nan for name in ("mae", "rmse", "smape", "mase")}
    found["rmse"] **= 0.5
    naive = np.mean(total["naive"]) if total["naive"] else np.nan
    found["skill"] = 1 - np.mean(total["own"]) / naive if naive > 0 else np.nan
    return [found[name] for name in METRICS]


def slow_naive(known, season, step):
    """The newest value whole seasons before the row `step` steps after known values."""
    row = len(known) + step - 1 - season
    while row >= 0:
        if row < len(known) and not np.isnan(known[row]):
            return known[row]
        row -= season
    return np.nan


@examples(12)
@given(examples_of(values=MODERATE, intervals=True), st.integers(1, 3), st.sampled_from([1, 2, 5]))
def test_scores_equal_those_by_hand(example, n_origins, season):
    coverage = [0.5, 0.3] if example.forecaster.intervals else None
    result = backtest_or_reject(example, n_origins=n_origins, refit=False, season=season, coverage=coverage)
    frame = result.frame
    np.testing.assert_allclose(result.metrics[METRICS], slow_scores(frame), rtol=1e-9)
    for by in [name for name in ("step", "origin", "series", "target") if name in frame]:
        table = result.metrics_by(by)
        assert len(table) == frame[by].nunique()
        for number, label in enumerate(table.index):
            rows = np.array([value == label and type(value) is type(label) for value in frame[by]])
            rows = rows if rows.any() else (frame[by] == label).to_numpy()
            np.testing.assert_allclose(table[METRICS].iloc[number], slow_scores(frame[rows]), rtol=1e-9)
    for percent in () if coverage is None else (30, 50):
        lower, upper = frame[f"lower_{percent}"], frame[f"upper_{percent}"]
        inside = ((lower <= frame["truth"]) & (frame["truth"] <= upper))[lower.notna()]
        assert result.metrics[f"coverage_{percent}"] == pytest.approx(inside.mean(), nan_ok=True)
        assert result.metrics[f"width_{percent}"] == pytest.approx((upper - lower).mean(), nan_ok=True)
    check_naive(example, frame, season)


def check_naive(example, frame, season):
    """Compare the naive forecasts and their scale with slow loops."""
    times = times_of(example.y)
    for row in frame.sample(min(6, len(frame)), random_state=0).to_dict("records"):
        keep = np.asarray(times <= row["origin"])
        y = example.y[keep]
        if "series" in row:
            keys = y.index.get_level_values(0)
            y = y[np.array([k == row["series"] and type(k) is type(row["series"]) for k in keys])]
        values = np.asarray(y, float).reshape(len(y), -1)
        names = list(y.columns.to_flat_index()) if hasattr(y, "columns") else list(range(values.shape[1]))
        known = values[:, names.index(row["target"]) if "target" in row else 0]
        np.testing.assert_equal(row["naive"], slow_naive(known, season, row["step"]))
        errors = np.abs(known[season:] - known[:-season])
        expected = np.mean(errors[~np.isnan(errors)]) if (~np.isnan(errors)).any() else np.nan
        np.testing.assert_allclose(row["scale"], expected, rtol=1e-9, atol=1e-9)


# ---- splitters


@examples(9)
@given(examples_of(LINEAR, values=MODERATE), st.integers(2, 3), st.booleans())
def test_a_splitter_gives_the_forecasts_of_its_training_rows(example, n_splits, expands):
    steps = example.steps
    if example.is_panel:
        cv = split_or_reject(lambda: split_panel(example.y, n_splits, test_size=steps))
    else:
        longest = None if expands else 18
        splitter = TimeSeriesSplit(n_splits, test_size=steps, max_train_size=longest)
        cv = split_or_reject(lambda: list(splitter.split(np.empty((len(example.y), 1)))))
    frame = backtest_or_reject(example, cv=cv).frame
    times = times_of(example.y)
    for train, test in cv:
        X, y = (None if part is None else part[as_mask(train, len(times))] for part in (example.X, example.y))
        fitted = fit_or_none(example, X, y)
        if fitted is None:
            continue
        for origin in pd.unique(times[train]):
            part = frame[frame["origin"] == origin]
            if not len(part) or origin != times[train].max():
                continue
            forecast, error = attempt(fitted.forecast, steps, rows_ahead(example, fitted, train[0]))
            if error:
                assert "cannot be forecast from" in str(error)
                continue
            for row, value in check_against(part, forecast):
                close(row["forecast"], value, example)
                assert row["time"] in times[test]


def as_mask(rows, n):
    mask = np.zeros(n, bool)
    mask[rows] = True
    return mask


def split_or_reject(split):
    try:
        return list(split())
    except ValueError:
        reject()


def fit_or_none(example, X, y):
    try:
        return quietly(clone(example.forecaster).fit, X, y)
    except ValueError:
        return None


# ---- the same again


@examples(8)
@given(examples_of([*LINEAR, "lstm"], values=MODERATE, weights=False), st.sampled_from([True, False, 2]))
def test_a_backtest_changes_nothing_and_gives_the_same_bits_again(example, refit):
    forecaster = clone(example.forecaster)
    before = joblib.hash(forecaster.get_params())
    copies = pickle.loads(pickle.dumps((example.X, example.y)))
    frames = []
    for _ in range(2):
        try:
            result = quietly(backtest, forecaster, example.X, example.y, steps=example.steps, n_origins=3, refit=refit)
        except (ValueError, TypeError):
            reject()
        frames.append(result.frame)
    pd.testing.assert_frame_equal(*frames)
    assert joblib.hash(forecaster.get_params()) == before
    assert not hasattr(forecaster, "regressors_")
    for table, copy in zip((example.X, example.y), copies, strict=True):
        if table is not None:
            np.testing.assert_array_equal(np.asarray(table), np.asarray(copy))


@examples(9)
@given(examples_of([*LINEAR, "default", "quantiles"], intervals=True, transformers=True, lengths=(3, 40)))
def test_a_backtest_is_finite_or_an_error_says_why(example):
    coverage = 0.5 if example.forecaster.intervals else None
    tables = example.forecaster, example.X, example.y
    result, error = attempt(backtest, *tables, steps=example.steps, n_origins=3, coverage=coverage)
    if error:
        assert NAMED.search(str(error)), error
        return
    assert np.isfinite(result.frame["forecast"]).all()
    metrics = quietly(lambda: result.metrics)
    assert np.isfinite(metrics["mae"])
    assert not np.isinf(metrics).any()
