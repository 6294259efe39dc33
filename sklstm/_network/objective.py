"""The loss of a training set as a function of one flat vector of parameters, for batches or for all samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklstm._network.network import CHUNK_ROWS, Network
from sklstm._network.samples import Samples
from sklstm._network.scaled_samples import ScaledSamples
from sklstm._utils.caches import cached_property
from sklstm._utils.overflow import power_of_two
from sklstm._utils.windows import row_chunks

if TYPE_CHECKING:
    from sklstm._network.stack import Workspace
    from sklstm._utils.typing import FloatArray, FloatDType, IntArray

# A penalty that is stronger, as with tiny weights of samples, is limited to this: it leaves no weight of the network
# anyway, and its square must not overflow.
STRONGEST_PENALTY = 1e12

# Samples of at most so many elements are kept scaled. More samples are scaled batch by batch, in every epoch again.
KEPT_ELEMENTS = 1 << 22


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
        Replaces `samples` if every batch has all samples; see `merge_equal`.
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
        self.network, self.alpha, self.rng = network, alpha, rng
        self.samples = samples if merged is None else merged
        self._length, self._takes_all = len(samples.rows), merged is not None
        self._dtype = dtype
        self._is_weight = network.layout.is_weight(dtype)
        self._workspaces: dict[int, Workspace] = {}
        self.n_threads = 1  # how many threads a batch may use

    def __len__(self) -> int:
        return self._length

    def __call__(self, theta: FloatArray, batch: IntArray) -> tuple[float, FloatArray, float]:
        """Return the loss of one batch, its gradient, and the sum of its weights."""
        loss, gradient, _, weight_sum = self._data_term(theta, slice(None) if self._takes_all else batch)
        return self._add_penalty(loss, gradient, theta, weight_sum), gradient, weight_sum

    def whole(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return loss and gradient of all samples, computed in chunks."""
        total, gradient, counted, weight_sum = 0.0, np.zeros_like(theta), 0.0, 0.0
        for start in range(0, len(self.samples.rows), CHUNK_ROWS):
            chunk = slice(start, start + CHUNK_ROWS)
            loss, part, target_weight, chunk_weight = self._data_term(theta, chunk)
            # divided first: float64 weights may not fit into the float32 of the gradient
            share = float(target_weight.sum()) * (chunk_weight / self._weight_unit)
            total += loss * share
            gradient += part * share
            counted, weight_sum = counted + share, weight_sum + chunk_weight
        gradient /= counted
        return self._add_penalty(total / counted, gradient, theta, weight_sum), gradient

    def _data_term(self, theta: FloatArray, batch: slice | IntArray) -> tuple[float, FloatArray, FloatArray, float]:
        """Return loss and gradient of some samples, relative weights of their targets, and the total weight."""
        rows = self.samples.rows[batch]
        weight = self.samples.weight[rows]
        weight_sum = float(weight.sum())
        weight = (weight / weight_sum).astype(self._dtype)  # divided first: float64 weights may not fit into float32
        scaled = self._scale(rows) if self._scaled is None else self._scaled.at(batch)
        ws = self._workspaces.get(len(rows))
        if ws is None:
            ws = self.network.training_workspace(scaled.x.shape[1], len(rows), self._dtype, self.n_threads)
            self._workspaces[len(rows)] = ws
        return *self.network.loss_and_gradient(theta, scaled, weight, ws, self.rng), weight_sum

    def _scale(self, rows: IntArray) -> ScaledSamples:
        return self.network.scaled(self.samples.X[rows], self.samples.y[rows], self.samples.by_target)

    @cached_property
    def _scaled(self) -> ScaledSamples | None:
        """Return all samples that take part, scaled; None if they need much memory, and each batch must be scaled."""
        rows, layout = self.samples.rows, self.network.layout
        size = self.samples.X.shape[1] * (layout.n_channels + self.network.n_outputs)
        if len(rows) * size > KEPT_ELEMENTS:
            return None
        return ScaledSamples.joined([self._scale(rows[chunk]) for chunk in row_chunks(len(rows), size)])

    @cached_property
    def _weight_unit(self) -> float:
        """A power of two near the largest weight, which is divided by without rounding."""
        return float(power_of_two(self.samples.weight[self.samples.rows].max()))

    def _add_penalty(self, loss: float, gradient: FloatArray, theta: FloatArray, weight_sum: float) -> float:
        """Return the loss with the penalty; its gradient is added in place."""
        if self.alpha:
            weight_sum = max(weight_sum, self.alpha / STRONGEST_PENALTY)
            weights = theta * self._is_weight
            loss += 0.5 * self.alpha * float(np.vdot(weights, weights)) / weight_sum
            gradient += weights * (self.alpha / weight_sum)
        return loss
