"""Measure how time grows with the size of the data, as the exponent of a power law: 1 is linear, 0 no growth."""

from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from benchmarks import _peers
from benchmarks._models import fit, regressor
from sklstm import BacktestResult, Forecaster, backtest, make_windows

SAMPLES = (10_000, 100_000, 1_000_000)
STEPS = (48, 192, 768)
ROWS = (1_000, 30_000, 1_000_000)
UPDATES = (300, 3_000, 10_000)
SERIES = (100, 1_000, 5_000)
ORIGINS = (300, 3_000, 30_000)
GROUPS = (10_000, 50_000, 250_000)


def of_samples(sizes=SAMPLES):
    """Exponent of one epoch and a prediction in the number of samples (24 steps, 4 units)."""
    _seconds(24, 1000, hidden_size=4)  # the first fit of a process looks for BLAS libraries
    return _exponent(sizes, [_seconds(24, n, hidden_size=4) for n in sizes])


def of_steps(sizes=STEPS, n_windows=640):
    """Exponent of one epoch and a prediction in the number of steps (32 units)."""
    return _exponent(sizes, [min(_seconds(n, n_windows, hidden_size=32) for _ in range(3)) for n in sizes])


def of_epochs(n_epochs=200_000, n_calls=200):
    """Time of a call of `partial_fit` after `n_epochs` epochs, divided by its time at the start."""
    _peers.set_threads(1)
    X, y = make_windows(np.sin(np.arange(40.0)), 8)
    model = regressor(4).partial_fit(X, y)

    def seconds():
        begin = perf_counter()
        for _ in range(n_calls):
            model.partial_fit(X, y)
        return perf_counter() - begin

    early = seconds()
    for _ in range(n_epochs):  # record as many epochs as this many calls would
        model._state.progress.record(model.theta_, 1.0, None, 0.0)
    return seconds() / early


def of_history(sizes=ROWS):
    """Exponent of one forecast in the number of rows of the history: 0 if only a window is read."""
    return _exponent(sizes, [_best(_of_hours(n).forecast, 1) for n in sizes])


def of_updated_history(sizes=ROWS):
    """Exponent of an update by one row in the number of rows of the history: 0 if only the new row is read."""
    return _exponent(sizes, [_per_update(n, 50) for n in sizes])


def of_updates(sizes=UPDATES):
    """Exponent of updates by one row each in the number of updates: 1 if each takes the same time."""
    return _exponent(sizes, [n * _per_update(100, n) for n in sizes])


def of_series(sizes=SERIES):
    """Exponent of fitting a panel and forecasting it in the number of its series (50 rows each)."""
    return _exponent(sizes, [_best(_fit_and_forecast, _panel(n), repeats=2) for n in sizes])


def of_origins(sizes=ORIGINS):
    """Exponent of a backtest without refit in the number of its origins (6 steps)."""
    return _exponent(sizes, [_best(_backtest, n, repeats=2) for n in sizes])


def of_groups(sizes=GROUPS):
    """Exponent of `metrics_by` in the number of groups (12 forecasts each)."""
    rows = backtest(_ridge(), None, np.sin(np.arange(100.0)), steps=3, n_origins=4, refit=False).frame
    results = [BacktestResult(_repeated(rows, n)) for n in sizes]
    return _exponent(sizes, [_best(result.metrics_by, "series", repeats=2) for result in results])


def _repeated(rows, n_series):
    """Repeat the rows for `n_series` series."""
    table = rows.loc[np.tile(rows.index, n_series)].reset_index(drop=True)
    return table.assign(series=np.repeat(np.arange(n_series), len(rows)))


def _ridge():
    return Forecaster(Ridge(), window_length=24)


def _of_hours(n_rows):
    """Return a forecaster that was fitted to an hourly series of `n_rows` rows."""
    index = pd.date_range("1800-01-01", periods=n_rows, freq="h", unit="s")
    return _ridge().fit(None, pd.Series(np.sin(np.arange(n_rows)), index))


def _panel(n_series):
    """Return a panel of `n_series` series of 50 days."""
    days = pd.date_range("2024-01-01", periods=50)
    index = pd.MultiIndex.from_product([range(n_series), days], names=["series", "day"])
    return pd.Series(np.random.default_rng(0).normal(size=len(index)), index)


def _fit_and_forecast(y):
    return _ridge().fit(None, y).forecast(3)


def _backtest(n_origins):
    series = np.sin(np.arange(n_origins + 100.0))
    return backtest(_ridge(), None, series, steps=6, n_origins=n_origins, refit=False)


def _per_update(n_rows, n_updates):
    """Return the mean seconds of an update by one row."""
    forecaster = _of_hours(n_rows)
    index = forecaster.future_index(n_updates)
    rows = [pd.Series([0.0], index[k : k + 1]) for k in range(n_updates)]
    begin = perf_counter()
    for row in rows:
        forecaster.update(None, row)
    return (perf_counter() - begin) / n_updates


def _best(function, *arguments, repeats=5):
    """Return the seconds of the fastest call, after a first call that is not counted."""
    _peers.set_threads(1)
    seconds = []
    for _ in range(1 + repeats):
        begin = perf_counter()
        function(*arguments)
        seconds.append(perf_counter() - begin)
    return min(seconds[1:])


def _seconds(n_steps, n_windows, hidden_size):
    _peers.set_threads(1)
    X, y = make_windows(np.sin(np.arange(n_windows + n_steps, dtype=np.float32)), n_steps)
    begin = perf_counter()
    fit(regressor(hidden_size), X, y).predict(X)
    return perf_counter() - begin


def _exponent(sizes, seconds):
    """Return the slope of log(seconds) over log(sizes)."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


MEASURED = {
    of_samples: SAMPLES,
    of_history: ROWS,
    of_updated_history: ROWS,
    of_updates: UPDATES,
    of_series: SERIES,
    of_origins: ORIGINS,
    of_groups: GROUPS,
}
