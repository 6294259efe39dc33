import numpy as np
import pandas as pd
import pytest

from sklstm._series.output_format import OutputFormat, interval_names
from tests._series.tables import DAYS, Reader, daily, frame


def test_answers_get_the_names_and_the_index_of_the_user():
    labels = Reader(None, daily(name="sold")).output_format
    answers = np.arange(10.0).reshape(2, 1, 5)
    expected = pd.Series([0.0, 5.0], DAYS[:2], name="sold")
    pd.testing.assert_series_equal(labels.to_frame(answers, DAYS[:2], ()), expected)
    given = labels.to_frame(answers, DAYS[:2], (0.9, 0.975))
    assert given.columns.tolist() == ["forecast", "lower_90", "upper_90", "lower_97.5", "upper_97.5"]
    np.testing.assert_array_equal(given, answers[:, 0])


def test_several_targets_have_a_level_of_their_own():
    y = frame(columns="yz").rename_axis(columns="what")
    labels = Reader(None, y).output_format
    answers = np.arange(12.0).reshape(2, 2, 3)
    given = labels.to_frame(answers, DAYS[:2], (0.5,))
    assert given.columns.names == ["what", None]
    np.testing.assert_array_equal(given["z"], answers[:, 1])
    pd.testing.assert_index_equal(labels.to_frame(answers, DAYS[:2], ()).columns, y.columns)
    unnamed = Reader(None, y.to_numpy()).output_format
    np.testing.assert_array_equal(unnamed.to_frame(answers, DAYS[:2], (0.5,))[1]["lower_50"], answers[:, 1, 1])


def test_a_column_of_one_target_stays_a_frame():
    labels = Reader(None, daily().to_frame("sold")).output_format
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
