import copy
import math
import pickle
import random
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from dateutil.tz import tzlocal, tzoffset, tzutc

from sklstm._utils.plain_pandas import saved_pandas_kinds
from sklstm._utils.plain_random import RANDOM_KINDS
from sklstm._utils.plain_state import Kind
from sklstm._utils.saved_state import BUNDLE, StateCodec
from tests.tools import ZONES_OF_DATEUTIL, label


@dataclass(frozen=True)
class Pair:
    first: object
    second: object


class Foreign:
    """An object of the user's."""


CODEC = StateCodec([Kind.of_fields(Pair), *RANDOM_KINDS], {"pandas": saved_pandas_kinds})
BIG = np.arange(20_000.0) ** 2
VALUES = {
    "numbers": [True, -(2**70), 1e-300, -0.0, math.inf, -math.inf],
    "text": ["", "ß\ud800\n", "again"],
    "nested": {"a": [(1, (2, [])), {}], ("b", 3): None, 4.5: range(3, 9, 2), False: "x"},
    "names of forms": {"again": 1, "dict": 2, "small": [3], "object": 4},
    "scalars": [
        np.float32(0.1),
        np.int8(-3),
        np.bool_(True),
        np.str_("a"),
        np.datetime64("2020-01-01", "D"),
        np.longdouble(1) / 3,
    ],
    "dtypes": [np.dtype("float32"), np.dtype(">i4"), np.dtype("M8[ns]"), np.dtype([("a", "f4")])],
    "types": [Pair, np.float32, int],
    "object": Pair({"x": 3}, Pair(None, [1.5])),
}
ARRAYS = {
    "big": BIG,
    "empty": np.empty((0, 3)),
    "scalar": np.array(2.5),
    "Fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": BIG[:100:7],
    "big Fortran": np.asfortranarray(BIG.reshape(100, 200)),
    "transposed": BIG.reshape(100, 200)[::3, ::2].T,
    "other bytes": np.arange(5).astype(">i2"),
    "float16": np.array([1, np.nan], np.float16),
    "complex": np.array([1 + 2j]),
    "text": np.array(["ab", "c"]),
    "bytes": np.array([b"ab", b"c"]),
    "dates": np.array(["2020-01-01", "NaT"], "M8[s]"),
    "steps": np.array([3, 4], "m8[h]"),
    "records": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "labels": np.array(["a", "b"], object),
    "mixed labels": np.array([("a", 1), None, pd.Timestamp("2020")], object),
    "table of labels": np.array([["a", 1], [2.5, None]], object),
    "progression": np.arange(7, 100, 3),
    "falling": np.arange(50, 0, -1, dtype=np.int8),
    "full range of uint8": np.arange(256).astype(np.uint8),
    "constant": np.full(40, 3),
    "nearly a progression": np.r_[np.arange(30), 29],
    "as long as int64": np.array([-(2**63), *range(20), 2**63 - 1]),
    "beyond int64": np.arange(2**63, 2**63 + 20, dtype=np.uint64),
    "wraps": (np.arange(20, dtype=np.uint8) * 16).astype(np.uint8),
}
INDEXES = [
    pd.date_range("2020-03-01", periods=300, freq="h", tz="Europe/Berlin", name="t", unit="us"),
    pd.date_range("2020-03-28", periods=40, freq="D", tz="America/Havana"),
    pd.date_range("2020", periods=20, freq="MS", tz="+02:00", unit="s"),
    pd.DatetimeIndex(["2020-01-03", "2020-01-01", "NaT"]),
    pd.period_range("1700", periods=90, freq="Q-MAR", name=("a", 1)),
    pd.RangeIndex(5, 500, 5),
    pd.Index(np.arange(20) ** 2, name="n"),
    pd.Index([1.5, np.nan], dtype="float32"),
    pd.Index(["a", ("b", 1), 3], dtype=object),
    pd.Index([True, False]),
    pd.CategoricalIndex(["b", "a"], categories=["b", "a", "c"], ordered=True),
    pd.MultiIndex.from_product([["x", "y"], pd.date_range("2020", periods=2)], names=["k", None]),
    pd.date_range("2020", periods=144, freq=pd.DateOffset(months=1, days=2)),  # pandas does not find it again
    *(
        pd.date_range("2020-02-29", periods=30, freq=name)[part]
        for name in ("2MS", "-1D", "QE-FEB", "YS-JUL", "W-TUE", "37min", "ns")
        for part in (slice(None), slice(3, None, 3), slice(None, None, -1), slice(1), slice(0))
    ),
    pd.interval_range(0, 3),
    pd.timedelta_range("1h", periods=3),
    pd.timedelta_range("-2h", periods=30, freq="90min", unit="s", name=pd.NaT),
    pd.TimedeltaIndex(["1h", None, "3h"], name=pd.NA),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    pd.CategoricalIndex(["b", None], categories=["b", "a"], name="unordered"),
    pd.CategoricalIndex(pd.cut([1, 5, 9], 3)),
    *(
        pd.date_range("2020-10-25", periods=9, freq="h", tz=zone)
        for zone in (tzutc(), tzlocal(), tzoffset(None, 7200), tzoffset("ABC", -1800), *ZONES_OF_DATEUTIL)
    ),
]
SERIES = [
    pd.Series(["a", "b"], name="columns"),
    pd.Series([0.1, 0.9], index=pd.date_range("2020", periods=2, freq="MS"), dtype="float32"),
    pd.Series([("a", 1), ("b", 2)]),
    pd.Series([("a", 1), None], index=["x", ("y", 2)]),
    pd.Series(["b", "a"], dtype="category"),
    pd.Series([3, 1], dtype="Int64", name=("p", 3)),
    pd.Series([], dtype=bool),
]
OFFSETS = [
    pd.offsets.MonthEnd(-2),
    pd.offsets.Day(3),
    pd.offsets.Hour(),
    pd.offsets.Week(weekday=2),
    pd.offsets.QuarterBegin(startingMonth=2),
    pd.offsets.SemiMonthBegin(day_of_month=7),
    pd.offsets.LastWeekOfMonth(weekday=4),
    pd.offsets.DateOffset(months=2, hours=1),
    pd.offsets.DateOffset(day=3, normalize=True),
    pd.offsets.BusinessDay(2, offset=pd.Timedelta("1h")),
    pd.offsets.BusinessHour(start="08:30", end="17:00"),
    pd.offsets.CustomBusinessDay(weekmask="Sun Mon", holidays=["2020-01-01"]),
    pd.offsets.CustomBusinessMonthEnd(),
    pd.offsets.FY5253(weekday=3, startingMonth=8),
    pd.offsets.Easter(),
]


def again(value):
    """What an attribute is after it was written, and pickled."""
    return CODEC.read(pickle.loads(pickle.dumps(CODEC.written({"value": value}))))["value"]


def bundle(value):
    return CODEC.written({"value": [value]})[BUNDLE]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_are_the_same_again(value):
    read = again(value)
    assert read == value
    assert repr(read) == repr(value)


def test_a_number_that_is_none():
    assert math.isnan(again([math.nan])[0])


@pytest.mark.parametrize("is_within", [False, True])
@pytest.mark.parametrize("values", ARRAYS.values(), ids=ARRAYS)
def test_arrays_are_the_same_again(values, is_within):
    read = again([values])[0] if is_within else again(values)
    plain = pickle.loads(pickle.dumps(values))  # in which NumPy may turn the bytes around
    assert read.dtype == (values.dtype if is_within else plain.dtype)
    assert (read.shape, read.strides) == (plain.shape, plain.strides)
    assert read.tolist() == values.tolist() or repr(read) == repr(values)
    if is_within and values.dtype != object:
        assert read.flags.writeable or values.nbytes > 2**16
        assert not np.shares_memory(read, values) or values.nbytes > 2**16


@pytest.mark.parametrize("index", INDEXES, ids=label)
def test_indexes_are_the_same_again(index):
    read = again(index)
    pd.testing.assert_index_equal(read, index, exact=True)
    assert read.names == index.names
    assert getattr(read, "freq", None) == getattr(index, "freq", None)
    if isinstance(index, pd.CategoricalIndex):
        assert read.categories.equals(index.categories)


@pytest.mark.parametrize("index", INDEXES, ids=label)
def test_indexes_are_described(index):
    is_unknown = type(getattr(index, "freq", None)) is pd.DateOffset
    assert bundle(index)["objects"] == [index] * is_unknown


@pytest.mark.parametrize("series", SERIES, ids=label)
def test_series_are_described(series):
    """As a parameter, such as `quantile`."""
    pd.testing.assert_series_equal(again(series), series, check_exact=True)
    assert bundle(series)["objects"] == []


@pytest.mark.parametrize("offset", OFFSETS, ids=label)
def test_offsets_are_described(offset):
    assert again(offset) == offset
    assert type(again(offset)) is type(offset)
    assert bundle(offset)["objects"] == []


def test_long_indexes_and_counts_take_no_room():
    hours = pd.date_range("2020", periods=10**5, freq="h", tz="Europe/Berlin")
    periods = pd.period_range("2020", periods=10**5, freq="h")
    for value in (hours, periods, np.arange(10**5), pd.RangeIndex(10**5)):
        assert len(pickle.dumps(bundle(value))) < 1000


def test_generators_go_on():
    for generator in (np.random.default_rng(3), np.random.RandomState(3)):
        generator.normal()
        read = again(generator)
        assert bundle(generator)["objects"] == []
        assert generator.normal() == read.normal()


def test_an_unusual_generator_stays_an_object():
    class Own(np.random.PCG64):
        pass

    generator = np.random.Generator(Own(1))
    assert bundle(generator)["objects"] == [generator]


def test_what_occurs_twice_is_written_once_and_one_object_again():
    small, shared = np.arange(3.0), ["x"]
    pair = Pair(BIG, shared)
    read = again({"one": pair, "other": [pair, shared, {"deep": BIG, "small": (small, small)}]})
    assert read["one"] is read["other"][0]
    assert read["one"].second is read["other"][1]
    assert read["one"].first is read["other"][2]["deep"]
    assert read["other"][2]["small"][0] is read["other"][2]["small"][1]
    assert len(bundle([pair, BIG, Pair(BIG, 1)])["arrays"]) == 1


def test_equal_things_stay_apart():
    read = again([[1], [1], np.ones(2), np.ones(2)])
    assert read[0] is not read[1]
    assert read[2] is not read[3]


def test_a_list_in_itself():
    value = [1]
    value.append({"me": value})
    read = again(value)
    assert read[1]["me"] is read


def test_parts_that_live_only_while_they_are_written():
    """Their ids are given again, which must not be taken for the same object."""
    kind = Kind("Made", Foreign, {"x": bool}, lambda value: {"x": [np.zeros(9), [7]]}, lambda x: tuple(x))
    codec = StateCodec([kind])
    read = codec.read(codec.written({"all": [Foreign() for _ in range(50)]}))["all"]
    assert len({id(part) for pair in read for part in pair}) == 100


def test_foreign_objects_stay_what_they_are():
    foreign, function = Foreign(), len
    state = CODEC.written({"on top": foreign, "within": [foreign, {"f": function}], "alpha": 0.5})
    assert state["on top"] is foreign
    assert state["alpha"] == 0.5
    assert state[BUNDLE]["objects"] == [foreign, function]
    read = CODEC.read(state)
    assert read["within"][0] is foreign
    assert read["within"][1]["f"] is function


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="of NumPy 2")
def test_strings_of_numpy_2_stay_what_they_are():
    values = np.array(["a", "bb"], np.dtypes.StringDType())
    read = CODEC.read(pickle.loads(pickle.dumps(CODEC.written({"x": [values, values.dtype]}))))["x"]
    assert read[0].dtype == read[1] == values.dtype
    assert read[0].tolist() == ["a", "bb"]


def test_masked_arrays_stay_objects():
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    read = again([masked])[0]
    assert isinstance(read, np.ma.MaskedArray)
    assert read.mask.tolist() == [True, False]


def test_a_memory_map_is_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "rows", dtype=float, mode="w+", shape=20_000)
    mapped[:] = BIG
    np.testing.assert_array_equal(again([mapped])[0], BIG)


def test_many_small_arrays_are_joined():
    found = bundle([np.full(10, number, dtype) for number in range(500) for dtype in ("f4", "f8")])
    assert found["arrays"] == []
    assert {code: len(values) for code, values in found["small"].items()} == {"<f4": 5000, "<f8": 5000}


def test_attributes_that_need_nothing_stay_as_they_are():
    attributes = {"alpha": 1, "name": "x", "weights": BIG, "nothing": None, "part": Foreign()}
    assert CODEC.written(attributes) == attributes
    assert CODEC.read(attributes) == attributes


def test_names_are_unique():
    with pytest.raises(ValueError, match="Two kinds are called Pair"):
        StateCodec([Kind.of_fields(Pair), Kind.of_fields(Pair)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "3",
        '{"Pair":{"first":1}}',
        '{"Unknown":{}}',
        '{"again":5}',
        '{"object":0}',
        '{"array":0}',
        '{"small":["<f8",0,[9],"C"]}',
        '{"dict":[["a"]]}',
        '{"class":"os.system"}',
        '{"a":1,"b":2}',
        '{"dict":[[[],1]]}',
        '{"dict":[["a",{"float":"x"}]]}',
        '{"dict":[["a",{"progression":["<i8",0,1]}]]}',
        "[" * 100_000,
    ],
    ids=label,
)
def test_a_damaged_state_is_refused(text):
    with pytest.raises(ValueError, match="saved state of the estimator cannot be read"):
        CODEC.read({BUNDLE: {"text": text, "arrays": [], "small": {}, "objects": []}})


@pytest.mark.filterwarnings("ignore:NumPy will stop allowing")  # a seed that became negative, with NumPy 1.26
def test_any_change_of_a_text_is_an_error_or_another_value():
    """No other error, and nothing is run."""
    state = CODEC.written({"value": [Pair(np.arange(3.0), {"a": (1, 2)}), INDEXES[0], np.random.default_rng(0)]})
    text, rng = state[BUNDLE]["text"], random.Random(0)
    for _ in range(2000):
        place = rng.randrange(len(text))
        changed = text[:place] + rng.choice('{}[]",:019aE- ') + text[place + rng.randrange(3) :]
        with suppress(ValueError):
            CODEC.read({BUNDLE: {**state[BUNDLE], "text": changed}})


def test_a_copy_is_written_alike():
    value = {"one": Pair(BIG, [1, 2]), "two": np.arange(5)}
    assert bundle(value)["text"] == bundle(copy.deepcopy(value))["text"]


def test_keys_that_are_met_again_are_the_same_keys():
    """Python evaluates the value of an assignment before its key, but keys are written first."""
    keys = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")
    shared = {key: np.arange(3.0) for key in keys}, dict(zip(keys, range(2), strict=True))
    arrays, numbers = again(shared)
    assert list(numbers.items()) == list(shared[1].items())
    np.testing.assert_array_equal(arrays[keys[1]], np.arange(3.0))
