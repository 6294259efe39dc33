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


@pytest.mark.parametrize("y", [Y, Y * (1 + 1e-15), np.float32(Y)], ids=["same", "rounded", "single"])
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
