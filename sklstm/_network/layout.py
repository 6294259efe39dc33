"""All parameters of the model in one flat vector, and names for its parts.

`theta` is one matrix `[weight_ih | bias | weight_hh]` after the other, layer by layer, in each layer
first the forward direction and then, if there is one, the backward; followed by the read-out's
`[bias | weight]`. Whatever this module returns is a view: writing into it changes `theta`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Where each parameter lies in `theta`.

    Parameters
    ----------
    n_channels, hidden_size : int
        F and H.
    n_values : int
        Rows of the read-out: the outputs, for each value that the loss needs of them.
    n_layers : int, default=1
        L: each but the first reads the states of the one below.
    n_directions : int, default=1
        D: 2 where every layer also reads from the last step to the first.
    """

    n_channels: int
    hidden_size: int
    n_values: int
    n_layers: int = 1
    n_directions: int = 1

    @property
    def widths(self):
        """What each layer reads at a step: F, and above the first the DH states of the one below."""
        return [self.n_channels] + [self.n_directions * self.hidden_size] * (self.n_layers - 1)

    @cached_property
    def shapes(self):
        """Of the matrices: (4H, width + 1 + H) for the layers and (n_values, 1 + DH) for the read-out."""
        H, D = self.hidden_size, self.n_directions
        layers = [(4 * H, width + 1 + H) for width in self.widths for _ in range(D)]
        return [*layers, (self.n_values, 1 + D * H)]

    @cached_property
    def _places(self):
        """Start, stop and shape of each matrix in `theta`."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes]).tolist()
        return list(zip([0, *ends[:-1]], ends, self.shapes, strict=True))

    @property
    def size(self):
        """Number of parameters."""
        return self._places[-1][1]

    @property
    def matrix_size(self):
        """Parameters of the largest layer, and multiplications of one of its steps of one sample."""
        return max(rows * columns for rows, columns in self.shapes[:-1])

    def matrices(self, theta):
        """The matrices that the kernels take: those of the layers, in a list, and the read-out's."""
        parts = [theta[start:stop].reshape(shape) for start, stop, shape in self._places]
        return parts[:-1], parts[-1]

    def views(self, theta):
        """The named weights, by name: for those of the layers a list."""
        layers, readout = self.matrices(theta)
        H = self.hidden_size
        return {
            "weight_ih": [matrix[:, : -H - 1] for matrix in layers],
            "bias": [matrix[:, -H - 1] for matrix in layers],
            "weight_hh": [matrix[:, -H:] for matrix in layers],
            "readout_bias": readout[:, 0],
            "readout_weight": readout[:, 1:],
        }

    def is_weight(self, dtype):
        """1 for each weight in `theta`, 0 for each bias: what a penalty applies to."""
        mask = np.ones(self.size, dtype)
        views = self.views(mask)
        for bias in (*views["bias"], views["readout_bias"]):
            bias[...] = 0
        return mask
