import numpy as np
import pytest

from sklstm._estimator.lag_columns import LagColumns, sequences_of


@pytest.mark.parametrize(
    ("order", "layout", "expected"),
    [
        ("oldest_first", "steps", [[0, 1], [2, 3], [4, 5]]),
        ("newest_first", "steps", [[4, 5], [2, 3], [0, 1]]),
        ("oldest_first", "channels", [[0, 3], [1, 4], [2, 5]]),
        ("newest_first", "channels", [[2, 5], [1, 4], [0, 3]]),
    ],
)
def test_positions(order, layout, expected):
    for n_columns, n_lags in ((6, None), (6, 3), (8, 3)):
        found = LagColumns.from_positions(n_columns, n_lags, 2, order, layout)
        np.testing.assert_array_equal(found.columns, expected)


def test_too_few_columns_are_refused():
    with pytest.raises(ValueError, match="X has 7 columns, which n_channels=2 channels cannot share"):
        LagColumns.from_positions(7, None, 2, "newest_first", "steps")
    with pytest.raises(ValueError, match="n_lags=4 and n_channels=2 need 8 columns, but X has 7"):
        LagColumns.from_positions(7, 4, 2, "newest_first", "steps")


def test_names_put_channels_side_by_side_from_their_newest_lags_on():
    found = LagColumns.from_names(["p_lag-1", "y_lag-1", "y_lag-2", "y_lag-3", "p_lag0", "p_lag1", "open"])
    assert found.channels == ["p", "y"]
    np.testing.assert_array_equal(found.columns, [[0, 3], [4, 2], [5, 1]])
    assert LagColumns.from_names(["a", "b"]) is None


def test_lags_that_one_channel_lacks_are_missing_and_gaps_are_no_steps():
    found = LagColumns.from_names(["lag12", "lag1", "lag2", "a_lag1", "a_lag3"])
    np.testing.assert_array_equal(found.columns, [[0, -1], [-1, 4], [2, -1], [1, 3]])


def test_a_target_that_is_named_is_first():
    found = LagColumns.from_names(["a_lag1", "a_lag2", "y_lag1", "y_lag2"])
    assert found.channels == ["a", "y"]
    found = found.with_target("y")
    assert found.channels == ["y", "a"]
    np.testing.assert_array_equal(found.columns, [[3, 1], [2, 0]])
    with pytest.raises(ValueError, match=r"target='z' is no channel\. .* \['y', 'a'\]"):
        found.with_target("z")


def test_other_columns_are_channels_behind():
    lags = LagColumns.from_positions(5, 2, 1, "newest_first", "steps")
    repeated, last = (lags.with_extra(list("abcde"), extra) for extra in ("repeat", "last"))
    np.testing.assert_array_equal(repeated.columns, [[1, 2, 3, 4], [0, 2, 3, 4]])
    np.testing.assert_array_equal(last.columns, [[1, -1, -1, -1], [0, 2, 3, 4]])
    assert repeated.channels == last.channels == ["channel 0", "c", "d", "e"]


def test_sequences_are_the_columns_and_missing_where_there_are_none():
    table = np.array([[1, 2, 3], [4, np.nan, 6]], dtype=np.float32)
    found = sequences_of(table, np.array([[1, -1], [0, 2]]))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[[2, np.nan], [1, 3]], [[np.nan, np.nan], [4, 6]]])
