import numpy as np

from sklstm._utils.recursive_forecast import forecast_recursively


def test_predictions_become_the_next_steps_targets():
    """The prediction is the sum of the last two targets and the newest other channel; computed by hand."""

    def predict(windows):
        return windows[:, -2:, :1].sum(axis=1) + windows[:, -1, 1:]

    windows = np.array([[[0, 0], [1, 10], [1, 100]], [[0, 0], [2, 0], [3, 1]]], dtype=float)
    future = np.array([[[1000], [10_000]], [[2], [3]]], dtype=float)
    answers = forecast_recursively(predict, windows, 3, 1, future)
    np.testing.assert_array_equal(answers[0, :, 0], [102, 1103, 11_205])
    np.testing.assert_array_equal(answers[1, :, 0], [6, 11, 20])


def test_predictions_keep_their_precision():
    windows = np.ones((1, 2, 1), dtype=np.float32)
    answers = forecast_recursively(lambda w: w[:, -1] + 1e-12, windows, 3, 1, np.empty((1, 2, 0)))
    np.testing.assert_array_equal(answers[0, :, 0], np.cumsum([1 + 1e-12, 1e-12, 1e-12]))


def test_windows_move_on_and_keep_their_length():
    shapes = []

    def predict(windows):
        shapes.append(windows.shape)
        return windows[:, 0, :]

    windows = np.arange(8.0).reshape(1, 4, 2)
    answers = forecast_recursively(predict, windows, 6, 2, np.empty((1, 5, 0)))
    assert shapes == [(1, 4, 2)] * 6
    np.testing.assert_array_equal(answers[0], [[0, 1], [2, 3], [4, 5], [6, 7], [0, 1], [2, 3]])
    np.testing.assert_array_equal(windows, np.arange(8.0).reshape(1, 4, 2))


def test_an_answer_beyond_its_bounds_is_brought_back_before_it_is_fed_back():
    bounds = np.stack((np.full((1, 4, 1), -np.inf), np.array([[[9.0], [5.0], [9.0], [np.inf]]])))
    asked = []

    def double(windows):
        asked.append(windows[0, -1, 0])
        return 2 * windows[:, -1]

    answers = forecast_recursively(double, np.full((1, 2, 1), 2.0), 4, 1, np.empty((1, 3, 0)), bounds)
    np.testing.assert_array_equal(answers[0, :, 0], [4, 5, 9, 18])
    assert asked == [2, 4, 5, 9]


def test_blocks_are_fed_back_whole_and_the_last_one_is_cut():
    """Each step of a block is the newest target plus the number of the step and the newest other channel."""
    asked = []

    def predict(windows):
        asked.append(windows[0, :, 0].tolist())
        return windows[:, -1, :1] + windows[:, -1, 1:] + np.arange(1, 4)

    windows = np.array([[[0, 0], [1, 100]]], dtype=float)
    future = np.array([[[0], [0], [200], [0], [0], [300]]], dtype=float)
    bounds = np.stack((np.full((1, 7, 1), -np.inf), np.full((1, 7, 1), np.inf)))
    bounds[1, 0, 3] = 250
    answers = forecast_recursively(predict, windows, 7, 1, future, bounds, 3)
    np.testing.assert_array_equal(answers[0, :, 0], [102, 103, 104, 250, 306, 307, 608])
    assert asked == [[0, 1], [103, 104], [306, 307]]
