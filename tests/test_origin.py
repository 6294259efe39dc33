import numpy as np
import pandas as pd
import pytest

from sklstm._origin import Origin

VALUES = np.arange(12.0)
X = np.stack([VALUES[k : k + 3] for k in range(8)])[..., np.newaxis]
Y = VALUES[3:11, np.newaxis]


def test_the_window_after_the_last_row_ends_with_its_target():
    two = np.concatenate((X, -X), axis=2)
    origin = Origin.after(two, Y, Y, 1)
    after = origin.window_after(np.full((1, 1, 1), 99.0))
    np.testing.assert_array_equal(after, [[[8, -8], [9, -9], [10, 99]]])
    np.testing.assert_array_equal(origin.window, two[-1:])


@pytest.mark.parametrize("y", [Y, Y * (1 + 5e-16), np.float32(Y)], ids=["same", "rounded", "single"])
def test_rounding_does_not_break_the_chain(y):
    assert Origin.after(X, y, y, 1).is_continued
    assert Origin.after(X * 1e9, y.astype(float) * 1e9, y, 1).is_continued


@pytest.mark.parametrize(
    "y", [Y + 1e-6, Y * 1.001, Y[::-1], np.roll(Y, 1)], ids=["moved", "scaled", "turned", "rolled"]
)
def test_more_than_rounding_does(y):
    origin = Origin.after(X, y, y, 1)
    assert not origin.is_continued
    with pytest.raises(ValueError, match="Do not scale, shuffle or difference"):
        origin.window_after(np.empty((1, 1, 0)))


def test_rows_must_move_on_by_one_step():
    values = np.arange(30.0)
    cut = lambda starts: np.stack([values[k : k + 3] for k in starts])[..., np.newaxis]  # noqa: E731
    every_other, two_ahead = cut(range(0, 20, 2)), values[4:24:2, np.newaxis]
    assert not Origin.after(every_other, two_ahead, two_ahead, 1).is_continued
    padded = cut(range(10))
    padded[:3, 0] = np.nan
    padded[0, 1] = np.nan
    padded[1, 0] = np.nan
    assert not Origin.after(padded, values[3:13, None], values[3:13, None], 1).is_continued
    head = np.concatenate((np.full(2, np.nan), values))
    windows = np.stack([head[k : k + 3] for k in range(10)])[..., np.newaxis]
    assert Origin.after(windows, values[1:11, None], values[1:11, None], 1).is_continued


def test_rows_left_out_for_want_of_a_target_do_not_break_the_chain():
    values = np.arange(12.0)
    values[7] = np.nan
    rows, y = np.stack([values[k : k + 3] for k in range(8)])[..., np.newaxis], values[3:11, np.newaxis]
    keep = ~np.isnan(y[:, 0])
    assert Origin.after(rows[keep], y[keep], y[keep], 1).is_continued


def test_rows_that_cannot_be_compared_do_not_continue():
    rows = X.copy()
    rows[:, -1] = np.nan
    assert not Origin.after(rows, Y, Y, 1).is_continued


def test_single_rows_are_compared_with_the_row_before():
    first = Origin.after(X[:1], Y[:1], Y[:1], 1)
    assert first.is_continued
    assert Origin.after(X[1:2], Y[1:2], Y[1:2], 1, first).is_continued
    other = Origin.after(X[3:4], Y[3:4], Y[3:4], 1, first)
    assert not other.is_continued
    assert not Origin.after(X[4:5], Y[4:5], Y[4:5], 1, other).is_continued


def test_only_the_last_hundred_rows_are_compared():
    values = np.arange(300.0)
    rows, y = np.stack([values[k : k + 3] for k in range(250)])[..., np.newaxis], values[3:253, np.newaxis].copy()
    y[149] += 1
    assert Origin.after(rows, y, y, 1).is_continued
    y[150] += 1
    assert not Origin.after(rows, y, y, 1).is_continued


def test_answers_are_labelled_as_the_targets_were():
    frame = pd.DataFrame(np.tile(Y, 2), columns=["a", "b"], index=pd.date_range("2024", periods=8, freq="h"))
    answers = np.ones((2, 2))
    labelled = Origin.after(X, frame.to_numpy(), frame, 1).label(answers)
    pd.testing.assert_frame_equal(
        labelled,
        pd.DataFrame(answers, columns=["a", "b"], index=pd.date_range("2024-01-01 08:00", periods=2, freq="h")),
    )
    assert Origin.after(X, Y, Y, 1).label(answers) is answers
