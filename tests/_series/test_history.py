from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from sklstm._series.history import History
from sklstm._series.series import SeriesData
from sklstm._time_index.regular_index import regular_end
from tests._series.tables import DAYS, N, Reader, daily, frame


def test_an_array_that_goes_beyond_the_dates_of_pandas_is_named():
    months = pd.Series(1.0, pd.date_range("2000-01-01", periods=4, freq="MS", unit="ns"))
    reader = Reader(None, months)
    new = reader.new_rows(None, np.ones(10_000))[None]
    with pytest.raises(ValueError, match=r"^y: The index ends at .* cannot continue for 10000 steps"):
        reader.history[None].followed_by(new)


@pytest.mark.parametrize("form", ["dates", "arrays"])
def test_rows_that_follow_are_joined(form):
    def give(n, start, is_array):
        X, y = frame(n, start=start), daily(n, start)
        return (X.to_numpy(), y.to_numpy()) if is_array else (X, y)

    reader = Reader(*give(N, 0, form == "arrays"), past_only=[0] if form == "arrays" else ["a"])
    X, y = give(3, N, form != "dates")
    more = reader.new_rows(X, y)
    future = np.full((5, 2), 7.0)  # columns of the future give way to those of rows
    joined = History.from_series(reader.series[None]).with_future(future).followed_by(more[None])
    whole = Reader(*give(N + 3, 0, form == "arrays"), past_only=[0] if form == "arrays" else ["a"]).series[None]
    for name in ("y", "known", "past"):
        np.testing.assert_array_equal(getattr(joined.whole, name), getattr(whole, name))
    assert len(joined) == N + 3
    assert list(joined.next_index(2)) == list(History.from_series(whole).next_index(2))
    assert list(joined.whole.known_index) == list(whole.known_index)
    np.testing.assert_array_equal(joined.whole.stamps, whole.stamps)


@pytest.mark.parametrize(
    "index",
    [
        None,
        DAYS,
        DAYS.tz_localize("Asia/Tokyo"),
        DAYS.to_period("D"),
        pd.date_range("2024-01-31", periods=40, freq="ME"),
        pd.RangeIndex(5, 85, 2),
    ],
    ids=lambda index: type(index).__name__,
)
@pytest.mark.parametrize("sizes", [[8, *[1] * 30], [3, 1, 9, 1, 1, 2, 14, 1], [1, 1, 1, 1, 30, 1]])
def test_a_history_is_its_rows_however_they_came(index, sizes):
    rng = np.random.default_rng(0)
    starts = np.cumsum([0, *sizes])
    y, known, past = (rng.normal(size=(starts[-1] + 4, width)) for width in (2, 1, 3))
    if index is not None and sizes[0] == 1:
        index = pd.RangeIndex(40) if isinstance(index, pd.DatetimeIndex) else index  # one stamp has no frequency

    def part(first, stop):
        times = None if index is None else index[first:stop]
        end = None if index is None else regular_end(times)
        return SeriesData(y[first:stop], known[first:stop], past[first:stop], times, end, np.arange(stop - first))

    history = History.from_series(part(0, sizes[0]))
    for first, stop in pairwise(starts[1:]):
        earlier, n_earlier = history, len(history)
        history = earlier.followed_by(part(first, stop))
        assert len(earlier) == n_earlier  # nothing that is at hand changes
        np.testing.assert_array_equal(earlier.whole.y, y[:first])
        np.testing.assert_array_equal(history.values("y", first - 1, stop), y[first - 1 : stop])
    n = len(history)
    assert len(history.pieces) < 2 + np.log2(n)
    whole = history.with_future(known[n:])
    for first, stop in rng.integers(0, n + 4, size=(50, 2)):
        np.testing.assert_array_equal(whole.values("known", first, stop), known[first:stop])
        np.testing.assert_array_equal(whole.values("past", first, stop), past[first : min(n, stop)])
    if index is not None:
        assert history.whole.index.equals(index[:n])
        assert history.end.last == index[n - 1]
        np.testing.assert_array_equal(history.values("stamps", 2, n), part(0, n).stamps[2:])


def test_a_history_too_short_for_a_frequency_learns_it_from_the_next_rows():
    reader = Reader(None, pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"])))
    history = reader.history[None]
    assert history.next_index(2) is None
    longer = history.followed_by(reader.new_rows(None, daily(7, 2))[None])  # a weekend tells days from business days
    assert list(longer.next_index(2)) == list(DAYS[9:11])
    assert len(longer.pieces) == 1
    np.testing.assert_array_equal(longer.whole.y[:, 0], [1, 2, *range(2, 9)])


def test_rows_are_in_the_time_zone_of_the_history():
    reader = Reader(None, daily().tz_localize("Asia/Tokyo"))
    more = reader.new_rows(None, daily(3, N).tz_localize("Asia/Tokyo").tz_convert("UTC"))[None]
    assert str(reader.history[None].followed_by(more).whole.index.tz) == "Asia/Tokyo"


def test_pieces_are_joined_when_the_earlier_is_less_than_twice_as_long():
    reader = Reader(None, np.arange(16.0))
    history, sizes = reader.history[None], []
    for n in (4, 2, 1, 1, 8, 9):
        history = history.followed_by(reader.new_rows(None, np.arange(float(n)))[None])
        sizes.append([len(piece) for piece in history.pieces])
    assert sizes == [[16, 4], [16, 4, 2], [16, 4, 2, 1], [16, 8], [16, 16], [16, 25]]
    assert history.pieces[0] is reader.series[None]  # the training rows are not copied


def test_rows_that_are_forgotten_still_count():
    reader = Reader(frame(N), daily(N), past_only=["a"])
    whole = reader.history[None].followed_by(reader.new_rows(frame(3, start=N), daily(3, N))[None])
    short = whole.without_rows_before(N - 2)
    assert (len(short), short.n_forgotten, short.first_row) == (N + 3, N - 2, whole.first_row)
    for name in ("y", "known", "past", "stamps"):
        np.testing.assert_array_equal(short.values(name, N - 1, N + 2), whole.values(name, N - 1, N + 2))
    assert short.index_between(N - 2, N + 1).equals(whole.index_between(N - 2, N + 1))
    assert len(short.values("y", 0, 0)) == 0
    for first in (0, N - 3):
        with pytest.raises(ValueError, match=rf"rows {first} to {N - 3} of the history are needed, but `compact`"):
            short.values("y", first, N)
    assert len(short.without_rows_before(3).whole) == len(short.whole) == 5
    assert len(short.without_rows_before(N + 9).whole) == 1
    before = whole.without_rows_after(N - 4)
    assert (len(before), before.end.last) == (N - 4, DAYS[N - 5])
