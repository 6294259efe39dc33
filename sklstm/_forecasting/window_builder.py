"""Build windows from series, in scaled units."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np

from sklstm._components.naive import seasonal_naive
from sklstm._forecasting.adjustment import SeriesAdjustment, log_of_bounds
from sklstm._forecasting.baselines import NO_BASELINE
from sklstm._forecasting.built_windows import ForecastWindows, TrainingWindows
from sklstm._forecasting.series_scaling import SeriesScaling
from sklstm._forecasting.stacked_series import StackedSeries
from sklstm._forecasting.target_scaling import TargetScaler
from sklstm._forecasting.window_spec import WindowSpec, cast, rows_read
from sklstm._utils.forecast_bounds import SeriesRange, newest
from sklstm._utils.windows import as_slice, rows_after


@dataclass(frozen=True)
class StackedValues:
    """The values of stacked rows, in scaled units.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_targets)
    known : ndarray of shape (n_rows, n_known)
    past : ndarray of shape (n_rows, n_past)
    seasons : ndarray of shape (n_rows, n_targets)
        What was taken off, as the season of each row, in adjusted units.
    ranged : ndarray of shape (n_rows, n_targets)
        The targets in the units that ranges are in.
    scalings : list of SeriesScaling
        The scaling of each series.
    adjustments : list of SeriesAdjustment
        The adjustment of each series.
    """

    y: np.ndarray
    known: np.ndarray
    past: np.ndarray
    seasons: np.ndarray
    ranged: np.ndarray
    scalings: list[SeriesScaling]
    adjustments: list[SeriesAdjustment]


@dataclass(frozen=True)
class WindowBuilder:
    """Builds windows from series.

    Parameters
    ----------
    spec : WindowSpec
        What the windows contain.
    scaler : TargetScaler
        Scales the values in the windows.
    dtype : numpy dtype
        The precision of the windows.
    keeps_incomplete : bool
        Whether the regressor can read incomplete windows.
    reads_sequences : bool
        Whether the regressor reads the known columns of every step, as an LSTM does. Then a step without them is
        missing.
    reads_by_channel : bool
        Whether the regressor reads the other channels of a step if one is missing.
    allows_fewer_known : bool
        Whether such a regressor may read steps without all known columns of the rows ahead.
    ranges : dict of SeriesRange
        The range of the training rows of each series, by key: in transformed units, or in scaled units if series are
        not adjusted.
    reach : float, default=inf
        Recursive forecasts may leave the range of their series by this many times the range; infinite for no bounds.
    """

    spec: WindowSpec
    scaler: TargetScaler
    dtype: np.dtype
    keeps_incomplete: bool
    reads_sequences: bool
    reads_by_channel: bool
    allows_fewer_known: bool = False
    ranges: dict[Hashable, SeriesRange] = field(default_factory=dict)
    reach: float = np.inf

    def with_bounds(self, series, reach):
        """Return a builder with bounds of forecasts, from training rows in the user's units, by key."""
        origins = {key: np.array([0, len(part)]) for key, part in series.items()}
        stacked = StackedSeries.from_origins(series, origins)
        return replace(self, ranges=self._ranges(stacked), reach=reach)

    def for_copies(self, keys):
        """Return a builder for copies of training series; `keys` as for `BatchForecaster.for_copies`."""
        ranges = {copy: self.ranges[key] for copy, key in keys.items() if key in self.ranges}
        return replace(self, scaler=self.scaler.for_copies(keys), ranges=ranges)

    @property
    def reads_known_nan(self):
        """Whether the known columns of a predicted row may be missing."""
        by_channel = self.reads_by_channel and self.allows_fewer_known
        return self.keeps_incomplete and (by_channel or not self.reads_sequences)

    @property
    def reads_windows_early(self):
        """Whether a window can be read before the known columns of all steps ahead are known."""
        return self.reads_known_nan or not self.spec.n_known

    def training_windows(self, series, origins, weight=None, is_adjusted=False, n_learnt=None):
        """Build the windows at some origins of each series, both by key; those of a panel are in time order.

        `weight` has the weight of each row of the user's table. `is_adjusted` says whether the targets of the
        series are in adjusted units instead of the user's. `n_learnt` has the number of rows of each series, by
        key, that are no targets: the first ones.
        """
        stacked = StackedSeries.from_origins(series, origins, self.spec.window_length, self.spec.n_ahead, is_adjusted)
        (values, table), rows = self._read(stacked, np.max), stacked.rows
        y, scalings = values.y, values.scalings
        numbers = np.flatnonzero(self._is_readable(table, rows))
        if len(origins) > 1:
            # with early stopping, an LSTM holds out the last samples: these must be the latest of all series
            numbers = numbers[np.argsort(stacked.stamps[numbers], kind="stable")]
        rows = rows[numbers]
        scaling = SeriesScaling.from_parts(scalings, stacked.n_origins).at(numbers)
        if weight is not None:
            weight = stacked.gather(1, lambda part, *span: weight[part.values("rows", *span), np.newaxis])
            weight = self.spec.targets(weight, rows)
        learnt = y if n_learnt is None else np.where(stacked.are_before(n_learnt), np.nan, y)
        targets = self.spec.targets(learnt, rows)
        if not self._has_other_levels(y, stacked, scalings):
            return TrainingWindows(self.spec.windows(table, slice(None)), targets, weight, rows, numbers, scaling)
        windows, shift, zoom = self._windows(table, y, rows, scaling)
        if shift is not None:
            scaling = scaling.combined(shift, zoom)
            shift, zoom = (np.tile(part, self.spec.n_ahead) for part in (shift, zoom))
            targets = (targets - shift) / np.where(zoom > 0, zoom, 1)
        return TrainingWindows(windows, targets, weight, None, numbers, scaling)

    def _has_other_levels(self, y, stacked, scalings):
        """Whether any value is so far from the centre of its series that its window may be at another level."""
        far = np.array([scaling.far for scaling in scalings])
        return bool((np.abs(y) > np.repeat(far, stacked.lengths, axis=0)).any())

    def forecast_windows(self, series, origins, steps):
        """Build the windows at some origins of each series, both by key, to forecast `steps` steps from."""
        n_after = rows_read(steps, self.spec.n_ahead)
        stacked = StackedSeries.from_origins(series, origins, self.spec.window_length, n_after)
        (values, table), rows = self._read(stacked, np.min), stacked.rows
        y, known, scalings = values.y, values.known, values.scalings
        future, is_readable = self._future(table, known, rows, steps)
        recent = self._before(y, rows)
        has_other_levels = self._has_other_levels(y, stacked, scalings)
        scaling = SeriesScaling.from_parts(scalings, stacked.n_origins)
        bounds = self._bounds(stacked, values, rows, steps, scaling)
        last = newest(recent) * scaling.divisor + scaling.centre
        if has_other_levels or (scaling.size == 0).any():
            windows, shift, zoom = self._windows(table, y, rows, scaling)
        else:
            windows, shift, zoom = self.spec.windows(table, as_slice(rows)), None, None
        if shift is not None:
            scaling = scaling.combined(shift, zoom)
            shift, zoom = (part[:, np.newaxis, np.newaxis] for part in (shift, np.where(zoom > 0, zoom, 1)))
            bounds = (bounds - shift) / zoom
        season = rows_after(values.seasons, rows, steps)
        is_log = np.repeat([part.is_log for part in values.adjustments], stacked.n_origins, axis=0)
        scale = scaling.centre, scaling.size, scaling.error_scale
        return ForecastWindows(windows, future, is_readable, *scale, last, season, is_log, bounds, NO_BASELINE)

    def adjusted_rows(self, series, origins, last_known=np.min):
        """Return a function that returns the adjusted targets of rows `first` to `stop` of the series of a key.

        A series that was not trained on is adjusted by its rows before the first or the last of its origins:
        `last_known` is `np.min` or `np.max`.
        """
        adjustments = {}

        def rows(key, first, stop):
            part = series[key]
            if key not in adjustments:
                n_known = last_known(origins[key]) if len(origins[key]) else 0
                adjustments[key] = self.scaler.units_of(key, part, n_known)[0]
            return self.scaler.adjusted_rows(part, first, stop, adjustments[key])

        return rows

    def _future(self, table, known, rows, steps):
        """Return the channels of the steps that are appended to windows, and which steps can be forecast."""
        H, future = self.spec.n_ahead, self.spec.future(known, rows, steps)
        is_readable = np.repeat(self._is_readable(table, rows)[:, np.newaxis], steps, axis=1)
        if not self.reads_known_nan:
            unknown = np.logical_or.accumulate(np.isnan(future).any(axis=2), axis=1)
            is_readable[:, H:] &= ~np.repeat(unknown[:, H - 1 :: H], H, axis=1)[:, : steps - H]
            future = np.where(np.isnan(future), 0, future)  # forecasts from these become NaN later
        past = np.full((*future.shape[:2], self.spec.n_past), np.nan)
        return np.concatenate((future, past), axis=2), is_readable

    def _before(self, values, rows):
        """Return the values (n, window_length, k) of the rows in each window."""
        return self.spec.windows(self.spec.padded(values), as_slice(rows))

    def _bounds(self, stacked, values, rows, steps, scaling):
        """Compute the bounds (n, 2, steps, n_targets) of forecasts, from training rows and windows, in scaled units."""
        if np.isinf(self.reach):
            sides = np.array([-np.inf, np.inf])[:, np.newaxis, np.newaxis]
            return np.broadcast_to(sides, (len(rows), 2, steps, self.spec.n_targets))
        n_known = {key: len(rows) and rows.min() for key, rows in zip(stacked.series, stacked.origins, strict=True)}
        others = {key: np.array([0, n]) for key, n in n_known.items() if key not in self.ranges}
        ranges = {**self.ranges, **self._ranges(StackedSeries.from_origins(stacked.series, others))}
        seen = SeriesRange.from_parts([ranges[key] for key in stacked.series], stacked.n_origins)
        recent, known = self._before(values.ranged, rows), self._before(values.known, rows)
        ahead, n_ahead = rows_after(values.known, rows, steps), self.spec.n_ahead
        bounds = seen.with_recent(recent, known).bounds(recent, known[:, -1:], ahead, self.reach, n_ahead)
        if self.scaler.adjuster.changes:
            is_log = np.repeat([part.is_log for part in values.adjustments], stacked.n_origins, axis=0)
            bounds = log_of_bounds(bounds, is_log[:, np.newaxis]) - rows_after(values.seasons, rows, steps)
            bounds = self.scaler.scale(bounds, scaling.centre[:, np.newaxis], scaling.size[:, np.newaxis])
        return bounds.swapaxes(0, 1)

    def _ranges(self, stacked):
        """Compute the range of each series, by key."""
        if not stacked.series:
            return {}
        values = self._read_scaled(stacked, np.max)
        ranges = SeriesRange.from_series(values.ranged, values.known, stacked.lengths)
        return {key: ranges.at(row) for row, key in enumerate(stacked.series)}

    def _read(self, stacked, last_known):
        """Return the StackedValues, and the table to cut windows from."""
        values = self._read_scaled(stacked, last_known)
        table = self.spec.table(values.y, values.known, values.past, self.dtype)
        table[self.spec.window_length :][stacked.is_before] = np.nan
        return values, table

    def _read_scaled(self, stacked, last_known):
        """Return the StackedValues.

        A series that was not trained on is adjusted and scaled by its rows before the first or the last origin:
        `last_known` is `np.min` or `np.max`.
        """
        y, known, past = (
            stacked.gather(width, lambda part, *span, name=name: part.values(name, *span))
            for name, width in (("y", self.spec.n_targets), ("known", self.spec.n_known), ("past", self.spec.n_past))
        )
        units = [
            self.scaler.units_of(key, part, last_known(rows) if len(rows) else 0)
            for (key, part), rows in zip(stacked.series.items(), stacked.origins, strict=True)
        ]
        adjustments, scalings = map(list, zip(*units, strict=True))
        seasons = stacked.seasons(adjustments)
        transformed = y if stacked.is_adjusted else self.scaler.transform_observed(y)
        if not stacked.is_adjusted:
            y = self.scaler.adjust(transformed, adjustments, seasons, stacked.lengths)
        centre, size = (
            np.repeat(np.array(part), stacked.lengths, axis=0)
            for part in zip(*((scaling.centre, scaling.size) for scaling in scalings), strict=True)
        )
        y = self.scaler.scale(y, centre, size)
        columns, ranged = self.scaler.scale_columns(known, past), transformed if self.scaler.adjuster.changes else y
        return StackedValues(y, *columns, seasons, ranged, scalings, adjustments)

    def _windows(self, table, y, rows, scaling):
        """Return the windows before some rows, with the shift and the zoom of each, (n, n_targets) or None.

        Windows at another level, or of a constant series, are scaled by their own values, because they would lose
        digits in the precision of the table. If there are none, the windows are a view of the table, and shift and
        zoom are None.
        """
        windows = self.spec.windows(table, as_slice(rows))
        rescaled = np.flatnonzero(scaling.needs_rescaling(seasonal_naive(y, 1, rows, 1)[:, 0]))
        if not len(rescaled):
            return windows, None, None
        own = self._before(y, rows[rescaled])
        own_shift, own_zoom = scaling.at(rescaled).window_scaling(own)
        shift, zoom = np.zeros(scaling.size.shape), np.ones(scaling.size.shape)
        shift[rescaled], zoom[rescaled] = own_shift, own_zoom
        windows = windows.copy()
        own = (own - own_shift[:, np.newaxis]) / np.where(own_zoom > 0, own_zoom, 1)[:, np.newaxis]
        windows[rescaled, :, : self.spec.n_targets] = np.where(
            np.isnan(windows[rescaled][..., : self.spec.n_targets]), np.nan, cast(own, windows.dtype)
        )
        return windows, shift, zoom

    def _is_readable(self, table, rows):
        """Whether each window has the values that the regressor needs.

        These are all values, if windows must be complete. Otherwise one step without a missing value is enough or,
        with `reads_by_channel`, one value of each target. The known columns of the predicted rows are needed too,
        unless `reads_known_nan` is True.
        """
        lags_only = not self.reads_sequences
        n_present = self.spec.n_present(table, rows, lags_only)
        knows = self.spec.knows_its_future(table, rows)
        if not self.keeps_incomplete:
            return (n_present == self.spec.window_length) & knows
        some = self.spec.sees_every_target(table, rows) if self.reads_by_channel else n_present > 0
        return some & (knows | self.reads_known_nan)
