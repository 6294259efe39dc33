import pandas as pd
import pytest

from sklstm import Forecaster, split_panel
from tests._time_index.tools import DAYS, MINUTES, MONTHS, check, dropped, jittered, mended, numbers, texts


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
