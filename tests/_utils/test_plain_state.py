import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from sklstm._utils.plain_state import Codec, Kind, array, instance, is_flag, list_of, number, one_of, tuple_of, whole
from tests.tools import label


@dataclass(frozen=True)
class Point:
    x: int
    y: object = None


POINT = Kind.of_dataclass(Point, {"x": whole(0, 9), "y": lambda value: value is None or isinstance(value, Point)})
CODEC = Codec([POINT])


def again(value):
    content, arrays = CODEC.encode(value)
    return CODEC.decode(json.loads(json.dumps(content, allow_nan=False)), arrays)


VALUES = [
    None,
    True,
    0,
    -(2**300),
    0.1,
    -0.0,
    5e-324,
    math.inf,
    -math.inf,
    "\ud7ff \x00 text",
    [],
    (),
    {},
    [1, [2.5, (3, "a", None)]],
    {"a": [1], 2: {"b": (4,)}, (1, None): 3.0, None: 1, True: 0},
    np.float32(0.1),
    np.float64("inf"),
    np.int8(-3),
    np.uint64(2**64 - 1),
    np.bool_(True),
    np.dtype("float32"),
    np.dtype(bool),
    Point(3, Point(4)),
]


@pytest.mark.parametrize("value", VALUES, ids=label)
def test_values(value):
    read = again(value)
    assert repr(read) == repr(value)
    assert type(read) is type(value)


def test_nan():
    assert again({"a": float("nan")})["a"] != 0
    assert np.isnan(again(np.float32("nan")))


@pytest.mark.parametrize(
    "values",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3), np.float32),
        np.array(3),
        np.array([True, False]),
        np.array(["a", "bc"], dtype=object),
        np.array([], dtype=object),
    ],
    ids=label,
)
def test_arrays(values):
    read = again([values, 3])[0]
    assert (read.dtype, read.shape) == (values.dtype, values.shape)
    assert read.flags.c_contiguous == values.flags.c_contiguous
    assert (read == values).all()
    assert read.flags.writeable


class Subclass(Point):
    pass


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1},
        1j,
        b"a",
        len,
        Subclass(1),
        np.array([None]),
        np.array(["a"]),
        np.longdouble(1),
        [np.dtype("M8[s]")],
    ],
    ids=label,
)
def test_what_cannot_be_written(value):
    with pytest.raises(TypeError, match="cannot be written"):
        CODEC.encode(value)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"a": 1, "b": 2},
        {"unknown": {}},
        {"Point": 3},
        {"Point": {"x": 3}},
        {"Point": {"x": 3, "y": None, "z": 1}},
        {"Point": {"x": 10, "y": None}},
        {"Point": {"x": 1.0, "y": None}},
        {"Point": {"x": True, "y": None}},
        {"Point": {"x": 3, "y": [4]}},
        {"tuple": 3},
        {"tuple": {"a": 1}},
        {"dict": {"a": 1}},
        {"dict": [[1, 2, 3]]},
        {"dict": [[1, 2], [1, 3]]},
        {"dict": [[[1], 2]]},
        {"dict": ["ab"]},
        {"float": "1.5"},
        {"float": 1},
        {"array": "missing"},
        {"array": 3},
        {"labels": [1]},
        {"labels": "ab"},
        {"dtype": "object"},
        {"dtype": "|O"},
        {"dtype": ">f8"},
        {"dtype": 3},
        {"scalar": ["|O", 3]},
        {"scalar": ["<f8", 3]},
        {"scalar": ["<f8", "x"]},
        {"scalar": ["<i8", 2**63]},
        {"scalar": ["|i1", 300]},
        {"scalar": ["|b1", 1]},
        {"scalar": ["<i8", True]},
        {"scalar": ["<i8"]},
        {"scalar": None},
    ],
    ids=label,
)
def test_what_is_wrong_is_refused(content):
    with pytest.raises(ValueError, match=r"cannot|needs|kind|no |twice"):
        CODEC.decode([1, content], {"a0": np.zeros(1)})


def test_deep_content_is_refused():
    content = []
    for _ in range(100_000):
        content = [content]
    with pytest.raises(ValueError, match="too deeply"):
        CODEC.decode(content, {})


def test_messages_are_short():
    with pytest.raises(ValueError, match="Point") as found:
        CODEC.decode({"Point": {"x": "a" * 10**6, "y": None}}, {})
    assert len(str(found.value)) < 500


def test_all_fields_have_tests():
    with pytest.raises(ValueError, match="has the fields"):
        Kind.of_dataclass(Point, {"x": whole()})


def test_kinds_that_are_found_late():
    codec = Codec([], lambda: [POINT])
    assert codec.decode(*codec.encode(Point(1))) == Point(1)


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        (whole(2, 4), [2, 4], [1, 5, 3.0, True, None, "3", np.int64(3)]),
        (number(0, 1), [0, 1.0, np.float32(0.5)], [-0.1, 1.1, math.nan, True, "0", None]),
        (number(0, may_be_nan=True), [math.nan, math.inf], [-math.inf]),
        (one_of("a", 1), ["a", 1], ["b", True, 1.0, None, []]),
        (is_flag, [True, False], [0, None]),
        (instance(int, str), [1, "a"], [1.0]),
        (list_of(whole()), [[], [1]], [(1,), [-1], None]),
        (tuple_of(whole()), [(), (1,)], [[1], (-1,), None]),
        (array(1), [np.zeros(2), np.zeros(0, np.float32)], [np.zeros((1, 1)), np.array([np.nan]), [0.0]]),
        (array(1), [], [np.zeros(1, dtype) for dtype in (int, ">f8", "f2")]),
        (array((0, 2), may_be_nan=True), [np.array(np.nan), np.zeros((1, 1))], [np.zeros(1), np.array(np.inf)]),
        (array(1, "i"), [np.zeros(1, np.int64)], [np.zeros(1), np.zeros(1, np.uint8), np.zeros(1, ">i8")]),
    ],
)  # fmt: skip
def test_tests(test, right, wrong):
    assert all(map(test, right))
    assert not any(map(test, wrong))
