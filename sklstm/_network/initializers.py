"""Initial weights. All are drawn in float64, so that both precisions start from the same numbers."""

import numpy as np


def glorot_uniform(rng, n_out, n_in):
    """(n_out, n_in) weights, uniform in ±sqrt(6 / (n_in + n_out)): Glorot and Bengio (2010)."""
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def orthogonal(rng, n_out, n_in):
    """(n_out, n_in) weights with orthonormal columns, uniform over all such: Saxe et al. (2014).

    The signs of R's diagonal make the QR decomposition unique, without which the distribution
    would depend on the routine (Mezzadri 2007). Needs n_out >= n_in.
    """
    q, r = np.linalg.qr(rng.standard_normal((n_out, n_in)))
    return q * np.sign(np.diag(r))


def lstm_matrix(rng, n_channels, hidden_size):
    """`[weight_ih | bias | weight_hh]`, (4H, F + 1 + H), gates in the order i, f, o, g.

    Glorot for the inputs and orthogonal for the recurrence, all four gates as one matrix (as in
    Keras; it forecasts better than each gate by itself); biases 0 but for the forget gate's 1, so
    that the memory starts open: Jozefowicz et al. (2015).
    """
    weight_ih = glorot_uniform(rng, 4 * hidden_size, n_channels)
    weight_hh = orthogonal(rng, 4 * hidden_size, hidden_size)
    bias = np.zeros((4 * hidden_size, 1))
    bias[hidden_size : 2 * hidden_size] = 1
    return np.hstack((weight_ih, bias, weight_hh))


def readout_matrix(rng, hidden_size, n_outputs):
    """`[bias | weight]`, (K, 1 + H): Glorot, biases 0."""
    return np.hstack((np.zeros((n_outputs, 1)), glorot_uniform(rng, n_outputs, hidden_size)))
