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
from sklstm._forecasting.series_scaling import (
    FAR,
    ScalingRule,
    SeriesScaling,
    error_scales,
    mean_change,
    mean_of_known,
)
from sklstm._forecasting.target_transformer import Transformer, fit_transformer, transformed, transformed_back
from sklstm._series.positions import positions_of
from sklstm._utils.caches import PickledByFields, cached_property

# A history is of another size if its width is more than this many times larger or smaller than that of the training
# rows.
OTHER_SIZE = 30


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
    columns = [
        rule.of_columns(np.concatenate([getattr(part, name) for part in series.values()])) for name in ("known", "past")
    ]
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
        change = mean_change(logs)
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
        return mean_of_known(np.stack([scaling.error_scale for scaling in self.scalings.values()]))

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
        own = SeriesScaling.from_values(y, trained.error_scale, rule.is_centred, rule.is_sized)
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
