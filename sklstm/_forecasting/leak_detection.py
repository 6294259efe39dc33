"""Columns that tell what is to be forecast, as they are copies of a target.

A column c tells the future of a target y where c[t] = factor · y[t + lag] + offset at every row t, for a lag whose
y is not known yet when c[t] is read. If y is periodic, or a straight line, c agrees with a y that *is* known just as
well (at another, smaller lag, with a factor and an offset of its own): then it is honestly known, as a calendar is.
"""

from dataclasses import dataclass

import numpy as np

# A copy has at least so many different values. With fewer, columns agree by chance, or are a calendar (open or closed,
# the quarter).
N_DISTINCT = 10
# The same where a column is compared with values that are known: fewer, as there are fewer rows to compare.
N_DISTINCT_KNOWN = 5
# The relative error of a value that was once float32, or text of six digits.
ROUNDING = 5e-6
# A column that was rounded coarser than this share of its spread holds too little of the target to be its copy.
COARSEST = 0.02
# The correlation of the changes from row to row above which a column is nearly a copy.
NEARLY = 0.999
# The correlation from which on a kind is looked at row by row: some rows say it less sharply than all, and a
# column of few values (whole numbers, classes) is in the order of a target that has many.
LOOKED_AT = {"exact": 2 * NEARLY - 1, "changes": 2 * NEARLY - 1, "order": 0.5}
# Rows of a long series that are enough to see which lags are worth a look at all of them.
N_LOOKED_AT = 10_000
# How many lags, best first, are looked at row by row for an agreement with what is known.
N_TRIED = 50


# The ways in which a column goes with a target, the plainest first.
KINDS = EXACT, CHANGES, ORDER = "exact", "changes", "order"


@dataclass(frozen=True)
class Leak:
    """A column that goes with a target some rows later.

    Parameters
    ----------
    column, target : int
        Which.
    series : int
        The first series where it does.
    lag : int
        The column at row t goes with the target at row t + lag.
    factor, offset : float
        Of the line between them; no offset where it is within rounding.
    kind : str
        EXACT where it is on that line, up to rounding; CHANGES where its changes nearly are; ORDER where it is
        large and small at the same rows.
    """

    column: int
    target: int
    series: int
    lag: int
    factor: float
    offset: float
    kind: str


def find_leaks(columns, targets, first, last):
    """The columns that tell the future of a target, at most one Leak for each.

    Parameters
    ----------
    columns, targets : list of ndarray of shape (n, n_columns) and (n, n_targets)
        Of each series; NaN where a value is missing.
    first, last : int
        The lags whose target is not known yet when the column is read, both included. Those over half of the rows
        are left out, as too little is left to compare.

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
    """Series, lag, factor, offset and kind of the Copy that a column is of a target; None where it is none."""
    honest = set()
    for kind in KINDS:
        # what is only in the same order may be so by chance at one of many lags
        tried = lags if kind != ORDER else lags[lags == max(first, 0)]
        one, other = columns.joined[kind], targets.joined[kind]
        is_alike = np.abs(_correlations(one, other, tried)) > LOOKED_AT[kind]
        for series in sorted({*np.flatnonzero(is_alike.any(axis=0)).tolist()} - honest):
            c, y = columns.parts[series], targets.parts[series]
            lag = _lag_of_leak(c, y, tried[is_alike[:, series]], kind)
            if lag is None:
                continue
            if not _is_known(c, y, lag, first, kind):
                factor, offset = _line(*_rows_at(c, y, lag))
                is_multiple = abs(offset) <= 1e-4 * np.nanmax(np.abs(c))
                return series, int(lag), factor, 0.0 if is_multiple else offset, kind
            honest.add(series)
    return None


def _lag_of_leak(c, y, lags, kind):
    """The smallest of some lags at which a column of one series is a copy; None where there is none."""
    lags = sorted(lags[np.abs(lags) <= len(c) / 2], key=abs)
    return next((lag for lag in lags if _agree(*_rows_at(c, y, lag), kind, N_DISTINCT)), None)


def _rows_at(c, y, lag):
    """The rows of a column and of a target so many rows later at which both are known."""
    n = len(c) - abs(lag)
    c, y = c[max(0, -lag) :][: max(n, 0)], y[max(0, lag) :][: max(n, 0)]
    known = ~(np.isnan(c) | np.isnan(y))
    return c[known], y[known]


def _is_known(c, y, lag, first, kind):
    """Whether what a copy tells can be told from what is known when it is read.

    Then the column agrees as well with a target at a lag before the first: over all rows, or over those that
    the copy is of (the counter beside a target that becomes a straight line).
    """
    if _agrees_before(c, y, first, kind):
        return True
    if lag <= 0:
        return False
    rows = np.arange(len(c))
    return _agrees_before(np.where(rows < len(c) - lag, c, np.nan), np.where(rows < lag, np.nan, y), first, kind)


def _agrees_before(c, y, first, kind):
    """Whether a column agrees with a target at any lag before the first."""
    lags = np.arange(first - 1, N_DISTINCT_KNOWN - len(c) - 1, -1)
    column, target = (_Joined.from_parts([values], len(c), kind) for values in (c, y))
    agreement = np.abs(_correlations_at_all_lags(column, target)[lags])
    best = np.argsort(-agreement, kind="stable")[:N_TRIED]
    return any(_agree(*_rows_at(c, y, lags[k]), kind, N_DISTINCT_KNOWN) for k in best if agreement[k] > LOOKED_AT[kind])


# ---- one column beside one target, row by row


def _agree(c, y, kind, n_distinct):
    """Whether a column goes with a target, and both have so many different values."""
    if len(c) < n_distinct or min(len(np.unique(c)), len(np.unique(y))) < n_distinct:
        return False
    if kind == ORDER:
        return any((np.diff(sign * c[np.lexsort((sign * c, y))]) >= 0).all() for sign in (1, -1))
    if kind == CHANGES:
        return abs(_correlation(*(_without_jumps(np.diff(values)) for values in (c, y)))) > NEARLY
    factor, offset = _line(c, y)
    return bool((np.abs(c - factor * y - offset) <= _allowed(c, y, factor)).all())


def _allowed(c, y, factor):
    """How far a column may be from the line of a target by rounding: of every value, or to fewer decimals."""
    spread = np.subtract(*np.quantile(c, [0.9, 0.1])) or np.ptp(c)
    allowed = np.minimum(1e-6 * spread + ROUNDING * (np.abs(c) + np.abs(factor * y)), 3e-3 * np.ptp(c))
    decimal = _last_decimal(c)
    is_rounded = _last_decimal(y) < decimal <= COARSEST * spread
    return np.maximum(allowed, 0.6 * decimal) if is_rounded else allowed


def _last_decimal(values):
    """1, 0.1, 0.01, … of which all values are multiples; 0 where there is none down to a millionth."""
    places = (10.0**-place for place in range(7) if np.array_equal(np.round(values, place), values))
    return next(places, 0.0)


def _without_jumps(changes):
    """Changes, of which single large ones, as where a sensor failed, count no more than others."""
    size = np.abs(changes)
    limit = 10 * np.median(size[size > 0]) if size.any() else 0
    return np.clip(changes, -limit, limit)


def _line(c, y):
    """Factor and offset of the line c = factor · y + offset."""
    scale = np.abs(y - y.mean()).max()
    relative = (y - y.mean()) / scale
    factor = (c - c.mean()) @ relative / (relative @ relative) / scale
    return float(factor), float(c.mean() - factor * y.mean())


def _correlation(c, y):
    c, y = (values - values.mean() for values in (c, y))
    size = np.sqrt((c @ c) * (y @ y))
    return c @ y / size if size > 0 else 0.0


# ---- all series at once


@dataclass(frozen=True)
class _Column:
    """One column of all series: the values of each, and how they are laid out for every kind."""

    parts: list
    joined: dict

    @classmethod
    def from_tables(cls, tables, column, gap):
        parts = [table[:, column] for table in tables]
        return cls(parts, {kind: _Joined.from_parts(parts, gap, kind) for kind in KINDS})


@dataclass(frozen=True)
class _Joined:
    """The values of all series one after the other, with room after each, so that a lag never reaches the next.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Less the mean of each series and relative to its largest; 0 where nothing is known.
    known : ndarray of shape (n,)
        1 where there is a value, else 0.
    starts : ndarray of int of shape (n_series,)
    """

    values: np.ndarray
    known: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_parts(cls, parts, gap, kind):
        """Of a column of each series: its values, their order, or their changes."""
        parts = [_order(part) for part in parts] if kind == ORDER else parts
        room = np.full(gap, np.nan)
        values = np.concatenate([piece for part in parts for piece in (part, room)])
        sizes = np.array([len(part) + gap for part in parts])
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        known = ~np.isnan(values)
        values = _relative(np.where(known, values, 0), starts, sizes)
        counts = np.maximum(np.add.reduceat(known.astype(float), starts), 1)
        values = np.where(known, values - np.repeat(np.add.reduceat(values, starts) / counts, sizes), 0)
        values[np.abs(values) < 1e-14] = 0  # what is left of a constant is rounding
        joined = cls(_relative(values, starts, sizes), known.astype(float), starts)
        return joined.changes() if kind == CHANGES else joined

    def changes(self):
        """The changes from row to row, where both are known."""
        known = np.append(self.known[1:] * self.known[:-1], 0)
        return _Joined(np.append(np.diff(self.values), 0) * known, known, self.starts)


def _order(values):
    """The place of each value among all different ones."""
    known, places = ~np.isnan(values), values.copy()
    places[known] = np.unique(values[known], return_inverse=True)[1]
    return places


def _relative(values, starts, sizes):
    """Relative to the largest of each series."""
    largest = np.repeat(np.maximum.reduceat(np.abs(values), starts), sizes)
    return values / np.where(largest > 0, largest, 1)


def _correlations(c, y, lags):
    """Of a column with a target so many rows later, (n_lags, n_series); of long series only some rows are taken."""
    every = max(1, int(np.diff([*c.starts, len(c.values)]).min()) // N_LOOKED_AT)
    starts, shared = -(-c.starts // every), [part[::every] for part in (c.known, c.values, c.values**2)]

    def total(a, b):
        return np.array([a @ b]) if len(starts) == 1 else np.add.reduceat(a * b, starts)

    answers = np.empty((len(lags), len(starts)))
    for k, lag in enumerate(lags):
        known, values = (np.ascontiguousarray(np.roll(part, -lag)[::every]) for part in (y.known, y.values))
        c0, c1, c2 = shared
        pairs = (c0, known), (c1, known), (c0, values), (c1, values), (c2, known), (c0, values**2)
        answers[k] = _of_sums(*(total(*pair) for pair in pairs))
    return answers


def _correlations_at_all_lags(c, y):
    """The same of one series at every lag, by the convolution theorem; those below 0 count from the end."""
    n = 2 ** len(c.values).bit_length()
    (c0, c1, c2), (y0, y1, y2) = (
        [np.fft.rfft(values, n) for values in (part.known, part.values, part.values**2)] for part in (c, y)
    )
    pairs = (c0, y0), (c1, y0), (c0, y1), (c1, y1), (c2, y0), (c0, y2)
    return _of_sums(*(np.fft.irfft(np.conj(a) * b, n) for a, b in pairs))


def _of_sums(n, sum_c, sum_y, sum_cy, sum_cc, sum_yy):
    """Correlation from sums; 0 where one does not vary, or there are fewer than three rows."""
    n = np.maximum(np.round(n), 1)
    spread_c, spread_y = sum_cc - sum_c**2 / n, sum_yy - sum_y**2 / n
    varies = (spread_c > 1e-13) & (spread_y > 1e-13) & (n > 2)
    return np.where(varies, (sum_cy - sum_c * sum_y / n) / np.sqrt(np.where(varies, spread_c * spread_y, 1)), 0)
