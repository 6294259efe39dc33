"""The step of an index and how it goes on, where clocks change over the very time at which days begin."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._time_index.regular_index import directly_follows, regular_end, steps_after
from sklstm._time_index.steps import index_end, inferred_frequency, timestamps_from
from sklstm._time_index.wall_clock import on_clock

# A zone, a day that begins late there, as midnight was left out, and one in which midnight or the hour before it
# came twice.
CHANGES = {
    "America/Santiago": ("2024-09-08", "2024-04-07"),
    "America/Havana": ("2024-03-10", "2024-11-03"),
    "Asia/Beirut": ("2024-03-31", "2024-10-27"),
    "Asia/Amman": ("2022-02-25", "2021-10-29"),
    "America/Asuncion": ("2023-10-01", "2024-03-24"),
    "America/Sao_Paulo": ("2018-11-04", "2019-02-17"),
    "Africa/Cairo": ("2024-04-26", "2024-11-01"),
    "Asia/Tehran": ("2022-03-22", "2022-09-22"),
    "Asia/Damascus": ("2022-03-25", "2021-10-29"),
    "Asia/Gaza": ("2019-03-29", "2019-10-26"),
    "America/Scoresbysund": ("2023-03-26", "2023-10-29"),
    "Atlantic/Azores": ("2024-03-31", "2024-10-27"),
    "America/Campo_Grande": ("2018-11-04", "2019-02-17"),
    "America/Nuuk": ("2023-03-26", "2024-10-27"),
}
WEEKDAY = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def frequencies(day):
    """Frequencies of which at least the daily ones hold that day."""
    weekday, month = WEEKDAY[day.day_of_week], day.strftime("%b").upper()
    return {
        "D": pd.offsets.Day(),
        "2D": pd.offsets.Day(2),
        "B": pd.offsets.BusinessDay(),
        "C": pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat Sun", holidays=["2018-01-02"]),
        "2B": pd.offsets.BusinessDay(2),
        "W": pd.tseries.frequencies.to_offset(f"W-{weekday}"),
        "2W": pd.tseries.frequencies.to_offset(f"2W-{weekday}"),
        "MS": pd.offsets.MonthBegin(),
        "3MS": pd.offsets.MonthBegin(3),
        "ME": pd.offsets.MonthEnd(),
        "QS": pd.tseries.frequencies.to_offset(f"QS-{month}"),
        "QE": pd.tseries.frequencies.to_offset(f"QE-{month}"),
        "YS": pd.tseries.frequencies.to_offset(f"YS-{month}"),
        "YE": pd.tseries.frequencies.to_offset(f"YE-{month}"),
        "BMS": pd.offsets.BusinessMonthBegin(),
        "BME": pd.offsets.BusinessMonthEnd(),
        "SMS": pd.offsets.SemiMonthBegin(day_of_month=min(max(day.day, 2), 27)),
        "SME": pd.offsets.SemiMonthEnd(day_of_month=min(day.day, 27)),
        "WOM": pd.offsets.WeekOfMonth(week=(day.day - 1) // 7 % 4, weekday=day.day_of_week),
        "LWOM": pd.offsets.LastWeekOfMonth(weekday=day.day_of_week),
    }


NOT_INFERRED = {"C", "2B"}  # pandas and we know them only where they are set


def around(day, step):
    """Times on the wall of sixteen steps, about the middle of which the day lies."""
    before = pd.date_range(end=day, periods=8, freq=step)
    whole = pd.date_range(before[0], periods=16, freq=step)
    assert whole[0] <= day < whole[-1]
    return whole


IN_HASTE = ("America/Santiago", "America/Havana", "Asia/Beirut")  # the rest takes a minute


def every_change(fast=IN_HASTE):
    """Parametrize by zone and change, some of them in the fast suite."""
    cases = [
        pytest.param(zone, change, id=f"{zone}-{name}", marks=() if zone in fast else pytest.mark.slow)
        for zone in CHANGES
        for change, name in enumerate(("forward", "back"))
    ]
    return pytest.mark.parametrize(("zone", "change"), cases)


def test_the_days_are_those_on_which_clocks_change():
    for zone, (forward, back) in CHANGES.items():
        first, second = pd.Timestamp(forward), pd.Timestamp(back)
        hours = pd.date_range(second - pd.Timedelta("2h"), periods=5, freq="30min")
        assert hours.tz_localize(zone, ambiguous="NaT").hasnans, zone
        around_midnight = pd.date_range(first - pd.Timedelta("2h"), periods=5, freq="30min")
        assert around_midnight.tz_localize(zone, nonexistent="NaT").hasnans, zone


@every_change()
def test_every_frequency_goes_over_every_change_of_clocks(zone, change):
    day = pd.Timestamp(CHANGES[zone][change])
    for name, step in frequencies(day).items():
        check_that_cut_stamps_follow(zone, day, name, step)


def check_that_cut_stamps_follow(zone, day, name, step):
    """Each cut of the stamps in two: the first part is regular, and the second follows it."""
    unit = ("s", "ms", "us", "ns")[len(name + zone) % 4]
    whole = pd.DatetimeIndex(on_clock(around(day, step).as_unit(unit), zone), freq=None)
    assert timestamps_from(whole[0], step, 16, None).equals(whole)
    for cut in (7, 8, 13):
        head, tail = whole[:cut], whole[cut:]
        end = replace(index_end(head), step=step) if name in NOT_INFERRED else regular_end(head)
        if end.step is None:  # a working week may be part of every day
            assert name in ("D", "B", "2D")
            continue
        assert end.next_values(16 - cut).equals(tail)
        assert end.next_values(1)[0] == tail[0]
        assert steps_after(end, tail) == 0
        assert steps_after(end, tail[1:].tz_convert("UTC")) == 1
        assert directly_follows(end, tail)


@every_change(fast=IN_HASTE[:1])
def test_what_is_missing_around_a_change_of_clocks_is_told(zone, change):
    day = pd.Timestamp(CHANGES[zone][change])
    for name, step in frequencies(day).items():
        if name not in NOT_INFERRED:
            check_that_gaps_are_told(zone, day, step)


def check_that_gaps_are_told(zone, day, step):
    wall = around(day, step)
    whole = pd.DatetimeIndex(on_clock(wall, zone), freq=None)
    end = regular_end(whole)
    if end.step is None:
        return
    row = int(wall.get_indexer([day], method="ffill")[0])
    for left_out in (row, row + 1):
        with pytest.raises(ValueError, match=r"has a gap|no regular step"):
            regular_end(whole.delete(left_out))
    head = regular_end(whole[:row])
    if head.step is not None:
        assert steps_after(head, whole[row + 1 :]) == 1
        with pytest.raises(ValueError, match="leaves out"):
            steps_after(head, whole[row:].delete(1))


# ---- in use


@every_change()
def test_a_forecaster_crosses_the_day(zone, change):
    """Fit before it, forecast and predict over it, update with it, and fit on it: as without a zone."""
    wall = pd.date_range(end=pd.Timestamp(CHANGES[zone][change]) + pd.Timedelta(days=6), periods=60)
    stamps = pd.DatetimeIndex(on_clock(wall, zone), freq=None)
    values = np.sin(np.arange(60) * 2 * np.pi / 7)
    zoned, plain = pd.Series(values, index=stamps), pd.Series(values, index=wall)

    def forecaster():
        return Forecaster(Ridge(), window_length=7)

    before, expected = forecaster().fit(None, zoned[:50]), forecaster().fit(None, plain[:50])
    forecast = before.forecast(10)
    assert forecast.index.equals(stamps[50:])
    assert_allclose(forecast, expected.forecast(10))
    assert_allclose(before.predict(zoned[50:].to_frame()[[]]), forecast)
    assert_allclose(before.predict(zoned[55:].to_frame()[[]]), forecast[5:])
    for cut in (53, 54, 55):  # the day itself is row 53
        updated = forecaster().fit(None, zoned[:50]).update(None, zoned[50:cut])
        assert updated.forecast(60 - cut).index.equals(stamps[cut:])
    pd.testing.assert_series_equal(
        forecaster().fit(None, zoned).forecast(5).reset_index(drop=True),
        forecaster().fit(None, plain).forecast(5).reset_index(drop=True),
    )


def test_a_panel_crosses_the_day():
    stamps = on_clock(pd.date_range("2024-08-20", periods=30), "America/Santiago")
    index = pd.MultiIndex.from_product([["a", "b"], stamps])
    y = pd.Series(np.tile(np.sin(np.arange(30)), 2), index=index)
    short = y[y.index.get_level_values(1) < stamps[19]]  # its last day is one without midnight
    forecast = Forecaster(Ridge(), window_length=2).fit(None, short[:-17]).forecast(5)  # b has two rows
    assert forecast.loc["a"].index.equals(stamps[19:24])
    assert forecast.loc["b"].index.equals(stamps[2:7])


@pytest.mark.parametrize("step", ["h", "30min", "2h"])
@pytest.mark.parametrize("zone", IN_HASTE)
@pytest.mark.parametrize("change", [0, 1])
def test_hours_are_absolute_time(zone, change, step):
    whole = pd.date_range(pd.Timestamp(CHANGES[zone][change], tz="UTC") - pd.Timedelta("20h"), periods=60, freq=step)
    whole = pd.DatetimeIndex(whole.tz_convert(zone), freq=None)
    for cut in (5, 20, 40):
        end = regular_end(whole[:cut])
        assert end.next_values(60 - cut).equals(whole[cut:])
        assert steps_after(end, whole[cut + 2 :]) == 2


# ---- what pandas cannot hold


@pytest.mark.parametrize(
    ("index", "steps"),
    [
        (pd.date_range("2250", periods=8, freq="YS", unit="ns"), 20),
        (pd.date_range("2262-04-01", periods=8, unit="ns"), 20),
        (pd.date_range("2262-04-01", periods=8, unit="ns", tz="America/Santiago"), 20),
        (pd.date_range("2262-04-10", periods=12, freq="h", unit="ns"), 200),
        (pd.PeriodIndex.from_ordinals(np.arange(2**63 - 9, 2**63 - 1), freq="D"), 20),
        (pd.RangeIndex(2**63 - 9, 2**63 - 1), 20),
        (pd.Index(np.arange(2**63 - 5, 2**63 + 5, dtype=np.uint64)), 20),
    ],
    ids=["years", "days", "days in a zone", "hours", "periods", "numbers", "unsigned numbers"],
)
def test_beyond_what_pandas_holds_is_told(index, steps):
    with pytest.raises(
        ValueError, match=rf"ends at .* cannot continue for {steps} steps of .* out of the range of pandas"
    ):
        regular_end(index).next_values(steps)
    if isinstance(index, pd.DatetimeIndex):
        assert len(regular_end(index.as_unit("s")).next_values(steps)) == steps


def test_unsigned_numbers_are_counted_up_to_the_last():
    index = pd.Index(np.arange(2**63 - 4, 2**63 + 6, dtype=np.uint64))
    assert [steps_after(regular_end(index[:4]), index[k:]) for k in (4, 6)] == [0, 2]
    forecaster = Forecaster(Ridge(), window_length=1).fit(None, pd.Series(np.arange(4.0), index[:4]))
    forecaster.update(None, pd.Series(np.arange(6.0), index[4:]))
    assert forecaster.history_.index.equals(index)


# ---- frequencies that are inferred


@pytest.mark.parametrize("step", ["D", "h", "30min", "2D", "MS", "W-TUE", "YS", "WOM-2TUE"])
def test_a_frequency_is_inferred_without_a_warning_that_would_have_to_be_caught(step, monkeypatch):
    """Catching warnings is not safe in threads: they may leave each other's filters."""
    index = pd.date_range("2024-01-02", periods=30, freq=step)
    unknown, catch_warnings = pd.DatetimeIndex(index.to_numpy()), warnings.catch_warnings

    def catch(*args, **settings):  # pandas itself does so
        assert not sys._getframe(1).f_globals["__name__"].startswith("sklstm")
        return catch_warnings(*args, **settings)

    monkeypatch.setattr(warnings, "catch_warnings", catch)
    assert inferred_frequency(unknown) == index.freq
