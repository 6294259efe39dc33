import numpy as np
import pandas as pd
import pytest

from sklstm._series.output_format import OutputFormat, interval_names
from tests._series.tables import DAYS, N, Reader, daily, frame, panel


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


def test_targets_are_described_by_their_names():
    assert OutputFormat(1, None, None).described_targets(1) == ["y"]
    assert OutputFormat(1, "sold", None).described_targets(1) == ["the target 'sold'"]
    assert OutputFormat(2, None, None).described_targets(2) == ["the target 0", "the target 1"]
    assert OutputFormat(2, pd.Index(["y", "z"]), None).described_targets(2) == ["the target 'y'", "the target 'z'"]
    assert OutputFormat(2, None, None).target_names(2) == [0, 1]


def test_labels_of_targets_are_plain_even_of_several_levels():
    two_levels = pd.MultiIndex.from_tuples([("y", 1), ("z", 2)])
    assert list(OutputFormat(2, two_levels, None).target_index(2)) == [("y", 1), ("z", 2)]
    assert list(OutputFormat(2, None, None).target_index(3)) == [0, 1, 2]
    given = OutputFormat(2, two_levels, None).to_frame(np.zeros((2, 2, 3)), DAYS[:2], (0.5,))
    assert list(given.columns[:3]) == [("y", 1, "forecast"), ("y", 1, "lower_50"), ("y", 1, "upper_50")]


@pytest.mark.parametrize("y", [daily(5), np.arange(5.0)], ids=["days", "array"])
def test_values_at_the_rows_of_a_series_get_its_index(y):
    reader = Reader(None, y)
    given = reader.output_format.rows_to_pandas(reader.series, {None: np.arange(5.0)[:, np.newaxis]})
    expected = pd.Series(np.arange(5.0), DAYS[:5] if isinstance(y, pd.Series) else pd.RangeIndex(5))
    pd.testing.assert_series_equal(given, expected, check_freq=False)
    assert not reader.output_format.is_panel


def test_the_format_of_targets_is_taken_from_them():
    flat, table = np.zeros(4), np.zeros((4, 2))
    assert OutputFormat.from_targets(flat, None) == OutputFormat(1, None, None)
    assert OutputFormat.from_targets(table, None) == OutputFormat(2, None, None)
    assert OutputFormat.from_targets(daily(name="sold"), DAYS[:N]) == OutputFormat(1, "sold", None)
    assert list(OutputFormat.from_targets(frame(columns="yz"), DAYS[:N]).names) == ["y", "z"]
    y = panel({"a": (0, 4)})
    assert OutputFormat.from_targets(y, y.index) == OutputFormat(1, "sold", ["shop", "day"])
