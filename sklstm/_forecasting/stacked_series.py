"""The rows of several series in one array, of which windows are cut."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sklstm._series.positions import positions_of


class ReadableSeries(Protocol):
    """A series that windows are built from: `SeriesData` or `History`."""

    def __len__(self): ...

    def values(self, name, first, stop):
        """Return rows `first` to `stop`, clipped to those that exist, of "y", "known", "past", "rows" or "stamps"."""


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
