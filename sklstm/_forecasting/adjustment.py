"""Adjust each series before windows are cut from it: take the logarithm, and take the season off.

Both are undone on forecasts, as the target transformer is. Unlike it, they are estimated for each series by itself. The
user's units become *transformed* units by the target transformer, and these become *adjusted* units here.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from sklstm._components.season import day_and_week_values, seasonal_values
from sklstm._forecasting.log_choice import LogRule
from sklstm._series.positions import positions_of

DAYS_IN_WEEK = 7
SMALLEST = np.finfo(np.float64).smallest_subnormal  # half of it is 0


@dataclass(frozen=True)
class SeriesAdjustment:
    """The adjustment of one series.

    Parameters
    ----------
    is_log : ndarray of bool of shape (n_targets,)
        Which targets are replaced by their logarithm.
    floor : ndarray of shape (n_targets,)
        Smaller values are read as this one before the logarithm is taken.
    season : ndarray of shape (n_positions, n_targets)
        What is taken off at each position of the season (with `has_week`, of the week), after the logarithm.
    """

    is_log: np.ndarray
    floor: np.ndarray
    season: np.ndarray

    def take_log(self, y):
        """Take the logarithm of the targets (n, n_targets) whose logarithm is to be taken."""
        return take_log(y, self.is_log, self.floor)


@dataclass(frozen=True)
class Adjuster:
    """Adjusts series as estimated from the training rows. Other series are adjusted as their own rows say.

    Parameters
    ----------
    season_length : int
        Number of rows in a season; 1 for no season.
    has_week : bool
        Whether the season is a day, and the week is taken off, too, where a series shows one.
    log : LogRule
        Which logarithms to take.
    adjustments : dict of SeriesAdjustment
        Those of the training series, by key.
    """

    season_length: int
    has_week: bool
    log: LogRule
    adjustments: dict[Hashable, SeriesAdjustment]

    @classmethod
    def fit(cls, season_length, has_week, log, y, series):
        """Estimate the adjustment of each series from its targets in transformed units, by key."""
        blank = cls(season_length, has_week, log, {})
        adjustments = blank.estimate(y, series)
        if log.is_panel:  # a later series is treated as the others are
            log = replace(log, of_positive=np.any([part.is_log for part in adjustments.values()], axis=0))
        return cls(season_length, has_week, log, adjustments)

    @property
    def changes(self):
        """Whether it changes anything."""
        return self.season_length > 1 or self.log.setting is not None

    def positions(self, series, n_rows):
        """Return the positions in the season of the first rows of a series."""
        if self.season_length == 1:
            return np.zeros(n_rows, dtype=np.int64)
        return positions_of(series, 0, n_rows, self.n_positions)

    @property
    def n_positions(self):
        """Number of positions at which something may be taken off."""
        return DAYS_IN_WEEK * self.season_length if self.has_week else self.season_length

    def seasons(self, key, series, n_rows):
        """Return what is taken off the first rows of a series as their season, (n_rows, n_targets)."""
        return self.adjustments[key].season[self.positions(series, n_rows)]

    def estimate(self, y, series, is_log=None):
        """Estimate the SeriesAdjustment of each series, by key.

        Parameters
        ----------
        y : dict of ndarray of shape (n, n_targets)
            The targets of its first rows, in transformed units.
        series : dict of SeriesData or History
        is_log : dict of ndarray of bool of shape (n_targets,), default=None
            Which targets are replaced by their logarithm. None chooses.
        """
        positions = {key: self.positions(series[key], len(rows)) for key, rows in y.items()}
        if is_log is None:
            in_season = {key: part % self.season_length for key, part in positions.items()}
            is_log = self.log.choose(y, in_season, self.season_length)
        adjustments = {}
        for key, rows in y.items():
            blank = SeriesAdjustment(is_log[key], _floor(rows), np.zeros((self.n_positions, rows.shape[1])))
            if self.season_length > 1:
                find = day_and_week_values if self.has_week else seasonal_values
                season = find(blank.take_log(rows), positions[key], self.season_length)
                blank = replace(blank, season=season)
            adjustments[key] = blank
        return adjustments

    def for_histories(self, y, series):
        """Return an Adjuster for histories that replace the training rows; `y` as for `estimate`.

        A history has a season of its own. With fewer than two seasons of rows, it has that of the training rows with
        its key, if there are any and its index tells the positions; otherwise it has none.
        """
        if not self.changes:
            return self
        long = {key: rows for key, rows in y.items() if len(rows) >= 2 * self.season_length}
        lost = {key: self.adjustments[key] for key in y if key in self.adjustments and key not in long}
        lost = {key: part for key, part in lost.items() if series[key].end is None or series[key].end.step is None}
        flat = {key: replace(part, season=np.zeros_like(part.season)) for key, part in lost.items()}
        return replace(self, adjustments={**self.adjustments, **flat}).readjusted(long, series)

    def for_copies(self, keys):
        """Return an Adjuster for copies of training series; `keys` has the key of the original of each, by key."""
        return replace(self, adjustments={copy: self.adjustments[key] for copy, key in keys.items()})

    def readjusted(self, y, series):
        """Return an Adjuster with seasons estimated anew from more rows; arguments as for `estimate`."""
        if not self.changes:
            return self
        is_log = {key: self.adjustments[key].is_log for key in y if key in self.adjustments}
        y = {key: rows for key, rows in y.items() if key in is_log}
        return replace(self, adjustments={**self.adjustments, **self.estimate(y, series, is_log)})


def take_log(y, is_log, floor):
    """Take the logarithm of values (n, n_targets) where `is_log` says so; none is read as less than the floor."""
    return np.where(is_log, np.log(np.where(is_log, np.maximum(y, floor), 1)), y)


def log_of_bounds(bounds, is_log):
    """Take the logarithm of bounds where `is_log` says so; a bound that is not above 0 is no bound."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(is_log, np.log(np.maximum(bounds, 0)), bounds)


def _floor(y):
    """Return the value below which none has a logarithm: half of the smallest one above 0, (n_targets,)."""
    smallest = np.fmin.reduce(np.where(y > 0, y, np.inf), axis=0, initial=np.inf)
    half = np.maximum(smallest / 2, np.minimum(smallest, SMALLEST))
    return np.where(np.isfinite(smallest), half, 1)
