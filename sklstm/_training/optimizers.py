"""Optimisers and gradient clipping. All work in place on one flat vector of parameters.

An optimiser keeps moments of the gradient, counts its updates in `n_updates`, and follows the formulas of PyTorch.
Sources: Sutskever et al. (2013), *On the importance of initialization and momentum*; Kingma and Ba (2015), *Adam*;
Loshchilov and Hutter (2019), *Decoupled weight decay regularization*; Tieleman and Hinton (2012), *Neural networks for
machine learning*, lecture 6.5, for RMSprop; Pascanu et al. (2013), *On the difficulty of training recurrent neural
networks*, for clipping by norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray


class MomentOptimizer:
    """Base class of the optimisers: counts updates, and keeps moments of the gradient."""

    def __init__(self, theta: FloatArray, n_moments: int) -> None:
        self.n_updates = 0
        self.moments = np.zeros((n_moments, *theta.shape), theta.dtype)

    def take_over(self, other: MomentOptimizer | None) -> None:
        """Copy the count and the moments of `other` if it is of the same class. Settings are not copied."""
        if other is not None and type(other) is type(self):
            self.n_updates = other.n_updates
            self.moments[...] = other.moments


def _nonzero(epsilon: float, theta: FloatArray) -> float:
    """Return epsilon, at least the smallest normal number of the precision, as a gradient of 0 is divided by it."""
    return max(epsilon, float(np.finfo(theta.dtype).tiny))


class SGD(MomentOptimizer):
    """Stochastic gradient descent with (Nesterov) momentum.

        v <- momentum · v + gradient;   theta <- theta - rate · v
        with Nesterov:                  theta <- theta - rate · (gradient + momentum · v)

    As in PyTorch, the velocity does not contain the learning rate, so a change of the rate has full effect at once.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector to update; only its shape and dtype are used here.
    momentum : float
        Share of the velocity that is kept, in [0, 1]. 0 is plain gradient descent.
    nesterov : bool
        Whether to use Nesterov momentum.
    """

    def __init__(self, theta: FloatArray, momentum: float, nesterov: bool) -> None:
        self.momentum, self.nesterov = momentum, nesterov
        super().__init__(theta, n_moments=1)

    def update(self, theta: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """Move `theta` one step in place; `gradient` is overwritten."""
        self.n_updates += 1
        if self.momentum:
            velocity = self.moments[0]
            velocity *= self.momentum
            velocity += gradient
            if self.nesterov:
                gradient += self.momentum * velocity
            else:
                gradient[...] = velocity
        gradient *= learning_rate
        theta -= gradient


class Adam(MomentOptimizer):
    """Adam, with epsilon added *after* the bias correction, as in the paper and in PyTorch.

        m <- beta_1 m + (1 - beta_1) gradient;   v <- beta_2 v + (1 - beta_2) gradient²
        theta <- theta - rate · (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector to update; only its shape and dtype are used here.
    beta_1, beta_2 : float
        Decay rates of the first and second moment, in [0, 1).
    epsilon : float
        Added to the root, > 0.
    """

    def __init__(self, theta: FloatArray, beta_1: float, beta_2: float, epsilon: float) -> None:
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, _nonzero(epsilon, theta)
        super().__init__(theta, n_moments=2)
        self._scratch = np.empty_like(theta)

    def update(self, theta: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """Move `theta` one step in place; `gradient` is overwritten."""
        self.n_updates += 1
        (mean, square), scratch = self.moments, self._scratch
        np.multiply(gradient, 1 - self.beta_1, out=scratch)
        mean *= self.beta_1
        mean += scratch
        gradient *= gradient
        gradient *= 1 - self.beta_2
        square *= self.beta_2
        square += gradient
        np.sqrt(square, out=scratch)
        scratch *= (1 - self.beta_2**self.n_updates) ** -0.5
        scratch += self.epsilon
        np.divide(mean, scratch, out=scratch)
        scratch *= learning_rate / (1 - self.beta_1**self.n_updates)
        theta -= scratch


class AdamW(Adam):
    """Adam with decoupled weight decay, which does not enter the moments.

        theta <- theta - rate · weight_decay · decayed · theta;   then a step of Adam

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector to update; only its shape and dtype are used here.
    beta_1, beta_2, epsilon : float
        As for `Adam`.
    weight_decay : float
        Share by which a weight shrinks in an update with a learning rate of 1, >= 0.
    decayed : ndarray of shape (n_parameters,)
        1 for elements of `theta` that decay (weights), 0 for others (biases).
    """

    def __init__(
        self,
        theta: FloatArray,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        weight_decay: float,
        decayed: FloatArray,
    ) -> None:
        super().__init__(theta, beta_1, beta_2, epsilon)
        self.weight_decay, self.decayed = weight_decay, decayed.astype(theta.dtype)

    def update(self, theta: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """Move `theta` one step in place; `gradient` is overwritten."""
        # subtracted, as float32 would round the factor 1 - rate · weight_decay in the same direction every time
        scratch = np.multiply(theta, self.decayed, out=self._scratch)
        scratch *= learning_rate * self.weight_decay
        theta -= scratch
        super().update(theta, gradient, learning_rate)


class RMSprop(MomentOptimizer):
    """Gradient descent in which each element is divided by the running root mean square of its gradient.

        square <- rho · square + (1 - rho) gradient²
        theta <- theta - rate · gradient / (sqrt(square) + epsilon)

    PyTorch calls rho alpha. There is no bias correction, so the first steps are up to 1 / sqrt(1 - rho) times longer.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector to update; only its shape and dtype are used here.
    rho : float
        Decay rate of the mean square, in [0, 1).
    epsilon : float
        Added to the root, > 0.
    """

    def __init__(self, theta: FloatArray, rho: float, epsilon: float) -> None:
        self.rho, self.epsilon = rho, _nonzero(epsilon, theta)
        super().__init__(theta, n_moments=1)
        self._scratch = np.empty_like(theta)

    def update(self, theta: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """Move `theta` one step in place; `gradient` is overwritten."""
        self.n_updates += 1
        square, scratch = self.moments[0], self._scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch
        np.sqrt(square, out=scratch)
        scratch += self.epsilon
        gradient /= scratch
        gradient *= learning_rate
        theta -= gradient


def clip(gradient: FloatArray, value: float | None = None, norm: float | None = None) -> None:
    """Clip `gradient` in place: every element to ±`value`, then the whole to Euclidean length `norm`.

    None turns that kind of clipping off. Clipping by norm keeps the direction of the gradient; clipping by value does
    not.
    """
    if value is not None:
        np.clip(gradient, -float(value), float(value), out=gradient)  # of an integer of any size
    if norm is not None:
        length = float(np.sqrt(np.vdot(gradient, gradient)))
        if not np.isfinite(length):  # squares overflow
            largest = float(np.abs(gradient).max())
            length = largest * float(np.linalg.norm(gradient.astype(np.float64) / largest))
        if length > norm:
            gradient *= norm / length
