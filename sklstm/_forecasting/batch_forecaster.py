"""Forecasts of many series and origins in one batch, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.correction import CorrectedSet
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
    regressor_set : RegressorSet or CorrectedSet
        Forecasts windows.
    intervals : Intervals or None, default=None
        Computes intervals around the forecasts.
    repeats_last : bool, default=False
        Whether every forecast repeats the last value, because there were too few windows to train on.
    """

    builder: WindowBuilder
    regressor_set: RegressorSet | CorrectedSet
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
        windows = self.windows_at(series, origins, steps)
        points = self.point_forecasts(windows, steps)
        clipped = find_clipped(windows.scaled(points), windows.limits) if on_clipped else None
        if clipped is not None:
            on_clipped(clipped, len(points))
        forecasts = [points]
        if coverages:
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite becomes NaN below
                ends = self.intervals.ends(self.regressor_set, windows, points, coverages)
            forecasts += [end[..., c] for c in range(len(coverages)) for end in ends]
        forecasts = np.stack([self.restored(windows, values) for values in forecasts], axis=-1)
        forecasts[~np.isfinite(forecasts)] = np.nan
        _order_ends(forecasts)
        last_rows = np.cumsum([len(rows) for rows in origins.values()])[:-1]
        return dict(zip(origins, np.split(forecasts, last_rows), strict=True))

    def windows_at(self, series, origins, steps):
        """Return the ForecastWindows at some origins, by key, with the baseline there."""
        windows = self.builder.forecast_windows(series, origins, steps)
        if not self.has_baseline:
            return windows
        rows, n_ahead = self.builder.adjusted_rows(series, origins), self.builder.spec.n_ahead
        baseline = self.regressor_set.baseline.start(rows, origins, max(steps, n_ahead), steps > n_ahead)
        return replace(windows, baseline=baseline)

    def components_at(self, series, origins, steps):
        """Forecast from some origins, by key, as a sum of (n_parts, n, steps, n_targets) in the user's units.

        The parts are the baseline, the correction and the season.
        """
        windows = self.windows_at(series, origins, steps)
        points = self.point_forecasts(windows, steps)
        flat = replace(windows, season=np.zeros_like(windows.season))
        baseline = np.zeros_like(points)
        if self.has_baseline:
            path = windows.fill_readable(lambda part: self.regressor_set.baseline_path(part, steps))
            baseline = self.restored(flat, path)
        without_season, whole = self.restored(flat, points), self.restored(windows, points)
        with np.errstate(invalid="ignore"):  # the caller handles what is not finite
            return np.stack((baseline, without_season - baseline, whole - without_season))

    def restored(self, windows, values):
        """Convert values (n, steps, n_targets) from adjusted units to the user's."""
        return self.builder.scaler.inverse_transform(windows.unadjusted(values))

    @property
    def has_baseline(self):
        """Whether the regressors correct a baseline."""
        return isinstance(self.regressor_set, CorrectedSet)

    @property
    def trust(self):
        """How much of what the regressors add to a baseline counts, from 0 to 1; None without a baseline."""
        return float(self.regressor_set.mixture.trust[0]) if self.has_baseline else None

    def training_windows(self, series, origins, n_learnt=None):
        """Build the windows to train further on, at some origins of histories, both by key."""
        samples = self.builder.training_windows(series, origins, n_learnt=n_learnt)
        if not self.has_baseline:
            return samples
        rows = self.builder.adjusted_rows(series, origins, np.max)
        return self.regressor_set.with_reference(samples, rows, origins)

    def followed_by(self, histories):
        """Return a BatchForecaster that forecasts fast from the end of histories, by key."""
        scaler = self.builder.scaler
        if not self.has_baseline:
            return self
        # a series that was not trained on is adjusted by all its rows, so that each row changes those before it
        is_steady = {key: key in scaler.scalings or not scaler.adjuster.changes for key in histories}
        lengths = {key: len(history) for key, history in histories.items() if is_steady[key]}
        rows = self.builder.adjusted_rows(histories, {key: np.array([n]) for key, n in lengths.items()})
        return self._with_baseline(self.regressor_set.baseline.at(rows, lengths))

    def compact(self):
        """Return a BatchForecaster whose intervals keep few rows."""
        return self if self.intervals is None else replace(self, intervals=self.intervals.compact())

    def from_ends(self, histories):
        """Return a BatchForecaster that needs no rows before the ends of histories, by key, but for their windows."""
        return self.followed_by(histories).with_compact_baseline()

    def with_compact_baseline(self):
        """Return a BatchForecaster whose baseline reads no rows before those that it knows."""
        return self._with_baseline(self.regressor_set.baseline.compact()) if self.has_baseline else self

    def readjusted(self, histories):
        """Return a BatchForecaster with the seasons of histories that have become longer, by key."""
        builder = replace(self.builder, scaler=self.builder.scaler.readjusted(histories))
        return replace(self, builder=builder).without_ends(histories).followed_by(histories)

    def for_histories(self, series):
        """Return a BatchForecaster for histories, by key, that replace the training rows."""
        builder = replace(self.builder, scaler=self.builder.scaler.for_histories(series))
        return replace(self, builder=builder).without_ends(series)

    def for_copies(self, keys):
        """Return a BatchForecaster for copies of training series, with some values changed.

        `keys` has the key of the training series of each copy, by the key of the copy. A copy is adjusted and scaled as
        its training series is, whatever its values are.
        """
        return replace(self, builder=self.builder.for_copies(keys)).without_ends(keys)

    @property
    def reads_whole_series(self):
        """Whether forecasts depend on rows before the window, because of a baseline that reads them."""
        return self.has_baseline and bool(self.regressor_set.baseline.of_series)

    def without_ends(self, series):
        """Return a BatchForecaster that does not know the ends of some series, by key."""
        return self._with_baseline(self.regressor_set.baseline.without(series)) if self.has_baseline else self

    def _with_baseline(self, baseline):
        """Return a BatchForecaster with another state of its baseline."""
        return replace(self, regressor_set=replace(self.regressor_set, baseline=baseline))

    def point_forecasts(self, windows, steps):
        """Forecast from ForecastWindows, (n, steps, n_targets) in adjusted units."""
        if self.repeats_last:
            points = np.repeat(windows.last[:, np.newaxis], steps, axis=1)
            points[~windows.is_readable] = np.nan
            return points
        return windows.fill_readable(lambda part: self.regressor_set.forecast(part, steps))


def _order_ends(forecasts):
    """Swap lower and upper ends where a decreasing transformer has reversed them, in place."""
    lower, upper = forecasts[..., 1::2], forecasts[..., 2::2]
    lower[...], upper[...] = np.minimum(lower, upper), np.maximum(lower, upper)
