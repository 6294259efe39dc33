from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sklstm._network.missing_values import SKIP, MissingRule
from sklstm._network.samples import Samples, merge_equal, most_present_steps
from sklstm._utils import windows


def merged(X, y, weight, rows, missing_rule=SKIP):
    """Indices of the distinct samples, and the weights of all."""
    samples = merge_equal(Samples(X, y, weight, rows), missing_rule)
    return samples.rows, samples.weight


def test_samples_stay_views_of_what_was_given():
    X, y = np.lib.stride_tricks.sliding_window_view(np.arange(9.0), 3)[..., np.newaxis], np.ones((7, 1))
    samples = Samples(X, y, np.ones(7), np.arange(2, 7))
    assert np.shares_memory(samples.X, X)
    with pytest.raises(FrozenInstanceError):
        samples.rows = np.arange(7)


@pytest.mark.parametrize("chunk_elements", [1, 1 << 18])
def test_most_present_steps_are_those_of_a_sample_that_takes_part(chunk_elements, monkeypatch):
    monkeypatch.setattr(windows, "CHUNK_ELEMENTS", chunk_elements)
    X = np.ones((4, 6, 2))
    X[0, :1], X[1, 2, 1], X[1, 5] = np.nan, np.nan, np.nan
    X[2, :, 0] = np.nan
    expected = {(0, 1, 2): (5, 5, 6), (1, 2): (4, 5, 6), (2,): (0, 0, 6), (0, 3): (6, 6, 6)}
    rules = SKIP, MissingRule(by_channel=True, n_needed=1), MissingRule(by_channel=True)
    for rows, counts in expected.items():
        samples = Samples(X, np.ones((4, 1)), np.ones(4), np.array(rows))
        assert [most_present_steps(samples, rule) for rule in rules] == list(counts)


def test_equal_rows_are_merged_in_an_order_of_their_content():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, (60, 2, 1)).astype(np.float32), rng.integers(0, 2, (60, 1)) / 3
    X[5, 0], X[6, 0] = np.nan, -0.0
    weight, rows = rng.integers(1, 5, 60).astype(float), np.arange(3, 57)
    keys = [tuple(np.nan_to_num([*X[k, :, 0], y[k, 0]], nan=-1) + 0.0) for k in range(60)]
    expected = {}
    for k in rows:
        expected[keys[k]] = expected.get(keys[k], 0) + weight[k]
    first, weights = merged(X, y, weight, rows)
    assert {keys[k]: weights[k] for k in first} == expected
    assert len(first) == len(expected)
    assert weights.sum() == weight[rows].sum()
    again, _ = merged(X, y, weight, rng.permutation(rows))
    assert [keys[k] for k in again] == [keys[k] for k in first]


def test_single_targets_are_missing_only_where_a_sample_that_takes_part_lacks_one(monkeypatch):
    monkeypatch.setattr(windows, "CHUNK_ELEMENTS", 4)
    X, y = np.ones((9, 3, 1)), np.ones((9, 2))
    y[[1, 7], [0, 1]] = np.nan
    assert Samples(X, y, np.ones(9), np.array([0, 2, 4, 7])).by_target
    assert not Samples(X, y, np.ones(9), np.array([0, 2, 4, 8])).by_target
    assert not Samples(X, np.full((9, 3, 1), np.nan), np.ones(9), np.arange(9)).by_target  # steps count, or do not


def test_rows_without_the_same_target_are_equal():
    X, y = np.ones((5, 3, 1)), np.ones((5, 2))
    y[:2, 0], y[2, 0], y[3, 1] = np.nan, -np.float64(np.nan), np.nan  # another kind of NaN
    first, weights = merged(X, y, np.ones(5), np.arange(5))
    assert sorted(weights[first]) == [1, 1, 3]


def test_what_is_at_missing_steps_makes_no_other_row():
    X, y = np.ones((4, 3, 2)), np.ones((4, 3, 1))
    X[:, 1, 0] = np.nan
    X[1, 1, 1], y[2, 1] = 7, 9
    first, weights = merged(X, y, np.ones(4), np.arange(4))
    assert list(weights[first]) == [4]
    y[3, 0] = 2
    first, weights = merged(X, y, np.ones(4), np.arange(4))
    assert sorted(weights[first]) == [1, 3]


def test_rows_with_gaps_at_other_channels_are_others_where_the_rest_of_a_step_is_read():
    X, y = np.ones((4, 3, 2)), np.ones((4, 1))
    X[:, 1, 0], X[1, 1, 1] = np.nan, 7
    X[2:, 1, 0] = -np.float64(np.nan)  # another kind of NaN
    first, weights = merged(X, y, np.ones(4), np.arange(4), MissingRule(by_channel=True))
    assert sorted(weights[first]) == [1, 3]


def test_weights_of_merged_rows_do_not_depend_on_the_order_of_their_sum():
    X, y, weight = np.ones((50, 3, 1)), np.ones((50, 1)), np.random.default_rng(1).lognormal(0, 10, 50)
    orders = weight, weight[::-1], np.sort(weight)
    assert len({merged(X, y, part, np.arange(50))[1].sum() for part in orders}) == 1


def test_rows_are_merged_in_pieces(monkeypatch):
    rng, rows = np.random.default_rng(2), np.arange(40)
    X, y = rng.integers(0, 3, (40, 2, 1)).astype(float), rng.integers(0, 2, (40, 1)).astype(float)
    whole = merged(X, y, np.ones(40), rows)
    monkeypatch.setattr(windows, "CHUNK_ELEMENTS", 7)
    for expected, got in zip(whole, merged(X, y, np.ones(40), rows), strict=True):
        np.testing.assert_array_equal(expected, got)
