"""The loss of a training set as a function of one flat vector, whole or batch by batch."""

import numpy as np

from sklstm._network.network import PREDICTION_ROWS, training_targets


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
    rng : numpy.random.Generator, default=None
        Draws what is dropped.
    merged : tuple of ndarray (rows, weight), default=None
        What stands for all rows where a batch holds them all: see `merged_rows`.
    """

    def __init__(self, network, X, y, weight, rows, alpha, dtype, rng=None, merged=None):
        self.network, self.X, self.y, self.weight, self.rows = network, X, y, weight, rows
        self.alpha, self.rng, self.merged = alpha, rng, merged
        self._dtype = dtype
        self._decayed = network.layout.is_weight(dtype) if alpha else None
        self._workspaces = {}

    def __len__(self):
        return len(self.rows)

    def __call__(self, theta, batch):
        """Loss, gradient and sum of weights of the rows at the positions `batch`."""
        if self.merged is not None and len(batch) == len(self):
            rows, weight = self.merged
        else:
            rows, weight = self.rows[batch], self.weight
        loss, gradient, _, weight_sum = self._data_term(theta, rows, weight)
        return self._penalised(loss, gradient, theta, weight_sum), gradient, weight_sum

    def whole(self, theta):
        """Loss and gradient of all rows, in pieces."""
        rows, weight = self.merged or (self.rows, self.weight)
        total, gradient, counted, weight_sum = 0.0, np.zeros_like(theta), 0.0, 0.0
        for start in range(0, len(rows), PREDICTION_ROWS):
            loss, part, of_targets, row_weight = self._data_term(theta, rows[start : start + PREDICTION_ROWS], weight)
            share = float(of_targets.sum()) * row_weight
            total += loss * share
            gradient += part * share
            counted, weight_sum = counted + share, weight_sum + row_weight
        gradient /= counted
        return self._penalised(total / counted, gradient, theta, weight_sum), gradient

    def _data_term(self, theta, rows, weight):
        """Loss and gradient of some rows, their targets' weights as multiples of theirs, and the sum of theirs."""
        weight = weight[rows]
        weight_sum = float(weight.sum())
        weight = (weight / weight_sum).astype(self._dtype)  # where float64 weights of any size fit
        ws = self._workspaces.get(len(rows))
        if ws is None:
            ws = self.network.training_workspace(self.X.shape[1], len(rows), self._dtype)
            self._workspaces[len(rows)] = ws
        X = self.X[rows]
        y = training_targets(X, self.y[rows], self.network.every_step, self.network.scaling.gaps)
        return *self.network.loss_and_gradient(theta, X, y, weight, ws, self.rng), weight_sum

    def _penalised(self, loss, gradient, theta, weight_sum):
        """The loss with the penalty added, whose gradient is added in place."""
        if self.alpha:
            decayed = theta * self._decayed
            loss += 0.5 * self.alpha * float(np.vdot(decayed, decayed)) / weight_sum
            gradient += decayed * (self.alpha / weight_sum)
        return loss
