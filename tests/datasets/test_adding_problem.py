import numpy as np
import pytest

from sklstm.datasets import make_adding_problem


@pytest.mark.parametrize("n_steps", [4, 7, 19, 20, 100])
def test_targets_are_the_sums_of_what_is_marked(n_steps):
    X, y = make_adding_problem(2000, n_steps, random_state=0)
    lengths = []
    for sequence, target in zip(X, y, strict=True):
        present = sequence[~np.isnan(sequence).any(axis=1)]
        np.testing.assert_array_equal(sequence[-len(present) :], present)  # missing steps come first
        values, marks = present.T
        assert marks[[0, -1]].tolist() == [-1, -1]
        assert set(marks[1:-1]) <= {0, 1}
        assert target == pytest.approx(0.5 + values[marks == 1].sum() / 4, abs=1e-15)
        lengths.append(len(present))
    assert set(lengths) == set(range(n_steps, n_steps + n_steps // 10 + 1))
    assert 0 <= y.min() < y.max() <= 1


def test_marks_are_early_and_two_unless_one_is_at_the_first_step():
    X, _ = make_adding_problem(5000, 100, random_state=0)
    places = [np.flatnonzero(marks[~np.isnan(marks)] == 1) for marks in X[..., 1]]
    both = np.array([place for place in places if len(place) == 2])
    assert both[:, 0].min() == 1
    assert both[:, 0].max() == 9
    assert both[:, 1].max() == 49
    one = np.mean([len(place) == 1 for place in places])
    assert one == pytest.approx(0.1 + 0.9 / 49, abs=0.02)  # the first mark, or else the second, at the first step
    assert min(map(len, places)) == 1


def test_values_are_uniform():
    values = make_adding_problem(1000, 50, random_state=0)[0][..., 0]
    shares, _ = np.histogram(values[~np.isnan(values)], 10, (-1, 1))
    np.testing.assert_allclose(shares / shares.sum(), 0.1, rtol=0.05)


def test_random_state_alone_decides():
    draws = [make_adding_problem(20, 10, seed) for seed in (0, 0, 1, None, None)]
    for part in range(2):
        np.testing.assert_array_equal(draws[0][part], draws[1][part])
        for one, other in ((1, 2), (3, 4)):
            assert not np.array_equal(draws[one][part], draws[other][part], equal_nan=True)
    generator = np.random.default_rng(0)
    assert not np.array_equal(*(make_adding_problem(20, 10, generator)[1] for _ in range(2)))


@pytest.mark.parametrize("wrong", [{"n_samples": 0}, {"n_steps": 3}, {"n_steps": 10.0}, {"random_state": "a"}])
def test_wrong_parameters(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_adding_problem(**wrong)
