"""A stack of LSTM layers in one or both directions, with dropout between them.

The backward direction is a separate layer that reads the steps in reverse: its *last* state is that at the first step.
Each layer above the first reads the states of the layer below at every step: [h], or [h forward; h backward] if there
are two directions. The read-out reads the states of the top layer at every step, or the last state of each direction. A
skipped step is skipped by all layers.

Dropout sets each state that is passed upwards to 0 with probability p, independently at every step, and divides the
others by 1 - p: Srivastava et al. (2014), *Dropout*. States that are passed on to the next step are never dropped:
Zaremba et al. (2014), *Recurrent Neural Network Regularization*.

Source of the two directions: Schuster and Paliwal (1997), *Bidirectional Recurrent Neural Networks*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sklstm._network import lstm

if TYPE_CHECKING:
    from sklstm._network.layout import Layout
    from sklstm._utils.typing import BoolArray, FloatArray, FloatDType

# Up to so many samples, all states are kept even if only the last one is read: copying the input of a step into the
# buffer of a single step takes longer than the memory for all steps.
FEW_SAMPLES = 32


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
    ) -> None:
        T, B, H = n_steps, n_samples, layout.hidden_size
        widths = layout.widths
        self.shape = T, B
        self.every_step = every_step
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


def forward(
    matrices: Sequence[FloatArray],
    ws: Workspace,
    skipped: BoolArray | None = None,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Run all layers over `ws.x`.

    Parameters
    ----------
    matrices : list of ndarray
        Matrices of every layer and direction, as in `Layout.matrices`.
    ws : Workspace
    skipped : ndarray of bool of shape (T, B), default=None
        Steps to skip.
    rng : numpy.random.Generator, default=None
        Draws which states are dropped; needed if `ws` has dropout.

    Returns
    -------
    states : ndarray of shape (T, 1 + DH, B) or (1 + DH, B)
        [1; h] for the read-out, at every step or at the last one.
    """
    if ws.dropout:
        assert rng is not None
        _draw_masks(ws, rng)
    remaining, skips = iter(matrices), _by_direction(skipped)
    for level, directions in enumerate(ws.layers):
        x = directions[0].x
        if level:
            _join(ws.layers[level - 1], x)
            if ws.dropout:
                x *= ws.masks[level - 1]
        for k, layer in enumerate(directions):
            if k:
                layer.x[...] = x[::-1]
            lstm.forward(next(remaining), layer, skips[k])
    states = _top_states(ws)
    return states if ws.every_step else states[-1]


def _draw_masks(ws: Workspace, rng: np.random.Generator) -> None:
    """Draw new masks of 0 and 1 / (1 - p), the same ones in float32 and float64."""
    for mask in ws.masks:
        kept = rng.random(mask.shape, np.float32) >= ws.dropout
        np.multiply(kept, mask.dtype.type(1 / (1 - ws.dropout)), out=mask)


def _by_direction(skipped: BoolArray | None) -> tuple[BoolArray | None, BoolArray | None]:
    """Return the skipped steps in the order in which each direction reads them."""
    return skipped, None if skipped is None else skipped[::-1]


def _join(directions: list[lstm.Workspace], out: FloatArray, steps: slice = slice(None)) -> None:
    """Write the states of both directions into `out`, one after the other, both in the order of time."""
    start = 0
    for k, layer in enumerate(directions):
        h = layer.states[steps, 1:]
        out[:, start : start + h.shape[1]] = h[::-1] if k else h
        start += h.shape[1]


def _top_states(ws: Workspace) -> FloatArray:
    """Return [1; h] of the top layer. If `ws` keeps the last states only, they are the last element."""
    if ws.states is None:
        return ws.layers[-1][0].states
    _join(ws.layers[-1], ws.states[:, 1:], slice(None) if ws.every_step else slice(-1, None))
    if ws.dropout:
        ws.states[:, 1:] *= ws.masks[-1]
    return ws.states


def backward(
    matrices: Sequence[FloatArray],
    ws: Workspace,
    d_states: FloatArray,
    d_matrices: Sequence[FloatArray],
    skipped: BoolArray | None = None,
) -> None:
    """Back-propagate through the last `forward`, and write the gradients into `d_matrices`.

    Parameters
    ----------
    matrices, ws, skipped
        As for `forward`.
    d_states : ndarray of shape (T, DH, B) or (DH, B)
        Gradient of the states that the read-out has read; overwritten.
    d_matrices : list of ndarray
        Receives the gradients, in the order of `matrices`.
    """
    skips, n_directions = _by_direction(skipped), len(ws.layers[0])
    if ws.dropout:
        d_states *= ws.masks[-1] if ws.every_step else ws.masks[-1][0]
    for level in reversed(range(len(ws.layers))):
        directions = ws.layers[level]
        for k, layer in enumerate(directions):
            index, H = level * n_directions + k, layer.shape[3]
            d_h = d_states[..., k * H : (k + 1) * H, :]
            if d_states.ndim == 2:
                gradient = lstm.backward(matrices[index], layer, d_h, None, skips[k])
            else:
                gradient = lstm.backward(matrices[index], layer, 0, d_h[::-1] if k else d_h, skips[k])
            d_matrices[index][...] = gradient
        if level:
            d_states = _d_below(directions)
            if ws.dropout:
                d_states *= ws.masks[level - 1]


def _d_below(directions: list[lstm.Workspace]) -> FloatArray:
    """Return the gradient of the input of a layer, (T, DH, B), summed over its directions."""
    d_below, *of_backward = (layer.d_x for layer in directions if layer.d_x is not None)
    for d_x in of_backward:
        d_below += d_x[::-1]
    return d_below
