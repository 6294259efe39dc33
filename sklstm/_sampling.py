"""From series and origins to windows: which can be read, what came after them, what is known in advance."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklstm._lags import Lags
from sklstm._units import Units


@dataclass(frozen=True)
class Samples:
    """What is learnt from.

    Parameters
    ----------
    windows : ndarray of shape (n, window_length, n_channels)
    targets : ndarray of shape (n, n_ahead * n_targets)
        NaN where it is not known.
    weight : ndarray of shape (n, n_ahead) or None
        Of the row of each target.
    """

    windows: np.ndarray
    targets: np.ndarray
    weight: Any


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
    centre : ndarray of shape (n, n_targets)
        What was taken off the targets.
    scale : ndarray of shape (n, n_targets)
        What errors are relative to.
    """

    windows: np.ndarray
    future: np.ndarray
    is_readable: np.ndarray
    centre: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Sampler:
    """How windows are made of series.

    Parameters
    ----------
    lags : Lags
        What is in them.
    units : Units
        What their values are in.
    dtype : numpy dtype
        Their precision.
    keeps_incomplete : bool
        Whether windows with missing steps can be read.
    reads_sequences : bool
        Whether the known columns stand at every step (for an LSTM), where a missing one hides the step.
    """

    lags: Lags
    units: Units
    dtype: Any
    keeps_incomplete: bool
    reads_sequences: bool

    @property
    def reads_known_nan(self):
        """Whether a known column may be missing at a row that is predicted."""
        return self.keeps_incomplete and not self.reads_sequences

    def samples(self, series, origins, weight=None):
        """Samples at some origins of each series, both by key; of panels in the order of time.

        `weight` is that of each row of the table that the series came in.
        """
        parts = [self._samples(key, series[key], rows, weight) for key, rows in origins.items()]
        windows, targets, weights, times = (list(column) for column in zip(*parts, strict=True))
        if len(parts) == 1:
            return Samples(windows[0], targets[0], weights[0])
        # what an LSTM holds out are the last rows: let them be the latest of all series
        order = np.argsort(np.concatenate(times), kind="stable")
        weights = None if weight is None else np.concatenate(weights)[order]
        return Samples(np.concatenate(windows)[order], np.concatenate(targets)[order], weights)

    def _samples(self, key, part, origins, weight):
        y, known, past, *_ = self.units.to_work(key, part)
        table = self.lags.table(y, known, past, self.dtype)
        origins = origins[self._is_readable(table, origins)]
        targets = self.lags.targets(y, origins)
        if weight is not None:
            weight = self.lags.targets(weight[part.rows, np.newaxis], origins)
        return self.lags.windows(table, as_slice(origins)), targets, weight, part.stamps[origins]

    def contexts(self, series, origins, steps):
        """What is forecast from at some origins of each series, both by key."""
        parts = [self._contexts(key, series[key], rows, steps) for key, rows in origins.items()]
        return Contexts(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _contexts(self, key, part, origins, steps):
        y, known, past, centre, scale = self.units.to_work(key, part)
        table = self.lags.table(y, known, past, self.dtype)
        n_appended = steps - 1 if self.lags.n_ahead == 1 else 0
        future = self.lags.future(known, origins, n_appended + 1)
        is_readable = np.repeat(self._is_readable(table, origins)[:, np.newaxis], steps, axis=1)
        if not self.reads_known_nan:
            unknown = np.isnan(future).any(axis=2)
            is_readable[:, 1 : 1 + n_appended] &= ~np.logical_or.accumulate(unknown, axis=1)
            future = np.where(np.isnan(future), 0, future)  # the forecasts that read these are not given
        nothing = np.full((len(origins), n_appended, self.lags.n_past), np.nan)
        future = np.concatenate((future, nothing), axis=2)
        row = (len(origins), 1)
        windows = self.lags.windows(table, as_slice(origins))
        return windows, future, is_readable, np.tile(centre, row), np.tile(scale, row)

    def _is_readable(self, table, origins):
        """Which windows have what is read of them: all, or at least one step and the columns predicted at."""
        lags_only = not self.reads_sequences
        n_present = self.lags.n_present(table, origins, lags_only)
        knows = self.lags.knows_its_future(table, origins)
        if not self.keeps_incomplete:
            return (n_present == self.lags.window_length) & knows
        return (n_present > 0) & (knows | self.reads_known_nan)


def as_slice(rows):
    """Numbers next to each other as a slice, so that what they choose stays a view."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(rows[0], rows[-1] + 1)
    return rows
