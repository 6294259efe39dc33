import pandas as pd
import pytest

from sklstm._time_index.regular_index import regular_end, steps_after
from sklstm._time_index.wall_clock import day_exists, on_clock, wall_clock


@pytest.mark.parametrize(
    ("zone", "by_old_clock"),
    [
        ("Europe/Berlin", False),
        ("Europe/Berlin", True),
        ("America/New_York", False),
        ("America/New_York", True),
        ("Australia/Lord_Howe", False),
    ],
)
def test_a_time_of_day_that_was_left_out_stands_for_itself(zone, by_old_clock):
    """Half past two, where clocks go from two to three (or half past): the first time there was, or an hour later."""
    forward = {"Europe/Berlin": "2024-03-31", "America/New_York": "2024-03-10", "Australia/Lord_Howe": "2024-10-06"}
    wall = pd.date_range(end=pd.Timestamp(forward[zone]) + pd.Timedelta("4D2h15min"), periods=12)
    stamps = wall.tz_localize(zone, nonexistent=pd.Timedelta("1h") if by_old_clock else "shift_forward")
    assert (stamps.tz_localize(None) != wall).sum() == 1
    end = regular_end(pd.DatetimeIndex(stamps, freq=None))
    assert end.next_values(2).tz_localize(None).equals(pd.date_range(wall[-1], periods=3)[1:])
    assert regular_end(pd.DatetimeIndex(stamps[:8], freq=None)).next_values(2).equals(stamps[8:10])


def test_a_day_that_was_left_out_is_none():
    """Samoa went from 29 to 31 December 2011."""
    stamps = pd.DatetimeIndex([*pd.date_range("2011-12-20", "2011-12-29"), *pd.date_range("2011-12-31", "2012-01-09")])
    stamps = stamps.tz_localize("Pacific/Apia")
    assert regular_end(stamps[:10]).next_values(10).equals(stamps[10:])
    assert steps_after(regular_end(stamps[:8]), stamps[10:]) == 2
    assert regular_end(stamps).next_values(1)[0] == pd.Timestamp("2012-01-10", tz="Pacific/Apia")


def test_the_wall_shows_local_times_and_says_when_days_begin():
    stamps = pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin")
    wall, time_of_day = wall_clock(stamps)
    assert wall.equals(pd.date_range("2024-03-25", periods=12).as_unit(wall.unit))
    assert time_of_day == pd.Timedelta(0)
    plain = pd.date_range("2024-03-25", periods=12)
    assert wall_clock(plain) == (plain, None)


def test_clocks_show_each_time_once_and_skip_what_there_is_not():
    back = pd.DatetimeIndex(["2024-10-27 02:30"])  # comes twice: the first is taken
    assert on_clock(back, "Europe/Berlin")[0] == pd.Timestamp("2024-10-27 00:30", tz="UTC")
    forward = pd.DatetimeIndex(["2024-03-31 02:30"])
    assert on_clock(forward, "Europe/Berlin")[0] == pd.Timestamp("2024-03-31 03:00", tz="Europe/Berlin")
    days = pd.DatetimeIndex(["2011-12-29", "2011-12-30", "2011-12-31"])
    assert day_exists(days, "Pacific/Apia").tolist() == [True, False, True]
