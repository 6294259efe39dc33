import numpy as np
import pytest

from tests._estimator.consecutive import X, Y, after


@pytest.mark.parametrize("y", [Y, Y * (1 + 5e-16), np.float32(Y)], ids=["same", "rounded", "single"])
def test_rounding_does_not_break_the_chain(y):
    assert after(X, y, y).is_continuous
    assert after(X * 1e9, y.astype(float) * 1e9, y).is_continuous


@pytest.mark.parametrize(
    "y", [Y + 1e-6, Y * 1.001, Y[::-1], np.roll(Y, 1)], ids=["moved", "scaled", "turned", "rolled"]
)
def test_more_than_rounding_does(y):
    start = after(X, y, y)
    assert not start.is_continuous
    with pytest.raises(ValueError, match="Do not scale, shuffle or difference"):
        start.next_window(np.empty((1, 1, 0)))


def test_rows_must_move_on_by_one_step():
    values = np.arange(30.0)
    cut = lambda starts: np.stack([values[k : k + 3] for k in starts])[..., np.newaxis]  # noqa: E731
    every_other, two_ahead = cut(range(0, 20, 2)), values[4:24:2, np.newaxis]
    assert not after(every_other, two_ahead, two_ahead).is_continuous
    padded = cut(range(10))
    padded[:3, 0] = np.nan
    padded[0, 1] = np.nan
    padded[1, 0] = np.nan
    assert not after(padded, values[3:13, None], None).is_continuous
    head = np.concatenate((np.full(2, np.nan), values))
    windows = np.stack([head[k : k + 3] for k in range(10)])[..., np.newaxis]
    assert after(windows, values[1:11, None], None).is_continuous


def test_rows_left_out_for_want_of_a_target_do_not_break_the_chain():
    values = np.arange(12.0)
    values[7] = np.nan
    rows, y = np.stack([values[k : k + 3] for k in range(8)])[..., np.newaxis], values[3:11, np.newaxis]
    keep = ~np.isnan(y[:, 0])
    assert after(rows[keep], y[keep], y[keep]).is_continuous


def test_targets_of_weight_zero_are_missing_and_are_not_compared():
    y, weight = Y.copy(), np.ones(8)
    y[[3, -1]], weight[[3, -1]] = 99, 0
    assert not after(X, y, y).is_continuous
    start = after(X, y, y, weight=weight)
    assert start.is_continuous
    assert np.isnan(start.target).all()


def test_rows_that_cannot_be_compared_do_not_continue():
    rows = X.copy()
    rows[:, -1] = np.nan
    assert not after(rows, Y, Y).is_continuous


def test_single_rows_are_compared_with_the_row_before():
    first = after(X[:1], Y[:1], Y[:1])
    assert first.is_continuous
    assert after(X[1:2], Y[1:2], Y[1:2], first).is_continuous
    other = after(X[3:4], Y[3:4], Y[3:4], first)
    assert not other.is_continuous
    assert not after(X[4:5], Y[4:5], Y[4:5], other).is_continuous


def test_only_the_last_hundred_rows_are_compared():
    values = np.arange(300.0)
    rows, y = np.stack([values[k : k + 3] for k in range(250)])[..., np.newaxis], values[3:253, np.newaxis].copy()
    y[149] += 1
    assert after(rows, y, y).is_continuous
    y[150] += 1
    assert not after(rows, y, y).is_continuous
