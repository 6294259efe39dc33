import numpy as np
import pandas as pd
import pytest

from sklstm._time_index.regular_index import regular_end
from tests._time_index.tools import (
    DAYS,
    HOURS,
    MINUTES,
    MONTHS,
    SANTIAGO,
    WEEK_DAYS,
    as_series_and_frame,
    check,
    dropped,
    jittered,
    mended,
    numbers,
    stamps,
    texts,
    without_frequency,
)

BERLIN = pd.date_range("2024-03-28", periods=8, tz="Europe/Berlin")


THIRTIETHS = pd.to_datetime([f"2023-{month:02d}-{28 if month == 2 else 30}" for month in range(1, 13)])


ADVISED = {
    "offsets as text": (pd.Index([str(time) for time in BERLIN]), "Europe/Berlin", str(BERLIN[0])),
    "offsets of hours as text": (
        pd.Index(
            [time.isoformat() for time in pd.date_range("2024-11-02", periods=40, freq="h", tz="America/New_York")]
        ),
        "America/New_York",
        "2024-11-02 00:00:00-04:00",
    ),
    "stamps of two offsets": (
        pd.Index([pd.Timestamp(str(time)) for time in BERLIN], dtype=object),
        "Europe/Berlin",
        str(BERLIN[0]),
    ),
    "stamps of two zones": (
        pd.Index([pd.Timestamp(2024, 1, day, tz=("UTC", "Asia/Tokyo")[day % 2]) for day in range(1, 9)], dtype=object),
        "tz_localize(None)",
        "2024-01-01 00:00:00",
    ),
    "days first": (texts(pd.date_range("2024-01-13", periods=9), "%d.%m.%Y"), "%d.%m.%Y", "2024-01-13 00:00:00"),
    "first days of months, days first": (texts(MONTHS, "%d.%m.%Y"), "%d.%m.%Y", "2023-05-01 00:00:00"),
    "slashes, months first": (texts(DAYS[3:] + pd.Timedelta("10D"), "%m/%d/%Y"), "%m/%d/%Y", "2024-01-14 00:00:00"),
    "slashes, days first": (texts(DAYS[3:] + pd.Timedelta("10D"), "%d/%m/%Y"), "%d/%m/%Y", "2024-01-14 00:00:00"),
    "Jan-20": (texts(MONTHS, "%b-%y"), "%b-%y", "2023-05-01 00:00:00"),
    "January 2020": (texts(MONTHS, "%B %Y"), "%B %Y", "2023-05-01 00:00:00"),
    "2020M01": (texts(MONTHS, "%YM%m"), "%YM%m", "2023-05-01 00:00:00"),
    "2020-01": (texts(MONTHS, "%Y-%m"), "to_datetime", "2023-05-01 00:00:00"),
    "2020/1": (pd.Index(["2024/1", "2024/2", "2024/3"]), "%Y/%m", "2024-01-01 00:00:00"),
    "spans": (pd.interval_range(pd.Timestamp("2024"), periods=9), "left", "2024-01-01 00:00:00"),
    "202001": (texts(MONTHS, "%Y%m"), "%Y%m", "2023-05-01 00:00:00"),
    "20200101": (texts(DAYS, "%Y%m%d"), "%Y%m%d", "2024-01-01 00:00:00"),
    "weeks": (pd.Index(["2020-W52", "2020-W53", "2021-W01", "2021-W02"]), "%G-W%V-%u", "2020-12-21 00:00:00"),
    "quarters": (pd.Index(["2024Q1", "2024Q2", "2024Q3"]), "PeriodIndex", "2024Q1"),
    "quarters with a dash": (pd.Index(["2024-Q1", "2024-Q2", "2024-Q3"]), "PeriodIndex", "2024Q1"),
    "quarters first": (pd.Index(["Q1 2024", "Q2 2024", "Q3 2024"]), "PeriodIndex", "2024Q1"),
    "years as text": (pd.Index(["2020", "2021", "2022"]), "astype(int)", "2020"),
    "categories": (pd.CategoricalIndex(texts(DAYS, "%Y-%m-%d")), "to_datetime", "2024-01-01 00:00:00"),
    "text backwards": (texts(DAYS[::-1], "%Y-%m-%d"), "sort_index", "2024-01-01 00:00:00"),
    "text with a gap": (texts(dropped(DAYS, 5), "%Y-%m-%d"), 'asfreq("D")', "2024-01-01 00:00:00"),
    "the 30th": (THIRTIETHS, 'to_period("M")', "2023-01"),
    "the 30th but February": (THIRTIETHS.delete(1), "reindex", "2023-01"),
    "the 15th backwards": (pd.DatetimeIndex(MONTHS + pd.Timedelta("14D"))[::-1], "sort_index", "2023-05"),
    "SMS with a gap": (dropped(pd.date_range("2023", periods=12, freq="SMS"), 5), "SMS-15", "2023-01-01 00:00:00"),
    "SME with a gap": (dropped(pd.date_range("2023", periods=12, freq="SME"), 5), "SME-15", "2023-01-15 00:00:00"),
    "LWOM with a gap": (
        dropped(pd.date_range("2023", periods=12, freq=pd.offsets.LastWeekOfMonth(weekday=4)), 5),
        "asfreq",
        "2023-01-27 00:00:00",
    ),
    "minutes that are late": (jittered(MINUTES, 1, 9, "ms"), 'round("min")', "2024-01-01 10:00:00"),
    "minutes that are early or late": (jittered(MINUTES, -9, 9, "ms"), 'round("min")', "2024-01-01 10:00:00"),
    "quarter hours that are late": (
        jittered(pd.date_range("2024", periods=60, freq="15min"), 0, 40, "s"),
        "round",
        "2024-01-01 00:00:00",
    ),
    "days at any hour": (jittered(DAYS, 0, 20 * 3600, "s"), "floor", "2024-01-01 00:00:00"),
    "decimal years": (pd.Index(np.round(1949 + np.arange(24) / 12, 3)), "from_ordinals", "1949-01"),
    "decimal years of quarters": (pd.Index(1949 + np.arange(24) / 4), "* 4", "1949Q1"),
    "decimal years of mid-months": (
        pd.Index([1958.2027, 1958.2877, 1958.3699, 1958.4548, 1958.537, 1958.6219, 1958.7068, 1958.789, 1958.874]),
        "from_ordinals",
        "1958-03",
    ),
    "numbers of days": (numbers(pd.date_range("2024-01-20", periods=30), "%Y%m%d"), "%Y%m%d", "2024-01-20 00:00:00"),
    "numbers of one month's days": (pd.RangeIndex(20240101, 20240132), "%Y%m%d", "2024-01-01 00:00:00"),
    "numbers of business days": (numbers(WEEK_DAYS, "%Y%m%d"), "%Y%m%d", "2024-01-01 00:00:00"),
    "numbers of days with a gap": (numbers(dropped(DAYS, 5), "%Y%m%d"), "asfreq", "2024-01-01 00:00:00"),
    "numbers of months": (numbers(MONTHS, "%Y%m"), "%Y%m", "2023-05-01 00:00:00"),
    "numbers of one year's months": (pd.Index(range(202401, 202407)), "%Y%m", "2024-01-01 00:00:00"),
    "numbers of months as floats": (numbers(MONTHS, "%Y%m").astype(float), "%Y%m", "2023-05-01 00:00:00"),
    "numbers of hours": (numbers(HOURS, "%Y%m%d%H").delete(slice(5, None)), "%H", "2024-03-30 20:00:00"),
    "numbers of quarters": (pd.Index([20233, 20234, 20241, 20242]), "PeriodIndex", "2023Q3"),
    "numbers of weeks": (pd.Index([202350, 202351, 202352, 202401]), "%G%V-%u", "2023-12-11 00:00:00"),
    "numbers of a year's days": (pd.Index([2023364, 2023365, 2024001]), "%Y%j", "2023-12-30 00:00:00"),
    "days of a spreadsheet": (pd.Index([45292, 45323, 45352, 45383]), "1899-12-30", "2024-01-01 00:00:00"),
    "seconds of months": (pd.Index(MONTHS.as_unit("s").asi8), 'unit="s"', "2023-05-01 00:00:00"),
    "milliseconds of months": (pd.Index(MONTHS.as_unit("ms").asi8), 'unit="ms"', "2023-05-01 00:00:00"),
    "an hour that came twice": (
        without_frequency(
            pd.date_range("2024-10-26 18:00", periods=20, freq="h", tz="Europe/Berlin").tz_localize(None)
        ),
        "Europe/Berlin",
        "2024-10-26 18:00:00+02:00",
    ),
    "twice, and a gap": (
        stamps("2024-01-01", "2024-01-01", "2024-01-02", "2024-01-04"),
        "asfreq",
        "2024-01-01 00:00:00",
    ),
    "half days of local time": (
        pd.date_range("2024-03-29", periods=10, freq="12h").tz_localize("Europe/Berlin"),
        "tz_localize(None)",
        "2024-03-29 00:00:00",
    ),
    "a gap before a day without midnight": (
        pd.DatetimeIndex(SANTIAGO).tz_localize("America/Santiago", nonexistent="shift_forward").delete(3),
        "shift_forward",
        "2023-08-30 00:00:00-04:00",
    ),
}


@as_series_and_frame(ADVISED)
def test_what_is_advised_works_on_the_index_that_brought_it(name, form):
    index, part, first = ADVISED[name]
    message, tables = mended(index, form)
    assert part in message
    assert tables
    for table in tables:
        (end,) = check(table.index)
        assert end.step is not None
        assert (table if form is pd.Series else table[0]).count() >= index.nunique()
    assert str(tables[0].index[0]) == first


def test_both_ways_to_read_a_date_are_shown_where_both_can_be():
    message, tables = mended(texts(MONTHS, "%d/%m/%Y")[8:17])
    assert "if the month comes first" in message
    assert {str(table.index[1])[:10] for table in tables} == {"2024-01-02", "2024-02-01"}


UNMENDABLE = {
    "letters": pd.Index(list("abc")),
    "durations": pd.timedelta_range("1h", periods=5, freq="h"),
    "periods of two frequencies": pd.Index([pd.Period("2024-01", "M"), pd.Period("2024Q2", "Q")], dtype=object),
    "any times": stamps("2024-01-05 10:00", "2024-01-05 17:12", "2024-01-07 09:01", "2024-01-07 10:00"),
}


@pytest.mark.parametrize("name", UNMENDABLE)
def test_nothing_is_advised_where_nothing_helps_but_to_count(name):
    message, tables = mended(UNMENDABLE[name])
    assert not tables
    assert "y.reset_index(drop=True) numbers them" in message


def test_times_of_day_are_shown_in_full():
    message, _ = mended(MINUTES[:4].append(MINUTES[5:9]) + pd.Timedelta("2ms"))
    assert "2024-01-01 10:03:00.002000 is followed by 2024-01-01 10:05:00.002000" in message
    message, _ = mended(
        pd.to_datetime(["2024-01-01 00:00:00.002", "2024-01-01 00:00:00.004", "2024-01-01 00:00:00.010"])
    )
    assert "2024-01-01 00:00:00.004000 is followed by 2024-01-01 00:00:00.010000" in message


HONEST = {
    "years": pd.Index(range(1960, 2021)),
    "a counter over numbers that are no months": pd.RangeIndex(200001, 200101),
    "numbers of eight digits": pd.RangeIndex(12345600, 12345700),
    "seconds since 1970": pd.Index(range(1704067200, 1704067200 + 86400 * 9, 86400)),
    "days of a spreadsheet": pd.Index(range(45292, 45322)),
    "one number": pd.Index([20240131]),
    "numbers of five digits": pd.Index(range(20231, 20251)),
}


@pytest.mark.parametrize("name", HONEST)
def test_numbers_that_are_no_dates_go_on_as_numbers(name):
    end = regular_end(HONEST[name])
    assert end.next_values(1)[0] == HONEST[name][-1] + end.step
