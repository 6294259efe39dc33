"""What a WindowBuilder builds: windows with targets to train on, and windows to forecast from."""

from dataclasses import dataclass

import numpy as np

from sklstm._forecasting.baselines import BaselineStart
from sklstm._forecasting.series_scaling import SeriesScaling
from sklstm._utils.array_fields import ArrayFields
from sklstm._utils.forecast_bounds import newest
from sklstm._utils.windows import as_slice, row_chunks


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
