import numpy as np
import pandas as pd
import pytest

from sklstm._estimator.forecast_start import ForecastStart
from sklstm._estimator.input_checks import TrainingSet
from sklstm._network.gaps import SKIP


def after(X, y, given, previous=None, weight=None):
    weight = np.ones(len(X)) if weight is None else weight
    data = TrainingSet(X, y, weight, np.arange(len(X)), y_ndim=2, n_targets=1, gaps=SKIP)
    return ForecastStart.from_training_rows(data, given, previous)


VALUES = np.arange(12.0)
X = np.stack([VALUES[k : k + 3] for k in range(8)])[..., np.newaxis]
Y = VALUES[3:11, np.newaxis]


def test_the_window_after_the_last_row_ends_with_its_target():
    two = np.concatenate((X, -X), axis=2)
    start = after(two, Y, Y)
    window = start.next_window(np.full((1, 1, 1), 99.0))
    np.testing.assert_array_equal(window, [[[8, -8], [9, -9], [10, 99]]])
    np.testing.assert_array_equal(start.window, two[-1:])


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


def test_answers_are_output_as_the_targets_were():
    frame = pd.DataFrame(np.tile(Y, 2), columns=["a", "b"], index=pd.date_range("2024", periods=8, freq="h"))
    answers = np.ones((2, 2))
    output = after(X, frame.to_numpy(), frame).to_output(answers)
    pd.testing.assert_frame_equal(
        output,
        pd.DataFrame(answers, columns=["a", "b"], index=pd.date_range("2024-01-01 08:00", periods=2, freq="h")),
    )
    assert after(X, Y, Y).to_output(answers) is answers


def test_numbers_that_read_as_dates_are_not_counted_on():
    months = pd.Index([202309, 202310, 202311, 202312])
    given = pd.Series(np.arange(4.0), index=months)
    rows = np.arange(4.0).reshape(4, 1, 1)
    start = after(rows, given.to_numpy()[:, np.newaxis], given)
    with pytest.warns(UserWarning, match="cannot be continued"):
        assert start.to_output(np.zeros(2)).index.tolist() == [1, 2]


def test_days_go_on_where_clocks_change_at_midnight():
    days = pd.date_range("2024-09-01", periods=10).tz_localize("America/Santiago", nonexistent="shift_forward")
    given = pd.Series(np.arange(7.0), index=days[:7])
    rows = np.arange(7.0).reshape(7, 1, 1)
    start = after(rows, given.to_numpy()[:, np.newaxis], given)
    assert start.to_output(np.zeros(3)).index.equals(days[7:])
    assert start.times(4).equals(days[6:])
