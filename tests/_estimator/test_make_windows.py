import tracemalloc

import numpy as np
import pandas as pd
import pytest

from sklstm import make_windows
from tests._estimator.tools import FRAME, TABLE


@pytest.mark.parametrize("lead", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_make_windows_by_hand(lead, stride):
    X, y = make_windows(TABLE, 4, lead=lead, stride=stride)
    starts = range(0, 10 - 4 - lead + 1, stride)
    np.testing.assert_array_equal(X, [TABLE[s : s + 4] for s in starts])
    np.testing.assert_array_equal(y, [TABLE[s + 3 + lead] for s in starts])
    X, y = make_windows(TABLE, 4, lead=lead, stride=stride, targets="all", n_outputs=1)
    np.testing.assert_array_equal(X, [TABLE[s : s + 4] for s in starts])
    np.testing.assert_array_equal(y, [TABLE[s + lead : s + lead + 4, :1] for s in starts])
    assert np.shares_memory(X, TABLE)
    assert np.shares_memory(y, TABLE)


def test_windows_of_a_long_series_take_no_memory():
    series = np.sin(np.arange(100_000, dtype=np.float32))
    tracemalloc.start()
    try:
        make_windows(series, 24)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(series)


def test_make_windows_takes_every_kind_of_series():
    X, y = make_windows(TABLE[:, 0], 4)
    assert (X.shape, y.shape) == ((6, 4, 1), (6,))
    assert make_windows(TABLE, 4, n_outputs=1)[1].shape == (6, 1)
    assert make_windows(TABLE[:, 0], 4, targets="all")[1].shape == (6, 4, 1)
    assert make_windows([1, 2, 3, 4], 2)[0].dtype == np.float64
    X, y = make_windows(FRAME["y"], 4)
    pd.testing.assert_series_equal(y, FRAME["y"][4:])
    X, y = make_windows(FRAME, 4, lead=2, stride=2, n_outputs=1)
    pd.testing.assert_frame_equal(y, FRAME[["y"]][5::2])
    assert X.shape == (3, 4, 2)
    gap = FRAME["y"].where(FRAME["y"] != 5)
    assert np.isnan(make_windows(gap, 4)[0]).sum() == 3


@pytest.mark.parametrize(("window_length", "lead", "n_needed"), [(4, 1, 5), (4, 2, 6), (1, 3, 4), (3, 3, 6)])
def test_a_series_needs_as_many_rows_as_its_error_says(window_length, lead, n_needed):
    with pytest.raises(ValueError, match=rf"The series has {n_needed - 1} rows, .* takes {n_needed}\. Shorten"):
        make_windows(TABLE[: n_needed - 1], window_length, lead=lead)
    assert len(make_windows(TABLE[:n_needed], window_length, lead=lead)[0]) == 1


def test_what_the_targets_are_is_read_by_value():
    assert make_windows(TABLE, 4, targets="".join(("a", "ll")))[1].shape == (6, 4, 2)
