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

Everything in the backward equations that is not d_h or d_c is known once the forward step is done,
and is computed there, while the step is in the cache. With the products h = o tanh(c_t),
v = f c_{t-1} and u = i g at hand (c_t = v + u) it takes two passes over each:

    of d_a_o  h (1 - o)      to d_c    o - h tanh(c_t)
    of d_a_f  v (1 - f)      next d_c  f
    of d_a_i  u (1 - i)      of d_a_g  i - u g

Inside the buffers the gates stand in reverse, g, o, f, i, after tanh(c) and c (which is c_{t-1} until
c_t is written over it), so that a call takes two or three blocks at a time:

    ws.step       tanh(c), c, g, o, f, i
    ws.products   h, v, u                                [v, u] = [f, i] * [c, g]
    ws.factors    to d_c, next d_c, of d_a_g             = [o, f, i] - [h, v, u] * [tanh(c), c, g]
                  of d_a_o, of d_a_f, of d_a_i           = [h, v, u] * (1 - [o, f, i])

(the middle of the third line, f - v c, has no use: f is written over it). Every operand of every call
in the loops is one contiguous block of memory: for anything else, a broadcast or a slice of every
step, NumPy sets up an iterator and, from 2.3, copies through buffers: two to four times the time.

A *missing* step is passed over: h and c stay as they were. Setting i = o = 0 and f = 1 there makes
every gate factor zero and hands c and d_c on untouched; only h and d_h have to be carried by hand.

Source: Hochreiter and Schmidhuber (1997), *Long Short-Term Memory*; the forget gate is that of Gers,
Schmidhuber and Cummins (2000), *Learning to Forget*.
"""

import numpy as np

# Bytes of d_a that the product for the weights' gradient takes at once: its copies stay in the cache.
CHUNK_BYTES = 1 << 19


class Workspace:
    """Buffers for one layer and one shape of batch, allocated once and written over by every call.

    `h_0` and `c_0` (H, B) are the initial state: zero until somebody writes there.

    Parameters
    ----------
    n_steps, n_samples, n_channels, hidden_size : int
        T, B, F and H.
    dtype : numpy dtype
        float32 or float64.
    for_gradient : bool, default=True
        Whether to keep what `backward` needs.
    every_state : bool, default=True
        Whether `states` keeps every step or the last one only (which only a forward pass can do with).
    for_d_x : bool, default=False
        Whether `backward` leaves the gradient of the input, in `d_x` (T, F, B).
    """

    def __init__(
        self, n_steps, n_samples, n_channels, hidden_size, dtype, for_gradient=True, every_state=True, for_d_x=False
    ):
        T, B, F, H = n_steps, n_samples, n_channels, hidden_size
        self.shape = T, B, F, H
        self.h_0, self.c_0 = np.zeros((H, B), dtype), np.zeros((H, B), dtype)
        self.z = np.empty((T + 1 if every_state else 1, F + 1 + H, B), dtype)  # [x_t; 1; h_{t-1}]
        self.z[:, F] = 1
        # 0-d arrays: a Python or NumPy scalar costs half a microsecond more at each call
        self.half, self.one = np.array(0.5, dtype), np.array(1, dtype)
        self.step = np.empty((6, H, B), dtype)
        self.x = self.z[:T, :F] if every_state else np.empty((T, F, B), dtype)
        self.states = self.z[1:, F:] if every_state else self.z[:, F:]
        # views made here: making one costs as much as a small product
        if every_state:
            self.steps = list(zip([None] * T, self.z[:T], self.z[1:, F + 1 :], strict=True))
        else:
            self.steps = [(x, self.z[0], self.z[0, F + 1 :]) for x in self.x]
        self.products = np.empty((3, H, B), dtype) if for_gradient else self.step[3:]
        self.factors = None
        if for_gradient:
            self.factors = np.empty((T, 6, H, B), dtype)
            self.d_a = self.factors[:, 2:].reshape(T, 4 * H, B)  # what becomes of the last four
            self.d_c = np.empty((H, B), dtype)
            # [d_x_t; d_h_{t-1}], of one product; without d_x one block for all steps
            d_z = np.empty((T, F + H, B) if for_d_x else (H, B), dtype)
            self.d_x = d_z[:, :F] if for_d_x else None
            self.d_z = [(d, d[-H:]) for d in d_z] if for_d_x else [(d_z, d_z)] * T
            self.d_h = self.d_z[0][1]
            self.factor_sources = self.step[:3], self.step[3:], self.step[4], self.products
            self.forward_factors = [(f[:3], f[1], f[3:]) for f in self.factors]
            self.backward_steps = [(*f, d_a) for f, d_a in zip(self.factors, self.d_a, strict=True)]
            self.chunk = min(T, max(1, CHUNK_BYTES // (4 * self.c_0.nbytes)))  # steps to a product
            self.copies = np.empty((5 * H + F + 1) * self.chunk * B, dtype)


def forward(matrix, ws, missing=None):
    """Run the layer over `ws.x` from the state `ws.h_0`, `ws.c_0`; leaves h_t in `ws.states`.

    Parameters
    ----------
    matrix : ndarray of shape (4H, F + 1 + H)
        `[weight_ih | bias | weight_hh]`.
    ws : Workspace
        Holds the input and receives the states.
    missing : ndarray of bool of shape (T, B), default=None
        Steps to pass over. Their input must be finite; it has no influence.
    """
    dot, multiply, add, tanh, half = np.dot, np.multiply, np.add, np.tanh, ws.half
    T, B, F, H = ws.shape
    # sigmoid(a) = 1/2 + 1/2 tanh(a/2): with the inner half in the matrix, one tanh serves all gates
    scaled = _reversed_gates(matrix)
    scaled[H:] *= half
    tanh_c, c, _, o, _, _ = ws.step
    a, sigmoids, c_g, f_i = ws.step[2:].reshape(4 * H, B), ws.step[3:], ws.step[1:3], ws.step[4:]
    v_u = ws.products[1:]
    v, u = v_u
    c[...] = ws.c_0
    ws.z[0, F + 1 :] = ws.h_0
    for t, ((x, z, h), skip) in enumerate(zip(ws.steps, _steps_with_any(missing, T), strict=True)):
        if x is not None:
            z[:F] = x
        dot(scaled, z, a)
        tanh(a, a)
        multiply(sigmoids, half, sigmoids)
        add(sigmoids, half, sigmoids)
        if skip is not None:
            sigmoids[::2, :, skip] = 0
            sigmoids[1, :, skip] = 1
            held = z[F + 1 :, skip]
        multiply(f_i, c_g, v_u)
        add(v, u, c)
        tanh(c, tanh_c)
        multiply(o, tanh_c, h)
        if ws.factors is not None:
            _keep_factors(ws, t, h)
        if skip is not None:
            h[:, skip] = held


def _keep_factors(ws, t, h):
    """Fill the factors of step t, whose gates and products are in `ws` and whose output is h."""
    multiply, subtract = np.multiply, np.subtract
    others, sigmoids, f, products = ws.factor_sources
    of_others, of_next_c, of_sigmoids = ws.forward_factors[t]
    products[0] = h
    multiply(products, others, of_others)
    subtract(sigmoids, of_others, of_others)
    of_next_c[...] = f
    subtract(ws.one, sigmoids, of_sigmoids)
    multiply(of_sigmoids, products, of_sigmoids)


def backward(matrix, ws, d_h_last, d_h_steps=None, missing=None):
    """Back-propagate through every step of the last `forward`; returns the gradient of `matrix`.

    Afterwards `ws.d_h` and `ws.d_c` hold the gradients of the initial state, and `ws.d_x` those of the
    input if the workspace was made for them.

    Parameters
    ----------
    matrix, ws, missing
        As they were for `forward`, of whose results this writes over some: once per `forward`.
    d_h_last : ndarray of shape (H, B) or 0
        Gradient with respect to h_T from above.
    d_h_steps : ndarray of shape (T, H, B), default=None
        Gradient with respect to every h_t from above, in addition.
    """
    dot, multiply, add = np.dot, np.multiply, np.add
    T = ws.shape[0]
    ordered = _reversed_gates(matrix)
    weights_T = _handed_down(ordered, ws)
    d_matrix, part = np.zeros_like(ordered), np.empty_like(ordered)
    skips = _steps_with_any(missing, T)
    d_h, d_c = ws.d_h, ws.d_c
    d_h[...] = d_h_last
    d_c_next = d_c
    d_c_next[...] = 0
    for t in reversed(range(T)):
        to_c, of_next_c, of_g, of_o, of_f, of_i, d_a = ws.backward_steps[t]
        if d_h_steps is not None:
            add(d_h, d_h_steps[t], d_h)
        multiply(to_c, d_h, to_c)
        multiply(of_o, d_h, of_o)
        add(d_c_next, to_c, d_c)
        multiply(of_g, d_c, of_g)
        multiply(of_f, d_c, of_f)
        multiply(of_i, d_c, of_i)
        multiply(of_next_c, d_c, of_next_c)
        d_c_next = of_next_c
        carried = None if skips[t] is None else d_h[:, skips[t]]
        d_z, d_h = ws.d_z[t]
        dot(weights_T, d_a, d_z)
        if carried is not None:
            d_h[:, skips[t]] += carried
        if t % ws.chunk == 0:
            _product(ws, t, min(t + ws.chunk, T), part)
            add(d_matrix, part, d_matrix)
    d_c[...] = d_c_next
    return _reversed_gates(d_matrix)


def _handed_down(ordered, ws):
    """What turns d_a_t into [d_x_t; d_h_{t-1}] (or into the second alone), in one block."""
    F = ws.shape[2]
    recurrent = ordered[:, F + 1 :]
    return np.ascontiguousarray((recurrent if ws.d_x is None else np.hstack((ordered[:, :F], recurrent))).T)


def _product(ws, start, stop, out):
    """Sum of d_a_t z_t^T over the steps start … stop - 1: one product, of transposed copies."""
    _, B, F, H = ws.shape
    n = stop - start
    d_a, z = ws.d_a[start:stop], ws.z[start:stop]
    if n == 1:
        np.dot(d_a[0], z[0].T, out)
        return
    copies = ws.copies[: (5 * H + F + 1) * n * B].reshape(-1, n, B)
    copies[: 4 * H] = d_a.transpose(1, 0, 2)
    copies[4 * H :] = z.transpose(1, 0, 2)
    copies = copies.reshape(-1, n * B)
    np.dot(copies[: 4 * H], copies[4 * H :].T, out)


def _reversed_gates(matrix):
    """Copy with the rows' gates i, f, o, g in the buffers' order g, o, f, i; or the other way."""
    return matrix.reshape(4, -1)[::-1].copy().reshape(matrix.shape)


def _steps_with_any(missing, n_steps):
    """For each step the samples to pass over as an index array, or None where there are none."""
    if missing is None:
        return [None] * n_steps
    n_missing = missing.sum(axis=1)
    samples, ends = missing.nonzero()[1], n_missing.cumsum()  # step by step
    return [samples[end - n : end] if n else None for n, end in zip(n_missing, ends, strict=True)]
