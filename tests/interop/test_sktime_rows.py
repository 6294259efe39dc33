import re

import numpy as np
import pandas as pd
import pytest

from sklstm.interop._sktime_rows import (
    Horizon,
    at_rows,
    check_every_step,
    check_rows_exist,
    check_same_reach,
    flattened,
    joined,
    like_fit,
    restored,
    rows_after,
    rows_beyond,
    steps_of,
    times_by_series,
)

MONTHS = pd.date_range("2020-01-01", periods=6, freq="MS")
DAYS = pd.period_range("2020-01-01", periods=4, freq="D")
PANEL = pd.MultiIndex.from_tuples(
    [("b", day) for day in DAYS[:3]] + [("a", day) for day in DAYS[1:]], names=["shop", "day"]
)
HIERARCHY = pd.MultiIndex.from_tuples(
    [(region, shop, day) for region, shop in [("n", 1), ("n", 2), ("s", 1)] for day in DAYS[:2]],
    names=["region", None, "day"],
)


class TestSeriesBelowSeveralLevels:
    def test_the_way_back(self):
        index, keys = flattened(HIERARCHY)
        assert index.nlevels == 2
        assert list(keys.values()) == [("n", 1), ("n", 2), ("s", 1)]
        pd.testing.assert_index_equal(restored(index, keys, HIERARCHY.names), HIERARCHY)

    def test_keys_that_look_alike_stay_apart(self):
        index = pd.MultiIndex.from_tuples([("a", "b', 'c", 0), ("a', 'b", "c", 0)])
        assert len(flattened(index)[1]) == 2

    @pytest.mark.parametrize("index", [MONTHS, PANEL])
    def test_fewer_levels_stay(self, index):
        assert flattened(index) == (index, {}) or flattened(index)[0].equals(index)
        pd.testing.assert_index_equal(restored(index, {}, index.names), index)

    def test_times_by_series(self):
        times = times_by_series(PANEL)
        assert list(times) == ["b", "a"]
        assert times["b"].equals(DAYS[:3])
        assert times["a"].equals(DAYS[1:])
        assert joined(times).equals(PANEL)

    def test_times_of_mixed_rows(self):
        times = times_by_series(PANEL[[0, 3, 1, 4]])
        assert times["a"].equals(DAYS[1:3])

    def test_a_single_series(self):
        assert joined(times_by_series(MONTHS)) is MONTHS


def later(n):
    return {None: pd.date_range("2020-07-01", periods=n, freq="MS")}


def asked(values, is_relative, known=MONTHS, later=later):
    """The number of steps, and the rows, that a horizon asks for."""
    horizon, known = Horizon(pd.Index(values), is_relative), {None: known}
    steps = horizon.n_steps(known, later)
    return steps, horizon.rows(known, later(steps) if steps else {})[None]


class TestHorizon:
    @pytest.mark.parametrize("steps", [[1], [2, 5], [-1, 0, 3], [-5, -2], [0]])
    def test_numbers_of_steps_and_times_ask_for_the_same(self, steps):
        every = pd.date_range("2020-01-01", periods=12, freq="MS")
        times = every[5 + np.array(steps)]
        for values, is_relative in ((steps, True), (times, False)):
            n_steps, rows = asked(values, is_relative)
            assert n_steps == max(0, *steps)
            assert rows.equals(times)

    def test_durations(self):
        days = DAYS.to_timestamp()
        n_steps, rows = asked(
            pd.to_timedelta([-1, 2], unit="D"),
            True,
            days,
            lambda n: {None: pd.date_range(days[-1] + pd.Timedelta("1D"), periods=n)},
        )
        assert n_steps == 2
        assert rows.equals(pd.DatetimeIndex(["2020-01-03", "2020-01-06"]))

    def test_steps_are_added_to_whole_numbers(self):
        """As sktime does, also if the index goes on by another number."""
        known, tens = pd.Index([0, 10, 20]), lambda n: {None: pd.RangeIndex(30, 30 + 10 * n, 10)}
        assert asked([10, 20], True, known, tens)[1].tolist() == [30, 40]
        assert asked([10, 20], True, known, tens)[0] == 2
        n_steps, rows = asked([1], True, known, tens)
        with pytest.raises(ValueError, match=r"fh asks for 21, which is no row of the series: y ends at 20"):
            check_rows_exist(rows, known, known.append(tens(n_steps)[None]))

    def test_each_series_has_its_own_end(self):
        known = times_by_series(PANEL)
        future = {key: pd.period_range(times[-1] + 1, periods=2, freq="D") for key, times in known.items()}
        rows = Horizon(pd.Index([0, 2]), True).rows(known, future)
        assert rows["b"].equals(pd.PeriodIndex(["2020-01-03", "2020-01-05"], freq="D"))
        assert rows["a"].equals(pd.PeriodIndex(["2020-01-04", "2020-01-06"], freq="D"))

    def test_times_are_different_steps_of_each_series(self):
        known = times_by_series(PANEL)
        make = lambda n: {key: pd.period_range(times[-1] + 1, periods=n, freq="D") for key, times in known.items()}  # noqa: E731
        horizon = Horizon(pd.PeriodIndex(["2020-01-06"], freq="D"), False)
        assert horizon.n_steps(known, make) == 3
        rows = horizon.rows(known, make(3))
        with pytest.raises(ValueError, match=r"fh is 2 steps after the end of series 'a', but 3 after that of 'b'"):
            check_same_reach(rows, make(3))

    def test_too_far_back(self):
        with pytest.raises(ValueError, match=r"fh asks for 6 rows before the last one, but there are 6 rows .* -5\."):
            asked([-6, 1], True)

    def test_other_times(self):
        with pytest.raises(TypeError, match=r"fh has the time Period.*, which is of another kind than Timestamp"):
            asked(pd.PeriodIndex(["2020-07"], freq="M"), False)

    def test_steps_of(self):
        assert steps_of(Horizon(pd.Index([-1, 0]), True), MONTHS) == 0
        assert steps_of(Horizon(pd.DatetimeIndex(["2020-08-01"]), False), MONTHS[[0, 1, 2, 3, 4, 5]]) == 2
        assert steps_of(Horizon(pd.Index([3]), True), PANEL) == 3
        assert steps_of(Horizon(DAYS[-1:] + 2, False), PANEL) == 3

    def test_rows_of_update_have_no_forecast(self):
        with pytest.raises(ValueError, match=r"2020-06-01 00:00:00, a known row. .* not if update has added them"):
            check_rows_exist(MONTHS[-1:], MONTHS, MONTHS[:5])


def frame(index, first=0.0):
    return pd.DataFrame({"y": first + np.arange(len(index))}, index)


class TestLikeFit:
    def test_names(self):
        y = pd.DataFrame({True: [1.0], 1.5: [2.0]}, MONTHS[:1])
        assert like_fit(y, [1.5, True]).to_numpy().tolist() == [[2, 1]]
        assert like_fit(y.iloc[:, :1], ["y"]).columns.tolist() == ["y"]

    @pytest.mark.parametrize("names", [["a"], ["a", "c"], ["a", "b", "c"]])
    def test_others_are_refused(self, names):
        with pytest.raises(ValueError, match=rf"y has the columns \['a', 'b'\], but fit had {re.escape(str(names))}"):
            like_fit(pd.DataFrame({"a": [1.0], "b": [2.0]}), names)


class TestRowsAfter:
    def test_known_rows_are_left_out(self):
        y = frame(MONTHS)
        pd.testing.assert_frame_equal(rows_after(y[2:], y[:4]), y[4:])
        assert rows_after(y[2:4], y[:4]).empty

    def test_missing_values_are_equal(self):
        y = frame(MONTHS)
        y.iloc[3] = np.nan
        assert len(rows_after(y[2:], y[:4])) == 2

    def test_changed_rows_are_refused(self):
        y = frame(MONTHS)
        with pytest.raises(ValueError, match=r"y has \[3\.5\] at 2020-04-01 00:00:00, which was \[3\.0\] before"):
            rows_after(y.replace(3.0, 3.5), y[:4])

    def test_rows_that_end_before_the_history_are_refused(self):
        y = frame(MONTHS)
        with pytest.raises(ValueError, match=r"y ends at 2020-03-01 00:00:00, but the rows up to 2020-04-01 00:00:00"):
            rows_after(y[:3], y[:4])

    def test_panel(self):
        y = frame(PANEL)
        assert rows_after(y, y[:5]).index.tolist() == [("a", DAYS[3])]
        assert rows_after(y[:3], y).empty
        with pytest.raises(ValueError, match="y ends at 2020-01-02"):
            rows_after(y[:2], y)


class TestExogenousVariables:
    def test_rows_beyond_the_history(self):
        X = frame(MONTHS)
        pd.testing.assert_frame_equal(rows_beyond(X, {None: MONTHS[:4]}), X[4:])
        assert rows_beyond(None, {}) is None

    def test_rows_beyond_those_of_each_series(self):
        X = frame(PANEL)
        known = {"a": DAYS[1:2], "b": DAYS[:2]}
        assert rows_beyond(X, known).index.tolist() == [("b", DAYS[2]), ("a", DAYS[2]), ("a", DAYS[3])]

    def test_at_rows(self):
        X = frame(MONTHS)
        pd.testing.assert_frame_equal(at_rows(X, MONTHS[1:3]), X[1:3])
        assert at_rows(None, MONTHS) is None

    def test_every_step_needs_a_row(self):
        future = {"b": DAYS[2:], "a": DAYS[2:]}
        whole = joined(future)
        check_every_step(whole, future)
        check_every_step(whole.append(PANEL[:1]), future)  # others may be there
        for index, message in ((whole[[0, 2, 3]], "2020-01-04 of series 'b'"), (whole[:2], "2020-01-03 of series 'a'")):
            with pytest.raises(ValueError, match=rf"X leaves out {message}.* give them fh=range\(1, 3\)"):
                check_every_step(index, future)
        with pytest.raises(ValueError, match=r"X leaves out 2020-02-01 00:00:00\. "):
            check_every_step(MONTHS[[0, 2]], {None: MONTHS[:3]})
