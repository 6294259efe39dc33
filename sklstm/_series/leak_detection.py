"""Find columns that are leaks: copies of future targets.

A column c is a copy of a target y if c[t] = factor · y[t + lag] + offset at every row t. It is a leak if y[t + lag] is
not yet known when c[t] is read. If y is periodic or a straight line, however, c is also a copy of values of y that
*are* known (at a smaller lag, with another factor and offset). Then it is no leak: a calendar is such a column.

A copy may be exact or approximate; see `KINDS`. Correlations select the lags at which all rows are compared.
"""

from dataclasses import dataclass

import numpy as np

from sklstm._utils.overflow import power_of_two

# How a column may depend on a target, the closest dependence first.
KINDS = EXACT, CHANGES, ORDER = "exact", "changes", "order"
# The fewest different values of a copy. Columns with fewer values agree by chance, or are a calendar (open or closed,
# the quarter).
N_DISTINCT = 10
# The same when a column is compared with known values, because there are fewer of them.
N_DISTINCT_KNOWN = 5
# Relative rounding error of a value that was float32, or text of six digits.
ROUNDING = 5e-6
# A column that is rounded to more than this share of its spread is no copy: it says too little about the target.
COARSEST = 0.02
# The smallest correlation of the changes from row to row of a column that is nearly a copy.
NEARLY = 0.999
# The smallest correlation, for each kind, at which a column is compared row by row. A copy may have a correlation below
# `NEARLY` here, because it is computed from some of the rows, and because a column of few values (whole numbers,
# classes) may be in the order of a target with many.
SCREENED = {EXACT: 2 * NEARLY - 1, CHANGES: 2 * NEARLY - 1, ORDER: 0.5}
# How many rows of a long series are used for these correlations.
N_SCREENED = 10_000
# How many lags with known values are compared row by row, in order of their correlation.
N_TRIED = 50


@dataclass(frozen=True)
class Leak:
    """A column that is a copy of a target.

    Parameters
    ----------
    column, target : int
        The numbers of the column and of the target.
    series : int
        The number of the first series in which the column is a copy.
    lag : int
        The column at row t depends on the target at row t + lag.
    factor, offset : float
        Parameters of the line column = factor · target + offset. The offset is 0 if it is within rounding.
    kind : str
        EXACT if all values are on that line, up to rounding. CHANGES if the changes from row to row nearly are. ORDER
        if the values are in the same or in the reverse order.
    """

    column: int
    target: int
    series: int
    lag: int
    factor: float
    offset: float
    kind: str


def find_leaks(columns, targets, first, last):
    """Find the columns that are copies of a target, with at most one Leak for each column.

    Parameters
    ----------
    columns, targets : list of ndarray of shape (n, n_columns) and (n, n_targets)
        The values of each series; NaN where a value is missing.
    first, last : int
        The first and the last lag at which the target is unknown when the column is read. Lags of more than half of
        the rows are not examined, as too few rows are left to compare.

    Returns
    -------
    leaks : list of Leak
    """
    half = max(map(len, targets)) // 2
    lags, found = np.arange(max(first, -half), min(last, half) + 1), []
    if not len(lags):
        return found
    gap = int(np.abs(lags).max()) + 1
    targets = [_Column.from_tables(targets, k, gap) for k in range(targets[0].shape[1])]
    for column in range(columns[0].shape[1]):
        c = _Column.from_tables(columns, column, gap)
        leaks = [_leak(c, y, lags, first) for y in targets]
        leaks = [Leak(column, target, *leak) for target, leak in enumerate(leaks) if leak is not None]
        found += [leak for kind in KINDS for leak in leaks if leak.kind == kind][:1]
    return found


def _leak(columns, targets, lags, first):
    """Return series, lag, factor, offset and kind if a column is a copy of a target; else None."""
    of_known = set()  # series in which the column is also a copy of known values, so no leak
    for kind in KINDS:
        # among many lags, columns are in the same order at one by chance: try a single lag
        tried = lags if kind != ORDER else lags[lags == max(first, 0)]
        one, other = columns.joined[kind], targets.joined[kind]
        is_alike = np.abs(_correlations(one, other, tried)) > SCREENED[kind]
        for series in sorted({*np.flatnonzero(is_alike.any(axis=0)).tolist()} - of_known):
            c, y = columns.parts[series], targets.parts[series]
            lag = _lag_of_leak(c, y, tried[is_alike[:, series]], kind)
            if lag is None:
                continue
            if not _is_known(c, y, lag, first, kind):
                factor, offset = _line(*_rows_at(c, y, lag))
                is_multiple = abs(offset) <= 1e-4 * np.nanmax(np.abs(c))
                return series, int(lag), factor, 0.0 if is_multiple else offset, kind
            of_known.add(series)
    return None


def _lag_of_leak(c, y, lags, kind):
    """Return the smallest lag at which a column of one series is a copy; None if there is none."""
    lags = sorted(lags[np.abs(lags) <= len(c) / 2], key=abs)
    return next((lag for lag in lags if _is_copy(*_rows_at(c, y, lag), kind, N_DISTINCT)), None)


def _rows_at(c, y, lag):
    """Return the values of a column, and of a target `lag` rows later, at rows where neither is missing."""
    n = len(c) - abs(lag)
    c, y = c[max(0, -lag) :][: max(n, 0)], y[max(0, lag) :][: max(n, 0)]
    known = ~(np.isnan(c) | np.isnan(y))
    return c[known], y[known]


def _is_known(c, y, lag, first, kind):
    """Whether a column is also a copy of known values of the target, which have a lag below `first`.

    It may be so over all rows, or over the rows of which it is a copy (such as a counter, if the target becomes a
    straight line).
    """
    if _agrees_before(c, y, first, kind):
        return True
    if lag <= 0:
        return False
    rows = np.arange(len(c))
    return _agrees_before(np.where(rows < len(c) - lag, c, np.nan), np.where(rows < lag, np.nan, y), first, kind)


def _agrees_before(c, y, first, kind):
    """Whether a column is a copy of a target at any lag below `first`."""
    lags = np.arange(first - 1, N_DISTINCT_KNOWN - len(c) - 1, -1)
    column, target = (_Joined.from_parts([values], len(c), kind) for values in (c, y))
    agreement = np.abs(_correlations_at_all_lags(column, target)[lags])
    best = np.argsort(-agreement, kind="stable")[:N_TRIED]
    return any(
        _is_copy(*_rows_at(c, y, lags[k]), kind, N_DISTINCT_KNOWN) for k in best if agreement[k] > SCREENED[kind]
    )


# ---- one column beside one target, row by row


def _is_copy(c, y, kind, n_distinct):
    """Whether a column is a copy of a target, and both have at least `n_distinct` different values."""
    if len(c) < n_distinct or min(len(np.unique(c)), len(np.unique(y))) < n_distinct:
        return False
    if kind == ORDER:
        return any((np.diff(sign * c[np.lexsort((sign * c, y))]) >= 0).all() for sign in (1, -1))
    if kind == CHANGES:
        return abs(_correlation(*(_without_jumps(np.diff(values)) for values in (c, y)))) > NEARLY
    factor, offset = _line(c, y)
    return bool((np.abs(c - factor * y - offset) <= _allowed(c, y, factor)).all())


def _allowed(c, y, factor):
    """Return how far the values of a copy may lie off the line: by relative errors, or by rounding to decimals."""
    spread = np.subtract(*np.quantile(c, [0.9, 0.1])) or np.ptp(c)
    allowed = np.minimum(1e-6 * spread + ROUNDING * (np.abs(c) + np.abs(factor * y)), 3e-3 * np.ptp(c))
    decimal = _last_decimal(c)
    is_rounded = _last_decimal(y) < decimal <= COARSEST * spread
    return np.maximum(allowed, 0.6 * decimal) if is_rounded else allowed


def _last_decimal(values):
    """Return the largest of 1, 0.1, …, 1e-6 of which all values are multiples; 0 if there is none."""
    places = (10.0**-place for place in range(7) if np.array_equal(np.round(values, place), values))
    return next(places, 0.0)


def _without_jumps(changes):
    """Clip outliers among changes, such as those of a failed sensor."""
    size = np.abs(changes)
    limit = 10 * np.median(size[size > 0]) if size.any() else 0
    return np.clip(changes, -limit, limit)


def _line(c, y):
    """Fit factor and offset of the line c = factor · y + offset by least squares."""
    scale = np.abs(y - y.mean()).max()
    relative = (y - y.mean()) / scale
    factor = (c - c.mean()) @ relative / (relative @ relative) / scale
    return float(factor), float(c.mean() - factor * y.mean())


def _correlation(c, y):
    c, y = (values - values.mean() for values in (c, y))
    c, y = (values / power_of_two(np.abs(values).max()) for values in (c, y))  # so that products do not overflow
    size = np.sqrt((c @ c) * (y @ y))
    return c @ y / size if size > 0 else 0.0


# ---- all series at once


@dataclass(frozen=True)
class _Column:
    """One column of all series.

    Parameters
    ----------
    parts : list of ndarray
        The values of each series.
    joined : dict of _Joined
        The values of all series in one array, by kind.
    """

    parts: list[np.ndarray]
    joined: dict[str, "_Joined"]

    @classmethod
    def from_tables(cls, tables, column, gap):
        parts = [table[:, column] for table in tables]
        return cls(parts, {kind: _Joined.from_parts(parts, gap, kind) for kind in KINDS})


@dataclass(frozen=True)
class _Joined:
    """The values of all series in one array, with a gap after each, so that no lag reaches into the next series.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The values minus the mean of their series, divided by its largest absolute value; 0 where a value is missing.
    known : ndarray of shape (n,)
        1 where there is a value, 0 where it is missing.
    starts : ndarray of int of shape (n_series,)
        The first row of each series.
    """

    values: np.ndarray
    known: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_parts(cls, parts, gap, kind):
        """Join the values of each series: for ORDER their ranks, for CHANGES their changes."""
        parts = [_order(part) for part in parts] if kind == ORDER else parts
        missing = np.full(gap, np.nan)
        values = np.concatenate([piece for part in parts for piece in (part, missing)])
        sizes = np.array([len(part) + gap for part in parts])
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        known = ~np.isnan(values)
        values = _relative(np.where(known, values, 0), starts, sizes)
        counts = np.maximum(np.add.reduceat(known.astype(float), starts), 1)
        values = np.where(known, values - np.repeat(np.add.reduceat(values, starts) / counts, sizes), 0)
        values[np.abs(values) < 1e-14] = 0  # rounding errors of constant series
        joined = cls(_relative(values, starts, sizes), known.astype(float), starts)
        return joined.changes() if kind == CHANGES else joined

    def changes(self):
        """Return the changes from row to row."""
        known = self.known[1:] * self.known[:-1]
        values, known = (np.append(part, 0) for part in (np.diff(self.values) * known, known))
        return _Joined(values, known, self.starts)


def _order(values):
    """Return the rank of each value; equal values have equal ranks."""
    known, places = ~np.isnan(values), values.copy()
    places[known] = np.unique(values[known], return_inverse=True)[1]
    return places


def _relative(values, starts, sizes):
    """Divide values by the largest absolute value of their series."""
    largest = np.repeat(np.maximum.reduceat(np.abs(values), starts), sizes)
    return values / np.where(largest > 0, largest, 1)


def _correlations(c, y, lags):
    """Correlate a column with a target at some lags, (n_lags, n_series); of long series only some rows are used."""
    every = max(1, int(np.diff([*c.starts, len(c.values)]).min()) // N_SCREENED)
    starts, shared = -(-c.starts // every), [part[::every] for part in (c.known, c.values, c.values**2)]

    def total(a, b):
        return np.array([a @ b]) if len(starts) == 1 else np.add.reduceat(a * b, starts)

    correlations = np.empty((len(lags), len(starts)))
    for k, lag in enumerate(lags):
        known, values = (np.ascontiguousarray(np.roll(part, -lag)[::every]) for part in (y.known, y.values))
        c0, c1, c2 = shared
        pairs = (c0, known), (c1, known), (c0, values), (c1, values), (c2, known), (c0, values**2)
        correlations[k] = _correlation_from_sums(*(total(*pair) for pair in pairs))
    return correlations


def _correlations_at_all_lags(c, y):
    """Correlate at every lag in one series, by the convolution theorem; negative lags are indexed from the end."""
    n = 2 ** len(c.values).bit_length()
    (c0, c1, c2), (y0, y1, y2) = (
        [np.fft.rfft(values, n) for values in (part.known, part.values, part.values**2)] for part in (c, y)
    )
    pairs = (c0, y0), (c1, y0), (c0, y1), (c1, y1), (c2, y0), (c0, y2)
    return _correlation_from_sums(*(np.fft.irfft(np.conj(a) * b, n) for a, b in pairs))


def _correlation_from_sums(n, sum_c, sum_y, sum_cy, sum_cc, sum_yy):
    """Compute correlations from sums; 0 for constant values, and for fewer than three rows."""
    n = np.maximum(np.round(n), 1)
    spread_c, spread_y = sum_cc - sum_c**2 / n, sum_yy - sum_y**2 / n
    varies = (spread_c > 1e-13) & (spread_y > 1e-13) & (n > 2)
    return np.where(varies, (sum_cy - sum_c * sum_y / n) / np.sqrt(np.where(varies, spread_c * spread_y, 1)), 0)
