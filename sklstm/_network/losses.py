"""Loss functions: their value, their gradient, and the predictions that they lead to.

    raw (…, Q·K, B)       raw values of the read-out: Q levels of K outputs, level j of output k at j·K + k
    target (…, K, B)      in standardised units and raw's dtype; finite everywhere, also where weight is 0
    weight (…, B)         ≥ 0, and 0 where a target does not count; (…, K, B) if single targets are missing
    p, y, e               a prediction, a target, and e = p - y; Σ runs over all targets (…, K, B)

Q is 1, except for several quantiles. "…" stands for the steps if every step is trained, else for nothing.

At a kink the gradient is the mean of the two one-sided gradients, as in central differences: 0 for the absolute error,
½ - q for the pinball loss.

Sources: Huber (1964), *Robust Estimation of a Location Parameter*; Koenker and Bassett (1978),
*Regression Quantiles*, for the pinball loss; Park et al. (2022), *Learning Quantile Functions without
Quantile Crossing for Distribution-free Time Series Forecasting*, for levels as sums of increments;
McCullagh and Nelder (1989), *Generalized Linear Models*, for the Poisson deviance and its log link.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtri

from sklstm._network.weighted_quantiles import weighted_quantiles

if TYPE_CHECKING:
    from sklstm._network.scaling import Scaling
    from sklstm._utils.typing import FloatArray


class Loss:
    """Base class: a loss with one level, whose prediction is `raw` itself.

    Class attributes and methods hold all that is special about a loss. To add a loss, write a subclass and enter it in
    `LOSSES`.

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
    squares : bool
        Whether the loss squares errors of any size, so that they must not be huge.
    """

    needs_nonnegative = False
    has_levels = False
    constant_is_mean = True
    n_levels = 1
    middle = 0
    squares = False

    @classmethod
    def from_settings(cls, delta: float, quantile: float | Sequence[float]) -> Loss:
        """Make the loss from the parameters of `LSTMRegressor`. Most losses ignore them."""
        return cls()

    def __call__(self, raw: FloatArray, target: FloatArray, weight: FloatArray) -> tuple[float, FloatArray]:
        """Compute the weighted mean loss per target, and its gradient.

        Parameters
        ----------
        raw : ndarray of shape (…, Q·K, B)
        target : ndarray of shape (…, K, B)
        weight : ndarray of shape (…, B) or (…, K, B)
            Of the targets of a sample, or of each target. In any precision. Its sum must not be 0.

        Returns
        -------
        value : float
            Σ w · loss / Σ w, where both sums run over all targets; the mean of this over the levels if there are
            several.
        gradient : ndarray of shape (…, Q·K, B)
            With respect to `raw`, in its dtype.
        """
        n_shared = raw.shape[-2]  # how many raw values have the same weight
        if weight.ndim == target.ndim:
            n_shared //= target.shape[-2]
        share = np.asarray(weight / (weight.sum() * n_shared), raw.dtype)
        return self._weighted(raw, target, share if weight.ndim == target.ndim else share[..., np.newaxis, :])

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        """Return Σ share · loss and its gradient; `share` (…, 1, B) or (…, K, B) is the weight of each raw value."""
        raise NotImplementedError

    def point(self, raw: FloatArray) -> FloatArray:
        """Return the single prediction of each output, (…, K, B); it may be a view of `raw`."""
        return raw

    def every_level(self, raw: FloatArray) -> FloatArray:
        """Return the predictions at all levels, (…, Q, K, B), in increasing order; they may be a view of `raw`."""
        return self.point(raw)[..., np.newaxis, :, :]

    def constant(self, target: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the constant prediction with the smallest loss: the weighted mean.

        Parameters
        ----------
        target : ndarray of shape (K, n)
        weight : ndarray of shape (n,) or (K, n)

        Returns
        -------
        constant : ndarray of shape (Q, K) in float64
            A prediction, in the units of `target`, and not a raw value.
        """
        weight = np.broadcast_to(weight, target.shape)
        mean: FloatArray = np.average(target.astype(np.float64), axis=-1, weights=weight)
        return mean[np.newaxis]

    def initial_bias(self, n_outputs: int) -> FloatArray:
        """Return the initial biases of the read-out, (Q·K,) in float64."""
        return np.zeros(n_outputs)

    def scaled(self, scaling: Scaling) -> Loss:
        """Return this loss for targets that a `Scaling` has scaled."""
        return self


class SquaredError(Loss):
    """½ e², minimised by the mean."""

    squares = True

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        error = raw - target
        gradient = error * share
        return float(0.5 * np.vdot(error, gradient)), gradient


class AbsoluteError(Loss):
    """|e|, minimised by the median."""

    constant_is_mean = False

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        error = raw - target
        gradient = np.sign(error) * share
        return float(np.vdot(error, gradient)), gradient

    def constant(self, target: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the weighted median; the lower one if there are two."""
        return weighted_quantiles(target, weight, np.array([0.5]))


class Huber(Loss):
    """½ e² if |e| <= delta, else delta · (|e| - ½ delta), as PyTorch's `HuberLoss`.

    `constant` is the mean all the same, as its targets may be in other units than delta.

    Parameters
    ----------
    delta : float
        In the units of the targets, > 0.
    """

    def __init__(self, delta: float) -> None:
        self.delta = float(delta)  # a NumPy scalar would make float64 of float32

    @classmethod
    def from_settings(cls, delta: float, quantile: float | Sequence[float]) -> Huber:
        """Make the loss from `delta`."""
        return cls(delta)

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        error = raw - target
        delta = min(self.delta, float(np.finfo(error.dtype).max))
        slope = np.clip(error, -delta, delta)
        gradient = slope * share
        return float(np.vdot(error - 0.5 * slope, gradient)), gradient  # the loss is slope · (e - ½ slope)


class Quantile(Loss):
    """Pinball loss q · max(y - p, 0) + (1 - q) · max(p - y, 0), minimised by the quantile q.

    Several levels cannot cross. The level nearest the median (the lower one of two) is `raw` itself. Each level above
    it adds softplus(raw) to the level below. Each level below it subtracts softplus(raw) from the level above.
    Softplus is never negative, and a rounded sum cannot decrease either.

    Parameters
    ----------
    levels : float or increasing sequence of float
        Each in (0, 1).
    """

    has_levels = True
    constant_is_mean = False

    def __init__(self, levels: float | Sequence[float]) -> None:
        self.levels = np.atleast_1d(np.asarray(levels, np.float64))
        self.n_levels = len(self.levels)
        # rounded, as 0.7 - 0.5 < 0.5 - 0.3 in floating point
        self.middle = int(np.argmin(np.abs(self.levels - 0.5).round(12)))
        self._tilt = (0.5 - self.levels)[:, np.newaxis, np.newaxis]

    @classmethod
    def from_settings(cls, delta: float, quantile: float | Sequence[float]) -> Quantile:
        """Make the loss from `quantile`."""
        return cls(quantile)

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        error = self.every_level(raw) - target[..., np.newaxis, :, :]
        slope = 0.5 * np.sign(error) + self._tilt.astype(raw.dtype)
        slope *= share[..., np.newaxis, :, :]
        value = float(np.vdot(error, slope))
        if self.n_levels > 1:
            self._back_to_raw(slope, raw)
        return value, slope.reshape(raw.shape)

    def _back_to_raw(self, gradient: FloatArray, raw: FloatArray) -> None:
        """Convert `gradient` (…, Q, K, B) in place from that of the levels to that of `raw`.

        A raw value contributes to its own level and all levels further out, so the gradients are summed from the
        outermost level towards the middle.
        """
        d, rate = np.moveaxis(gradient, -3, 0), np.moveaxis(expit(self._by_level(raw)), -3, 0)
        for j in range(self.n_levels - 1, self.middle, -1):
            d[j - 1] += d[j]
            d[j] *= rate[j]
        for j in range(self.middle):
            d[j + 1] += d[j]
            d[j] *= -rate[j]

    def _by_level(self, raw: FloatArray) -> FloatArray:
        """Return a view of `raw` as (…, Q, K, B)."""
        return raw.reshape(*raw.shape[:-2], self.n_levels, -1, raw.shape[-1])

    def point(self, raw: FloatArray) -> FloatArray:
        """Return the level nearest the median (the lower one of two), (…, K, B), a view of `raw`."""
        middle: FloatArray = self._by_level(raw)[..., self.middle, :, :]
        return middle

    def every_level(self, raw: FloatArray) -> FloatArray:
        """Return the predictions at all levels, (…, Q, K, B), in increasing order; a view of `raw` if Q = 1."""
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

    def constant(self, target: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the weighted quantiles: the smallest target at which the cumulative weight reaches each level."""
        return weighted_quantiles(target, weight, self.levels)

    def initial_bias(self, n_outputs: int) -> FloatArray:
        """Return biases (Q·K,) in float64 with which several levels start at the quantiles of a standard normal."""
        if self.n_levels == 1:
            return super().initial_bias(n_outputs)
        normal = ndtri(self.levels)
        increments = np.log(np.expm1(np.diff(normal)))  # the inverse of softplus
        return np.repeat(np.insert(increments, self.middle, normal[self.middle]), n_outputs)


class Poisson(Loss):
    """Half the Poisson deviance, y log(y / p) - y + p, minimised by the mean; p = exp(spread · raw).

    The loss is divided by spread², the variance of targets whose mean is 1. A change of `raw` by 1 is then of typical
    size for all counts, and the best constant has a loss of about ½, as with squared error.

    Targets that count must not be negative. exp overflows if `raw` is large (above 88 in float32).

    Parameters
    ----------
    spread : float or ndarray of shape (K, 1), default=1.0
        Standard deviation of the targets divided by their mean.
    """

    needs_nonnegative = True

    def __init__(self, spread: float | FloatArray = 1.0) -> None:
        self.spread: FloatArray = np.asarray(spread, np.float64)

    def scaled(self, scaling: Scaling) -> Loss:
        """Return this loss with the spread of the targets; unchanged if the targets are not scaled."""
        return self if scaling.target_spread is None else Poisson(scaling.target_spread)

    def _weighted(self, raw: FloatArray, target: FloatArray, share: FloatArray) -> tuple[float, FloatArray]:
        # The terms of y d - y + p, with d = log(y / p), nearly cancel: hence float64, and the form y (d + exp(-d) - 1).
        log_mean, target, share = (np.asarray(part, np.float64) for part in (raw, target, share))
        log_mean, share = self.spread * log_mean, share / self.spread**2
        mean, is_positive = np.exp(log_mean), (target > 0) & (share > 0)  # y is arbitrary if its weight is 0
        y = np.where(is_positive, target, 1)
        d = np.log(y) - log_mean
        is_far = d < -30  # where nothing cancels, and expm1 may overflow
        per_target = np.where(is_far, y * (d - 1) + mean, y * (d + np.expm1(np.where(is_far, 0, -d))))
        deviance = share * np.where(is_positive, per_target, mean)
        return float(deviance.sum()), np.asarray(self.spread * share * (mean - target), raw.dtype)

    def point(self, raw: FloatArray) -> FloatArray:
        """Return the mean, (…, K, B); infinity beyond the precision."""
        with np.errstate(over="ignore"):
            mean: FloatArray = np.exp(self.spread.astype(raw.dtype) * raw)
        return mean


def _softplus(x: FloatArray) -> FloatArray:
    """Compute log(1 + exp(x)) without overflow; np.logaddexp takes ten times as long."""
    result: FloatArray = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}


def loss_class(name: str) -> type[Loss]:
    """Return the class of the loss called `name`; `Loss` for an unknown name, which parameter validation refuses."""
    return LOSSES.get(name, Loss) if isinstance(name, str) else Loss


def make_loss(name: str, *, delta: float, quantile: float | Sequence[float]) -> Loss:
    """Make the loss with the given name.

    Parameters
    ----------
    name : str
        A key of `LOSSES`.
    delta : float
        Used by "huber": the error above which the loss is linear, in standardised units.
    quantile : float or increasing sequence of float
        Used by "quantile": the levels.

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
