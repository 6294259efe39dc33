import numpy as np

from sklstm._network.missing_values import SKIP, MissingRule
from sklstm._network.targets import counted_weight, features_first, missing_targets, samples_first, training_targets
from tests._network.tools import N, T, example


def test_with_indicators_a_next_step_counts_where_its_value_is_present():
    X = np.arange(24.0).reshape(2, 4, 3)
    X[0, 2, 0] = X[0, 1, 2] = X[1, 2] = np.nan
    y, nan = np.array([[90.0], [91.0]]), np.nan
    targets = training_targets(X, y, True, MissingRule(by_channel=True).skipped_steps(X))
    np.testing.assert_array_equal(targets[..., 0], [[3, nan, 9, 90], [15, nan, nan, 91]])


def test_a_next_step_of_which_a_value_is_missing_does_not_count_at_all():
    """Of the targets of the sample itself, the present ones count."""
    X, nan = np.arange(12.0).reshape(1, 4, 3), np.nan
    X[0, 2, 1] = X[0, 1, 2] = nan
    y = np.array([[90.0, nan]])
    targets = training_targets(X, y, True, MissingRule(by_channel=True).skipped_steps(X))
    np.testing.assert_array_equal(targets, [[[3, 4], [nan, nan], [9, 10], [90, nan]]])


def test_the_next_step_of_a_row_is_its_target_where_both_are_present():
    X, y, _ = example()
    targets = training_targets(X, y, True, SKIP.skipped_steps(X))
    for row in range(N):
        for t in range(T):
            following = y[row] if t == T - 1 else X[row, t + 1]
            present = t == T - 1 or not (np.isnan(X[row, t]).any() or np.isnan(following).any())
            np.testing.assert_array_equal(targets[row, t], following if present else np.nan)
    assert training_targets(X, y, False, None) is y


def test_a_target_weighs_as_its_sample_or_nothing():
    y = np.array([[[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]]])  # (T, K, B) = (1, 2, 3)
    weight = np.array([0.5, 2.0, 4.0])
    together, single = (counted_weight(missing_targets(np.isnan(y), by_target), weight) for by_target in (False, True))
    np.testing.assert_array_equal(together, [[0.5, 0.0, 4.0]])
    np.testing.assert_array_equal(single, [[[0.5, 0.0, 4.0], [0.5, 2.0, 4.0]]])


def test_the_sample_becomes_the_last_axis():
    for shape in ((4, 3), (4, 3, 2)):
        values = np.arange(np.prod(shape)).reshape(shape)
        np.testing.assert_array_equal(features_first(values), np.moveaxis(values, 0, -1))
        np.testing.assert_array_equal(samples_first(features_first(values)), values)
