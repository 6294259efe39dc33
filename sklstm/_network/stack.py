"""A stack of LSTM layers in one or both directions, with dropout between them.

The backward direction is a separate layer that reads the steps in reverse: its *last* state is that at the first step.
Each layer above the first reads the states of the layer below at every step: [h], or [h forward; h backward] if there
are two directions. The read-out reads the states of the top layer at every step, or the last state of each direction. A
skipped step is skipped by all layers. Each direction reads the steps to skip first, and all arrays have their steps in
that order: see `step_order.py`.

Dropout sets each state that is passed upwards to 0 with probability p, independently at every step, and divides the
others by 1 - p: Srivastava et al. (2014), *Dropout*. States that are passed on to the next step are never dropped:
Zaremba et al. (2014), *Recurrent Neural Network Regularization*.

Source of the two directions: Schuster and Paliwal (1997), *Bidirectional Recurrent Neural Networks*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sklstm._network import lstm
from sklstm._network.step_order import IN_TIME, StepOrder
from sklstm._utils.threads import run_tasks

if TYPE_CHECKING:
    from sklstm._network.layout import Layout
    from sklstm._utils.typing import FloatArray, FloatDType

# Up to so many samples, all states are kept even if only the last one is read: copying the input of a step into the
# buffer of a single step takes longer than the memory for all steps.
FEW_SAMPLES = 32

# Elements of a block of H rows from which on two directions take less time in two threads than one after the other
# (measured).
WORTH_BLOCK = 1 << 13


# Multiplications of a batch at one step from which on it is computed in pieces, and the samples of a piece (measured).
WORTH_PIECES, FEWEST_IN_PIECE = 3 << 22, 16


def training_pieces(layout: Layout, n_samples: int) -> list[slice]:
    """Divide a batch into pieces that may be computed in two threads. The directions of a layer are threads already."""
    n_multiplications = 3 * n_samples * layout.matrix_size  # forward, backward, and the gradient of the weights
    if layout.n_directions > 1 or n_multiplications < WORTH_PIECES or n_samples < 2 * FEWEST_IN_PIECE:
        return [slice(n_samples)]
    middle = -(-n_samples // 2)
    middle += -middle % 8  # blocks of whole vectors
    return [slice(middle), slice(middle, n_samples)]


def training_threads(layout: Layout, n_samples: int) -> int:
    """Return how many threads pay off in training with batches of this size: one for each piece or direction."""
    return max(len(training_pieces(layout, n_samples)), _direction_threads(layout, n_samples))


def _direction_threads(layout: Layout, n_samples: int) -> int:
    return layout.n_directions if layout.hidden_size * n_samples >= WORTH_BLOCK else 1


class Workspace:
    """Buffers of all layers for one shape of batch. The caller writes the input into `x` (T, F, B).

    Parameters
    ----------
    layout : Layout
        Sizes.
    n_steps, n_samples : int
        T and B.
    dtype : numpy dtype
        float32 or float64.
    every_step : bool
        Whether the read-out reads every step, or the last states only.
    for_gradient : bool, default=True
        Whether to keep what `backward` needs.
    dropout : float, default=0.0
        Probability p that a state is dropped. 0 in prediction.
    n_threads : int, default=1
        How many threads may be used. BLAS must use one then.
    """

    def __init__(
        self,
        layout: Layout,
        n_steps: int,
        n_samples: int,
        dtype: FloatDType,
        every_step: bool,
        for_gradient: bool = True,
        dropout: float = 0.0,
        n_threads: int = 1,
    ) -> None:
        T, B, H = n_steps, n_samples, layout.hidden_size
        widths = layout.widths
        self.shape = T, B
        self.every_step = every_step
        self.n_threads = min(n_threads, _direction_threads(layout, n_samples))
        self.layers: list[list[lstm.Workspace]] = []
        for level, width in enumerate(widths):
            kept = for_gradient or every_step or level + 1 < len(widths) or B <= FEW_SAMPLES
            sizes = T, B, width, H, dtype, for_gradient, kept, for_gradient and level > 0
            self.layers.append([lstm.Workspace(*sizes) for _ in range(layout.n_directions)])
        self.x = self.layers[0][0].x
        # the read-out reads the states of the top layer in place, unless they are joined or dropped
        self.states: FloatArray | None = None
        if layout.n_directions > 1 or dropout:
            self.states = np.ones((T if every_step else 1, layout.shapes[-1][1], B), dtype)
        self.dropout = dropout
        self.masks: list[FloatArray] = []
        if self.states is not None and dropout:
            self.masks = [np.empty((T, width, B), dtype) for width in widths[1:]]
            self.masks.append(np.empty_like(self.states[:, 1:]))


def forward(matrices: Sequence[FloatArray], ws: Workspace, order: StepOrder = IN_TIME) -> FloatArray:
    """Run all layers over `ws.x`, from `order.start` on.

    Parameters
    ----------
    matrices : list of ndarray
        Matrices of every layer and direction, as in `Layout.matrices`.
    ws : Workspace
        With dropout, `draw_masks` says which states are dropped, and was called before.
    order : StepOrder, default=IN_TIME
        The order of the steps in `ws.x`.

    Returns
    -------
    states : ndarray of shape (T - start, 1 + DH, B) or (1 + DH, B)
        [1; h] for the read-out, at every step from `order.start` on or at the last one.
    """
    if ws.dropout:
        _sort_masks(ws, order)
    start = order.start
    for level, directions in enumerate(ws.layers):
        x = directions[0].x[start:]
        if level:
            _join(ws.layers[level - 1], order, x)
            if ws.dropout:
                x *= ws.masks[level - 1][start:]
        if len(directions) > 1:
            directions[1].x[start:] = order.reverse(x)
        _for_each_direction(ws, partial(_forward_in, ws, level, matrices, order))
    return _top_states(ws, order)


def _for_each_direction(ws: Workspace, run: Callable[[int], None]) -> None:
    """Call `run` with the number of each direction, in threads if there are any."""
    n_directions = len(ws.layers[0])
    if ws.n_threads > 1:
        run_tasks(lambda: run, n_directions, ws.n_threads)
    else:
        for k in range(n_directions):
            run(k)


def _forward_in(ws: Workspace, level: int, matrices: Sequence[FloatArray], order: StepOrder, k: int) -> None:
    """Run one direction of one layer."""
    directions = ws.layers[level]
    lstm.forward(matrices[level * len(directions) + k], directions[k], order.start, order.leading)


def draw_masks(ws: Workspace, rng: np.random.Generator) -> None:
    """Draw new masks of 0 and 1 / (1 - p), the same ones in float32 and float64, in the order of time."""
    for mask in ws.masks:
        kept = rng.random(mask.shape, np.float32) >= ws.dropout
        np.multiply(kept, mask.dtype.type(1 / (1 - ws.dropout)), out=mask)


def _sort_masks(ws: Workspace, order: StepOrder) -> None:
    """Put the masks of every step into the order of the steps."""
    if order.moved is not None:
        for mask in ws.masks if ws.every_step else ws.masks[:-1]:
            mask[order.start :] = order.sort(mask)


def _join(directions: list[lstm.Workspace], order: StepOrder, out: FloatArray) -> None:
    """Write the states of both directions at every step from `order.start` on into `out`, one after the other."""
    for k, layer in enumerate(directions):
        h = layer.states[order.start :, 1:]
        H = h.shape[1]
        out[:, k * H : (k + 1) * H] = order.reverse(h) if k else h


def _top_states(ws: Workspace, order: StepOrder) -> FloatArray:
    """Return [1; h] of the top layer, at every step from `order.start` on or at the last one."""
    top = ws.layers[-1]
    if ws.states is None:
        return top[0].states[order.start :] if ws.every_step else top[0].states[-1]
    states = ws.states[order.start :] if ws.every_step else ws.states[-1]
    if ws.every_step:
        _join(top, order, states[:, 1:])
    else:
        np.concatenate([layer.states[-1, 1:] for layer in top], out=states[1:])
    if ws.dropout:
        states[..., 1:, :] *= _top_mask(ws, order)
    return states


def _top_mask(ws: Workspace, order: StepOrder) -> FloatArray:
    """Return the mask of the states that the read-out reads."""
    return ws.masks[-1][order.start :] if ws.every_step else ws.masks[-1][0]


def backward(
    matrices: Sequence[FloatArray],
    ws: Workspace,
    d_states: FloatArray,
    d_matrices: Sequence[FloatArray],
    order: StepOrder = IN_TIME,
) -> None:
    """Back-propagate through the last `forward`, and write the gradients into `d_matrices`.

    Parameters
    ----------
    matrices, ws, order
        As for `forward`.
    d_states : ndarray of shape (T - start, DH, B) or (DH, B)
        Gradient of the states that the read-out has read; overwritten.
    d_matrices : list of ndarray
        Receives the gradients, in the order of `matrices`.
    """
    n_directions, start = len(ws.layers[0]), order.start
    if ws.dropout:
        d_states *= _top_mask(ws, order)
    for level in reversed(range(len(ws.layers))):
        directions = ws.layers[level]
        part = slice(level * n_directions, (level + 1) * n_directions)
        _for_each_direction(ws, partial(_backward_in, directions, d_states, matrices[part], d_matrices[part], order))
        if level:
            d_states = _d_below(directions, order)
            if ws.dropout:
                d_states *= ws.masks[level - 1][start:]


def _backward_in(
    directions: list[lstm.Workspace],
    d_states: FloatArray,
    matrices: Sequence[FloatArray],
    d_matrices: Sequence[FloatArray],
    order: StepOrder,
    k: int,
) -> None:
    """Back-propagate through one direction of one layer."""
    layer, start = directions[k], order.start
    H = layer.shape[3]
    d_h = d_states[..., k * H : (k + 1) * H, :]
    if d_states.ndim == 2:
        gradient = lstm.backward(matrices[k], layer, d_h, None, start)
    else:
        gradient = lstm.backward(matrices[k], layer, 0, order.reverse(d_h) if k else d_h, start)
    d_matrices[k][...] = gradient


def _d_below(directions: list[lstm.Workspace], order: StepOrder) -> FloatArray:
    """Return the gradient of the input of a layer, (T - start, DH, B), summed over its directions."""
    d_below, *of_backward = (layer.d_x[order.start :] for layer in directions if layer.d_x is not None)
    for d_x in of_backward:
        d_below += order.reverse(d_x)
    return d_below
