"""Times of polars and of objects are read at every entry, and whatever is unclear is refused with advice that runs."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from sklstm import ForecastDisplay, Forecaster, WindowTransformer, backtest, make_windows, split_panel
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.time_tables import as_times
from sklstm.datasets import load_airline

AIRLINE = load_airline()
FRAME = AIRLINE.to_frame()
TIMES = AIRLINE.index.to_pydatetime().tolist()
N = 120  # training rows


def ridge():
    return Forecaster(Ridge(), window_length=12)


def polars_table(unit="ms", dtype=None):
    table = pl.DataFrame({"month": pl.Series(TIMES).cast(pl.Datetime(unit)), **PASSENGERS})
    return table if dtype is None else table.with_columns(pl.col("month").cast(dtype))


PASSENGERS = {"passengers": AIRLINE.to_list()}
TABLES = {
    "dates": polars_table(dtype=pl.Date),
    "milliseconds": polars_table("ms"),
    "nanoseconds": polars_table("ns"),
    "times last": polars_table().select("passengers", "month"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_column_of_times_is_the_index(name):
    table = TABLES[name]
    forecast = ridge().fit(None, table[:N]).forecast(12)
    expected = ridge().fit(None, FRAME[:N]).forecast(12)
    pd.testing.assert_frame_equal(forecast, expected, check_index_type=False, check_freq=False)
    assert forecast.index.freqstr == "MS"


def with_season(rows):
    """Exogenous variables of polars and of pandas."""
    pandas = pd.DataFrame({"is_summer": rows.month.isin([7, 8]) * 1.0}, index=rows)
    return pl.DataFrame({"month": rows.date.tolist(), "is_summer": pandas["is_summer"].to_list()}), pandas


def test_every_method_of_a_forecaster_reads_times():
    table, (X, X_pandas) = TABLES["dates"], with_season(AIRLINE.index)
    model = ridge().fit(X[:N], table[:N])
    expected = ridge().fit(X_pandas[:N], FRAME[:N])
    np.testing.assert_array_equal(model.predict(X[N:]), expected.predict(X_pandas[N:]))
    np.testing.assert_array_equal(model.forecast(3, X[N:]), expected.forecast(3, X_pandas[N:]))
    assert model.score(X[N:], table[N:]) == expected.score(X_pandas[N:], FRAME[N:])
    assert model.score(X[:N], table[:N]) == expected.score(X_pandas[:N], FRAME[:N])
    alike = model.forecast(2, X[N - 1 :], history=(X[: N - 1], table[: N - 1]))
    assert alike.index[0] == AIRLINE.index[N - 1]
    with pytest.raises(ValueError, match="begins 1 row after the first row to forecast"):
        model.forecast(2, X[N + 1 :])
    model.update(X[N:], table[N:])
    assert model.history_.index.equals(AIRLINE.index)


def test_times_of_X_are_those_of_a_series_without_any():
    y = pl.Series("passengers", PASSENGERS["passengers"])
    forecast = ridge().fit(TABLES["dates"].select("month"), y).forecast(2)
    pd.testing.assert_series_equal(forecast, ridge().fit(None, AIRLINE).forecast(2), check_index_type=False)
    with pytest.raises(ValueError, match="X and y have different indexes"):
        ridge().fit(TABLES["dates"].select("month")[1:], TABLES["dates"][:-1])


def test_scikit_learn_splits_them():
    cv = TimeSeriesSplit(3, test_size=12)
    table = TABLES["dates"]
    scores = cross_val_score(ridge(), table.select("month"), table["passengers"], cv=cv)
    np.testing.assert_array_equal(scores, cross_val_score(ridge(), FRAME[[]], AIRLINE, cv=cv))


def test_a_backtest_windows_and_a_display_read_times():
    table = TABLES["dates"]
    found = backtest(ridge(), None, table, steps=3, n_origins=2).frame
    expected = backtest(ridge(), None, FRAME, steps=3, n_origins=2).frame
    assert found["time"].tolist() == expected["time"].tolist()
    assert found["forecast"].tolist() == expected["forecast"].tolist()
    X, y = make_windows(table, 12)
    assert X.shape[2] == 1
    assert y.index.equals(FRAME.index[12:])
    windows = WindowTransformer(12).fit(table[:N])
    assert windows.n_features_in_ == 1
    assert np.isfinite(windows.transform(table[N:])).all()  # they follow the training rows
    display = ForecastDisplay.from_predictions(table[:N], table[N:], truth=table)
    assert display.forecast_lines_[0].get_xdata()[-1] == AIRLINE.index[-1]


def test_a_display_needs_times():
    table = TABLES["dates"]
    with pytest.raises(TypeError, match="history is a table without an index, and has no column of times"):
        ForecastDisplay.from_predictions(table.select("passengers")[:N], table[N:])


def test_time_zones_stay():
    hours = pd.date_range("2024-03-30", periods=100, freq="h", tz="Europe/Berlin")  # clocks are put forward
    table = pl.DataFrame({"time": hours.to_pydatetime().tolist(), "load": np.sin(np.arange(100.0))})
    table = table.with_columns(pl.col("time").dt.convert_time_zone("Europe/Berlin"))
    forecast = ridge().fit(None, table).forecast(2)
    assert str(forecast.index.tz) == "Europe/Berlin"
    assert forecast.index[0] == hours[-1] + pd.Timedelta("1h")


def test_tables_without_times_count_their_rows():
    forecast = ridge().fit(None, pl.DataFrame(PASSENGERS)).forecast(1)
    assert forecast.index[0] == len(AIRLINE)


def test_a_regressor_of_windows_has_no_time():
    with pytest.raises(TypeError, match="Column 'month' of X holds dates"):
        as_numbers(TABLES["dates"], "X")


# ---- what is unclear

DATES = AIRLINE.index.date.tolist()
MADE = "y = pd.DataFrame(y.to_dicts())"
INDEXED = f"{MADE}; y.index = pd.DatetimeIndex(y.pop('month'))"
HOURS = {
    "day": [datetime.date(2024, 1, 1 + hour // 24) for hour in range(72)],
    "clock": [datetime.time(hour % 24) for hour in range(72)],
    "load": np.sin(np.arange(72.0)),
}
# A table, what is said of it, and the statements that are advised.
UNCLEAR = {
    "lazy": (TABLES["dates"].lazy(), "y is a polars LazyFrame", ["y.collect()"]),
    "two columns": (
        TABLES["dates"].with_columns(pl.col("month").alias("booked")),
        "2 columns of times",
        ["y = y.drop(['booked'])"],
    ),
    "text": (
        pl.DataFrame({"month": list(map(str, DATES)), **PASSENGERS}),
        "dates as text",
        [MADE, "df = df.set_index(pd.to_datetime(df.pop('month')))"],
    ),
    "numbers": (
        pl.DataFrame({"month": [int(f"{day:%Y%m%d}") for day in DATES], **PASSENGERS}),
        "dates as numbers, 19490101",
        [f'{MADE}; y = y.set_index(pd.to_datetime(y.pop(\'month\').astype("int64").astype(str), format="%Y%m%d"))'],
    ),
    "a gap": (TABLES["dates"].filter(pl.col("month") != DATES[5]), "has a gap", [INDEXED, 'y = y.asfreq("MS")']),
    "missing": (
        TABLES["dates"].with_columns(pl.when(pl.col("month") > DATES[0]).then(pl.col("month"))),
        "has NaT in row 0",
        [INDEXED, "y[y.index.notna()]"],
    ),
    "wrong order": (TABLES["dates"].reverse(), "not in order", [INDEXED, "y = y.sort_index()"]),
    "two series": (
        pl.concat([TABLES["dates"].with_columns(line=pl.lit(line)) for line in "ab"]),
        "says which series a row belongs to",
        [f"{MADE}; y = y.set_index(['line', 'month'])"],
    ),
    "categories": (
        TABLES["dates"].with_columns(line=pl.lit("a").cast(pl.Categorical)),
        "text or categories",
        ["y = y.drop(['line'])"],
    ),
    "day and time of day": (
        pl.DataFrame(HOURS),
        "times of day in 'clock'",
        [f"{MADE}; y.index = pd.to_datetime(y.pop('day').astype(str) + ' ' + y.pop('clock').astype(str))"],
    ),
}


@pytest.mark.filterwarnings("ignore:.*windows are left out, because a value is missing")
@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_is_refused_and_the_advice_keeps_the_times(name):
    y, message, advice = UNCLEAR[name]
    with pytest.raises((ValueError, TypeError), match=message) as error:
        ridge().fit(None, y)
    place = {"y": y, "pd": pd}
    for statement in advice:
        assert statement in str(error.value)
        place["df"] = place["y"]
        exec(statement if " = " in statement else f"y = {statement}", place)
        place["y"] = place["df"] if statement.startswith("df") else place["y"]
    forecast = ridge().fit(None, place["y"]).forecast(2)
    assert isinstance(forecast.index.levels[1] if name == "two series" else forecast.index, pd.DatetimeIndex)
    assert forecast.shape[1] == 1


def test_a_long_table_is_no_panel_yet():
    y, *_ = UNCLEAR["two series"]
    with pytest.raises(TypeError, match="pandas with an index of two levels") as error:
        split_panel(y, 2, 12)
    index = pd.DataFrame(y.to_dicts()).set_index(["line", "month"])
    assert "y = pd.DataFrame(y.to_dicts()).set_index([series, time])" in str(error.value)
    assert len(split_panel(index, 2, 12)) == 2


def test_the_message_of_a_later_table_says_how_to_make_it_pandas():
    table = TABLES["dates"]
    model = ridge().fit(None, table[:N])
    with pytest.raises(ValueError, match=r"leaves out .* First make it pandas: X = pd.DataFrame\(X.to_dicts\(\)\)"):
        model.predict(table.select("month")[N:].gather_every(2))
    with pytest.raises(ValueError, match=r"has a gap.* First make it pandas: series = "):
        make_windows(table.filter(pl.col("month") != DATES[5]), 3)


def test_a_lazy_frame_is_named_where_tables_are_parameters():
    with pytest.raises(ValueError, match=r"'y' parameter of backtest.*LazyFrame, which collect\(\) makes a table"):
        backtest(ridge(), None, TABLES["dates"].lazy(), steps=2, n_origins=2)


# ---- pandas


def test_objects_that_are_dates_are_times():
    series = AIRLINE.set_axis(pd.Index(DATES, dtype=object, name="month"))
    forecast = ridge().fit(None, series).forecast(2)
    pd.testing.assert_series_equal(forecast, ridge().fit(None, AIRLINE).forecast(2), check_index_type=False)
    assert isinstance(series.index[0], datetime.date)  # the user's series is as it was
    panel = pd.concat({"a": series, "b": series * 2}, names=["line", "month"])
    assert isinstance(ridge().fit(None, panel).forecast(2).index.levels[1], pd.DatetimeIndex)
    assert len(split_panel(panel, 2, 12)) == 2
    with pytest.raises(ValueError, match="has a gap"):
        WindowTransformer(3).fit(series.drop(DATES[5]).to_frame())


def test_other_indexes_stay():
    for index in (AIRLINE.index, pd.RangeIndex(3), pd.Index(["2024-01-01", "2024-01-02"]), pd.Index([0.5, 1.5])):
        assert as_times(index) is index
    beyond = pd.Index([datetime.date(1, 1, 1), "never"], dtype=object)
    assert as_times(beyond) is beyond
    assert index_of(FRAME) is FRAME.index
