import numpy as np
import pandas as pd
import pytest

from tests._estimator.consecutive import X, Y, after


def test_the_window_after_the_last_row_ends_with_its_target():
    two = np.concatenate((X, -X), axis=2)
    start = after(two, Y, Y)
    window = start.next_window(np.full((1, 1, 1), 99.0))
    np.testing.assert_array_equal(window, [[[8, -8], [9, -9], [10, 99]]])
    np.testing.assert_array_equal(start.window, two[-1:])


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
