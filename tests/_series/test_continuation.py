import numpy as np
import pandas as pd
import pytest
from dateutil.tz import tzoffset

from sklstm._series.continuation import check_follows, forecast_indexes, future_indexes, rows_skipped
from tests._series.tables import DAYS, N, Reader, daily, panel


def test_new_rows_follow_directly():
    reader = Reader(None, daily())
    history = reader.series
    check_follows(history, reader.new_rows(None, daily(3, N)))
    check_follows(history, reader.new_rows(None, np.zeros(3)))  # arrays are taken to
    with pytest.raises(
        ValueError, match=r"y begins at 2024-01-11.*, but .* ends at 2024-01-08.*: .* gap of 2 rows.*may be NaN"
    ):
        check_follows(history, reader.new_rows(None, daily(3, N + 2)))
    with pytest.raises(ValueError, match=r"y\.loc\['a'\] are at 2024-01-03"):
        check_follows({"a": history[None]}, {"a": reader.new_rows(None, daily(3, 2))[None]})


def test_a_panel_names_the_series_that_does_not_follow():
    reader = Reader(None, panel({"a": (0, 5), "b": (0, 6)}))
    check_follows(reader.series, reader.new_rows(None, panel({"b": (6, 1), "a": (5, 2), "new": (30, 2)})))
    with pytest.raises(ValueError, match=r"y\.loc\['b'\] begins at 2024-01-08.*: .* gap of 1 row\. "):
        check_follows(reader.series, reader.new_rows(None, panel({"a": (5, 2), "b": (7, 1)})))


def test_arrays_do_not_follow_an_index_without_frequency():
    y = pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"]))
    reader = Reader(None, y)
    check_follows(reader.series, reader.new_rows(None, daily(3, 2)))
    with pytest.raises(ValueError, match=r"y is an array, but .* too short .*\. Pass y with the index"):
        check_follows(reader.series, reader.new_rows(None, np.zeros(2)))


def test_skipped_rows_are_counted_for_each_end_and_each_index():
    reader = Reader(None, panel({"a": (0, 5), "b": (0, 7), "c": (0, 5)}))
    one, other = DAYS[7:9], DAYS[8:10]
    counted = rows_skipped(reader.history, [("a", one), ("b", one), ("c", other)], "X")
    assert counted == {"a": 2, "b": 0, "c": 3}
    assert rows_skipped(reader.history, [("a", None)], "X") == {"a": 0}
    arrays = Reader(None, np.arange(5.0))
    assert rows_skipped(arrays.history, [(None, one)], "X") == {None: 0}


def test_the_next_index_continues_that_of_each_series():
    indexes = future_indexes(Reader(None, panel({"a": (0, 5), "b": (0, 7)})).history, 2)
    assert {key: list(index) for key, index in indexes.items()} == {"a": list(DAYS[5:7]), "b": list(DAYS[7:9])}
    history = Reader(None, daily()).history
    for index in (future_indexes(history, 3)[None], forecast_indexes(history, 3, None)[None]):
        assert list(index) == list(DAYS[N : N + 3])
    assert list(future_indexes(Reader(None, np.arange(5.0)).history, 2)[None]) == [5, 6]


def test_zones_of_equal_stamps_are_kept_apart():
    paris, tokyo = (
        Reader(None, daily().tz_localize("UTC").tz_convert(z)).history for z in ("Europe/Paris", "Asia/Tokyo")
    )
    indexes = future_indexes({"paris": paris[None], "tokyo": tokyo[None]}, 2)
    assert [str(index.tz) for index in indexes.values()] == ["Europe/Paris", "Asia/Tokyo"]


def test_zones_of_dateutil_which_cannot_be_keys():
    hours = pd.date_range("2024-01-01", periods=9, freq="h", tz=tzoffset("CET", 3600))
    (index,) = future_indexes(Reader(None, pd.Series(np.arange(7.0), hours[:7])).series, 2).values()
    pd.testing.assert_index_equal(index, hours[7:], exact=True)


def test_without_a_frequency_a_forecast_has_the_index_of_its_columns_or_counts():
    history = Reader(None, pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"]))).history
    X_future = pd.DataFrame({"a": 1.0}, index=DAYS[2:6])
    assert list(forecast_indexes(history, 3, X_future)[None]) == list(DAYS[2:5])
    for nothing in (None, np.zeros((3, 1))):
        with pytest.warns(UserWarning, match="counts steps from 1"):
            index = forecast_indexes(history, 3, nothing)[None]
        assert list(index) == [1, 2, 3]
    with pytest.raises(ValueError, match=r"index of y, 2 rows up to 2024-01-02.*y = y\.asfreq"):
        future_indexes(history, 3)


def test_a_series_of_a_panel_without_a_frequency_is_named():
    history = Reader(None, panel({"a": (0, 2), "b": (3, 2)})).history
    with pytest.raises(ValueError, match=r"series 'a', 2 rows up to 2024-01-02.*the other series"):
        future_indexes(history, 3)
    with pytest.warns(UserWarning, match="counts steps from 1"):
        indexes = forecast_indexes(history, 2, panel({"a": (2, 2), "b": (5, 2)}).to_frame())
    assert {key: list(index) for key, index in indexes.items()} == {"a": [1, 2], "b": [1, 2]}
