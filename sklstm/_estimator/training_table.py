"""`TrainingTable`, with which `WindowTransformer` finds out whether a table follows or repeats that of `fit`."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from sklstm._time_index.regular_index import directly_follows
from sklstm._time_index.steps import IndexEnd
from sklstm._utils.numeric_input import index_of


@dataclass(frozen=True)
class TrainingTable:
    """The first and the last rows of a training table, and where its index begins and ends.

    Parameters
    ----------
    first_rows, last_rows : ndarray of shape (n_before, n_features)
        Fewer rows if the table is shorter.
    n_rows : int
    first_label : object
        The first value of an index of time or whole numbers; None without one.
    end : IndexEnd or None
        The end of that index.
    """

    first_rows: np.ndarray
    last_rows: np.ndarray
    n_rows: int
    first_label: Hashable
    end: IndexEnd | None

    @classmethod
    def from_table(cls, table, X, end, n_before):
        """Copy the rows that are needed later.

        Parameters
        ----------
        table : ndarray of shape (n_rows, n_features)
        X : array-like
            The same table as the user gave it.
        end : IndexEnd or None
            The end of its index.
        n_before : int
            How many rows before row t the window of row t begins.
        """
        first, last = table[:n_before].copy(), table[max(0, len(table) - n_before) :].copy()
        return cls(first, last, len(table), None if end is None else index_of(X)[0], end)

    def is_followed_by(self, index):
        """Whether rows with this index (None without one) directly follow the training table."""
        return index is not None and len(self.last_rows) > 0 and directly_follows(self.end, index)

    def is_repeated_by(self, table, index):
        """Whether a table begins with the training rows (up to rounding), so that it has no history.

        With an index, its first value decides. Whole numbers may count the rows of any table, so that such a table must
        also begin with the same rows, or be at least as long as the training table. Without an index, all training rows
        must be there; the first and the last ones are compared, as values may repeat by chance.
        """
        rows = table[: self.n_rows]
        is_complete = len(rows) == self.n_rows
        begins_alike = _equal_up_to_rounding(rows[: len(self.first_rows)], self.first_rows[: len(rows)])
        if index is not None and self.end is not None:
            is_sure = is_complete or begins_alike or not isinstance(self.end.last, int)
            return is_sure and index[0] == self.first_label
        ends_alike = _equal_up_to_rounding(rows[len(rows) - len(self.last_rows) :], self.last_rows)
        return is_complete and begins_alike and ends_alike

    def why_no_history(self, index, end):
        """Return a message that says why the first windows of a table stay empty, and what to do.

        Parameters
        ----------
        index : pandas Index or None
            Index of the table.
        end : IndexEnd or None
            The end of this index.
        """
        empty = "first windows have no history and stay empty"
        if self.end is None or end is None:
            lacking = (
                "The table of fit" if end is not None else "X" if self.end is not None else "X, like the table of fit,"
            )
            return (
                f"{lacking} has no index of time, so it is unknown whether the rows of X follow those of fit: their "
                f"{empty}. Give frames with such an index to both. A scaler in front drops the index, except "
                'StandardScaler().set_output(transform="pandas"); an LSTMRegressor needs no scaler, as it scales '
                "inside. With arrays, predict np.concatenate((X_train, X)) and keep the last len(X) predictions."
            )
        if not _is_later(index[0], self.end.last):
            return (
                f"The index begins at {index[0]}, but the training index ends at {self.end.last}, and the rows are not "
                f"those of fit: their {empty}. Give rows that follow those of fit, with their times as index, or begin "
                "with the rows of fit. (After reset_index, and in arrays that a pipeline turns into frames, the index "
                "counts from 0 again.)"
            )
        next_value = "has no regular step"
        if self.end.step is not None:
            next_value = f"should continue at {self.end.next_values(1)[0]}"
        return (
            f"The index begins at {index[0]}, after the training index's end {self.end.last} but not one step after "
            f"it (the training index {next_value}): its {empty}. asfreq makes the steps of an index regular."
        )


def _equal_up_to_rounding(rows, others):
    rounding = 64 * np.finfo(others.dtype).eps
    largest = np.abs(np.nan_to_num(others)).max(initial=0)
    return rows.shape == others.shape and np.allclose(rows, others, rounding, rounding * largest, equal_nan=True)


def _is_later(value, last):
    """Whether a value of an index lies after another one; False if they cannot be compared."""
    try:
        return bool(value > last)
    except (TypeError, ValueError):  # with and without a time zone; periods of different frequency
        return False
