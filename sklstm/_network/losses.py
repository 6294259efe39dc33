"""Value and gradient of each loss, and the answer that it wants.

    raw (…, Q·K, B)       what the read-out gives: Q levels of K outputs, level j of output k at j·K + k
    target (…, K, B)      in standardised units and raw's dtype; finite everywhere, also where weight is 0
    weight (…, B)         ≥ 0, and 0 where a target does not count
    p                     an answer; y a target; e = p - y; Σ runs over all targets (…, K, B)

Q is 1 but for several quantiles, and "…" is either nothing or the steps.

At a kink the gradient is the mean of the two one-sided ones, which is what central differences give:
0 for the absolute error, ½ - q for the pinball loss.

Sources: Huber (1964), *Robust Estimation of a Location Parameter*; Koenker and Bassett (1978),
*Regression Quantiles*, for the pinball loss; Park et al. (2022), *Learning Quantile Functions without
Quantile Crossing for Distribution-free Time Series Forecasting*, for levels as sums of increments;
McCullagh and Nelder (1989), *Generalized Linear Models*, for the Poisson deviance and its log link.
"""

import numpy as np
from scipy.special import expit, ndtri


class Loss:
    """Base class: a loss with one level, whose prediction is `raw` itself.

    The class attributes are the only place that says what is special about a loss. To add a loss, write a
    subclass and enter it in `LOSSES`.

    Attributes
    ----------
    needs_nonnegative : bool
        Whether targets and predictions must be >= 0. Such targets are neither centred nor made relative to
        their window, so `instance_norm` must be None.
    has_levels : bool
        Whether the loss predicts quantiles, so that `predict_quantiles` is available.
    constant_is_mean : bool
        Whether `constant` is the weighted mean, which can be computed chunk by chunk.
    n_levels : int
        Q, the number of raw values per output.
    middle : int
        Index of the level that `point` returns.
    """

    needs_nonnegative = False
    has_levels = False
    constant_is_mean = True
    n_levels = 1
    middle = 0

    @classmethod
    def from_settings(cls, delta, quantile):
        """Make the loss from the parameters of `LSTMRegressor`, of which most losses need none."""
        return cls()

    def __call__(self, raw, target, weight):
        """Weighted mean loss per target, and its gradient.

        Parameters
        ----------
        raw : ndarray of shape (…, Q·K, B)
        target : ndarray of shape (…, K, B)
        weight : ndarray of shape (…, B)
            Of any precision. Its sum must not be 0.

        Returns
        -------
        value : float
            Σ w · loss / (K · Σ w), with several levels the mean over them.
        gradient : ndarray of shape (…, Q·K, B)
            With respect to `raw`, in its dtype.
        """
        share = (weight / (weight.sum() * raw.shape[-2])).astype(raw.dtype, copy=False)
        value, gradient = self._weighted(raw, target, share[..., np.newaxis, :])
        return float(value), gradient

    def _weighted(self, raw, target, share):
        """Σ share · loss and its gradient; `share` (…, 1, B) is what each raw value weighs."""
        raise NotImplementedError

    def point(self, raw):
        """The one answer per output, (…, K, B); it may be a view of `raw`."""
        return raw

    def every_level(self, raw):
        """Answers at all levels, (…, Q, K, B), in increasing order; they may be a view of `raw`."""
        return self.point(raw)[..., np.newaxis, :, :]

    def constant(self, target, weight):
        """The best answer that is the same for all samples: the weighted mean.

        Parameters
        ----------
        target : ndarray of shape (K, n)
        weight : ndarray of shape (n,) or (K, n)

        Returns
        -------
        constant : ndarray of shape (Q, K) in float64
            An answer and no raw value: in the units of `target`.
        """
        weight = np.broadcast_to(weight, target.shape)
        return np.average(target.astype(np.float64), axis=-1, weights=weight)[np.newaxis]

    def initial_bias(self, n_outputs):
        """Biases of the read-out to start from, (Q·K,) in float64."""
        return np.zeros(n_outputs)

    def scaled(self, scaling):
        """The same loss for targets in the units of a `Scaling`."""
        return self


class SquaredError(Loss):
    """½ e², which the mean minimises."""

    def _weighted(self, raw, target, share):
        error = raw - target
        gradient = error * share
        return 0.5 * np.vdot(error, gradient), gradient


class AbsoluteError(Loss):
    """|e|, which the median minimises."""

    constant_is_mean = False

    def _weighted(self, raw, target, share):
        error = raw - target
        gradient = np.sign(error) * share
        return np.vdot(error, gradient), gradient

    def constant(self, target, weight):
        """Weighted median; of two, the lower one."""
        return _weighted_quantiles(target, weight, np.array([0.5]))


class Huber(Loss):
    """½ e² where |e| <= delta and delta · (|e| - ½ delta) beyond, as PyTorch's `HuberLoss`.

    `constant` is the mean all the same: it may be asked for in other units than delta is in.

    Parameters
    ----------
    delta : float
        In the units of the targets, > 0.
    """

    def __init__(self, delta):
        self.delta = float(delta)  # a NumPy scalar would make float64 of float32

    @classmethod
    def from_settings(cls, delta, quantile):
        """Make the loss from `delta`."""
        return cls(delta)

    def _weighted(self, raw, target, share):
        error = raw - target
        delta = min(self.delta, float(np.finfo(error.dtype).max))
        slope = np.clip(error, -delta, delta)
        gradient = slope * share
        return np.vdot(error - 0.5 * slope, gradient), gradient  # the loss is slope · (e - ½ slope)


class Quantile(Loss):
    """Pinball loss q · max(y - p, 0) + (1 - q) · max(p - y, 0), which the quantile q minimises.

    Several levels cannot cross: the one nearest the median (the lower of two) is `raw` itself, each
    one above it adds softplus(raw) to the one below, each one below it subtracts that from the one
    above. Softplus is not negative, and rounded sums do not decrease either.

    Parameters
    ----------
    levels : float or increasing sequence of float
        Each in (0, 1).
    """

    has_levels = True
    constant_is_mean = False

    def __init__(self, levels):
        self.levels = np.atleast_1d(np.asarray(levels, np.float64))
        self.n_levels = len(self.levels)
        # rounded, as 0.7 - 0.5 < 0.5 - 0.3
        self.middle = int(np.argmin(np.abs(self.levels - 0.5).round(12)))
        self._tilt = (0.5 - self.levels)[:, np.newaxis, np.newaxis]

    @classmethod
    def from_settings(cls, delta, quantile):
        """Make the loss from `quantile`."""
        return cls(quantile)

    def _weighted(self, raw, target, share):
        error = self.every_level(raw) - target[..., np.newaxis, :, :]
        slope = 0.5 * np.sign(error) + self._tilt.astype(raw.dtype)
        slope *= share[..., np.newaxis, :, :]
        value = np.vdot(error, slope)
        if self.n_levels > 1:
            self._back_to_raw(slope, raw)
        return value, slope.reshape(raw.shape)

    def _back_to_raw(self, gradient, raw):
        """Change `gradient` (…, Q, K, B) in place from that of the levels to that of `raw`.

        A level is handed on to all beyond it, so gradients are summed up on their way to the middle.
        """
        d, rate = np.moveaxis(gradient, -3, 0), np.moveaxis(expit(self._by_level(raw)), -3, 0)
        for j in range(self.n_levels - 1, self.middle, -1):
            d[j - 1] += d[j]
            d[j] *= rate[j]
        for j in range(self.middle):
            d[j + 1] += d[j]
            d[j] *= -rate[j]

    def _by_level(self, raw):
        return raw.reshape(*raw.shape[:-2], self.n_levels, -1, raw.shape[-1])

    def point(self, raw):
        """The level nearest the median (the lower of two), (…, K, B), a view of `raw`."""
        return self._by_level(raw)[..., self.middle, :, :]

    def every_level(self, raw):
        """Answers at all levels, (…, Q, K, B), in increasing order; a single one is a view of `raw`."""
        raw = self._by_level(raw)
        if self.n_levels == 1:
            return raw
        levels = _softplus(raw)
        p, middle = np.moveaxis(levels, -3, 0), self.middle
        p[middle] = raw[..., middle, :, :]
        for j in range(middle + 1, self.n_levels):
            p[j] += p[j - 1]
        for j in range(middle - 1, -1, -1):
            np.subtract(p[j + 1], p[j], out=p[j])
        return levels

    def constant(self, target, weight):
        """Weighted quantile of each level: the smallest target with at least that share up to it."""
        return _weighted_quantiles(target, weight, self.levels)

    def initial_bias(self, n_outputs):
        """Biases with which several levels start as those of a standard normal, (Q·K,) in float64."""
        if self.n_levels == 1:
            return super().initial_bias(n_outputs)
        normal = ndtri(self.levels)
        increments = np.log(np.expm1(np.diff(normal)))  # the inverse of softplus
        return np.repeat(np.insert(increments, self.middle, normal[self.middle]), n_outputs)


class Poisson(Loss):
    """Half the Poisson deviance, y log(y / p) - y + p, which the mean minimises; p = exp(spread · raw).

    It is divided by spread², the variance of targets whose mean is 1: so a step of `raw` by 1 is a
    typical one, whatever the counts, and the best constant has a loss of about ½, as with squared error.

    Targets must not be negative where they count. exp overflows where `raw` is large (88 in float32).

    Parameters
    ----------
    spread : float or ndarray of shape (K, 1), default=1.0
        Deviation of the targets as a share of their mean.
    """

    needs_nonnegative = True

    def __init__(self, spread=1.0):
        self.spread = np.asarray(spread, np.float64)

    def scaled(self, scaling):
        """The spread is that of the targets, unless they are left in the user's units."""
        return self if scaling.target_spread is None else Poisson(scaling.target_spread)

    def _weighted(self, raw, target, share):
        # In double precision, and with d = log(y / p) as y (d + exp(-d) - 1): the terms of y d - y + p nearly cancel.
        log_mean, target, share = (part.astype(np.float64, copy=False) for part in (raw, target, share))
        log_mean, share = self.spread * log_mean, share / self.spread**2
        mean, is_positive = np.exp(log_mean), (target > 0) & (share > 0)  # where the weight is 0, y may be anything
        y = np.where(is_positive, target, 1)
        d = np.log(y) - log_mean
        deviance = share * np.where(is_positive, y * (d + np.expm1(-d)), mean)
        return deviance.sum(), (self.spread * share * (mean - target)).astype(raw.dtype, copy=False)

    def point(self, raw):
        """The mean, (…, K, B)."""
        return np.exp(self.spread.astype(raw.dtype) * raw)


def _softplus(x):
    """log(1 + exp(x)) without overflow; np.logaddexp takes ten times as long."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _weighted_quantiles(target, weight, levels):
    """Quantiles (Q, K) of `target` (K, n) by the inverted CDF; weight 0 is ignored.

    As np.quantile's `weights` do, which NumPy 1.26 does not have.
    """
    order = np.argsort(target, axis=-1)
    cdf = np.take_along_axis(np.broadcast_to(weight, target.shape), order, axis=-1).cumsum(axis=-1, dtype=np.float64)
    cdf /= cdf[:, -1:]
    rank = np.stack([(cdf < level).sum(axis=-1) for level in levels], axis=-1)
    return np.take_along_axis(np.take_along_axis(target, order, axis=-1), rank, axis=-1).T.astype(np.float64)


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}


def loss_class(name):
    """Return the class of the loss called `name`; `Loss` for an unknown name, which parameter validation refuses."""
    return LOSSES.get(name, Loss) if isinstance(name, str) else Loss


def make_loss(name, *, delta, quantile):
    """Make the loss called `name`, one of `LOSSES`.

    Parameters
    ----------
    name : str
    delta : float
        For "huber" only: from which error on the loss is linear, in standardised units.
    quantile : float or increasing sequence of float
        For "quantile" only: the levels.

    Returns
    -------
    loss : Loss

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._network.losses import make_loss
    >>> loss = make_loss("quantile", delta=1.0, quantile=(0.1, 0.5, 0.9))
    >>> raw = np.array([[0.0], [3.0], [1.0]])
    >>> loss.every_level(raw).ravel().round(2)
    array([2.31, 3.  , 4.31])
    >>> value, gradient = loss(raw, np.array([[2.0]]), np.ones(1))
    >>> round(value, 3), gradient.ravel().round(3)
    (0.336, array([-0.15 ,  0.5  ,  0.024]))
    """
    return LOSSES[name].from_settings(delta, quantile)
