"""The whole model as functions of one flat vector: rows in the user's units in, answers out.

This is where rows become features first (`_lstm`) and back: rows X (B, T, F) and y (B, K) or
(B, T, K) here, x (T, F, B) and y (…, K, B) below.
"""

from dataclasses import dataclass

import numpy as np

from sklstm import _initializers, _losses, _lstm, _readout
from sklstm._parameters import Layout
from sklstm._scaling import Moments, Scaling, fit_scaling, missing_steps, present_weight
from sklstm._windows import row_chunks

# Rows predicted at once: enough to fill the vector units, few enough to stay in the cache.
PREDICTION_ROWS = 256


@dataclass(frozen=True)
class Network:
    """One LSTM layer and a linear read-out, with the change of units around them.

    Parameters
    ----------
    layout : Layout
        Sizes, and where each parameter lies in `theta`.
    every_step : bool
        Whether there is an output at every step or at the last one only.
    scaling : Scaling
        Units of the inputs and outputs.
    empty_answer : ndarray of shape (K, 1)
        Output for a row with no present step: the weighted mean of the targets.
    """

    layout: Layout
    every_step: bool
    scaling: Scaling
    empty_answer: np.ndarray

    def initial_theta(self, rng, dtype):
        """Draw a parameter vector."""
        layout = self.layout
        parts = (
            _initializers.lstm_matrix(rng, layout.n_channels, layout.hidden_size),
            _initializers.readout_matrix(rng, layout.hidden_size, layout.n_outputs),
        )
        return np.concatenate([part.ravel() for part in parts]).astype(dtype)

    def workspace(self, n_steps, n_samples, dtype, for_gradient=True, every_state=True):
        """Buffers for batches of one shape."""
        layout = self.layout
        sizes = n_steps, n_samples, layout.n_channels, layout.hidden_size
        return _lstm.Workspace(*sizes, dtype, for_gradient, every_state)

    def predict(self, theta, X, every_step=None):
        """Answers (n, K) or (n, T, K) for rows X (n, T, F), in the precision of `theta`.

        With an answer at every step, NaN at missing ones. `every_step=False` asks for the last
        answer only, which a missing step does not change.
        """
        every_step = self.every_step if every_step is None else every_step
        n_rows, n_steps, _ = X.shape
        shape = (n_rows, n_steps, self.layout.n_outputs) if every_step else (n_rows, self.layout.n_outputs)
        answers = np.empty(shape, theta.dtype)
        ws = None
        for start in range(0, n_rows, PREDICTION_ROWS):
            rows = X[start : start + PREDICTION_ROWS]
            if ws is None or ws.shape[1] != len(rows):
                ws = self.workspace(n_steps, len(rows), theta.dtype, for_gradient=False, every_state=every_step)
            answers[start : start + len(rows)] = np.moveaxis(self._predict_batch(theta, rows, ws, every_step), -1, 0)
        return answers

    def _predict_batch(self, theta, rows, ws, every_step):
        _, readout = self.layout.matrices(theta)
        states, missing, reference = self._states(theta, rows, ws, every_step)
        y = _readout.forward(readout, states)
        self.scaling.outputs(y, reference)
        if missing is not None:
            if every_step:
                np.copyto(y, np.nan, where=missing[:, np.newaxis])
            else:
                np.copyto(y, self.empty_answer, where=missing.all(axis=0))
        return y

    def _states(self, theta, rows, ws, every_step):
        """Run the layer over rows: its states, and what `Scaling.inputs` says of the rows."""
        matrix, _ = self.layout.matrices(theta)
        ws.x[...] = rows.transpose(1, 2, 0)
        missing, reference = self.scaling.inputs(ws.x)
        _lstm.forward(matrix, ws, missing)
        return (ws.states if every_step else ws.states[-1]), missing, reference

    def loss_and_gradient(self, theta, X, y, weight, ws):
        """Loss of one batch of rows and its gradient with respect to `theta`.

        Parameters
        ----------
        theta : ndarray of shape (layout.size,)
        X : ndarray of shape (B, T, F)
        y : ndarray of shape (B, K) or (B, T, K)
        weight : ndarray of shape (B,)
        ws : Workspace
            Made by `workspace` for this shape.

        Returns
        -------
        loss : float
            Half the weighted mean squared error per present target, standardised.
        gradient : ndarray of shape (layout.size,)
        """
        matrix, readout = self.layout.matrices(theta)
        states, missing, reference = self._states(theta, X, ws, self.every_step)
        target, weight = self._targets(y, weight, missing, reference, theta.dtype)
        loss, d_y = _losses.squared_error(_readout.forward(readout, states), target, weight)

        gradient = np.empty_like(theta)
        d_matrix, d_readout = self.layout.matrices(gradient)
        d_readout[...], d_h = _readout.backward(readout, states, d_y)
        last, steps = (0, d_h) if self.every_step else (d_h, None)
        d_matrix[...] = _lstm.backward(matrix, ws, last, steps, missing)
        return loss, gradient

    def _targets(self, y, weight, missing, reference, dtype):
        """Targets in the network's units, and the weight of each: 0 at missing steps."""
        target = np.moveaxis(y, 0, -1).astype(dtype, order="C")
        if self.every_step:
            weight = present_weight(weight, missing, len(target))
            if missing is not None:
                np.copyto(target, 0, where=missing[:, np.newaxis])
        self.scaling.targets(target, reference)
        return target, weight


class Objective:
    """Loss, gradient and weight of any batch of a training set's rows.

    Parameters
    ----------
    network : Network
    X, y, weight : ndarray of shapes (n, T, F), (n, K) or (n, T, K), and (n,) in float64
        All rows. Views stay views: only the rows of a batch are ever copied.
    rows : ndarray of int
        The rows that take part; batches are positions in it.
    alpha : float
        Strength of the penalty alpha / 2 · ‖weights‖² / Σw, biases excluded.
    dtype : numpy dtype
        Precision of the work.
    """

    def __init__(self, network, X, y, weight, rows, alpha, dtype):
        self.network, self.X, self.y, self.weight, self.rows = network, X, y, weight, rows
        self.alpha = alpha
        self._dtype = dtype
        self._decayed = network.layout.is_weight(dtype) if alpha else None
        self._workspaces = {}

    def __len__(self):
        return len(self.rows)

    def __call__(self, theta, batch):
        """Loss, gradient and sum of weights of the rows at the positions `batch`."""
        rows = self.rows[batch]
        weight = self.weight[rows]
        weight_sum = float(weight.sum())
        weight = (weight / weight_sum).astype(self._dtype)  # where float64 weights of any size fit
        ws = self._workspaces.get(len(rows))
        if ws is None:
            ws = self.network.workspace(self.X.shape[1], len(rows), self._dtype)
            self._workspaces[len(rows)] = ws
        loss, gradient = self.network.loss_and_gradient(theta, self.X[rows], self.y[rows], weight, ws)
        if self.alpha:
            decayed = theta * self._decayed
            loss += 0.5 * self.alpha * float(np.vdot(decayed, decayed)) / weight_sum
            gradient += decayed * (self.alpha / weight_sum)
        return loss, gradient, weight_sum


def fit_network(layout, every_step, X, y, weight, rows, dtype, *, n_targets, instance_norm, standardize):
    """Make a `Network` whose scaling is fitted to the given rows (as in `Objective`)."""
    largest = weight.max()  # of weights that are all huge or tiny, sums of squares would not fit

    def chunks():
        for chunk in row_chunks(len(rows), X.shape[1] * X.shape[2]):
            part = rows[chunk]
            x = X[part].transpose(1, 2, 0).astype(dtype, order="C")
            yield x, np.moveaxis(y[part], 0, -1).astype(dtype, order="C"), weight[part] / largest

    scaling = fit_scaling(chunks, dtype, n_targets=n_targets, instance_norm=instance_norm, standardize=standardize)
    targets = Moments()
    for x, y_part, w in chunks():
        targets.add(y_part, present_weight(w, missing_steps(x), len(x)) if every_step else w)
    return Network(layout, every_step, scaling, empty_answer=targets.mean_and_scale(dtype)[0])
