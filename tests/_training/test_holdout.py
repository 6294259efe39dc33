import numpy as np
import pytest

from sklstm._training.holdout import hold_out

ROWS = np.arange(0, 40, 2)


def test_the_last_rows_are_held_out_with_a_gap_before_them():
    training, validation = hold_out(ROWS, 0.16, "last", 3, seed=0)
    np.testing.assert_array_equal(validation, ROWS[-4:])  # 3.2, rounded up
    np.testing.assert_array_equal(training, ROWS[:13])


def test_rows_drawn_at_random_are_decided_by_the_seed():
    draws = [hold_out(ROWS, 0.25, "random", 0, seed) for seed in (0, 0, 1)]
    for training, validation in draws:
        assert len(validation) == 5
        assert (np.diff(training) > 0).all()  # still in the order of time
        np.testing.assert_array_equal(np.sort(np.concatenate((training, validation))), ROWS)
    np.testing.assert_array_equal(draws[0][1], draws[1][1])
    assert not np.array_equal(draws[0][1], draws[2][1])
    assert not np.array_equal(draws[0][1], ROWS[-5:])


@pytest.mark.parametrize(("n", "fraction", "gap"), [(1, 0.1, 0), (10, 0.95, 0), (10, 0.1, 9), (10, 0.1, 1000)])
def test_a_row_must_be_left_to_train_on(n, fraction, gap):
    with pytest.raises(ValueError, match=f"n_samples={n} .* validation_gap={gap}, no sample is left"):
        hold_out(np.arange(n), fraction, "last", gap, 0)


def test_as_few_as_one_row_may_be_left_to_train_on():
    training, validation = hold_out(np.arange(10), 0.1, "last", 8, 0)
    assert (training.tolist(), validation.tolist()) == ([0], [9])
