"""Notice samples that are windows of a series, but whose steps are not in the order in which an LSTM reads them.

Tables of other libraries have the newest lag first, one channel after the other, or columns behind that are no lags.
"""

from dataclasses import dataclass

import numpy as np

from sklstm._estimator.channel_names import are_given
from sklstm._estimator.lag_chains import FEWEST_VALUES, MOST_VALUES, Chain, lag_chains
from sklstm._estimator.lag_order_advice import advice, description
from sklstm._estimator.sample_continuity import N_COMPARED, last_targets
from sklstm._utils.checks import n_dimensions
from sklstm._utils.numeric_input import index_of
from sklstm._utils.user_warning import warn_user

# Fewest lags of a series in a table, before other columns of it are taken for no lags of this series.
FEWEST_IN_TABLE = 3


@dataclass(frozen=True)
class Reading:
    """The lags in samples, and how the regressor reads the columns.

    Parameters
    ----------
    chains : list of tuple of int
        Columns of the flattened samples, the newest lag of each chain first.
    n_columns : int
    n_channels : int
        The regressor reads step by step, with so many columns in each.
    target : int or None
        Which of the chains is that of the first output; None if it is unknown.
    """

    chains: list[Chain]
    n_columns: int
    n_channels: int
    target: int | None

    @classmethod
    def from_samples(cls, X, y, is_reversed=False):
        """Find the lags in samples (n, n_steps, n_channels) with targets (n, n_outputs), n at most `N_COMPARED`.

        Parameters
        ----------
        X, y : ndarray
        is_reversed : bool
            Whether an index says that the rows are in reverse time order.
        """
        n_channels = X.shape[2]
        table = X.reshape(len(X), -1)
        chains = lag_chains(table, n_channels)
        chains = _with_older_lags(chains, table)
        target = _target_chain(table, y[:, 0], [chain[0] for chain in chains])
        if target is None:
            target = _target_chain(table[::-1], y[::-1, 0], [chain[-1] for chain in chains])
            if target is not None or is_reversed:
                chains = [chain[::-1] for chain in chains]
        return cls(chains, table.shape[1], n_channels, target)

    def is_right(self, informative, is_table):
        """Whether every channel with lags is read from the oldest lag to the newest.

        Parameters
        ----------
        informative : ndarray of bool of shape (n_columns,)
            Which columns are not constant.
        is_table : bool
            In a table, each channel must have the lags of one channel only, and nothing else.
        """
        return all(self._is_read_right(channel, informative, is_table) for channel in range(self.n_channels))

    def _is_read_right(self, channel, informative, is_table):
        columns = set(range(channel, self.n_columns, self.n_channels))
        chains = [chain for chain in self.chains if not columns.isdisjoint(chain)]
        strides = {(chain[0] - chain[1]) / self.n_channels for chain in chains}
        if any(stride < 1 or stride != int(stride) for stride in strides):
            return False
        if not is_table or not chains or max(map(len, chains)) < FEWEST_IN_TABLE:
            return True
        if len(strides) > 1:
            return False
        stride = int(strides.pop())  # more than 1 if only every second window was kept, or every third
        others = sorted(columns.difference(*chains))
        return len(chains) <= stride and not informative[others].any()


def check_lag_order(regressor, data, X, y):
    """Warn of samples whose steps are in another order than an LSTM reads; with `loss_steps="all"` raise ValueError.

    Parameters
    ----------
    regressor : LSTMRegressor
    data : TrainingSet
    X, y : array-like
        The samples and targets as the user gave them.
    """
    if are_given() or data.X.shape[1] * data.X.shape[2] < 2:
        return
    rows = data.X[-N_COMPARED:]
    is_reversed = any(map(_is_reversed, (index_of(X), index_of(y))))
    reading = Reading.from_samples(rows, last_targets(data.y, data.weight), is_reversed)
    table, is_table = rows.reshape(len(rows), -1), n_dimensions(X) == 2
    if not reading.chains or reading.is_right(_informative(table), is_table):
        return
    names = getattr(regressor, "feature_names_in_", None)
    message = f"{description(reading)} {advice(reading, not is_table, names)}"
    if regressor.loss_steps == "all":
        raise ValueError(f"loss_steps='all' needs steps in the order of time. {message}")
    warn_user(message)


def _is_reversed(index):
    """Whether an index shows that rows are in reverse time order."""
    return index is not None and len(index) > 1 and index.is_monotonic_decreasing and not index.is_monotonic_increasing


def _informative(table):
    """Return which columns are not constant."""
    same = (table == table[:1]) | (np.isnan(table) & np.isnan(table[:1]))
    return ~same.all(axis=0)


def _with_older_lags(chains, table):
    """Join each chain with what follows it: a column, or a chain, with the same values many rows later.

    So the lags 1, 2, 3, 12 and 13 are one chain, though the values of lag 3 are not those of lag 12 in the next row.
    """
    found, rest = [], sorted(chains, key=lambda chain: -len(chain))
    while rest:
        chain = rest.pop(0)
        while (older := _older_lags(chain, found + rest, table)) is not None:
            rest = [other for other in rest if other != older]
            chain += older
        found.append(chain)
    return sorted(found, key=min)


def _older_lags(chain, others, table):
    """Return the columns, at the place after a chain, that have its values many rows later; None if there are none."""
    shift = chain[1] - chain[0]
    column = chain[-1] + shift
    if not 0 <= column < table.shape[1]:
        return None
    for other in others:
        if column in other and (other[0] != column or other[1] - other[0] != shift):
            return None
    older = next((other for other in others if column in other), (column,))
    return older if _target_chain(table, table[:, chain[-1]], [column]) is not None else None


def _target_chain(table, y, newest):
    """Return which of some columns has the targets some rows later; None if none has, or if targets are too few.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    newest : list of int
        The columns that would hold the targets.
    """
    columns = table[:, newest]
    for ahead in range(1, len(table) - 1 if newest else 0):
        target, later = y[:-ahead, np.newaxis], columns[ahead:]
        known = ~np.isnan(target) & ~np.isnan(later)
        share = ((target == later) & known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        best = int(np.argmax(share))
        values = later[known[:, best], best]
        if share[best] >= MOST_VALUES and len(np.unique(values)) >= FEWEST_VALUES:
            return best
    return None
