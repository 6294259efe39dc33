import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import LagsToSequences, make_windows
from tests._estimator.consecutive import X, Y, after
from tests.tools import fit, model


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


@pytest.mark.parametrize("extra", ["repeat", "last"])
def test_columns_that_belong_to_a_row_are_not_moved_on(extra):
    """But a prediction of the next row is no matter, nor are channels that move on."""
    series, weekday = np.random.default_rng(0).normal(size=60).cumsum(), np.arange(60.0) % 7
    windows, y = make_windows(series, 6)
    table = np.column_stack((windows[:, ::-1, 0], weekday[6:]))
    pipeline = fit(make_pipeline(LagsToSequences(6, extra=extra), model(missing="indicator")), table, y)
    regressor, context = pipeline[-1], pipeline[:-1].transform(table[-2:])
    for arguments in ({"X_future": np.zeros((3, 1))}, {"X_future": np.zeros((2, 2, 1)), "context": context}):
        with pytest.raises(ValueError, match="hold values of a row, as the extra columns of LagsToSequences"):
            regressor.forecast(3, **arguments)
    np.testing.assert_allclose(regressor.forecast(1, context=context)[:, 0], pipeline.predict(table[-2:]), rtol=1e-6)
    sequences, one_by_one = pipeline[:-1].transform(table), model(missing="indicator")
    for row in range(4):
        one_by_one.partial_fit(sequences[[row]], y[[row]])
    with pytest.raises(ValueError, match="hold values of a row"):
        one_by_one.forecast(3, np.zeros((2, 2, 1)), context=context)
    both, targets = make_windows(np.column_stack((series, weekday)), 6, n_outputs=1)
    moving = fit(model(), both, targets)
    assert (
        moving.forecast(3, np.zeros((3, 1))).shape
        == moving.forecast(3, np.zeros((1, 2, 1)), context=both[-1:])[0].shape
    )
