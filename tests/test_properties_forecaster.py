"""Properties that forecasts have whatever the index, the panel, the columns and the settings are.

    SKLSTM_EXAMPLES=40 python -m pytest tests/test_properties_forecaster.py tests/test_properties_backtest.py

tries about 13 000 random examples.
"""

import pickle
import re
import warnings
from contextlib import suppress
from inspect import signature

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

from sklstm import Forecaster
from tests.forecaster_examples import (
    N_AHEAD,
    ORDINARY,
    REGRESSORS,
    SIMPLE,
    Example,
    attempt,
    examples_of,
    forecast_or_reject,
    quietly,
)
from tests.property_settings import examples

ARGUMENTS = {*signature(Forecaster).parameters, "X", "y", "X_future", "history", "coverage", "steps", "sample_weight"}
NAMED = re.compile(r"\b(" + "|".join(ARGUMENTS) + r")\b")
READ_AHEAD = re.compile("are read|reads those")  # known columns of more rows than there are
CANNOT = re.compile("cannot be forecast from|not finite|" + READ_AHEAD.pattern)
MODERATE = {**ORDINARY, **SIMPLE}
# Outliers of several targets in one row make them collinear, and those in later rows let a history be scaled anew.
NO_OUTLIER = {name: values for name, values in MODERATE.items() if name != "outlier"}
SMOOTH = {"values": ORDINARY, "gaps": False, "lengths": (20, 40)}
LINEAR = ["ridge", "pipeline"]
OTHERS = ["lstm", "default", "boosting", "quantiles", "pipeline"]


def close(actual, expected, rtol=1e-8, spread=None):
    """Check that values are equal up to rounding, relative to the spread of the series or to the largest value."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    size = np.nanmax(np.abs(expected)) if spread is None else spread
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * size)


def values_of(table):
    return np.asarray(table, float).reshape(len(table), -1)


def with_index(table, index):
    table = table.copy()
    table.index = index
    return table


def keys_of(table):
    """The names of the series of a panel, in the order of their first rows."""
    return list(dict.fromkeys(table.index.get_level_values(0)))


def of_series(table, key):
    """The rows of one series of a panel."""
    return table[np.fromiter((k == key and type(k) is type(key) for k in table.index.get_level_values(0)), bool)]


# ---- finite or refused


def is_excused(example, forecast):
    """Whether every series that has no forecast ends with a missing value, or is shorter than a window."""
    lost = ~np.isfinite(values_of(forecast)).all(axis=1)
    length = example.forecaster.window_length
    length = 24 if length == "auto" else length
    for key in keys_of(forecast[lost]):
        rows = of_series(forecast, key)
        if not np.isnan(values_of(rows)).all():
            return False
        known = values_of(of_series(example.history[1], key))
        past = [] if example.X is None else values_of(of_series(example.history[0], key))
        if len(known) >= length and not np.isnan(known[-length:]).any() and not np.isnan(past[-length:]).any():
            return example.forecaster.baseline == "seasonal_naive"
    return True


def warns_of_infinity(example, fitted, coverages):
    """Whether a forecast warns that some series are NaN because of values that are not finite."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        example.forecast(fitted, coverage=coverages or None)
    return any("that is not finite" in str(one.message) for one in caught)


def check_intervals(example, frame, coverages):
    """Intervals are in order and, if they are not simulated, around the forecast."""
    assume(frame.columns.nlevels == 1)
    ends = [frame[f"{side}_{100 * c:.6g}"] for side in ("lower", "upper") for c in coverages]
    lower, upper = ends[: len(coverages)], ends[len(coverages) :]
    slack = 1e-9 * np.nanmax(np.abs(frame.to_numpy()), initial=0)
    inside = [frame["forecast"]] if example.forecaster.intervals == "conformal" else []
    for narrow, wide in [(lower[0], lower[1]), (upper[1], upper[0]), *[(part, lower[0]) for part in inside]]:
        assert not (narrow < wide - slack).any()
    for part in inside:
        assert not (part > upper[0] + slack).any()


def check_finite_or_refused(example):
    """Forecast: the result is finite and continues the index, or an error names what was wrong."""
    coverages = (0.3, 0.5) if example.forecaster.intervals else ()
    fitted, error = attempt(example.fit)
    if not error:
        forecast, error = attempt(example.forecast, fitted, coverage=coverages or None)
    if error:
        assert NAMED.search(str(error)), error
        return
    if not np.isfinite(forecast.to_numpy()).all():
        assert example.is_panel
        assert is_excused(example, forecast) or warns_of_infinity(example, fitted, coverages)
    if coverages:
        check_intervals(example, forecast, coverages)
    quietly(fitted.components, example.steps, example.X_future)
    assert np.isfinite(values_of(fitted.fitted_values_)).any() or len(fitted.history_) < 24


@examples(30)
@given(examples_of(intervals=True, transformers=True, weights=True, lengths=(1, 40)))
def test_forecasts_are_finite_or_an_error_says_why(example):
    check_finite_or_refused(example)


@examples(8)
@given(examples_of(OTHERS, intervals=True, transformers=True, weights=True, lengths=(1, 40)))
def test_forecasts_of_other_regressors_are_finite_or_an_error_says_why(example):
    check_finite_or_refused(example)


# ---- the index


@examples(12)
@given(examples_of(values=ORDINARY, gaps=False, lengths=(14, 40)))
def test_forecasts_continue_the_index(example):
    fitted, forecast = forecast_or_reject(example)
    if not hasattr(example.y, "index"):
        n = len(example.history[1])
        assert list(forecast.index) == list(range(n, n + example.steps))
        return
    later = example.later[1]
    if not example.is_panel:
        assert forecast.index.equals(later.index[: example.steps])
        assert forecast.index.name == later.index.name
        assert fitted.future_index(N_AHEAD).equals(later.index)
        return
    assert forecast.index.names == later.index.names
    for key in keys_of(example.y):
        times = of_series(later, key).index.get_level_values(1)[: example.steps]
        if len(of_series(example.history[1], key)) in (2, 3, 4, 5):  # too few to tell months from four weeks
            continue
        found = of_series(forecast, key).index.get_level_values(1)
        assert found.equals(times), (found, times)


# ---- several steps


@examples(12)
@given(examples_of(LINEAR, values=MODERATE, intervals=True), st.data())
def test_a_longer_forecast_begins_with_the_shorter_one(example, data):
    fitted, forecast = forecast_or_reject(example)
    assume(not example.is_panel)
    fewer = data.draw(st.integers(1, example.steps))
    rounding = 1e-5 if example.forecaster.dtype == "float32" else 1e-8  # of matrices with more or fewer columns
    close(quietly(example.forecast, fitted, fewer), forecast[:fewer], rounding)
    if example.forecaster.intervals != "conformal":
        return
    whole, error = attempt(example.forecast, fitted, coverage=0.5)
    if not error:  # of later steps, fewer errors are known
        close(quietly(example.forecast, fitted, fewer, coverage=0.5), whole[:fewer], rounding)


def rows_ahead(example, step):
    """X and the index of the rows `step` steps after the history, of all series."""
    X, y = example.later
    if not example.is_panel:
        return (None if X is None else X[step : step + 1]), y[step : step + 1]
    chosen = (y.groupby(level=0, sort=False).cumcount() == step).to_numpy()
    return (None if X is None else X[chosen]), y[chosen]


@examples(12)
@given(examples_of(LINEAR, **SMOOTH))
def test_a_recursive_forecast_equals_steps_that_are_fed_back(example):
    assume(example.forecaster.steps is None and not example.forecaster.past_only)
    trust = example.forecaster.trust
    example = example.but(dtype="float64", clip_recursion=False, trust=trust if trust in (0.5, 1.0) else "auto")
    fitted, forecast = forecast_or_reject(example)
    # without a regressor, theta forecasts a line; its own forecasts would tell it nothing new
    assume(fitted.trust_ != 0)
    # of a single row, any other value is at another level, from which a later forecast is scaled
    assume(not example.is_panel or (example.history[1].groupby(level=0).count() > 1).to_numpy().all())
    fed, found = clone_of(fitted), []
    for step in range(example.steps):
        X, y = rows_ahead(example, step)
        one = quietly(fed.forecast, 1, X if example.has_known else None)
        given = one.reindex(y.index).to_numpy() if example.is_panel else one.to_numpy()
        found.append(one)
        quietly(fed.update, X, type(y)(given, y.index) if isinstance(y, pd.Series) else as_table(given, y))
    if example.is_panel:
        found = [pd.concat(found)]
        close(values_of(found[0].reindex(forecast.index)), values_of(forecast), 1e-7)
    else:
        close(np.concatenate([values_of(part) for part in found]), values_of(forecast), 1e-7)


def as_table(values, like):
    """Values with the form of other rows."""
    if isinstance(like, pd.DataFrame):
        return pd.DataFrame(values.reshape(like.shape), like.index, like.columns)
    return values.reshape(like.shape)


def clone_of(fitted):
    return pickle.loads(pickle.dumps(fitted))


# ---- bounds


@examples(12)
@given(examples_of(LINEAR, values=MODERATE, columns=False))
def test_forecasts_leave_the_range_of_the_series_by_the_range_or_the_trend_at_most(example):
    example = example.but(clip_recursion=True, target_transformer=None)
    assume(example.forecaster.baseline not in (None, "default"))
    _, forecast = forecast_or_reject(example)
    for rows, known in series_of(example, forecast):
        step = np.arange(1, len(rows) + 1)[:, np.newaxis]
        low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
        newest = np.array([column[~np.isnan(column)][-1] for column in known.T])
        trend = 2 * np.abs(newest - np.array([low, high])).max(axis=0) + step * np.abs(slopes(known))
        reach = np.maximum(high - low, trend) + 1e-8 * np.abs([low, high]).max(axis=0)
        assert (np.isnan(rows) | ((rows >= low - reach) & (rows <= high + reach))).all()


def slopes(values):
    """Slope of the straight line through the present values of each column."""
    found = []
    for column in values.T:
        rows = np.flatnonzero(~np.isnan(column))
        found.append(np.polyfit(rows, column[rows], 1)[0] if len(rows) > 1 else 0.0)
    return np.array(found)


def series_of(example, forecast):
    """The forecast and the history of each series."""
    if not example.is_panel:
        yield values_of(forecast), values_of(example.history[1])
        return
    for key in keys_of(example.y):
        known = values_of(of_series(example.history[1], key))
        if not np.isnan(known).all(axis=0).any():
            yield values_of(of_series(forecast, key)), known


# ---- order of rows and series, and names of series


@st.composite
def panels(draw, **arguments):
    example = draw(examples_of(shapes=["panel"], **{"values": MODERATE, "regressors": LINEAR, **arguments}))
    assume(len(keys_of(example.y)) > 1)
    return example


def rearranged(example, seed):
    """The same rows of each series, in another order of the series."""
    rng, codes = np.random.default_rng(seed), example.y.index.codes[0]
    labels, way = rng.permutation(codes), np.empty(len(codes), int)
    for code in np.unique(codes):
        way[labels == code] = np.flatnonzero(codes == code)
    X = None if example.X is None else example.X.iloc[way]
    weight = None
    if example.weight is not None:
        whole = np.ones(len(codes))
        whole[example.is_known] = example.weight
        weight = whole[way][example.is_known[way]]
    return Example(example.forecaster, X, example.y.iloc[way], example.is_known[way], example.steps, weight)


@examples(10)
@given(panels(weights=True), st.integers(0, 100))
def test_the_order_of_the_series_of_a_panel_changes_no_forecast(example, seed):
    _, forecast = forecast_or_reject(example)
    _, other = forecast_or_reject(rearranged(example, seed))
    close(values_of(other.reindex(forecast.index)), values_of(forecast), 1e-6, spread_of(example))


def spread_of(example):
    """The largest distance of two values of one series."""
    known = values_of(example.history[1])
    if not example.is_panel:
        return max(np.nanmax(np.ptp(known[~np.isnan(known).any(axis=1)], axis=0), initial=0), 1e-300)
    parts = [values_of(of_series(example.history[1], key)) for key in keys_of(example.y)]
    widths = [
        np.nanmax(part, axis=0) - np.nanmin(part, axis=0) for part in parts if not np.isnan(part).all(axis=0).any()
    ]
    return max(np.max(widths, initial=0), 1e-300)


@examples(9)
@given(panels(weights=True, intervals=True))
def test_the_names_of_series_change_no_forecast(example):
    coverage = 0.5 if example.forecaster.intervals else None
    _, forecast = forecast_or_reject(example, coverage=coverage)
    names = {key: f"series {number}" for number, key in enumerate(keys_of(example.y))}
    labels = [names[key] for key in example.y.index.get_level_values(0)]
    index = pd.MultiIndex.from_arrays([labels, example.y.index.get_level_values(1)], names=["shop", "day"])
    X = None if example.X is None else with_index(example.X, index)
    renamed = Example(
        example.forecaster, X, with_index(example.y, index), example.is_known, example.steps, example.weight
    )
    _, other = forecast_or_reject(renamed, coverage=coverage)
    np.testing.assert_array_equal(other.to_numpy(), forecast.to_numpy())


@examples(10)
@given(examples_of(shapes=["single"], values=MODERATE, weights=True), st.data())
def test_a_panel_of_one_series_is_forecast_as_the_series(example, data):
    assume(hasattr(example.y, "index"))
    baseline = data.draw(st.sampled_from([None, "theta", "naive"]))
    trust = data.draw(st.sampled_from([0.0, 0.5, 1.0])) if baseline else "auto"
    season, log = data.draw(st.sampled_from([None, 4])), data.draw(st.sampled_from([None, True]))
    settings = {"season": season, "log": log, "baseline": baseline, "trust": trust, "baseline_weight": "auto"}
    example = example.but(window_length=3, dtype="float64", **settings)
    _, forecast = forecast_or_reject(example)
    index = pd.MultiIndex.from_product([["a"], example.y.index])
    X = None if example.X is None else with_index(example.X, index)
    panel = Example(
        example.forecaster, X, with_index(example.y, index), example.is_known, example.steps, example.weight
    )
    _, other = forecast_or_reject(panel)
    close(other, forecast)


# ---- rows of predict


@examples(10)
@given(examples_of(LINEAR, values=MODERATE), st.integers(0, 100))
def test_predict_answers_by_row_and_not_by_position(example, seed):
    fitted, forecast = forecast_or_reject(example)
    X, y = example.later
    assume(hasattr(y, "index"))
    chosen = np.concatenate([np.flatnonzero(keys == key)[: example.steps] for keys, key in rows_by_series(y)])
    rng = np.random.default_rng(seed)
    if example.is_panel:
        chosen = chosen[np.argsort(rng.permutation(len(chosen)))]
        chosen = in_series_order(y, chosen)
    rows = (y.to_frame()[[]] if y.ndim == 1 else y[[]]) if X is None else X
    predicted, error = attempt(fitted.predict, rows.iloc[chosen])
    if error:  # fewer rows than are read
        assert READ_AHEAD.search(str(error)), error
        return
    expected = forecast.reindex(rows.index[chosen])
    close(values_of(predicted), values_of(expected), 1e-10)  # series in another order are rounded otherwise


def rows_by_series(y):
    if y.index.nlevels == 1:
        return [(np.zeros(len(y), int), 0)]
    return [(y.index.codes[0], code) for code in np.unique(y.index.codes[0])]


def in_series_order(y, chosen):
    """Put chosen rows of each series in the order of time, at the places that the series has."""
    codes = y.index.codes[0][chosen]
    ordered = chosen.copy()
    for code in np.unique(codes):
        ordered[codes == code] = np.sort(chosen[codes == code])
    return ordered


@examples(8)
@given(examples_of(LINEAR, values=MODERATE), st.integers(0, 100))
def test_training_rows_in_any_order_get_their_fitted_values(example, seed):
    fitted, _ = forecast_or_reject(example)
    X, y = example.history
    assume(hasattr(y, "index"))
    rows = (y.to_frame()[[]] if y.ndim == 1 else y[[]]) if X is None else X
    order = np.random.default_rng(seed).permutation(len(rows))
    predicted = quietly(fitted.predict, rows.iloc[order])
    expected = values_of(fitted.fitted_values_.reindex(rows.index[order]))
    is_known = ~np.isnan(expected)
    np.testing.assert_array_equal(values_of(predicted)[is_known], expected[is_known])
    assert np.isfinite(predicted).all() or np.isnan(values_of(y)).any()


# ---- update and history


def split_later(example, n):
    """The history and `n` more rows of each series as one example's tables, and the new rows alone."""
    X, y = example.later
    chosen = (y.groupby(level=0, sort=False).cumcount() < n).to_numpy() if example.is_panel else np.arange(len(y)) < n
    grown = example.is_known.copy()
    grown[np.flatnonzero(~example.is_known)[chosen]] = True
    return (None if X is None else X[chosen]), y[chosen], grown


@examples(12)
@given(examples_of(LINEAR, values=NO_OUTLIER, parts={}), st.integers(1, 4), st.data())
def test_forecasts_after_update_equal_those_from_the_whole_history(example, n, data):
    baseline = data.draw(st.sampled_from([None, "theta", "naive", "auto"]))
    example = example.but(season=None, log=None, baseline=baseline)
    fitted, _ = forecast_or_reject(example)
    X, y, grown = split_later(example, n)
    later = Example(example.forecaster, example.X, example.y, grown, min(example.steps, N_AHEAD - n))
    whole_X, whole_y = later.history
    future = later.X_future
    history = whole_y if whole_X is None else (whole_X, whole_y)
    before, error = attempt(fitted.forecast, later.steps, future, history=history)
    quietly(fitted.update, X, y)
    if error:
        assert CANNOT.search(str(error)), error
        assert attempt(fitted.forecast, later.steps, future)[1]
        return
    after = quietly(fitted.forecast, later.steps, future)
    close(values_of(after.reindex(before.index)), values_of(before), 1e-9, spread_of(example))


@examples(12)
@given(examples_of(LINEAR, values=MODERATE))
def test_updates_row_by_row_equal_one_update(example):
    fitted, _ = forecast_or_reject(example)
    n = 3
    X, y, grown = split_later(example, n)
    later = Example(example.forecaster, example.X, example.y, grown, min(example.steps, N_AHEAD - n))
    at_once, in_pieces = clone_of(fitted), clone_of(fitted)
    quietly(at_once.update, X, y)
    for step in range(n):
        quietly(in_pieces.update, *rows_ahead(example, step))
    expected, error = attempt(at_once.forecast, later.steps, later.X_future)
    if error:
        assert CANNOT.search(str(error)), error
        assert str(attempt(in_pieces.forecast, later.steps, later.X_future)[1]) == str(error)
        return
    found = quietly(in_pieces.forecast, later.steps, later.X_future)
    assert found.index.equals(expected.index)
    close(values_of(found), values_of(expected), 1e-9, spread_of(example))


# ---- shifts and scales


@examples(14)
@given(
    examples_of(["pipeline"], intervals=True, **SMOOTH),
    st.sampled_from([1000.0, -3.0, 1e6]),
    st.sampled_from([1e-6, 0.37, 64.0, 1e9]),
    st.sampled_from([1, -1]),
)
def test_forecasts_shift_and_scale_with_the_series(example, shift, scale, sign):
    example = example.but(log=None, dtype="float64", target_transformer=None)
    coverage = 0.5 if example.forecaster.intervals == "conformal" else None
    _, forecast = forecast_or_reject(example, coverage=coverage)
    sign = 1 if coverage else sign
    y = scale * (sign * example.y + shift)
    moved = Example(example.forecaster, example.X, y, example.is_known, example.steps)
    _, other = forecast_or_reject(moved, coverage=coverage)
    spread = spread_of(example) * max(1.0, abs(shift) * 1e-6)
    close(other / scale, sign * forecast + shift, 1e-8, spread * 10)


@examples(10)
@given(examples_of(LINEAR, values=MODERATE), st.sampled_from([1, 5]))
def test_forecasts_do_not_depend_on_the_year(example, number):
    index = getattr(example.y, "index", None)
    assume(index is not None)
    times = index.get_level_values(-1)
    season = example.forecaster.season if isinstance(example.forecaster.season, int) else 1
    if times.dtype.kind in "iu":
        step = int(np.diff(times.unique().sort_values()).min())
        assume(times.min() != 0)
        moved = times + number * season * step * 84
    elif isinstance(times, pd.PeriodIndex):
        assume(times.freqstr in ("M", "D", "h") and times.freq.n == 1)
        moved = times + number * season * {"M": 12, "D": 7, "h": 168}[times.freqstr]
    else:
        frequency = example.y.index.freqstr if index.nlevels == 1 else None
        assume(times.tz is None and frequency in ("D", "h", "15min", "B"))
        moved = times + pd.Timedelta(days=7 * 12 * number * season)
    _, forecast = forecast_or_reject(example)
    if index.nlevels > 1:
        moved = pd.MultiIndex.from_arrays([index.get_level_values(0), moved])
    elif isinstance(moved, pd.DatetimeIndex):
        moved = pd.DatetimeIndex(moved, freq=example.y.index.freq)
    X = None if example.X is None else with_index(example.X, moved)
    later = Example(example.forecaster, X, with_index(example.y, moved), example.is_known, example.steps)
    _, other = forecast_or_reject(later)
    np.testing.assert_array_equal(other.to_numpy(), forecast.to_numpy())


# ---- memory and types of tables


def in_form(values, form):
    """The same numbers, otherwise in memory."""
    if form == "fortran":
        return np.asfortranarray(values)
    if form == "strided":
        wide = np.full((2 * len(values), *values.shape[1:]), np.nan)
        wide[::2] = values
        return wide[::2]
    if form == "reversed":
        return values[::-1].copy()[::-1]
    if form == "read-only":
        values = values.copy()
        values.setflags(write=False)
        return values
    return values.astype(form)


FORMS = ["fortran", "strided", "reversed", "read-only", ">f8", "float32", ">f4", "int64", "object", "float16"]


@examples(12)
@given(examples_of(LINEAR, values=ORDINARY), st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_the_form_of_tables_in_memory_changes_no_forecast(example, form_X, form_y):
    def whole(table):
        if table is None:
            return None
        numbers = np.clip(np.round(np.nan_to_num(table, nan=3.0)), -500, 500)
        return numbers if isinstance(table, np.ndarray) else as_pandas(numbers, table)

    def as_pandas(values, like):
        if isinstance(like, pd.Series):
            return pd.Series(values, like.index, name=like.name)
        return pd.DataFrame(values, like.index, columns=like.columns)

    def formed(table, form):
        if isinstance(table, pd.Series | pd.DataFrame) and form.startswith(">"):
            form = "fortran"  # pandas itself cannot select rows of a frame of another byte order
        values = None if table is None else in_form(np.asarray(table), form)
        return values if table is None or isinstance(table, np.ndarray) else as_pandas(values, table)

    plain = Example(example.forecaster, whole(example.X), whole(example.y), example.is_known, example.steps)
    _, forecast = forecast_or_reject(plain)
    other = Example(
        example.forecaster, formed(plain.X, form_X), formed(plain.y, form_y), example.is_known, example.steps
    )
    np.testing.assert_array_equal(quietly(other.forecast).to_numpy(), forecast.to_numpy())


@examples(9)
@given(examples_of(LINEAR, values=ORDINARY), st.sampled_from(["Float64", "Float32", "Int64", "object"]))
def test_nullable_columns_are_read_as_their_numbers(example, dtype):
    assume(hasattr(example.y, "index"))
    y = example.y.round()
    plain = Example(example.forecaster, example.X, y, example.is_known, example.steps)
    _, forecast = forecast_or_reject(plain)
    nullable = y.astype("Float64").astype(dtype) if dtype != "object" else y.astype("Float64").astype(object)
    other = Example(example.forecaster, example.X, nullable, example.is_known, example.steps)
    np.testing.assert_array_equal(quietly(other.forecast).to_numpy(), forecast.to_numpy())


# ---- the same again


@examples(9)
@given(examples_of([*LINEAR, "lstm", "default", "boosting"], values=MODERATE, intervals=True, weights=True))
def test_pickles_clones_and_second_fits_forecast_the_same_bits(example):
    coverage = 0.5 if example.forecaster.intervals else None
    fitted, forecast = forecast_or_reject(example, coverage=coverage)
    again = quietly(clone(fitted).fit, *example.history, example.weight)
    quietly(fitted.fit, *example.history, example.weight)
    for other in (clone_of(fitted), again, fitted):
        found = quietly(example.forecast, other, coverage=coverage)
        np.testing.assert_array_equal(found.to_numpy(), forecast.to_numpy())
        assert found.index.equals(forecast.index)


def refused_calls(example, fitted):
    """Calls that must fail."""
    X, y = example.history
    bad = y.copy()
    bad[:] = np.nan
    infinite = y.copy().astype(float)
    infinite[:] = np.inf
    return [
        lambda: fitted.fit(X, bad),
        lambda: fitted.fit(X, infinite),
        lambda: fitted.fit(X, y[:1]),
        lambda: fitted.fit(X, y, np.zeros(len(y))),
        lambda: fitted.fit(np.full((len(y), 2), "a"), y),
        lambda: fitted.update(X, infinite),
        lambda: fitted.update(X, y if hasattr(y, "index") else y.reshape(-1, 1, 1)),
        lambda: fitted.update(np.zeros((3, 7)), y[:3]),
        lambda: fitted.forecast(0),
        lambda: fitted.forecast(1, np.zeros((1, 9))),
        lambda: fitted.forecast(2, history=infinite),
        lambda: fitted.predict(np.zeros((2, 9))),
        lambda: fitted.forecast(1, example.X_future, coverage=1.5),
    ]


@examples(8)
@given(examples_of([*LINEAR, "lstm"], values=MODERATE, weights=True))
def test_a_refused_call_leaves_the_forecaster_as_it_was(example):
    fitted, forecast = forecast_or_reject(example)
    before = joblib.hash(vars(fitted))
    for call in refused_calls(example, fitted):
        with pytest.raises((ValueError, TypeError)):
            quietly(call)
        assert joblib.hash(vars(fitted)) == before
    np.testing.assert_array_equal(quietly(example.forecast, fitted).to_numpy(), forecast.to_numpy())


@examples(8)
@given(examples_of(LINEAR, values=MODERATE))
def test_no_call_changes_the_tables_of_the_user(example):
    (X, y), (X_later, y_later) = example.history, example.later
    tables = [part for part in (X, y, X_later, y_later) if part is not None]
    before = pickle.loads(pickle.dumps(tables))
    try:
        fitted = quietly(clone(example.forecaster).fit, X, y)
    except (ValueError, TypeError):
        reject()
    with suppress(ValueError):  # a value without a logarithm
        quietly(fitted.update, X_later, y_later)
    quietly(lambda: (fitted.fitted_values_, fitted.history_))
    for table, copy in zip(tables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(table), np.asarray(copy))
        assert not hasattr(table, "index") or table.index.equals(copy.index)


# ---- parts


@examples(10)
@given(examples_of([*LINEAR, "default"], values=MODERATE, transformers=True))
def test_components_add_up_to_the_forecast(example):
    fitted, forecast = forecast_or_reject(example)
    parts = quietly(fitted.components, example.steps, example.X_future)
    values = parts.to_numpy().reshape(len(forecast), -1, 4)
    spread = np.nanmax(np.abs(values), initial=0)
    close(values[..., 3], values_of(forecast), 1e-9, spread)
    close(values[..., :3].sum(axis=2), values_of(forecast), 1e-9, spread)


@examples(10)
@given(examples_of(LINEAR, values=ORDINARY, shapes=["single", "several"]), st.data())
def test_fitted_values_are_forecasts_of_the_next_row(example, data):
    baseline = data.draw(st.sampled_from([None, "theta", "naive", "auto"]))
    log = data.draw(st.sampled_from([None, True]))
    example = example.but(
        season=None, log=log, baseline=baseline, dtype="float64", trust="auto" if baseline is None else 0.5
    )
    fitted, _ = forecast_or_reject(example)
    X, y = example.history
    row = data.draw(st.integers(len(y) // 2, len(y) - 1))
    expected = values_of(fitted.fitted_values_)[row]
    history = y[:row] if X is None else (X[:row], y[:row])
    found, error = attempt(fitted.forecast, 1, X[row:] if example.has_known else None, history=history)
    if error:
        assert CANNOT.search(str(error)), error
        assert READ_AHEAD.search(str(error)) or np.isnan(expected).any()
        return
    close(values_of(found)[0], expected, 1e-8, spread_of(example))


# ---- missing values


@examples(10)
@given(examples_of(LINEAR, values=NO_OUTLIER, shapes=["single", "several"]), st.integers(1, 3), st.data())
def test_missing_rows_before_the_first_value_change_nothing(example, n_seasons, data):
    baseline = data.draw(st.sampled_from([None, "theta", "naive"]))
    season, trust = data.draw(st.sampled_from([None, 4])), data.draw(st.sampled_from([0.0, 0.5]))
    settings = {"season": season, "log": None, "baseline": baseline, "trust": trust if baseline else "auto"}
    example = example.but(**settings, baseline_weight="auto", window_length=3, dtype="float64")
    assume(example.forecaster.strategy != "auto" or example.forecaster.steps is None)
    X, y = (None if part is None else np.asarray(part) for part in (example.X, example.y))
    past_only = None if example.forecaster.past_only is None else list(range(len(example.forecaster.past_only)))
    plain = Example(clone(example.forecaster).set_params(past_only=past_only), X, y, example.is_known, example.steps)
    _, forecast = forecast_or_reject(plain)
    front = 4 * n_seasons
    padded = Example(
        plain.forecaster,
        None if X is None else np.concatenate((np.zeros((front, X.shape[1])), X)),
        np.concatenate((np.full((front, *y.shape[1:]), np.nan), y)),
        np.concatenate((np.ones(front, bool), example.is_known)),
        example.steps,
    )
    _, other = forecast_or_reject(padded)
    high = 1e-7 * np.nanmax(np.abs(y))  # a regressor reads all targets, and rounds the largest
    close(other, forecast, 1e-8, max(spread_of(plain), high))


def test_the_regressors_of_the_examples_are_what_they_are_called():
    assert isinstance(REGRESSORS["boosting"], HistGradientBoostingRegressor)
    assert hasattr(REGRESSORS["quantiles"], "predict_quantiles")
