"""From series and origins to windows: which can be read, what came after them, what is known in advance."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from sklstm._forecasting.target_scaling import Place, TargetScaler
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._utils.recursion_bounds import SeriesRange, newest


@dataclass(frozen=True)
class Samples:
    """What is learnt from.

    Parameters
    ----------
    windows : ndarray of shape (n, window_length, n_channels), or (m, window_length, n_channels) with `rows`
    targets : ndarray of shape (n, n_ahead * n_targets)
        NaN where it is not known.
    weight : ndarray of shape (n, n_ahead) or None
        Of the row of each target.
    rows : ndarray of int of shape (n,), default=None
        Which of the windows are meant. `windows` is then a view of all, and a regressor copies those that it reads.
    """

    windows: np.ndarray
    targets: np.ndarray
    weight: Any
    rows: Any = None

    def __len__(self):
        return len(self.targets)

    def rows_at(self, chosen):
        """The numbers of the windows of some of the samples."""
        return chosen if self.rows is None else self.rows[chosen]

    def followed_by(self, other):
        """These and others; those that are trained on further have no weights."""
        windows = np.concatenate([part.windows[part.rows_at(slice(None))] for part in (self, other)])
        return Samples(windows, np.concatenate((self.targets, other.targets)), None)


@dataclass(frozen=True)
class Contexts:
    """What is forecast from, one row for each origin of each series.

    Parameters
    ----------
    windows : ndarray of shape (n, window_length, n_channels)
    future : ndarray of shape (n, steps - 1, n_channels - n_targets)
        Known columns of the steps that a recursive forecast appends; past-only ones are NaN.
    is_readable : ndarray of bool of shape (n, steps)
        Whether all that a step's forecast reads is there.
    centre, size : ndarray of shape (n, n_targets)
        What was taken off the targets, and what they were divided by then.
    scale : ndarray of shape (n, n_targets)
        What errors are relative to.
    last : ndarray of shape (n, n_targets)
        The newest value of each target, with its centre; NaN where there is none.
    bounds : ndarray of shape (n, 2, steps, n_targets)
        Least and largest forecasts that are fed back; infinite where there are no bounds.
    """

    windows: np.ndarray
    future: np.ndarray
    is_readable: np.ndarray
    centre: np.ndarray
    size: np.ndarray
    scale: np.ndarray
    last: np.ndarray
    bounds: np.ndarray

    def at(self, rows):
        """Those of some rows."""
        return Contexts(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def limits(self):
        """The bounds as `forecast_recursively` takes them, (2, n, steps, n_targets); None where all are infinite."""
        return None if np.isinf(self.bounds).all() else self.bounds.swapaxes(0, 1)

    def relative(self, answers):
        """Answers (n, steps, n_targets) as the regressor gives them: `undone` the other way."""
        return (answers - self.centre[:, np.newaxis]) / np.where(self.size > 0, self.size, 1)[:, np.newaxis]

    def undone(self, answers, rows=slice(None)):
        """Answers (n, steps, n_targets, …) of some rows, multiplied by their size and with their centre."""
        shape = (-1, 1, self.centre.shape[1], *[1] * (answers.ndim - 3))
        return answers * self.size[rows].reshape(shape) + self.centre[rows].reshape(shape)

    def fill_readable(self, predict):
        """Predict from the windows that can be read: (n, steps, n_targets, …) in transformed units, NaN elsewhere.

        `predict` takes a part of this, and returns what its regressors answer.
        """
        shape, readable = (*self.is_readable.shape, self.centre.shape[1]), self.is_readable[:, 0]
        if not readable.any():
            return np.full(shape, np.nan)
        rows = as_slice(np.flatnonzero(readable))
        known = np.asarray(predict(self.at(rows)), dtype=np.float64)
        answers = np.full(shape + known.shape[3:], np.nan)
        answers[rows] = self.undone(known, rows)
        answers[~self.is_readable] = np.nan
        return answers


@dataclass(frozen=True)
class Layout:
    """The rows that are read at some origins of several series, one series after another.

    Each has the rows before its first origin that a window reaches back to, and those after its last one that
    are read ahead, NaN where it has none: nothing that is read at one series lies in another.

    Parameters
    ----------
    series : dict of Series or History
        By key.
    rows : list of ndarray of int
        The origins of each.
    begins, ends : ndarray of int of shape (n_series,)
        The first row of each and the one after its last; may lie outside of it.
    """

    series: dict
    rows: list
    begins: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, series, origins, before, after):
        """That of so many rows before the first origin and after the last one."""
        spans = [(rows.min() - before, rows.max() + after) if len(rows) else (0, 0) for rows in origins.values()]
        begins, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        return cls({key: series[key] for key in origins}, list(origins.values()), begins, ends)

    @property
    def n_origins(self):
        """Of each series."""
        return [len(rows) for rows in self.rows]

    @property
    def lengths(self):
        """Rows of each series."""
        return self.ends - self.begins

    @property
    def origins(self):
        """The origins as numbers of the rows here, one after another."""
        starts = np.cumsum(self.lengths) - self.ends
        return np.concatenate(self.rows) + np.repeat(starts, self.n_origins)

    @property
    def times(self):
        """The stamps of the rows that origins are at; origins are smaller than their series is long."""
        starts = np.maximum(self.begins, 0)
        spans = zip(self.series.values(), self.rows, starts, self.ends, strict=True)
        return np.concatenate([part.values("stamps", first, end)[rows - first] for part, rows, first, end in spans])

    @property
    def is_before(self):
        """Which rows lie before the first one of their series."""
        starts = np.cumsum(self.lengths) - self.ends
        return np.arange(self.lengths.sum()) < np.repeat(starts, self.lengths)

    def filled(self, width, values):
        """An array (n_rows, width) of what `values(series, first, stop)` says of the rows that there are."""
        filled = np.full((self.lengths.sum(), width), np.nan)
        starts = np.cumsum(self.lengths) - self.ends
        for part, begin, start, end in zip(self.series.values(), self.begins, starts, self.ends, strict=True):
            first = max(begin, 0)
            known = values(part, first, end)
            filled[start + first :][: len(known)] = known
        return filled


@dataclass(frozen=True)
class WindowBuilder:
    """How windows are made of series.

    Parameters
    ----------
    spec : WindowSpec
        What is in them.
    scaler : TargetScaler
        What their values are in.
    dtype : numpy dtype
        Their precision.
    keeps_incomplete : bool
        Whether windows with missing steps can be read.
    reads_sequences : bool
        Whether the known columns stand at every step (for an LSTM), where a missing one hides the step.
    reads_by_channel : bool
        Whether it does not hide the step, nor does any other channel that is missing.
    supports : dict of SeriesRange
        What the training rows of each series support, by key, in units of work.
    reach : float
        How often a recursive forecast may leave the range of its series; infinite for no bounds.
    """

    spec: WindowSpec
    scaler: TargetScaler
    dtype: Any
    keeps_incomplete: bool
    reads_sequences: bool
    reads_by_channel: bool = False
    supports: dict = field(default_factory=dict)
    reach: float = np.inf

    def supporting(self, series, reach):
        """The same with bounds from the training rows of the series, by key."""
        return replace(self, supports=self._supports(series, map(len, series.values())), reach=reach)

    @property
    def reads_known_nan(self):
        """Whether a known column may be missing at a row that is predicted."""
        return self.keeps_incomplete and not self.reads_sequences

    def samples(self, series, origins, weight=None):
        """Samples at some origins of each series, both by key; of panels in the order of time.

        `weight` is that of each row of the table that the series came in.
        """
        layout = Layout.of(series, origins, self.spec.window_length, self.spec.n_ahead)
        (y, _, table, places), rows = self._read(layout, np.max), layout.origins
        is_readable = self._is_readable(table, rows)
        which = np.repeat(np.arange(len(places)), layout.n_origins)[is_readable]
        rows = rows[is_readable]
        if len(origins) > 1:
            # what an LSTM holds out are the last rows: let them be the latest of all series
            order = np.argsort(layout.times[is_readable], kind="stable")
            rows, which = rows[order], which[order]
        if weight is not None:
            weight = layout.filled(1, lambda part, *span: weight[part.values("rows", *span), np.newaxis])
            weight = self.spec.targets(weight, rows)
        if not self._is_far(y, layout, places):
            return Samples(self.spec.windows(table, slice(None)), self.spec.targets(y, rows), weight, rows)
        windows, shift, zoom = self._windows(table, y, rows, Place.of_many(places, 1).at(which))
        targets = self.spec.targets(y, rows)
        if shift is not None:
            shift, zoom = (np.tile(part, self.spec.n_ahead) for part in (shift, zoom))
            targets = (targets - shift) / np.where(zoom > 0, zoom, 1)
        return Samples(windows, targets, weight)

    def _is_far(self, y, layout, places):
        """Whether any value is far from its place, so that windows have to be looked at one by one."""
        far = np.array([place.far for place in places])
        return bool((np.abs(y) > np.repeat(far, layout.lengths, axis=0)).any())

    def contexts(self, series, origins, steps):
        """What is forecast from at some origins of each series, both by key."""
        layout = Layout.of(series, origins, self.spec.window_length, max(self.spec.n_ahead, steps))
        (y, known, table, places), rows = self._read(layout, np.min), layout.origins
        n_appended = steps - 1 if self.spec.n_ahead == 1 else 0
        future = self.spec.future(known, rows, n_appended + 1)
        is_readable = np.repeat(self._is_readable(table, rows)[:, np.newaxis], steps, axis=1)
        if not self.reads_known_nan:
            unknown = np.isnan(future).any(axis=2)
            is_readable[:, 1 : 1 + n_appended] &= ~np.logical_or.accumulate(unknown, axis=1)
            future = np.where(np.isnan(future), 0, future)  # the forecasts that read these are not given
        nothing = np.full((len(rows), n_appended, self.spec.n_past), np.nan)
        future = np.concatenate((future, nothing), axis=2)
        recent = self._before(y, rows)
        bounds = self._bounds(layout, recent, known, rows, steps)
        is_far = self._is_far(y, layout, places)
        places = Place.of_many(places, layout.n_origins)
        last = newest(recent) * places.divisor + places.centre
        if is_far or (places.size == 0).any():
            windows, shift, zoom = self._windows(table, y, rows, places)
        else:
            windows, shift, zoom = self.spec.windows(table, as_slice(rows)), None, None
        if shift is not None:
            places = places.moved(shift, zoom)
            bounds = (bounds - shift[:, np.newaxis, np.newaxis]) / np.where(zoom > 0, zoom, 1)[
                :, np.newaxis, np.newaxis
            ]
        return Contexts(windows, future, is_readable, places.centre, places.size, places.scale, last, bounds)

    def _before(self, values, rows):
        """The values (n, window_length, k) of the rows in each window."""
        return self.spec.windows(self.spec.padded(values), as_slice(rows))

    def _bounds(self, layout, recent, known, rows, steps):
        """Bounds (n, 2, steps, n_targets) of what is fed back, from the training rows and those in the window."""
        if np.isinf(self.reach):
            sides = np.array([-np.inf, np.inf])[:, np.newaxis, np.newaxis]
            return np.broadcast_to(sides, (len(rows), 2, steps, self.spec.n_targets))
        first = {key: len(rows) and rows.min() for key, rows in zip(layout.series, layout.rows, strict=True)}
        others = {key: part for key, part in layout.series.items() if key not in self.supports}
        supports = {**self.supports, **self._supports(others, [first[key] for key in others])}
        support = SeriesRange.from_parts([supports[key] for key in layout.series], layout.n_origins)
        support = support.with_recent(recent, self._before(known, rows))
        ahead = self.spec.future(known, rows - 1, steps + 1)
        return support.bounds(recent, self._before(known, rows)[:, -1:], ahead, self.reach).swapaxes(0, 1)

    def _supports(self, series, n_rows):
        """What so many of the first rows of each series support, by key."""
        if not series:
            return {}
        layout = Layout.of(series, {key: np.array([0, n]) for key, n in zip(series, n_rows, strict=True)}, 0, 0)
        y, known, _, _ = self._in_work_units(layout, np.max)
        support = SeriesRange.from_series(y, known, layout.lengths)
        return {key: support.at(row) for row, key in enumerate(series)}

    def _read(self, layout, last_known):
        """Targets, known columns and steps of a layout, and what each of its series is relative to."""
        y, known, past, places = self._in_work_units(layout, last_known)
        table = self.spec.table(y, known, past, self.dtype)
        table[self.spec.window_length :][layout.is_before] = np.nan
        return y, known, table, places

    def _in_work_units(self, layout, last_known):
        """Targets, known and past-only columns of a layout, and what each of its series is relative to.

        A series that was not learnt from has its place from its rows before one of its origins, which `last_known`
        chooses among them (`np.min` or `np.max`).
        """
        y, known, past = (
            layout.filled(width, lambda part, *span, name=name: part.values(name, *span))
            for name, width in (("y", self.spec.n_targets), ("known", self.spec.n_known), ("past", self.spec.n_past))
        )
        places = [
            self.scaler.place(key, part, last_known(rows) if len(rows) else 0)
            for (key, part), rows in zip(layout.series.items(), layout.rows, strict=True)
        ]
        centre, size = (
            np.repeat(np.array(part), layout.lengths, axis=0)
            for part in zip(*((place.centre, place.size) for place in places), strict=True)
        )
        return *self.scaler.to_work(y, known, past, centre, size), places

    def _windows(self, table, y, rows, places):
        """The windows before some rows, and what is taken off the targets in each and divides them; None for nothing.

        A view of the table but where the series has come to another level than that of its place, or has none: its
        digits would be lost in the table's precision.
        """
        windows = self.spec.windows(table, as_slice(rows))
        moved = np.flatnonzero(places.is_left(_last_present(y, rows)))
        if not len(moved):
            return windows, None, None
        own = self._before(y, rows[moved])
        own_shift, own_zoom = places.at(moved).move(own)
        shift, zoom = np.zeros(places.size.shape), np.ones(places.size.shape)
        shift[moved], zoom[moved] = own_shift, own_zoom
        windows = windows.copy()
        own = (own - own_shift[:, np.newaxis]) / np.where(own_zoom > 0, own_zoom, 1)[:, np.newaxis]
        windows[moved, :, : self.spec.n_targets] = np.where(
            np.isnan(windows[moved][..., : self.spec.n_targets]), np.nan, own
        )
        return windows, shift, zoom

    def _is_readable(self, table, origins):
        """Which windows have what is read of them: all, or at least one step and the columns predicted at.

        Where channels are read each by itself, it is at least one value of each target.
        """
        lags_only = not self.reads_sequences
        n_present = self.spec.n_present(table, origins, lags_only)
        knows = self.spec.knows_its_future(table, origins)
        if not self.keeps_incomplete:
            return (n_present == self.spec.window_length) & knows
        some = self.spec.sees_every_target(table, origins) if self.reads_by_channel else n_present > 0
        return some & (knows | self.reads_known_nan)


def _last_present(y, rows):
    """The newest value of each column of y (n, K) before some rows, (len(rows), K); NaN where there is none."""
    newest = np.where(np.isnan(y), 0, np.arange(1, len(y) + 1)[:, np.newaxis])
    newest = np.concatenate((np.zeros((1, y.shape[1]), dtype=int), np.maximum.accumulate(newest, axis=0)))[rows]
    return np.take_along_axis(np.concatenate((np.full((1, y.shape[1]), np.nan), y)), newest, axis=0)


def as_slice(rows):
    """Numbers that count up one by one as a slice, so that what they choose stays a view."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
        return slice(rows[0], rows[-1] + 1)
    return rows
