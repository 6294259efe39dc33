from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sklstm import Forecaster
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._series.series import SeriesData
from sklstm._utils.windows import as_slice
from tests._forecasting.tools import (
    COLUMNS,
    READERS,
    SHAPES,
    WITH_AUTO,
    Recorder,
    forecaster,
    scaler_of,
    series,
    slow_training,
)
from tests.tools import pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SIZES = {"alone": (3, 1, 1, 0, 0), "known": (3, 1, 2, 2, 0), "ahead": (2, 3, 1, 1, 1), "past": (4, 2, 2, 0, 1)}


def make_series(lags, n, seed=0, n_future=0, holes=0.15, first_row=0, stamps=None):
    """Random values with holes; row r is in row `first_row` + r of the user's table."""
    rng = np.random.default_rng(seed)
    y, known, past = (
        rng.normal(size=(rows, k)) for rows, k in [(n, lags.n_targets), (n + n_future, lags.n_known), (n, lags.n_past)]
    )
    for values in (y, known, past):
        values[rng.random(values.shape) < holes] = np.nan
    stamps = None if stamps is None else pd.Index(stamps)
    return SeriesData(y, known, past, stamps, None, first_row + np.arange(n))


def sampler_of(lags, series, keeps=True, sequences=True, dtype=np.float64, by_channel=False):
    units = scaler_of(None, series, is_centred=dtype == np.float32)
    return WindowBuilder(lags, units, dtype, keeps, sequences, by_channel)


def can_be_read(lags, part, origin, keeps, sequences):
    """By what the steps of the window read, one after another."""
    columns = [part.known[s] if s < len(part.known) else np.full(lags.n_known, np.nan) for s in range(len(part) + 9)]
    complete = []
    for s in range(origin - lags.window_length, origin):
        values = [np.nan] if s < 0 else [*part.y[s], *part.past[s]]
        if sequences and s >= 0:
            values += [v for ahead in range(1, lags.n_ahead + 1) for v in columns[s + ahead]]
        complete.append(not np.isnan(values).any())
    predicted_at = [v for ahead in range(lags.n_ahead) for v in columns[origin + ahead]]
    knows = not np.isnan(predicted_at).any()
    if not keeps:
        return all(complete) and knows
    return any(complete) and (knows or not sequences)


@pytest.mark.parametrize("name", SIZES)
def test_where_channels_are_read_each_by_itself_a_value_of_each_target_is_enough(name):
    lags = WindowSpec(*SIZES[name])
    part = make_series(lags, 60, holes=0.3)
    part.y[20:27] = np.nan
    part.y[30:40, 0] = np.nan  # others may be there
    readable = []
    for o in range(1, 60):
        known = part.known[o : o + lags.n_ahead]
        knows = not lags.n_known or (len(known) == lags.n_ahead and not np.isnan(known).any())
        if knows and (~np.isnan(part.y[max(0, o - lags.window_length) : o])).any(axis=0).all():
            readable.append(o)
    samples = sampler_of(lags, {None: part}, by_channel=True).training_windows({None: part}, {None: np.arange(1, 60)})
    windows = lags.windows(lags.table(part.y, part.known, part.past, np.float64), np.array(readable))
    np.testing.assert_array_equal(samples.windows[as_slice(samples.rows)], windows)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("name", SIZES)
def test_the_windows_that_are_learnt_from_are_those_that_can_be_read(name, sequences, keeps):
    lags = WindowSpec(*SIZES[name])
    part = make_series(lags, 60)
    part.y[20:27] = np.nan  # longer than a window
    builder = sampler_of(lags, {None: part}, keeps, sequences)
    readable = [o for o in range(1, 60) if can_be_read(lags, part, o, keeps, sequences)]
    assert 5 < len(readable) < 59
    samples = builder.training_windows({None: part}, {None: np.arange(1, 60)}, np.arange(60.0))
    windows = lags.windows(lags.table(part.y, part.known, part.past, np.float64), np.array(readable))
    np.testing.assert_array_equal(samples.windows[as_slice(samples.rows)], windows)
    np.testing.assert_array_equal(samples.targets, lags.targets(part.y, np.array(readable)))
    # the weight of each target is that of its row; beyond the last there is neither
    weights = [[o + step if o + step < 60 else np.nan for step in range(lags.n_ahead)] for o in readable]
    np.testing.assert_array_equal(samples.weight, weights)


@pytest.mark.parametrize("weighted", [True, False])
def test_samples_of_a_panel_are_in_the_order_of_time(weighted):
    """What an LSTM holds out are the last rows: the latest of all series."""
    lags = WindowSpec(2, 1, 1, 0, 0)
    series = {
        "a": make_series(lags, 6, holes=0, stamps=range(10, 16)),
        "b": make_series(lags, 8, seed=1, holes=0, stamps=range(6, 14), first_row=6),
        "c": make_series(lags, 3, seed=2, holes=0, stamps=range(12, 15), first_row=14),
    }
    weight = np.random.default_rng(3).random(17) if weighted else None
    origins = {key: np.arange(1, len(part)) for key, part in series.items()}
    samples = sampler_of(lags, series).training_windows(series, origins, weight)
    rows = sorted((part.index[o], "abc".index(key), o) for key, part in series.items() for o in range(1, len(part)))
    targets = [series["abc"[k]].y[o, 0] for _, k, o in rows]
    np.testing.assert_array_equal(samples.targets[:, 0], targets)
    last_steps = [series["abc"[k]].y[o - 1, 0] for _, k, o in rows]
    np.testing.assert_array_equal(samples.windows[as_slice(samples.rows)][:, -1, 0], last_steps)
    if weighted:
        expected = [weight[series["abc"[k]].rows[o]] for _, k, o in rows]
        np.testing.assert_array_equal(samples.weight[:, 0], expected)
    else:
        assert samples.weight is None


def test_windows_of_one_series_are_a_view():
    lags = WindowSpec(50, 1, 1, 0, 0)
    part = make_series(lags, 1000, holes=0)
    samples = sampler_of(lags, {None: part}, dtype=np.float32).training_windows(
        {None: part}, {None: np.arange(1, 1000)}
    )
    assert samples.windows[as_slice(samples.rows)].dtype == np.float32
    assert samples.windows[as_slice(samples.rows)].strides[:2] == (4, 4)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("name", SIZES)
def test_a_step_can_be_forecast_if_all_that_is_read_up_to_it_is_there(name, sequences, keeps):
    lags, steps = WindowSpec(*SIZES[name]), 4
    if lags.n_ahead > 1:
        steps = lags.n_ahead
    part = make_series(lags, 40, n_future=2)
    origins = np.arange(1, 41)
    builder = sampler_of(lags, {None: part}, keeps, sequences)
    contexts = builder.forecast_windows({None: part}, {None: origins}, steps)
    assert contexts.is_readable.shape == (40, steps)
    for row, origin in enumerate(origins):
        readable = can_be_read(lags, part, origin, keeps, sequences)
        for step in range(steps):
            if step and lags.n_ahead == 1 and not (keeps and not sequences):
                # the step that is appended carries the columns of the row that it predicts
                there = origin + step < len(part.known)
                readable = readable and (not lags.n_known or (there and not np.isnan(part.known[origin + step]).any()))
            assert contexts.is_readable[row, step] == readable
    if not (keeps and not sequences):
        assert np.isfinite(contexts.future[..., : lags.n_known]).all()  # no NaN is handed on for what is not given


def test_future_columns_are_those_of_the_steps_that_are_appended():
    lags = WindowSpec(3, 1, 1, 2, 0)
    part = make_series(lags, 20, n_future=10, holes=0)
    contexts = sampler_of(lags, {None: part}).forecast_windows({None: part}, {None: np.array([10, 20])}, 5)
    for row, origin in zip(contexts.future, (10, 20), strict=True):
        np.testing.assert_array_equal(row, part.known[origin + 1 : origin + 5])


def test_contexts_of_several_series_come_one_after_another_with_their_centre_and_scale():
    lags = WindowSpec(2, 1, 1, 0, 0)
    series = {"a": make_series(lags, 9, holes=0), "b": make_series(lags, 5, seed=1, holes=0)}
    series["b"].y[:] += 1000
    builder = sampler_of(lags, series, dtype=np.float32)
    contexts = builder.forecast_windows(series, {"b": np.array([5]), "a": np.array([4, 9])}, 1)
    np.testing.assert_allclose(contexts.centre[:, 0], [series[k].y.mean() for k in "baa"])
    changes = {key: np.abs(np.diff(part.y[:, 0])).mean() for key, part in series.items()}
    np.testing.assert_allclose(contexts.error_scale[:, 0], [changes[k] for k in "baa"])
    values = np.concatenate([series["b"].y[3:5], series["a"].y[2:4], series["a"].y[7:9]])[:, 0]
    np.testing.assert_allclose(
        contexts.windows[..., 0].ravel() + np.repeat(contexts.centre[:, 0], 2), values, rtol=1e-6
    )


@pytest.mark.filterwarnings("ignore:.*windows are left out")
@pairwise("strategy, columns, shape, reader, is_messy", WITH_AUTO, COLUMNS, SHAPES, READERS, [False, True])
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


@pytest.mark.parametrize("steps", [1, 3])
def test_a_new_series_is_scaled_and_bounded_by_its_rows_before_the_first_origin(steps):
    lags = WindowSpec(3, 1, 1, 0, 0)
    trained = {"a": make_series(lags, 30, holes=0), "b": make_series(lags, 30, seed=1, holes=0)}
    scaler = scaler_of(None, trained, True, True)
    builder = WindowBuilder(lags, scaler, np.float32, True, True, False).with_bounds(trained, 0.0)
    y = np.full((12, 1), 100.0) + np.arange(12)[:, np.newaxis] % 2
    y[0], y[10:] = 90, 1e6  # the first row is in the range, those after the origin are not
    new = SeriesData(y, np.empty((12, 0)), np.empty((12, 0)), None, None, np.arange(12))
    windows = builder.forecast_windows({"new": new}, {"new": np.array([10])}, steps)
    np.testing.assert_allclose(windows.centre, y[:10].mean())
    np.testing.assert_allclose(windows.unscaled(windows.windows)[0, :, 0], y[7:10, 0], rtol=1e-5)
    np.testing.assert_allclose(windows.last, y[9:10])
    low, high = windows.unscaled(windows.bounds[:, 0])[0, :, 0], windows.unscaled(windows.bounds[:, 1])[0, :, 0]
    np.testing.assert_allclose(low, 90, rtol=1e-5)
    assert ((high > 100.9) & (high < 102)).all()  # a trend may lead out of it
    unscaled = windows.unscaled(windows.scaled(np.full((1, steps, 1), 95.0)))
    np.testing.assert_allclose(unscaled, 95)
    both = {"a": trained["a"], "new": new}
    windows = builder.forecast_windows(both, {"a": np.array([20]), "new": np.array([8, 10])}, steps)
    np.testing.assert_allclose(windows.centre[1:], y[:8].mean())
    np.testing.assert_allclose(windows.centre[0], scaler.scalings["a"].centre)


def test_a_window_whose_end_is_at_the_usual_level_stays_in_the_units_of_its_series():
    lags = WindowSpec(3, 1, 1, 0, 0)
    part = make_series(lags, 30, holes=0)
    scaler = scaler_of(None, {None: part}, is_centred=True)
    builder = WindowBuilder(lags, scaler, np.float32, True, True, False)
    y = part.y.copy()
    y[7:9] = 1e6
    windows = builder.forecast_windows({None: replace(part, y=y)}, {None: np.array([10])}, 1)
    np.testing.assert_allclose(windows.windows[0, :, 0], (y - part.y.mean())[7:10, 0], rtol=1e-6)
    np.testing.assert_allclose(windows.centre, part.y.mean())
    windows = builder.forecast_windows({None: replace(part, y=y)}, {None: np.array([9])}, 1)
    assert not np.allclose(windows.centre, part.y.mean())  # that of the window itself


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("origin", [9, 10])
def test_bounds_are_those_of_the_series_also_if_a_window_has_units_of_its_own(origin, steps):
    lags = WindowSpec(3, 1, 1, 0, 0)
    part = make_series(lags, 30, holes=0)
    scaler = scaler_of(None, {None: part}, is_centred=True)
    builder = WindowBuilder(lags, scaler, np.float32, True, True, False).with_bounds({None: part}, 0.0)
    y = part.y.copy()
    y[7:9] = 1e6
    windows = builder.forecast_windows({None: replace(part, y=y)}, {None: np.array([origin])}, steps)
    assert np.allclose(windows.centre, part.y.mean()) == (origin == 10)
    low, high = (windows.unscaled(windows.bounds[:, side])[0, 0, 0] for side in (0, 1))
    assert low == pytest.approx(part.y.min(), rel=0.01)
    assert high >= 1e6


@pytest.mark.parametrize(
    ("settings", "n_known", "known_nan", "early"),
    [
        # keeps_incomplete, reads_sequences, reads_by_channel, allows_fewer_known
        ((True, False, False, False), 2, True, True),
        ((True, False, False, False), 0, True, True),
        ((True, True, False, False), 2, False, False),
        ((True, True, False, False), 0, False, True),
        ((True, True, True, False), 2, False, False),
        ((True, True, True, True), 2, True, True),
        ((True, True, False, True), 2, False, False),
        ((False, False, False, False), 2, False, False),
        ((False, False, False, False), 0, False, True),
        ((False, True, True, True), 2, False, False),
    ],
)
def test_who_reads_windows_before_their_known_columns_are_known(settings, n_known, known_nan, early):
    lags = WindowSpec(3, 2, 1, n_known, 0)
    builder = WindowBuilder(lags, scaler_of(None, {None: make_series(lags, 30)}, True), np.float32, *settings)
    assert bool(builder.reads_known_nan) == known_nan
    assert bool(builder.reads_windows_early) == early
