"""How samples are divided into chunks, and that results do not depend on the threads that predict them."""

import threading

import numpy as np
import pytest

from sklstm._network import network as _network
from sklstm._network import prediction_chunks as _chunks
from sklstm._network.layout import Layout
from sklstm._network.prediction_chunks import largest_products, prediction_chunks, worthwhile_threads
from sklstm._network.samples import Samples
from tests._network.tools import T, example, objective, start
from tests.tools import pairwise

SIZES = {"plain": {}, "deep": {"n_layers": 2}, "both directions": {"n_directions": 2}}


@pytest.mark.parametrize("n_samples", [1, 15, 256, 257, 1000, 4096, 10_000])
@pytest.mark.parametrize("sizes", [(1, 2, 24), (1, 32, 24), (8, 128, 168), (50, 4, 5000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chunks_are_all_rows_in_order_and_nearly_equal(n_samples, sizes, dtype):
    F, H, n_steps = sizes
    chunks = prediction_chunks(Layout(F, H, 1), n_samples, n_steps, dtype, every_step=False)
    rows = [np.arange(n_samples)[chunk] for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate(rows), np.arange(n_samples))
    lengths = [len(part) for part in rows]
    assert min(lengths) > 0
    assert len(set(lengths[:-1])) <= 1
    assert all(length % 16 == 0 for length in lengths[:-1])
    assert max(lengths) <= _chunks.MOST_ROWS
    if n_samples <= _chunks.FEWEST_ROWS:
        assert len(chunks) == 1


def test_long_samples_are_predicted_256_at_a_time():
    """A power of two: rows of buffers are whole vectors. Bits may depend on the borders, so they must not move."""
    chunks = prediction_chunks(Layout(50, 4, 1), 10_000, 5000, np.float32, every_step=False)
    assert chunks == [slice(start, start + 256) for start in range(0, 9984, 256)] + [slice(9984, 10_000)]


@pytest.mark.parametrize(("n_layers", "every_step", "kept"), [(1, False, 4), (1, True, 8), (2, False, 8), (2, True, 8)])
def test_what_a_chunk_keeps_of_all_steps_takes_bounded_memory_beyond_the_fewest_rows(n_layers, every_step, kept):
    lengths = []
    for n_steps in (10, 100, 1000, 10_000):
        chunks = prediction_chunks(Layout(4, 4, 1, n_layers), 9999, n_steps, np.float32, every_step)
        lengths.append(max(len(range(9999)[chunk]) for chunk in chunks))
        assert lengths[-1] <= max(_chunks.FEWEST_ROWS, _chunks.KEPT_ELEMENTS / (n_steps * kept))
    assert lengths[0] > lengths[-1] > 0


def test_the_number_of_chunks_is_even_where_blocks_stay_large():
    def n_chunks(hidden_size, n_samples):
        return len(prediction_chunks(Layout(1, hidden_size, 1), n_samples, 24, np.float32, every_step=False))

    assert n_chunks(128, 256) == 1
    assert [n_chunks(32, n_samples) for n_samples in (300, 600, 1500, 2500)] == [1, 2, 2, 4]
    assert [n_chunks(4, n_samples) for n_samples in (600, 4000, 9000)] == [1, 2, 4]


def test_small_work_is_left_to_one_thread():
    layout = Layout(1, 32, 1)
    assert worthwhile_threads(layout, 512, 1, 2) == 1
    assert worthwhile_threads(layout, 2048, 24, 4) == 4
    assert worthwhile_threads(Layout(1, 2, 1), 2048, 1000, 8) == 1  # blocks too small for NumPy to give up the GIL for
    assert worthwhile_threads(Layout(1, 32, 1, n_layers=4), 512, 24, 2) == 2


@pytest.fixture
def threads_used(monkeypatch):
    """Chunks of few rows, which threads predict; returns a function that says how many, and the set of those seen."""
    seen, wanted = set(), {"n": 1}

    def divided(layout, n_samples, n_steps, dtype, every_step):
        return [slice(first, min(first + 16, n_samples)) for first in range(0, n_samples, 16)]

    def shared_threads(run, n_wanted):
        return run(min(n_wanted, wanted["n"]))

    to_predictions = _network.Network._to_predictions

    def seeing(*args, **kwargs):
        seen.add(threading.get_ident())
        return to_predictions(*args, **kwargs)

    monkeypatch.setattr(_network, "prediction_chunks", divided)
    monkeypatch.setattr(_network, "CHUNK_ROWS", 16)
    monkeypatch.setattr(_network, "worthwhile_threads", lambda layout, n_samples, n_steps, n_chunks: n_chunks)
    monkeypatch.setattr(_network, "shared_threads", shared_threads)
    monkeypatch.setattr(_network.Network, "_to_predictions", seeing)
    return wanted, seen


def case(kind, loss, dtype, every_step, missing):
    X, y, weight = example(every_step, dtype=dtype)
    network = objective(X, y, weight, every_step, loss=loss, instance_norm="mean", **SIZES[kind]).network
    rows = np.random.default_rng(1).normal(10, 3, (100, T, X.shape[2])).astype(dtype)
    if missing:
        rows[np.random.default_rng(2).random(rows.shape) < 0.2] = np.nan
        rows[40:42] = np.nan
    return network, start(network, dtype), rows


@pairwise(
    ("kind", "loss", "dtype", "every_step", "missing"),
    SIZES,
    ["squared_error", "quantile"],
    [np.float32, np.float64],
    [False, True],
    [False, True],
)
def test_predictions_are_the_same_bits_with_any_number_of_threads(kind, loss, dtype, every_step, missing, threads_used):
    wanted, _ = threads_used
    network, theta, X = case(kind, loss, dtype, every_step, missing)
    every_level = loss == "quantile"
    expected = network.predict(theta, X, every_step, every_level)
    for wanted["n"] in (2, 3, 7):
        np.testing.assert_array_equal(network.predict(theta, X, every_step, every_level), expected, strict=True)


@pytest.mark.parametrize("every_step", [False, True])
def test_evaluation_is_the_same_with_any_number_of_threads(every_step, threads_used):
    wanted, _ = threads_used
    network, theta, X = case("plain", "squared_error", np.float64, every_step, True)
    rng = np.random.default_rng(3)
    y = rng.normal(10, 3, (100, T, 2) if every_step else (100, 2))
    samples = Samples(X, y, rng.uniform(1, 2, 100), rng.permutation(100)[:90])
    loss, predictions = network.evaluate(theta, samples, every_step)
    for wanted["n"] in (2, 3, 7):
        again = network.evaluate(theta, samples, every_step)
        assert again[0] == loss
        np.testing.assert_array_equal(again[1], predictions)


def test_a_little_work_is_done_by_the_calling_thread_without_a_limit(threads_used, monkeypatch):
    wanted, seen = threads_used
    wanted["n"] = 7
    network, theta, X = case("plain", "squared_error", np.float64, False, False)
    monkeypatch.setattr(_network, "shared_threads", None)
    network.predict(theta, X[:16], False)
    assert seen == {threading.get_ident()}


def test_an_error_of_a_chunk_is_raised(threads_used, monkeypatch):
    wanted, _ = threads_used
    network, theta, X = case("plain", "squared_error", np.float64, False, False)
    forward, before = _network.Network._forward, threading.active_count()

    def failing(self, theta, X, ws):
        if np.isnan(X[0, 0, 0]):
            raise FloatingPointError(str(X[0, 1, 0]))
        return forward(self, theta, X, ws)

    monkeypatch.setattr(_network.Network, "_forward", failing)
    X[[48, 80], 0, 0] = np.nan
    for wanted["n"] in (1, 2, 7):
        with pytest.raises(FloatingPointError, match=str(X[48, 1, 0])):
            network.predict(theta, X, False)
        assert threading.active_count() == before


@pytest.mark.parametrize(
    ("sizes", "n_samples", "n_products"),
    [
        ((2, 3, 1), 1, (84, 0)),  # 12 rows, and 2 + 1 + 3 columns and that of skipped steps
        ((2, 3, 50), 1, (200, 0)),  # 50 values of 1 + 3 states
        ((2, 3, 1), 5, (20, 420)),
        ((2, 3, 2), 5, (0, 420)),
        ((2, 3, 50), 5, (0, 1000)),
        ((2, 3, 1, 2), 5, (20, 480)),  # the second layer reads 3 states
        ((9, 3, 1, 2), 5, (20, 840)),
        ((2, 3, 1, 2, 2), 5, (35, 660)),  # of both directions
    ],
)
def test_the_largest_products_of_a_prediction(sizes, n_samples, n_products):
    """With a vector, as of one sample or of a read-out of one value, and with a matrix."""
    assert largest_products(Layout(*sizes), n_samples) == n_products


@pytest.mark.parametrize(
    ("sizes", "n_steps", "dtype", "n_samples", "n_chunks", "length"),
    [
        ((1, 2, 1), 24, np.float32, 10_000, 4, 2512),
        ((1, 32, 1), 24, np.float32, 600, 2, 304),
        ((1, 32, 1), 24, np.float64, 2500, 6, 432),
        ((8, 128, 1), 168, np.float32, 1000, 4, 256),
        ((4, 4, 1, 2), 100, np.float32, 5000, 8, 640),
        ((1, 24, 1), 24, np.float32, 511, 1, 511),
        ((1, 24, 1), 24, np.float32, 512, 2, 256),
    ],
)
def test_borders_of_chunks_do_not_move(sizes, n_steps, dtype, n_samples, n_chunks, length):
    """Bits may depend on them."""
    chunks = prediction_chunks(Layout(*sizes), n_samples, n_steps, dtype, every_step=False)
    starts = range(0, n_samples, length)
    assert chunks == [slice(start, min(start + length, n_samples)) for start in starts]
    assert len(chunks) == n_chunks
