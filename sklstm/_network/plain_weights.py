"""The weights of a network as PyTorch and Keras keep them: apart, with the gates in another order.

The gates are i, f, g, o there (input, forget, candidate, output), and i, f, o, g in `theta`. Each gate has one bias
here, as in Keras; PyTorch has two, whose sum it is.

A bare LSTM of another library knows no scaling. `folded_weights` puts the standardisation of inputs and outputs into
the weights: W (x - mean) / scale + b = (W / scale) x + (b - W mean / scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._network.layout import Layout
from sklstm._network.losses import Poisson
from sklstm._utils.threads import with_one_blas_thread

if TYPE_CHECKING:
    from sklstm._network.network import Network
    from sklstm._utils.typing import FloatArray


@dataclass(frozen=True)
class LayerWeights:
    """The weights of one layer and direction. The rows are those of the gates i, f, g, o.

    Parameters
    ----------
    weight_ih : ndarray of shape (4H, n_inputs)
    weight_hh : ndarray of shape (4H, H)
    bias : ndarray of shape (4H,)
    """

    weight_ih: FloatArray
    weight_hh: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class NetworkWeights:
    """All weights of a network.

    Parameters
    ----------
    layers : list of LayerWeights
        From the bottom to the top; of a bidirectional layer forward, then backward.
    n_directions : int
        D.
    readout_weight : ndarray of shape (K, DH)
    readout_bias : ndarray of shape (K,)
    """

    layers: list[LayerWeights]
    n_directions: int
    readout_weight: FloatArray
    readout_bias: FloatArray

    @property
    def layout(self) -> Layout:
        """The layout of `theta` for these weights."""
        H, n_inputs = self.layers[0].weight_hh.shape[1], self.layers[0].weight_ih.shape[1]
        return Layout(n_inputs, H, len(self.readout_bias), len(self.layers) // self.n_directions, self.n_directions)

    @classmethod
    def from_theta(cls, layout: Layout, theta: FloatArray) -> NetworkWeights:
        """Copy the weights out of `theta`."""
        matrices, readout = layout.matrices(theta)
        H = layout.hidden_size
        ordered = [_with_last_gates_swapped(matrix) for matrix in matrices]
        layers = [
            LayerWeights(matrix[:, : -H - 1].copy(), matrix[:, -H:].copy(), matrix[:, -H - 1].copy())
            for matrix in ordered
        ]
        return cls(layers, layout.n_directions, readout[:, 1:].copy(), readout[:, 0].copy())

    def to_theta(self) -> FloatArray:
        """Return the weights as one vector."""
        layout = self.layout
        theta = np.empty(layout.size, self.readout_weight.dtype)
        matrices, readout = layout.matrices(theta)
        for matrix, layer in zip(matrices, self.layers, strict=True):
            parts = layer.weight_ih, layer.bias[:, np.newaxis], layer.weight_hh
            matrix[...] = _with_last_gates_swapped(np.concatenate(parts, axis=1))
        readout[:, 0], readout[:, 1:] = self.readout_bias, self.readout_weight
        return theta


def _with_last_gates_swapped(matrix: FloatArray) -> FloatArray:
    """Return rows of the gates i, f, o, g in the order i, f, g, o, or the other way round."""
    i, f, third, fourth = np.split(matrix, 4)
    return np.concatenate((i, f, fourth, third))


def largest_shift(network: Network) -> float:
    """Return the largest mean of a channel beside its deviation: by so much, folding loses precision."""
    scaling = network.scaling
    if scaling.channel_mean is None or scaling.channel_scale is None:
        return 0.0
    return float(np.abs(scaling.channel_mean / scaling.channel_scale).max())


@with_one_blas_thread
def folded_weights(network: Network, theta: FloatArray) -> NetworkWeights:
    """Return weights, in float64, with which a network without scaling predicts what `network` predicts.

    There must be no instance norm, and no missing indicators. Of several quantiles, the one that `predict` returns is
    kept. With the Poisson loss, the outputs are the logarithms of the predictions; one that is constantly 0 becomes
    minus infinity.
    """
    layout, theta = network.layout, theta.astype(np.float64)
    layers, readout = layout.matrices(theta)
    for matrix in layers[: layout.n_directions]:
        _fold_inputs(network, matrix)
    first = network.loss.middle * network.n_outputs
    kept = readout[first : first + network.n_outputs]
    _fold_outputs(network, kept)
    whole = NetworkWeights.from_theta(layout, theta)
    return NetworkWeights(whole.layers, whole.n_directions, kept[:, 1:].copy(), kept[:, 0].copy())


def _fold_inputs(network: Network, matrix: FloatArray) -> None:
    """Put the scaling of the channels into the matrix of a layer, in place."""
    scaling, F = network.scaling, network.layout.n_channels
    weight = matrix[:, :F]
    if scaling.channel_mean is not None and scaling.channel_scale is not None:
        mean, scale = (part.ravel().astype(np.float64) for part in (scaling.channel_mean, scaling.channel_scale))
        matrix[:, F] -= weight @ (mean / scale)
        weight /= scale
    if scaling.channel_unit is not None:
        weight /= scaling.channel_unit.ravel()


def _fold_outputs(network: Network, readout: FloatArray) -> None:
    """Put the scaling of the targets into the matrix of the read-out, in place."""
    scaling = network.scaling
    unit, mean, scale = (
        default if part is None else part.ravel().astype(np.float64)
        for part, default in ((scaling.target_unit, 1.0), (scaling.target_mean, 0.0), (scaling.target_scale, 1.0))
    )
    constant = np.full(len(readout), np.nan) if scaling.constant is None else scaling.constant.ravel() * unit
    if scaling.is_constant is not None:
        constant = np.where(scaling.is_constant.ravel(), mean * unit, constant)
    if isinstance(network.loss, Poisson):
        readout *= network.loss.spread.reshape(-1, 1)
        readout[:, 0] += np.log(scale) + np.log(unit)
        with np.errstate(divide="ignore"):
            constant = np.log(constant)
    else:
        readout *= np.reshape(scale, (-1, 1))
        readout[:, 0] += mean
        readout *= np.reshape(unit, (-1, 1))
    is_constant = ~np.isnan(constant)
    readout[is_constant] = 0
    readout[is_constant, 0] = constant[is_constant]
