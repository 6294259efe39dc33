import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._series.series_input import read_truth, rows_of
from tests._series.tables import DAYS, N, Reader, daily, frame, panel


@pytest.mark.parametrize("make", [list, np.array, pd.Series, lambda y: np.array(y)[:, np.newaxis], pd.DataFrame])
def test_a_series_in_any_form_is_the_same_numbers(make):
    reader = Reader(None, make([1.0, 2.0, np.nan, 4.0]))
    series, labels = reader.series, reader.output_format
    assert list(series) == [None]
    np.testing.assert_array_equal(series[None].y, [[1], [2], [np.nan], [4]])
    assert series[None].y.dtype == np.float64
    assert series[None].known.shape == series[None].past.shape == (4, 0)
    assert labels.y_ndim == np.ndim(make([1.0]))
    assert not labels.is_panel


REFUSED = {
    "a series where X belongs": ((daily(), None), r"y to be passed.*write fit\(None, series\)"),
    "a list where X belongs": (([1.0, 2.0], None), r"write fit\(None, series\)"),
    "no y": ((frame().to_numpy(), None), "requires y to be passed, but the target y is None"),
    "a number": ((None, 3.0), r"y must have the shape .*got \(\)"),
    "three axes": ((None, np.zeros((4, 2, 2))), "dim 3"),
    "no column": ((None, np.zeros((4, 0))), r"shape=\(4, 0\)"),
    "no row": ((None, []), "0 sample"),
    "one row": ((None, [1.0]), "n_samples=1"),
    "nothing known": ((None, [np.nan] * 5), "^y has only NaN"),
    "nothing known of one": ((None, frame().assign(b=np.nan)), "column 'b' of y has only NaN"),
    "nothing known of a column": ((None, np.array([[1, np.nan]] * 3)), "column 1 of y has only NaN"),
    "infinite": ((None, [1.0, np.inf, 2.0]), "infinity"),
    "text": ((None, ["a", "b"]), "y holds text"),
    "of different lengths": ((np.zeros((3, 1)), [1.0, 2.0]), "inconsistent numbers of samples"),
    "of different lengths with an index": (
        (frame(index=DAYS[1:])[:-1], daily()),
        rf"X has {N - 1} rows and y has {N}\. Align them: X = X\.reindex\(y\.index\)",
    ),
    "a panel beside the rows of one series": (
        (frame(), panel({"a": (0, 4), "b": (0, 5)})),
        rf"X has {N} rows and y has 9\. Align them: give both the same index\.",
    ),
    "at different rows": (
        (frame(index=DAYS[1:]), daily()),
        r"row 0 is 2024-01-02.* in X and 2024-01-01.* in y.*X = X\.reindex\(y\.index\)",
    ),
    "with a gap": ((None, daily().drop(DAYS[3])), r"gap.*2024-01-04"),
    "unsorted": ((None, daily()[::-1]), r"y\.sort_index\(\)"),
    "three levels": ((None, pd.concat({"x": panel({"a": (0, 4)})})), "3 levels"),
    "a panel with a gap": ((None, panel({"a": (0, 5), "b": (0, 5)}).drop(("b", DAYS[2]))), r"y\.loc\['b'\] has a gap"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_from_is_refused(name):
    (X, y), message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        Reader(X, y)


def test_the_index_is_that_of_y_or_else_that_of_a_frame():
    assert Reader(None, daily()).series[None].index.equals(DAYS[:N])
    assert Reader(frame(), daily().to_numpy()).series[None].index.equals(DAYS[:N])
    rows = Reader(frame().reset_index(drop=True)[2:], daily().to_numpy()[2:]).series[None].index
    assert list(rows) == list(range(2, N))
    assert Reader(frame().to_numpy(), daily().to_numpy()).series[None].index is None
    assert Reader(frame().to_numpy(), daily()).series[None].index.equals(DAYS[:N])
    assert Reader(frame().to_period("D"), daily().to_numpy()).series[None].end.last == pd.Period("2024-01-08", "D")


def test_a_panel_is_divided_by_key_with_the_rows_that_it_came_in():
    y = panel({"a": (0, 5), "b": (2, 6), "c": (1, 3)})
    mixed = y.sort_index(level=1, kind="stable")
    for table in (y, mixed):
        reader = Reader(None, table)
        series = reader.series
        assert set(series) == {"a", "b", "c"}
        assert reader.output_format.levels == ["shop", "day"]
        for key, part in series.items():
            np.testing.assert_array_equal(part.y[:, 0], y.loc[key])
            assert part.index.equals(y.loc[key].index)
            np.testing.assert_array_equal(table.iloc[part.rows], y.loc[key])


def test_a_series_too_short_to_tell_its_frequency_has_that_of_the_others():
    series = Reader(None, panel({"a": (0, 9), "b": (4, 1), "c": (0, 8)})).series
    assert series["b"].end.next_values(2).equals(DAYS[5:7])
    weekly = pd.date_range("2024-01-01", periods=9, freq="W")
    unlike = pd.concat([panel({"a": (0, 9), "b": (4, 1)}), panel({"c": (0, 9)}, times=weekly)])
    series = Reader(None, unlike).series
    assert series["b"].end.step is None  # there is no telling which


def test_other_targets_are_refused_by_name():
    reader = Reader(None, frame(columns="yz"))
    with pytest.raises(
        ValueError, match=r"y has the columns \['y', 'w'\], but the Forecaster was fitted on \['y', 'z'\]"
    ):
        reader.new_rows(None, frame(columns="yw", n=3, start=N))
    swapped = reader.new_rows(None, frame(columns="yz", n=3, start=N)[["z", "y"]])[None]
    np.testing.assert_array_equal(swapped.y, frame(columns="yz", n=3, start=N))


def test_a_single_series_does_not_follow_a_panel():
    with pytest.raises(ValueError, match=r"y has no two-level index .* fitted on several series.* pd\.concat"):
        Reader(None, panel({"a": (0, 5), "b": (0, 5)})).new_rows(None, daily())
    named = Reader(None, panel({"a": (0, 5), "b": (0, 5)})).new_rows(None, pd.concat({"c": daily()}))
    assert list(named) == ["c"]


def test_a_history_is_y_or_both():
    series, labels = Reader(None, daily(name="sold")).other_history([5.0, 6.0])
    np.testing.assert_array_equal(series[None].whole.y, [[5], [6]])
    assert labels.names == "sold"
    part = Reader(frame(), daily()).other_history((frame(3, start=20), daily(3, 20)))[0][None].whole
    np.testing.assert_array_equal(part.known, frame(3, start=20))
    with pytest.raises(ValueError, match="X has no columns"):
        Reader(frame(), daily()).other_history(daily())


def test_a_history_of_one_series_may_follow_a_panel():
    reader = Reader(None, panel({"a": (0, 5), "b": (0, 5)}))
    series, labels = reader.other_history(panel({"new": (3, 4)}))
    assert list(series) == ["new"]
    assert labels.is_panel
    series, labels = reader.other_history(daily())
    assert list(series) == [None]
    assert not labels.is_panel
    assert reader.output_format.is_panel


WRONG_MORE = {
    "no columns": ((None, daily(3, N)), r"X has no columns, but the Forecaster was fitted on \['a', 'b', 'c'\]"),
    "one missing": ((frame(3, "ab", N), daily(3, N)), "feature names"),
    "one too many": ((frame(3, "abcd", N), daily(3, N)), "feature names"),
    "another name": ((frame(3, "abd", N), daily(3, N)), "feature names"),
    "another number": ((np.zeros((3, 2)), daily(3, N)), "2 features"),
    "more targets": ((frame(3, start=N), frame(3, "yz", N)), "y has 2 targets, but the Forecaster was fitted on 1"),
    "a panel": (
        (pd.concat({"a": frame(3, start=N)}), panel({"a": (N, 3)})),
        r"y has a two-level index .* fitted on a single series",
    ),
    "no y": ((frame(3, start=N), None), "requires y"),
}


@pytest.mark.parametrize("name", WRONG_MORE)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_rows_unlike_those_of_the_fit_are_refused(name):
    (X, y), message = WRONG_MORE[name]
    with pytest.raises(ValueError, match=message):
        Reader(frame(), daily()).new_rows(X, y)


@pytest.mark.parametrize("make", [list, np.array, pd.Series, lambda v: pd.DataFrame({"a": v}), np.matrix])
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_some_rows_of_anything(make):
    data = [5.0, 6.0, 7.0, 8.0]
    if make is np.matrix:
        data = [[v] for v in data]
    some = rows_of(make(data), np.array([1, 3]))
    np.testing.assert_array_equal(np.ravel(some), [6, 8])
    assert rows_of(None, np.array([1])) is None


@pytest.mark.parametrize(
    ("index", "call"),
    [
        (pd.date_range("2024-01-01", periods=6)[::-1], "X = X.loc[y.index]"),
        (pd.date_range("2024-01-03", periods=6), "X = X.reindex(y.index)"),
        (pd.RangeIndex(6), "X.index = y.index"),
    ],
    ids=["order", "some", "numbers"],
)
def test_the_call_that_aligns_two_tables_does(index, call):
    y = pd.Series(np.arange(6.0), index=pd.date_range("2024-01-01", periods=6))
    X = pd.DataFrame({"open": 1.0}, index=index)
    with pytest.raises(ValueError, match=rf"Align them: {re.escape(call)}"):
        Forecaster().fit(X, y)
    names = {"X": X, "y": y}
    exec(call, names)
    assert names["X"].index.equals(y.index)


def test_rows_of_one_series_and_of_several_are_told_apart():
    y = pd.Series(np.arange(20.0) ** 1.1, pd.date_range("2024-01-01", periods=20))
    single, several = y[:16], pd.concat({"a": y[:16], "b": 2 * y[:16]})
    for fitted, more, said in (
        (single, pd.concat({"a": y[16:]}), "y has a two-level index .* fitted on a single series"),
        (several, y[16:], "y has no two-level index .* fitted on several series.*pd.concat"),
    ):
        with pytest.raises(ValueError, match=said):
            Forecaster(Ridge(), window_length=3).fit(None, fitted).update(None, more)


def test_the_truth_is_put_in_the_order_of_the_rows_to_score():
    reader = Reader(frame(), daily())
    X, y, weight = frame(4, start=N), daily(4, N), daily(4, 1)

    def read(X, y, weight=None):
        return read_truth(reader.data.spec, reader.history, X, y, weight)

    for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
        truth, weights = read(X, y.iloc[order], pd.Series(weight.to_numpy(), y.index).iloc[order[::-1]])
        np.testing.assert_array_equal(truth, y)
        np.testing.assert_array_equal(weights, weight)
    truth, weights = read(X.to_numpy(), y)
    np.testing.assert_array_equal(truth, y)
    assert weights is None
    np.testing.assert_array_equal(read(X.to_numpy(), y.to_numpy(), weight.to_numpy())[1], weight)
    assert np.isnan(read(X, y.where(y != N + 1))[0]).tolist() == [False, True, False, False]
    with pytest.raises(ValueError, match="infinity"):
        read(X, y.replace(N + 1, np.inf))
    with pytest.raises(ValueError, match=r"y begins at 2024-01-10.*array X .*Give X as a frame with the index of y"):
        read(X.to_numpy(), daily(4, N + 1))


def test_a_truth_beside_an_array_follows_every_history():
    y = panel({"a": (0, 5), "b": (0, 6)})
    reader = Reader(None, y)
    X = np.empty((4, 0))
    truth, _ = read_truth(reader.data.spec, reader.history, X, panel({"a": (5, 2), "b": (6, 2)}), None)
    np.testing.assert_array_equal(truth, [0, 1, 100, 101])
    for late in (panel({"a": (5, 2), "b": (7, 2)}), panel({"a": (5, 2), "new": (6, 2)})):
        with pytest.raises(ValueError, match=r"y begins at 2024-01-0[78].*array X"):
            read_truth(reader.data.spec, reader.history, X, late, None)


def test_a_history_has_the_name_of_its_own_targets():
    reader = Reader(None, daily(name="sold"))
    for y, name in ((daily(3, 20, name="other"), "other"), (daily(3, 20), None), (np.zeros(3), "sold")):
        assert reader.other_history(y)[1].names == name


def test_a_short_series_of_a_panel_has_the_step_of_the_others():
    """One whole number, and three months that may be four weeks or half-months, tell no step."""
    counts = pd.concat({"a": pd.Series(1.0, range(0, 9000, 1000)), "b": pd.Series(1.0, [8000])})
    assert {part.end.step for part in Reader(None, counts).series.values()} == {1000}
    half_months = pd.date_range("2024-12-01", periods=20, freq="SMS")
    panel = pd.concat({"a": pd.Series(1.0, half_months), "b": pd.Series(1.0, half_months[5:8])})
    steps = [part.end.step for part in Reader(None, panel).series.values()]
    assert steps[0] == steps[1] == half_months.freq


def test_series_that_differ_keep_their_steps():
    days, weeks = (pd.date_range("2024-01-01", periods=9, freq=freq) for freq in ("D", "W-MON"))
    panel = pd.concat({"a": pd.Series(1.0, days), "b": pd.Series(1.0, weeks), "c": pd.Series(1.0, days[:1])})
    steps = {key: part.end.step for key, part in Reader(None, panel).series.items()}
    assert steps["a"] != steps["b"]
    assert steps["c"] is None


def test_a_new_series_has_the_step_of_the_panel():
    counts = pd.concat({"a": pd.Series(np.arange(9.0), range(0, 90, 10))})
    f = Forecaster(Ridge(), window_length=1).fit(None, counts)
    new = pd.concat({"b": pd.Series([3.0], [40])})
    assert f.forecast(2, history=new).index.to_list() == [("b", 50), ("b", 60)]
    f.update(None, new).update(None, pd.concat({"b": pd.Series([4.0, 5.0], [50, 60])}))
    assert f.forecast(1).index.to_list() == [("a", 90), ("b", 70)]


@pytest.mark.parametrize("name", ["X", "y"])
@pytest.mark.parametrize("value", [1e305, -1e305])
def test_values_whose_sums_overflow_are_refused(name, value):
    X, y = frame(), daily()
    (X if name == "X" else y).iloc[2] = value
    with pytest.raises(ValueError, match=rf"{name} has a value of size 1e\+305.*Divide {name} by a constant"):
        Reader(X, y)


def test_a_series_whose_name_is_a_number_may_have_no_value():
    with pytest.raises(ValueError, match=r"^y has only NaN"):
        Reader(None, daily().rename(3) * np.nan)


def test_infinity_is_told_with_its_place_and_a_call_that_helps():
    y = pd.concat({"a": daily(6), "b": daily(6)}).astype(float)
    y.iloc[[8, 9]] = [np.inf, -np.inf]
    for given, place in (
        (y, r"at \('b', Timestamp\('2024-01-03"),
        (y.to_numpy(), "at row 8"),
        (y.to_frame(), "at .'b'"),
    ):
        with pytest.raises(ValueError, match=f"y contains infinity .*{place}") as caught:
            Reader(None, given)
        names = {"y": given, "np": np}
        exec(re.search(r"y = .*?\)(?= makes)", str(caught.value))[0], names)
        Reader(None, names["y"])
