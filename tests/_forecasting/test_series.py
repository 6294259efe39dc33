import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._forecasting.series import (
    History,
    OutputFormat,
    SeriesData,
    check_columns,
    check_follows,
    interval_names,
    known_names,
    read_future,
    read_history,
    read_more,
    read_rows,
    read_training,
    rows_of,
)
from sklstm._utils.time_index import regular_end

N = 8
DAYS = pd.date_range("2024-01-01", periods=40)
FLAT = Ridge()


def forecaster(**settings):
    return Forecaster(FLAT, **settings)


def after(X, y, **settings):
    """A forecaster that has read its training rows, as `fit` has it."""
    reader = forecaster(**settings)
    reader._training, reader._output_format = read_training(reader, X, y)
    reader._history = reader._training
    return reader


def frame(n=N, columns="abc", start=0, index=DAYS):
    values = 100.0 * np.arange(len(columns)) + np.arange(start, start + n)[:, np.newaxis]
    return pd.DataFrame(values, index=index[start : start + n], columns=list(columns))


def daily(n=N, start=0, **settings):
    return pd.Series(np.arange(float(start), start + n), index=DAYS[start : start + n], **settings)


def panel(spans, name="sold", times=DAYS):
    """Series (first row, length) by key, each counting from 100 times its number."""
    parts = {k: pd.Series(100.0 * i + np.arange(n), times[a : a + n]) for i, (k, (a, n)) in enumerate(spans.items())}
    return pd.concat(parts, names=["shop", "day"]).rename(name)


# ---- what is learnt from


@pytest.mark.parametrize("make", [list, np.array, pd.Series, lambda y: np.array(y)[:, np.newaxis], pd.DataFrame])
def test_a_series_in_any_form_is_the_same_numbers(make):
    series, labels = read_training(forecaster(), None, make([1.0, 2.0, np.nan, 4.0]))
    assert list(series) == [None]
    np.testing.assert_array_equal(series[None].y, [[1], [2], [np.nan], [4]])
    assert series[None].y.dtype == np.float64
    assert series[None].known.shape == series[None].past.shape == (4, 0)
    assert labels.y_ndim == np.ndim(make([1.0]))
    assert not labels.is_panel


@pytest.mark.parametrize("empty", [None, np.empty((N, 0)), pd.DataFrame(index=DAYS[:N])])
def test_no_columns_in_any_form_are_none(empty):
    reader = after(empty, daily())
    assert reader.n_features_in_ == 0
    assert not hasattr(reader, "feature_names_in_")
    assert reader._history[None].known.shape == (N, 0)


def test_columns_are_divided_into_those_known_in_advance_and_others():
    reader = after(frame(), daily(), past_only=["b"])
    part = reader._history[None]
    np.testing.assert_array_equal(part.known, frame()[["a", "c"]])
    np.testing.assert_array_equal(part.past, frame()[["b"]])
    assert known_names(reader) == ["a", "c"]
    assert reader.feature_names_in_.tolist() == ["a", "b", "c"]
    positions = after(frame().to_numpy(), daily(), past_only=[2, 0])
    np.testing.assert_array_equal(positions._history[None].known, frame()[["b"]])
    np.testing.assert_array_equal(positions._history[None].past, frame()[["a", "c"]])
    assert known_names(positions) == ["x1"]


@pytest.mark.parametrize(
    ("X", "past_only"), [(frame(), ["d"]), (frame(), [0]), (frame().to_numpy(), ["a"]), (None, [0])]
)
def test_past_only_columns_that_are_not_there_are_named(X, past_only):
    with pytest.raises(ValueError, match=rf"past_only names {past_only[0]!r}, but the columns of X are \["):
        after(X, daily(), past_only=past_only)


def test_columns_of_an_earlier_fit_are_forgotten():
    reader = after(frame(), daily())
    read_training(reader, None, daily())
    assert reader.n_features_in_ == 0
    assert not hasattr(reader, "feature_names_in_")


def test_a_column_that_is_known_in_advance_has_no_hole():
    X = frame()
    X.iloc[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"The column 'b' of X is NaN at 2024-01-04.*X\.interpolate\(\).*past_only"):
        after(X, daily())
    with pytest.raises(ValueError, match=r"The column 'x1' of X is NaN at row 3"):
        after(X.to_numpy(), daily())
    assert np.isnan(after(X, daily(), past_only=["b"])._history[None].past[3, 0])
    # the name is that of the column, wherever the others are
    with pytest.raises(ValueError, match=r"The column 'b' of X is NaN"):
        after(X, daily(), past_only=["a"])


REFUSED = {
    "a series where X belongs": ((daily(), None), r"y to be passed.*write fit\(None, series\)"),
    "a list where X belongs": (([1.0, 2.0], None), r"write fit\(None, series\)"),
    "no y": ((frame().to_numpy(), None), "requires y to be passed, but the target y is None"),
    "a number": ((None, 3.0), "y"),
    "three axes": ((None, np.zeros((4, 2, 2))), "dim 3"),
    "no column": ((None, np.zeros((4, 0))), r"shape=\(4, 0\)"),
    "no row": ((None, []), "0 sample"),
    "one row": ((None, [1.0]), "n_samples=1"),
    "nothing known": ((None, [np.nan] * 5), "y holds NaN only"),
    "nothing known of one": ((None, frame().assign(b=np.nan)), "column 'b' of y holds NaN only"),
    "nothing known of a column": ((None, np.array([[1, np.nan]] * 3)), "column 1 of y holds NaN only"),
    "infinite": ((None, [1.0, np.inf, 2.0]), "infinity"),
    "text": ((None, ["a", "b"]), "could not convert"),
    "of different lengths": ((np.zeros((3, 1)), [1.0, 2.0]), "inconsistent numbers of samples"),
    "of different lengths with an index": (
        (frame(index=DAYS[1:])[:-1], daily()),
        rf"X has {N - 1} and y has {N}\. Align them: X = X\.reindex\(y\.index\)",
    ),
    "a panel beside the rows of one series": (
        (frame(), panel({"a": (0, 4), "b": (0, 5)})),
        rf"X has {N} and y has 9\. Align them: give both the same index\.",
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
    with pytest.raises(ValueError, match=message):
        read_training(forecaster(), X, y)


def test_the_index_is_that_of_y_or_else_that_of_a_frame():
    assert after(None, daily())._history[None].index.equals(DAYS[:N])
    assert after(frame(), daily().to_numpy())._history[None].index.equals(DAYS[:N])
    rows = after(frame().reset_index(drop=True)[2:], daily().to_numpy()[2:])._history[None].index
    assert list(rows) == list(range(2, N))
    assert after(frame().to_numpy(), daily().to_numpy())._history[None].index is None
    assert after(frame().to_numpy(), daily())._history[None].index.equals(DAYS[:N])
    assert after(frame().to_period("D"), daily().to_numpy())._history[None].end.last == pd.Period("2024-01-08", "D")


def test_a_panel_is_divided_by_key_with_the_rows_that_it_came_in():
    y = panel({"a": (0, 5), "b": (2, 6), "c": (1, 3)})
    mixed = y.sort_index(level=1, kind="stable")
    for table in (y, mixed):
        series, labels = read_training(forecaster(), None, table)
        assert set(series) == {"a", "b", "c"}
        assert labels.levels == ["shop", "day"]
        for key, part in series.items():
            np.testing.assert_array_equal(part.y[:, 0], y.loc[key])
            assert part.index.equals(y.loc[key].index)
            np.testing.assert_array_equal(table.iloc[part.rows], y.loc[key])


def test_a_series_too_short_to_tell_its_frequency_has_that_of_the_others():
    series, _ = read_training(forecaster(), None, panel({"a": (0, 9), "b": (4, 1), "c": (0, 8)}))
    assert series["b"].end.next_values(2).equals(DAYS[5:7])
    weekly = pd.date_range("2024-01-01", periods=9, freq="W")
    unlike = pd.concat([panel({"a": (0, 9), "b": (4, 1)}), panel({"c": (0, 9)}, times=weekly)])
    series, _ = read_training(forecaster(), None, unlike)
    assert series["b"].end.step is None  # there is no telling which


# ---- more rows


def test_columns_are_matched_by_name():
    reader = after(frame(), daily())
    shuffled = frame(3, "cab", start=N)
    shuffled.loc[:] = frame(3, start=N)[["c", "a", "b"]].to_numpy()
    np.testing.assert_array_equal(read_more(reader, shuffled, daily(3, N))[None].known, frame(3, start=N))


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
        read_more(after(frame(), daily()), X, y)


def test_columns_after_a_fit_without_any_are_refused():
    with pytest.raises(ValueError, match="the Forecaster was fitted without any"):
        read_more(after(None, daily()), frame(3, start=N), daily(3, N))


def test_other_targets_are_refused_by_name():
    reader = after(None, frame(columns="yz"))
    with pytest.raises(
        ValueError, match=r"y has the columns \['y', 'w'\], but the Forecaster was fitted on \['y', 'z'\]"
    ):
        read_more(reader, None, frame(columns="yw", n=3, start=N))
    swapped = read_more(reader, None, frame(columns="yz", n=3, start=N)[["z", "y"]])[None]
    np.testing.assert_array_equal(swapped.y, frame(columns="yz", n=3, start=N))


def test_a_single_series_does_not_follow_a_panel():
    with pytest.raises(ValueError, match=r"y has no two-level index .* fitted on several series.* pd\.concat"):
        read_more(after(None, panel({"a": (0, 5), "b": (0, 5)})), None, daily())
    named = read_more(after(None, panel({"a": (0, 5), "b": (0, 5)})), None, pd.concat({"c": daily()}))
    assert list(named) == ["c"]


def test_a_history_is_y_or_both():
    series, labels = read_history(after(None, daily(name="sold")), [5.0, 6.0])
    np.testing.assert_array_equal(series[None].whole.y, [[5], [6]])
    assert labels.names == "sold"
    part = read_history(after(frame(), daily()), (frame(3, start=20), daily(3, 20)))[0][None].whole
    np.testing.assert_array_equal(part.known, frame(3, start=20))
    with pytest.raises(ValueError, match="X has no columns"):
        read_history(after(frame(), daily()), daily())


def test_a_history_of_one_series_may_follow_a_panel():
    reader = after(None, panel({"a": (0, 5), "b": (0, 5)}))
    series, labels = read_history(reader, panel({"new": (3, 4)}))
    assert list(series) == ["new"]
    assert labels.is_panel
    series, labels = read_history(reader, daily())
    assert list(series) == [None]
    assert not labels.is_panel
    assert reader._output_format.is_panel


def test_new_rows_follow_directly():
    history = read_training(forecaster(), None, daily())[0]
    reader = after(None, daily())
    check_follows(history, read_more(reader, None, daily(3, N)))
    check_follows(history, read_more(reader, None, np.zeros(3)))  # arrays are taken to
    with pytest.raises(ValueError, match=r"y begins at 2024-01-11.*, 2 rows after .* ends at 2024-01-08.*may be NaN"):
        check_follows(history, read_more(reader, None, daily(3, N + 2)))
    with pytest.raises(ValueError, match=r"y\.loc\['a'\] are at 2024-01-03"):
        check_follows({"a": history[None]}, {"a": read_more(reader, None, daily(3, 2))[None]})


@pytest.mark.parametrize("form", ["dates", "arrays"])
def test_rows_that_follow_are_joined(form):
    def give(n, start, is_array):
        X, y = frame(n, start=start), daily(n, start)
        return (X.to_numpy(), y.to_numpy()) if is_array else (X, y)

    reader = after(*give(N, 0, form == "arrays"), past_only=[0] if form == "arrays" else ["a"])
    X, y = give(3, N, form != "dates")
    more = read_more(reader, X, y)
    future = np.full((5, 2), 7.0)  # columns of the future give way to those of rows
    joined = History.of(reader._history[None]).knowing(future).followed_by(more[None])
    whole = after(*give(N + 3, 0, form == "arrays"), past_only=[0] if form == "arrays" else ["a"])._history[None]
    for name in ("y", "known", "past"):
        np.testing.assert_array_equal(getattr(joined.whole, name), getattr(whole, name))
    assert len(joined) == N + 3
    assert list(joined.next_index(2)) == list(History.of(whole).next_index(2))
    assert list(joined.whole.known_index) == list(whole.known_index)
    np.testing.assert_array_equal(joined.whole.stamps, whole.stamps)


@pytest.mark.parametrize(
    "index",
    [
        None,
        DAYS,
        DAYS.tz_localize("Asia/Tokyo"),
        DAYS.to_period("D"),
        pd.date_range("2024-01-31", periods=40, freq="ME"),
        pd.RangeIndex(5, 85, 2),
    ],
    ids=lambda index: type(index).__name__,
)
@pytest.mark.parametrize("sizes", [[8, *[1] * 30], [3, 1, 9, 1, 1, 2, 14, 1], [1, 1, 1, 1, 30, 1]])
def test_a_history_is_its_rows_however_they_came(index, sizes):
    rng = np.random.default_rng(0)
    starts = np.cumsum([0, *sizes])
    y, known, past = (rng.normal(size=(starts[-1] + 4, width)) for width in (2, 1, 3))
    if index is not None and sizes[0] == 1:
        index = pd.RangeIndex(40) if isinstance(index, pd.DatetimeIndex) else index  # one stamp has no frequency

    def part(first, stop):
        times = None if index is None else index[first:stop]
        end = None if index is None else regular_end(times)
        return SeriesData(y[first:stop], known[first:stop], past[first:stop], times, end, np.arange(stop - first))

    history = History.of(part(0, sizes[0]))
    for first, stop in pairwise(starts[1:]):
        earlier, n_earlier = history, len(history)
        history = earlier.followed_by(part(first, stop))
        assert len(earlier) == n_earlier  # nothing that is at hand changes
        np.testing.assert_array_equal(earlier.whole.y, y[:first])
        np.testing.assert_array_equal(history.values("y", first - 1, stop), y[first - 1 : stop])
    n = len(history)
    assert len(history.pieces) < 2 + np.log2(n)
    whole = history.knowing(known[n:])
    for first, stop in rng.integers(0, n + 4, size=(50, 2)):
        np.testing.assert_array_equal(whole.values("known", first, stop), known[first:stop])
        np.testing.assert_array_equal(whole.values("past", first, stop), past[first : min(n, stop)])
    if index is not None:
        assert history.whole.index.equals(index[:n])
        assert history.end.last == index[n - 1]
        np.testing.assert_array_equal(history.values("stamps", 2, n), part(0, n).stamps[2:])


# ---- what is asked for


def test_rows_to_predict_are_found_by_their_index():
    reader = after(None, daily())
    future = read_rows(reader, pd.DataFrame(index=DAYS[N + 2 : N + 5]))[None]
    assert (future.n_skipped, future.steps, future.rows.tolist()) == (2, 5, [0, 1, 2])
    future = read_rows(reader, np.empty((4, 0)))[None]
    assert (future.n_skipped, future.steps) == (0, 4)
    reader = after(frame(), daily(), past_only=["b"])
    future = read_rows(reader, frame(3, start=N))[None]
    np.testing.assert_array_equal(future.known, frame(3, start=N)[["a", "c"]])


def test_rows_of_a_panel_are_found_in_any_order_and_for_some_of_the_series():
    reader = after(None, panel({"a": (0, 5), "b": (0, 6), "c": (0, 6)}))
    asked = pd.DataFrame(index=panel({"b": (7, 2), "a": (5, 3)}).index)
    asked = asked.iloc[[2, 0, 3, 1, 4]]
    futures = read_rows(reader, asked)
    assert {key: (f.n_skipped, f.rows.tolist()) for key, f in futures.items()} == {
        "a": (0, [0, 2, 4]),
        "b": (1, [1, 3]),
    }


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, r"predict and score need the rows to forecast.*forecast\(steps\)"),
        (np.empty((0, 0)), "0 sample"),
        (pd.DataFrame(index=DAYS[N - 2 : N + 2]), "2 of the 4 rows of X were trained on"),
        (pd.DataFrame(index=DAYS[:4] + pd.Timedelta(hours=1)), "fitted_values_"),
        (
            pd.DataFrame(index=panel({"a": (N, 2)}).index),
            "index of 2 levels, but the history is a single series",
        ),
        (pd.DataFrame(index=DAYS[N : N + 4].delete(2)), "leaves out"),
    ],
)
def test_rows_that_cannot_be_predicted_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        read_rows(after(None, daily()), X)


def test_rows_that_were_trained_on_are_found_in_any_order():
    rows = read_rows(after(None, daily()), pd.DataFrame(index=DAYS[[3, 1]]))[None]
    assert rows.positions.tolist() == [3, 1]
    table = panel({"a": (0, 5), "b": (2, 6)}).to_frame()[[]]
    found = read_rows(after(None, panel({"a": (0, 5), "b": (2, 6)})), table.iloc[[6, 0, 5]])
    assert {key: (part.rows.tolist(), part.positions.tolist()) for key, part in found.items()} == {
        "b": ([0, 2], [1, 0]),
        "a": ([1], [0]),
    }


@pytest.mark.parametrize("X", [np.empty((3, 0)), pd.DataFrame(index=DAYS[N : N + 3])])
def test_rows_of_a_panel_have_two_levels(X):
    with pytest.raises(ValueError, match="X must be pandas with an index of two levels, series and time"):
        read_rows(after(None, panel({"a": (0, 5), "b": (0, 6)})), X)


def test_a_series_without_history_is_named():
    asked = pd.DataFrame(index=panel({"a": (5, 3), "new": (5, 3)}).index)
    with pytest.raises(ValueError, match=r"rows of the series 'new', which has no history.*history=\.\.\."):
        read_rows(after(None, panel({"a": (0, 5), "b": (0, 6)})), asked)


@pytest.mark.parametrize(
    "given", ["all columns", "known ones alone", "in another order", "array of all", "array of known"]
)
def test_the_future_of_known_columns_may_come_with_the_others_or_without(given):
    reader = after(frame(), daily(), past_only=["b"])
    full = frame(5, start=N)
    X_future = {
        "all columns": full,
        "known ones alone": full[["a", "c"]],
        "in another order": full[["c", "b", "a"]],
        "array of all": full.to_numpy(),
        "array of known": full[["a", "c"]].to_numpy(),
    }[given]
    if given.startswith("array"):
        reader = after(frame().to_numpy(), daily(), past_only=[1])
    future = read_future(reader, reader._history, X_future, 3)[None]
    assert future.steps == 3
    np.testing.assert_array_equal(future.known[:3], full[["a", "c"]].iloc[:3])


@pytest.mark.parametrize("X_future", [None, np.empty((9, 0)), pd.DataFrame(index=DAYS[N : N + 4])])
def test_without_known_columns_no_future_is_needed(X_future):
    for reader in (after(None, daily()), after(frame(), daily(), past_only=list("abc"))):
        future = read_future(reader, reader._history, X_future, 4)[None]
        assert (future.steps, future.known.shape[1]) == (4, 0)


NO_FUTURE = {
    "none": (None, r"X_future is needed: the columns \['a', 'c'\] of the 3 rows"),
    "too short": (frame(2, start=N), "X_future has 2 rows; steps=3 need as many"),
    "too late": (frame(3, start=N + 2), "X_future begins 2 rows after the first row to forecast"),
    "a row too late": (frame(3, start=N + 1), "X_future begins 1 row after the first row to forecast"),
    "training rows": (frame(3, start=2), "X_future are at 2024-01-03"),
    "one missing": (frame(3, "ab", N), "feature names"),
    "one too many": (frame(3, "abcd", N), "feature names"),
    "a hole": (frame(3, start=N).assign(c=[1, np.nan, 2]), "The column 'c' of X is NaN at 2024-01-10"),
    "a hole in known ones alone": (frame(3, "ac", N).assign(c=[1, np.nan, 2]), "The column 'c' of X is NaN"),
}


@pytest.mark.parametrize("name", NO_FUTURE)
def test_a_future_that_is_not_known_is_refused(name):
    reader = after(frame(), daily(), past_only=["b"])
    X_future, message = NO_FUTURE[name]
    with pytest.raises(ValueError, match=message):
        read_future(reader, reader._history, X_future, 3)


def test_a_hole_in_an_array_of_known_columns_is_named_too():
    reader = after(frame().to_numpy(), daily(), past_only=[1])
    known = frame(3, "ac", N).to_numpy(copy=True)
    known[1, 1] = np.nan
    with pytest.raises(ValueError, match="The column 'x2' of X is NaN at row 1"):
        read_future(reader, reader._history, known, 3)


def test_the_future_of_a_panel_has_rows_for_every_series():
    y = panel({"a": (0, 5), "b": (0, 6)})
    X = y.to_frame("price")
    reader = after(X, y)
    new = panel({"b": (6, 4), "a": (5, 4)}).to_frame("price")
    futures = read_future(reader, reader._history, new, 3)
    assert list(futures) == ["a", "b"]
    for key in "ab":
        np.testing.assert_array_equal(futures[key].known[:3, 0], new.loc[key, "price"][:3])
    with pytest.raises(ValueError, match=r"X_future has no rows for 1 series: \['a'\]"):
        read_future(reader, reader._history, new.loc[["b"]], 3)
    with pytest.raises(ValueError, match="X_future has 2 rows for the series 'b'"):
        read_future(reader, reader._history, pd.concat([new.loc[["b"]].iloc[:2], new.loc[["a"]]]), 3)


# ---- back to pandas


def test_answers_get_the_names_and_the_index_of_the_user():
    _, labels = read_training(forecaster(), None, daily(name="sold"))
    answers = np.arange(10.0).reshape(2, 1, 5)
    expected = pd.Series([0.0, 5.0], DAYS[:2], name="sold")
    pd.testing.assert_series_equal(labels.to_frame(answers, DAYS[:2], ()), expected)
    given = labels.to_frame(answers, DAYS[:2], (0.9, 0.975))
    assert given.columns.tolist() == ["forecast", "lower_90", "upper_90", "lower_97.5", "upper_97.5"]
    np.testing.assert_array_equal(given, answers[:, 0])


def test_several_targets_have_a_level_of_their_own():
    y = frame(columns="yz").rename_axis(columns="what")
    _, labels = read_training(forecaster(), None, y)
    answers = np.arange(12.0).reshape(2, 2, 3)
    given = labels.to_frame(answers, DAYS[:2], (0.5,))
    assert given.columns.names == ["what", None]
    np.testing.assert_array_equal(given["z"], answers[:, 1])
    pd.testing.assert_index_equal(labels.to_frame(answers, DAYS[:2], ()).columns, y.columns)
    _, unnamed = read_training(forecaster(), None, y.to_numpy())
    np.testing.assert_array_equal(unnamed.to_frame(answers, DAYS[:2], (0.5,))[1]["lower_50"], answers[:, 1, 1])


def test_a_column_of_one_target_stays_a_frame():
    _, labels = read_training(forecaster(), None, daily().to_frame("sold"))
    given = labels.to_frame(np.zeros((2, 1, 1)), DAYS[:2], ())
    assert isinstance(given, pd.DataFrame)
    assert given.columns.tolist() == ["sold"]


def test_indexes_of_a_panel_are_joined_under_their_keys():
    labels = OutputFormat(1, None, ["shop", "day"])
    joined = labels.join({"b": DAYS[3:5], "a": DAYS[:1]})
    pd.testing.assert_index_equal(
        joined, pd.MultiIndex.from_tuples([("b", DAYS[3]), ("b", DAYS[4]), ("a", DAYS[0])], names=["shop", "day"])
    )


@pytest.mark.parametrize(("coverage", "name"), [(0.9, "90"), (0.975, "97.5"), (0.29, "29"), (2 / 3, "66.6667")])
def test_coverages_are_named_in_percent(coverage, name):
    assert interval_names([coverage]) == [f"lower_{name}", f"upper_{name}"]


@pytest.mark.parametrize("make", [list, np.array, pd.Series, lambda v: pd.DataFrame({"a": v}), np.matrix])
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_some_rows_of_anything(make):
    data = [5.0, 6.0, 7.0, 8.0]
    if make is np.matrix:
        data = [[v] for v in data]
    some = rows_of(make(data), np.array([1, 3]))
    np.testing.assert_array_equal(np.ravel(some), [6, 8])
    assert rows_of(None, np.array([1])) is None


def test_columns_without_rows_of_their_own_have_as_many_as_are_wanted():
    assert check_columns(forecaster(), None, 5, reset=True).shape == (5, 0)


def test_stamps_of_a_series_can_be_compared_with_those_of_another():
    y = np.zeros((3, 1))

    def of(index):
        return SeriesData(
            y, y[:, :0], y[:, :0], index, None if index is None else regular_end(index), np.arange(3)
        ).stamps

    np.testing.assert_array_equal(of(None), [0, 1, 2])
    np.testing.assert_array_equal(of(pd.RangeIndex(4, 10, 2)), [4, 6, 8])
    for index in (DAYS, DAYS.to_period("D"), DAYS.tz_localize("Asia/Tokyo")):
        assert (of(index[2:5])[:-1] == of(index[1:4])[1:]).all()
        assert (np.diff(of(index[:3])) > 0).all()


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
