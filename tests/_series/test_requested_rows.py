import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._forecasting.strategies import Direct
from sklstm._series.requested_rows import FutureRows, check_gaps, check_known_columns
from tests._series.tables import DAYS, N, Reader, daily, frame, panel


def test_rows_to_predict_are_found_by_their_index():
    reader = Reader(None, daily())
    future = reader.rows(pd.DataFrame(index=DAYS[N + 2 : N + 5]))[None]
    assert (future.n_skipped, future.steps, future.rows.tolist()) == (2, 5, [0, 1, 2])
    future = reader.rows(np.empty((4, 0)))[None]
    assert (future.n_skipped, future.steps) == (0, 4)
    reader = Reader(frame(), daily(), past_only=["b"])
    future = reader.rows(frame(3, start=N))[None]
    np.testing.assert_array_equal(future.known, frame(3, start=N)[["a", "c"]])


def test_rows_of_a_panel_are_found_in_any_order_and_for_some_of_the_series():
    reader = Reader(None, panel({"a": (0, 5), "b": (0, 6), "c": (0, 6)}))
    asked = pd.DataFrame(index=panel({"b": (7, 2), "a": (5, 3)}).index)
    asked = asked.iloc[[2, 0, 3, 1, 4]]
    futures = reader.rows(asked)
    assert {key: (f.n_skipped, f.rows.tolist()) for key, f in futures.items()} == {
        "a": (0, [0, 2, 4]),
        "b": (1, [1, 3]),
    }


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, r"predict and score need the rows to forecast.*forecast\(steps\)"),
        (3, r"got 3\. To forecast 3 steps, call forecast\(3\)"),
        (0, r"got 0\. To forecast a number of steps, call forecast\(steps\)"),
        (-1, r"got -1\. To forecast a number of steps, call forecast\(steps\)"),
        (True, r"got True\. To forecast a number of steps, call forecast\(steps\)"),
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
        Reader(None, daily()).rows(X)


def test_rows_that_were_trained_on_are_found_in_any_order():
    rows = Reader(None, daily()).rows(pd.DataFrame(index=DAYS[[3, 1]]))[None]
    assert rows.positions.tolist() == [3, 1]
    table = panel({"a": (0, 5), "b": (2, 6)}).to_frame()[[]]
    found = Reader(None, panel({"a": (0, 5), "b": (2, 6)})).rows(table.iloc[[6, 0, 5]])
    assert {key: (part.rows.tolist(), part.positions.tolist()) for key, part in found.items()} == {
        "b": ([0, 2], [1, 0]),
        "a": ([1], [0]),
    }


@pytest.mark.parametrize("X", [np.empty((3, 0)), pd.DataFrame(index=DAYS[N : N + 3])])
def test_rows_of_a_panel_have_two_levels(X):
    with pytest.raises(ValueError, match="X must be pandas with an index of two levels, series and time"):
        Reader(None, panel({"a": (0, 5), "b": (0, 6)})).rows(X)


def test_a_series_without_history_is_named():
    asked = pd.DataFrame(index=panel({"a": (5, 3), "new": (5, 3)}).index)
    with pytest.raises(ValueError, match=r"rows of the series 'new', which has no history.*history=\.\.\."):
        Reader(None, panel({"a": (0, 5), "b": (0, 6)})).rows(asked)


@pytest.mark.parametrize(
    "given", ["all columns", "known ones alone", "in another order", "array of all", "array of known"]
)
def test_the_future_of_known_columns_may_come_with_the_others_or_without(given):
    reader = Reader(frame(), daily(), past_only=["b"])
    full = frame(5, start=N)
    X_future = {
        "all columns": full,
        "known ones alone": full[["a", "c"]],
        "in another order": full[["c", "b", "a"]],
        "array of all": full.to_numpy(),
        "array of known": full[["a", "c"]].to_numpy(),
    }[given]
    if given.startswith("array"):
        reader = Reader(frame().to_numpy(), daily(), past_only=[1])
    future = reader.future(X_future, 3)[None]
    assert future.steps == 3
    np.testing.assert_array_equal(future.known[:3], full[["a", "c"]].iloc[:3])


@pytest.mark.parametrize("X_future", [None, np.empty((9, 0)), pd.DataFrame(index=DAYS[N : N + 4])])
def test_without_known_columns_no_future_is_needed(X_future):
    for reader in (Reader(None, daily()), Reader(frame(), daily(), past_only=list("abc"))):
        future = reader.future(X_future, 4)[None]
        assert (future.steps, future.known.shape[1]) == (4, 0)


NO_FUTURE = {
    "none": (None, r"X_future is needed, with the columns \['a', 'c'\] of the 3 rows"),
    "too short": (frame(2, start=N), "X_future has 2 rows, but steps=3 are"),
    "too late": (frame(3, start=N + 2), "X_future begins 2 rows after the first row to forecast"),
    "a row too late": (frame(3, start=N + 1), "X_future begins 1 row after the first row to forecast"),
    "training rows": (frame(3, start=2), "X_future are at 2024-01-03"),
    "one missing": (frame(3, "ab", N), "feature names"),
    "one too many": (frame(3, "abcd", N), "feature names"),
    "a hole": (frame(3, start=N).assign(c=[1, np.nan, 2]), "The column 'c' of X_future is NaN at 2024-01-10"),
    "a hole in known ones alone": (frame(3, "ac", N).assign(c=[1, np.nan, 2]), "The column 'c' of X_future is NaN"),
}


@pytest.mark.parametrize("name", NO_FUTURE)
def test_a_future_that_is_not_known_is_refused(name):
    reader = Reader(frame(), daily(), past_only=["b"])
    X_future, message = NO_FUTURE[name]
    with pytest.raises(ValueError, match=message):
        reader.future(X_future, 3)


def test_the_future_of_a_panel_has_rows_for_every_series():
    y = panel({"a": (0, 5), "b": (0, 6)})
    X = y.to_frame("price")
    reader = Reader(X, y)
    new = panel({"b": (6, 4), "a": (5, 4)}).to_frame("price")
    futures = reader.future(new, 3)
    assert list(futures) == ["a", "b"]
    for key in "ab":
        np.testing.assert_array_equal(futures[key].known[:3, 0], new.loc[key, "price"][:3])
    with pytest.raises(ValueError, match=r"X_future has no rows for 1 series: \['a'\]"):
        reader.future(new.loc[["b"]], 3)
    with pytest.raises(ValueError, match="X_future has 2 rows for the series 'b'"):
        reader.future(pd.concat([new.loc[["b"]].iloc[:2], new.loc[["a"]]]), 3)


def test_rows_of_another_kind_of_time_are_told():
    y = pd.Series(np.arange(20.0) ** 1.1, pd.period_range("2024-01", periods=20, freq="M"))
    f = Forecaster(Ridge(), window_length=3).fit(None, y)
    for index, said in (
        (pd.period_range("2025-09-01", periods=2, freq="D"), 'of frequency "D".*of frequency "M"'),
        (pd.date_range("2025-09-01", periods=2, freq="MS"), 'PeriodIndex of frequency "M"'),
        (pd.RangeIndex(20, 22), "one of integers"),
    ):
        with pytest.raises(ValueError, match=said):
            f.predict(pd.DataFrame(index=index))


def test_training_rows_hold_what_they_held_in_training():
    X = frame().assign(b=[*range(N - 1), np.nan])
    reader = Reader(X, daily(), past_only=["b"])
    for same in (X, X[2:4], X.assign(b=7.0)):  # columns of the past are not read
        assert len(reader.rows(same)[None].rows) == len(same)
    with pytest.raises(ValueError, match=r"column 'c' of X is 7\.0 at 2024-01-03.*, but was 202\.0 in training"):
        reader.rows(X.assign(c=X["c"].where(DAYS[:N] != DAYS[2], 7.0)))


def test_rows_counted_from_0_that_are_some_of_the_training_rows_follow_the_history():
    """As those that `cross_val_score` cuts from an array, and counts anew."""
    numbered = daily().reset_index(drop=True)
    whole, part = (pd.DataFrame(index=pd.RangeIndex(n)) for n in (N, N - 1))
    assert Reader(None, numbered).rows(whole)[None].positions.tolist() == list(range(N))
    with pytest.raises(ValueError, match="X are at 0"):
        Reader(None, numbered).rows(part)
    later = numbered.set_axis(pd.RangeIndex(5, 5 + N))
    assert Reader(None, later).rows(pd.DataFrame(index=pd.RangeIndex(5, 8)))[None].positions.tolist() == [0, 1, 2]


def future(n_skipped, n_rows=2):
    return FutureRows(np.arange(n_rows), n_skipped, np.zeros((n_rows, 1)))


def test_a_gap_longer_than_the_history_warns_and_a_much_longer_one_is_refused(recwarn):
    single, several = {None: range(5)}, {"a": range(5), "b": range(50)}
    check_gaps(single, {None: future(5)})
    check_gaps(several, {"a": future(5), "b": future(50)})
    assert not recwarn
    with pytest.warns(UserWarning, match="gap of 6 rows between the history, which has 5 rows,"):
        check_gaps(single, {None: future(6)})
    with pytest.warns(UserWarning, match="gap of 50 rows between the history of the series 'a'"):
        check_gaps(several, {"b": future(60), "a": future(50)})
    with pytest.raises(ValueError, match=r"gap of 51 rows .* than 10 times the history"):
        check_gaps(single, {None: future(51)})


def test_known_columns_reach_as_far_as_they_are_read_and_leave_nothing_out():
    direct = Direct(3)
    check_known_columns({"a": future(0, 3), "b": future(0, 4)}, direct, 3, False)
    with pytest.raises(ValueError, match="gap of 1 row between the history of the series 'b' and"):
        check_known_columns({"a": future(0, 3), "b": future(1, 3)}, direct, 2, False)
    with pytest.raises(ValueError, match="gap of 2 rows between the history and"):
        check_known_columns({None: future(2, 3)}, direct, 2, True)
    with pytest.raises(ValueError, match=r"^Known columns are given for 2 rows.*strategy='direct'.* all steps=3 rows"):
        check_known_columns({None: future(0, 2)}, direct, 2, True)
    with pytest.raises(ValueError, match=r"^Known columns are given for 1 row of the series 'a'"):
        check_known_columns({"a": future(0, 1)}, direct, 1, False)


def test_blocks_need_the_known_columns_of_all_their_rows_unless_nan_is_read():
    auto = Direct(3, is_auto=True)
    check_known_columns({None: future(0, 6)}, auto, 6, False)
    check_known_columns({None: future(0, 4)}, auto, 4, True)
    with pytest.raises(
        ValueError, match=r"^Known columns are given for 4 rows, but 3 steps .* those of 6 rows are read"
    ):
        check_known_columns({None: future(0, 4)}, auto, 4, False)
    with pytest.raises(ValueError, match=r"for 2 rows of the series 'a', .* those of 3 rows .* fit with steps=2,"):
        check_known_columns({"a": future(0, 2)}, auto, 2, False)


def test_a_future_of_a_panel_names_the_series_that_begins_late_and_keeps_only_the_steps():
    y = panel({"a": (0, 5), "b": (0, 6)})
    reader = Reader(y.to_frame("price"), y)
    with pytest.raises(ValueError, match="begins 2 rows after the first row to forecast for the series 'b'"):
        reader.future(panel({"a": (5, 3), "b": (8, 3)}).to_frame("price"), 3)
    futures = reader.future(panel({"a": (5, 5), "b": (6, 5)}).to_frame("price"), 3)
    assert [(part.steps, part.n_skipped) for part in futures.values()] == [(3, 0), (3, 0)]
    with pytest.raises(ValueError, match="X_future must be pandas with an index of two levels"):
        reader.future(frame(3, start=N).set_axis([*"ab", "price"], axis=1)[["price"]], 3)


@pytest.mark.parametrize("is_panel", [False, True])
def test_rows_that_update_adds_are_predicted_before_it(is_panel):
    y = daily(12)
    y = pd.concat({"a": y, "b": y + 1}) if is_panel else y
    is_first = y.index.get_level_values(-1) < DAYS[N]
    rows = y[~is_first].to_frame()[[]]
    forecaster = Forecaster(Ridge(), window_length=2).fit(None, y[is_first])
    before = forecaster.predict(rows)
    forecaster.update(None, y[~is_first])
    with pytest.raises(ValueError, match=r"4 of the 4 rows of .* were added by update, .* call predict before update"):
        forecaster.predict(rows)
    assert np.isfinite(before).all()


def test_the_first_five_series_without_future_rows_are_listed():
    y = panel(dict.fromkeys("abcdefg", (0, N)))
    X = y.rename("load").to_frame()
    future = panel({"a": (N, 2)}, name="load").to_frame()
    with pytest.raises(ValueError, match=r"no rows for 6 series: \['b', 'c', 'd', 'e', 'f'\]\."):
        Reader(X, y).future(future, 2)
