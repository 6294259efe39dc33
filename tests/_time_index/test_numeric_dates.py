"""Numbers that are dates are no targets; numbers that only resemble some are."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster, backtest, make_windows
from sklstm._time_index.numeric_dates import check_no_dates
from sklstm.datasets import load_airline

MONTHS = load_airline().index
VALUES = load_airline().to_numpy()
HOURS = pd.date_range("2024-02-27", periods=100, freq="h")
DATES = {
    "days": (pd.date_range("2024-01-25", periods=100), lambda times: times.strftime("%Y%m%d").astype(int)),
    "three days": (pd.date_range("2024-01-01", periods=3), lambda times: times.strftime("%Y%m%d").astype(int)),
    "months": (MONTHS, lambda times: times.strftime("%Y%m").astype(int)),
    "hours": (HOURS, lambda times: times.strftime("%Y%m%d%H").astype(int)),
    "years": (pd.date_range("1950", periods=50, freq="YS"), lambda times: times.year),
    "seconds": (HOURS, lambda times: (times - pd.Timestamp(0)) // pd.Timedelta("1s")),
    "milliseconds": (HOURS, lambda times: (times - pd.Timestamp(0)) // pd.Timedelta("1ms")),
    "nanoseconds before 1970": (MONTHS, lambda times: (times - pd.Timestamp(0)) // pd.Timedelta("1ns")),
}


@pytest.mark.parametrize("container", ["frame", "decimals", "array"])
@pytest.mark.parametrize("name", DATES)
def test_a_column_of_dates_is_no_target_and_the_advice_makes_it_the_index(name, container):
    times, convert = DATES[name]
    values = np.resize(VALUES, len(times))
    y = pd.DataFrame({"when": convert(times), "value": values})
    y = {"frame": y, "decimals": y.astype(float), "array": y.to_numpy()}[container]
    with pytest.raises(ValueError, match=r"^Column .* of y holds dates as numbers.* forecast as a target") as error:
        Forecaster(Ridge(), window_length=1).fit(None, y)
    (code,) = re.findall(r"times of the rows, (.*) makes them the index", str(error.value))
    place = {"y": y, "pd": pd}
    exec(code, place)
    assert place["y"].index.astype("datetime64[ns]").equals(times.astype("datetime64[ns]"))
    assert place["y"].shape[1] == 1


def made_by_advice(y):
    """What the advice makes of a table."""
    with pytest.raises(ValueError, match=r"^Column 'when' of y holds dates as numbers") as error:
        Forecaster(Ridge(), window_length=1).fit(None, y)
    (code,) = re.findall(r"times of the rows, (.*) makes them the index", str(error.value))
    place = {"y": y.copy(), "pd": pd}
    exec(code, place)
    return place["y"]


@pytest.mark.parametrize(("freq", "decimals"), [("MS", 2), ("MS", 3), ("MS", 7), ("QS", 2), ("QS", 6)])
def test_years_with_decimals_are_months_or_quarters(freq, decimals):
    times = pd.date_range("1968-04-01", periods=60, freq=freq)
    years = np.round(times.year + (times.month - 1) / 12, decimals)
    made = made_by_advice(pd.DataFrame({"when": years, "value": VALUES[:60]}))
    assert made.index.to_timestamp().equals(times.as_unit(made.index.to_timestamp().unit))


@pytest.mark.parametrize("first", [0, 5, 11])
@pytest.mark.parametrize("freq", ["M", "Q"])
def test_years_beside_their_months_or_quarters_are_dates(freq, first):
    times = pd.period_range("1968-01", periods=50, freq=freq)[first:]
    parts = {"month": times.month} if freq == "M" else {"quarter": times.quarter}
    made = made_by_advice(pd.DataFrame({"when": times.year, **parts, "value": VALUES[first:50]}))
    assert made.index.equals(times)
    assert made.columns.tolist() == ["value"]
    forecast = Forecaster(Ridge(), window_length=1).fit(None, made["value"]).forecast(1)
    assert forecast.index[0] == times[-1] + 1


@pytest.mark.parametrize("n", [2, 12, 52])
def test_years_without_other_fields_are_dates(n):
    years = np.arange(5 * n) // n + 1990
    with pytest.raises(ValueError, match=r"^Column 0 of y .*, 1990 … 1994, .* Set an index of the times of the rows"):
        check_no_dates(np.c_[years, np.sin(np.arange(5 * n))], None, "y")


@pytest.mark.parametrize("order", ["falling", "repeated", "missing"])
def test_dates_of_eight_digits_are_found_in_any_order(order):
    days = pd.date_range("2024-01-25", periods=40).strftime("%Y%m%d").astype(float).to_numpy()
    when = {"falling": days[::-1], "repeated": np.tile(days, 2), "missing": np.r_[np.nan, days]}[order]
    made = made_by_advice(pd.DataFrame({"when": when, "value": VALUES[: len(when)]}))
    assert made.index.strftime("%Y%m%d").dropna().astype(float).tolist() == when[~np.isnan(when)].tolist()
    with pytest.raises(ValueError, match=r"not in order|NaT in row 0|2 times, first in rows"):
        Forecaster(Ridge(), window_length=1).fit(None, made)


def test_windows_and_backtests_refuse_them_too():
    frame = pd.DataFrame({"value": VALUES, "when": MONTHS.strftime("%Y%m%d").astype(int)})
    with pytest.raises(ValueError, match="Column 'when' of series holds dates"):
        make_windows(frame, 12)
    assert make_windows(frame, 12, n_outputs=1)[1].columns.tolist() == ["value"]
    with pytest.raises(ValueError, match="Column 'when' of y holds dates"):
        backtest(Forecaster(Ridge()), None, frame, steps=2, n_origins=2)
    panel = pd.concat(dict.fromkeys("ab", frame), names=["line", "row"])
    with pytest.raises(ValueError, match="Column 'when' of y holds dates"):
        Forecaster(Ridge()).fit(None, panel)


NO_DATES = {
    "a count of six digits": np.arange(200_001, 200_013),
    "few months": np.array([202_401, 202_402, 202_404]),
    "counts that fall": np.arange(20_240_131, 20_240_100, -1),
    "days that are none": np.arange(20_240_125, 20_240_140),
    "years with steps": np.arange(1900, 2000, 2),
    "few years": np.array([1999, 2000, 2001]),
    "large numbers": 1_700_000_000 + np.arange(100) * 7,
    "decimals": np.arange(1990, 2010) + 0.5,
    "levels of unequal length": np.repeat([2000, 2001, 2002, 2003], [3, 5, 4, 2]),
    "two levels": np.repeat([2000, 2001], 6),
    "levels with steps": np.repeat([2000, 2002, 2004], 6),
    "levels before the years": np.repeat([1, 2, 3, 4], 6),
    "levels that return": np.repeat([2000, 2001, 2000, 2001], 6),
    "a level": np.full(12, 2000),
    "missing": np.array([20_240_101, np.nan, 20_240_103, 20_240_104]),
    "beyond 64 bits": np.array([1e300, 2e300, 3e300]) / 10,
}


@pytest.mark.parametrize("name", NO_DATES)
def test_other_numbers_are_targets(name):
    numbers = np.asarray(NO_DATES[name], dtype=float)
    check_no_dates(np.c_[numbers, np.sin(numbers)], None, "y")


def test_a_series_alone_may_count_years():
    check_no_dates(np.arange(1900.0, 2000)[:, np.newaxis], None, "y")


def test_what_follows_the_first_values_counts():
    days = pd.date_range("2000", periods=3000).strftime("%Y%m%d").astype(int).to_numpy(float)
    months = 1800 + np.arange(3000) / 12
    other = np.zeros(3000)
    for dates in (days, months):
        with pytest.raises(ValueError, match="holds dates as numbers"):
            check_no_dates(np.stack((dates, other), axis=1), None, "y")
        dates[-1] += 0.5
        check_no_dates(np.stack((dates, other), axis=1), None, "y")
