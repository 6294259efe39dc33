"""Find out which columns hold values of one series, and which of two holds the older ones, by where values recur.

A value of a series is in the column of a newer lag first, and in that of an older lag some rows later. So lags may have
gaps between them, and rows may be left out, as long as the rows are in the order of time.
"""

from dataclasses import dataclass

import numpy as np

# Fewest values that must recur, and the share of them that must recur in the same direction.
FEWEST_RECURRING, MOST = 10, 0.95
# Fewest times that these values turn from rising to falling or back: two columns that only grow tell no order.
FEWEST_TURNS = 4
# Share of values that two columns of one series have in common at least.
COMMON = 0.1
# Columns with fewer different values than this share are compared by so many consecutive values instead of single ones.
MOSTLY_DIFFERENT, N_CONSECUTIVE = 0.5, 4
# Columns that may have been scaled are compared by so many consecutive differences, relative to their size, in so many
# parts of it.
N_IN_SHAPE, N_PARTS = 7, {np.dtype(np.float32): 200.0, np.dtype(np.float64): 1e4}
FACTOR = np.uint64(6364136223846793005)  # of a linear congruential generator, to mix bits


def recurs_later(newer, older):
    """Return 1 if the values of one column recur in another in later rows, -1 if in earlier rows, 0 if neither is sure.

    Only values that both columns have once are compared.

    Parameters
    ----------
    newer, older : ndarray of shape (n_rows,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._estimator.lag_relations import recurs_later
    >>> series = np.cos(np.arange(40.0) ** 2)
    >>> recurs_later(series[7:], series[:-7])
    1
    """
    return _direction(*_once(np.stack((newer, older), axis=1)))


def _direction(newer, older):
    """Return the same for the rows and the values of two columns as `_once` gives them."""
    (newer_rows, newer_values), (older_rows, older_values) = newer, older
    places = np.searchsorted(newer_values, older_values)
    places[places == len(newer_values)] = -1
    is_common = newer_values[places] == older_values if len(newer_values) else np.zeros(len(older_values), bool)
    if is_common.sum() < FEWEST_RECURRING:
        return 0
    common, first, second = older_values[is_common], newer_rows[places[is_common]], older_rows[is_common]
    if _n_turns(common[np.argsort(first)]) < FEWEST_TURNS:
        return 0
    signs = np.sign(second - first)
    return next((sign for sign in (1, -1) if (signs == sign).mean() >= MOST), 0)


def _once(table):
    """Return for each column the rows of the values that it has once, and these values, sorted."""
    columns = np.ascontiguousarray(table.T)
    order = np.argsort(columns, axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    differs, is_once = ordered[:, 1:] != ordered[:, :-1], ~np.isnan(ordered)
    is_once[:, 1:] &= differs
    is_once[:, :-1] &= differs
    return [(rows[once], values[once]) for rows, values, once in zip(order, ordered, is_once, strict=True)]


def _n_turns(values):
    rises = np.diff(values) > 0
    return int((rises[1:] != rises[:-1]).sum())


def runs_of_lags(table, shifts):
    """Return the longest runs of at least three columns, by a shift, each with older values than the one before.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)
        Rows in time order.
    shifts : list of int
        From one column of a run to the next one, if the oldest lag is last. Later ones are tried if the first ones give
        no run.

    Returns
    -------
    runs : list of tuple of int
        The newest lag first, whatever the order of the columns is.
    """
    once = {}
    for shift in dict.fromkeys(shifts):
        links = _Links.from_table(table, shift, once)
        runs = []
        for begin in range(min(shift, table.shape[1]) if links.likely else 0):
            path = list(range(begin, table.shape[1], shift))
            signs = links.signs(path)
            for sign in (1, -1):
                changes = np.flatnonzero(np.diff([int(found == sign) for found in signs], prepend=0, append=0))
                parts = [path[first : last + 1] for first, last in changes.reshape(-1, 2).tolist() if last - first > 1]
                runs += [tuple(part[::sign]) for part in parts]
        if runs:
            return sorted(runs, key=min)
    return []


@dataclass(frozen=True)
class _Links:
    """The directions from columns of a table to those a shift on, of which few are ever needed.

    Parameters
    ----------
    likely : set of int
        Every second column of each path that may have values in common with the next one.
    once : dict of int to tuple
        What `_once` returns for the columns that may be linked, and perhaps for others.
    """

    likely: set[int]
    once: dict[int, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def from_table(cls, table, shift, once):
        """Compare columns by a shift; what is not in `once` yet is added to it."""
        columns = np.arange(table.shape[1] - shift)
        columns = columns[columns // shift % 2 == 0]
        columns = columns[_have_recurring(table, columns, columns + shift)]
        near = np.unique(columns[:, np.newaxis] + shift * np.arange(-1, 3))
        near = [column for column in near.tolist() if 0 <= column < table.shape[1] and column not in once]
        once.update(zip(near, _once(table[:, near]), strict=True))
        return cls(set(columns.tolist()), once)

    def signs(self, path):
        """Return the direction from each column to the next one, or 0 where no run of three columns can be."""
        signs = [0] * max(0, len(path) - 1)
        for at in range(0, len(signs), 2):  # a run has every second link
            signs[at] = self._sign(*path[at : at + 2]) if path[at] in self.likely else 0
        for at in range(1, len(signs), 2):
            if any(signs[at - 1 : at + 2]):
                signs[at] = self._sign(*path[at : at + 2])
        return signs

    def _sign(self, newer, older):
        return _direction(self.once[newer], self.once[older])


def _have_recurring(table, columns, others):
    """Return whether each column may have enough values in common with another one.

    A quick answer. Values that recur within a column count as well, so it is yes for most columns of few values.
    """
    values = np.sort(np.concatenate((table.T[columns], table.T[others]), axis=1), axis=1)
    return (values[:, 1:] == values[:, :-1]).sum(axis=1) >= FEWEST_RECURRING


def are_of_one_series(left, right, are_consecutive=True, unsure=True):
    """Whether two tables have more than a few values in common, also if each column was scaled by itself.

    Parameters
    ----------
    left, right : ndarray of shape (n_rows, n_columns)
    are_consecutive : bool, default=True
        Whether the rows are in time order: of columns with few different values, and of scaled ones, several rows are
        compared.
    unsure : bool, default=True
        What to return where few different values are in common, and rows are in no order.
    """
    if _is_mostly_different(right):
        is_common = _have_common(left, right)
    elif are_consecutive:
        is_common = _have_common(*map(_consecutive, (left, right)))
    else:
        is_common = unsure and _have_common(left, right)
    if is_common or not are_consecutive:
        return is_common
    return _have_common(*map(_shapes, (left, right)))


def _is_mostly_different(table):
    known = table[np.isfinite(table)]
    return len(np.unique(known)) >= MOSTLY_DIFFERENT * len(known) / table.shape[1]


def _have_common(left, right):
    """Whether a share of the values of the right table are in the left one."""
    known, asked = (np.unique(table[np.isfinite(table)]) for table in (left, right))
    return len(asked) > 0 and bool(np.isin(asked, known).mean() >= COMMON)


def _consecutive(table):
    """Return a number for each few consecutive values of a column, the same for the same values."""
    n_rows = max(0, len(table) - N_CONSECUTIVE + 1)
    return mixed([table[start : start + n_rows] for start in range(N_CONSECUTIVE)])


def mixed(parts):
    """Return a number for the values at each place of some arrays, the same for the same values."""
    number = np.zeros(parts[0].shape, dtype=np.uint64)
    for part in parts:
        bits = (part + part.dtype.type(0)).view(f"u{part.dtype.itemsize}")  # 0 is added to -0
        number = (number ^ bits) * FACTOR
        number ^= number >> np.uint64(29)
    return number


def _shapes(table):
    """Return a number for what a scaling keeps of a few consecutive values of a column; NaN if they are constant."""
    n_parts = N_PARTS[table.dtype]
    differences = np.diff(table.astype(np.float64), axis=0)
    n_rows = max(0, len(differences) - N_IN_SHAPE + 1)
    parts = [differences[start : start + n_rows] for start in range(N_IN_SHAPE)]
    size = np.sum(np.abs(parts), axis=0) if n_rows else np.zeros((0, table.shape[1]))
    is_known = np.isfinite(size) & (size > 0)
    size = np.where(is_known, size, 1)
    numbers = mixed([np.rint(n_parts * np.where(is_known, part, 0) / size) for part in parts])
    return np.where(is_known, (numbers >> np.uint64(11)).astype(np.float64), np.nan)
