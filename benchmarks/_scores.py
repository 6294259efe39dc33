"""Errors of forecasts, the simple forecasts to compare with, and the means that are reported."""

import math
from statistics import fmean

import numpy as np

from sklstm._components.naive import seasonal_naive
from sklstm._components.season import seasonal_values
from sklstm._components.theta import follow_each


def naive_error(y, season):
    """Return the in-sample mean absolute error of the seasonal naive forecast; with too few rows, of the last value."""
    lag = season if len(y) > season else 1
    return float(np.abs(y[lag:] - y[:-lag]).mean()) if len(y) > lag else 0.0


def scaled_errors(forecasts, truths, known, season):
    """Return each series' mean absolute error in units of its `naive_error`; NaN where that is 0.

    `forecasts` and `truths` are (n_series, steps); `known` are the rows before them, one array for each series.
    """
    scales = np.array([naive_error(y, season) for y in known])
    errors = np.abs(np.asarray(forecasts) - truths).mean(axis=1)
    return np.divide(errors, scales, out=np.full_like(errors, np.nan), where=scales > 0)


def percentage_errors(forecasts, truths):
    """Return each series' symmetric mean absolute percentage error (sMAPE), at most 200; that of 0 for 0 is 0."""
    size = np.abs(forecasts) + np.abs(truths)
    return 200 * np.divide(np.abs(forecasts - truths), size, out=np.zeros_like(size), where=size > 0).mean(axis=1)


def scores(forecasts, truths, known, season):
    """Return MASE and sMAPE: means over the series. Series that were constant so far have no MASE."""
    return {
        "mase": float(np.nanmean(scaled_errors(forecasts, truths, known, season))),
        "smape": float(percentage_errors(forecasts, truths).mean()),
    }


def theta(known, season, steps, log):
    """Forecast series by theta, with the season taken off and put back, (n_series, steps).

    With `log`, this is done with the logarithm of every series that is positive.
    """
    known, is_log = [np.asarray(y, float) for y in known], np.array([log and y.min() > 0 for y in known])
    logs = [np.log(y) if of_log else y for y, of_log in zip(known, is_log, strict=True)]
    seasons = [seasonal_values(y[:, np.newaxis], np.arange(len(y)) % season, season) for y in logs]
    flat = [y[:, np.newaxis] - s[np.arange(len(y)) % season] for y, s in zip(logs, seasons, strict=True)]
    lines = [state.line for state, _ in follow_each(flat)]
    ahead = [s[(len(y) + np.arange(steps)) % season, 0] for y, s in zip(logs, seasons, strict=True)]
    paths = np.array([line.level + line.slope * np.arange(1, steps + 1) for line in lines]) + np.array(ahead)
    return np.where(is_log[:, np.newaxis], np.exp(np.where(is_log[:, np.newaxis], paths, 0)), paths)


def naive(known, season, steps):
    """Forecast series by the value one season before, (n_series, steps); with too few rows, by the last value."""
    return np.array(
        [
            seasonal_naive(y[:, np.newaxis], season if len(y) >= season else 1, np.array([len(y)]), steps)[0, :, 0]
            for y in known
        ]
    )


def geometric_mean(values):
    return math.exp(fmean(math.log(value) for value in values))


def halves(items):
    """Return the items by name of a part: all, and every second one from the first and from the second on."""
    items = list(items)
    return {"all": items, "odd": items[::2], "even": items[1::2]}
