"""The order of the steps compared with a slow loop over samples."""

import numpy as np
import pytest

from sklstm._network.step_order import StepOrder

T, B = 6, 4
# (B, T): the steps that each sample skips
PATTERNS = {
    "none": np.zeros((B, T), bool),
    "leading": np.arange(T) < np.array([0, 1, 3, 5])[:, np.newaxis],
    "first steps of all": np.arange(T) < np.array([2, 4, 3, 2])[:, np.newaxis],
    "equally many": np.arange(T) < 3 + np.zeros((B, 1)),
    "trailing": np.arange(T) >= np.array([6, 3, 5, 1])[:, np.newaxis],
    "inside": np.array([[0, 1, 0, 1, 0, 0], [0, 0, 1, 1, 1, 0], [0, 1, 0, 0, 0, 1], [1, 0, 1, 0, 1, 0]], bool),
    "a sample without a present step": np.arange(T) < np.array([6, 1, 3, 2])[:, np.newaxis],
    "no present step": np.ones((B, T), bool),
}


@pytest.fixture(params=PATTERNS)
def skipped(request):
    return PATTERNS[request.param].T.copy()


def in_order(skipped):
    """For each sample, its skipped steps and then its present ones."""
    steps = np.arange(T)
    return [np.concatenate((steps[column], steps[~column])) for column in skipped.T]


def test_present_steps_are_last_and_keep_their_order(skipped):
    order = StepOrder.of(skipped)
    values = np.random.default_rng(0).normal(size=(T, 3, B))
    assert order.start == min(skipped.sum(axis=0).min(), T - 1)
    for sample, steps in enumerate(in_order(skipped)):
        n_skipped = skipped[:, sample].sum()
        leads = np.arange(order.start, T) < n_skipped
        np.testing.assert_array_equal(False if order.leading is None else order.leading[:, sample], leads)
        present = steps[n_skipped:]
        np.testing.assert_array_equal(order.sort(values)[~leads, :, sample], values[present, :, sample])
        np.testing.assert_array_equal(order.sort(values[:, 0])[~leads, sample], values[present, 0, sample])


@pytest.mark.parametrize("axes", [(), (3,), (2, 3)])
def test_back_in_the_order_of_time_skipped_steps_are_nan(skipped, axes):
    order = StepOrder.of(skipped)
    values = np.random.default_rng(0).normal(size=(T, *axes, B))
    back = order.unsort(order.sort(values))
    for step, sample in np.ndindex(T, B):
        expected = np.nan if skipped[step, sample] else values[step, ..., sample]
        np.testing.assert_array_equal(back[step, ..., sample], expected)


def test_reversed_missing_steps_stay_first(skipped):
    order = StepOrder.of(skipped)
    values = np.random.default_rng(0).normal(size=(T, 3, B))
    backwards = order.reverse(order.sort(values))
    for sample in range(B):
        present = values[~skipped[:, sample], :, sample]
        np.testing.assert_array_equal(backwards[T - order.start - len(present) :, :, sample], present[::-1])
    np.testing.assert_array_equal(order.reverse(backwards), order.sort(values))


def test_nothing_is_moved_where_missing_steps_lead(skipped):
    leads = (np.diff(skipped.astype(int), axis=0) <= 0).all()
    order = StepOrder.of(skipped)
    assert (order.moved is None) == leads
    if leads:
        values = np.zeros((T, B))
        assert np.shares_memory(order.sort(values), values)


def test_without_skipped_steps_values_are_given_back_as_they_are():
    values = np.zeros((T, B))
    for order in (StepOrder(), StepOrder.of(None), StepOrder.of(np.zeros((T, B), bool))):
        assert order == StepOrder()
        assert order.unsort(values) is values


def test_the_order_of_samples_that_are_in_order_already(skipped):
    whole = StepOrder.of(skipped)
    ordered = StepOrder.of_ordered(skipped.sum(axis=0), T, np.arange(T * B).reshape(T, B))
    assert ordered.start == whole.start
    np.testing.assert_array_equal(ordered.leading, whole.leading)
    np.testing.assert_array_equal(ordered.moved, np.arange(T * B).reshape(T, B)[whole.start :])


def test_all_steps_are_kept_on_demand(skipped):
    order = StepOrder.of(skipped, keeps_all=True)
    assert order.start == 0
    values = np.random.default_rng(0).normal(size=(T, 3, B))
    for sample, steps in enumerate(in_order(skipped)):
        n_skipped = skipped[:, sample].sum()
        np.testing.assert_array_equal(order.sort(values)[n_skipped:, :, sample], values[steps[n_skipped:], :, sample])
        leads = False if order.leading is None else order.leading[:, sample]
        np.testing.assert_array_equal(leads, np.arange(T) < n_skipped)
