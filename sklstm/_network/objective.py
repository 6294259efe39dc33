"""The loss of a training set as a function of one flat vector of parameters, for batches or for all samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sklstm._network import stack
from sklstm._network.network import CHUNK_ROWS, Network
from sklstm._network.samples import Samples
from sklstm._network.scaled_samples import ScaledSamples
from sklstm._utils.caches import cached_property
from sklstm._utils.overflow import power_of_two
from sklstm._utils.threads import run_tasks
from sklstm._utils.windows import row_chunks

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, FloatDType, IntArray

# A penalty that is stronger, as with tiny weights of samples, is limited to this: it leaves no weight of the network
# anyway, and its square must not overflow.
STRONGEST_PENALTY = 1e12

# Samples of at most so many elements are kept scaled. More samples are scaled batch by batch, in every epoch again.
KEPT_ELEMENTS = 1 << 22


class _Term(NamedTuple):
    """Loss and gradient of some samples: weighted means over their targets that count.

    `share` is in proportion to the weight of these targets, and `weight` is the sum of the samples' weights.
    """

    loss: float
    gradient: FloatArray
    share: float
    weight: float


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
        self._workspaces: dict[tuple[int, int], stack.Workspace] = {}  # by number of the piece, and number of samples
        self.n_threads = 1  # how many threads a batch may use

    def __len__(self) -> int:
        return self._length

    def __call__(self, theta: FloatArray, batch: IntArray) -> tuple[float, FloatArray, float]:
        """Return the loss of one batch, its gradient, and the sum of its weights."""
        term = self._data_term(theta, slice(None) if self._takes_all else batch)
        return self._add_penalty(term.loss, term.gradient, theta, term.weight), term.gradient, term.weight

    def whole(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return loss and gradient of all samples, computed in chunks."""
        starts = range(0, len(self.samples.rows), CHUNK_ROWS)
        term = self._sum(self._data_term(theta, slice(start, start + CHUNK_ROWS)) for start in starts)
        return self._add_penalty(term.loss, term.gradient, theta, term.weight), term.gradient

    def _data_term(self, theta: FloatArray, batch: slice | IntArray) -> _Term:
        """Return loss and gradient of some samples. Large batches are computed in pieces, in threads if there are any.

        The pieces depend on sizes alone, and are added in order, so results do not depend on the number of threads.
        """
        positions = np.arange(len(self.samples.rows))[batch] if isinstance(batch, slice) else batch
        borders = stack.training_pieces(self.network.layout, len(positions))
        if len(borders) == 1:
            return self._piece(0, theta, batch)()
        pieces = [self._piece(number, theta, positions[part]) for number, part in enumerate(borders)]
        terms: dict[int, _Term] = {}

        def run(number: int) -> None:
            terms[number] = pieces[number]()

        run_tasks(lambda: run, len(pieces), self.n_threads)
        return self._sum(terms[number] for number in range(len(pieces)))

    def _piece(self, number: int, theta: FloatArray, batch: slice | IntArray) -> Callable[[], _Term]:
        """Return the function that computes the term of some samples. What is random is drawn before."""
        rows = self.samples.rows[batch]
        weight = self.samples.weight[rows]
        weight_sum = float(weight.sum())
        weight = (weight / weight_sum).astype(self._dtype)  # divided first: float64 weights may not fit into float32
        ws = self._workspaces.get((number, len(rows)))
        if ws is None:
            ws = self.network.training_workspace(self.samples.X.shape[1], len(rows), self._dtype, self.n_threads)
            self._workspaces[number, len(rows)] = ws
        if self.rng is not None:
            stack.draw_masks(ws, self.rng)
        all_scaled, unit = self._scaled, self._weight_unit

        def compute() -> _Term:
            scaled = self._scale(rows) if all_scaled is None else all_scaled.at(batch)
            loss, gradient, target_weight = self.network.loss_and_gradient(theta, scaled, weight, ws)
            # divided first: float64 weights may not fit into the float32 of the gradient
            share = float(target_weight.sum()) * (weight_sum / unit)
            return _Term(loss, gradient, share, weight_sum)

        return compute

    def _sum(self, terms: Iterable[_Term]) -> _Term:
        """Return the term of all samples together, given those of its parts."""
        total, gradient, counted, weight_sum = 0.0, np.zeros(self.network.layout.size, self._dtype), 0.0, 0.0
        for term in terms:
            total += term.loss * term.share
            gradient += term.gradient * term.share
            counted, weight_sum = counted + term.share, weight_sum + term.weight
        gradient /= counted
        return _Term(total / counted, gradient, counted, weight_sum)

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
        rows, weight = self.samples.rows, self.samples.weight
        largest = max(weight[rows[chunk]].max() for chunk in row_chunks(len(rows), 1))  # as weight[rows] is a copy
        return float(power_of_two(largest))

    def _add_penalty(self, loss: float, gradient: FloatArray, theta: FloatArray, weight_sum: float) -> float:
        """Return the loss with the penalty; its gradient is added in place."""
        if self.alpha:
            weight_sum = max(weight_sum, self.alpha / STRONGEST_PENALTY)
            weights = theta * self._is_weight
            loss += 0.5 * self.alpha * float(np.vdot(weights, weights)) / weight_sum
            gradient += weights * (self.alpha / weight_sum)
        return loss
