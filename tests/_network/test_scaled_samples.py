"""Scaled samples: parts that are joined, and the targets and the order of a batch."""

from dataclasses import replace

import numpy as np
import pytest

from sklstm._network.scaled_samples import ScaledSamples
from sklstm._network.step_order import StepOrder

N, T, F, K = 6, 5, 2, 3


def samples(every_step=True, moved=True):
    """Samples that skip 0, 1, …, 5 steps, as views in which the sample is the last axis."""
    rng, n_skipped = np.random.default_rng(0), np.arange(N)
    return ScaledSamples(
        rng.normal(size=(T, F, N)).transpose(2, 0, 1),
        rng.normal(size=(T, K, N)).transpose(2, 0, 1) if every_step else rng.normal(size=(K, N)).T,
        n_skipped,
        np.arange(T) < n_skipped[:, np.newaxis] if every_step else None,
        rng.permuted(np.tile(np.arange(T), (N, 1)), axis=1) if moved else None,
    )


def fields(some):
    return some.x, some.target, some.n_skipped, some.missing, some.moved


def assert_same(left, right):
    for ours, theirs in zip(fields(left), fields(right), strict=True):
        assert (ours is None) == (theirs is None)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_joined_parts_are_the_whole_with_each_sample_in_one_block(every_step, moved):
    whole = samples(every_step, moved)
    joined = ScaledSamples.joined([whole.at(slice(0, 4)), whole.at(slice(4, N))])
    assert_same(joined, whole)
    assert all(part is None or part.flags.c_contiguous for part in fields(joined))
    assert_same(joined.at(np.array([3, 1])), whole.at(slice(3, 0, -2)))


def test_targets_begin_at_the_first_step_of_the_batch():
    batch, weight = samples().at(np.array([2, 3, 5])), np.array([1.0, 2.0, 4.0])
    order = batch.order
    assert order.start == 2
    target, counted = batch.targets(weight, order.start)
    np.testing.assert_array_equal(target, batch.target.transpose(1, 2, 0)[2:])
    np.testing.assert_array_equal(counted, [[1, 0, 0], [1, 2, 0], [1, 2, 0]])
    np.testing.assert_array_equal(order.moved, batch.moved.T[2:])


def test_a_target_of_the_last_step_has_the_weight_of_its_sample():
    batch, weight = samples(every_step=False), np.arange(1.0, N + 1)
    target, counted = batch.targets(weight, start=2)
    np.testing.assert_array_equal(target, batch.target.T)
    np.testing.assert_array_equal(counted, weight)


@pytest.mark.parametrize("every_step", [False, True])
def test_single_targets_have_weights_of_their_own(every_step):
    whole = samples(every_step)
    missing = np.random.default_rng(1).random(whole.target.shape) < 0.5
    parts = [replace(whole, missing=missing).at(rows) for rows in (slice(0, 2), slice(2, N))]
    batch, weight = ScaledSamples.joined(parts).at(np.array([5, 3])), np.array([2.0, 4.0])
    target, counted = batch.targets(weight, start=2)
    first = 2 if every_step else 0
    np.testing.assert_array_equal(target, np.moveaxis(whole.target[[5, 3]], 0, -1)[first:])
    np.testing.assert_array_equal(counted, np.where(np.moveaxis(missing[[5, 3]], 0, -1)[first:], 0, weight))
    assert target.flags.c_contiguous


def test_samples_that_skip_nothing_are_in_the_order_of_time():
    order = samples(moved=False).at(np.array([0, 0])).order
    assert order == StepOrder()
