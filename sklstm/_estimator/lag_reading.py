"""`Reading`, which columns of samples are lags of which series, and whether an LSTM reads them in the order of time."""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._estimator.lag_chains import FEWEST_VALUES, MOST_VALUES, Chain, chains_of_pairs, lag_chains, share_of_moves
from sklstm._estimator.lag_relations import FEWEST_RECURRING, are_of_one_series, recurs_later, runs_of_lags
from sklstm._estimator.sample_continuity import N_COMPARED
from sklstm._estimator.shuffled_lags import next_rows

# Fewest lags of a series in a table, before other columns of it are taken for no lags of this series.
FEWEST_IN_TABLE = 3
# A series that repeats exactly shows the order of its lags only if there are so many of them, and no other columns.
FEWEST_IF_PERIODIC = 4
# Share of the rows that must be followed by the next window, before other columns are taken for no lags.
MOST_MOVES = 0.8
# Number of rows in which values are searched that occurred many rows before, also if they are not unique.
N_SEARCHED = 400


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
    is_shuffled : bool, default=False
        Whether rows are in no order of time.
    has_gaps : bool, default=False
        Whether there are gaps between all lags, or between many rows. Then other columns may be lags as well.
    """

    chains: list[Chain]
    n_columns: int
    n_channels: int
    target: int | None
    is_shuffled: bool = False
    has_gaps: bool = False

    @classmethod
    def from_samples(cls, X, y, is_reversed=False):
        """Find the lags in samples (n, n_steps, n_channels) with targets (n,), in time order.

        Parameters
        ----------
        X, y : ndarray
        is_reversed : bool
            Whether an index says that the rows are in reverse time order.

        Returns
        -------
        reading : Reading or None
            None if there are lags, but their order is uncertain.
        """
        y, n_channels = y.astype(X.dtype), X.shape[2]
        table = _without_repeated(X.reshape(len(X), -1), n_channels)
        chains = _over_other_columns(lag_chains(table[-N_COMPARED:], n_channels), table[-N_COMPARED:], n_channels)
        has_gaps = not chains or share_of_moves(table[-N_COMPARED:], max(chains, key=len)) < MOST_MOVES
        if chains:
            chains = _with_other_lags(chains, table)
            target, is_backward = _target_of_chains(table[-N_COMPARED:], y[-N_COMPARED:], chains)
        else:
            chains = runs_of_lags(table, [n_channels, 1])
            target, is_backward = _target_of_runs(table, y, chains)
        if is_backward or (target is None and is_reversed):
            chains = [chain[::-1] for chain in chains]
        if chains and _are_uncertain(chains, table[-N_COMPARED:], target):
            return None
        return cls(chains, table.shape[1], n_channels, target, has_gaps=has_gaps)

    @classmethod
    def from_shuffled(cls, X, y, table):
        """Find the lags in samples in any order, by their targets.

        Parameters
        ----------
        X, y : ndarray
            As for `from_samples`.
        table : ndarray of shape (n_rows, n_columns)
            Some flattened rows.
        """
        pairs, chains, n_channels = next_rows(X, y), [], X.shape[2]
        if pairs is not None:
            rows = np.concatenate((pairs.earlier, pairs.later))
            earlier, later = np.split(_without_repeated(X[rows].reshape(len(rows), -1), n_channels), 2)
            chains = chains_of_pairs(earlier, later, n_channels)
        newest = [chain[0] for chain in chains]
        if pairs is None or pairs.newest not in newest:
            return cls([], table.shape[1], n_channels, None)
        return cls(_with_like_columns(chains, table), table.shape[1], n_channels, newest.index(pairs.newest), True)

    def is_right(self, table, is_table):
        """Whether every channel with lags is read from the oldest lag to the newest.

        Parameters
        ----------
        table : ndarray of shape (n_rows, n_columns)
            The flattened samples.
        is_table : bool
            In a table, each channel must have the lags of one channel only, and nothing else.
        """
        return all(self._is_read_right(channel, table, is_table) for channel in range(self.n_channels))

    def of_chunk(self, table):
        """Return the same for few rows, which leave open whether other columns are lags.

        Parameters
        ----------
        table : ndarray of shape (n_rows, n_columns)
            The flattened samples.

        Returns
        -------
        reading : Reading or None
            None if the targets do not show the direction of time, or repeat.
        """
        if self.target is None or _may_repeat(table[-N_COMPARED:, self.chains[self.target][0]], False):
            return None
        return replace(self, has_gaps=True)

    def _is_read_right(self, channel, table, is_table):
        columns = set(range(channel, self.n_columns, self.n_channels))
        chains = [chain for chain in self.chains if not columns.isdisjoint(chain)]
        strides = {(chain[0] - chain[1]) / self.n_channels for chain in chains}
        if any(stride < 1 or stride != int(stride) for stride in strides):
            return False
        if not chains or max(map(len, chains)) < FEWEST_IN_TABLE or self.has_gaps:
            return True
        if len(strides) == 1 and strides.pop() > 1:  # only every second window was kept, or every third
            return True
        longest = max(chains, key=len)
        blocks = [chain for chain in chains if chain is not longest and len(chain) >= FEWEST_IN_TABLE and is_table]
        if not all(self._is_like(table, block, longest) for block in blocks):
            return False
        others = sorted(columns.difference(*chains)) if is_table or self.n_channels == 1 else []
        return not any(self._is_foreign(other, longest, table, len(others)) for other in others)

    def _is_like(self, table, columns, longest):
        """Whether columns may have values of the same series as a chain."""
        return are_of_one_series(table[:, list(longest)], table[:, list(columns)], not self.is_shuffled)

    def _is_foreign(self, column, longest, table, n_others):
        """Whether a column is no lag of a chain.

        A lag that is older by more than there are rows has no values in common with the chain, but values like its own.
        So have the lags of the days in between, if there is a row for each week.
        """
        values, lags = table[:, column], table[:, list(longest)]
        if _equal(values[:1], values).all() or self._is_like(table, [column], longest):
            return False
        may_be_lag = column < min(longest) or n_others >= len(longest)
        low, high = np.nanmin(lags), np.nanmax(lags)
        return not (may_be_lag and np.nanmean((values >= low) & (values <= high)) > 0.5)


def _are_uncertain(chains, table, target):
    """Whether chains may be chance, or be turned round as all series repeat exactly."""
    n_columns = table.shape[1]
    are_weak = max(map(len, chains)) == 2 and (len(chains) > 1 or target is None)
    is_chance = are_weak and (4 * len(chains) < n_columns or len({chain[1] - chain[0] for chain in chains}) > 1)
    return is_chance or all(
        len(chain) < max(FEWEST_IF_PERIODIC, n_columns)
        and _may_repeat(table[:, chain[0]], len(chain) < FEWEST_IF_PERIODIC)
        for chain in chains
    )


def _may_repeat(values, is_short):
    """Whether values repeat after a period; of a short chain, whether each occurs again, as rows may be left out."""
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return False
    rounding = 1e-6 * (ordered[-1] - ordered[0])
    if is_short:
        differs = np.diff(ordered, prepend=-np.inf, append=np.inf) > rounding
        return not (differs[1:] & differs[:-1]).any()
    periods = range(1, len(values) // 2 + 1)
    return any((~(np.abs(values[period:] - values[:-period]) > rounding)).all() for period in periods)


def _over_other_columns(chains, table, n_channels):
    """Return chains with those joined between whose lags other columns stand."""
    columns = sorted(set().union(*chains))
    if len(chains) < 2 or len(columns) == table.shape[1]:
        return chains
    joined = [tuple(columns[at] for at in chain) for chain in lag_chains(table[:, columns], n_channels)]
    return joined if len(joined) < len(chains) and set().union(*joined) == set(columns) else chains


def _without_repeated(table, n_channels):
    """Return the same with NaN for each channel that has one value at all steps, or at the only one that is known.

    It has no order. Such channels may be lags of each other, as means of the last rows and of those before.
    """
    steps = table.reshape(len(table), -1, n_channels)
    for some in (steps[-N_COMPARED:], steps):  # few rows rule out most channels
        low, high = np.fmin.reduce(some, axis=1), np.fmax.reduce(some, axis=1)
        repeated = ((low == high) | np.isnan(low)).all(axis=0)
        if steps.shape[1] == 1 or not repeated.any():
            return table
    return np.where(repeated, np.nan, steps).astype(table.dtype).reshape(table.shape)


def _equal(values, others):
    return (values == others) | (np.isnan(values) & np.isnan(others))


def _with_other_lags(chains, table):
    """Join each chain with what is next to it at either end: a column, or a chain, with values of the same series.

    So the lags 1, 2, 3, 12 and 13 are one chain, though the values of lag 3 are not those of lag 12 in the next row.
    """
    found, rest = [], sorted(chains, key=lambda chain: -len(chain))
    while rest:
        chain = rest.pop(0)
        while (older := _older_lags(chain, found + rest, table)) is not None:
            found, rest = ([other for other in part if other != older] for part in (found, rest))
            chain += older
        while (newer := _newer_lag(chain, found + rest, table)) is not None:
            chain = (newer, *chain)
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
    return older if _is_older(table, chain[-1], column) else None


def _newer_lag(chain, others, table):
    """Return the column, at the place before a chain, whose values it has many rows later; None if there is none."""
    column = 2 * chain[0] - chain[1]
    if not 0 <= column < table.shape[1] or any(column in other for other in others):
        return None
    return column if _is_older(table, column, chain[0]) else None


def _is_older(table, newer, older):
    """Whether a column has the values of another one in later rows."""
    if recurs_later(table[:, newer], table[:, older]) == 1:
        return True
    rows = table[-N_SEARCHED:]
    return _target_chain(rows, rows[:, newer], [older]) is not None


def _with_like_columns(chains, table):
    """Join each chain with the free columns next to it, as long as they have values in common."""
    found = []
    for chain in chains:
        taken = set().union(*chains, *found)
        shift = chain[1] - chain[0]
        for _ in range(2):  # at the end, and, as it is turned, at the begin
            while (column := chain[-1] + shift) not in taken and 0 <= column < table.shape[1]:
                if not are_of_one_series(
                    table[:, list(chain)], table[:, [column]], are_consecutive=False, unsure=False
                ):
                    break
                chain = (*chain, column)
            chain, shift = chain[::-1], -shift
        found.append(chain)
    return found


def _target_of_chains(table, y, chains):
    """Return which chain the targets continue, and whether they do so in reverse time order."""
    target = _target_chain(table, y, [chain[0] for chain in chains])
    if target is not None:
        return target, False
    target = _target_chain(table[::-1], y[::-1], [chain[-1] for chain in chains])
    return target, target is not None


def _target_of_runs(table, y, chains):
    """Return the same for chains with gaps."""
    for sign in (1, -1):
        for number, chain in enumerate(chains):
            if recurs_later(y, table[:, chain[0]]) == sign:
                return number, sign == -1
    return None, False


def _target_chain(table, y, newest):
    """Return which of some columns has the targets some rows later; None if none has, or if targets are too few.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    newest : list of int
        The columns that would hold the targets.
    """
    columns, usual = table[:, newest], np.sort(y)[len(y) // 2]  # which may be most of them, as 0 is of rare demand
    fewest = min(FEWEST_RECURRING, len(table) // 2)  # between two parts of a series, fewer may agree
    for ahead in range(1, len(table) - 1 if newest else 0):
        target, later = y[:-ahead, np.newaxis], columns[ahead:]
        known = ~np.isnan(target) & ~np.isnan(later) & ((target != usual) | (later != usual))
        share = ((target == later) & known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        best = int(np.argmax(share))
        values = later[known[:, best], best]
        is_enough = len(values) >= fewest and len(np.unique(values)) >= FEWEST_VALUES
        if share[best] >= MOST_VALUES and is_enough:
            return best
    return None
