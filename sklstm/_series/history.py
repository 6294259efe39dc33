"""The history of a series: the training rows, and the rows that `update` adds."""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._series.series import SeriesData, end_at, next_index
from sklstm._time_index.regular_index import regular_end
from sklstm._utils.argument_checks import naming


@dataclass(frozen=True)
class History:
    """A series to which rows can be added fast, however long it is.

    The first piece is the training rows, which others share. The rows after them are kept in pieces, each at least
    twice as long as the next one. So there are few pieces, and a row is copied only when its piece is joined to the one
    before it: about log2(n) times for n rows. Pieces never change, so a History can be shared.

    Parameters
    ----------
    pieces : tuple of SeriesData
        In the order of time.
    future : ndarray of shape (n_future, n_known)
        The known columns of the rows after the last piece.
    n_forgotten : int, default=0
        Number of rows before the first piece that are no longer kept. They still count: the first row that is kept has
        this number.
    """

    pieces: tuple[SeriesData, ...]
    future: np.ndarray
    n_forgotten: int = 0

    @classmethod
    def from_series(cls, series):
        """Make a history from a SeriesData."""
        return cls((series,), series.known[len(series) :])

    def __len__(self):
        return self.n_forgotten + sum(map(len, self.pieces))

    @property
    def end(self):
        """The end of the index, an IndexEnd; None for arrays."""
        return self.pieces[-1].end

    @property
    def first_row(self):
        """Number of the first row in the series that the rows were selected from."""
        return self.pieces[0].first_row - self.n_forgotten

    @property
    def whole(self):
        """All pieces as one SeriesData: the rows that are kept."""
        whole = self.pieces[-1]
        for piece in self.pieces[-2::-1]:  # the short ones first
            whole = piece.followed_by(whole)
        return whole

    def values(self, name, first, stop):
        """Return rows `first` to `stop`, clipped to those that exist, of one of the arrays or of the time stamps."""
        first, stop = self._among_kept(first, stop)
        found, begin = [self.pieces[0].values(name, first, stop)], len(self.pieces[0])
        for piece in self.pieces[1:]:
            if first < begin + len(piece) and begin < stop:
                found.append(piece.values(name, max(0, first - begin), stop - begin))
            begin += len(piece)
        if name == "known" and begin < stop:
            found.append(self.future[max(0, first - begin) : stop - begin])
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _among_kept(self, first, stop):
        """Count rows from the first one that is kept; ValueError if some of them are not."""
        if first < self.n_forgotten and first < stop:
            raise ValueError(
                f"The rows {first} to {min(stop, self.n_forgotten) - 1} of the history are needed, but `compact` has "
                f"removed the first {self.n_forgotten}. Use the Forecaster as it was before, or call fit."
            )
        return max(0, first - self.n_forgotten), max(0, stop - self.n_forgotten)

    def without_rows_before(self, first):
        """Return the history without the rows before row `first`, at least with the last one."""
        first = max(self.n_forgotten, min(first, len(self) - 1))
        kept = self.whole.between(first - self.n_forgotten, len(self) - self.n_forgotten)
        copied = {name: getattr(kept, name).copy() for name in ("y", "known", "past", "rows")}
        index = None if kept.index is None else kept.index.copy(deep=True)
        return History((replace(kept, index=index, **copied),), self.future[:0], first)

    def without_rows_after(self, stop):
        """Return the history without the rows from row `stop` on, which must follow a row that is kept."""
        return History((self.whole.between(0, stop - self.n_forgotten),), self.future[:0], self.n_forgotten)

    def with_future(self, known):
        """Return the history with the known columns of the rows after it."""
        return replace(self, future=known)

    def followed_by(self, other):
        """Return the history followed by the rows of a SeriesData."""
        pieces = [*self.pieces, self._aligned(other)]
        if self.end is not None and self.end.step is None:  # too few rows so far to tell the frequency
            whole = replace(self, pieces=tuple(pieces)).whole
            pieces = [replace(whole, end=regular_end(whole.index))]
        while len(pieces) > 2 and len(pieces[-2]) < 2 * len(pieces[-1]):
            last = pieces.pop()
            pieces[-1] = pieces[-1].followed_by(last)
        return History(tuple(pieces), self.future[:0], self.n_forgotten)

    def _aligned(self, other):
        """Return new rows with the same kind of index as the history, and counted on from it.

        Rows without an index continue that of the history.
        """
        other = replace(other, rows=np.arange(len(self), len(self) + len(other)))
        if self.end is None:
            return replace(other, index=None, end=None)
        with naming("y"):
            index = self.next_index(len(other)) if other.end is None else other.index
        if getattr(self.end.last, "tz", None) is not None:
            index = index.tz_convert(self.end.last.tz)
        return replace(other, index=index, end=end_at(self.end, index))

    def index_between(self, first, stop):
        """Return the index of rows `first` to `stop`; None for arrays."""
        first, stop = self._among_kept(first, stop)
        parts, begin = [], 0
        for piece in self.pieces:
            parts.append(piece.index_between(max(0, first - begin), max(0, stop - begin)))
            begin += len(piece)
        return None if parts[0] is None else parts[0].append(parts[1:])

    def next_index(self, steps):
        """Return the index of the next `steps` rows; None if the frequency is unknown."""
        return next_index(self.end, len(self), steps)
