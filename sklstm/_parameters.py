"""All parameters of the model in one flat vector, and names for its parts.

`theta` is the layer's matrix `[weight_ih | bias | weight_hh]`, (4H, F + 1 + H), followed by the
read-out's `[bias | weight]`, (K, 1 + H). Whatever this module returns is a view: writing into it
changes `theta`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Where each parameter lies in `theta`.

    Parameters
    ----------
    n_channels, hidden_size, n_outputs : int
        F, H and K.
    """

    n_channels: int
    hidden_size: int
    n_outputs: int

    @property
    def size(self):
        """Number of parameters."""
        return self.matrix_size + self.n_outputs * (1 + self.hidden_size)

    @property
    def matrix_size(self):
        """Parameters of the layer, and multiplications of one step of one sample."""
        return 4 * self.hidden_size * (self.n_channels + 1 + self.hidden_size)

    def matrices(self, theta):
        """The two matrices that the kernels take: the layer's and the read-out's."""
        matrix = theta[: self.matrix_size].reshape(4 * self.hidden_size, -1)
        return matrix, theta[self.matrix_size :].reshape(self.n_outputs, -1)

    def views(self, theta):
        """The named weights, by name."""
        matrix, readout = self.matrices(theta)
        F = self.n_channels
        return {
            "weight_ih": matrix[:, :F],
            "bias": matrix[:, F],
            "weight_hh": matrix[:, F + 1 :],
            "readout_bias": readout[:, 0],
            "readout_weight": readout[:, 1:],
        }

    def is_weight(self, dtype):
        """1 for each weight in `theta`, 0 for each bias: what a penalty applies to."""
        mask = np.ones(self.size, dtype)
        views = self.views(mask)
        views["bias"][...] = views["readout_bias"][...] = 0
        return mask
