import numpy as np
import pytest
from scipy import special, stats

from sklstm._network import initializers


def rng():
    return np.random.default_rng(0)


def test_glorot_is_uniform_within_its_limit():
    weights = initializers.glorot_uniform(rng(), 80, 40)
    limit = np.sqrt(6 / 120)
    assert weights.shape == (80, 40)
    assert stats.kstest(weights.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.01


def test_orthogonal_has_orthonormal_columns_without_a_preferred_sign():
    draws = [initializers.orthogonal(generator, 8, 3) for generator in [rng()] for _ in range(400)]
    for weights in draws[:5]:
        np.testing.assert_allclose(weights.T @ weights, np.eye(3), atol=1e-12)
    positive = np.mean([weights[0, 0] > 0 for weights in draws])
    assert 0.4 < positive < 0.6  # a plain QR decomposition always makes the first element negative


def test_lstm_matrix_has_its_parts_in_place():
    bias = np.arange(20.0)
    matrix = initializers.lstm_matrix(rng(), n_channels=2, bias=bias)
    assert matrix.shape == (20, 2 + 1 + 5)
    np.testing.assert_array_equal(matrix[:, 2], bias)
    np.testing.assert_allclose(matrix[:, 3:].T @ matrix[:, 3:], np.eye(5), atol=1e-12)
    assert np.abs(matrix[:, :2]).max() <= np.sqrt(6 / 22)
    assert len(np.unique(matrix[:, :2])) == 40


@pytest.mark.parametrize("forget_bias", [1, 1.0, 0.0, -2.5])
def test_a_number_is_the_bias_of_the_forget_gates(forget_bias):
    bias = initializers.lstm_bias(rng(), 5, forget_bias, n_steps=9)
    np.testing.assert_array_equal(bias, np.repeat([0, forget_bias, 0, 0], 5))  # gates i, f, o, g


def test_chrono_remembers_between_two_steps_and_all():
    """A forget gate of f keeps a memory for 1 / (1 - f) steps, and the input gate lets in what is forgotten."""
    bias = initializers.lstm_bias(rng(), 4000, "chrono", n_steps=50)
    i, f, o, g = special.expit(bias).reshape(4, -1)
    np.testing.assert_allclose(i, 1 - f, rtol=1e-12)
    assert stats.kstest(1 / (1 - f), stats.uniform(2, 48).cdf).pvalue > 0.01
    np.testing.assert_array_equal(np.concatenate((o, g)), 0.5)


@pytest.mark.parametrize("n_steps", [1, 2])
def test_chrono_has_nothing_to_choose_in_one_or_two_steps(n_steps):
    np.testing.assert_array_equal(initializers.lstm_bias(rng(), 5, "chrono", n_steps), np.zeros(20))


def test_readout_matrix_has_zero_bias():
    matrix = initializers.readout_matrix(rng(), hidden_size=5, n_outputs=2)
    assert matrix.shape == (2, 6)
    np.testing.assert_array_equal(matrix[:, 0], 0)
    assert 0 < np.abs(matrix[:, 1:]).max() <= np.sqrt(6 / 7)
