"""Build windows from series: windows with targets to train on, and windows to forecast from."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from sklstm._components.naive import seasonal_naive
from sklstm._forecasting.adjustment import SeriesAdjustment, log_of_bounds
from sklstm._forecasting.baselines import NO_BASELINE, BaselineStart
from sklstm._forecasting.series_scaling import SeriesScaling
from sklstm._forecasting.target_scaling import TargetScaler
from sklstm._forecasting.window_spec import WindowSpec, cast, rows_read
from sklstm._series.positions import positions_of
from sklstm._utils.array_fields import ArrayFields
from sklstm._utils.forecast_bounds import SeriesRange, newest
from sklstm._utils.windows import as_slice, row_chunks, rows_after


class ReadableSeries(Protocol):
    """A series that windows are built from: `SeriesData` or `History`."""

    def __len__(self): ...

    def values(self, name, first, stop):
        """Return rows `first` to `stop`, clipped to those that exist, of "y", "known", "past", "rows" or "stamps"."""


@dataclass(frozen=True)
class TrainingWindows:
    """Windows with their targets: the samples that regressors are trained on.

    Parameters
    ----------
    windows : ndarray of shape (n, window_length, n_channels), or (m, window_length, n_channels) with `rows`
    targets : ndarray of shape (n, n_ahead * n_targets)
        NaN where a value is missing.
    weight : ndarray of shape (n, n_ahead) or None
        The sample weight of the row of each target.
    rows : ndarray of int of shape (n,) or None
        Positions of the samples among `windows`, which is then a view of all windows of a table.
    numbers : ndarray of int of shape (n,)
        Positions of the samples among all origins that windows were asked for.
    scaling : SeriesScaling
        The scaling of each sample.
    reference : ndarray of shape (n, n_ahead * n_targets), default=None
        What regressors are to add to. They are then trained on targets relative to it, and on windows relative to
        their last value. None trains them on windows and targets as they are.
    """

    windows: np.ndarray
    targets: np.ndarray
    weight: np.ndarray | None
    rows: np.ndarray | None
    numbers: np.ndarray
    scaling: SeriesScaling
    reference: np.ndarray | None = None

    def __len__(self):
        return len(self.targets)

    @property
    def n_complete(self):
        """Number of samples all of whose targets are known."""
        return int((~np.isnan(self.targets).any(axis=1)).sum())

    def rows_at(self, chosen):
        """Return the positions of the chosen samples in `windows`."""
        return chosen if self.rows is None else self.rows[chosen]

    def at(self, chosen):
        """Return the chosen samples."""
        weight, reference = (None if part is None else part[chosen] for part in (self.weight, self.reference))
        rows, numbers = self.rows_at(np.arange(len(self)))[chosen], self.numbers[chosen]
        scaling = self.scaling.at(chosen)
        return TrainingWindows(self.windows, self.targets[chosen], weight, rows, numbers, scaling, reference)

    def followed_by(self, other):
        """Return these samples followed by others, without weights."""
        windows = np.concatenate([part.windows[part.rows_at(slice(None))] for part in (self, other)])
        targets, numbers = (np.concatenate((getattr(self, n), getattr(other, n))) for n in ("targets", "numbers"))
        reference = None if self.reference is None else np.concatenate((self.reference, other.reference))
        scaling = self.scaling.followed_by(other.scaling)
        return TrainingWindows(windows, targets, None, None, numbers, scaling, reference)

    def last(self, n_targets):
        """Return the newest value of each target in each window, (n, n_targets)."""
        rows, found = self.rows_at(np.arange(len(self))), np.empty((len(self), n_targets))
        for chunk in row_chunks(len(self), self.windows[0].size):
            found[chunk] = newest(self.windows[rows[chunk]][..., :n_targets])
        return found


@dataclass(frozen=True)
class ForecastWindows(ArrayFields):
    """Windows to forecast from, one for each origin of each series, with the scaling and bounds of their forecasts.

    Parameters
    ----------
    windows : ndarray of shape (n, window_length, n_channels)
    future : ndarray of shape (n, n_appended, n_channels - n_targets)
        The channels, other than targets, of the steps that are appended to the windows when forecasts are fed back.
        Past-only columns are NaN.
    is_readable : ndarray of bool of shape (n, steps)
        Whether all values that the forecast of a step needs are present.
    centre, size : ndarray of shape (n, n_targets)
        The centre was subtracted from the targets, which were then divided by the size.
    error_scale : ndarray of shape (n, n_targets)
        Calibration errors are relative to it.
    last : ndarray of shape (n, n_targets)
        The newest value of each target in the window, in adjusted units; NaN if there is none.
    season : ndarray of shape (n, steps, n_targets)
        What was taken off the rows to forecast, as their season.
    is_log : ndarray of bool of shape (n, n_targets)
        Whether adjusted units are logarithms.
    baseline : BaselineStart
        The baseline at each origin.
    bounds : ndarray of shape (n, 2, steps, n_targets)
        Forecasts are clipped to these bounds before they are fed back; infinite without bounds.
    """

    windows: np.ndarray
    future: np.ndarray
    is_readable: np.ndarray
    centre: np.ndarray
    size: np.ndarray
    error_scale: np.ndarray
    last: np.ndarray
    season: np.ndarray
    is_log: np.ndarray
    bounds: np.ndarray
    baseline: BaselineStart

    @property
    def limits(self):
        """The bounds as `forecast_recursively` takes them, (2, n, steps, n_targets); None if all are infinite."""
        return None if np.isinf(self.bounds).all() else self.bounds.swapaxes(0, 1)

    def scaled(self, values):
        """Convert values (n, steps, n_targets) from adjusted to scaled units."""
        return (values - self.centre[:, np.newaxis]) / np.where(self.size > 0, self.size, 1)[:, np.newaxis]

    def unscaled(self, values, rows=slice(None)):
        """Convert values (n, steps, n_targets, …) of some of the windows from scaled to adjusted units."""
        shape = (-1, 1, self.centre.shape[1], *[1] * (values.ndim - 3))
        with np.errstate(over="ignore", invalid="ignore"):  # the caller handles what is not finite
            return values * self.size[rows].reshape(shape) + self.centre[rows].reshape(shape)

    def unadjusted(self, values):
        """Convert values (n, steps, n_targets) from adjusted to transformed units."""
        values, is_log = values + self.season, self.is_log[:, np.newaxis]
        if not is_log.any():
            return values
        with np.errstate(over="ignore"):  # the caller handles what is not finite
            return np.where(is_log, np.exp(np.where(is_log, values, 0)), values)

    def fill_readable(self, predict):
        """Predict from the readable windows: (n, steps, n_targets, …) in adjusted units, NaN for the others.

        `predict` takes the readable ForecastWindows, and returns predictions in scaled units.
        """
        shape, readable = (*self.is_readable.shape, self.centre.shape[1]), self.is_readable[:, 0]
        if not readable.any():
            return np.full(shape, np.nan)
        rows = as_slice(np.flatnonzero(readable))
        predictions = np.asarray(predict(self.at(rows)), dtype=np.float64)
        filled = np.full(shape + predictions.shape[3:], np.nan)
        filled[rows] = self.unscaled(predictions, rows)
        filled[~self.is_readable] = np.nan
        return filled


@dataclass(frozen=True)
class StackedSeries:
    """The rows of several series that are read at some origins, one series after another.

    The rows of each series begin with the window of its first origin, and end with the last row that is read ahead of
    its last origin. Rows that the series does not have are NaN. So no window reaches into another series.

    Parameters
    ----------
    series : dict of ReadableSeries
        By key.
    origins : list of ndarray of int
        The origins of each series.
    begins, ends : ndarray of int of shape (n_series,)
        The first row of each series and the row after its last one. They may lie outside of the series.
    is_adjusted : bool
        Whether `y` is in adjusted units instead of the user's.
    """

    series: dict[Hashable, ReadableSeries]
    origins: list[np.ndarray]
    begins: np.ndarray
    ends: np.ndarray
    is_adjusted: bool

    @classmethod
    def from_origins(cls, series, origins, before=0, after=0, is_adjusted=False):
        """Stack series, by key, from `before` rows before their first origin to `after` rows after their last one."""
        spans = [(rows.min() - before, rows.max() + after) if len(rows) else (0, 0) for rows in origins.values()]
        begins, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        series = {key: series[key] for key in origins}
        return cls(series, list(origins.values()), begins, ends, is_adjusted)

    @property
    def n_origins(self):
        """The number of origins of each series."""
        return [len(rows) for rows in self.origins]

    @property
    def lengths(self):
        """The number of rows of each series."""
        return self.ends - self.begins

    @property
    def starts(self):
        """The position of row 0 of each series in the stacked rows; it may lie before the rows that are stacked."""
        return np.cumsum(self.lengths) - self.ends

    @property
    def rows(self):
        """The positions of all origins in the stacked rows."""
        return np.concatenate(self.origins) + np.repeat(self.starts, self.n_origins)

    @property
    def stamps(self):
        """The time stamps at the origins; an origin must be a row of its series."""
        starts = np.maximum(self.begins, 0)
        spans = zip(self.series.values(), self.origins, starts, self.ends, strict=True)
        return np.concatenate([part.values("stamps", first, end)[rows - first] for part, rows, first, end in spans])

    @property
    def is_before(self):
        """Whether each stacked row lies before the first row of its series."""
        return np.arange(self.lengths.sum()) < np.repeat(self.starts, self.lengths)

    def are_before(self, limits):
        """Whether each stacked row is one of the first `limits[key]` rows of its series, (n_rows, 1)."""
        stops = np.repeat(self.starts + [limits[key] for key in self.series], self.lengths)
        return (np.arange(self.lengths.sum()) < stops)[:, np.newaxis]

    def seasons(self, adjustments):
        """Return the season of each stacked row, (n_rows, n_targets), by the SeriesAdjustment of each series."""
        n_positions = [len(adjustment.season) for adjustment in adjustments]
        positions = np.zeros(self.lengths.sum(), dtype=np.int64)
        spans = zip(self.series.values(), n_positions, self.begins, self.starts, self.ends, strict=True)
        for part, n, begin, start, end in spans:
            first = max(begin, 0)
            if n > 1:
                positions[start + first : start + end] = positions_of(part, first, end, n)
        first_positions = np.cumsum(n_positions) - n_positions
        seasons = np.concatenate([adjustment.season for adjustment in adjustments])
        return seasons[positions + np.repeat(first_positions, self.lengths)]

    def gather(self, width, values):
        """Stack the arrays `values(series, first, stop)`, (n_rows, width); NaN for rows that do not exist."""
        filled = np.full((self.lengths.sum(), width), np.nan)
        for part, begin, start, end in zip(self.series.values(), self.begins, self.starts, self.ends, strict=True):
            first = max(begin, 0)
            known = values(part, first, end)
            filled[start + first :][: len(known)] = known
        return filled


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
