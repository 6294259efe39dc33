"""`TrainingState`, which an `LSTMRegressor` keeps besides its weights."""

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from sklstm._estimator.forecast_start import ForecastStart
from sklstm._network.network import Network
from sklstm._training.optimizers import MomentOptimizer
from sklstm._training.progress import Progress
from sklstm._utils.forecast_bounds import WindowRange

NO_FINGERPRINT = ((),)  # of a model that has seen no samples


@dataclass(frozen=True)
class TrainingState:
    """Everything that predictions need besides the weights, and that training needs to continue exactly.

    A call of `fit` or `partial_fit` makes a new state and leaves the earlier one as it was.

    Parameters
    ----------
    network : Network
    settings : dict
        The parameters that cannot change while training continues.
    y_ndim : int
        Number of dimensions of the targets.
    forecast_start : ForecastStart or None
        The end of the training samples; None for a model that was made from weights.
    window_range : WindowRange
        Range of all training samples.
    fingerprint : tuple
        Equal for two calls if their losses can be compared.
    split_seed : int
        Draws the validation samples of `validation_split="random"`.
    rng : numpy.random.Generator
    progress : Progress
    optimizer : MomentOptimizer or None
    max_updates : int or None
        Largest number of updates in the call; None without such a limit.
    theta : ndarray or None
        The weights, which training changes in place. After training: the last ones, or None if they equal `theta_`.
    """

    network: Network
    settings: dict[str, object]
    y_ndim: int
    forecast_start: ForecastStart | None
    window_range: WindowRange
    fingerprint: tuple[Hashable, ...]
    split_seed: int
    rng: np.random.Generator
    progress: Progress
    optimizer: MomentOptimizer | None
    max_updates: int | None
    theta: np.ndarray | None

    def at(self, theta):
        """Return the state from which training continues, for a regressor with the weights `theta`.

        These are the last weights. If the user has changed `theta` (the weights of the best epoch), training continues
        from `theta`.
        """
        keeps_last = self.theta is not None and np.array_equal(theta, self.progress.best_theta)
        return self if keeps_last else replace(self, theta=theta)

    def copied(self):
        """Return a copy that can be trained further without a change of this state."""
        optimizer, rng = deepcopy((self.optimizer, self.rng))
        return replace(self, theta=self.theta.copy(), optimizer=optimizer, rng=rng, progress=replace(self.progress))

    def without_history(self, theta):
        """Return the state of a model that has these weights, and knows no more of its training than their scaling."""
        return replace(
            self,
            forecast_start=None,
            fingerprint=NO_FINGERPRINT,
            progress=Progress(),
            optimizer=None,
            max_updates=None,
            theta=theta,
        )

    def attributes(self, keeps_best=False):
        """Return the fitted attributes, with the best weights (`keeps_best`) or the last ones."""
        progress = self.progress
        best = progress.best_theta if keeps_best else None
        is_last = best is None
        score = progress.score if is_last else progress.best_score
        return {
            "_state": replace(self, theta=None) if is_last else self,
            "theta_": (self.theta if is_last else best).copy(),
            "loss_": progress.loss,
            "best_loss_": progress.smallest_loss if progress.n_epochs else np.nan,
            "best_iter_": progress.n_epochs if is_last else progress.best_epoch,
            "best_validation_score_": score if progress.watches_validation else None,
            "n_iter_": progress.n_epochs,
            "t_": progress.n_seen,
            "max_updates_": self.max_updates,
            "n_outputs_": self.network.n_outputs,
        }
