"""One LSTM layer for whole batches: forward, backward, and their buffers.

This notation is used in the whole package. Arrays have the features first and the sample as last axis. Each gate is
then one contiguous block of memory, over which NumPy runs fast.

    T, B, F, H   steps, samples (the batch), channels, hidden units
    x_t          (F, B)   input at step t
    h_t, c_t     (H, B)   hidden state and cell state after step t
    W            (4H, F + 1 + H) = [weight_ih | bias | weight_hh], rows in gate order i, f, o, g
    i, f, o, g   (H, B)   input, forget and output gate, and the candidate

    a_t = W [x_t; 1; h_{t-1}]                                   one product per step
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o);  g = tanh(a_g)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

d_y is the gradient of the loss with respect to y. With d_h and d_c from step t + 1:

    d_a_o = d_h * tanh(c_t) * o (1 - o)
    d_c   = d_c + d_h * o (1 - tanh(c_t)^2)
    d_a_i = d_c * g * i (1 - i);   d_a_f = d_c * c_{t-1} * f (1 - f);   d_a_g = d_c * i (1 - g^2)
    d_W   = sum over t of d_a_t [x_t; 1; h_{t-1}]^T
    d_h   = weight_hh^T d_a_t;  d_c = d_c * f                       for step t - 1

The factors of d_h and d_c in these equations are known after the forward step. They are computed there, while the
values of the step are in the cache. Given the products h = o tanh(c_t), v = f c_{t-1} and u = i g (c_t = v + u), each
factor takes two operations:

    of d_a_o  h (1 - o)      to d_c    o - h tanh(c_t)
    of d_a_f  v (1 - f)      next d_c  f
    of d_a_i  u (1 - i)      of d_a_g  i - u g

In the buffers the gates are in reverse order g, o, f, i, after tanh(c) and c (c_{t-1} until c_t overwrites it). One
call then works on two or three blocks at once:

    ws.step       tanh(c), c, g, o, f, i
    ws.products   h, v, u                                [v, u] = [f, i] * [c, g]
    ws.factors    to d_c, next d_c, of d_a_g             = [o, f, i] - [h, v, u] * [tanh(c), c, g]
                  of d_a_o, of d_a_f, of d_a_i           = [h, v, u] * (1 - [o, f, i])

(The middle block of the third line, f - v c, is not needed; f overwrites it.) In the loops, every operand of every
call is one contiguous block of memory. Broadcasts and strided slices take two to four times as long, as NumPy sets up
an iterator for them and, from version 2.3, copies through buffers.

A step that is *skipped* leaves h and c unchanged. The steps that a sample skips come before all others, where h = 0
(`step_order.py`). One more row of the input, which lies before x_t, is 1 where a step is skipped, and its weights shut
i and o and open f. With i = o = 0 and f = 1, h stays 0, c and d_c pass unchanged, and every factor of d_a is 0. The row
is no parameter, and it is read only if a sample skips a step.

`activations.py` decides whether tanh or exp computes the gates and tanh(c).

Source: Hochreiter and Schmidhuber (1997), *Long Short-Term Memory*; the forget gate is that of Gers,
Schmidhuber and Cummins (2000), *Learning to Forget*.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sklstm._network.activations import is_exp_faster
from sklstm._utils.caches import cached_property

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, FloatDType

    Product: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]
    # What to copy before a step and where to (None if nothing), the input z_t of the product, and the output h_t.
    Step: TypeAlias = "tuple[FloatArray | None, FloatArray | None, FloatArray, FloatArray]"

# Size of d_a, in bytes, in one product for the weights' gradient. Copies of this size stay in the cache.
CHUNK_BYTES = 1 << 19

# Weights of the row of skipped steps for the gates g, o, f, i: so large that no other input counts.
OF_SKIPPED = 0, -1e30, 1e30, -1e30


class Workspace:
    """Buffers of one layer for one shape of batch, allocated once and overwritten by every call.

    `h_0` and `c_0` (H, B) are the initial state. They are zero unless they are written to.

    Parameters
    ----------
    n_steps, n_samples, n_channels, hidden_size : int
        T, B, F and H.
    dtype : numpy dtype
        float32 or float64.
    for_gradient : bool, default=True
        Whether to keep what `backward` needs.
    every_state : bool, default=True
        Whether `states` keeps every step, which `backward` needs, or the last one only.
    for_d_x : bool, default=False
        Whether `backward` computes the gradient of the input, `d_x` (T, F, B).
    """

    def __init__(
        self,
        n_steps: int,
        n_samples: int,
        n_channels: int,
        hidden_size: int,
        dtype: FloatDType,
        for_gradient: bool = True,
        every_state: bool = True,
        for_d_x: bool = False,
    ) -> None:
        T, B, F, H = n_steps, n_samples, n_channels, hidden_size
        self.shape, self.every_state = (T, B, F, H), every_state
        self.h_0, self.c_0 = np.zeros((H, B), dtype), np.zeros((H, B), dtype)
        z = np.empty((T + 1 if every_state else 1, 1 + F + 1 + H, B), dtype)  # [skipped; x_t; 1; h_{t-1}]
        self.z = z[:, 1:]
        self.z[:, F] = 1
        self.z_with_skipped = z
        self.half, self.one, self.two, self.four = _constants(np.dtype(dtype))
        self.gates_by_exp, self.c_by_exp = is_exp_faster(dtype, 4 * H * B), is_exp_faster(dtype, H * B)
        self.step = np.empty((6, H, B), dtype)
        inputs = z[:T, : 1 + F] if every_state else np.empty((T, 1 + F, B), dtype)
        self.x_with_skipped = inputs
        self.skipped, self.x = inputs[:, 0], inputs[:, 1:]
        self.states = self.z[1:, F:] if every_state else self.z[:, F:]
        # views are made once: making one takes as long as a small product
        self.steps = _steps(self.z, self.x, every_state)
        self.products: FloatArray | None = None
        self.factors: FloatArray | None = None
        if for_gradient:
            self._add_gradient_buffers(dtype, for_d_x)

    def _add_gradient_buffers(self, dtype: FloatDType, for_d_x: bool) -> None:
        """Allocate what only `backward` reads or writes, and what `forward` keeps for it."""
        T, B, F, H = self.shape
        self.products = np.empty((3, H, B), dtype)
        self.factors = np.empty((T, 6, H, B), dtype)
        self.d_a = self.factors[:, 2:].reshape(T, 4 * H, B)  # overwrites the last four factors
        self.d_c = np.empty((H, B), dtype)
        # [d_x_t; d_h_{t-1}] comes from one product; without d_x all steps share one block
        d_z = np.empty((T, F + H, B) if for_d_x else (H, B), dtype)
        self.d_x = d_z[:, :F] if for_d_x else None
        self.d_z = [(d, d[-H:]) for d in d_z] if for_d_x else [(d_z, d_z)] * T
        self.d_h = self.d_z[0][1]
        self.factor_sources = self.step[:3], self.step[3:], self.step[4], self.products
        self.forward_factors = [(f[:3], f[1], f[3:]) for f in self.factors]
        self.backward_steps = [(*f, d_a) for f, d_a in zip(self.factors, self.d_a, strict=True)]
        self.chunk = min(T, max(1, CHUNK_BYTES // (4 * self.c_0.nbytes)))  # steps to a product
        self.copies = np.empty((5 * H + F + 1) * self.chunk * B, dtype)

    @cached_property
    def steps_with_skipped(self) -> list[Step]:
        """The steps with the row of skipped steps, which few batches need."""
        return _steps(self.z_with_skipped, self.x_with_skipped, self.every_state)

    @cached_property
    def of_skipped(self) -> FloatArray:
        """Weights of the row of skipped steps, one for each row of the matrix."""
        return np.repeat(np.array(OF_SKIPPED, self.z.dtype), self.shape[3])


@cache
def _constants(dtype: FloatDType) -> tuple[FloatArray, ...]:
    """Return ½, 1, 2 and 4 as 0-d arrays: a Python or NumPy scalar takes half a microsecond longer in each call."""
    constants = tuple(np.array(value, dtype) for value in (0.5, 1, 2, 4))
    for constant in constants:
        constant.flags.writeable = False
    return constants


def _steps(z: FloatArray, inputs: FloatArray, every_state: bool) -> list[Step]:
    """Return, for each step, what to copy into its input first (or None), its input z_t, and where h_t goes."""
    n, H = len(inputs), z.shape[1] - inputs.shape[1] - 1
    if every_state:
        return list(zip([None] * n, [None] * n, z[:n], z[1:, -H:], strict=True))
    return [(x, z[0, : len(x)], z[0], z[0, -H:]) for x in inputs]


def forward(matrix: FloatArray, ws: Workspace, start: int = 0, leading: BoolArray | None = None) -> None:
    """Run the layer over `ws.x` from the state `ws.h_0`, `ws.c_0`, and write h_t into `ws.states`.

    Earlier steps than `start` are neither read nor written.

    Parameters
    ----------
    matrix : ndarray of shape (4H, F + 1 + H)
        `[weight_ih | bias | weight_hh]`.
    ws : Workspace
        Contains the input and receives the states.
    start : int, default=0
        The first step.
    leading : ndarray of bool of shape (T - start, B), default=None
        Steps to skip from `start` on, before all others of their sample. Their input must be 0, and so must be the h_0
        of a sample that skips a step.
    """
    # no decorator: with NumPy 1.26, calls in several threads would share one np.errstate and restore another's settings
    with np.errstate(over="ignore", under="ignore"):  # exp may overflow: see `_gates_by_exp`
        scaled, steps = _begin(matrix, ws, start, leading)
        if ws.factors is None and ws.c_by_exp:
            _predict_by_exp(_multiplier(scaled), ws, steps)
        else:
            _run(_multiplier(scaled), ws, steps, start)


def _run(dot: Product, ws: Workspace, steps: list[Step], start: int) -> None:
    """Run the steps of `forward`, and keep their factors if `backward` needs them."""
    multiply, add, tanh, half = np.multiply, np.add, np.tanh, ws.half
    _, B, _, H = ws.shape
    by_exp, c_by_exp = ws.gates_by_exp, ws.c_by_exp
    tanh_c, c, g, o, _, _ = ws.step
    a, sigmoids, c_g, f_i = ws.step[2:].reshape(4 * H, B), ws.step[3:], ws.step[1:3], ws.step[4:]
    # in place with one and the same view: NumPy takes 0.25 µs to find out how two views of the same memory overlap
    v_u = f_i if ws.products is None else ws.products[1:]
    v, u = v_u
    c[...] = ws.c_0
    for t, (x, place, z, h) in enumerate(steps, start):
        if place is not None:
            place[...] = x
        dot(z, a)
        if by_exp:
            _gates_by_exp(ws, a, g, sigmoids)
        else:
            tanh(a, a)
            multiply(sigmoids, half, sigmoids)
            add(sigmoids, half, sigmoids)
        multiply(f_i, c_g, v_u)
        add(v, u, c)
        if c_by_exp:
            _tanh_by_exp(ws, c, tanh_c)
        else:
            tanh(c, tanh_c)
        multiply(o, tanh_c, h)
        if ws.factors is not None:
            _keep_factors(ws, t, h)


def _begin(matrix: FloatArray, ws: Workspace, start: int, leading: BoolArray | None) -> tuple[FloatArray, list[Step]]:
    """Write h_0 and the row of skipped steps, if it is needed; return the scaled matrix, and the steps to go."""
    ordered, steps = _reversed_gates(matrix), ws.steps[start:]
    if leading is not None:
        wider = np.empty((len(ordered), ordered.shape[1] + 1), ordered.dtype)
        wider[:, 0] = ws.of_skipped
        wider[:, 1:] = ordered
        ordered, steps = wider, ws.steps_with_skipped[start:]
        ws.skipped[start:] = leading
    _, _, z, _ = steps[0]
    z[-len(ws.h_0) :] = ws.h_0
    _scale(ordered, ws)
    return ordered, steps


def _scale(ordered: FloatArray, ws: Workspace) -> None:
    """Multiply the rows of the matrix with the factors of a, so that one tanh or one exp is enough for all gates.

    sigmoid(a) = 1/2 + 1/2 tanh(a/2) = 1 / (1 + exp(-a)), and tanh(a) = 2 sigmoid(2a) - 1.
    """
    H = ws.shape[3]
    if ws.gates_by_exp:
        np.negative(ordered, ordered)
        ordered[:H] *= ws.two
    else:
        ordered[H:] *= ws.half


def _gates_by_exp(ws: Workspace, a: FloatArray, g: FloatArray, sigmoids: FloatArray) -> None:
    """Compute the gates from their scaled inputs a, of which g and sigmoids are parts, in place.

    An infinite exp gives exactly 0, or -1 for g.
    """
    divide, one = np.divide, ws.one
    np.exp(a, a)
    np.add(a, one, a)
    divide(one, sigmoids, sigmoids)
    divide(ws.two, g, g)
    np.subtract(g, one, g)


def _tanh_by_exp(ws: Workspace, c: FloatArray, out: FloatArray) -> None:
    """Write tanh(c) = 1 - 2 / (1 + exp(2c)) into `out`."""
    np.add(c, c, out)
    np.exp(out, out)
    np.add(out, ws.one, out)
    np.divide(ws.two, out, out)
    np.subtract(ws.one, out, out)


def _predict_by_exp(dot: Product, ws: Workspace, steps: list[Step]) -> None:
    """Run the steps of `forward` in fewer passes, for states without factors.

    The gates stay denominators, 1 + exp(-a): g, c and tanh(c) are divided by them. The cell state is kept as 2c, which
    is what tanh(c) = 1 - 2 / (1 + exp(2c)) needs, and so is the candidate as 2g.
    """
    exp, add, divide, subtract, one, two, four = np.exp, np.add, np.divide, np.subtract, ws.one, ws.two, ws.four
    tanh_c, c, g, o, f, i = ws.step
    a, c_g, f_i = ws.step[2:].reshape(-1, ws.shape[1]), ws.step[1:3], ws.step[4:]
    add(ws.c_0, ws.c_0, c)
    for x, place, z, h in steps:
        if place is not None:
            place[...] = x
        dot(z, a)
        exp(a, a)
        add(a, one, a)
        divide(four, g, g)
        subtract(g, two, g)
        divide(c_g, f_i, f_i)
        add(f, i, c)
        exp(c, tanh_c)
        add(tanh_c, one, tanh_c)
        divide(two, tanh_c, tanh_c)
        subtract(one, tanh_c, tanh_c)
        divide(tanh_c, o, h)


def _multiplier(matrix: FloatArray) -> Product:
    """Return the function of z and out that multiplies the matrix by z: 0.75 of the time of `np.dot` for one sample."""
    return matrix.dot


def _keep_factors(ws: Workspace, t: int, h: FloatArray) -> None:
    """Compute the factors of step t from its gates and products in `ws` and its output h."""
    multiply, subtract = np.multiply, np.subtract
    others, sigmoids, f, products = ws.factor_sources
    of_others, of_next_c, of_sigmoids = ws.forward_factors[t]
    products[0] = h
    multiply(products, others, of_others)
    subtract(sigmoids, of_others, of_others)
    of_next_c[...] = f
    subtract(ws.one, sigmoids, of_sigmoids)
    multiply(of_sigmoids, products, of_sigmoids)


def backward(
    matrix: FloatArray,
    ws: Workspace,
    d_h_last: FloatArray | int,
    d_h_steps: FloatArray | None = None,
    start: int = 0,
) -> FloatArray:
    """Back-propagate through the last `forward`, and return the gradient of `matrix`.

    Afterwards `ws.d_h` and `ws.d_c` contain the gradients of the initial state. `ws.d_x` contains those of the input
    if the workspace was made with `for_d_x`.

    Parameters
    ----------
    matrix, ws, start
        As for `forward`. Results of `forward` are overwritten, so call this once for each `forward`.
    d_h_last : ndarray of shape (H, B) or 0
        Gradient with respect to h_T from the layer above.
    d_h_steps : ndarray of shape (T - start, H, B), default=None
        Gradient with respect to every h_t from the layer above, which is added.
    """
    dot, multiply, add = np.dot, np.multiply, np.add
    T = ws.shape[0]
    ordered = _reversed_gates(matrix)
    weights_T = _transposed_weights(ordered, ws)
    d_matrix, part = np.zeros_like(ordered), np.empty_like(ordered)
    d_h, d_c = ws.d_h, ws.d_c
    d_h[...] = d_h_last
    d_c_next = d_c
    d_c_next[...] = 0
    for t in reversed(range(start, T)):
        to_c, of_next_c, of_g, of_o, of_f, of_i, d_a = ws.backward_steps[t]
        if d_h_steps is not None:
            add(d_h, d_h_steps[t - start], d_h)
        multiply(to_c, d_h, to_c)
        multiply(of_o, d_h, of_o)
        add(d_c_next, to_c, d_c)
        multiply(of_g, d_c, of_g)
        multiply(of_f, d_c, of_f)
        multiply(of_i, d_c, of_i)
        multiply(of_next_c, d_c, of_next_c)
        d_c_next = of_next_c
        d_z, d_h = ws.d_z[t]
        dot(weights_T, d_a, d_z)
        if t % ws.chunk == 0 or t == start:
            _weight_gradient(ws, t, min(t - t % ws.chunk + ws.chunk, T), part)
            add(d_matrix, part, d_matrix)
    ws.d_h = d_h
    d_c[...] = d_c_next
    return _reversed_gates(d_matrix)


def _transposed_weights(ordered: FloatArray, ws: Workspace) -> FloatArray:
    """Return the matrix, as one block, that multiplies d_a_t to [d_x_t; d_h_{t-1}], or to d_h_{t-1} alone."""
    F = ws.shape[2]
    recurrent = ordered[:, F + 1 :]
    return np.ascontiguousarray((recurrent if ws.d_x is None else np.hstack((ordered[:, :F], recurrent))).T)


def _weight_gradient(ws: Workspace, start: int, stop: int, out: FloatArray) -> None:
    """Write the sum of d_a_t z_t^T over the steps start … stop - 1 into `out`: one product of transposed copies."""
    _, B, F, H = ws.shape
    n = stop - start
    d_a, z = ws.d_a[start:stop], ws.z[start:stop]
    if n == 1:
        np.dot(d_a[0], z[0].T, out)
        return
    copies = ws.copies[: (5 * H + F + 1) * n * B].reshape(-1, n, B)
    copies[: 4 * H] = d_a.transpose(1, 0, 2)
    copies[4 * H :] = z.transpose(1, 0, 2)
    flat = copies.reshape(-1, n * B)
    np.dot(flat[: 4 * H], flat[4 * H :].T, out)


def _reversed_gates(matrix: FloatArray) -> FloatArray:
    """Copy a matrix with its gates in reverse order: i, f, o, g as in `theta`, g, o, f, i as in the buffers."""
    return matrix.reshape(4, -1)[::-1].copy().reshape(matrix.shape)
