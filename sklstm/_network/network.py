"""The whole network, from samples to predictions, as functions of one flat vector of parameters.

Samples X are (B, T, F) and targets y (B, K) or (B, T, K) here. The layers below have the features first: x (T, F, B)
and y (…, K, B), see `lstm.py`. This module converts between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sklstm._network import initializers, readout, stack
from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.layout import Layout
from sklstm._network.losses import Loss
from sklstm._network.missing_values import MissingRule
from sklstm._network.moments import new_moments
from sklstm._network.prediction_chunks import largest_products, prediction_chunks, worthwhile_threads
from sklstm._network.samples import Samples
from sklstm._network.scaled_samples import ScaledSamples
from sklstm._network.scaling import Chunk, Reference, Scaling, limit_inputs
from sklstm._network.step_order import StepOrder
from sklstm._network.targets import counted_weight, features_first, missing_targets, samples_first, training_targets
from sklstm._utils.overflow import weighted_mean
from sklstm._utils.threads import divides, run_tasks, shared_threads
from sklstm._utils.windows import row_chunks

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, FloatDType, IntArray

# Samples of a chunk when training computes a loss or a gradient of all samples: enough to fill the vector units, few
# enough to stay in the cache.
CHUNK_ROWS = 256


# The smallest weight of a sample, beside the largest, with which means and deviations are computed.
SMALLEST_WEIGHT = 1e-200


class ForwardPass(NamedTuple):
    """Result of the layers for one batch.

    `raw` (…, QK, B) is the output of the read-out, at the last step or at every step in this `order`, from its start
    on. `reference` comes from `Scaling.inputs`.
    """

    raw: FloatArray
    order: StepOrder
    reference: Reference | None


@dataclass(frozen=True)
class Network:
    """LSTM layers and a linear read-out, between the scaling of inputs and outputs.

    Parameters
    ----------
    layout : Layout
        Sizes, and the place of each parameter in `theta`.
    every_step : bool
        Whether the loss counts the outputs at every step, or at the last step only.
    loss : Loss
    scaling : Scaling
        Fitted changes of units.
    empty_prediction : ndarray of shape (Q, K)
        Prediction for a sample without a present step: the best constant for the targets.
    dropout : float, default=0.0
        Probability that a state is dropped in training.
    """

    layout: Layout
    every_step: bool
    loss: Loss
    scaling: Scaling
    empty_prediction: FloatArray
    dropout: float = 0.0

    @property
    def n_outputs(self) -> int:
        """K, the number of outputs at a step. The read-out has `loss.n_levels` values for each."""
        return self.layout.n_values // self.loss.n_levels

    @property
    def n_channels(self) -> int:
        """F, the number of channels of X, without their missing indicators."""
        return self.layout.n_channels // self.scaling.missing_rule.n_inputs_per_channel

    @property
    def _dtype(self) -> np.dtype[np.floating]:
        """The precision of samples and parameters."""
        return self.empty_prediction.dtype

    def initial_theta(
        self, rng: np.random.Generator, dtype: FloatDType, forget_bias: float | str = 1.0, n_steps: int = 1
    ) -> FloatArray:
        """Draw initial parameters. "chrono", as `forget_bias`, needs the number of steps to remember."""
        theta = np.zeros(self.layout.size)
        of_biases = rng.spawn(1)[0]  # so that all weights are the same with any `forget_bias`
        layers, readout_matrix = self.layout.matrices(theta)
        H = self.layout.hidden_size
        for number, matrix in enumerate(layers):
            # weights of missing indicators start at 0, so that a missing value first counts as the mean
            width = matrix.shape[1] - 1 - H
            drawn = self.n_channels if number < self.layout.n_directions else width
            bias = initializers.lstm_bias(of_biases, H, forget_bias, n_steps)
            matrix[:, np.r_[:drawn, width : width + 1 + H]] = initializers.lstm_matrix(rng, drawn, bias)
        readout_matrix[...] = initializers.readout_matrix(rng, readout_matrix.shape[1] - 1, len(readout_matrix))
        readout_matrix[:, 0] = self.loss.initial_bias(self.n_outputs)
        return theta.astype(dtype)

    def updated(self, samples: Samples, dtype: FloatDType) -> Network:
        """Return a copy for training on other samples, in which targets may not be constant any more."""
        chunks = _chunks(samples, self.every_step, dtype, self.scaling.missing_rule)
        return replace(self, scaling=self.scaling.updated(chunks, dtype))

    def training_workspace(
        self, n_steps: int, n_samples: int, dtype: FloatDType, n_threads: int = 1
    ) -> stack.Workspace:
        """Make the buffers of `loss_and_gradient` for batches of one shape, and for so many threads."""
        sizes = self.layout, n_steps, n_samples, dtype, self.every_step
        return stack.Workspace(*sizes, dropout=self.dropout, n_threads=n_threads)

    def predict(self, theta: FloatArray, X: FloatArray, every_step: bool, every_level: bool = False) -> FloatArray:
        """Predict samples X (n, T, F) in the precision of `theta`.

        Returns
        -------
        predictions : ndarray of shape (n, K) or, with `every_step`, (n, T, K)
            With `every_step`, NaN at skipped steps. Without, the prediction at the last step that is not skipped. With
            `every_level`, the levels of the loss are an additional last axis.
        """
        n_samples, n_steps, _ = X.shape
        shape = (n_samples, n_steps, self.n_outputs) if every_step else (n_samples, self.n_outputs)
        predictions = np.empty(shape + (self.loss.n_levels,) * every_level, theta.dtype)
        # a bidirectional network that was trained at every step also predicts from both directions at the same step
        reads_every_step = every_step or (self.every_step and self.layout.n_directions > 1)
        chunks = prediction_chunks(self.layout, n_samples, n_steps, theta.dtype, reads_every_step)

        def use(number: int, output: ForwardPass) -> None:
            predictions[chunks[number]] = self._to_predictions(output, every_step, every_level)

        self._forward_in_chunks(theta, X, reads_every_step, chunks, n_samples, use)
        return predictions

    def evaluate(self, theta: FloatArray, samples: Samples, every_step: bool) -> tuple[float, FloatArray]:
        """Return the loss of samples, without the penalty, and their predictions as `predict` returns them."""
        X, y, weight, rows = samples.X, samples.y, samples.weight, samples.rows
        chunks = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)]
        results: dict[int, tuple[float, float, FloatArray]] = {}

        def use(number: int, output: ForwardPass) -> None:
            part = chunks[number]
            target, missing = self._targets(X[part], y[part], output.order, output.reference, samples.by_target)
            w = weight[part] if missing is None else counted_weight(missing, weight[part])
            share = float(w.sum())
            loss, _ = self.loss(output.raw, target, (w / share).astype(theta.dtype))
            results[number] = loss, share, self._to_predictions(output, every_step, every_level=False)

        self._forward_in_chunks(theta, X, self.every_step, chunks, len(rows), use)
        losses, shares, predictions = zip(*(results[number] for number in range(len(chunks))), strict=True)
        return weighted_mean(losses, shares), np.concatenate(predictions)

    def scaled(self, X: FloatArray, y: FloatArray, by_target: bool = False) -> ScaledSamples:
        """Return samples X (n, T, F) and their targets y (n, K) or (n, T, K) as `loss_and_gradient` takes them.

        `by_target` is that of all `Samples`, so that all parts have the same form.
        """
        x = np.empty((X.shape[1], self.layout.n_channels, len(X)), self._dtype)
        order, reference = self._read(X, x, keeps_all=True)
        target, missing = self._targets(X, y, order, reference, by_target)
        n_skipped = np.zeros(len(X), np.intp) if order.skipped is None else order.skipped.sum(axis=0)
        moved = None
        if self.dropout:  # its masks are drawn in the order of time
            in_time = np.broadcast_to(np.arange(len(x)), (len(X), len(x)))
            moved = in_time if order.moved is None else order.moved.T
        if missing is not None:
            missing = samples_first(missing)
        return ScaledSamples(samples_first(x), samples_first(target), n_skipped, missing, moved)

    def loss_and_gradient(
        self,
        theta: FloatArray,
        batch: ScaledSamples,
        weight: FloatArray,
        ws: stack.Workspace,
    ) -> tuple[float, FloatArray, FloatArray]:
        """Compute the loss of one batch and its gradient with respect to `theta`.

        Parameters
        ----------
        theta : ndarray of shape (layout.size,)
        batch : ScaledSamples
            B samples, made by `scaled`.
        weight : ndarray of shape (B,)
        ws : Workspace
            Made by `training_workspace` for this shape.

        Returns
        -------
        loss : float
            Weighted mean over the targets that count, in standardised units.
        gradient : ndarray of shape (layout.size,)
        weight : ndarray of shape (B,), (T', B), (K, B) or (T', K, B)
            Weight of each target of the T' steps that were computed.
        """
        layers, readout_matrix = self.layout.matrices(theta)
        order = batch.order
        ws.x[order.start :] = features_first(batch.x)[order.start :]
        states = stack.forward(layers, ws, order)
        target, weight = batch.targets(weight, order.start)
        loss, d_raw = self.loss(readout.forward(readout_matrix, states), target, weight)

        gradient = np.empty_like(theta)
        d_layers, d_readout = self.layout.matrices(gradient)
        d_readout[...], d_states = readout.backward(readout_matrix, states, d_raw)
        stack.backward(layers, ws, d_states, d_layers, order)
        return loss, gradient, weight

    def _forward_in_chunks(
        self,
        theta: FloatArray,
        X: FloatArray,
        every_step: bool,
        chunks: Sequence[slice] | Sequence[IntArray],
        n_samples: int,
        use: Callable[[int, ForwardPass], None],
    ) -> None:
        """Run chunks of X, with `n_samples` in all, and call `use(number, output)` for each: in threads if that pays.

        Chunks do not depend on one another, so results do not depend on the number of threads.
        """

        def make_worker() -> Callable[[int], None]:
            ws = None

            def run(number: int) -> None:
                nonlocal ws
                part = X[chunks[number]]
                shape = part.shape[1], len(part)
                if ws is None or ws.shape != shape:
                    ws = stack.Workspace(self.layout, *shape, theta.dtype, every_step, for_gradient=False)
                use(number, self._forward(theta, part, ws))

            return run

        if len(chunks) == 1 and not divides(*largest_products(self.layout, n_samples)):
            make_worker()(0)
            return
        n_wanted = worthwhile_threads(self.layout, n_samples, X.shape[1], len(chunks))
        shared_threads(lambda n_threads: run_tasks(make_worker, len(chunks), n_threads), n_wanted)

    def _forward(self, theta: FloatArray, X: FloatArray, ws: stack.Workspace) -> ForwardPass:
        """Scale one batch of samples, and run all layers and the read-out."""
        layers, readout_matrix = self.layout.matrices(theta)
        order, reference = self._read(X, ws.x)
        return ForwardPass(readout.forward(readout_matrix, stack.forward(layers, ws, order)), order, reference)

    def _read(self, X: FloatArray, x: FloatArray, keeps_all: bool = False) -> tuple[StepOrder, Reference | None]:
        """Write samples, scaled and from the start of their order on, into `x` (T, F, B)."""
        n_channels = X.shape[2]
        x[:, :n_channels] = features_first(X)
        skipped, reference = self.scaling.inputs(x[:, :n_channels], x[:, n_channels:])
        limit_inputs(x[:, :n_channels])
        order = StepOrder.of(skipped, keeps_all)
        present = x[order.start :]
        if order.moved is not None:
            present[...] = order.sort(x)
        if order.leading is not None:
            np.copyto(present, 0, where=order.leading[:, np.newaxis])
        return order, reference

    def _to_predictions(self, output: ForwardPass, every_step: bool, every_level: bool) -> FloatArray:
        """Convert the outputs of the read-out to predictions, with the sample as first axis."""
        loss, raw, skipped = self.loss, output.raw, output.order.skipped
        if raw.ndim == 3 and not every_step:
            raw = raw[-1]  # the last present step
        y = loss.every_level(raw) if every_level else loss.point(raw)
        self.scaling.outputs(y, output.reference)
        if every_step:
            y = output.order.unsort(y)
        elif skipped is not None:
            empty = self.empty_prediction if every_level else self.empty_prediction[loss.middle]
            np.copyto(y, empty[..., np.newaxis], where=skipped.all(axis=0))
        y = y.transpose(-1, *range(y.ndim - 1))  # np.moveaxis takes seven times as long
        return y.swapaxes(-1, -2) if every_level else y

    def _targets(
        self, X: FloatArray, y: FloatArray, order: StepOrder, reference: Reference | None, by_target: bool
    ) -> tuple[FloatArray, BoolArray | None]:
        """Return the targets of a batch, scaled, features first and in the order of the outputs.

        Also return the mask of the targets that do not count: of steps (T', B) with `every_step`, of single targets
        (K, B) or (T', K, B) with `by_target`. It is None if all targets count.
        """
        targets = training_targets(X, y, self.every_step, None if order.skipped is None else order.skipped.T)
        target, missing = features_first(targets).astype(self._dtype, order="C"), None
        if self.every_step:
            target = order.sort(target)
            if y.ndim == 2 and order.moved is not None:
                _move_last_target(target, y, order)
        self.scaling.targets(target, reference)
        if self.every_step or by_target:
            is_nan = np.isnan(target)
            missing = missing_targets(is_nan, by_target)
            target[is_nan] = 0  # after the scaling, which could overflow there, and infinity times 0 is NaN
        return target, missing


def _move_last_target(target: FloatArray, y: FloatArray, order: StepOrder) -> None:
    """Let the last present step, which is last in this order, predict y (B, K), even if later steps are skipped."""
    if order.leading is not None:
        np.copyto(target, np.nan, where=order.leading[:, np.newaxis])
    target[-1] = y.T


def fit_network(
    layout: Layout,
    loss: Loss,
    samples: Samples,
    dtype: FloatDType,
    settings: ScalingSettings,
    *,
    every_step: bool = False,
    dropout: float = 0.0,
) -> Network:
    """Make a `Network`, and fit its scaling to samples."""
    by_target = samples.by_target  # kept in these samples, which training asks again
    # weights near the limits of floating point would overflow or underflow in sums of squares
    samples = replace(samples, weight=_relative_weight(samples.weight))
    return fit_network_to_parts(
        layout, loss, lambda: [samples], dtype, settings, every_step=every_step, dropout=dropout, by_target=by_target
    )


def fit_network_to_parts(
    layout: Layout,
    loss: Loss,
    parts: Callable[[], Iterable[Samples]],
    dtype: FloatDType,
    settings: ScalingSettings,
    *,
    every_step: bool = False,
    dropout: float = 0.0,
    by_target: bool = False,
) -> Network:
    """Make a `Network`, and fit its scaling to samples that come in parts.

    `parts` is called once for each pass over all of them, see `fit_scaling`. `by_target` says whether single targets of
    any sample may be missing.
    """
    best = _BestConstant(loss, settings.missing_rule, by_target)

    def chunks() -> Iterator[Chunk]:
        is_first, best.has_begun = not best.has_begun, True
        for samples in parts():
            if is_first:
                best.add(samples)
            yield from _chunks(samples, every_step, dtype, settings.missing_rule)

    scaling = fit_scaling(chunks, dtype, settings, is_centred=not loss.needs_nonnegative, by_target=by_target)
    return Network(layout, every_step, loss.scaled(scaling), scaling, best.value.astype(dtype), dropout)


def _relative_weight(weight: FloatArray) -> FloatArray:
    """Return weights divided by the largest; a positive weight stays positive, as a target may have no other."""
    largest = weight.max()
    if weight.min() == largest:
        return np.broadcast_to(1.0, weight.shape)  # takes no memory
    relative: FloatArray = weight / largest
    return np.where(weight > 0, np.maximum(relative, SMALLEST_WEIGHT), 0)


def _chunks(samples: Samples, every_step: bool, dtype: FloatDType, missing_rule: MissingRule) -> Iterator[Chunk]:
    """Yield chunks of the samples that take part: inputs and targets, features first in `dtype`, and weights."""
    for X, y, weight in _parts(samples, every_step, missing_rule):
        x, target = (features_first(values).astype(dtype, order="C") for values in (X, y))
        yield x, target, weight


class _BestConstant:
    """The constant prediction with the smallest loss, of samples that come in parts."""

    def __init__(self, loss: Loss, missing_rule: MissingRule, by_target: bool) -> None:
        self.loss, self.missing_rule, self.by_target = loss, missing_rule, by_target
        self.moments, self.has_begun = new_moments(by_target), False
        self.targets: list[FloatArray] = []
        self.weights: list[FloatArray] = []

    def add(self, samples: Samples) -> None:
        """Add some samples."""
        for _, y, weight in _parts(samples, samples.y.ndim == 3, self.missing_rule):
            target = features_first(y)
            counted = counted_weight(missing_targets(np.isnan(target), self.by_target), weight)
            if self.loss.constant_is_mean:  # computed chunk by chunk; a quantile needs all targets at once
                self.moments.add(target, counted)
            else:
                self.targets.append(np.moveaxis(target, -2, 0).reshape(target.shape[-2], -1))
                # by_target: one target, at the last step
                self.weights.append(counted if self.by_target else counted.ravel())

    @property
    def value(self) -> FloatArray:
        """The prediction, (Q, K)."""
        if self.loss.constant_is_mean:
            return np.broadcast_to(self.moments.mean, (self.loss.n_levels, len(self.moments.mean)))
        return self.loss.constant(np.concatenate(self.targets, axis=1), np.concatenate(self.weights, axis=-1))


def _parts(samples: Samples, every_step: bool, missing_rule: MissingRule) -> Iterator[Chunk]:
    """Yield chunks of the samples that take part: samples, training targets and weights."""
    X, y, weight, rows = samples.X, samples.y, samples.weight, samples.rows
    for chunk in row_chunks(len(rows), X.shape[1] * X.shape[2]):
        part = X[rows[chunk]]
        skipped = missing_rule.skipped_steps(part) if every_step else None
        yield part, training_targets(part, y[rows[chunk]], every_step, skipped), weight[rows[chunk]]
