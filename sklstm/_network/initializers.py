"""Initial weights. They are drawn in float64, so that float32 and float64 start from the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray


def glorot_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    """Draw (n_out, n_in) weights, uniform in ±sqrt(6 / (n_in + n_out)): Glorot and Bengio (2010)."""
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def orthogonal(rng: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    """Draw (n_out, n_in) weights with orthonormal columns, uniformly among such matrices: Saxe et al. (2014).

    n_out must be at least n_in. A QR decomposition is unique only up to signs. The signs are taken from R's diagonal,
    so that the distribution does not depend on the QR routine (Mezzadri 2007).
    """
    q, r = np.linalg.qr(rng.standard_normal((n_out, n_in)))
    weights: FloatArray = q * np.sign(np.diag(r))
    return weights


def lstm_matrix(rng: np.random.Generator, n_channels: int, hidden_size: int) -> FloatArray:
    """Draw `[weight_ih | bias | weight_hh]`, (4H, F + 1 + H), with the gates in the order i, f, o, g.

    Input weights are Glorot, recurrent weights orthogonal. Both are drawn for all four gates as one matrix, as in
    Keras, which forecasts better than one matrix per gate. Biases are 0, except for the forget gate, where 1 keeps
    the memory at first: Jozefowicz et al. (2015).
    """
    weight_ih = glorot_uniform(rng, 4 * hidden_size, n_channels)
    weight_hh = orthogonal(rng, 4 * hidden_size, hidden_size)
    bias = np.zeros((4 * hidden_size, 1))
    bias[hidden_size : 2 * hidden_size] = 1
    return np.hstack((weight_ih, bias, weight_hh))


def readout_matrix(rng: np.random.Generator, hidden_size: int, n_outputs: int) -> FloatArray:
    """Draw `[bias | weight]`, (K, 1 + H): Glorot weights, and biases of 0."""
    return np.hstack((np.zeros((n_outputs, 1)), glorot_uniform(rng, n_outputs, hidden_size)))
