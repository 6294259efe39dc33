"""The scaling of one series, by its own values, and the rule by which the series of a forecaster are scaled.

Targets are in adjusted units (see `target_scaling`).
"""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.regressor_input import lstm_prefixes, needs_nonnegative
from sklstm._utils.array_fields import ArrayFields
from sklstm._utils.overflow import power_of_two

# The width of a series covers this share of its values; the others may be outliers. Values equal to the median are left
# out, because there may be many.
SHARE_IN_WIDTH = 0.9

# A window is at another level if its end is this many times further from the centre than any training row. Below this
# limit, float32 loses no more than a few millionths of the distance.
FAR = 30

# Series of a panel are unlike if one is this many times wider than another. An LSTM that reads them in the same units
# then forecasts the small one with 1.1 to 4 times the error that it has beside one of its own size, and with 3 to 20
# times at a ratio of 30.
UNLIKE = 3


@dataclass(frozen=True)
class SeriesScaling(ArrayFields):
    """The scaling of one series. Every field is an ndarray of shape (n_targets,).

    Parameters
    ----------
    centre, size
        The centre is subtracted from the targets, which are then divided by the size. The size of a constant series
        is 0: its forecast is its value.
    error_scale
        Calibration errors are divided by it, because the series of a panel differ in size. It is 1 for a single
        series.
    width
        The distance from the median within which most values are.
    max_distance
        The largest distance from the centre.
    """

    centre: np.ndarray
    size: np.ndarray
    error_scale: np.ndarray
    width: np.ndarray
    max_distance: np.ndarray

    @classmethod
    def from_values(cls, y, error_scale, is_centred, is_sized):
        """Compute the scaling of a series with these values (n, n_targets)."""
        if not is_centred:
            zero, mean = np.zeros(y.shape[1]), mean_of_known(np.abs(y))
            size = np.where(mean > 0, mean, 1) if is_sized else zero + 1
            return cls(zero, size, error_scale, mean if is_sized else zero, zero + np.inf)
        median, width = _median_and_width(y)
        centre = mean_of_known(y)
        # an outlier can move the mean so far away that the other values keep few digits
        centre = np.where(np.abs(centre - median) > FAR * width, median, centre)
        distance = np.nan_to_num(np.fmax.reduce(np.abs(y - centre), axis=0, initial=0))
        return cls(centre, width if is_sized else _float32_unit(distance), error_scale, width, distance)

    @property
    def divisor(self):
        """The size, or 1 where it is 0."""
        return np.where(self.size > 0, self.size, 1)

    def scaled(self, values):
        """Convert values (n, steps, n_targets) from adjusted to scaled units; here, fields are (n, n_targets)."""
        return (values - self.centre[:, np.newaxis]) / self.divisor[:, np.newaxis]

    @property
    def far(self):
        """The absolute value, in scaled units, beyond which a window is at another level."""
        return FAR * self.max_distance / self.divisor

    def needs_rescaling(self, last):
        """Whether each window is at another level or of a constant series; `last` has its last values, scaled."""
        return ((np.abs(last) > self.far) | (self.size == 0)).any(axis=1)

    def window_scaling(self, windows):
        """Compute the shift and zoom of such windows (n, L, n_targets), (n, n_targets) each.

        The shift is to be subtracted, then the zoom divided by. A window at another level gets its own median as
        shift. A window of a constant series gets its own width as zoom.
        """
        level, width = np.array([_median_and_width(window) for window in windows]).transpose(1, 0, 2)
        has_size = self.size > 0
        is_far = np.abs(level) > self.far
        return np.where(is_far | ~has_size, level, 0), np.where(has_size, 1, width)

    def combined(self, shift, zoom):
        """Return this scaling followed by a shift and a zoom."""
        return replace(self, centre=self.centre + shift * self.divisor, size=self.divisor * zoom)


@dataclass(frozen=True)
class ScalingRule:
    """How the targets of each series are scaled.

    Parameters
    ----------
    is_centred : bool
        Whether the mean is subtracted.
    is_sized : bool
        Whether each series is divided by its own width or, if it is not centred, by its mean.
    of_unlike : ScalingRule or None, default=None
        The rule instead of this one if series differ so much in size or level that a regressor which reads them in the
        same units would take the small ones for constant. Later series and histories that are unlike the training rows
        then look like those.
    unit : ndarray of shape (n_targets,) or None, default=None
        If given, a series is divided by its mean absolute change in this unit, which is the usual change of a
        logarithm, and a logarithm is not divided at all. A regressor that corrects a baseline then makes errors of
        similar size in all series.
    common : ndarray of shape (n_targets,) or None, default=None
        What all series are divided by if they are neither centred nor divided by their own size; None for 1.
    """

    is_centred: bool
    is_sized: bool
    of_unlike: "ScalingRule | None" = None
    unit: np.ndarray | None = None
    common: np.ndarray | None = None

    @classmethod
    def from_regressor(cls, regressor, dtype, is_panel, reads_any_unit=False):
        """Choose the rule for a regressor.

        Parameters
        ----------
        regressor : estimator
        dtype : numpy dtype
            Precision of the windows. Series are centred in float32, which would lose the digits at a high level.
        is_panel : bool
        reads_any_unit : bool, default=False
            Whether the regressor, whatever its kind, is meant to learn from each series in a unit of its own, a single
            series too. It is if it learns how far a baseline is off. Without it, only LSTMs are, in panels; others get
            the units of the user, because they may compare series.
        """
        may_centre, is_lstm = not needs_nonnegative(regressor), bool(lstm_prefixes(regressor))
        is_centred, sized = dtype == np.float32 and may_centre, cls(may_centre, True)
        if reads_any_unit and may_centre:
            return replace(sized, unit=np.ones(1))
        if reads_any_unit or (is_lstm and is_centred and is_panel):
            return sized
        return cls(is_centred, False, sized if is_lstm and not is_centred else None)

    def for_series(self, y):
        """Return this rule, or that of unlike series if they are so, for the series y (n, n_targets), by key."""
        if self.of_unlike is not None and _are_unlike(self.of_unlike.by_themselves(y)):
            return self.of_unlike
        if self.is_centred or self.is_sized:
            return self
        unit = _unit_of_squares(np.concatenate(list(y.values())))
        return self if (unit == 1).all() else replace(self, common=unit)

    def with_unit(self, y, adjustments):
        """Return this rule with the unit of changes, from targets in adjusted units and their adjustments, by key."""
        if self.unit is None:
            return self
        is_log = np.array([part.is_log for part in adjustments.values()])
        changes = np.where(is_log, np.array([mean_change(values) for values in y.values()]), np.nan)
        usual = np.array([np.median(part[part > 0]) if (part > 0).any() else 1 for part in changes.T])
        return replace(self, unit=usual)

    def scaling(self, y, error_scale, is_log):
        """Return the SeriesScaling of targets (n, n_targets) in adjusted units."""
        scaling = SeriesScaling.from_values(y, error_scale, self.is_centred, self.is_sized)
        scaling = scaling if self.common is None else replace(scaling, size=self.common)
        if self.unit is None:
            return scaling
        return replace(scaling, size=np.where(is_log, 1, mean_change(y) / self.unit))

    def by_themselves(self, y):
        """Return the scaling of each series, by key, by its own values alone; the error scale is 1."""
        return {
            key: SeriesScaling.from_values(part, np.ones(part.shape[1]), self.is_centred, is_sized=True)
            for key, part in y.items()
        }

    def of_columns(self, values):
        """Return centre and size of columns (n, n_columns), which are not targets, as an array (2, n_columns)."""
        scaling = SeriesScaling.from_values(values, np.ones(values.shape[1]), self.is_centred, is_sized=False)
        return np.stack((scaling.centre, scaling.size if self.is_centred else _unit_of_squares(values)))


def _are_unlike(scalings):
    """Whether the scalings of some series, by key, differ much in size or level; constant series are left out."""
    centre, width, distance = (
        np.stack([getattr(scaling, name) for scaling in scalings.values()])
        for name in ("centre", "width", "max_distance")
    )
    for column, has_width in enumerate(width.T > 0):
        if has_width.sum() > 1:
            own = width[has_width, column]
            apart = np.ptp(centre[has_width, column])
            if own.max() > UNLIKE * own.min() or apart > FAR * distance[has_width, column].min():
                return True
    return False


def _median_and_width(y):
    """Compute the median and the width of each column of y over its present values, (2, n_targets)."""
    found = np.zeros((2, y.shape[1]))
    for column, values in enumerate(y.T):
        values = values[~np.isnan(values)]
        if len(values):
            median = np.median(values)
            distance = np.abs(values - median)
            differs = distance > 4 * np.finfo(float).eps * np.abs(median)
            found[:, column] = median, np.quantile(distance[differs], SHARE_IN_WIDTH) if differs.any() else 0
    return found


def _float32_unit(distance):
    """Return 1, or a power of two near the distance if float32 cannot represent values of that size."""
    unit = power_of_two(distance)
    return np.where(np.abs(np.log2(unit)) > 60, unit, 1)


def _unit_of_squares(values):
    """Return 1, or a power of two near the largest value of each column if sums of squares may over- or underflow."""
    unit = power_of_two(np.nan_to_num(np.fmax.reduce(np.abs(values), axis=0, initial=0)))
    return np.where(np.abs(np.log2(unit)) > 300, unit, 1)


def mean_of_known(values):
    """Compute the mean of each column over its present values; 0 if there is none."""
    present = ~np.isnan(values)
    return np.where(present, values, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)


def error_scales(y):
    """Compute the error scale of each series, by key, from its training targets (n, n_targets) in transformed units.

    It is the mean absolute change from row to row. A series that does not change gets the mean of the others, and a
    single series 1.
    """
    if None in y:
        return {None: np.ones(y[None].shape[1])}
    changes = {key: mean_change(values) for key, values in y.items()}
    values = np.stack(list(changes.values()))
    usual = mean_of_known(np.where(values > 0, values, np.nan))
    return {key: np.where(change > 0, change, np.where(usual > 0, usual, 1)) for key, change in changes.items()}


def mean_change(y):
    """Compute the mean absolute change from one row to the next, (n_targets,).

    If no two values of a target follow each other, as every second one is missing, it is that from value to value.
    """
    changes = np.abs(np.diff(y, axis=0))
    mean = mean_of_known(changes)
    for target in np.flatnonzero(np.isnan(changes).all(axis=0)):
        values = y[~np.isnan(y[:, target]), target]
        mean[target] = np.abs(np.diff(values)).mean() if len(values) > 1 else 0
    return mean
