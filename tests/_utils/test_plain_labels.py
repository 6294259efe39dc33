import math
import pickle
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from sklstm._utils.plain_labels import LABEL_KINDS
from sklstm._utils.saved_state import BUNDLE, StateCodec
from tests.tools import label, not_plain

CODEC = StateCodec(LABEL_KINDS)
LABELS = [
    date(1, 1, 1),
    date(2024, 2, 29),
    datetime(2024, 10, 27, 2, 30, 0, 17),
    datetime(2024, 10, 27, 2, 30, fold=1),
    time(23, 59, 59, 999999, fold=1),
    timedelta(days=-3, microseconds=7),
    timedelta.max,
    Decimal("1.10"),
    Decimal("-Infinity"),
    UUID(int=2**127 + 1),
    complex(-0.0, math.inf),
    0.1 + 2j,
    frozenset(),
    pytest.param(frozenset({1, "a", (2, Decimal(3))}), id="frozenset"),  # the order of its repr changes by process
]


@pytest.mark.parametrize("value", LABELS, ids=label)
def test_labels_are_described_and_the_same_again(value):
    state = CODEC.written({"labels": {value: [value]}, "top": value})
    assert state[BUNDLE]["objects"] == []
    assert not_plain(state) == set()
    read = CODEC.read(pickle.loads(pickle.dumps(state)))
    for found in (read["top"], *read["labels"], *read["labels"][value]):
        assert (type(found), exact(found), found) == (type(value), exact(value), value)


def exact(value):
    """Return what tells 1.1 from 1.10 and 0.0 from -0.0; sets with equal elements may be in another order."""
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


class Monday(date):
    """A class of the user's."""


@pytest.mark.parametrize(
    "value", [datetime(2024, 1, 1, tzinfo=UTC), time(3, tzinfo=UTC), Monday(2024, 1, 1), OrderedDict(a=1)], ids=label
)
def test_what_is_not_described_stays_an_object(value):
    state = CODEC.written({"labels": [value]})
    assert state[BUNDLE]["objects"][0] is value
    assert CODEC.read(state)["labels"][0] is value


@pytest.mark.parametrize("kind", ["date", "datetime", "time", "timedelta", "Decimal", "UUID", "complex"])
def test_damaged_text_is_refused(kind):
    bundle = {"text": f'{{"dict":[["x",{{"{kind}":{{"text":"nothing"}}}}]]}}', "arrays": [], "small": {}, "objects": []}
    with pytest.raises(ValueError, match="cannot be read"):
        CODEC.read({BUNDLE: bundle})
