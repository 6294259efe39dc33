import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklstm._plot.tables import check_increases, check_table, choose, select_series, select_target, series_keys
from tests._plot.tools import PANEL, SERIES, TABLE


def test_tables_of_times_or_of_series_and_times_are_taken():
    for table in (SERIES, TABLE, PANEL[0], SERIES.set_axis(pd.date_range("2024", periods=30))):
        check_table(table, "table")
    check_table(SERIES, "table", n_levels=1)


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ([1, 2], TypeError, "table must be a pandas Series or DataFrame, got list"),
        (pd.concat({"a": PANEL[0]}), ValueError, "table has 3 index levels"),
        (SERIES.set_axis([np.nan, *range(29)]), ValueError, "series or time is missing"),
        (SERIES.set_axis(list("abc") * 10), TypeError, r"must hold times or numbers, got 'a'"),
        (SERIES.set_axis([np.inf, *range(29)]), ValueError, "has inf"),
        (TABLE[[]], ValueError, "no columns"),
        (TABLE[["a", "a"]], ValueError, "'a' more than once"),
    ],
)
def test_other_tables_are_refused(table, error, message):
    with pytest.raises(error, match=message):
        check_table(table, "table")


def test_an_index_must_increase():
    check_increases(SERIES.index, "table")
    for index in (SERIES.index[::-1], pd.Index([1, 1]), pd.Index(["a", 1], dtype=object)):
        with pytest.raises(ValueError, match="The index of table of series 'x' must increase"):
            check_increases(index, "table", "x")


def test_names_are_chosen_in_the_order_given():
    known = ["a", ("b", 1), None]
    assert choose("series", None, known) == known
    assert choose("series", [None, "a"], known) == [None, "a"]
    assert choose("series", ("b", 1), known) == [("b", 1)]
    with pytest.raises(ValueError, match=r"targets must be None or a list .* got \['z'\]"):
        choose("targets", ["z"], known)


def test_one_series_and_target_are_selected():
    key = series_keys(PANEL[0].index)[1]
    one = select_series(PANEL[0], key, "table")
    assert_array_equal(one, PANEL[0].loc[key])
    assert_array_equal(select_target(TABLE, "b", ["a", "b"], "table"), TABLE["b"])
    with pytest.raises(ValueError, match="history has"):
        select_target(TABLE, "c", ["a", "b", "c"], "table")
