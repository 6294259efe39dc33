import numpy as np
import pytest

from sklstm._series import leak_detection as _leak_detection
from sklstm._series.leak_detection import CHANGES, EXACT, KINDS, N_DISTINCT_KNOWN, ORDER, find_leaks

RNG = np.random.default_rng(0)
N, REACH = 120, 24
ROWS = np.arange(N)
Y = 100 + RNG.normal(size=N).cumsum()
GAPPY = np.where(RNG.random(N) < 0.2, np.nan, Y)


def one(column, target, first=0, last=REACH):
    """What is found of a single column beside a single target."""
    column, target = (np.asarray(values, dtype=float).reshape(-1, 1) for values in (column, target))
    return find_leaks([column], [target], first, last)


def later(values, lag):
    """Each value at the row that lies `lag` rows before its own."""
    return np.concatenate((values[lag:], np.full(lag, np.nan)))


COPIES = {
    "itself": (Y, Y, 0, 1),
    "twice": (2 * Y, Y, 0, 2),
    "its negative": (-Y, Y, 0, -1),
    "scaled and moved": ((Y - Y.mean()) / Y.std(), Y, 0, 1 / Y.std()),
    "a millionth": (Y * 1e-6, Y, 0, 1e-6),
    "from far away": (Y + 1e9, Y, 0, 1),
    "too large to square": (Y * 1e200, Y * 1e180, 0, 1e20),
    "too small to square": (Y * 1e-200, Y, 0, 1e-200),
    "through float32": (Y.astype(np.float32), Y, 0, 1),
    "through six digits": ([float(f"{value:.6g}") for value in Y], Y, 0, 1),
    "through two decimals": (Y.round(2), Y, 0, 1),
    "three rows later": (later(Y, 3), Y, 3, 1),
    "as far ahead as it reaches": (later(Y, REACH), Y, REACH, 1),
    "with gaps": (GAPPY, Y, 0, 1),
    "of a target with gaps": (Y, GAPPY, 0, 1),
    "later, both with gaps": (later(2 * GAPPY, 2), GAPPY, 2, 2),
    "of whole numbers": ((counts := RNG.poisson(30, N)), counts, 0, 1),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_the_target_is_found(name):
    column, target, lag, factor = COPIES[name]
    (leak,) = one(column, target)
    assert (leak.kind, leak.lag) == (EXACT, lag)
    assert leak.factor == pytest.approx(factor, rel=1e-3)


NEAR = {
    "with some noise": (Y + 0.01 * RNG.normal(size=N), Y, CHANGES),
    "two rows later, with some noise": (later(Y, 2) + 0.01 * RNG.normal(size=N), Y, CHANGES),
    "its logarithm": (np.log(np.exp(RNG.normal(size=N)) + 1e-9), None, ORDER),
}
WIDE = 5 * np.exp(RNG.normal(size=N))  # many small values and few large ones
RANKS = WIDE.argsort().argsort()
NEAR |= {"its whole part": (np.floor(WIDE), WIDE, ORDER), "its class of twelve": (12 * RANKS // N, WIDE, ORDER)}
NEAR["its logarithm"] = (NEAR["its logarithm"][0], np.exp(NEAR["its logarithm"][0]), ORDER)


@pytest.mark.parametrize("name", NEAR)
def test_what_is_nearly_a_copy_is_found_as_such(name):
    column, target, kind = NEAR[name]
    (leak,) = one(column, target)
    assert leak.kind == kind


def season(period, shift=0):
    return np.sin(2 * np.pi * (ROWS + shift) / period)


NOISE = 0.3 * RNG.normal(size=N)
HONEST = {
    **{f"a cosine beside a sine of {p}": (season(p, p / 4), season(p)) for p in (12, 24, 52, 12.3, 52.18, 365.25)},
    **{f"beside a noisy sine of {p}": (season(p, p / 4), season(p) + 0.01 * NOISE) for p in (12, 24, 52, 12.3)},
    "a cosine beside a trend": (season(12, 3), 0.1 * ROWS + season(12)),
    "open days beside closed ones": (ROWS % 7 < 5, ROWS % 7 >= 5),
    "a constant": (np.ones(N), Y),
    "zeros": (np.zeros(N), Y),
    "beside a constant": (Y, np.full(N, 0.1)),
    "both constant": (np.full(N, 0.1), np.full(N, 0.1)),
    "a counter": (ROWS, Y),
    "a counter beside a line": (ROWS, 3 * ROWS + 2),
    "a counter beside a noisy line": (ROWS, 3 * ROWS + 2 + 0.01 * NOISE),
    "a counter beside ten rows of a line": (ROWS[:10], 3 * ROWS[:10]),
    "a counter beside what becomes a line": (ROWS[:40], np.where(ROWS < 8, Y, 3 * ROWS)[:40]),
    "a counter beside what soon becomes a line": (ROWS[:40], np.where(ROWS < 3, Y, 3 * ROWS)[:40]),
    "a counter beside growth": (ROWS, 1.01**ROWS),
    "years beside growth": (ROWS // 9, np.cumsum(RNG.random(N))),
    "growth": (1.01**ROWS, 1.01**ROWS),
    "months": (ROWS % 12 + 1, Y),
    "months beside what they decide": (ROWS % 12 + 1, 5 * (ROWS % 12)),
    "a price": (Y, 500 - 2 * Y + NOISE),
    "one day of seven": (ROWS % 7 == 2, Y),
    "what the target was": (np.concatenate(([np.nan], Y[:-1])), Y),
    "other counts": (RNG.poisson(2, N), RNG.poisson(2, N)),
    "two sensors that fail at once": (np.where(ROWS == 50, -9999, NOISE), np.where(ROWS == 50, -9999, season(7))),
    "few rows": (Y[:9], Y[:9]),
    "few values": (Y.round(-1), Y.round(-1)),
    "nothing known": (np.full(N, np.nan), Y),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_column_is_not_taken_for_a_copy(name):
    assert one(*HONEST[name]) == []


def test_no_honest_column_is_taken_for_a_copy_of_short_or_growing_series():
    for seed in range(25):
        rng = np.random.default_rng(seed)
        rows = np.arange(rng.integers(10, 60))
        y = rng.normal(size=len(rows)).cumsum() + rows * rng.choice([0, 0.3, 1, 5])
        columns = np.c_[rows, rows % 12, np.sin(rows / 2), rows**2, 2000 + rows // 4, rng.normal(size=len(rows))]
        assert find_leaks([columns], [y[:, np.newaxis]], 0, REACH) == []


def test_what_was_known_before_the_first_lag_is_no_copy():
    """Of a target 12 rows before, 12 steps ahead are honest, and 13 are not."""
    before = np.concatenate((np.full(12, np.nan), Y[:-12]))
    assert one(before, Y, first=-11) == []
    (leak,) = one(before, Y, first=-12)
    assert leak.lag == -12
    assert one(Y, Y, first=1) == []  # what is read after the target


def test_every_column_is_compared_with_every_target():
    columns = np.c_[season(7), Y, ROWS, -later(Y**2, 1)]
    found = find_leaks([columns], [np.c_[NOISE, Y, Y**2]], 0, REACH)
    assert [(leak.column, leak.target, leak.lag) for leak in found] == [(1, 1, 0), (3, 2, 1)]


def test_a_copy_is_found_in_each_series_by_itself_and_never_across_two():
    lengths = [30, 5, 12, 40]
    targets = [RNG.normal(size=(n, 1)) for n in lengths]
    factors = [2, -3, 7, 0.1]  # each series in units of its own
    copies = [factor * y + 1 for factor, y in zip(factors, targets, strict=True)]
    (leak,) = find_leaks(copies, targets, 0, REACH)
    assert (leak.series, leak.lag, leak.kind) == (0, 0, EXACT)
    honest = [RNG.normal(size=y.shape) for y in targets]
    (leak,) = find_leaks([*honest[:3], copies[3]], targets, 0, REACH)
    assert (leak.series, leak.factor) == (3, pytest.approx(0.1))
    # one row further down the table is another series
    table = np.concatenate(targets)
    moved = np.split(np.concatenate((table[30:], table[:30])), np.cumsum(lengths)[:-1])
    assert find_leaks(moved, targets, 0, REACH) == []
    lines = [np.arange(n, dtype=float)[:, np.newaxis] for n in lengths]
    assert find_leaks(lines, [2 * line for line in lines], 0, REACH) == []


@pytest.mark.parametrize("lag", [0, 7])
def test_a_copy_is_found_in_a_long_series_of_which_some_rows_are_looked_at_first(lag):
    y = np.random.default_rng(1).normal(size=25_000)
    (leak,) = one(later(y, lag) if lag else y, y)
    assert (leak.lag, leak.kind) == (lag, EXACT)
    assert one(np.cos(np.arange(25_000) / 10), np.sin(np.arange(25_000) / 10)) == []


@pytest.mark.parametrize(("n_values", "is_copy"), [(9, False), (10, True)])
def test_columns_of_few_values_agree_by_chance(n_values, is_copy):
    values = np.random.default_rng(1).permutation(np.arange(N) % n_values)
    assert bool(one(values, values)) == is_copy


def test_lags_up_to_half_of_a_series_are_compared():
    for n, half in ((40, 20), (41, 20)):
        y = Y[:n]
        (leak,) = one(later(y, half), y, last=n)
        assert leak.lag == half
        assert one(later(y, half + 1), y, last=n) == []
        before = np.concatenate((np.full(half, np.nan), y[:-half]))
        (leak,) = one(before, y, first=-half)
        assert leak.lag == -half
    short, long = Y[:20], RNG.normal(size=60)
    for lag, is_found in ((10, True), (11, False)):  # half of its own series
        tables = [
            [values[:, np.newaxis] for values in pair] for pair in ((later(short, lag), long), (short, long[::-1]))
        ]
        assert bool(find_leaks(*tables, 0, 30)) == is_found


@pytest.mark.parametrize("n_shared", [N_DISTINCT_KNOWN - 1, N_DISTINCT_KNOWN, N_DISTINCT_KNOWN + 1])
def test_a_copy_of_known_values_of_a_few_rows_is_no_leak(n_shared):
    """A season of 15 rows that has begun again: its first rows are known when the column is read."""
    season = np.random.default_rng(2).normal(size=15)
    y = np.tile(season, 2)[: 15 + n_shared]
    assert bool(one(y, y, last=0)) == (n_shared < N_DISTINCT_KNOWN)


def test_a_leak_has_the_line_that_the_column_is_on():
    for factor, offset in ((3, 0), (-0.5, 7), (2, -1e-9), (1, 1e-3)):
        (leak,) = one(factor * Y + offset, Y)
        assert leak.factor == pytest.approx(factor)
        assert leak.offset == pytest.approx(offset if abs(offset) > 1e-4 * np.abs(factor * Y).max() else 0, rel=1e-6)


LENGTHS, GAP = (30, 5, 17), 6
KINDS_OF = {EXACT: lambda v: v, CHANGES: lambda v: np.append(np.diff(v), np.nan), ORDER: _leak_detection._order}


def slow_correlation(c, y, lag):
    """Of a column with a target so many rows later, over the rows where both are known."""
    pairs = [(c[t], y[t + lag]) for t in range(len(c)) if 0 <= t + lag < len(y)]
    pairs = np.array([pair for pair in pairs if not np.isnan(pair).any()])
    varies = len(pairs) > 2 and (np.ptp(pairs, axis=0) > 0).all()
    return np.corrcoef(pairs.T)[0, 1] if varies else 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_single", [True, False])
def test_correlations_at_a_lag_are_those_of_a_slow_loop(kind, is_single):
    rng = np.random.default_rng(5)
    lengths = LENGTHS[:1] if is_single else LENGTHS
    columns, targets = ([1e3 + rng.normal(size=n).round(1) for n in lengths] for _ in range(2))
    for parts in (columns, targets):
        for part in parts:
            part[rng.random(len(part)) < 0.15] = np.nan
    if not is_single:
        columns[2][:] = 0.1
    c, y = (_leak_detection._Joined.from_parts(parts, GAP, kind) for parts in (columns, targets))
    lags = np.arange(1 - GAP, GAP)
    ours = _leak_detection._correlations(c, y, lags)
    change = KINDS_OF[kind]
    theirs = [
        [slow_correlation(change(a), change(b), lag) for a, b in zip(columns, targets, strict=True)] for lag in lags
    ]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    if is_single:
        np.testing.assert_allclose(_leak_detection._correlations_at_all_lags(c, y)[lags], np.ravel(theirs), atol=1e-6)


def test_of_long_series_every_so_many_rows_are_correlated(monkeypatch):
    monkeypatch.setattr(_leak_detection, "N_SCREENED", 20)
    c, y = np.random.default_rng(6).normal(size=(2, 90))
    joined = [_leak_detection._Joined.from_parts([values], 4, EXACT) for values in (c, y)]
    ours = _leak_detection._correlations(*joined, np.array([0, 3]))
    for correlation, lag in zip(ours[:, 0], (0, 3), strict=True):
        rows = np.arange(0, 90 - lag, 94 // 20)
        np.testing.assert_allclose(correlation, np.corrcoef(c[rows], y[rows + lag])[0, 1], rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "decimal"),
    [([1, 20, 3], 1), ([0.5, 1], 0.1), ([0.25, 1], 0.01), ([1e-6, 1], 1e-6), ([1e-7, 1], 0), ([np.pi], 0)],
)
def test_the_last_decimal_of_values(values, decimal):
    assert _leak_detection._last_decimal(np.array(values, dtype=float)) == pytest.approx(decimal)


def test_jumps_are_ten_times_as_large_as_usual_changes():
    changes = np.array([0.0, 1, -2, 3, 100, -100, 0])
    np.testing.assert_array_equal(_leak_detection._without_jumps(changes), [0, 1, -2, 3, 30, -30, 0])
    np.testing.assert_array_equal(_leak_detection._without_jumps(np.zeros(3)), 0)


def test_values_are_ranked_among_the_different_ones():
    np.testing.assert_array_equal(_leak_detection._order(np.array([5.0, np.nan, 1, 5, 9])), [1, np.nan, 0, 1, 2])


def test_without_a_lag_there_is_no_leak():
    assert one(Y, Y, first=5, last=4) == []
    (leak,) = one(later(Y, 5), Y, first=5, last=5)
    assert leak.lag == 5
    assert one(Y[:1], Y[:1], first=1) == []


def test_the_correlation_of_two_columns_is_numpys():
    for c, y in ((Y, NOISE), (Y, 3 - Y), (1e6 + NOISE, NOISE**2)):
        assert _leak_detection._correlation(c, y) == pytest.approx(np.corrcoef(c, y)[0, 1], abs=1e-9)
    assert _leak_detection._correlation(Y, np.ones(N)) == 0


@pytest.mark.parametrize(("unit", "other"), [(2.0**900, 2.0**-900), (2.0**900, 2.0**900), (2.0**-600, 2.0**-600)])
def test_columns_are_compared_in_any_unit(unit, other):
    c, y = np.random.default_rng(0).normal(size=(2, 50))
    found = _leak_detection._correlation(c * unit, y * other)
    assert found == _leak_detection._correlation(c, y)
    np.testing.assert_allclose(found, np.corrcoef(c, y)[0, 1])
