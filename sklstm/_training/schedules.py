"""Learning rates over training.

Sources: scikit-learn's `MLPRegressor` for constant, invscaling and adaptive; Loshchilov and Hutter (2017), *SGDR:
stochastic gradient descent with warm restarts*, for cosine.
"""

import math
from dataclasses import dataclass

SMALLEST_CUT = 1e-6  # MLPRegressor's: at this rate or below, running out of patience ends training


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of how far training has come; it has no state of its own.

        constant      initial
        invscaling    initial / (n_updates + 1)^power
        adaptive      initial / 5^n_cuts
        cosine        initial · ½ (1 + cos(π · position))

    Parameters
    ----------
    kind : {"constant", "invscaling", "adaptive", "cosine"}
    initial : float
        The rate of the first update, > 0.
    power : float
        How fast invscaling falls; used by no other kind.
    """

    kind: str
    initial: float
    power: float

    def rate(self, n_updates, position, n_cuts):
        """Return the rate of the next update; each kind looks at one of the arguments at most.

        Parameters
        ----------
        n_updates : int
            Updates already done. scikit-learn counts samples here, by which a row of weight 2 would not be the
            same as the row twice.
        position : float
            Share of the period that is over, in [0, 1).
        n_cuts : int
            How many times patience has run out.

        Returns
        -------
        rate : float
        """
        match self.kind:
            case "constant":
                return self.initial
            case "invscaling":
                return self.initial * (n_updates + 1) ** -self.power  # may be 0, where 1 / … could overflow
            case "adaptive":
                return self.initial / 5**n_cuts
            case "cosine":
                return self.initial * 0.5 * (1 + math.cos(math.pi * position))

    @property
    def is_planned(self):
        """Whether the rate at the end was decided at the beginning: to stop before would be to stop midway."""
        return self.kind == "cosine"

    def can_cut(self, n_cuts):
        """Whether running out of patience after `n_cuts` cuts lowers the rate once more instead of ending training."""
        return self.kind == "adaptive" and self.rate(0, 0.0, n_cuts) > SMALLEST_CUT
