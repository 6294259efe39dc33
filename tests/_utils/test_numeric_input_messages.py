import datetime
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor
from sklstm._utils.numeric_input import as_numbers

N = 30
DAYS = pd.date_range("2024-01-01", periods=N)
VALUES = np.sin(np.arange(N)) + 2


def masked(values):
    return np.ma.array(values, mask=np.arange(len(values)) == 1)


COLUMNS = {
    "dates": (DAYS, "dates"),
    "dates with a time zone": (DAYS.tz_localize("Europe/Paris"), "dates"),
    "periods": (DAYS.to_period("D"), "dates"),
    "dates as objects": (pd.Series(DAYS.date, dtype=object), "dates"),
    "dates of NumPy among objects": (pd.Series([*DAYS.to_numpy()[:-1], 0], dtype=object), "dates"),
    "dates as text": (DAYS.strftime("%Y-%m-%d"), "text"),
    "durations": (DAYS - DAYS[0], "durations"),
    "falling durations": (DAYS[::-1] - DAYS[0], "durations"),
    "times of day": (pd.Series(pd.date_range("2024", periods=N, freq="h").time, dtype=object), "dates"),
    "names that pandas reads as times": (["M1", "T2"] * (N // 2), "text"),
    "durations as objects": (pd.Series((DAYS - DAYS[0]).to_pytimedelta(), dtype=object), "durations"),
    "numbers as text": (list(map(str, VALUES)), "text"),
    "numbers as text but for one": (["n/a", *map(str, VALUES[1:])], "text"),
    "decimal commas": ([str(value).replace(".", ",") for value in VALUES], "text"),
    "decimal commas and whole numbers": (["1", *(str(value).replace(".", ",") for value in VALUES[1:])], "text"),
    "text": (["store00", "store01"] * (N // 2), "text"),
    "categories": (pd.Categorical(["a", "b"] * (N // 2)), "categories"),
    "categories that are numbers": (pd.Categorical([1, 2] * (N // 2)), "categories"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_advice_for_a_column_mends_it(name):
    column, kind = COLUMNS[name]
    X = pd.DataFrame({"v": VALUES, "odd": column})
    with pytest.raises(TypeError, match=f"^Column 'odd' of X holds {kind}.*but numbers are needed") as error:
        as_numbers(X, "X")
    (target, call), *_ = re.findall(
        r"(\w+(?:\['odd'\])?) = (\S.*?\))(?:\.(?: |$)|$|, where|, or| (?:conv|enc|repl))", str(error.value)
    )
    place = {"X": X, "df": X, "pd": pd}
    exec(f"{target} = {call}", place)
    mended = as_numbers(place["df" if target == "df" else "X"], "X")
    assert len(mended) == N
    assert mended.notna().sum().sum() >= 2 * N - 1 or isinstance(mended.index, pd.DatetimeIndex | pd.PeriodIndex)


@pytest.mark.parametrize("given", ["pandas", "polars"])
def test_a_long_table_is_told_what_index_it_needs(given):
    table = {"date": [*DAYS.to_pydatetime()] * 2, "store": ["a"] * N + ["b"] * N, "sold": [*VALUES, *VALUES]}
    df = pd.DataFrame(table)
    for call in ("df = df.set_index('date')", "df = df.set_index('store', append=True).swaplevel()"):
        y = df if given == "pandas" else pl.DataFrame(table)
        with pytest.raises(TypeError) as error:
            Forecaster(Ridge()).fit(None, y)
        if given == "polars":
            assert "y = pd.DataFrame(y.to_dicts()) converts polars to pandas" in str(error.value)
            df = pd.DataFrame(y.to_dicts())
            break
        assert call in str(error.value)
        place = {"df": df}
        exec(call, place)
        df = place["df"]
    if given == "pandas":
        assert len(Forecaster(Ridge()).fit(None, df["sold"]).forecast(2)) == 4
    with pytest.raises(TypeError, match=r"df = df.set_index\(\['store', 'date'\]\)"):
        as_numbers(pd.DataFrame(table)[["store", "date"]], "X")


OTHERS = {
    "text": (np.array(["a"]), TypeError, "X holds text"),
    "bytes": (np.array([b"a"]), TypeError, "X holds text"),
    "digits": (["1", "2"], TypeError, r"numbers as text: X = np.asarray\(X, dtype=float\)"),
    "dates": (DAYS.to_numpy(), TypeError, "X holds dates.*Put times into the index"),
    "durations": ((DAYS - DAYS[0]).to_numpy(), TypeError, r'durations.*X / np.timedelta64\(1, "s"\)'),
    "no time": ([pd.NaT, np.datetime64("NaT", "D")], TypeError, "X holds dates"),
    "a duration": (np.timedelta64(1, "D"), TypeError, "X holds durations"),
    "masked dates": (masked(DAYS.to_numpy()), TypeError, "X holds dates"),
    "a column of dates": ([[1.0, DAYS[0]]], TypeError, "Column 1 of X holds dates"),
    "times of day": ([datetime.time(1)], TypeError, "X holds dates"),
    "a dict": ({"a": 1}, TypeError, "type dict.*argument must be a string or a real number"),
    "a dict of columns": ({"a": [1.0, 2.0]}, TypeError, r"type dict.* pd.DataFrame\(X\) makes a table"),
    "rows as dicts": ([{"a": 1.0}, {"a": 2.0}], TypeError, r"type dict.* pd.DataFrame\(X\) makes a table"),
    "groups": (pd.DataFrame({"a": [1, 2]}).groupby("a"), TypeError, r"X is a DataFrameGroupBy.*Pass X\.obj\. A Fore"),
    "a grouped column": (pd.Series([1, 2]).groupby(level=0), TypeError, r"X is a SeriesGroupBy.*Pass X\.obj"),
    "groups of polars": (pl.DataFrame({"a": [1]}).group_by("a"), TypeError, "is a GroupBy.*the table that was grouped"),
    "columns of numbers and of tables": ({"a": 1.0, "b": np.ones((2, 2))}, TypeError, r"type dict.*\)$"),
    "a set": ({1.0, 2.0}, TypeError, "type set.*no order. Give a list"),
    "fields": (np.zeros(2, dtype=[("a", int), ("b", float)]), TypeError, r"structured array: pd.DataFrame\(X\)"),
    "complex": ([1j], ValueError, "Complex data not supported"),
    "complex objects": (np.array([1j, None]), ValueError, "Complex data not supported"),
    "a complex column": (pd.DataFrame({"a": [1j]}), ValueError, "Complex data not supported"),
    "rows and numbers": (pd.Series([[1, 2], 3]).to_numpy(), TypeError, "type list.*np.stack"),
    "a column of lists": (pd.DataFrame({"a": [[1], [2]]}), TypeError, "Column 'a' of X holds.*type list"),
    "lists of polars": (pl.DataFrame({"a": [[1], [2]]}), TypeError, "Column 'a' of X holds.*type list"),
    "structs of polars": (pl.DataFrame({"a": [{"b": 1}]}), TypeError, "Column 'a' of X holds.*type dict"),
    "a name twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "column 'a' more than once"),
    "a lazy frame": (pl.LazyFrame({"a": [1]}), TypeError, r"Pass X.collect\(\)"),
    "ragged rows": ([[1, 2], [3]], ValueError, "row 0 has length 2, row 1 has 1. All rows must"),
    "ragged inside": ([np.zeros((2, 1)), np.zeros((2, 2))], ValueError, "inhomogeneous.*differ in length"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_number_is_refused(name):
    given, error, message = OTHERS[name]
    with pytest.raises(error, match=message):
        as_numbers(given, "X")


@pytest.mark.parametrize(
    ("name", "given", "advice", "values"),
    [
        ("X", (x for x in [1.0, 2.0]), "X = list(X)", [1, 2]),
        ("y", map(float, [1, 2]), "y = list(y)", [1, 2]),
        ("X", {"a": 1.0, "b": 2.0}, "pd.DataFrame([X])", [[1, 2]]),
        ("y", {DAYS[0]: 1.0, DAYS[1]: 2.0}, "pd.Series(y)", [1, 2]),
        ("y", {"a": [1.0], "b": [2.0]}, "pd.DataFrame(y)", [[1, 2]]),
        ("X", [{"a": 1.0, "b": 2.0}], "pd.DataFrame(X)", [[1, 2]]),
    ],
)
def test_the_call_for_a_container_makes_numbers_of_it(name, given, advice, values):
    with pytest.raises(TypeError, match=re.escape(advice)):
        as_numbers(given, name)
    call = advice.partition(" = ")[2] or advice
    np.testing.assert_array_equal(as_numbers(eval(call, {"pd": pd, name: given}), name), values)


class Table:
    """As a table of a library that keeps an index, such as Modin's."""

    def __init__(self, frame, **methods):
        self._frame, self.index = frame, frame.index
        vars(self).update(methods)

    def __array__(self, dtype=None, copy=None):
        return self._frame.to_numpy(dtype)

    def __len__(self):
        return len(self._frame)


def test_the_index_of_another_library_is_not_lost():
    frame = pd.DataFrame({"sold": np.arange(40.0) % 7}, pd.date_range("2024-01-01", periods=40))
    methods = {
        "y.to_pandas()": {"to_pandas": lambda: frame},
        "y.modin.to_pandas()": {"modin": Table(frame, to_pandas=lambda: frame)},
        "y._to_pandas()": {"_to_pandas": lambda: frame},
        "y.compute()": {"compute": lambda: frame},
    }
    for call, given in methods.items():
        y = Table(frame, **given)
        message = rf"y is a Table of tests, whose index would be lost\. Pass {re.escape(call)}\."
        with pytest.raises(TypeError, match=message):
            Forecaster(Ridge(), window_length=3).fit(None, y)
        assert Forecaster(Ridge(), window_length=3).fit(None, eval(call)).forecast(1).index[0].day == 10
    with pytest.raises(TypeError, match=r"whose index would be lost\. Pass a table of pandas\."):
        as_numbers(Table(frame), "y", reads_times=True)
    np.testing.assert_array_equal(as_numbers(Table(frame), "X"), frame)  # samples have no times
    with pytest.raises(TypeError, match="values of the type dict"):
        as_numbers({"index": 1}, "X", reads_times=True)


@pytest.mark.parametrize("shape", [(), (2,)])
def test_the_line_that_pads_ragged_sequences_works(shape):
    X = [np.ones((length, *shape)) for length in (3, 5, 4)]
    with pytest.raises(ValueError, match=r"row 0 has length 3, row 1 has 5\. Pad") as error:
        LSTMRegressor(2, max_iter=1).fit(X, [1.0, 2, 3])
    place = {"X": X, "np": np}
    exec(re.search(r"n = max.*", str(error.value))[0], place)
    assert np.isnan(place["X"][0, :2]).all()
    model = LSTMRegressor(2, max_iter=2, learning_rate="cosine").fit(place["X"], [1.0, 2, 3])
    assert np.isfinite(model.predict(place["X"])).all()
