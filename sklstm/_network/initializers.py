"""Initial weights. They are drawn in float64, so that float32 and float64 start from the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

CHRONO = "chrono"


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


def lstm_bias(rng: np.random.Generator, hidden_size: int, forget_bias: float | str, n_steps: int) -> FloatArray:
    """Make the biases (4H,) of the gates i, f, o, g. They are 0, except for `forget_bias` at the forget gates.

    A bias of 1 keeps the memory at first: Jozefowicz et al. (2015). "chrono" draws log(u), with u uniform in
    [1, n_steps - 1], and sets the bias of the input gate to minus that: Tallec and Ollivier (2018). Such a unit forgets
    a share 1 / (1 + u) of its memory at each step, and lets in the same share of what is new. In samples of one or two
    steps u is 1.
    """
    bias = np.zeros(4 * hidden_size)
    input_gates, forget_gates = bias[:hidden_size], bias[hidden_size : 2 * hidden_size]
    if isinstance(forget_bias, str):
        forget_gates[...] = np.log(rng.uniform(1, max(n_steps - 1, 1), hidden_size))
        input_gates[...] = -forget_gates
    else:
        forget_gates[...] = forget_bias
    return bias


def lstm_matrix(rng: np.random.Generator, n_channels: int, bias: FloatArray) -> FloatArray:
    """Draw `[weight_ih | bias | weight_hh]`, (4H, F + 1 + H), around the biases (4H,).

    Input weights are Glorot, recurrent weights orthogonal. Both are drawn for all four gates as one matrix, as in
    Keras, which forecasts better than one matrix per gate.
    """
    weight_ih = glorot_uniform(rng, len(bias), n_channels)
    weight_hh = orthogonal(rng, len(bias), len(bias) // 4)
    return np.hstack((weight_ih, bias[:, np.newaxis], weight_hh))


def readout_matrix(rng: np.random.Generator, hidden_size: int, n_outputs: int) -> FloatArray:
    """Draw `[bias | weight]`, (K, 1 + H): Glorot weights, and biases of 0."""
    return np.hstack((np.zeros((n_outputs, 1)), glorot_uniform(rng, n_outputs, hidden_size)))
