import numpy as np
import pytest

from sklstm._forecasting.baselines import NO_BASELINE
from sklstm._forecasting.built_windows import ForecastWindows, TrainingWindows
from sklstm._forecasting.series_scaling import SeriesScaling


def samples(with_reference, n=5):
    """Samples number 10, 13, … of windows of three steps, of which every other one is a sample; one target is NaN."""
    windows = np.arange(2.0 * n * 6).reshape(2 * n, 3, 2)
    targets = np.arange(2.0 * n).reshape(n, 2)
    targets[1, 1] = np.nan
    reference = 100 + targets if with_reference else None
    scaling = SeriesScaling(*np.arange(5.0 * n).reshape(5, n, 1))
    weight = np.arange(2.0 * n).reshape(n, 2) + 50
    return TrainingWindows(windows, targets, weight, np.arange(0, 2 * n, 2), 10 + 3 * np.arange(n), scaling, reference)


@pytest.mark.parametrize("with_reference", [False, True])
def test_chosen_samples_keep_what_belongs_to_them(with_reference):
    some = samples(with_reference).at(np.array([3, 1]))
    assert len(some) == 2
    assert some.n_complete == 1
    np.testing.assert_array_equal(some.rows, [6, 2])
    np.testing.assert_array_equal(some.numbers, [19, 13])
    np.testing.assert_array_equal(some.targets, [[6, 7], [2, np.nan]])
    np.testing.assert_array_equal(some.weight, [[56, 57], [52, 53]])
    np.testing.assert_array_equal(some.scaling.centre, [[3], [1]])
    assert some.reference is None or some.reference.tolist()[0] == [106, 107]
    assert some.windows[some.rows_at(0)].tolist() == [[36, 37], [38, 39], [40, 41]]


@pytest.mark.parametrize("with_reference", [False, True])
def test_samples_that_follow_others_are_found_behind_them(with_reference):
    first, second = samples(with_reference).at(np.array([4])), samples(with_reference)
    both = first.followed_by(second)
    assert len(both) == 6
    assert both.weight is None
    np.testing.assert_array_equal(both.numbers, [22, 10, 13, 16, 19, 22])
    np.testing.assert_array_equal(both.windows[both.rows_at(np.arange(6))], second.windows[[8, 0, 2, 4, 6, 8]])
    np.testing.assert_array_equal(both.targets[1:], second.targets)
    assert (both.reference is None) == (not with_reference)


def test_the_last_value_of_a_window_is_the_newest_one_that_is_not_missing():
    all_samples = samples(False)
    all_samples.windows[2, 2, 0] = np.nan
    np.testing.assert_array_equal(all_samples.last(1)[:, 0], [4, 14, 28, 40, 52])


def test_scaled_values_are_scaled_back_whatever_the_size_of_their_series():
    centre, size = np.array([[1.0], [-2.0], [3.0]]), np.array([[0.25], [1.0], [8.0]])
    others = [np.zeros((3, 1))] * 8
    windows = ForecastWindows(*others[:3], centre, size, *others[3:], NO_BASELINE)
    values = np.random.default_rng(0).normal(size=(3, 4, 1))
    np.testing.assert_allclose(windows.scaled(values)[:, 0], (values[:, 0] - centre) / size)
    np.testing.assert_allclose(windows.unscaled(windows.scaled(values)), values)
