import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from sklstm import Forecaster
from sklstm._time_index.regular_index import directly_follows, index_end, regular_end, steps_after

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


def without_frequency(index):
    """The same values, as they come out of a file."""
    if isinstance(index, pd.DatetimeIndex):
        index = pd.DatetimeIndex(index, freq=None)
        assert index.freq is None
    return pd.Index(index.to_numpy(), name=index.name) if isinstance(index, pd.RangeIndex) else index


@pytest.mark.parametrize("frequency", ["set", "lost"])
@pytest.mark.parametrize("name", CONTINUED)
def test_an_index_goes_on_as_pandas_would(name, frequency):
    """Cut in two, the first part's continuation is the second part."""
    whole = CONTINUED[name]
    head, tail = whole[:-2], whole[-2:]
    if frequency == "lost":
        head, tail = without_frequency(head), without_frequency(tail)
    end = index_end(head)
    pd.testing.assert_index_equal(end.next_values(2), whole[-2:], exact="equiv")
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


def test_later_but_not_next_does_not_follow():
    end = index_end(pd.date_range("2024-01-01", periods=10))
    assert not directly_follows(end, pd.date_range("2024-01-15", periods=3))


def test_unlike_indices_do_not_follow():
    end = index_end(pd.date_range("2024-01-01", periods=10))
    assert not directly_follows(end, pd.RangeIndex(100))
    assert not directly_follows(end, pd.date_range("2024-01-11", periods=3, tz="UTC"))
    monthly = index_end(pd.period_range("2024-01", periods=3, freq="M"))
    assert not directly_follows(monthly, pd.period_range("2025-01-01", periods=3, freq="D"))


# ---- the end of a series that is to be forecast

REGULAR = CONTINUED | {
    "business days with weekends only": pd.date_range("2024-01-01", periods=10, freq="B"),
    "business days in a zone": pd.date_range("2024-03-20", periods=15, freq="B", tz="America/New_York"),
    "a week with its weekend": pd.date_range("2024-01-01", periods=10),
    "midnights around the day of 25 hours": pd.date_range("2024-10-24", periods=9, tz="Europe/Berlin"),
    "hours around the hour that comes twice": pd.date_range(
        "2024-10-26 18:00", periods=24, freq="h", tz="Europe/Berlin"
    ),
    "two hours in a zone": pd.date_range("2024-03-30 00:00", periods=30, freq="2h", tz="America/New_York"),
    "half hours in UTC": pd.date_range("2024-10-26", periods=60, freq="30min", tz="UTC"),
    "month ends in a zone": pd.date_range("2024-01-31", periods=12, freq="ME", tz="Europe/Berlin"),
    "quarter ends": pd.date_range("2020-02-29", periods=9, freq="QE-NOV"),
    "business month ends": pd.date_range("2023-01-31", periods=12, freq="BME"),
    "every other month": pd.date_range("2023-01-01", periods=9, freq="2MS"),
    "Sundays in a zone": pd.date_range("2024-03-03", periods=9, freq="W-SUN", tz="Europe/Berlin"),
    "every other day": pd.date_range("2024-01-01", periods=9, freq="2D"),
    "mid-morning": pd.date_range("2024-01-01 10:30", periods=9, freq="D"),
    "milliseconds": pd.date_range("2024-01-01", periods=9, freq="250ms"),
    "hours in microseconds": pd.date_range("2024-01-01", periods=9, freq="h", unit="us"),
    "days of another millennium": pd.date_range(pd.Timestamp("1066-10-01").as_unit("s"), periods=30, unit="s"),
    "business hours": pd.date_range("2024-01-03 09:00", periods=40, freq="bh"),
    "daily periods": pd.period_range("2024-02-25", periods=9, freq="D"),
    "quarterly periods": pd.period_range("2020Q1", periods=9, freq="Q-JAN"),
    "periods of two hours": pd.period_range("2024-01-01", periods=9, freq="2h"),
    "integers that can be missing": pd.Index([1, 2, 3, 4, 5, 6, 7], dtype="Int64"),
    "unsigned integers": pd.Index(np.arange(3, 10, dtype=np.uint8)),
    "negative range": pd.RangeIndex(-9, 9, 3),
}


@pytest.mark.parametrize("frequency", ["set", "lost"])
@pytest.mark.parametrize("name", REGULAR)
def test_a_regular_index_goes_on(name, frequency):
    whole = REGULAR[name]
    head, tail = whole[:-3], whole[-3:]
    if frequency == "lost":
        head, tail = without_frequency(head), without_frequency(tail)
    end = regular_end(head)
    assert list(end.next_values(3)) == list(tail)
    assert steps_after(end, tail) == 0
    assert steps_after(end, tail[:1]) == 0
    assert steps_after(end, tail[1:]) == 1
    assert steps_after(end, tail[-1:]) == 2


@pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", REGULAR)
def test_a_value_left_out_is_shown_wherever_it_was(name, everywhere):
    whole = without_frequency(REGULAR[name])
    end, n = regular_end(whole[:-3]), len(whole)
    for row in range(1, n - 1) if everywhere else (1, n // 2, n - 2):
        with pytest.raises(ValueError, match=r"has a gap|no regular step"):
            regular_end(whole.delete(row))
    missing = str(whole[-2]).replace(" 00:00:00", "")
    with pytest.raises(ValueError, match=rf"X leaves out {re.escape(missing)}"):
        steps_after(end, whole[[-3, -1]])


@pytest.mark.parametrize(
    "index",
    [
        pd.to_datetime(["2024-01-01"]),
        pd.to_datetime(["2024-01-01", "2024-01-02"]),
        pd.date_range("2024-01-01", periods=5),
        pd.date_range("2024-01-03", periods=3, tz="Europe/Berlin"),
        pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-05"]),
        pd.date_range("2024-01-05", periods=1, freq="-1D"),
    ],
    ids=["one stamp", "two stamps", "a working week", "half of one", "every other working day", "one, backwards"],
)
def test_what_cannot_be_decided_has_no_step(index):
    index = index if len(index) == 1 else without_frequency(index)
    end = regular_end(index)
    assert end.step is None
    later = index[-1:] + pd.Timedelta(days=40)
    assert steps_after(end, later) == 0
    assert steps_after(end, later.append(later + pd.Timedelta(hours=5))) == 0
    for earlier in (index, index[-1:]):
        with pytest.raises(ValueError, match=r"Rows that follow it begin later\..*fitted_values_"):
            steps_after(end, earlier)
    with pytest.raises(ValueError, match=r"X\.sort_index\(\)"):
        steps_after(end, later.append(later - pd.Timedelta(days=1)))


@pytest.mark.parametrize(
    ("index", "step"),
    [(pd.RangeIndex(4, 5, 3), 3), (pd.RangeIndex(4, 3, -1), 1), (pd.Index([4]), 1), (pd.Index([4, 6]), 2)],
)
def test_a_few_whole_numbers_go_on(index, step):
    assert regular_end(index).next_values(2).tolist() == [index[-1] + step, index[-1] + 2 * step]


def test_a_frequency_that_was_set_decides():
    week = pd.date_range("2024-01-01", periods=5, freq="D")
    assert str(regular_end(week).next_values(1)[0]) == "2024-01-06 00:00:00"
    holidays = pd.offsets.CustomBusinessDay(holidays=["2024-01-08"])
    days = pd.date_range("2024-01-01", periods=9, freq=holidays)
    end = regular_end(days[:5])
    assert list(end.next_values(4)) == list(days[5:])
    assert steps_after(end, days[7:]) == 2


# ---- what is no index of a series


def stamps(*values, **options):
    return pd.DatetimeIndex(list(values), **options)


DAYS = pd.date_range("2024-01-01", periods=12)
HOURS = pd.date_range("2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin")
WEEK_DAYS = pd.bdate_range("2024-01-01", periods=30)


@pytest.mark.parametrize("index", [DAYS[:0], pd.RangeIndex(0), pd.PeriodIndex([], freq="M"), pd.Index([])])
def test_an_empty_index_is_refused(index):
    with pytest.raises(ValueError, match="y has no rows"):
        regular_end(index)
    with pytest.raises(ValueError, match="X has no rows"):
        steps_after(regular_end(DAYS), index)


def test_an_index_of_several_levels_is_refused():
    index = pd.MultiIndex.from_product([["a", "b"], DAYS])
    with pytest.raises(ValueError, match="y has 2 levels"):
        regular_end(index)
    with pytest.raises(ValueError, match="X has 2 levels"):
        steps_after(regular_end(DAYS), index)


# ---- rows that go on from the end


@pytest.mark.parametrize("begin", [0, 7])
def test_training_rows_do_not_follow(begin):
    end = regular_end(DAYS[:8])
    with pytest.raises(
        ValueError, match=r"X are at 2024-01-0\d … 2024-01-12, but the history ends at 2024-01-08"
    ) as error:
        steps_after(end, DAYS[begin:])
    assert "Rows that follow it begin at 2024-01-09" in str(error.value)
    assert "fitted_values_" in str(error.value)


UNLIKE = {
    "numbers after dates": (DAYS, pd.RangeIndex(12, 15), "one of integers.*begin at 2024-01-13", None),
    "dates after numbers": (pd.RangeIndex(12), DAYS, "a DatetimeIndex without.*begin at 12", None),
    "numbers after periods": (DAYS.to_period("D"), pd.RangeIndex(12, 15), "begin at 2024-01-13", None),
    "a zone after none": (
        DAYS[:6],
        DAYS[6:].tz_localize("UTC"),
        "in time zone UTC, but that of the history is a DatetimeIndex without",
        "X.index = X.index.tz_localize(None)",
    ),
    "none after a zone": (
        DAYS[:6].tz_localize("Europe/Berlin"),
        DAYS[6:],
        "without time zone, but that of the history is a DatetimeIndex in time zone Europe/Berlin",
        'X.index = X.index.tz_localize("Europe/Berlin")',
    ),
    "dates after periods": (
        pd.period_range("2024-01", periods=6, freq="M"),
        pd.date_range("2024-07-01", periods=3, freq="MS"),
        'PeriodIndex of frequency "M"',
        'X.index = X.index.to_period("M")',
    ),
    "periods after other periods": (
        pd.period_range("2024-01", periods=6, freq="M"),
        pd.period_range("2024-07-01", periods=1, freq="D"),
        'of frequency "D".*of frequency "M"',
        'X.index = X.index.asfreq("M")',
    ),
    "periods after dates": (
        DAYS,
        pd.period_range("2024-01-13", periods=3, freq="D"),
        'PeriodIndex of frequency "D"',
        "X.index = X.index.to_timestamp()",
    ),
    "periods after month ends in a zone": (
        pd.date_range("2024-01-31", periods=6, freq="ME", tz="America/Santiago"),
        pd.period_range("2024-07", periods=3, freq="M"),
        "in time zone America/Santiago",
        'X.index = X.index.to_timestamp(how="end").floor("D").tz_localize("America/Santiago")',
    ),
    "days of another zone without it": (
        pd.date_range("2024-09-01", periods=6, tz="America/Santiago"),
        pd.date_range("2024-09-07", periods=3),
        "in time zone America/Santiago",
        'X.index = X.index.tz_localize("America/Santiago", nonexistent="shift_forward", ambiguous=True)',
    ),
    "text of days first after dates": (
        pd.date_range("2024-01-01", periods=12),
        pd.Index(["13.01.2024", "14.01.2024"]),
        "begins with '13.01.2024'",
        'X.index = pd.to_datetime(X.index, format="%d.%m.%Y")',
    ),
    "text after dates": (
        DAYS,
        pd.Index(["2024-01-13", "2024-01-14"]),
        "begins with '2024-01-13'",
        "X.index = pd.to_datetime(X.index)",
    ),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_an_index_of_another_kind_is_refused(name):
    history, index, shown, call = UNLIKE[name]
    end = regular_end(history)
    with pytest.raises(ValueError, match=shown) as error:
        steps_after(end, index)
    if call is None:
        assert "or pass an array" in str(error.value)
    else:
        assert call in str(error.value)
        namespace = {"X": pd.DataFrame(index=index), "pd": pd}
        exec(call, namespace)
        assert steps_after(end, namespace["X"].index) == 0
        assert "reset_index" not in str(error.value)


ODD = {
    "between two steps": (
        DAYS[:6],
        stamps("2024-01-07 06:00"),
        "at 2024-01-07 in steps of D, but X has 2024-01-07 06:00",
    ),
    "off the grid later": (DAYS[:6], stamps("2024-01-07", "2024-01-08 06:00"), "but X has 2024-01-08 06:00:00"),
    "month starts after ends": (
        pd.date_range("2024-01-31", periods=5, freq="ME"),
        pd.date_range("2024-06-01", periods=3, freq="MS"),
        "at 2024-06-30 in steps of ME, but X has 2024-06-01",
    ),
    "a weekend": (WEEK_DAYS[:10], stamps("2024-01-13"), "at 2024-01-15 in steps of B, but X has 2024-01-13"),
    "a half hour": (HOURS[:6], HOURS[6:8] + pd.Timedelta(minutes=30), "in steps of h, but X has .* 03:30:00"),
    "odd numbers": (pd.RangeIndex(0, 10, 2), pd.RangeIndex(11, 15, 2), "at 10 in steps of 2, but X has 11"),
    "odd periods": (
        pd.period_range("2024-01", periods=3, freq="2M"),
        pd.period_range("2024-08", periods=3, freq="2M"),
        "at 2024-07 in steps of 2M, but X has 2024-08",
    ),
    "one left out": (DAYS[:6], DAYS[[6, 7, 9]], "leaves out 2024-01-09: 2024-01-08 is followed by 2024-01-10"),
    "a period left out": (
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.PeriodIndex(["2024-04", "2024-07"], freq="M"),
        "leaves out 2024-05.*every step of M",
    ),
    "a number left out": (pd.RangeIndex(5), pd.Index([6, 7, 9]), "leaves out 8"),
    "one twice": (DAYS[:6], DAYS[[6, 7, 7]], "2024-01-08 2 times"),
    "two changed": (DAYS[:6], DAYS[[7, 6]], "2024-01-08 is followed by 2024-01-07"),
    "NaT": (DAYS[:6], stamps("2024-01-07", None), "NaT in row 1"),
}


@pytest.mark.parametrize("name", ODD)
def test_rows_must_be_one_step_apart(name):
    history, index, shown = ODD[name]
    with pytest.raises(ValueError, match=shown):
        steps_after(regular_end(history), index)


def test_rows_may_be_in_another_unit_or_zone():
    end = regular_end(HOURS[:6])
    assert steps_after(end, HOURS[8:].as_unit("ns").tz_convert("UTC")) == 2
    days = regular_end(pd.date_range("2024-03-28", periods=3, tz="Europe/Berlin", unit="s"))
    later = pd.date_range("2024-04-01", periods=3, tz="Europe/Berlin", unit="ns")
    assert steps_after(days, later.tz_convert("UTC")) == 1
    coarse = regular_end(pd.date_range("2024-01-01", periods=4, freq="500ms", unit="ms"))
    assert steps_after(coarse, pd.date_range("2024-01-01 00:00:03", periods=1, freq="s", unit="s")) == 2


def test_the_advice_for_an_index_of_one_level_mends():
    y = pd.Series(np.arange(20.0), index=pd.MultiIndex.from_arrays([range(20)]))
    model = Forecaster(LinearRegression(), window_length=3)
    with pytest.raises(ValueError, match="of y is a MultiIndex of one level") as caught:
        model.fit(None, y)
    exec(str(caught.value).split("level. ")[1].removesuffix("."), {"y": y})
    np.testing.assert_array_equal(model.fit(None, y).future_index(2), [20, 21])
