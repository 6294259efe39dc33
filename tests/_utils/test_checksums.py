import numpy as np
import pandas as pd
import pytest

from sklstm._utils.checksums import checksum, labels_of, table_checksums

VALUES = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    "other",
    [
        VALUES.astype(np.float32),
        VALUES + 1e-12,
        VALUES[::-1],
        VALUES.ravel(),
        VALUES.T,
        VALUES[:3],
        np.where(1, VALUES, 0.0).T.T[:, ::-1],
    ],
)
def test_others_differ(other):
    assert checksum(other) != checksum(VALUES)


@pytest.mark.parametrize(
    "other", [np.asfortranarray(VALUES), VALUES.astype(">f8"), np.repeat(VALUES, 2, axis=1)[:, ::2]]
)
def test_the_place_in_memory_does_not_count(other):
    assert checksum(other) == checksum(VALUES)


def test_long_arrays_are_read_in_whole():
    long = np.zeros((1 << 17, 5))
    other = long.copy()
    other[-1, -1] = 1
    assert checksum(long) != checksum(other)
    assert checksum(np.broadcast_to(0.0, long.shape)) == checksum(long)


def test_parts_are_not_run_together():
    assert len({checksum("a", "b"), checksum("ab"), checksum(), checksum(None), checksum(("a", "b"))}) == 5
    assert checksum(np.array(3.0)) != checksum(np.array([3.0]))


INDEXES = [
    pd.RangeIndex(3),
    pd.RangeIndex(1, 4),
    pd.Index([0.0, 1.0, 2.0]),
    pd.Index(["a", "b", "c"]),
    pd.date_range("2020", periods=3),
    pd.date_range("2020", periods=3, tz="UTC"),
    pd.date_range("2020", periods=3, freq="h"),
    pd.period_range("2020", periods=3, freq="D"),
    pd.period_range("2020", periods=3, freq="M"),
    pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("b", 0)]),
    pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("c", 0)]),
    pd.Index(["a", "b", "c"], name="name"),
]


def test_indexes_and_names_differ():
    tables = [pd.Series(1.0, index) for index in INDEXES]
    tables += [pd.DataFrame({"a": [1.0] * 3}), pd.DataFrame({"b": [1.0] * 3})]
    assert len({checksum(*labels_of(table)) for table in tables}) == len(tables)
    assert labels_of(VALUES) == ()


def test_tables_are_compared_in_double_precision():
    given = table_checksums(X=None, y=np.float32([1, 2]))
    assert given == table_checksums(X=None, y=np.array([1, 2]))
    assert given["X"] != given["y"] != table_checksums(y=np.array([1.0, 3]))["y"]
