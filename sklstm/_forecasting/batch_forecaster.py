"""Forecasts of many series and origins in one batch, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.intervals import Intervals
from sklstm._forecasting.strategies import RegressorSet
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._utils.forecast_bounds import find_clipped


@dataclass(frozen=True)
class BatchForecaster:
    """Forecast series with trained regressors: build windows, predict, add intervals and undo the scaling.

    Parameters
    ----------
    builder : WindowBuilder
        Builds windows from series.
    regressor_set : RegressorSet
        Forecasts windows.
    intervals : Intervals or None, default=None
        Computes intervals around the forecasts.
    repeats_last : bool, default=False
        Whether every forecast repeats the last value, because there were too few windows to train on.
    """

    builder: WindowBuilder
    regressor_set: RegressorSet
    intervals: Intervals | None = None
    repeats_last: bool = False

    def forecast(self, series, origins, steps, coverages=(), on_clipped=None):
        """Forecast from some origins of each series.

        Parameters
        ----------
        series : dict of series
            The series, by key.
        origins : dict of ndarray of int
            The origins in each series, by key.
        steps : int
            Number of steps to forecast.
        coverages : tuple of float, default=()
            Coverages of the intervals.
        on_clipped : callable (clipped, n_forecasts), default=None
            Called with ClippedForecasts if any forecast was clipped before it was fed back.

        Returns
        -------
        forecasts : dict of ndarray of shape (n_origins, steps, n_targets, 1 + 2 * n_coverages)
            By key, in the user's units: the forecast, then the lower and the upper end for each coverage. They are NaN
            if a value that the regressor needs is missing, or if the result is not finite.
        """
        windows = self.builder.forecast_windows(series, origins, steps)
        points = self.point_forecasts(windows, steps)
        clipped = find_clipped(windows.scaled(points), windows.limits) if on_clipped else None
        if clipped is not None:
            on_clipped(clipped, len(points))
        forecasts = [points]
        if coverages:
            ends = self.intervals.ends(self.regressor_set, windows, points, coverages)
            forecasts += [end[..., c] for c in range(len(coverages)) for end in ends]
        forecasts = np.stack([self.builder.scaler.inverse_transform(values) for values in forecasts], axis=-1)
        forecasts[~np.isfinite(forecasts)] = np.nan
        _order_ends(forecasts)
        last_rows = np.cumsum([len(rows) for rows in origins.values()])[:-1]
        return dict(zip(origins, np.split(forecasts, last_rows), strict=True))

    def for_histories(self, series):
        """Return a BatchForecaster for histories, by key, that replace the training rows."""
        scaler = self.builder.scaler.for_histories(series)
        return replace(self, builder=replace(self.builder, scaler=scaler))

    def point_forecasts(self, windows, steps):
        """Forecast from ForecastWindows, (n, steps, n_targets) in transformed units."""
        if self.repeats_last:
            points = np.repeat(windows.last[:, np.newaxis], steps, axis=1)
            points[~windows.is_readable] = np.nan
            return points
        return windows.fill_readable(
            lambda part: self.regressor_set.forecast(part.windows, part.future, steps, part.limits)
        )


def _order_ends(forecasts):
    """Swap lower and upper ends where a decreasing transformer has reversed them, in place."""
    lower, upper = forecasts[..., 1::2], forecasts[..., 2::2]
    lower[...], upper[...] = np.minimum(lower, upper), np.maximum(lower, upper)
