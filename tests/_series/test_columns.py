import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._series.columns import read_training_columns
from tests._series.tables import DAYS, N, Reader, daily, frame


@pytest.mark.parametrize("empty", [None, np.empty((N, 0)), pd.DataFrame(index=DAYS[:N])])
def test_no_columns_in_any_form_are_none(empty):
    reader = Reader(empty, daily())
    assert reader.columns.names == []
    assert reader.series[None].known.shape == (N, 0)


def test_columns_are_divided_into_those_known_in_advance_and_others():
    reader = Reader(frame(), daily(), past_only=["b"])
    part = reader.series[None]
    np.testing.assert_array_equal(part.known, frame()[["a", "c"]])
    np.testing.assert_array_equal(part.past, frame()[["b"]])
    assert reader.columns.known_names == ["a", "c"]
    assert reader.forecaster.feature_names_in_.tolist() == ["a", "b", "c"]
    positions = Reader(frame().to_numpy(), daily(), past_only=[2, 0])
    np.testing.assert_array_equal(positions.series[None].known, frame()[["b"]])
    np.testing.assert_array_equal(positions.series[None].past, frame()[["a", "c"]])
    assert positions.columns.known_names == ["x1"]


@pytest.mark.parametrize(
    ("X", "past_only"), [(frame(), ["d"]), (frame(), [0]), (frame().to_numpy(), ["a"]), (None, [0])]
)
def test_past_only_columns_that_are_not_there_are_named(X, past_only):
    with pytest.raises(ValueError, match=rf"past_only names {past_only[0]!r}, but the columns of X are \["):
        Reader(X, daily(), past_only=past_only)


def test_columns_of_an_earlier_fit_are_forgotten():
    forecaster = Forecaster(Ridge(), window_length=2).fit(frame(), daily())
    forecaster.fit(None, daily())
    assert forecaster.n_features_in_ == 0
    assert not hasattr(forecaster, "feature_names_in_")


def test_a_column_that_is_known_in_advance_has_no_hole():
    X = frame()
    X.iloc[3, 1] = np.nan
    with pytest.raises(
        ValueError, match=r"The column 'b' of X is NaN at 2024-01-04.* X\.ffill\(\)\.bfill\(\).*past_only"
    ):
        Reader(X, daily())
    with pytest.raises(ValueError, match=r"The column 'x1' of X is NaN at row 3"):
        Reader(X.to_numpy(), daily())
    assert np.isnan(Reader(X, daily(), past_only=["b"]).series[None].past[3, 0])
    # the name is that of the column, wherever the others are
    with pytest.raises(ValueError, match=r"The column 'b' of X is NaN"):
        Reader(X, daily(), past_only=["a"])


def test_columns_are_matched_by_name():
    reader = Reader(frame(), daily())
    shuffled = frame(3, "cab", start=N)
    shuffled.loc[:] = frame(3, start=N)[["c", "a", "b"]].to_numpy()
    np.testing.assert_array_equal(reader.new_rows(shuffled, daily(3, N))[None].known, frame(3, start=N))


def test_columns_after_a_fit_without_any_are_refused():
    with pytest.raises(ValueError, match="the Forecaster was fitted without any"):
        Reader(None, daily()).new_rows(frame(3, start=N), daily(3, N))


def test_a_hole_in_an_array_of_known_columns_is_named_too():
    reader = Reader(frame().to_numpy(), daily(), past_only=[1])
    known = frame(3, "ac", N).to_numpy(copy=True)
    known[1, 1] = np.nan
    with pytest.raises(ValueError, match="The column 'x2' of X_future is NaN at row 1"):
        reader.future(known, 3)


def test_columns_without_rows_of_their_own_have_as_many_as_are_wanted():
    columns, spec = read_training_columns(Forecaster(), None, 5, None)
    assert columns.shape == (5, 0)
    assert spec.read(Forecaster(), None, 3).shape == (3, 0)


def test_a_series_is_no_table_of_columns():
    with pytest.raises(ValueError, match=r"got a Series.*fit\(None, series\).*to_frame\(\)\[\[\]\]"):
        Reader(daily(), np.arange(8.0))


def test_past_only_is_not_told_by_booleans():
    for past_only in ([True], [np.True_]):
        with pytest.raises(ValueError, match=r"past_only names (np\.)?True_?, but"):
            Reader(frame().to_numpy(), daily(), past_only=past_only)


def test_columns_with_other_labels_than_strings_are_matched_too():
    X = frame().rename(columns={"a": 1, "b": 2, "c": 3})
    reader = Reader(X, daily())
    more = frame(3, start=N).rename(columns={"a": 1, "b": 2, "c": 3})
    np.testing.assert_array_equal(reader.new_rows(more[[3, 1, 2]], daily(3, N))[None].known, more)
    with pytest.raises(ValueError, match=r"X has the columns \[1, 2, 4\], but .* on \[1, 2, 3\]"):
        reader.new_rows(more.rename(columns={3: 4}), daily(3, N))


@pytest.mark.parametrize("row", [0, 1])
def test_a_hole_in_X_future_can_be_filled_as_advised(row):
    forecaster = Forecaster(Ridge(), window_length=2).fit(frame(), daily())
    X_future = frame(3, start=N)
    X_future.iloc[row, 1] = np.nan
    with pytest.raises(ValueError, match=r"The column 'b' of X_future is NaN at .* past_only before fit") as error:
        forecaster.forecast(3, X_future)
    filled = eval(re.search(r"X_future = (\S+\))\.", str(error.value))[1], {"X_future": X_future})
    assert forecaster.forecast(3, filled).notna().all()
    X_future["b"] = np.nan
    with pytest.raises(ValueError, match=r"them\. Fill it\. If it is known only together with y"):
        forecaster.forecast(3, X_future)
    past = Forecaster(Ridge(), window_length=2, past_only=["b"], strategy="direct", steps=3).fit(frame(), daily())
    assert past.forecast(3, X_future).notna().all()


def test_a_series_as_X_future_is_made_a_table_as_advised():
    forecaster = Forecaster(Ridge(), window_length=2).fit(frame()[["b"]], daily())
    X_future = frame(3, start=N)["b"]
    with pytest.raises(ValueError, match=r"X_future must be a table of columns, got a Series: pass") as error:
        forecaster.forecast(3, X_future)
    table = eval(re.search(r"pass (.*)\.$", str(error.value))[1], {"X_future": X_future})
    assert forecaster.forecast(3, table).notna().all()


def test_dummies_that_later_rows_lack_are_added_as_advised():
    days = pd.Series(DAYS[: N + 2].day_name(), DAYS[: N + 2], name="day")
    dummies, X_future = pd.get_dummies(days[:N]), pd.get_dummies(days[N:])
    forecaster = Forecaster(Ridge(), window_length=2).fit(dummies, daily())
    with pytest.raises(ValueError, match="yet now missing") as error:
        forecaster.forecast(2, X_future)
    names = {"X_future": X_future, "forecaster": forecaster}
    whole = eval(re.search(r"X_future = (.*\)) gives", str(error.value))[1], names)
    assert whole.columns.tolist() == dummies.columns.tolist()
    assert whole.sum(axis=1).tolist() == [1, 1]
    assert forecaster.forecast(2, whole).notna().all()
