"""Find the lags in a table whose rows are windows of series, by how values move from row to row.

In such a table, most values of a row are in the next row too, in the column of the next older lag. So the columns form
chains, from the newest lag to the oldest, whatever their order and whatever other columns there are. Only the last rows
are compared.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

# Fewest values that must have moved along a chain, and fewest pairs of rows. Fewer may agree by chance.
FEWEST_MOVES, FEWEST_PAIRS = 6, 3
# Fewest different values on a chain: dummies of the months move as well, and are no lags.
FEWEST_VALUES = 3
# Share of the values of a column that must have moved, and of the pairs of rows that may be compared: the others lie
# between two series, or where rows were left out.
MOST_VALUES, HALF = 0.9, 0.5
# Share of the most values that moved by any shift, from which on the expected shift is no worse: the rest is chance.
NEARLY_MOST = 0.97
# Number of pairs whose values are sorted to find by how many columns values move.
N_SORTED = 8
# Number of shifts that are tried beside the expected ones.
N_SHIFTS = 3
# Columns that a scaler in front has standardised agree after standardisation up to these differences.
ROUNDING = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-7}
# Fewest lags of a chain in a table that a scaler has changed. Where lags were found without looking for a scaler, as it
# changed some columns alike, more of them are enough. Fewer lags need so many different values, and so many turns from
# rising to falling or back: two trends, and the sine and the cosine of the quarter, are alike after scaling as well.
FEWEST_SCALED, VARIED_VALUES, VARIED_TURNS = 4, 8, 4

Chain = tuple[int, ...]  # columns, the newest lag first


@dataclass(frozen=True)
class RowPairs:
    """Rows and the rows after them.

    Parameters
    ----------
    earlier, later : ndarray of shape (n_pairs, n_columns)
    usual : ndarray of shape (n_columns,)
        The median of each column, which is its most frequent value if one makes up more than a half.
    are_usual : ndarray of bool of shape (2, n_pairs, n_columns)
        Whether values of the earlier rows and of the later ones are the usual ones.
    rounding : float
        Difference up to which values are equal.
    """

    earlier: np.ndarray
    later: np.ndarray
    usual: np.ndarray
    are_usual: np.ndarray
    rounding: float

    @classmethod
    def from_rows(cls, earlier, later, rounding=0.0):
        """Make the pairs of rows and of those after them."""
        usual = np.sort(earlier, axis=0)[len(earlier) // 2]
        are_usual = np.stack([_equal(rows, usual, rounding) for rows in (earlier, later)])
        return cls(earlier, later, usual, are_usual, rounding)

    def moved(self, shift):
        """Return where a value that is not the usual one of its column has moved, and where not.

        Parameters
        ----------
        shift : int
            By how many columns.

        Returns
        -------
        moved, stayed : ndarray of bool of shape (n_pairs, n_columns)
            At the column in the earlier row.
        """
        n_columns = self.earlier.shape[1]
        start, stop = max(0, -shift), n_columns - max(0, shift)
        here, there = slice(start, stop), slice(start + shift, stop + shift)
        equal = self._equal(self.earlier[:, here], self.later[:, there])
        is_usual = self.are_usual[0][:, here] & self.are_usual[1][:, there]
        counts = ~(is_usual & self._equal(self.usual[here], self.usual[there]))
        moved, stayed = np.zeros((2, *self.earlier.shape), dtype=bool)
        moved[:, here], stayed[:, here] = equal & counts, ~equal & counts
        return moved, stayed

    def frequent_shifts(self):
        """Return the shifts that most values of some pairs show; values that occur twice may show others."""
        votes = Counter()
        for pair in np.unique(np.linspace(0, len(self.earlier) - 1, N_SORTED).astype(int)):
            order = np.argsort(self.earlier[pair])
            values = self.earlier[pair][order]
            places = np.searchsorted(values, self.later[pair] - self.rounding).clip(max=len(order) - 1)
            agree = np.flatnonzero(self._equal(values[places], self.later[pair]))
            votes.update((agree - order[places[agree]]).tolist())
        del votes[0]
        return {shift for shift, _ in votes.most_common(N_SHIFTS)}

    def _equal(self, left, right):
        return _equal(left, right, self.rounding)


def _equal(left, right, rounding):
    equal = np.abs(left - right) <= rounding if rounding else left == right
    return equal | (np.isnan(left) & np.isnan(right))


def lag_chains(table, n_channels):
    """Return the chains of lags in a table; none if its rows are not windows of series.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)
        The last rows.
    n_channels : int
        The number of columns by which values move if the oldest step is first, as expected.

    Returns
    -------
    chains : list of tuple of int
        For each, the columns of its lags, the newest first if rows are in time order. In order of the first column.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._estimator.lag_chains import lag_chains
    >>> series = np.arange(12.0) ** 2
    >>> table = np.column_stack((series[2:], series[1:-1], series[:-2]))
    >>> lag_chains(table, 1)
    [(0, 1, 2)]
    """
    if len(table) <= FEWEST_PAIRS or table.shape[1] < 2:
        return []
    chains = chains_of_pairs(table[:-1], table[1:], n_channels)
    if chains and _is_even(chains, table.shape[1]):
        return chains
    fewest = min(FEWEST_SCALED, max(map(len, chains), default=FEWEST_SCALED) + 1)
    scaled = _scaled_chains(table, n_channels, fewest)
    explains_more = (len(scaled), -_n_columns(scaled)) < (len(chains), -_n_columns(chains))
    return scaled if scaled and (not chains or explains_more) else chains


def share_of_moves(table, chain):
    """Return the share of the rows whose values have all moved along a chain in the next row, also after a scaler."""

    def share(rows, rounding):
        differs = np.abs(rows[:-1, list(chain[:-1])] - rows[1:, list(chain[1:])]) > rounding
        return float((~differs).all(axis=1).mean())

    return max(share(table, 0.0), share(_standardised(table), ROUNDING[table.dtype]))


def _n_columns(chains):
    return sum(map(len, chains))


def _is_even(chains, n_columns):
    """Whether chains of one length have all columns."""
    return len({len(chain) for chain in chains}) == 1 and _n_columns(chains) == n_columns


def _scaled_chains(table, n_channels, fewest):
    """Return the chains of a table in which each column was scaled by itself, as by a StandardScaler.

    There are none unless all have one form, and `fewest` lags at least or all columns, with values that vary.
    """
    rounding = ROUNDING[table.dtype]
    chains = chains_of_pairs(_standardised(table[:-1]), _standardised(table[1:]), n_channels, rounding)
    forms = {(len(chain), chain[1] - chain[0]) for chain in chains}
    if len(forms) != 1:
        return []
    (n_lags, shift), rows = forms.pop(), _standardised(table)
    is_long = n_lags >= fewest or (
        _n_columns(chains) == table.shape[1] and all(_is_varied(rows[:, chain[0]], rounding) for chain in chains)
    )
    return chains if is_long and abs(shift) in (1, n_channels) else []


def _is_varied(values, rounding):
    """Whether values differ and turn often enough to show even two lags."""
    values = values[~np.isnan(values)]
    n_different = 1 + int((np.diff(np.sort(values)) > 10 * rounding).sum())
    rises = np.diff(values) > 0
    return n_different >= VARIED_VALUES and int((rises[1:] != rises[:-1]).sum()) >= VARIED_TURNS


def _standardised(values):
    """Return columns with mean 0 and deviation 1; NaN for those that are constant up to rounding."""
    values = values.astype(np.float64)
    values /= np.fmax.reduce(np.abs(values), axis=0, initial=1e-300)  # so that no square overflows
    n_known = (~np.isnan(values)).sum(axis=0)
    values -= np.divide(np.nansum(values, axis=0), n_known, out=np.zeros(values.shape[1]), where=n_known > 0)
    deviation = np.sqrt(np.nansum(values**2, axis=0) / np.maximum(n_known, 1))
    return np.divide(values, deviation, out=np.full_like(values, np.nan), where=deviation > 1e-6)


def chains_of_pairs(earlier, later, n_channels, rounding=0.0):
    """Return the chains in pairs of rows, in order of the first column.

    Parameters
    ----------
    earlier, later : ndarray of shape (n_pairs, n_columns)
        Rows, and the next one of each.
    n_channels : int
    rounding : float, default=0.0
        Difference up to which values are equal.
    """
    pairs = RowPairs.from_rows(earlier, later, rounding)
    found = {shift: pairs.moved(shift) for shift in _likely_shifts(pairs, n_channels)}
    shifts = sorted(found, key=lambda shift: (-found[shift][0].sum(), shift != -n_channels, abs(shift)))
    expected = found.get(
        -n_channels
    )  # it wins if it explains all, as channels may be lags of each other, or nearly most
    if expected is not None and (
        _explains_all(*expected) or expected[0].sum() >= NEARLY_MOST * found[shifts[0]][0].sum()
    ):
        shifts.sort(key=lambda shift: shift != -n_channels)
    usable = _usable(*found[shifts[0]])
    chains = []
    free = np.ones(pairs.earlier.shape[1], dtype=bool)
    for shift in shifts if usable is not None else ():
        moved, stayed = (part[usable].sum(axis=0) for part in found[shift])
        for chain in _linked(moved, stayed, shift, free):
            values = pairs.earlier[np.ix_(usable, chain)]
            if moved[list(chain)].sum() >= FEWEST_MOVES and _has_values(values):
                chains.append(chain)
                free[list(chain)] = False
    return sorted(chains, key=min)


def _likely_shifts(pairs, n_channels):
    """Return the shifts that may explain the pairs."""
    n_columns = pairs.earlier.shape[1]
    likely = {-n_channels, n_channels, -1, 1} | pairs.frequent_shifts()
    return {shift for shift in likely if abs(shift) < n_columns} or {1}


def _explains_all(moved, stayed):
    """Whether a shift explains the values of every column."""
    usable = _usable(moved, stayed)
    if usable is None:
        return False
    n_moved, n_stayed = moved[usable].sum(axis=0), stayed[usable].sum(axis=0)
    return bool((n_stayed <= (1 - MOST_VALUES) * (n_moved + n_stayed)).all())


def _usable(moved, stayed):
    """Return the pairs in which values move by the best shift; None if these are too few."""
    n_moved = moved.sum(axis=1)
    total = n_moved + stayed.sum(axis=1)
    share = n_moved / np.maximum(total, 1)
    usable = (n_moved > 0) & (share >= 0.8 * share.max())
    is_enough = usable.sum() >= max(FEWEST_PAIRS, HALF * (total > 0).sum())
    return usable if is_enough else None


def _linked(moved, stayed, shift, free):
    """Yield the chains along which values moved by a shift, through columns that are free.

    A column whose value was always the usual one may be within a chain, but not at its end.
    """
    columns = np.arange(len(free))
    goes_to = columns + shift
    is_inside = (goes_to >= 0) & (goes_to < len(free))
    is_link = (stayed <= (1 - MOST_VALUES) * (moved + stayed)) & free & is_inside
    is_link[is_inside] &= free[goes_to[is_inside]]
    for begin in range(min(abs(shift), len(free))):
        path = columns[begin :: abs(shift)]
        path = path if shift > 0 else path[::-1]
        # runs of links: a change from 0 to 1 is the first of a run, one from 1 to 0 the last column of its chain
        changes = np.flatnonzero(np.diff(is_link[path].astype(int), prepend=0, append=0))
        for first, last in changes.reshape(-1, 2):
            known = first + np.flatnonzero(moved[path[first:last]])
            if len(known):
                yield tuple(path[known[0] : known[-1] + 2].tolist())


def _has_values(values):
    """Whether a column has several values, but for NaN."""
    ordered = np.sort(values, axis=0)
    return (ordered[1:] > ordered[:-1]).sum(axis=0).max() >= FEWEST_VALUES - 1
