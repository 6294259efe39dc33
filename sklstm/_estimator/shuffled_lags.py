"""Find the lags in samples whose rows are shuffled, or drawn at random, by their targets.

If the target of one row is the newest lag of another one, and the lags before it are the same, then the second row is
the next one of that series. So pairs of consecutive rows are found in whichever order the rows are. The newest lag may
be in any column, and the older ones to either side of it.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from sklearn.utils import gen_batches

from sklstm._estimator.lag_relations import mixed

# Number of rows whose next ones are searched.
N_ASKED = 200
# Numbers of values, the target included, that must be the same in the next row: many, or two if there are few lags.
N_SAME = (4, 2)
# Rows that more rows could follow than these are not used: their values say little.
MOST_NEXT = 3
# Fewest pairs, also as a share of the rows whose next ones are searched. And how many times as many as by chance, or as
# there are if the steps are read as they are.
FEWEST_PAIRS, FEWEST_SHARE, MORE = 10, 0.1, 3
# Fewest targets that occur once, as a share of the rows: those of a series that repeats exactly say little.
FEWEST_ONCE = 0.1
# Number of values that are looked at, so that the search takes a small part of a fit; a few columns always are.
N_VALUES, FEWEST_COLUMNS = 4_000_000, 4
# Values are looked up among the targets, so many at once, in a table with a place for each number of so many bits.
N_AT_ONCE, N_BITS = 50_000, 20


@dataclass(frozen=True)
class NextRows:
    """Rows, and for each the row that follows it in time.

    Parameters
    ----------
    earlier, later : ndarray of int
    newest : int
        The column of the newest lag of the target.
    """

    earlier: np.ndarray
    later: np.ndarray
    newest: int


@dataclass(frozen=True)
class NextRowSearch:
    """Search for the rows that follow others.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_steps, n_channels)
    y : ndarray of shape (n_rows,)
        Targets, NaN where missing.
    asked : ndarray of int
        The rows whose next ones are searched.
    """

    X: np.ndarray
    y: np.ndarray
    asked: np.ndarray

    @classmethod
    def from_samples(cls, X, y):
        """Ask for the next rows of some rows, spread evenly."""
        asked = np.unique(np.linspace(0, len(X) - 1, N_ASKED).astype(int))
        return cls(X, y.astype(X.dtype), asked[~np.isnan(y[asked])])

    def _column(self, column, rows=slice(None)):
        step, channel = divmod(column, self.X.shape[2])
        return self.X[rows, step, channel]

    def columns_with_targets(self, fewest):
        """Return the columns that have the targets of enough of the rows, those near either end first."""
        n_columns = self.X.shape[1] * self.X.shape[2]
        columns = sorted(range(n_columns), key=lambda column: min(column, n_columns - 1 - column))
        columns = columns[: max(FEWEST_COLUMNS, N_VALUES // len(self.X))]
        return [column for column, n_found in zip(columns, self._n_found(columns), strict=True) if n_found >= fewest]

    def _n_found(self, columns):
        """Return for each of some columns how many of the targets are in it, or a few more."""
        targets, n_each = np.unique(self.y[self.asked], return_counts=True)
        slots, own = np.full(2**N_BITS, -1, dtype=np.int16), _slot(targets)
        slots[own] = np.arange(len(targets))
        _, place, n_there = np.unique(own, return_inverse=True, return_counts=True)
        is_found = np.tile(n_there[place] > 1, (len(columns), 1))  # of two in one place, neither is searched
        places = np.divmod(columns, self.X.shape[2])
        for rows in gen_batches(len(self.X), max(1, N_AT_ONCE // len(columns))):
            values = self.X[rows][:, *places]
            target = slots[_slot(values)]
            hits = np.flatnonzero(target >= 0)
            target = target.flat[hits]
            hits, target = (part[values.flat[hits] == targets[target]] for part in (hits, target))
            is_found[hits % len(columns), target] = True
            slots[own[is_found.all(axis=0)]] = -1  # found everywhere, as 0 is of rare demand: takes no more time
        return is_found @ n_each

    def pairs(self, newest, shift, n_same, moved_targets=0):
        """Return the rows that were found if the newest lag is in one column, and the next older one some columns on.

        Parameters
        ----------
        newest, shift : int
        n_same : int
            Number of values that must be the same.
        moved_targets : int, default=0
            Take the targets of other rows, so that what is found is chance.
        """
        columns = [newest + shift * number for number in range(n_same)]
        if len(self.asked) < 2 or not 0 <= columns[-1] < self.X.shape[1] * self.X.shape[2]:
            return NextRows(self.asked[:0], self.asked[:0], newest)
        values = [self.y[np.roll(self.asked, moved_targets)], *(self._column(at, self.asked) for at in columns[:-1])]
        is_known = ~np.isnan(values).any(axis=0)
        keys, of_row = np.unique(mixed(values), return_index=True)
        found = mixed([self._column(at) for at in columns])
        places = np.searchsorted(keys, found).clip(max=len(keys) - 1)
        later = np.flatnonzero(keys[places] == found)
        places = places[later]
        earlier = self.asked[of_row[places]]
        is_pair = is_known[of_row[places]] & (earlier != later)
        is_pair &= np.bincount(places, minlength=len(keys))[places] <= MOST_NEXT
        first = np.unique(places[is_pair], return_index=True)[1]
        return NextRows(earlier[is_pair][first], later[is_pair][first], newest)


def next_rows(X, y):
    """Return pairs of rows that follow each other by their targets, in another order than that of the steps.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_steps, n_channels)
    y : ndarray of shape (n_rows,)
        Targets, NaN where missing.

    Returns
    -------
    pairs : NextRows or None
        None if there are too few, or if steps in the right order explain as many.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._estimator.shuffled_lags import next_rows
    >>> series = np.cos(np.arange(60.0) ** 2)
    >>> newest_first = np.stack((series[2:-1], series[1:-2], series[:-3]), axis=1)
    >>> rows = np.random.default_rng(0).permutation(len(newest_first))
    >>> pairs = next_rows(newest_first[rows, :, np.newaxis], series[3:][rows])
    >>> pairs.newest, bool((rows[pairs.later] == rows[pairs.earlier] + 1).all())
    (0, True)
    """
    search = NextRowSearch.from_samples(X, y)
    fewest = max(FEWEST_PAIRS, FEWEST_SHARE * len(search.asked))
    if len(search.asked) < fewest or _n_once(y) < FEWEST_ONCE * len(y):
        return None
    columns = search.columns_with_targets(fewest)
    for n_same in N_SAME if columns else ():
        n_right = max(len(search.pairs(*reading, n_same).earlier) for reading in _as_read(X))
        if n_right >= fewest:
            return None
        for newest, shift in _readings(columns, X):
            pairs = search.pairs(newest, shift, n_same)
            if len(pairs.earlier) >= max(fewest, MORE * n_right):
                by_chance = search.pairs(newest, shift, n_same, moved_targets=1)
                if len(pairs.earlier) >= MORE * len(by_chance.earlier):
                    return pairs
    return None


def _slot(values):
    """Return for each value a place in a table, nearly always another one for another value."""
    return (mixed([values]) >> np.uint64(64 - N_BITS)).astype(np.intp)


def _n_once(y):
    """Return the number of values that occur once, up to rounding."""
    ordered = np.sort(y[np.isfinite(y)]).astype(np.float64)
    differs = np.diff(ordered, prepend=-np.inf, append=np.inf) > 1e-7 * np.abs(ordered).max(initial=0)
    return int((differs[1:] & differs[:-1]).sum())


def _as_read(X):
    """Return where the newest lag may be, and by how many columns the next older one is on, if steps are in order."""
    _, n_steps, n_channels = X.shape
    return [(newest, -n_channels) for newest in range(n_channels * (n_steps - 1), n_channels * n_steps)]


def _readings(columns, X):
    """Return the same for columns of another order, the likely ones first."""
    n_channels, n_columns = X.shape[2], X.shape[1] * X.shape[2]
    between = np.diff(np.sort(columns))  # as many as the table has channels side by side
    usual = int(np.bincount(between).argmax()) if len(between) else 1
    shifts = {sign * shift for sign in (1, -1) for shift in (1, n_channels, usual)}
    found = set(product(columns, shifts)).difference(_as_read(X))

    def likely(reading):
        newest, shift = reading
        return newest if shift > 0 else n_columns - 1 - newest, abs(shift) != n_channels, shift

    return sorted(found, key=likely)
