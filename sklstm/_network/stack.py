"""LSTM layers one above the other, each in one direction or in both, with dropout between them.

The backward direction is a layer of its own that is given the steps in reverse: what it leaves *last*
is its state at the first step. A layer above the first reads, at every step, the states of the one
below, forward [h] or both [h forward; h backward]; the read-out sees those of the top layer, at every
step or each direction's last one. A step that is missing is passed over by all of them.

Dropout sets each of these states to 0 with probability p, at every step anew, and divides the others
by 1 - p: Srivastava et al. (2014), *Dropout*; Zaremba et al. (2014), *Recurrent Neural Network
Regularization*, for dropping what goes up and never what goes on to the next step.

Source of the two directions: Schuster and Paliwal (1997), *Bidirectional Recurrent Neural Networks*.
"""

import numpy as np

from sklstm._network import lstm


class Workspace:
    """Buffers of all layers for one shape of batch; the input goes into `x` (T, F, B).

    Parameters
    ----------
    layout : Layout
        Sizes.
    n_steps, n_samples : int
        T and B.
    dtype : numpy dtype
        float32 or float64.
    every_step : bool
        Whether the read-out sees every step or the last states only.
    for_gradient : bool, default=True
        Whether to keep what `backward` needs.
    dropout : float, default=0.0
        Probability p that a state is dropped. 0 in prediction.
    """

    def __init__(self, layout, n_steps, n_samples, dtype, every_step, for_gradient=True, dropout=0.0):
        T, B, H = n_steps, n_samples, layout.hidden_size
        widths = layout.widths
        self.shape = T, B
        self.every_step = every_step
        self.layers = []
        for level, width in enumerate(widths):
            kept = for_gradient or every_step or level + 1 < len(widths)
            sizes = T, B, width, H, dtype, for_gradient, kept, for_gradient and level > 0
            self.layers.append([lstm.Workspace(*sizes) for _ in range(layout.n_directions)])
        self.x = self.layers[0][0].x
        # what goes up from each layer is read where the layer left it, unless it has to be joined or dropped
        self.states = None
        if layout.n_directions > 1 or dropout:
            self.states = np.ones((T if every_step else 1, layout.shapes[-1][1], B), dtype)
        self.dropout, self.masks = dropout, None
        if dropout:
            self.masks = [np.empty((T, width, B), dtype) for width in widths[1:]]
            self.masks.append(np.empty_like(self.states[:, 1:]))


def forward(matrices, ws, missing=None, rng=None):
    """Run all layers over `ws.x`.

    Parameters
    ----------
    matrices : list of ndarray
        Of every layer and direction, as in `Layout.matrices`.
    ws : Workspace
    missing : ndarray of bool of shape (T, B), default=None
        Steps to pass over.
    rng : numpy.random.Generator, default=None
        Draws what is dropped, where `ws` has dropout.

    Returns
    -------
    states : ndarray of shape (T, 1 + DH, B) or (1 + DH, B)
        [1; h] for the read-out: of every step, or the last.
    """
    if ws.dropout:
        _draw(ws, rng)
    matrices, skips = iter(matrices), _by_direction(missing)
    for level, directions in enumerate(ws.layers):
        x = directions[0].x
        if level:
            _join(ws.layers[level - 1], x)
            if ws.dropout:
                x *= ws.masks[level - 1]
        for k, layer in enumerate(directions):
            if k:
                layer.x[...] = x[::-1]
            lstm.forward(next(matrices), layer, skips[k])
    states = _top(ws)
    return states if ws.every_step else states[-1]


def _draw(ws, rng):
    """New masks: 0 or 1 / (1 - p). Both precisions draw the same numbers."""
    for mask in ws.masks:
        kept = rng.random(mask.shape, np.float32) >= ws.dropout
        np.multiply(kept, mask.dtype.type(1 / (1 - ws.dropout)), out=mask)


def _by_direction(missing):
    return missing, None if missing is None else missing[::-1]


def _join(directions, out, steps=slice(None)):
    """Write the directions' states beside each other into `out`, both in the order of the steps."""
    start = 0
    for k, layer in enumerate(directions):
        h = layer.states[steps, 1:]
        out[:, start : start + h.shape[1]] = h[::-1] if k else h
        start += h.shape[1]


def _top(ws):
    """[1; h] of the top layer; where the last is wanted, it is the last here."""
    if ws.states is None:
        return ws.layers[-1][0].states
    _join(ws.layers[-1], ws.states[:, 1:], slice(None) if ws.every_step else slice(-1, None))
    if ws.dropout:
        ws.states[:, 1:] *= ws.masks[-1]
    return ws.states


def backward(matrices, ws, d_states, d_matrices, missing=None):
    """Back-propagate through what the last `forward` did; writes the gradients into `d_matrices`.

    Parameters
    ----------
    matrices, ws, missing
        As they were for `forward`.
    d_states : ndarray of shape (T, DH, B) or (DH, B)
        Gradient of the states that the read-out saw; used up.
    d_matrices : list of ndarray
        Receives the gradients, in the order of `matrices`.
    """
    skips, n_directions = _by_direction(missing), len(ws.layers[0])
    if ws.dropout:
        d_states *= ws.masks[-1] if ws.every_step else ws.masks[-1][0]
    for level in reversed(range(len(ws.layers))):
        directions = ws.layers[level]
        for k, layer in enumerate(directions):
            index, H = level * n_directions + k, layer.shape[3]
            last, steps = d_states[..., k * H : (k + 1) * H, :], None
            if d_states.ndim == 3:
                last, steps = 0, last[::-1] if k else last
            d_matrices[index][...] = lstm.backward(matrices[index], layer, last, steps, skips[k])
        if level:
            d_states = _d_below(directions)
            if ws.dropout:
                d_states *= ws.masks[level - 1]


def _d_below(directions):
    """Gradient of what a layer read, from both of its directions, (T, DH, B)."""
    d_x = directions[0].d_x
    for other in directions[1:]:
        d_x += other.d_x[::-1]
    return d_x
