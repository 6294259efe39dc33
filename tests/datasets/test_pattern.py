import numpy as np

from sklstm.datasets import make_pattern


def test_pattern_repeats_one_period_of_a_sine():
    series = make_pattern(11, pattern_length=4, noise=0)
    np.testing.assert_allclose(series, [0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0], atol=1e-15)


def test_a_negative_zero_is_no_noise():
    np.testing.assert_array_equal(make_pattern(6, noise=-0.0), make_pattern(6, noise=0))


def test_noise_has_its_deviation_and_is_decided_by_random_state():
    clean = make_pattern(5000, noise=0)
    noisy = make_pattern(5000, noise=0.3, random_state=0)
    np.testing.assert_allclose((noisy - clean).std(), 0.3, rtol=0.05)
    np.testing.assert_array_equal(noisy, make_pattern(5000, noise=0.3, random_state=0))
    assert not np.array_equal(noisy, make_pattern(5000, noise=0.3, random_state=1))
    assert not np.array_equal(make_pattern(), make_pattern())


def test_a_generator_is_consumed_and_the_global_one_left_alone():
    for generator in (np.random.default_rng(0), np.random.RandomState(0)):
        assert not np.array_equal(make_pattern(random_state=generator), make_pattern(random_state=generator))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_pattern()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
