import numpy as np
import pytest

from sklstm._series.continuation import check_follows
from tests._series.tables import N, Reader, daily


def test_new_rows_follow_directly():
    reader = Reader(None, daily())
    history = reader.series
    check_follows(history, reader.new_rows(None, daily(3, N)))
    check_follows(history, reader.new_rows(None, np.zeros(3)))  # arrays are taken to
    with pytest.raises(
        ValueError, match=r"y begins at 2024-01-11.*, but .* ends at 2024-01-08.*: .* gap of 2 rows.*may be NaN"
    ):
        check_follows(history, reader.new_rows(None, daily(3, N + 2)))
    with pytest.raises(ValueError, match=r"y\.loc\['a'\] are at 2024-01-03"):
        check_follows({"a": history[None]}, {"a": reader.new_rows(None, daily(3, 2))[None]})
