"""Scale targets: from the user's units to those of the regressor, and back.

There are four units. The *user's* units become *transformed* units by the target transformer, and these become
*adjusted* units by the logarithm and the season of each series (see `adjustment`). These become *scaled* units when
each series is centred and divided by its size. Known and past-only columns are only scaled.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.adjustment import Adjuster, take_log
from sklstm._forecasting.log_choice import NO_LOG
from sklstm._forecasting.regressor_input import lstm_prefixes, needs_nonnegative
from sklstm._forecasting.target_transformer import Transformer, fit_transformer, transformed, transformed_back
from sklstm._series.positions import positions_of
from sklstm._utils.array_fields import ArrayFields
from sklstm._utils.caches import PickledByFields, cached_property
from sklstm._utils.overflow import power_of_two

# The width of a series covers this share of its values; the others may be outliers. Values equal to the median are left
# out, because there may be many.
SHARE_IN_WIDTH = 0.9

# A window is at another level if its end is this many times further from the centre than any training row. Below this
# limit, float32 loses no more than a few millionths of the distance.
FAR = 30

# A history is of another size if its width is more than this many times larger or smaller than that of the training
# rows.
OTHER_SIZE = 30

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
        changes = np.where(is_log, np.array([_mean_change(values) for values in y.values()]), np.nan)
        usual = np.array([np.median(part[part > 0]) if (part > 0).any() else 1 for part in changes.T])
        return replace(self, unit=usual)

    def scaling(self, y, error_scale, is_log):
        """Return the SeriesScaling of targets (n, n_targets) in adjusted units."""
        scaling = _scaling(y, error_scale, self.is_centred, self.is_sized)
        scaling = scaling if self.common is None else replace(scaling, size=self.common)
        if self.unit is None:
            return scaling
        return replace(scaling, size=np.where(is_log, 1, _mean_change(y) / self.unit))

    def by_themselves(self, y):
        """Return the scaling of each series, by key, by its own values alone; the error scale is 1."""
        return {key: _scaling(part, np.ones(part.shape[1]), self.is_centred, True) for key, part in y.items()}


def fit_scaler(target_transformer, series, rule, season_length=1, has_week=False, log=NO_LOG):
    """Fit the target transformer, and the adjustment and the scaling of each series.

    Parameters
    ----------
    target_transformer : estimator or None
    series : dict of SeriesData
        The training rows, by key.
    rule : ScalingRule
        How the series are scaled.
    season_length : int, default=1
        Number of rows in a season; 1 for no season.
    has_week : bool, default=False
        Whether the season is a day, and the week is taken off, too.
    log : LogRule, default=NO_LOG
        Which logarithms to take; none by default.

    Returns
    -------
    scaler : TargetScaler
    adjusted : dict of SeriesData
        The series with `y` in adjusted units.
    """
    transformer, y = fit_transformer(target_transformer, {key: part.y for key, part in series.items()})
    adjuster = Adjuster.fit(season_length, has_week, log, y, series)
    logs = {key: adjuster.adjustments[key].take_log(values) for key, values in y.items()}
    scales = error_scales(logs)
    y = {key: values - adjuster.seasons(key, series[key], len(values)) for key, values in logs.items()}
    rule = rule.for_series(y)
    rule = rule.with_unit(y, adjuster.adjustments)
    scalings = {key: rule.scaling(values, scales[key], adjuster.adjustments[key].is_log) for key, values in y.items()}
    columns = []
    for name in ("known", "past"):
        values = np.concatenate([getattr(part, name) for part in series.values()])
        scaling = _scaling(values, np.ones(values.shape[1]), rule.is_centred, is_sized=False)
        columns.append(np.stack((scaling.centre, scaling.size if rule.is_centred else _unit_of_squares(values))))
    adjusted = {key: replace(part, y=y[key]) for key, part in series.items()}
    references = _references(rule, y, scalings)
    return TargetScaler(transformer, adjuster, scalings, *columns, rule, references), adjusted


def _references(rule, y, scalings):
    """Return the `references` of a TargetScaler for the series y (n, n_targets), by key."""
    if rule.of_unlike is not None:
        return rule.of_unlike.by_themselves(y)
    return scalings if rule.is_centred or rule.is_sized else {}


@dataclass(frozen=True)
class TargetScaler(PickledByFields):
    """Scale targets and columns as fitted on the training rows. Other series are scaled by their own values.

    Parameters
    ----------
    transformer : fitted transformer or None
        Fitted on the targets of all series.
    adjuster : Adjuster
        Takes the logarithm and the season off.
    scalings : dict of SeriesScaling
        By key.
    known, past : ndarray of shape (2, n_known) and (2, n_past)
        Centre and size of the columns, over all series, because columns may distinguish the series.
    rule : ScalingRule
        The rule that the series were scaled by.
    references : dict of SeriesScaling
        Level and size of the training rows of each series. Histories that are unlike them are scaled so that they look
        like them. Empty if histories keep the scaling of the training rows.
    """

    transformer: Transformer | None
    adjuster: Adjuster
    scalings: dict[Hashable, SeriesScaling]
    known: np.ndarray
    past: np.ndarray
    rule: ScalingRule
    references: dict[Hashable, SeriesScaling]

    def units_of(self, key, series, n_rows):
        """Return the SeriesAdjustment and the SeriesScaling of a series.

        If it was not trained on, they are computed from its first `n_rows` rows.
        """
        if key in self.scalings:
            return self.adjuster.adjustments[key], self.scalings[key]
        y = self.transform_observed(series.values("y", 0, n_rows))
        adjustment = self.adjuster.estimate({key: y}, {key: series})[key]
        logs = adjustment.take_log(y)
        change = _mean_change(logs)
        error_scale = np.where(change > 0, change, self._mean_error_scale)
        y = logs - adjustment.season[self.adjuster.positions(series, n_rows)]
        scaling = self.rule.scaling(y, error_scale, adjustment.is_log)
        if self.rule.of_unlike is None:
            return adjustment, scaling
        widest = max(self.references, key=lambda trained: self.references[trained].width.max())
        other = self._like_training(y, widest)
        return adjustment, scaling if other is None else replace(other, error_scale=error_scale)

    @cached_property
    def _mean_error_scale(self):
        """The mean over the training series, for series that do not change."""
        return _mean(np.stack([scaling.error_scale for scaling in self.scalings.values()]))

    def for_histories(self, series):
        """Return the scaler for histories, by key, that replace the training rows.

        A history keeps the scaling of the training rows, unless its width differs by more than a factor of
        `OTHER_SIZE`, or its centre is more than `FAR` times further away than any training row. Then it gets a scaling
        from its own values.
        """
        y = {key: self.transform_observed(part.values("y", 0, len(part))) for key, part in series.items()}
        adjuster, other = self.adjuster.for_histories(y, series), {}
        for key, part in series.items():
            if key in self.references:
                logs = adjuster.adjustments[key].take_log(y[key])
                scaling = self._like_training(logs - adjuster.seasons(key, part, len(part)), key)
                other |= {} if scaling is None else {key: scaling}
        if not other and adjuster is self.adjuster:
            return self
        return replace(self, adjuster=adjuster, scalings={**self.scalings, **other})

    def for_copies(self, keys):
        """Return the scaler for copies of training series; `keys` as for `BatchForecaster.for_copies`."""
        scalings = {copy: self.scalings[key] for copy, key in keys.items()}
        references = {copy: self.references[key] for copy, key in keys.items() if key in self.references}
        return replace(self, adjuster=self.adjuster.for_copies(keys), scalings=scalings, references=references)

    def adjust(self, y, adjustments, seasons, lengths):
        """Convert targets (n_rows, n_targets) from transformed to adjusted units.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_targets)
            The rows of several series, one after another.
        adjustments : list of SeriesAdjustment
            The adjustment of each series.
        seasons : ndarray of shape (n_rows, n_targets)
            The season of each row.
        lengths : ndarray of int of shape (n_series,)
            The number of rows of each series.
        """
        if not self.adjuster.changes:
            return y
        is_log, floor = (
            np.repeat(np.array(part), lengths, axis=0)
            for part in zip(*((adjustment.is_log, adjustment.floor) for adjustment in adjustments), strict=True)
        )
        return take_log(y, is_log, floor) - seasons

    def without_logarithm(self, key, y):
        """Return the first value of later targets that has no logarithm although one is taken, and what it is read as.

        None if there is no such value.
        """
        adjustment = self.adjuster.adjustments.get(key)
        if adjustment is None:
            is_log, floor = np.full(y.shape[1], self.adjuster.log.setting is True), np.full(y.shape[1], np.nan)
        else:
            is_log, floor = adjustment.is_log, adjustment.floor
        rows, targets = np.nonzero((y <= 0) & is_log)
        return (y[rows[0], targets[0]], floor[targets[0]]) if len(rows) else None

    def readjusted(self, series):
        """Return the scaler with the seasons of histories that have become longer, by key."""
        y = {key: self.transform_observed(part.values("y", 0, len(part))) for key, part in series.items()}
        return replace(self, adjuster=self.adjuster.readjusted(y, series))

    def _like_training(self, y, key):
        """Return the scaling by which values y (n, n_targets) look like a training series; None if they do anyway."""
        trained, reference = self.scalings[key], self.references[key]
        rule = self.rule.of_unlike or self.rule
        own = _scaling(y, trained.error_scale, rule.is_centred, rule.is_sized)
        ratio = np.divide(own.width, reference.width, out=np.ones_like(own.width), where=reference.width > 0)
        is_other = (ratio > OTHER_SIZE) | ((ratio < 1 / OTHER_SIZE) & (ratio > 0))
        ratio = np.where(is_other, ratio, 1)
        is_other |= np.abs(own.centre - reference.centre) > FAR * reference.max_distance
        if not is_other.any():
            return None
        centre = np.where(is_other, own.centre - ratio * (reference.centre - trained.centre), trained.centre)
        sizes = (trained.size, trained.error_scale, trained.width, trained.max_distance)
        return SeriesScaling(centre, *(size * ratio for size in sizes))

    def adjusted_rows(self, series, first, stop, adjustment):
        """Return the adjusted targets of rows `first` to `stop` of a series with this SeriesAdjustment."""
        y = adjustment.take_log(self.transform_observed(series.values("y", first, stop)))
        if len(adjustment.season) == 1:
            return y - adjustment.season
        return y - adjustment.season[positions_of(series, first, first + len(y), len(adjustment.season))]

    def scale(self, y, centre, size):
        """Scale targets that are in adjusted units; all arguments have the shape (n, n_targets)."""
        return (y - centre) / np.where(size > 0, size, 1)

    def scale_columns(self, known, past):
        """Scale known and past-only columns."""
        return tuple((values - part[0]) / part[1] for values, part in ((known, self.known), (past, self.past)))

    def transform_observed(self, y):
        """Transform targets; ValueError if a row without a missing value becomes infinite or NaN."""
        values = self.transform(y)
        bad = ~np.isfinite(values).all(axis=1) & ~np.isnan(y).any(axis=1)
        if bad.any():
            raise ValueError(
                f"target_transformer={self.transformer!r} transforms y={y[bad][0].tolist()} to "
                f"{values[bad][0].tolist()}, which is not finite. Choose a transformer that accepts such values, or "
                "pass them as NaN (missing)."
            )
        return values

    def transform(self, y):
        """Transform targets (…, n_targets) from the user's units."""
        return transformed(self.transformer, y.reshape(-1, y.shape[-1])).reshape(y.shape)

    def logs(self, key, y):
        """Convert targets (…, n_targets) of a training series to adjusted units, but leave the season on."""
        return self.adjuster.adjustments[key].take_log(self.transform(y))

    def inverse_transform(self, y):
        """Transform targets (…, n_targets) back to the user's units."""
        return transformed_back(self.transformer, y.reshape(-1, y.shape[-1])).reshape(y.shape)


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


def _scaling(y, error_scale, is_centred, is_sized):
    """Compute the scaling of a series with these values (n, n_targets)."""
    if not is_centred:
        zero, mean = np.zeros(y.shape[1]), _mean(np.abs(y))
        size = np.where(mean > 0, mean, 1) if is_sized else zero + 1
        return SeriesScaling(zero, size, error_scale, mean if is_sized else zero, zero + np.inf)
    median, width = _median_and_width(y)
    centre = _mean(y)
    # an outlier can move the mean so far away that the other values keep few digits
    centre = np.where(np.abs(centre - median) > FAR * width, median, centre)
    distance = np.nan_to_num(np.fmax.reduce(np.abs(y - centre), axis=0, initial=0))
    return SeriesScaling(centre, width if is_sized else _float32_unit(distance), error_scale, width, distance)


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


def _mean(values):
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
    changes = {key: _mean_change(values) for key, values in y.items()}
    values = np.stack(list(changes.values()))
    usual = _mean(np.where(values > 0, values, np.nan))
    return {key: np.where(change > 0, change, np.where(usual > 0, usual, 1)) for key, change in changes.items()}


def _mean_change(y):
    """Compute the mean absolute change from one row to the next, (n_targets,).

    If no two values of a target follow each other, as every second one is missing, it is that from value to value.
    """
    changes = np.abs(np.diff(y, axis=0))
    mean = _mean(changes)
    for target in np.flatnonzero(np.isnan(changes).all(axis=0)):
        values = y[~np.isnan(y[:, target]), target]
        mean[target] = np.abs(np.diff(values)).mean() if len(values) > 1 else 0
    return mean
