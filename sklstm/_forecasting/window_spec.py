"""Cut windows from the rows of one series.

A series consists of y (n, K), columns known in advance (n + f, P) for f more rows, and past-only columns (n, Q). An
*origin* o is the number of rows of history: y[:o] and past[:o]. The window at origin o has the steps
s = o - L … o - 1. If H steps are predicted at once, step s contains

    y[s] (K)  |  known[s + 1] … known[s + H] (H · P, the step as the slow axis)  |  past[s] (Q)

So the last step contains the known columns of the predicted rows o … o + H - 1. Missing values are NaN, and so are
rows before the first one.
"""

from dataclasses import dataclass

import numpy as np

from sklstm._utils.windows import row_chunks, rows_after, sliding_windows


def rows_read(steps, n_ahead):
    """Return how many rows ahead a forecast of `steps` steps is made, in whole blocks of `n_ahead` steps."""
    return -(-steps // n_ahead) * n_ahead


class NoWindowError(ValueError):
    """There are no windows to train on, or none of some kind."""


def cast(values, dtype):
    """Convert scaled values to the precision of windows; what is larger than its largest number becomes that number."""
    if dtype != np.float64:
        largest = np.finfo(dtype).max
        values = np.clip(values, -largest, largest)
    return values.astype(dtype)


@dataclass(frozen=True)
class WindowSpec:
    """The sizes of windows, and the methods that cut windows of these sizes.

    Parameters
    ----------
    window_length : int
        L, the number of steps in a window.
    n_ahead : int
        H, the number of steps predicted at once.
    n_targets, n_known, n_past : int
        K, P and Q.
    """

    window_length: int
    n_ahead: int
    n_targets: int
    n_known: int
    n_past: int

    @property
    def n_channels(self):
        """The number of channels of a step."""
        return self.n_targets + self.n_ahead * self.n_known + self.n_past

    def table(self, y, known, past, dtype):
        """Make the table to cut windows from, (L + n, n_channels): L steps of NaN, then those of the series."""
        ahead = rows_after(known, np.arange(1, len(y) + 1), self.n_ahead).reshape(len(y), self.n_ahead * known.shape[1])
        before = np.full((self.window_length, self.n_channels), np.nan, dtype)
        values = np.concatenate((y, ahead, past), axis=1)
        return np.concatenate((before, cast(values, dtype)))

    def padded(self, values):
        """Put `window_length` rows of NaN before rows (n, k), as in `table`."""
        return np.concatenate((np.full((self.window_length, values.shape[1]), np.nan), values))

    def windows(self, table, origins):
        """Cut the windows (n_origins, L, n_channels) at some origins, a slice or numbers from 0 to n.

        With a slice, they are a view that stores every step only once.
        """
        return sliding_windows(table, self.window_length)[origins]

    def n_present(self, table, origins, lags_only=False):
        """Count the steps of each window without a missing value; `lags_only` ignores the known columns."""
        present = ~np.isnan(self._lagged(table) if lags_only else table).any(axis=1)
        count = np.concatenate(([0], np.cumsum(present)))
        return count[origins + self.window_length] - count[origins]

    def sees_every_target(self, table, origins):
        """Whether each target has a value somewhere in the window, for each window."""
        present = ~np.isnan(table[:, : self.n_targets])
        count = np.concatenate((np.zeros((1, self.n_targets), dtype=int), np.cumsum(present, axis=0)))
        return (count[origins + self.window_length] > count[origins]).all(axis=1)

    def knows_its_future(self, table, origins):
        """Whether no known column of the predicted rows is missing, for each window."""
        last = table[origins + self.window_length - 1]
        return ~np.isnan(last[:, self._known]).any(axis=1)

    def targets(self, y, origins):
        """Return the targets at some origins (n_origins, H · K), step by step; NaN beyond the last row."""
        return rows_after(y, origins, self.n_ahead).reshape(len(origins), self.n_ahead * y.shape[1])

    def future(self, known, origins, steps):
        """Return the known columns (n_origins, n_appended, H · P) of the steps that are appended to the windows.

        A forecast of `steps` steps appends all blocks of H steps but the last one.
        """
        n_appended = rows_read(steps, self.n_ahead) - self.n_ahead
        ahead = rows_after(known, np.asarray(origins) + 1, n_appended + self.n_ahead - 1)
        if self.n_ahead == 1:
            return ahead
        shape = len(ahead), n_appended, self.n_ahead * self.n_known
        if 0 in shape:
            return np.empty(shape)
        blocks = np.lib.stride_tricks.sliding_window_view(ahead, self.n_ahead, axis=1)  # (n_origins, n_appended, P, H)
        return blocks.swapaxes(2, 3).reshape(shape)

    def lag_table(self, windows, rows=None):
        """Flatten windows, or the `rows` among them, for regressors other than LSTMs: (n, L · (K + Q) + H · P).

        Each row has the targets and past-only columns of every step, then the known columns of the predicted rows.
        """
        n, n_lags, width = len(windows if rows is None else rows), self.window_length, self.n_targets + self.n_past
        flat = np.empty((n, n_lags * width + self.n_ahead * self.n_known), windows.dtype)
        lags = flat[:, : n_lags * width].reshape(n, n_lags, width)  # a view
        for chunk in row_chunks(n, n_lags * self.n_channels):
            part = windows[chunk if rows is None else rows[chunk]]
            lags[chunk, :, : self.n_targets] = part[..., : self.n_targets]
            lags[chunk, :, self.n_targets :] = part[..., self._known.stop :]
            flat[chunk, n_lags * width :] = part[:, -1, self._known]
        return flat

    def known_of_last_row(self, windows):
        """Return the known columns of the last row in each window (n, L, C): (n, P), or (n, 0) for windows of one row.

        A step has the known columns of the rows after it, so those of the last row are in the step before.
        """
        first = self._known.start
        return windows[:, -2, first : first + self.n_known] if windows.shape[1] > 1 else windows[:, -1, :0]

    @property
    def _known(self):
        """The positions of the known columns among the channels."""
        return slice(self.n_targets, self.n_targets + self.n_ahead * self.n_known)

    def _lagged(self, steps):
        """Return the channels other than the known columns."""
        return np.delete(steps, self._known, axis=-1) if self.n_known else steps
