"""`SeriesData`: one series as arrays, in the user's units."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sklstm._time_index.steps import IndexEnd

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SeriesData:
    """The targets and the exogenous variables of one series.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
        The targets; NaN where a value is missing.
    known : ndarray of shape (n + n_future, n_known)
        The columns that are known in advance, possibly for future rows as well.
    past : ndarray of shape (n, n_past)
        The past-only columns.
    index : pandas Index or None
        The index of the rows; None for arrays.
    end : IndexEnd or None
        The end of the index; None for arrays.
    rows : ndarray of int of shape (n,)
        Positions of the rows in the user's table.
    first_row : int, default=0
        Number of the first row in the series that these rows were selected from.
    """

    y: np.ndarray
    known: np.ndarray
    past: np.ndarray
    index: "pd.Index | None"
    end: IndexEnd | None
    rows: np.ndarray
    first_row: int = 0

    n_forgotten: ClassVar[int] = 0  # as of a History

    def __len__(self):
        return len(self.y)

    def values(self, name, first, stop):
        """Return rows `first` to `stop`, clipped to those that exist, of one of the arrays or of the time stamps."""
        return getattr(self, name)[first:stop]

    def index_between(self, first, stop):
        """Return the index of rows `first` to `stop`; None for arrays."""
        return None if self.index is None else self.index[first:stop]

    def next_index(self, steps):
        """Return the index of the next `steps` rows; None if the frequency is unknown."""
        return next_index(self.end, len(self), steps)

    def between(self, first, stop):
        """Return rows `first` to `stop` as a series."""
        arrays = (getattr(self, name)[first:stop] for name in ("y", "known", "past"))
        index = self.index_between(first, stop)
        end, rows = end_at(self.end, index), self.rows[first:stop]
        return SeriesData(*arrays, index, end, rows, self.first_row + first)

    def followed_by(self, other):
        """Return these rows followed by those of another series, which has the same kind of index."""
        joined = {
            name: np.concatenate((getattr(self, name), getattr(other, name))) for name in ("y", "known", "past", "rows")
        }
        index = None if self.index is None else self.index.append(other.index)
        return SeriesData(**joined, index=index, end=other.end, first_row=self.first_row)

    @property
    def stamps(self):
        """The times of the rows as numbers that can be compared between series."""
        if self.index is None:
            return np.arange(len(self))
        return self.index.asi8 if hasattr(self.index, "asi8") else self.index.to_numpy()

    @property
    def known_index(self):
        """The index of the rows; rows of arrays count from 0."""
        import pandas as pd

        return pd.RangeIndex(len(self)) if self.index is None else self.index


def next_index(end, n_rows, steps):
    """Return the index of the `steps` rows after the end of an index of `n_rows` rows; None if its step is unknown.

    Rows of arrays, which have no end, count on.
    """
    import pandas as pd

    if end is None:
        return pd.RangeIndex(n_rows, n_rows + steps)
    return None if end.step is None else end.next_values(steps)


def end_at(end, index):
    """Return the end of an index that has the same frequency as another one; None for arrays."""
    return None if end is None else replace(end, last=type(end.last)(index[-1]))
