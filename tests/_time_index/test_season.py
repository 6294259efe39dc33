"""The season of an index and positions in it, compared with what pandas says about each value."""

import numpy as np
import pandas as pd
import pytest

from sklstm._time_index.regular_index import regular_end
from sklstm._time_index.season import season_length, season_positions
from sklstm._time_index.steps import end_if_regular, is_absolute
from sklstm._time_index.wall_clock import on_clock
from tests._time_index.tools import without_frequency

LAST_FRIDAY = pd.offsets.LastWeekOfMonth(weekday=4)
LENGTHS = {
    "MS": 12,
    "ME": 12,
    "BMS": 12,
    "BME": 12,
    "WOM-2TUE": 12,
    LAST_FRIDAY: 12,
    "QS": 4,
    "QS-OCT": 4,
    "QE-NOV": 4,
    "BQE-FEB": 4,
    "3MS": 4,
    "W-SUN": 52,
    "W-MON": 52,
    "W-WED": 52,
    "7D": 52,
    "168h": 52,
    "D": 7,
    "24h": 7,
    "1440min": 7,
    "B": 5,
    "h": 24,
    "60min": 24,
    "30min": 48,
    "1800s": 48,
}
WITHOUT = ("YS", "YE-JUN", "2MS", "2QS", "2W", "2D", "2B", "2h", "15min", "min", "s", "SMS", "bh", "6h", "12h")
ZONES = (None, "Europe/Berlin", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe")


def dates(first, periods, frequency, tz=None):
    """An index in a time zone; pandas refuses days that begin when clocks are put forward."""
    step = pd.tseries.frequencies.to_offset(frequency)
    if tz is None or is_absolute(step):
        return pd.date_range(first, periods=periods, freq=frequency, tz=tz)
    return on_clock(pd.date_range(first, periods=periods, freq=frequency), tz)


def positions(index, season=None, rows=None, end=None):
    end = regular_end(index) if end is None else end
    season = season_length(end) if season is None else season
    return season_positions(season, range(len(index)) if rows is None else rows, index, end)


@pytest.mark.parametrize(("frequency", "length"), LENGTHS.items())
@pytest.mark.parametrize("tz", ZONES)
def test_the_season_of_a_step(frequency, length, tz):
    index = dates("2023-02-06", 30, frequency, tz)
    assert season_length(regular_end(index)) == length
    if tz is None or frequency not in ("24h", "1440min", "168h"):  # without it, their local times are irregular
        assert season_length(regular_end(without_frequency(index))) == length


@pytest.mark.parametrize("frequency", WITHOUT)
def test_steps_without_a_season(frequency):
    assert season_length(end_if_regular(pd.date_range("2023-02-06", periods=30, freq=frequency))) is None


@pytest.mark.parametrize(
    ("frequency", "length"),
    {"M": 12, "Q": 4, "Q-OCT": 4, "W-SAT": 52, "D": 7, "h": 24, "30min": 48, "Y": None, "2M": None, "5D": None}.items(),
)
def test_the_season_of_periods(frequency, length):
    index = pd.period_range("2023-02-06", periods=5, freq=frequency)
    assert season_length(regular_end(index)) == length


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        ({"months": 1}, 12),
        ({"months": 3}, 4),
        ({"weeks": 1}, 52),
        ({"days": 1}, 7),
        ({"hours": 1}, 24),
        ({"years": 1}, None),
        ({"months": 1, "days": 1}, None),
        ({"months": 2}, None),
    ],
)
def test_the_season_of_a_date_offset(offset, length):
    index = pd.date_range("2023-02-06", periods=5, freq=pd.DateOffset(**offset))
    assert season_length(end_if_regular(index)) == length


@pytest.mark.parametrize("index", [pd.RangeIndex(20), pd.Index(np.arange(5, 50, 3)), pd.DatetimeIndex(["2024"])])
def test_numbers_and_an_unknown_step_have_no_season(index):
    assert season_length(regular_end(index)) is None
    assert season_length(None) is None


# ---- positions


@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize(
    ("frequency", "field"),
    [
        ("MS", lambda i: i.month - 1),
        ("ME", lambda i: i.month - 1),
        ("BMS", lambda i: i.month - 1),
        (LAST_FRIDAY, lambda i: i.month - 1),
        ("QS-OCT", lambda i: i.quarter - 1),
        ("QE-NOV", lambda i: i.quarter - 1),
        ("D", lambda i: i.day_of_week),
        ("B", lambda i: i.day_of_week),
        ("h", lambda i: i.hour),
        ("60min", lambda i: i.hour),
        ("30min", lambda i: 2 * i.hour + i.minute // 30),
    ],
)
def test_positions_are_those_of_the_calendar_and_the_clock(frequency, field, tz):
    """Over changes of the clock, with and without a frequency, and when only some rows are asked for."""
    index = dates("2022-11-07", 900, frequency, tz)
    expected = np.asarray(field(index))
    np.testing.assert_array_equal(positions(index), expected)
    end = regular_end(without_frequency(index))
    np.testing.assert_array_equal(positions(index[700:720], season_length(end), end=end), expected[700:720])


@pytest.mark.parametrize("frequency", [*LENGTHS, *WITHOUT])
@pytest.mark.parametrize("tz", [None, "America/Santiago"])
@pytest.mark.parametrize("season", [None, 5])
def test_the_index_that_follows_continues(frequency, tz, season):
    whole = dates("1968-02-06", 150, frequency, None if frequency == "2B" else tz)  # 2B cannot be inferred
    end = regular_end(whole[:130])
    season = season or season_length(end) or 2
    future = end.next_values(20)
    np.testing.assert_array_equal(
        season_positions(season, range(130, 150), future, end), positions(whole, season, end=end)[130:]
    )


@pytest.mark.parametrize("frequency", ["MS", "QE-NOV", "D", "2D", "B", "2B", "h", "15min", "7h", "YS", "2MS"])
@pytest.mark.parametrize("season", [2, 5, 7, 12, 96])
def test_any_season_counts_steps(frequency, season):
    """One after another, and all series of a panel have the same position at the same time."""
    index = pd.date_range("1968-01-29", periods=200, freq=frequency)
    found = positions(index, season)
    np.testing.assert_array_equal(np.diff(found) % season, 1 % season)
    np.testing.assert_array_equal(positions(index[123:], season), found[123:])
    assert 0 <= found.min() <= found.max() < season


def test_a_season_of_a_week_of_hours_follows_the_clock():
    index = pd.date_range("2024-01-01", "2025-01-01", freq="h", tz="Europe/Berlin")
    np.testing.assert_array_equal(positions(index, 168), 24 * index.day_of_week + index.hour)
    np.testing.assert_array_equal(positions(index, 12), index.hour % 12)
    np.testing.assert_array_equal(np.diff(positions(index, 25)) % 25, 1)  # which is no number of days


@pytest.mark.parametrize("weekday", ["SUN", "MON", "WED"])
def test_weeks_stay_with_the_calendar(weekday):
    index = pd.date_range("1950-01-01", "2050-01-01", freq=f"W-{weekday}")
    found = positions(index)
    steps = np.diff(found) % 52
    assert set(steps) == {0, 1}
    table = pd.DataFrame({"position": found, "day": index.day_of_year})
    days = table.groupby("position").day.agg(["min", "max"])
    assert ((days["max"] - days["min"]) <= 8).all()  # seven days, and one of leap years
    np.testing.assert_array_equal(positions(index.to_period(f"W-{weekday}")), found)


@pytest.mark.parametrize("frequency", ["M", "D", "h", "30min", "Q-OCT", "W-SUN"])
def test_periods_have_the_positions_of_their_last_day_or_time(frequency):
    index = pd.period_range("1960-02-01", periods=300, freq=frequency)
    found = positions(index)
    end = {"M": "ME", "Q-OCT": "QE-OCT"}.get(frequency, frequency)
    stamps = index.end_time.floor("D") if frequency in ("M", "D", "Q-OCT", "W-SUN") else index.start_time
    np.testing.assert_array_equal(found, positions(pd.DatetimeIndex(stamps, freq=end)))


def test_days_of_24_hours_do_not_repeat_when_clocks_change():
    index = pd.date_range("2024-10-20", periods=20, freq="24h", tz="Europe/Berlin")
    assert index[10].hour == 23  # the weekday of the clock occurred twice
    np.testing.assert_array_equal(np.diff(positions(index)) % 7, 1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("frequency", ["D", "h", "30min", "W-MON"])
def test_the_unit_of_timestamps_does_not_matter(unit, frequency):
    index = pd.date_range("1960-02-01", periods=100, freq=frequency)
    np.testing.assert_array_equal(positions(index.as_unit(unit)), positions(index))


def test_the_time_zone_of_given_rows_does_not_matter():
    index = pd.date_range("2024-03-29", periods=100, freq="h", tz="Europe/Berlin")
    end = regular_end(index)
    np.testing.assert_array_equal(positions(index.tz_convert("UTC"), 24, end=end), index.hour)


def test_a_day_without_midnight_is_still_that_day():
    index = dates("2024-03-01", 20, "D", "America/Havana")
    np.testing.assert_array_equal(np.diff(positions(index)) % 7, 1)


def test_numbers_are_counted_in_their_steps():
    index = pd.Index(np.arange(-9, 60, 3))
    np.testing.assert_array_equal(positions(index, 4), np.arange(-3, 20) % 4)
    np.testing.assert_array_equal(positions(index[5:], 4), positions(index, 4)[5:])


def test_rows_are_counted_without_an_index_and_without_a_known_step():
    np.testing.assert_array_equal(season_positions(4, range(10, 15)), [2, 3, 0, 1, 2])
    short = pd.DatetimeIndex(["2024-01-01", "2024-01-05"])
    np.testing.assert_array_equal(season_positions(4, range(2), short, regular_end(short)), [0, 1])
    hours = pd.date_range("2024-01-01 09:00", periods=5, freq="bh")
    np.testing.assert_array_equal(season_positions(4, range(3, 8), hours, regular_end(hours)), [3, 0, 1, 2, 3])
