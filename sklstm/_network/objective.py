"""The loss of a training set as a function of one flat vector of parameters, for batches or for all samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklstm._network.network import PREDICTION_ROWS, Network
from sklstm._network.samples import Samples

if TYPE_CHECKING:
    from sklstm._network.stack import Workspace
    from sklstm._utils.typing import FloatArray, FloatDType, IntArray


class Objective:
    """Loss and gradient of any batch of the samples that take part.

    Parameters
    ----------
    network : Network
    samples : Samples
        A batch is given as positions in `samples.rows`.
    alpha : float
        Strength of the penalty alpha / 2 · ‖weights‖² / Σw, biases excluded.
    dtype : numpy dtype
        Precision of the network.
    rng : numpy.random.Generator, default=None
        Draws which states are dropped.
    merged : Samples, default=None
        Replaces `samples` in a batch of all samples; see `merge_equal`.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        alpha: float,
        dtype: FloatDType,
        rng: np.random.Generator | None = None,
        merged: Samples | None = None,
    ) -> None:
        self.network, self.samples, self.alpha, self.rng = network, samples, alpha, rng
        self._whole = samples if merged is None else merged
        self._dtype = dtype
        self._is_weight = network.layout.is_weight(dtype)
        self._workspaces: dict[int, Workspace] = {}

    def __len__(self) -> int:
        return len(self.samples.rows)

    def __call__(self, theta: FloatArray, batch: IntArray) -> tuple[float, FloatArray, float]:
        """Return the loss of one batch, its gradient, and the sum of its weights."""
        is_whole = self._whole is not self.samples and len(batch) == len(self)
        samples, rows = (self._whole, self._whole.rows) if is_whole else (self.samples, self.samples.rows[batch])
        loss, gradient, _, weight_sum = self._data_term(theta, samples, rows)
        return self._add_penalty(loss, gradient, theta, weight_sum), gradient, weight_sum

    def whole(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return loss and gradient of all samples, computed in chunks."""
        samples = self._whole
        total, gradient, counted, weight_sum = 0.0, np.zeros_like(theta), 0.0, 0.0
        for start in range(0, len(samples.rows), PREDICTION_ROWS):
            rows = samples.rows[start : start + PREDICTION_ROWS]
            loss, part, target_weight, chunk_weight = self._data_term(theta, samples, rows)
            share = float(target_weight.sum()) * chunk_weight
            total += loss * share
            gradient += part * share
            counted, weight_sum = counted + share, weight_sum + chunk_weight
        gradient /= counted
        return self._add_penalty(total / counted, gradient, theta, weight_sum), gradient

    def _data_term(
        self, theta: FloatArray, samples: Samples, rows: IntArray
    ) -> tuple[float, FloatArray, FloatArray, float]:
        """Return loss and gradient of some samples, relative weights of their targets, and the total weight."""
        weight = samples.weight[rows]
        weight_sum = float(weight.sum())
        weight = (weight / weight_sum).astype(self._dtype)  # divided first: float64 weights may not fit into float32
        X, y = samples.X[rows], samples.y[rows]
        ws = self._workspaces.get(len(rows))
        if ws is None:
            ws = self.network.training_workspace(X.shape[1], len(rows), self._dtype)
            self._workspaces[len(rows)] = ws
        return *self.network.loss_and_gradient(theta, X, y, weight, ws, self.rng), weight_sum

    def _add_penalty(self, loss: float, gradient: FloatArray, theta: FloatArray, weight_sum: float) -> float:
        """Return the loss with the penalty; its gradient is added in place."""
        if self.alpha:
            weights = theta * self._is_weight
            loss += 0.5 * self.alpha * float(np.vdot(weights, weights)) / weight_sum
            gradient += weights * (self.alpha / weight_sum)
        return loss
