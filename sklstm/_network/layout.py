"""The place of each parameter in the flat vector `theta`.

`theta` contains a matrix `[weight_ih | bias | weight_hh]` for each layer, from the bottom to the top. A bidirectional
layer has two: forward, then backward. The matrix `[bias | weight]` of the read-out comes last. All matrices returned
here are views: writing into them changes `theta`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.caches import PickledByFields, cached_property

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, FloatDType


@dataclass(frozen=True)
class Layout(PickledByFields):
    """Sizes of the network, and the place of each parameter in `theta`.

    Parameters
    ----------
    n_channels, hidden_size : int
        F and H.
    n_values : int
        QK, the number of values of the read-out: Q raw values of the loss for each of K outputs.
    n_layers : int, default=1
        L, the number of layers. Each layer but the first reads the states of the layer below.
    n_directions : int, default=1
        D. It is 2 if every layer also reads the steps from the last to the first.
    """

    n_channels: int
    hidden_size: int
    n_values: int
    n_layers: int = 1
    n_directions: int = 1

    @property
    def widths(self) -> list[int]:
        """Number of inputs of each layer: F for the first, DH for those above."""
        return [self.n_channels] + [self.n_directions * self.hidden_size] * (self.n_layers - 1)

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes of the matrices: (4H, width + 1 + H) for the layers, (n_values, 1 + DH) for the read-out."""
        H, D = self.hidden_size, self.n_directions
        layers = [(4 * H, width + 1 + H) for width in self.widths for _ in range(D)]
        return [*layers, (self.n_values, 1 + D * H)]

    @cached_property
    def _places(self) -> list[tuple[int, int, tuple[int, int]]]:
        """Start, stop and shape of each matrix in `theta`."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes]).tolist()
        return list(zip([0, *ends[:-1]], ends, self.shapes, strict=True))

    @property
    def size(self) -> int:
        """Number of parameters. It can be asked of a network that is too large to list its matrices."""
        H, D = self.hidden_size, self.n_directions
        first, further = (4 * H * D * (width + 1 + H) for width in (self.n_channels, D * H))
        return first + (self.n_layers - 1) * further + self.n_values * (1 + D * H)

    @property
    def matrix_size(self) -> int:
        """Number of parameters of the largest layer: its multiplications for one step of one sample."""
        return max(rows * columns for rows, columns in self.shapes[:-1])

    def matrices(self, theta: FloatArray) -> tuple[list[FloatArray], FloatArray]:
        """Return the matrices of the layers, in a list, and the matrix of the read-out."""
        parts = [theta[start:stop].reshape(shape) for start, stop, shape in self._places]
        return parts[:-1], parts[-1]

    def views(self, theta: FloatArray) -> dict[str, FloatArray | list[FloatArray]]:
        """Return the weights and biases by name; those of the layers in lists."""
        layers, readout = self.matrices(theta)
        H = self.hidden_size
        return {
            "weight_ih": [matrix[:, : -H - 1] for matrix in layers],
            "bias": [matrix[:, -H - 1] for matrix in layers],
            "weight_hh": [matrix[:, -H:] for matrix in layers],
            "readout_bias": readout[:, 0],
            "readout_weight": readout[:, 1:],
        }

    def is_weight(self, dtype: FloatDType) -> FloatArray:
        """Return 1 for each weight in `theta`, to which a penalty applies, and 0 for each bias."""
        mask = np.ones(self.size, dtype)
        views = self.views(mask)
        for bias in (*views["bias"], views["readout_bias"]):
            bias[...] = 0
        return mask
