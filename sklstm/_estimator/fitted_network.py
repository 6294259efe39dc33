"""`FittedNetwork`, what another library needs in order to predict as a fitted `LSTMRegressor` does."""

from dataclasses import dataclass

import numpy as np

from sklstm._network.network import Network
from sklstm._utils.checks import check_fitted


@dataclass(frozen=True)
class FittedNetwork:
    """The network of a fitted `LSTMRegressor`, its weights, and the forms of its input and its predictions.

    Parameters
    ----------
    network : Network
    theta : ndarray of shape (n_parameters,)
        A copy of the weights.
    y_ndim : int
        Number of dimensions of the predictions.
    is_sequence : bool
        Whether samples are sequences (3-D) or rows of a table (2-D).
    n_features : int
        Number of columns of a table, or of channels of sequences.
    settings : dict
        The parameters of the last fit that cannot change while training continues, by name.
    """

    network: Network
    theta: np.ndarray
    y_ndim: int
    is_sequence: bool
    n_features: int
    settings: dict[str, object]

    @property
    def dtype(self):
        """The precision of all computations."""
        return self.theta.dtype

    @property
    def n_columns(self):
        """Number of columns of a table; None for sequences, whose number of steps is free."""
        return None if self.is_sequence else self.n_features


def fitted_network(regressor):
    """Return the FittedNetwork of an LSTMRegressor; NotFittedError if it is not fitted."""
    check_fitted(regressor, "theta_")
    attributes = vars(regressor).copy()  # at once, as another thread may fit it again
    state, spec = attributes["_state"], attributes["_input_spec"]
    return FittedNetwork(
        state.network,
        attributes["theta_"].copy(),
        state.y_ndim,
        spec.is_sequence,
        attributes["n_features_in_"],
        dict(state.settings),
    )
