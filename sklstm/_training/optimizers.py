"""Optimisers and gradient clipping: in place, on one flat vector.

An optimiser owns its state (and scratch of the same size as `theta`), counts its updates in
`n_updates` and follows PyTorch's formulas. Sources: Sutskever et al. (2013), *On the importance of
initialization and momentum*; Kingma and Ba (2015), *Adam*; Loshchilov and Hutter (2019), *Decoupled
weight decay regularization*; Tieleman and Hinton (2012), *Neural networks for machine learning*,
lecture 6.5, for RMSprop; Pascanu et al. (2013), *On the difficulty of training recurrent neural
networks*, for clipping by norm.
"""

import numpy as np


class _Optimizer:
    """What optimisers share: a count of their updates, and moments that can be taken over."""

    def __init__(self, theta, n_moments):
        self.n_updates = 0
        self._moments = np.zeros((n_moments, *theta.shape), theta.dtype)

    def take_over(self, other):
        """Go on where `other` is, if it is of the same kind; settings are one's own."""
        if type(other) is type(self):
            self.n_updates = other.n_updates
            self._moments[...] = other._moments


def _not_zero(epsilon, dtype):
    """Epsilon, or the smallest number that is not 0 in this precision: where a gradient is 0, it divides 0."""
    return max(epsilon, float(np.finfo(dtype).tiny))


class SGD(_Optimizer):
    """Stochastic gradient descent with (Nesterov) momentum.

        v <- momentum · v + gradient;   theta <- theta - rate · v
        with Nesterov:                  theta <- theta - rate · (gradient + momentum · v)

    The velocity does not contain the learning rate (PyTorch's form): a change of rate acts at once.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector that will be updated; only its shape and dtype are used here.
    momentum : float
        Share of the velocity that is kept, in [0, 1]. 0 is plain gradient descent.
    nesterov : bool
        Whether to look ahead along the velocity.
    """

    def __init__(self, theta, momentum, nesterov):
        self.momentum, self.nesterov = momentum, nesterov
        super().__init__(theta, n_moments=1)

    def update(self, theta, gradient, learning_rate):
        """Move `theta` one step; uses `gradient` up."""
        self.n_updates += 1
        if self.momentum:
            velocity = self._moments[0]
            velocity *= self.momentum
            velocity += gradient
            if self.nesterov:
                gradient += self.momentum * velocity
            else:
                gradient[...] = velocity
        gradient *= learning_rate
        theta -= gradient


class Adam(_Optimizer):
    """Adam, with epsilon added *after* the bias correction, as in the paper's main form and PyTorch.

        m <- beta_1 m + (1 - beta_1) gradient;   v <- beta_2 v + (1 - beta_2) gradient²
        theta <- theta - rate · (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector that will be updated; only its shape and dtype are used here.
    beta_1, beta_2 : float
        Decay of the first and second moment, in [0, 1).
    epsilon : float
        Added to the root, > 0.
    """

    def __init__(self, theta, beta_1, beta_2, epsilon):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, _not_zero(epsilon, theta.dtype)
        super().__init__(theta, n_moments=2)
        self._scratch = np.empty_like(theta)

    def update(self, theta, gradient, learning_rate):
        """Move `theta` one step; uses `gradient` up."""
        self.n_updates += 1
        (mean, square), scratch = self._moments, self._scratch
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
    """Adam with decoupled weight decay: what decays never enters the moments.

        theta <- theta - rate · weight_decay · decayed · theta;   then a step of Adam

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector that will be updated; only its shape and dtype are used here.
    beta_1, beta_2, epsilon : float
        As for `Adam`.
    weight_decay : float
        Share of a weight that is lost per update and unit of learning rate, >= 0.
    decayed : ndarray of shape (n_parameters,)
        1 where `theta` decays (weights), 0 where it does not (biases).
    """

    def __init__(self, theta, beta_1, beta_2, epsilon, weight_decay, decayed):
        super().__init__(theta, beta_1, beta_2, epsilon)
        self.weight_decay, self.decayed = weight_decay, decayed.astype(theta.dtype)

    def update(self, theta, gradient, learning_rate):
        """Move `theta` one step; uses `gradient` up."""
        # subtracted, as single precision would round the factor 1 - rate · weight_decay, the same way every time
        scratch = np.multiply(theta, self.decayed, out=self._scratch)
        scratch *= learning_rate * self.weight_decay
        theta -= scratch
        super().update(theta, gradient, learning_rate)


class RMSprop(_Optimizer):
    """Gradient descent with each element's rate divided by the running size of its gradient.

        square <- rho · square + (1 - rho) gradient²
        theta <- theta - rate · gradient / (sqrt(square) + epsilon)

    PyTorch calls rho alpha. There is no bias correction: the first steps are longer by up to 1 / sqrt(1 - rho).

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The vector that will be updated; only its shape and dtype are used here.
    rho : float
        Decay of the mean square, in [0, 1).
    epsilon : float
        Added to the root, > 0.
    """

    def __init__(self, theta, rho, epsilon):
        self.rho, self.epsilon = rho, _not_zero(epsilon, theta.dtype)
        super().__init__(theta, n_moments=1)
        self._scratch = np.empty_like(theta)

    def update(self, theta, gradient, learning_rate):
        """Move `theta` one step; uses `gradient` up."""
        self.n_updates += 1
        square, scratch = self._moments[0], self._scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch
        np.sqrt(square, out=scratch)
        scratch += self.epsilon
        gradient /= scratch
        gradient *= learning_rate
        theta -= gradient


def clip(gradient, value=None, norm=None):
    """Clip `gradient` in place: every element to ±`value`, then the whole to Euclidean length `norm`.

    None leaves that kind of clipping out. The direction survives clipping by norm, not by value.
    """
    if value is not None:
        np.clip(gradient, -value, value, out=gradient)
    if norm is not None:
        length = float(np.sqrt(np.vdot(gradient, gradient)))
        if not np.isfinite(length):  # the squares do not fit into single precision
            length = float(np.linalg.norm(gradient.astype(np.float64)))
        if length > norm:
            gradient *= norm / length
