"""`LagColumns`, which column of a lag table belongs to which step and channel of a sequence."""

from dataclasses import dataclass

import numpy as np

from sklstm._estimator.lag_names import lags_of
from sklstm._utils.argument_checks import shown

NONE = -1  # instead of a column: the value is missing
NEWEST_FIRST, OLDEST_FIRST = "newest_first", "oldest_first"
STEPS, CHANNELS = "steps", "channels"
REPEAT, LAST = "repeat", "last"


@dataclass(frozen=True)
class LagColumns:
    """The columns of a lag table as they follow each other in time.

    Parameters
    ----------
    columns : ndarray of int of shape (n_steps, n_channels)
        The column of each value, the oldest step first; -1 where the table has none.
    channels : list of str
        Names of the channels.
    """

    columns: np.ndarray
    channels: list[str]

    @classmethod
    def from_positions(cls, n_columns, n_lags, n_channels, order, layout):
        """Read the lags by position; they are the first columns.

        Parameters
        ----------
        n_columns : int
        n_lags : int or None
            Lags of each channel; None if all columns are lags.
        n_channels : int
        order : {"newest_first", "oldest_first"}
        layout : {"steps", "channels"}
        """
        if n_lags is None and n_columns % n_channels:
            raise ValueError(
                f"X has {n_columns} columns, which n_channels={n_channels} channels cannot share. If the last columns "
                "are no lags, set n_lags."
            )
        n_lags = n_columns // n_channels if n_lags is None else n_lags
        if n_lags * n_channels > n_columns:
            raise ValueError(
                f"n_lags={shown(n_lags)} and n_channels={shown(n_channels)} need {shown(n_lags * n_channels)} columns, "
                f"but X has {n_columns}."
            )
        numbers = np.arange(n_lags * n_channels)
        if layout == STEPS:
            columns = numbers.reshape(n_lags, n_channels)
        else:
            columns = numbers.reshape(n_channels, n_lags).T
        columns = columns[::-1] if order == NEWEST_FIRST else columns
        return cls(columns, [f"channel {channel}" for channel in range(n_channels)])

    @classmethod
    def from_names(cls, names):
        """Read the lags by the names of the columns; return None if these tell none.

        Channels are put side by side from their newest lags on. A value is missing where a channel lacks a lag that
        another one has. Lags that all channels lack are left out.
        """
        channels = lags_of(names)
        if not channels:
            return None
        relative = [{lag - min(lags): column for lag, column in lags.items()} for lags in channels.values()]
        steps = sorted(set().union(*relative), reverse=True)
        columns = [[lags.get(step, NONE) for lags in relative] for step in steps]
        return cls(np.array(columns), [channel or "lag" for channel in channels])

    def with_target(self, target):
        """Return the same with the channel of this name first."""
        if target not in self.channels:
            raise ValueError(f"target={shown(target)} is no channel. The names of the columns tell {self.channels}.")
        first = self.channels.index(target)
        order = [first, *(channel for channel in range(len(self.channels)) if channel != first)]
        return LagColumns(self.columns[:, order], [self.channels[channel] for channel in order])

    def with_extra(self, names, extra):
        """Return the same with each other column as a channel behind, at every step or at the last one.

        Parameters
        ----------
        names : list of str
            Names of all columns of the table.
        extra : {"repeat", "last"}
        """
        others = np.setdiff1d(np.arange(len(names)), self.columns)
        added = np.tile(others, (len(self.columns), 1))
        if extra == LAST:
            added[:-1] = NONE
        return LagColumns(np.hstack((self.columns, added)), [*self.channels, *(names[other] for other in others)])


def sequences_of(table, columns):
    """Return the sequences (n_rows, n_steps, n_channels) of a table (n_rows, n_columns); see `LagColumns.columns`."""
    sequences = table[:, columns]
    sequences[:, columns == NONE] = np.nan
    return sequences
