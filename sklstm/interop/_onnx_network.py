"""The predictions of a fitted network as ONNX operators, with the standard operator `LSTM` for the layers.

A step that is skipped must leave the states unchanged, which `LSTM` cannot do in the middle of a sample. So the skipped
steps come first, as in `sklstm._network.step_order`. There every state is 0, and it stays 0 if the candidate is: one
more channel is 1 at skipped steps, and its weights are minus the biases of the candidate. All other weights of this
channel are 0, so that nothing is large and nothing is added at other steps.

The backward direction of a layer meets the skipped steps last, when its results are not needed any more: they are set
to 0, and the read-out takes the state at the first present step.

ONNX Runtime has no `LSTM` in double precision. The layers are computed in single precision; scaling and read-out are
computed in the precision of the network.
"""

from dataclasses import dataclass

import numpy as np

from sklstm._estimator.fitted_network import FittedNetwork
from sklstm._network.layout import Layout
from sklstm._network.losses import Poisson, Quantile
from sklstm.interop._onnx_graph import Graph
from sklstm.interop._onnx_scaling import ScalingOperators

# ONNX has the gates in the order i, o, f, c; the matrices have i, f, o, g.
GATES = 0, 2, 1, 3
CANDIDATE = 3

OF_LAYERS = np.dtype(np.float32)

LARGEST_FILE = 2**31 - 2**20  # bytes: the limit of the format, and room for all that is not a weight


def layer_weights(layout: Layout, theta: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weights of one layer as the inputs W, R and B of the operator `LSTM`.

    Parameters
    ----------
    layout : Layout
    theta : ndarray of shape (layout.size,)
    level : int
        Number of the layer, from the bottom.

    Returns
    -------
    W : ndarray of shape (D, 4H, width + 1)
        The last column is for the channel of skipped steps.
    R : ndarray of shape (D, 4H, H)
    B : ndarray of shape (D, 8H)
        The second of the two biases is 0.
    """
    D, H = layout.n_directions, layout.hidden_size
    matrices = layout.matrices(theta)[0][level * D : (level + 1) * D]
    matrix = np.stack(matrices).astype(OF_LAYERS).reshape(D, 4, H, -1)[:, GATES].reshape(D, 4 * H, -1)
    bias = matrix[..., -H - 1]
    of_skipped = np.zeros_like(bias)
    of_skipped[:, CANDIDATE * H :] = -bias[:, CANDIDATE * H :]
    W = np.concatenate((matrix[..., : -H - 1], of_skipped[..., np.newaxis]), axis=2)
    return W, np.ascontiguousarray(matrix[..., -H:]), np.concatenate((bias, np.zeros_like(bias)), axis=1)


def check_weights_fit(fitted: FittedNetwork) -> None:
    """Raise ValueError if the weights of a network cannot be written."""
    n_weights = fitted.network.layout.size
    if n_weights * OF_LAYERS.itemsize > LARGEST_FILE:
        raise ValueError(
            f"The network has {n_weights} weights, but an ONNX file holds at most {LARGEST_FILE / 1e9:.3g} GB, that is "
            f"{LARGEST_FILE // OF_LAYERS.itemsize} weights. Train a smaller network."
        )
    with np.errstate(over="ignore"):
        is_lost = ~np.isfinite(fitted.theta.astype(OF_LAYERS))
    if is_lost.any():
        value = float(fitted.theta[np.argmax(is_lost)])
        raise ValueError(
            f"theta_ has the value {value:g}, which is no finite number in single precision, in which the layers are "
            "computed. Fit again, with a smaller learning_rate_init."
        )


def output_shapes(fitted: FittedNetwork) -> dict[str, list[str | int]]:
    """Return the shapes of the outputs by name; free sizes are "n_samples" and "n_steps"."""
    network = fitted.network
    shape: list[str | int] = ["n_samples"]
    if fitted.y_ndim == 3:
        shape.append("n_steps" if fitted.is_sequence else fitted.n_features // network.n_channels)
    if fitted.y_ndim > 1:
        shape.append(network.n_outputs)
    shapes = {"y": shape}
    if network.loss.has_levels:
        shapes["quantiles"] = [*shape, network.loss.n_levels]
    return shapes


def add_predictions(graph: Graph, fitted: FittedNetwork, X: str) -> dict[str, str]:
    """Add the predictions of a network for samples X, in its precision and with the form of those in training.

    Returns
    -------
    outputs : dict of str
        "y", as `predict` returns it, and with loss="quantile" "quantiles", as `predict_quantiles` does.
    """
    return _Predictions(graph, fitted).add(X)


@dataclass(frozen=True)
class _Steps:
    """Names of what is known of the steps of each sample.

    `skipped` (n, T) is a mask in the order of time. `order` (n, T) is the step at each place if the skipped ones come
    first. `n_steps` is T.
    """

    skipped: str
    order: str
    n_steps: str


class _Predictions:
    def __init__(self, graph, fitted):
        self._graph, self._fitted, self._network = graph, fitted, fitted.network
        self._every_step = fitted.y_ndim == 3
        self._scaling = ScalingOperators(graph, fitted.network, fitted.dtype)

    def add(self, X):
        n_samples = self._graph.part(self._graph.add("Shape", X), 0, 1, 0)
        outputs = self._of_samples(self._at_least_one(X, n_samples))
        return {name: self._graph.add("Slice", y, [0], n_samples, [0]) for name, y in outputs.items()}

    def _at_least_one(self, X, n_samples):
        """Add a sample of zeros if there are none: ONNX Runtime ends the process when an `LSTM` gets no samples."""
        graph = self._graph
        is_none = graph.cast(graph.add("Equal", n_samples, [0]), np.int64)
        behind = [1, 0, 0] if self._fitted.is_sequence else [1, 0]
        return graph.add("Pad", X, graph.add("Mul", is_none, [0] * len(behind) + behind))

    def _of_samples(self, X):
        """Add the predictions of one sample or more."""
        graph, fitted, loss = self._graph, self._fitted, self._network.loss
        if not fitted.is_sequence:
            n_channels = self._network.n_channels
            X = graph.add("Reshape", X, [0, fitted.n_features // n_channels, n_channels])
        inputs = self._scaling.inputs(X)
        steps = self._order(inputs)
        raw = self._read_out(self._states(self._ordered(inputs, steps), steps))
        if self._every_step:
            raw = self._in_time(raw, steps)
        outputs = {"y": self._point(raw, inputs)}
        if loss.has_levels:
            outputs["quantiles"] = self._every_level(raw, inputs)
        return outputs

    # ---- steps

    def _order(self, inputs):
        """Find the order in which the skipped steps come first."""
        graph = self._graph
        n_steps = graph.add("Gather", graph.add("Shape", inputs.x), np.int64(1), axis=0)
        present = graph.cast(graph.add("Not", inputs.skipped), np.int64)
        in_time = graph.add("Range", np.int64(0), n_steps, np.int64(1))
        keys = graph.add("Add", graph.add("Mul", present, n_steps), in_time)
        return _Steps(inputs.skipped, graph.sort_order(keys, n_steps), n_steps)

    def _ordered(self, inputs, steps):
        """Join the channels, the indicators and the channel of skipped steps, (T, n, F + 1), in their order."""
        graph, skipped = self._graph, self._graph.new_axis(inputs.skipped, 2)
        parts = [inputs.x] + [inputs.indicators] * (inputs.indicators is not None)
        x = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=2)
        x = graph.cast(graph.add("Where", skipped, self._fitted.dtype.type(0), x), OF_LAYERS)
        x = graph.add("Concat", x, graph.cast(skipped, OF_LAYERS), axis=2)
        place = graph.new_axis(steps.order, 2)
        x = graph.gather(x, place, [1, 1, self._network.layout.n_channels + 1], 1)
        return graph.add("Transpose", x, perm=[1, 0, 2])

    def _in_time(self, raw, steps):
        """Put values of every step (n, T, width) back into the order of time."""
        graph, width = self._graph, self._network.layout.n_values
        place = graph.sort_order(steps.order, steps.n_steps)  # the inverse of a permutation
        return graph.gather(raw, graph.new_axis(place, 2), [1, 1, width], 1)

    # ---- layers

    def _states(self, x, steps):
        """Add the layers for x (T, n, F + 1); return the states of the read-out, (T, n, DH) or (n, DH)."""
        graph, layout = self._graph, self._network.layout
        skipped = graph.part(x, layout.n_channels, layout.n_channels + 1, 2)
        present = graph.add("Sub", OF_LAYERS.type(1), skipped) if layout.n_directions == 2 else None
        for level in range(layout.n_layers - 1):
            Y, _ = self._layer(x, level, keeps_all=True)
            x = graph.add("Concat", self._joined(Y, present), skipped, axis=2)
        keeps_all = self._every_step or layout.n_directions == 2
        Y, last = self._layer(x, layout.n_layers - 1, keeps_all)
        if self._every_step:
            return self._joined(Y, present)
        if layout.n_directions == 1:
            return graph.add("Squeeze", last, [0])
        return self._last_states(Y, last, skipped, steps)

    def _layer(self, x, level, keeps_all):
        """Add one layer; return its states at every step, (T, D, n, H), if they are kept, and the last, (D, n, H)."""
        layout = self._network.layout
        direction = "forward" if layout.n_directions == 1 else "bidirectional"
        weights = layer_weights(layout, self._fitted.theta, level)
        sizes = {"hidden_size": layout.hidden_size, "direction": direction}
        return self._graph.add_several("LSTM", 2, x, *weights, is_kept=(keeps_all, True), **sizes)

    def _joined(self, Y, present):
        """Join the states of the directions at every step, (T, n, DH), which are 0 at skipped steps."""
        graph, layout = self._graph, self._network.layout
        if present is None:
            return graph.add("Squeeze", Y, [1])
        side_by_side = graph.add("Transpose", Y, perm=[0, 2, 1, 3])
        states = graph.add("Reshape", side_by_side, [0, 0, 2 * layout.hidden_size])
        return graph.add("Mul", states, present)

    def _last_states(self, Y, last, skipped, steps):
        """Join the last forward state and the backward one at the first present step, (n, 2H)."""
        graph, H = self._graph, self._network.layout.hidden_size
        n_skipped = graph.cast(graph.total(skipped, 0), np.int64)  # (1, n, 1)
        first = graph.add("Min", n_skipped, graph.add("Sub", steps.n_steps, np.int64(1)))  # if all are skipped
        backward = graph.gather(graph.add("Gather", Y, np.int64(1), axis=1), first, [1, 1, H], 0)
        forward = graph.part(last, 0, 1, 0)
        return graph.add("Squeeze", graph.add("Concat", forward, backward, axis=2), [0])

    def _read_out(self, states):
        """Add the read-out; return its values (n, QK) or (n, T, QK)."""
        graph, dtype = self._graph, self._fitted.dtype
        _, matrix = self._network.layout.matrices(self._fitted.theta)
        if dtype != OF_LAYERS:
            states = graph.cast(states, dtype)
        raw = graph.add("MatMul", states, np.ascontiguousarray(matrix[:, 1:].T))
        raw = graph.add("Add", raw, np.ascontiguousarray(matrix[:, 0]))
        return graph.add("Transpose", raw, perm=[1, 0, 2]) if self._every_step else raw

    # ---- predictions

    def _point(self, raw, inputs):
        """Add what `Loss.point` does, and the scaling."""
        loss, rank = self._network.loss, 3 if self._every_step else 2
        y = self._level(raw, loss.middle)
        if isinstance(loss, Poisson):
            spread = np.broadcast_to(loss.spread.ravel(), self._network.n_outputs)
            y = self._graph.add("Exp", self._graph.add("Mul", y, spread.astype(self._fitted.dtype)))
        y = self._scaling.outputs(y, rank, inputs)
        y = self._filled(y, rank, inputs.skipped, self._network.empty_prediction[loss.middle])
        return self._graph.add("Squeeze", y, [1]) if self._fitted.y_ndim == 1 else y

    def _every_level(self, raw, inputs):
        """Add what `Loss.every_level` does, and the scaling; the levels become the last axis."""
        graph, rank = self._graph, 4 if self._every_step else 3
        levels = [graph.new_axis(level, rank - 2) for level in self._levels(raw)]
        y = levels[0] if len(levels) == 1 else graph.add("Concat", *levels, axis=rank - 2)
        y = self._scaling.outputs(y, rank, inputs)
        y = self._filled(y, rank, inputs.skipped, self._network.empty_prediction)
        y = graph.add("Transpose", y, perm=[*range(rank - 2), rank - 1, rank - 2])
        return graph.add("Squeeze", y, [1]) if self._fitted.y_ndim == 1 else y

    def _level(self, raw, number):
        """Take the raw values of one level, (n, …, K)."""
        loss, n_outputs = self._network.loss, self._network.n_outputs
        if loss.n_levels == 1:
            return raw
        return self._graph.part(raw, number * n_outputs, (number + 1) * n_outputs, 2 if self._every_step else 1)

    def _levels(self, raw):
        """Add the sums by which the levels of a quantile loss never cross; return them in increasing order."""
        loss = self._network.loss
        assert isinstance(loss, Quantile)
        levels = {loss.middle: self._level(raw, loss.middle)}
        for number in range(loss.middle + 1, loss.n_levels):
            levels[number] = self._graph.add("Add", levels[number - 1], self._softplus(self._level(raw, number)))
        for number in range(loss.middle - 1, -1, -1):
            levels[number] = self._graph.add("Sub", levels[number + 1], self._softplus(self._level(raw, number)))
        return [levels[number] for number in range(loss.n_levels)]

    def _softplus(self, x):
        """Add log(1 + exp(x)), which does not overflow."""
        graph, zero, one = self._graph, self._fitted.dtype.type(0), self._fitted.dtype.type(1)
        tail = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
        return graph.add("Add", graph.add("Max", x, zero), graph.add("Log", graph.add("Add", tail, one)))

    def _filled(self, y, rank, skipped, empty):
        """Fill the predictions of samples without a present step or, at every step, of skipped steps by NaN."""
        graph = self._graph
        if self._every_step:
            axes = list(range(2, rank))
            return graph.add("Where", graph.add("Unsqueeze", skipped, axes), self._fitted.dtype.type(np.nan), y)
        is_empty = graph.all_along(skipped, 1)  # (n, 1)
        if rank == 3:
            is_empty = graph.new_axis(is_empty, 2)
        return graph.add("Where", is_empty, empty, y)
