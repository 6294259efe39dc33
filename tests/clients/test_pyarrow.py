"""pyarrow: tables with a column of times, and pandas whose index or columns Arrow holds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import ForecastDisplay, Forecaster, WindowTransformer, backtest, make_windows, split_panel
from sklstm.datasets import load_airline

pa = pytest.importorskip("pyarrow")

AIRLINE = load_airline()
FRAME = AIRLINE.to_frame()
TABLE = pa.table({"month": pa.array(AIRLINE.index.date), "passengers": pa.array(AIRLINE)})
HOURS = pd.date_range("2024-03-30", periods=100, freq="h", tz="Europe/Berlin")


def ridge():
    return Forecaster(Ridge(), window_length=12)


TABLES = {
    "dates": TABLE,
    "a record batch": TABLE.to_batches()[0],
    "an index that pandas had": pa.Table.from_pandas(FRAME),
    "a column that pandas had": pa.Table.from_pandas(FRAME.reset_index()),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_forecast_as_pandas(name):
    forecast = ridge().fit(None, TABLES[name]).forecast(12)
    expected = ridge().fit(None, FRAME).forecast(12)
    pd.testing.assert_frame_equal(forecast, expected, check_index_type=False, check_freq=False)
    found = backtest(ridge(), None, TABLES[name], steps=3, n_origins=2).metrics
    assert found.equals(backtest(ridge(), None, FRAME, steps=3, n_origins=2).metrics)
    assert make_windows(TABLES[name], 12)[1].index.tolist() == FRAME.index[12:].tolist()
    windows = WindowTransformer(12).fit(TABLES[name].slice(0, 120)).transform(TABLES[name].slice(120))
    assert np.isfinite(windows).all()


def test_a_display_reads_tables():
    display = ForecastDisplay.from_predictions(TABLE.slice(0, 120), TABLE.slice(120), truth=TABLE)
    assert display.forecast_lines_[0].get_xdata()[-1] == AIRLINE.index[-1]


def of_arrow(index, kind):
    return pd.Index(pd.array(index, dtype=pd.ArrowDtype(kind)), name=index.name)


INDEXES = {
    "date32": (AIRLINE.index, pa.date32()),
    "date64": (AIRLINE.index, pa.date64()),
    "seconds": (AIRLINE.index, pa.timestamp("s")),
    "nanoseconds": (AIRLINE.index, pa.timestamp("ns")),
    "a time zone": (HOURS, pa.timestamp("us", tz="Europe/Berlin")),
}


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_of_arrow_are_times(name):
    index, kind = INDEXES[name]
    plain = pd.Series(np.sin(np.arange(len(index))), index, name="y")
    series = plain.set_axis(of_arrow(index, kind))
    X = pd.DataFrame({"x": np.cos(np.arange(len(index)))}, series.index)
    model = ridge().fit(X[:80], series[:80])
    expected = ridge().fit(X[:80].set_axis(index[:80]), plain[:80])
    assert isinstance(model.history_.index, pd.DatetimeIndex)
    found, forecast = model.forecast(10, X[80:90]), expected.forecast(10, X[80:90].set_axis(index[80:90]))
    assert found.index.tz == index.tz
    assert found.index.equals(forecast.index.as_unit(found.index.unit))
    np.testing.assert_array_equal(found, forecast)
    assert model.score(X[80:90], series[80:90]) == expected.score(X[80:90].to_numpy(), plain[80:90])
    assert model.update(X[80:], series[80:]).history_.index[-1] == index[-1]
    assert isinstance(make_windows(series, 5)[1].index, pd.DatetimeIndex)
    panel = pd.concat({"a": series, "b": series * 2}, names=["line", "time"])
    assert isinstance(ridge().fit(None, panel).forecast(2).index.levels[1], pd.DatetimeIndex)
    assert len(split_panel(panel, 2, 5)) == 2
    with pytest.raises(ValueError, match="has a gap"):
        WindowTransformer(3).fit(series.drop(series.index[5]).to_frame())


def test_columns_of_arrow_are_numbers_and_dates_are_none():
    frame = FRAME.reset_index().convert_dtypes(dtype_backend="pyarrow")
    with pytest.raises(TypeError, match=r"df = df.set_index\(pd.to_datetime\(df.pop\('month'\)\)\)"):
        ridge().fit(None, frame)
    forecast = ridge().fit(None, frame.set_index("month")).forecast(12)
    np.testing.assert_allclose(forecast, ridge().fit(None, FRAME).forecast(12), rtol=1e-12)
    panel = pd.concat(dict.fromkeys("ab", FRAME), names=["line", "month"]).reset_index()
    panel = panel.convert_dtypes(dtype_backend="pyarrow").set_index(["line", "month"])["passengers"]
    assert ridge().fit(None, panel).forecast(2).index.get_level_values("line").tolist() == ["a", "a", "b", "b"]


def test_durations_are_refused_with_a_call_that_makes_them_times():
    series = AIRLINE.set_axis(of_arrow(pd.timedelta_range(0, periods=len(AIRLINE), freq="h"), pa.duration("us")))
    with pytest.raises(ValueError, match="must be a DatetimeIndex") as error:
        ridge().fit(None, series)
    code = 'pd.Timestamp("1970-01-01") + pd.to_timedelta(y.index)'
    assert code in str(error.value)
    times = series.set_axis(eval(code, {"y": series, "pd": pd}))
    assert ridge().fit(None, times).forecast(1).index[0] == pd.Timestamp(0) + pd.Timedelta(hours=len(AIRLINE))


def test_long_tables_are_told_how_to_become_a_panel():
    long = pd.concat({"a": AIRLINE, "b": AIRLINE * 2}, names=["line", "month"]).to_frame().reset_index()
    y = pa.Table.from_pandas(long)
    with pytest.raises(TypeError, match="says which series a row belongs to") as error:
        ridge().fit(None, y)
    code = "y = y.to_pandas(date_as_object=False); y = y.set_index(['line', 'month'])"
    assert code in str(error.value)
    place = {"y": y}
    exec(code, place)
    assert len(ridge().fit(None, place["y"]).forecast(2)) == 4
    assert len(ridge().fit(None, pa.Table.from_pandas(place["y"])).forecast(2)) == 4  # pyarrow keeps this index


class Stream:
    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def test_what_arrow_can_read_is_read_as_advised():
    days = pd.date_range("2024-01-01", periods=40)
    table = pa.table({"day": pa.array(days), "sold": np.arange(40.0) % 7})
    for given in (lambda: Stream(table), lambda: pa.RecordBatchReader.from_batches(table.schema, table.to_batches())):
        y = given()
        with pytest.raises(TypeError, match=r"It can be read by Arrow: pass pa\.table\(y\)"):
            Forecaster(Ridge(), window_length=3).fit(None, y)
        assert Forecaster(Ridge(), window_length=3).fit(None, pa.table(y)).forecast(1).index[0].day == 10
