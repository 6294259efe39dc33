import numpy as np
import pandas as pd
import pytest

from sklstm._index import directly_follows, index_end, is_pandas

CONTINUED = {
    "days": pd.date_range("2024-01-01", periods=30),
    "month starts": pd.date_range("2023-11-01", periods=8, freq="MS"),
    "month ends across February": pd.date_range("2023-11-30", periods=8, freq="ME"),
    "quarters": pd.date_range("2020-01-01", periods=8, freq="QS"),
    "years": pd.date_range("2020-12-31", periods=6, freq="YE"),
    "weeks": pd.date_range("2024-01-03", periods=8, freq="W-WED"),
    "business days over a weekend": pd.date_range("2024-01-01", periods=12, freq="B"),
    "hours": pd.date_range("2024-01-01", periods=40, freq="h"),
    "quarter hours": pd.date_range("2024-01-01 00:07", periods=40, freq="15min"),
    "days across a change of clocks": pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin"),
    "hours across a change of clocks": pd.date_range("2024-03-30 12:00", periods=30, freq="h", tz="Europe/Berlin"),
    "days in seconds": pd.date_range("2024-01-01", periods=30, unit="s"),
    "periods": pd.period_range("2023-11", periods=8, freq="M"),
    "range": pd.RangeIndex(10, 30, 2),
    "integers": pd.Index([3, 6, 9, 12, 15, 18]),
    "named": pd.date_range("2024-01-01", periods=30, name="day"),
}


@pytest.mark.parametrize("frequency", ["set", "lost"])
@pytest.mark.parametrize("name", CONTINUED)
def test_an_index_goes_on_as_pandas_would(name, frequency):
    """Cut in two, the first part's continuation is the second part."""
    whole = CONTINUED[name]
    head, tail = whole[:-2], whole[-2:]
    if frequency == "lost":  # as it is in the folds of a cross-validation
        head, tail = (part.take(np.arange(len(part))) for part in (head, tail))
    end = index_end(head)
    pd.testing.assert_index_equal(end.next_values(2), tail, exact="equiv")
    assert end.next_values(2).name == whole.name
    pd.testing.assert_index_equal(end.from_last(3), whole[-3:], exact="equiv")
    assert directly_follows(end, tail)
    assert directly_follows(end, tail[:1])
    assert not directly_follows(end, head)


UNKNOWN = {
    "a gap": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"]),
    "five working days": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]),
    "two stamps": pd.to_datetime(["2024-01-01", "2024-01-02"]),
    "unsorted": pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-04"]),
    "backwards": pd.date_range("2024-01-01", periods=5)[::-1],
    "integers backwards": pd.RangeIndex(9, 3, -1),
    "repeated": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01"]),
    "periods with a gap": pd.PeriodIndex(["2024-01", "2024-02", "2024-04"], freq="M"),
    "integers with a gap": pd.Index([0, 1, 3]),
    "integers all alike": pd.Index([3, 3, 3]),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_stamps_that_do_not_agree_have_no_step(name):
    end = index_end(UNKNOWN[name])
    assert end.step is None
    later = UNKNOWN[name].max() + (UNKNOWN[name].max() - UNKNOWN[name].min()) if "period" not in name else None
    if later is not None and later > end.last:
        with pytest.warns(UserWarning, match="has no regular step"):
            assert not directly_follows(end, pd.Index([later]))


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(list("abc")),
        pd.Index([0.5, 1.5, 2.5]),
        pd.MultiIndex.from_product([[0, 1], [2, 3]]),
        pd.date_range("2024", periods=0),
        pd.PeriodIndex([None, "2020-02", "2020-03"], freq="M"),
        pd.DatetimeIndex(["2024-01-01", None]),
    ],
)
def test_what_is_no_index_of_time_has_no_end(index):
    assert index_end(index) is None
    assert not directly_follows(None, index)


def test_later_but_not_next_warns_and_shows_both_ends():
    end = index_end(pd.date_range("2024-01-01", periods=10))
    with pytest.warns(UserWarning, match=r"2024-01-15.*2024-01-10.*2024-01-11"):
        assert not directly_follows(end, pd.date_range("2024-01-15", periods=3))


def test_unlike_indices_do_not_follow():
    end = index_end(pd.date_range("2024-01-01", periods=10))
    assert not directly_follows(end, pd.RangeIndex(100))
    assert not directly_follows(end, pd.date_range("2024-01-11", periods=3, tz="UTC"))
    monthly = index_end(pd.period_range("2024-01", periods=3, freq="M"))
    assert not directly_follows(monthly, pd.period_range("2025-01-01", periods=3, freq="D"))


def test_a_list_has_an_index_but_is_not_pandas():
    assert is_pandas(pd.Series([1.0]))
    assert is_pandas(pd.DataFrame())
    assert not is_pandas([1.0])
    assert not is_pandas(np.ones(3))
