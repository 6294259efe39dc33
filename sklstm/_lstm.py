"""One LSTM layer over whole batches: forward, backward, and the buffers they write into.

Notation, used all through the package. Arrays are *features first*: the sample is the last axis,
so that a gate is one contiguous block and NumPy's loops run over blocks, not over short rows.

    T, B, F, H   steps, samples (the batch), channels, hidden units
    x_t          (F, B)   input at step t
    h_t, c_t     (H, B)   hidden state and cell state after step t
    W            (4H, F + 1 + H) = [weight_ih | bias | weight_hh], rows in gate order i, f, o, g
    i, f, o, g   (H, B)   input, forget and output gate, and the candidate

    a_t = W [x_t; 1; h_{t-1}]                                   one product per step
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o);  g = tanh(a_g)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

With d_y for the gradient of the loss with respect to y, and d_h, d_c arriving from step t + 1:

    d_a_o = d_h * tanh(c_t) * o (1 - o)
    d_c   = d_c + d_h * o (1 - tanh(c_t)^2)
    d_a_i = d_c * g * i (1 - i);   d_a_f = d_c * c_{t-1} * f (1 - f);   d_a_g = d_c * i (1 - g^2)
    d_W   = sum over t of d_a_t [x_t; 1; h_{t-1}]^T
    d_h   = weight_hh^T d_a_t;  d_c = d_c * f                       handed on to step t - 1

Everything in the backward equations that is not d_h or d_c is known before the recurrence runs: it
is computed for many steps at once (`_gate_factors`), and the loop over the steps is left with five
calls. Inside the buffers the gates stand in the order o, i, f, g: the three sigmoids are one block,
the two factors of d_h (for d_c and for o) are neighbours, and so are the three factors of d_c.

A *missing* step is passed over: h and c stay as they were. Setting i = o = 0 and f = 1 there makes
every gate factor zero and hands c and d_c on untouched; only h and d_h have to be carried by hand.

Source: Hochreiter and Schmidhuber (1997), *Long Short-Term Memory*; the forget gate is that of Gers,
Schmidhuber and Cummins (2000), *Learning to Forget*.
"""

import numpy as np

# Bytes of gate factors computed ahead of the loop that consumes them: about what stays in a
# core's cache. Larger chunks mean fewer calls, so small layers take all their steps at once.
CHUNK_BYTES = 3 << 19


class Workspace:
    """Buffers for one layer and one shape of batch, allocated once and written over by every call.

    Index t of `z` and `c` is the state *before* step t, so index 0 is the initial state; both are
    zero until somebody writes there. Without `for_gradient` only `z` keeps every step, and `c` the
    initial state and the latest.

    Parameters
    ----------
    n_steps, n_samples, n_channels, hidden_size : int
        T, B, F and H.
    dtype : numpy dtype
        float32 or float64.
    for_gradient : bool, default=True
        Whether to keep what `backward` needs.
    """

    def __init__(self, n_steps, n_samples, n_channels, hidden_size, dtype, for_gradient=True):
        T, B, F, H = n_steps, n_samples, n_channels, hidden_size
        kept = T if for_gradient else 1
        self.shape = T, B, F, H
        self.z = np.zeros((T + 1, F + 1 + H, B), dtype)  # [x_t; 1; h_{t-1}]
        self.z[:, F] = 1
        self.gates = np.empty((kept, 4 * H, B), dtype)  # o, i, f, g
        self.c = np.zeros((kept + 1, H, B), dtype)
        self.tanh_c = np.empty((kept, H, B), dtype)
        # 0-d arrays: a Python or NumPy scalar costs half a microsecond more at each call
        self.half, self.one = np.array(0.5, dtype), np.array(1, dtype)
        self.forward_views = [self._forward_views(t) for t in range(T)]
        if for_gradient:
            self.factors = np.empty((T, 5 * H, B), dtype)  # of d_c, d_a_o, d_a_i, d_a_f, d_a_g
            self.d_h, self.d_c = np.empty((H, B), dtype), np.empty((H, B), dtype)
            self.backward_views = [self._backward_views(t) for t in range(T)]

    @property
    def x(self):
        """Input of every step, (T, F, B), to be filled before `forward`."""
        T, _, F, _ = self.shape
        return self.z[:T, :F]

    @property
    def states(self):
        """`[1; h_t]` after every step, (T, 1 + H, B): what a layer on top reads."""
        return self.z[1:, self.shape[2] :]

    def _forward_views(self, t):
        _, _, F, H = self.shape
        kept = min(t, len(self.gates) - 1)
        gates = self.gates[kept]
        before, after = (self.c[min(s, len(self.c) - 1)] for s in (t, t + 1))
        o, i, f, g = gates.reshape(4, H, -1)
        return self.z[t], gates, gates[: 3 * H], o, i, f, g, before, after, self.tanh_c[kept], self.z[t + 1, F + 1 :]

    def _backward_views(self, t):
        _, B, _, H = self.shape
        factors = self.factors[t]
        of_d_h = factors[: 2 * H].reshape(2, H, B)
        of_d_c = factors[2 * H :].reshape(3, H, B)
        return of_d_h, of_d_h[0], of_d_c, factors[H:], self.gates[t, 2 * H : 3 * H]


def forward(matrix, ws, missing=None):
    """Run the layer over `ws.x` from the state at index 0; leaves every h_t in `ws.states`.

    Parameters
    ----------
    matrix : ndarray of shape (4H, F + 1 + H)
        `[weight_ih | bias | weight_hh]`.
    ws : Workspace
        Holds the input and receives the states.
    missing : ndarray of bool of shape (T, B), default=None
        Steps to pass over. Their input must be finite; it has no influence.
    """
    matmul, multiply, add, tanh = np.matmul, np.multiply, np.add, np.tanh
    half = ws.half
    # sigmoid(a) = 1/2 + 1/2 tanh(a/2): with the inner half in the matrix, one tanh serves all gates
    scaled = _to_buffer_order(matrix)
    scaled[: 3 * ws.shape[3]] *= half
    skips = _steps_with_any(missing, ws.shape[0])
    for (z, gates, sigmoids, o, i, f, g, c_before, c, tanh_c, h), skip in zip(ws.forward_views, skips, strict=True):
        matmul(scaled, z, gates)
        tanh(gates, gates)
        multiply(sigmoids, half, sigmoids)
        add(sigmoids, half, sigmoids)
        if skip is not None:
            o[:, skip] = i[:, skip] = 0
            f[:, skip] = 1
        multiply(f, c_before, c)
        multiply(i, g, tanh_c)  # as scratch
        add(c, tanh_c, c)
        tanh(c, tanh_c)
        multiply(o, tanh_c, h)
        if skip is not None:
            h[:, skip] = z[-len(h) :, skip]


def backward(matrix, ws, d_h_last, d_h_steps=None, missing=None, d_x=None):
    """Back-propagate through every step of the last `forward`; returns the gradient of `matrix`.

    Afterwards `ws.d_h` and `ws.d_c` hold the gradients of the initial state.

    Parameters
    ----------
    matrix, ws, missing
        As they were for `forward`, of whose results this writes over some: once per `forward`.
    d_h_last : ndarray of shape (H, B) or 0
        Gradient with respect to h_T from above.
    d_h_steps : ndarray of shape (T, H, B), default=None
        Gradient with respect to every h_t from above, in addition.
    d_x : ndarray of shape (T, F, B), default=None
        Where to write the gradient of the input, if it is wanted.
    """
    matmul, multiply, add = np.matmul, np.multiply, np.add
    T, B, F, H = ws.shape
    ordered = _to_buffer_order(matrix)
    weight_hh_T = ordered[:, F + 1 :].T
    skips = _steps_with_any(missing, T)
    d_h, d_c = ws.d_h, ws.d_c
    d_h[...] = d_h_last
    d_c[...] = 0
    chunk = max(1, CHUNK_BYTES // (12 * H * B * d_h.itemsize))
    for t in reversed(range(T)):
        if (T - 1 - t) % chunk == 0:
            _gate_factors(ws, max(t + 1 - chunk, 0), t + 1)
        of_d_h, to_d_c, of_d_c, d_a, f = ws.backward_views[t]
        if d_h_steps is not None:
            add(d_h, d_h_steps[t], d_h)
        multiply(of_d_h, d_h, of_d_h)
        add(d_c, to_d_c, d_c)
        multiply(of_d_c, d_c, of_d_c)
        multiply(d_c, f, d_c)
        carried = None if skips[t] is None else d_h[:, skips[t]]
        matmul(weight_hh_T, d_a, d_h)
        if carried is not None:
            d_h[:, skips[t]] += carried
    if d_x is not None:
        matmul(ordered[:, :F].T, ws.factors[:, H:], d_x)
    return _from_buffer_order(_summed_product(ws))


def _gate_factors(ws, start, stop):
    """Fill `ws.factors` for the steps start … stop - 1 with all that the recurrence does not change."""
    subtract, multiply, one, H = np.subtract, np.multiply, ws.one, ws.shape[3]
    gates, tanh_c, factors = ws.gates[start:stop], ws.tanh_c[start:stop], ws.factors[start:stop]
    o, i, _, g = (gates[:, k * H : (k + 1) * H] for k in range(4))
    to_c, of_o, of_i, of_f, of_g = (factors[:, k * H : (k + 1) * H] for k in range(5))
    of_sigmoids, sigmoids = factors[:, H : 4 * H], gates[:, : 3 * H]
    subtract(one, sigmoids, of_sigmoids)
    multiply(of_sigmoids, sigmoids, of_sigmoids)
    multiply(of_o, tanh_c, of_o)
    multiply(of_i, g, of_i)
    multiply(of_f, ws.c[start:stop], of_f)
    multiply(g, g, of_g)
    subtract(one, of_g, of_g)
    multiply(of_g, i, of_g)
    multiply(tanh_c, tanh_c, to_c)
    subtract(one, to_c, to_c)
    multiply(to_c, o, to_c)


def _summed_product(ws):
    """Sum over t of d_a_t z_t^T as one product over steps and samples, of transposed copies."""
    T, B, F, H = ws.shape
    # neither the gates nor tanh(c) are needed any more: their memory takes the larger copy
    d_a = ws.gates.reshape(4 * H, T, B)
    d_a[...] = ws.factors[:, H:].transpose(1, 0, 2)
    z = np.ascontiguousarray(ws.z[:T].transpose(1, 0, 2))
    return d_a.reshape(4 * H, T * B) @ z.reshape(F + 1 + H, T * B).T


def _to_buffer_order(matrix):
    """Copy with the rows' gates i, f, o, g re-ordered to o, i, f, g."""
    H = len(matrix) // 4
    return np.concatenate((matrix[2 * H : 3 * H], matrix[: 2 * H], matrix[3 * H :]))


def _from_buffer_order(matrix):
    """Copy with the rows' gates o, i, f, g re-ordered to i, f, o, g."""
    H = len(matrix) // 4
    return np.concatenate((matrix[H : 3 * H], matrix[:H], matrix[3 * H :]))


def _steps_with_any(missing, n_steps):
    """For each step the samples to pass over as an index array, or None where there are none."""
    if missing is None:
        return [None] * n_steps
    return [np.flatnonzero(row) if row.any() else None for row in missing]
