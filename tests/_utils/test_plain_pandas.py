import json
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from dateutil.tz import tzoffset, tzutc

from sklstm._utils.plain_pandas import pandas_kinds
from sklstm._utils.plain_state import Codec
from tests.tools import ZONES_OF_DATEUTIL, label

CODEC = Codec([], pandas_kinds)
BERLIN = ZoneInfo("Europe/Berlin")
TWICE = pd.Timestamp("2020-10-25 01:30", tz="UTC")  # 2:30 in Berlin, for the second time

VALUES = [
    pd.Timestamp("2020-01-01"),
    pd.Timestamp("2020-01-01").as_unit("s"),
    pd.Timestamp("2020-01-01 00:00:00.123456789"),
    TWICE,
    TWICE.tz_convert("Europe/Berlin"),
    TWICE.tz_convert(BERLIN),
    TWICE.tz_convert(UTC),
    TWICE.tz_convert(timezone(timedelta(hours=-5, minutes=-30))),
    TWICE.tz_convert(timezone(timedelta(hours=2), "CEST")),
    TWICE.tz_convert(timezone(timedelta(0), "GMT")),
    TWICE.tz_convert(timezone(timedelta(hours=-1, seconds=-17, microseconds=3))),
    *map(TWICE.tz_convert, ZONES_OF_DATEUTIL),
    TWICE.tz_convert(tzutc()),
    TWICE.tz_convert(tzoffset(None, -19800)),
    TWICE.tz_convert(tzoffset("one two", 3600)),
    pd.Timedelta("1h"),
    pd.Timedelta(-3),
    pd.Period("2020-01", "M"),
    pd.Period("2020Q1"),
    pd.Period("1700-01-01", "D"),
    pd.offsets.MonthEnd(2),
    pd.offsets.MonthBegin(),
    pd.offsets.Week(weekday=2),
    pd.offsets.BusinessDay(),
    pd.offsets.Day(),
    pd.offsets.Hour(3),
    pd.offsets.QuarterBegin(startingMonth=2),
    pd.offsets.YearEnd(month=6),
]
INDEXES = [
    pd.RangeIndex(1, 7, 2, name="row"),
    pd.Index(["a", "b"], name="x"),
    pd.Index(["a", "b"], dtype=object),
    pd.Index([1, 2]),
    pd.Index([1.5, 2], name=("a", 1)),
    pd.Index(["a", 3], dtype=object),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    pd.date_range("2020", periods=3),
    pd.period_range("2020", periods=3, freq="D"),
    pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", None]),
]


def again(value):
    content, arrays = CODEC.encode(value)
    assert not arrays
    return CODEC.decode(json.loads(json.dumps(content)), arrays)


@pytest.mark.parametrize("value", VALUES, ids=label)
def test_times_and_steps(value):
    read = again(value)
    assert read == value
    assert type(read) is type(value)
    for name in ("unit", "tz", "fold", "freqstr"):
        assert getattr(read, name, None) == getattr(value, name, None)


@pytest.mark.parametrize("index", INDEXES, ids=label)
def test_indexes(index):
    read = again(index)
    assert read.equals(index)
    assert (type(read), read.dtype, read.names) == (type(index), index.dtype, index.names)


@pytest.mark.parametrize(
    "value",
    [
        pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]),
        pd.DateOffset(months=1),
        pd.Index([object()]),
    ],
    ids=label,
)
def test_what_could_not_be_read_again_is_not_written(value):
    with pytest.raises(TypeError, match="cannot be written"):
        CODEC.encode(value)


@pytest.mark.parametrize(
    "content",
    [
        {"DateOffset": {"frequency": "9" * 90 + "D"}},
        {"DateOffset": {"frequency": "D" * 1000}},
        {"DateOffset": {"frequency": "__import__('os')"}},
        {"Period": {"ordinal": 2**63, "frequency": "Y"}},
        {"Period": {"ordinal": 3, "frequency": "nothing"}},
        {"Timestamp": {"value": 0, "unit": "Y", "zone": None}},
        {"Timestamp": {"value": -(2**63), "unit": "ns", "zone": None}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["zoneinfo", "../../etc/passwd"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["zoneinfo", "Nowhere"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["pandas", "Nowhere"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["dateutil", "Nowhere"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["dateutil", "/etc/localtime"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["dateutil", "../zoneinfo/UTC"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["dateutil", "86400 x"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["dateutil", "9999999999999999999999"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["os", "UTC"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["offset", "UTC"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["offset", "86400000000 UTC"]}}},
        {"Timestamp": {"value": 0, "unit": "s", "zone": {"tuple": ["offset", "9999999999999999999999 UTC"]}}},
        {"Timedelta": {"value": 2**63, "unit": "ns"}},
        {"Index": {"labels": [1, 2], "dtype": "evil", "name": None}},
        {"Index": {"labels": ["1", "x"], "dtype": "int64", "name": None}},
        {"Index": {"labels": [[1]], "dtype": "object", "name": None}},
        {"RangeIndex": {"start": 0, "stop": 1, "step": 0, "name": None}},
        {"RangeIndex": {"start": 0, "stop": 2**70, "step": 1, "name": None}},
        {"MultiIndex": {"labels": [], "names": []}},
        {"MultiIndex": {"labels": [{"tuple": [1]}, {"tuple": [1, 2]}], "names": [None]}},
        {"MultiIndex": {"labels": [{"tuple": []}], "names": []}},
    ],
    ids=label,
)
def test_what_is_wrong_is_refused(content):
    with pytest.raises(ValueError, match="cannot"):
        CODEC.decode(content, {})
