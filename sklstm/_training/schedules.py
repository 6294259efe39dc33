"""Schedules of the learning rate.

Sources: scikit-learn's `MLPRegressor` for constant, invscaling and adaptive; Loshchilov and Hutter (2017), *SGDR:
stochastic gradient descent with warm restarts*, for cosine.
"""

import math
from dataclasses import dataclass

SMALLEST_CUT = 1e-6  # as in MLPRegressor: at this rate, training ends and the rate is not lowered again


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of the progress of training. It has no state.

        constant      initial
        invscaling    initial / (n_updates + 1)^power
        adaptive      initial / 5^n_cuts
        cosine        initial · ½ (1 + cos(π · position))

    Parameters
    ----------
    kind : {"constant", "invscaling", "adaptive", "cosine"}
    initial : float
        Learning rate of the first update, > 0.
    power : float
        Exponent of "invscaling".
    """

    kind: str
    initial: float
    power: float

    def rate(self, n_updates: int, position: float, n_cuts: int) -> float:
        """Return the learning rate of the next update. Each kind uses at most one of the arguments.

        Parameters
        ----------
        n_updates : int
            Number of updates already done. scikit-learn counts samples instead; a sample of weight 2 would then
            differ from two equal samples.
        position : float
            Share of the period that is over, in [0, 1).
        n_cuts : int
            How often the rate was lowered because the loss had stopped improving.

        Returns
        -------
        rate : float
        """
        rate: float = self.initial
        match self.kind:
            case "invscaling":
                rate *= (n_updates + 1) ** -self.power  # may become 0, where 1 / … could overflow
            case "adaptive":
                rate /= 5**n_cuts
            case "cosine":
                rate *= 0.5 * (1 + math.cos(math.pi * position))
        return rate

    @property
    def is_planned(self) -> bool:
        """Whether the schedule has a planned end, before which training should not stop."""
        return self.kind == "cosine"

    def can_cut(self, n_cuts: int) -> bool:
        """Return whether the rate, lowered `n_cuts` times, is lowered again when the loss stops improving."""
        return self.kind == "adaptive" and self.rate(0, 0.0, n_cuts) > SMALLEST_CUT
