"""What is wrong with an index, and the calls that are said to mend it: each is done, to the index that brought it."""

import re

import numpy as np
import pandas as pd
import pytest

from sklstm import Forecaster, split_panel
from sklstm._forecasting.panel import series_positions
from sklstm._utils.time_index import regular_end

ADVICE = re.compile(
    r"y(?:\.index)? = .+?(?= (?:makes|gives|adds|sorts|keeps|takes|tells|repairs|converts|if)\b|\. |\.$)"
)


def advised(message):
    """The statements in a message."""
    return [found.removeprefix("(") for found in ADVICE.findall(message)]


def check(index):
    """What a Forecaster asks of an index, of one series or of several."""
    if index.nlevels == 1:
        return [regular_end(index)]
    times = index.get_level_values(1)
    return [regular_end(times[rows], "y", key) for key, rows in series_positions(index)]


def mended(index, form=pd.Series):
    """The message that an index brings, and a table after each of the statements in it."""
    y = form(np.arange(1.0, len(index) + 1), index=index)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        check(y.index)
    tables = []
    for statement in advised(str(error.value)):
        names = {"y": y.copy(), "pd": pd}
        exec(statement, names)
        tables.append(names["y"])
    return str(error.value), tables


def as_series_and_frame(names):
    """Parametrize by name and kind of table; in the fast suite the kinds take turns."""
    cases = [
        pytest.param(name, form, id=f"{name}-{form.__name__}", marks=() if number % 2 == turn else pytest.mark.slow)
        for number, name in enumerate(names)
        for turn, form in enumerate((pd.Series, pd.DataFrame))
    ]
    return pytest.mark.parametrize(("name", "form"), cases)


def without_frequency(index):
    return pd.DatetimeIndex(index, freq=None) if isinstance(index, pd.DatetimeIndex) else index


# ---- one series


def stamps(*values, **options):
    return pd.DatetimeIndex(list(values), **options)


def dropped(index, *rows):
    return without_frequency(index.delete(list(rows)))


DAYS = pd.date_range("2024-01-01", periods=12)
HOURS = pd.date_range("2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin")
SANTIAGO = [str(day) for day in pd.date_range("2023-08-30", periods=9).date]  # on 3 September there is no midnight
WEEK_DAYS = pd.bdate_range("2024-01-01", periods=30)

GAPS = {
    "days": (dropped(DAYS, 4, 7), "2024-01-04.*2024-01-06.*2024-01-05 is missing .2 in all", 'y.asfreq("D")'),
    "days in a row missing": (dropped(DAYS, 4, 5), "2024-01-04.*2024-01-07.*2024-01-05", 'y.asfreq("D")'),
    "three days": (stamps("2024-01-01", "2024-01-03", "2024-01-04"), "2024-01-02 is missing", 'y.asfreq("D")'),
    "a day of 23 hours": (
        dropped(pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin"), 6),
        r"2024-03-31\+01:00 is missing",
        'y.asfreq("D")',
    ),
    "an hour as clocks change": (dropped(HOURS, 6), r"2024-03-31 03:00:00\+02:00 is missing", 'y.asfreq("h")'),
    "months": (
        dropped(pd.date_range("2023-01-01", periods=12, freq="MS"), 5),
        "2023-06-01 is missing",
        'y.asfreq("MS")',
    ),
    "months, no three in a row": (
        stamps("2023-01-01", "2023-02-01", "2023-04-01", "2023-05-01", "2023-07-01", "2023-08-01"),
        "2023-03-01 is missing",
        'y.asfreq("MS")',
    ),
    "month ends": (
        dropped(pd.date_range("2023-01-31", periods=12, freq="ME"), 1),
        "2023-02-28 is missing",
        'y.asfreq("ME")',
    ),
    "quarter ends": (
        dropped(pd.date_range("2020-03-31", periods=12, freq="QE"), 5),
        "2021-06-30 is missing",
        'y.asfreq("QE-DEC")',
    ),
    "years": (dropped(pd.date_range("2000", periods=12, freq="YS"), 5), "2005-01-01", 'y.asfreq("YS-JAN")'),
    "Wednesdays": (
        dropped(pd.date_range("2024-01-03", periods=12, freq="W-WED"), 3),
        "2024-01-24 is missing",
        'y.asfreq("W-WED")',
    ),
    "business days": (dropped(WEEK_DAYS, 10), "2024-01-12.*2024-01-16.*2024-01-15 is missing", 'y.asfreq("B")'),
    "business days without Mondays": (
        without_frequency(WEEK_DAYS[WEEK_DAYS.day_of_week > 0]),
        "2024-01-05.*2024-01-09.*2024-01-08 is missing",
        'y.asfreq("B")',
    ),
    "quarter hours": (
        dropped(pd.date_range("2024-01-01", periods=40, freq="15min", unit="s"), 9, 10, 11),
        "02:15:00 is missing .3 in all",
        'y.asfreq("15min")',
    ),
    "hours of working days": (
        stamps(*[day + pd.Timedelta(hours=hour) for day in WEEK_DAYS[:6] for hour in range(8, 17)]),
        "2024-01-01 16:00:00.*2024-01-02 08:00:00.*2024-01-01 17:00:00 is missing",
        'y.asfreq("h")',
    ),
    "a midnight that there was not": (
        stamps(*[day for day in SANTIAGO if not day.endswith("09-03")], tz="America/Santiago"),
        "2023-09-02-04:00.*2023-09-04-03:00, so 2023-09-03 01:00:00-03:00 is missing",
        'y.reindex(pd.date_range("2023-08-30 00:00:00", "2023-09-07 00:00:00", freq="D").tz_localize('
        '"America/Santiago", nonexistent="shift_forward", ambiguous=True))',
    ),
    "periods": (
        pd.PeriodIndex(["2024-01", "2024-02", "2024-04"], freq="M"),
        "2024-03 is missing",
        "y.reindex(pd.period_range(y.index[0], y.index[-1]))",
    ),
    "every second period": (
        pd.period_range("2024-01", periods=9, freq="M")[::2],
        "2024-02 is missing",
        "y.reindex(pd.period_range(y.index[0], y.index[-1]))",
    ),
    "integers": (pd.Index([5, 7, 9, 13, 15]), "9 is followed by 13, so 11 is missing", "y.reindex(range(5, 17, 2))"),
    "integers that can be missing": (
        pd.Index([5, 6, 8], dtype="Int64"),
        "7 is missing",
        "y.reindex(range(5, 9, 1))",
    ),
    "counted instead": (pd.Index([5, 7, 9, 13, 15]), "7 is followed by|gap", "y.reset_index(drop=True)"),
}

IRREGULAR = {
    "an hour too many": (
        HOURS.insert(3, HOURS[2] + pd.Timedelta(minutes=20)),
        r"the most common step is h, but 2024-03-30 22:00:00\+01:00 is followed by 2024-03-30 22:20:00\+01:00",
        "y.reset_index(drop=True)",
    ),
    "a month's second day": (
        stamps("2023-01-01", "2023-02-01", "2023-03-02", "2023-04-01", "2023-05-01", "2023-06-01", "2023-07-01"),
        "the most common step is MS, but 2023-02-01 is followed by 2023-03-02",
        'y.index = y.index.to_period("M")',
    ),
    "begins in mid-month": (
        stamps("2022-12-15", "2023-01-01", "2023-02-01", "2023-03-01", "2023-04-01"),
        "the most common step is MS, but 2022-12-15 is followed by 2023-01-01",
        'y.index = y.index.to_period("M")',
    ),
    "Mondays, Wednesdays and Fridays": (
        stamps(*[day for day in WEEK_DAYS if day.day_of_week in (0, 2, 4)]),
        "the most common step is 2D, but 2024-01-05 is followed by 2024-01-08",
        'y = y.asfreq(pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"))',
    ),
    "all at random": (
        stamps("2024-01-05 10:00", "2024-01-05 17:12", "2024-01-07 09:01", "2024-01-07 10:00", "2024-01-08 00:00"),
        "it begins with 2024-01-05 10:00:00, 2024-01-05 17:12:00, 2024-01-07 09:01:00.*Aggregate",
        "y.reset_index(drop=True)",
    ),
    "years apart": (
        stamps("2001-05-17", "2003-01-02", "2003-02-11", "2009-11-30"),
        "it begins with 2001-05-17",
        "y.reset_index(drop=True)",
    ),
    "integers": (
        pd.Index([0, 10, 20, 33]),
        "the most common step is 10, but 20 is followed by 33",
        "y.reset_index(drop=True)",
    ),
    "periods of two months": (
        pd.PeriodIndex(["2024-01", "2024-03", "2024-06"], freq="2M"),
        "most common step is|it begins with 2024-01, 2024-03, 2024-06",
        "y.reset_index(drop=True)",
    ),
}

UNSORTED = {
    "twice the same": (
        DAYS.insert(5, DAYS[2]),
        "2024-01-03 2 times, first in rows 2 and 5",
        "y[~y.index.duplicated()].sort_index()",
    ),
    "twice in a row": (
        DAYS.insert(3, DAYS[2]),
        "2024-01-03 2 times, first in rows 2 and 3",
        "y.groupby(level=0).mean()",
    ),
    "thrice": (DAYS[[0, 1, 1, 1, 2, 3, 4, 5, 6]], "2024-01-02 3 times", "y[~y.index.duplicated()]"),
    "integers twice": (pd.Index([4, 5, 5, 6]), "has 5 2 times", "y[~y.index.duplicated()]"),
    "periods twice": (
        pd.PeriodIndex(["2024-01"] * 2 + ["2024-02"], freq="M"),
        "2024-01 2",
        "y.groupby(level=0).mean()",
    ),
    "two rows changed": (DAYS[[0, 1, 3, 2, *range(4, 12)]], "2024-01-04 is followed by 2024-01-03", "y.sort_index()"),
    "backwards": (DAYS[::-1], "2024-01-12 is followed by 2024-01-11 in rows 0 and 1", "y.sort_index()"),
    "integers backwards": (pd.RangeIndex(9, 3, -1), "9 is followed by 8", "y.sort_index()"),
    "integers that can be missing": (pd.Index([1, 3, 2], dtype="Int64"), "3 is followed by 2", "y.sort_index()"),
    "periods unsorted": (pd.PeriodIndex(["2024-02", "2024-01"], freq="M"), "2024-02 is followed by", "y.sort_index()"),
}

KINDS = {
    "text": (pd.Index(["2024-01-01", "2024-02-01"]), "begins with '2024-01-01'", "y.index = pd.to_datetime(y.index)"),
    "no dates": (pd.Index(["a", "b"]), "begins with 'a'", "y.reset_index(drop=True)"),
    "dates as objects": (pd.Index(DAYS.date), r"datetime\.date\(2024, 1, 1\)", "y.index = pd.to_datetime(y.index)"),
    "whole floats": (
        pd.Index([2001.0, 2002.0]),
        r"float64 and it begins with 2001\.0",
        "y.index = y.index.astype(int)",
    ),
    "floats": (pd.Index([2001.0, 2001.25]), "begins with 2001", "y.reset_index(drop=True)"),
    "seconds": (
        pd.Index([1.7e9 + 0.5, 1.7e9 + 1.5]),
        "float64",
        'y.index = pd.to_datetime(y.index, unit="s")',
    ),
    "endless": (pd.Index([0.0, np.inf]), "float64", "y.reset_index(drop=True)"),
    "integers as objects": (
        pd.Index([1, 2], dtype=object),
        "object and it begins with 1",
        "y.index = y.index.astype(int)",
    ),
    "truths": (pd.Index([False, True]), "bool", "y.reset_index(drop=True)"),
    "categories": (pd.CategoricalIndex([1, 2]), "category", "y.reset_index(drop=True)"),
    "durations": (pd.timedelta_range("1h", periods=3, freq="h"), "timedelta64", "y.reset_index(drop=True)"),
    "intervals": (pd.interval_range(0, 3), "interval", "y.reset_index(drop=True)"),
    "no time": (stamps("2024-01-01", None, "2024-01-02"), "NaT in row 1", "y[y.index.notna()]"),
    "no period": (pd.PeriodIndex(["2024-01", None], freq="M"), "NaT in row 1", "y[y.index.notna()]"),
    "no number": (pd.Index([1, 2, None], dtype="Int64"), "<NA> in row 2", "y[y.index.notna()]"),
}

MENDABLE = {
    f"{group}: {name}": case
    for group, cases in {"gap": GAPS, "irregular": IRREGULAR, "order": UNSORTED, "kind": KINDS}.items()
    for name, case in cases.items()
}


@as_series_and_frame(MENDABLE)
def test_the_call_that_is_shown_mends_the_index(name, form):
    index, shown, call = MENDABLE[name]
    y = pd.Series(np.arange(1.0, len(index) + 1), index=index, name="sold")
    if form is pd.DataFrame:
        y = y.to_frame()
    with pytest.raises(ValueError, match=shown) as error:
        regular_end(y.index)
    assert call.removesuffix(".sort_index()") in str(error.value)
    assert all(len(table) for table in mended(index, form)[1])
    namespace = {"y": y, "pd": pd}
    exec(call if " = " in call else f"y = {call}", namespace)
    assert regular_end(namespace["y"].index).last is not None
    if "asfreq" in call or "reindex" in call:  # no value is lost
        assert namespace["y"].dropna().to_numpy().tolist() == y.to_numpy().tolist()


def test_the_series_is_called_by_its_name():
    with pytest.raises(ValueError, match=r'^The index of sales has a gap.* sales\.asfreq\("D"\)'):
        regular_end(dropped(DAYS, 4), "sales")


# ---- every statement of every message


def texts(index, form):
    return index.strftime(form)


def numbers(index, form):
    return pd.Index(index.strftime(form).astype(int))


def jittered(index, low, high, unit):
    off = np.random.default_rng(0).integers(low, high, len(index))
    return without_frequency(pd.DatetimeIndex(index + pd.to_timedelta(off, unit=unit)))


MONTHS = pd.date_range("2023-05-01", periods=30, freq="MS")
BERLIN = pd.date_range("2024-03-28", periods=8, tz="Europe/Berlin")
MINUTES = pd.date_range("2024-01-01 10:00", periods=100, freq="min", unit="ns")
THIRTIETHS = pd.to_datetime([f"2023-{month:02d}-{28 if month == 2 else 30}" for month in range(1, 13)])

# An index, what must stand in one of its statements, and the first value of it after that.
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
    assert "y.reset_index(drop=True) numbers the rows" in message


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


# ---- several series


def pieces(index, *parts):
    return pd.MultiIndex.from_arrays(parts if parts else [index.year, index.month])


DAYS_OF_YEARS = pd.date_range("2023-06-01", periods=500)
STAMPS = pd.date_range("2024-01-01", periods=72, freq="h")

IN_PIECES = {
    "year, month": pieces(MONTHS),
    "year, month with a gap": pieces(MONTHS).delete(9),
    "year, name of the month": pieces(MONTHS, MONTHS.year, MONTHS.strftime("%b")),
    "year, whole name of the month": pieces(MONTHS, MONTHS.year, MONTHS.strftime("%B")),
    "year, quarter": pieces(MONTHS, MONTHS[::3].year, MONTHS[::3].quarter),
    "year, day of it": pieces(MONTHS, DAYS_OF_YEARS.year, DAYS_OF_YEARS.day_of_year),
    "year, week": pd.MultiIndex.from_frame(
        pd.date_range("2020-01-06", periods=100, freq="W-MON").isocalendar()[["year", "week"]]
    ),
    "day, hour": pieces(STAMPS, STAMPS.normalize(), STAMPS.hour),
    "day, hour with a gap": pieces(STAMPS, STAMPS.normalize(), STAMPS.hour).delete(9),
    "day, hour from 1": pieces(STAMPS, STAMPS.normalize(), STAMPS.hour + 1),
    "date, hour": pieces(STAMPS, pd.Index(STAMPS.date), STAMPS.hour),
    "text, hour": pieces(STAMPS, STAMPS.strftime("%Y-%m-%d"), STAMPS.hour),
    "period, hour": pieces(STAMPS, STAMPS.to_period("D"), STAMPS.hour),
    "date, time": pieces(STAMPS, pd.Index(STAMPS.date), pd.Index(STAMPS.time)),
    "month, day of it": pieces(DAYS, DAYS_OF_YEARS.to_period("M"), DAYS_OF_YEARS.day),
    "first of the month, day of it": pieces(DAYS, DAYS_OF_YEARS.strftime("%Y-%m-01"), DAYS_OF_YEARS.day),
    "month as a number, day of it": pieces(DAYS, DAYS_OF_YEARS.strftime("%Y%m").astype(int), DAYS_OF_YEARS.day),
    "day, stamp": pieces(STAMPS, STAMPS.normalize(), STAMPS),
    "date, stamp": pieces(STAMPS, pd.Index(STAMPS.date), STAMPS),
    "year, month, day": pieces(DAYS_OF_YEARS, DAYS_OF_YEARS.year, DAYS_OF_YEARS.month, DAYS_OF_YEARS.day),
    "year, month, day, hour": pieces(STAMPS, STAMPS.year, STAMPS.month, STAMPS.day, STAMPS.hour),
}


@pytest.mark.parametrize("name", IN_PIECES)
def test_a_time_in_pieces_is_no_panel(name):
    message, (whole, *as_panel) = mended(IN_PIECES[name])
    assert whole.index.nlevels == 1
    assert whole.count() == len(IN_PIECES[name])
    (end,) = check(whole.index)
    assert end.step is not None
    for table in as_panel:  # and the way out, where it is one after all
        assert "tell series apart" in message
        if "gap" not in name and "time" not in name and "name" not in name:
            assert len(check(table.index)) == table.index.get_level_values(0).nunique()
    with pytest.raises(ValueError, match=r"series and time|two levels"):
        split_panel(IN_PIECES[name], 1, 1)
    with pytest.raises(ValueError, match=r"series and time|two levels"):
        Forecaster().fit(None, pd.Series(1.0, index=IN_PIECES[name]))


HONEST_PANELS = {
    "numbers by year": pd.MultiIndex.from_product([range(1, 6), range(1990, 2010)]),
    "shops by hour": pd.MultiIndex.from_product([["a", "b"], range(24)]),
    "numbered shops by hour": pd.MultiIndex.from_product([[7, 8], range(24)]),
    "numbered shops by month": pd.MultiIndex.from_product([range(1, 4), range(1, 13)]),
    "numbers like years": pd.MultiIndex.from_product([range(2001, 2006), range(1, 100)]),
    "years as text by month": pd.MultiIndex.from_product([["2001", "2002"], range(1, 13)]),
    "launches by day since": pd.MultiIndex.from_product([pd.to_datetime(["2024-01-01", "2024-02-01"]), range(20)]),
    "periods": pd.MultiIndex.from_product([["a", "b"], pd.period_range("2024-01", periods=5, freq="M")]),
    "months by day since": pd.MultiIndex.from_product([pd.period_range("2024-01", periods=3, freq="M"), range(1, 41)]),
    "numbers like months": pd.MultiIndex.from_product([[202401, 202402], range(1, 29)]),
    "sessions by stamp": pieces(STAMPS, STAMPS.normalize(), STAMPS)[STAMPS.hour < 9],
    "days": pd.MultiIndex.from_product([["2024-01-01", "2024-01-02"], DAYS]),
}


@pytest.mark.parametrize("name", HONEST_PANELS)
def test_an_honest_panel_is_one(name):
    assert len(check(HONEST_PANELS[name])) == HONEST_PANELS[name].get_level_values(0).nunique()


def shops(times, **names):
    return pd.MultiIndex.from_product([["a", "b"], times], **names)


LATE = jittered(MINUTES, 1, 9, "ms")
PANELS = {
    "text": (shops(texts(DAYS, "%d.%m.%Y")), "set_levels"),
    "levels changed": (shops(DAYS).swaplevel(), "swaplevel"),
    "two zones": (
        pd.MultiIndex.from_arrays(
            [["a"] * 12 + ["b"] * 12, [*DAYS.tz_localize("Europe/Berlin"), *DAYS.tz_localize("America/New_York")]]
        ),
        "utc=True",
    ),
    "numbers of months": (shops(numbers(MONTHS, "%Y%m")), "%Y%m"),
    "a gap": (shops(DAYS, names=["shop", "day"]).delete(7), 'part.droplevel(0).asfreq("D")'),
    "a gap in periods": (shops(MONTHS.to_period("M")).delete(7), "reindex"),
    "twice": (shops(DAYS).insert(3, ("a", DAYS[2])), "duplicated"),
    "backwards": (shops(DAYS[::-1]), "sort_index"),
    "late minutes": (pd.MultiIndex.from_arrays([["a"] * 50 + ["b"] * 50, LATE[:50].append(LATE[50:])]), "round"),
    "the 15th": (shops(MONTHS + pd.Timedelta("14D")), "to_period"),
    "regions, shops": (pd.MultiIndex.from_product([["n", "s"], ["a", "b"], DAYS]), "join"),
    "shops, year, month": (
        pd.MultiIndex.from_arrays([["a"] * 30 + ["b"] * 30, [*MONTHS.year] * 2, [*MONTHS.month] * 2]),
        "year",
    ),
}


@pytest.mark.parametrize("form", [pd.Series, pd.DataFrame])
@pytest.mark.parametrize("name", PANELS)
def test_what_is_advised_mends_the_panel_as_the_user_has_it(name, form):
    index, part = PANELS[name]
    message, tables = mended(index, form)
    assert part in message
    assert tables
    for table in tables:
        assert all(end.step is not None for end in check(table.index))
        values = table if form is pd.Series else table[0]
        assert values.count() == index.nunique()


def test_keys_that_a_call_would_spoil_get_none():
    index = pd.MultiIndex.from_arrays([pd.Index([("a", 1)] * 9, tupleize_cols=False), dropped(DAYS[:10], 4)])
    message, tables = mended(index)
    assert "2024-01-05 is missing" in message
    assert not tables


def test_the_table_is_called_by_the_name_that_the_user_has():
    X = pd.DataFrame({"open": 1.0}, index=dropped(DAYS, 4))
    with pytest.raises(ValueError, match=r'^The index of X has a gap.* X = X\.asfreq\("D"\)'):
        Forecaster().fit(X, np.arange(11.0))
