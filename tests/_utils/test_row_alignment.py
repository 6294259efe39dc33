import numpy as np
import pandas as pd
import pytest

from sklstm._utils.row_alignment import are_in, check_same_rows, in_order_of

DAYS = pd.date_range("2024-01-01", periods=4)
WEIGHT = pd.Series([1.0, 2.0, 3.0, 4.0], DAYS)


def test_rows_are_put_in_the_order_of_the_index():
    shuffled = WEIGHT.iloc[[2, 0, 3, 1]]
    pd.testing.assert_series_equal(in_order_of(shuffled, DAYS, "weight", "y"), WEIGHT, check_freq=False)
    for data, index in ((WEIGHT.to_numpy(), DAYS), (shuffled, None)):
        assert in_order_of(data, index, "weight", "y") is data


@pytest.mark.parametrize(
    "other", [WEIGHT[:3], WEIGHT.shift(1, freq="D"), WEIGHT.set_axis(DAYS[[0, 1, 1, 2]])], ids=["few", "later", "twice"]
)
def test_other_rows_are_refused_with_what_mends_it(other):
    with pytest.raises(ValueError, match=r"weight and y have different rows.*weight\.to_numpy") as error:
        in_order_of(other, DAYS, "weight", "y")
    assert f"({len(other)} rows)" in str(error.value)


def test_an_index_can_only_contradict_that_rows_are_the_same():
    X = WEIGHT.to_frame()
    for y in (WEIGHT, WEIGHT.to_numpy(), WEIGHT.reset_index(drop=True), WEIGHT.shift(1, freq="D"), WEIGHT[:3]):
        check_same_rows(X, y=y)
    check_same_rows(np.ones((4, 1)), y=WEIGHT, sample_weight=WEIGHT)


def test_rows_in_another_order_or_with_none_in_common_contradict():
    X = WEIGHT.to_frame()
    with pytest.raises(ValueError, match=r"the same rows in another order.*Give y\.loc\[X\.index\]"):
        check_same_rows(X, y=WEIGHT[::-1])
    with pytest.raises(ValueError, match="X and y have no row in common"):
        check_same_rows(X, y=WEIGHT.shift(30, freq="D"))
    with pytest.raises(ValueError, match="y and sample_weight have no row in common"):
        check_same_rows(np.ones((4, 1)), y=WEIGHT, sample_weight=WEIGHT.shift(30, freq="D"))


@pytest.mark.parametrize(
    "labels", [[True, False], [0.5, np.nan], ["a", "b"], [pd.Timestamp("9000-01-01")] * 2, [pd.Timedelta(1)] * 2]
)
def test_labels_of_another_kind_are_not_in_an_index(labels):
    days = pd.date_range("2024-01-01", periods=2)
    assert not are_in(days, pd.Index(labels)).any()
    assert not are_in(pd.Index(labels), days).any()
    assert are_in(days, days[1:]).tolist() == [False, True]
