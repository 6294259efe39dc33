"""From the user's units to the network's and back: each window by itself, then all standardised.

Arrays are features first: inputs x (T, F, B), targets and outputs y (…, K, B), one window per
sample. Output k belongs to target channel k mod n_targets, so outputs run over the target channels
step ahead by step ahead.

Sources: Kim et al. (2022), *Reversible Instance Normalization for Accurate Time-Series Forecasting
against Distribution Shift*; Zeng et al. (2023), *Are Transformers Effective for Time Series
Forecasting?*, for subtracting the last value.
"""

from dataclasses import dataclass

import numpy as np

INSTANCE_NORMS = ("last", "mean", "standard", "last-standard")

# A window that varies less than this share of what is typical counts as constant.
CONSTANT = 1e-5


@dataclass(frozen=True)
class Scaling:
    """The two changes of units, fitted by `fit_scaling`.

    Parameters
    ----------
    n_targets : int
        How many of the first channels are targets.
    instance_norm : str or None
        One of `INSTANCE_NORMS`: what each window's target channels are relative to.
    typical_deviation : ndarray of shape (n_targets, 1) or None
        Stands in for the deviation of a window that is constant.
    channel_mean, channel_scale : ndarray of shape (F, 1) or None
        Applied to the inputs after `instance_norm`; None leaves them alone.
    target_mean, target_scale : ndarray of shape (K, 1) or None
        The same for targets.
    target_spread : ndarray of shape (K, 1) or None
        Deviation of targets that are only divided by their mean, as a share of it: at most 1.
    """

    n_targets: int
    instance_norm: str | None = None
    typical_deviation: np.ndarray | None = None
    channel_mean: np.ndarray | None = None
    channel_scale: np.ndarray | None = None
    target_mean: np.ndarray | None = None
    target_scale: np.ndarray | None = None
    target_spread: np.ndarray | None = None

    def inputs(self, x):
        """Change `x` (T, F, B) in place; NaN becomes finite.

        Returns
        -------
        missing : ndarray of bool of shape (T, B) or None
            Steps with a NaN in any channel; None where there is none.
        reference : tuple of ndarray of shape (n_targets, B) or None
            Location and scale (or None for 1) of each window, for `targets` and `outputs`.
        """
        missing = _blank_missing(x)
        reference = None
        if self.instance_norm is not None:
            own = x[:, : self.n_targets]
            reference = self._reference(own, missing)
            _to_relative(own, reference)
        if self.channel_mean is not None:
            x -= self.channel_mean
            x /= self.channel_scale
        return missing, reference

    def targets(self, y, reference):
        """Change `y` (…, K, B) in place from the user's units to the network's."""
        if reference is not None:
            _to_relative(self._by_channel(y), reference)
        if self.target_mean is not None:
            y -= self.target_mean
            y /= self.target_scale

    def outputs(self, y, reference):
        """Undo `targets`, in place."""
        if self.target_mean is not None:
            y *= self.target_scale
            y += self.target_mean
        if reference is not None:
            location, scale = reference
            by_channel = self._by_channel(y)
            if scale is not None:
                by_channel *= scale
            by_channel += location

    def _by_channel(self, y):
        """View of `y` (…, K, B) as (…, K / n_targets, n_targets, B)."""
        return y.reshape(*y.shape[:-2], -1, self.n_targets, y.shape[-1])

    def _reference(self, x, missing):
        wants_last = self.instance_norm in ("last", "last-standard")
        if self.instance_norm == "last":
            return last_present(x, missing), None
        mean, deviation = (part.astype(x.dtype) for part in window_moments(x, missing))
        location = last_present(x, missing) if wants_last else mean
        if self.instance_norm == "mean":
            return location, None
        if self.typical_deviation is not None:
            deviation = np.where(deviation > CONSTANT * self.typical_deviation, deviation, self.typical_deviation)
        return location, deviation


def missing_steps(x):
    """Steps of `x` (T, F, B) with NaN in any channel, (T, B), or None where there are none."""
    if not np.isnan(x.sum()):
        return None
    missing = np.isnan(x).any(axis=1)
    return missing if missing.any() else None


def _blank_missing(x):
    """Set the missing steps of `x` (T, F, B) to 0; what `missing_steps` says of them."""
    missing = missing_steps(x)
    if missing is not None:
        np.copyto(x, 0, where=missing[:, np.newaxis])
    return missing


def window_moments(x, missing):
    """Mean and standard deviation of each window over its present steps, (F, B) each, in float64.

    They are taken about the last present value, so that a constant window's deviation is exactly 0.
    Missing steps of `x` must be finite.
    """
    anchor = last_present(x, missing).astype(np.float64)
    difference = x - anchor
    count = len(x)
    if missing is not None:
        difference *= ~missing[:, np.newaxis]
        count = np.maximum(len(x) - missing.sum(axis=0), 1)
    mean = difference.sum(axis=0) / count
    difference -= mean
    if missing is not None:
        difference *= ~missing[:, np.newaxis]
    return anchor + mean, np.sqrt(np.square(difference).sum(axis=0) / count)


def last_present(x, missing):
    """Value of each window at its last present step, (F, B); 0 where it has none."""
    if missing is None:
        return x[-1].copy()
    last = len(x) - 1 - np.argmin(missing[::-1], axis=0)
    return np.take_along_axis(x, last[np.newaxis, np.newaxis], axis=0)[0]


def _to_relative(values, reference):
    location, scale = reference
    values -= location
    if scale is not None:
        values /= scale


def _is_rounding(deviation, mean, dtype):
    return deviation <= 10 * np.finfo(dtype).eps * np.abs(mean)


def fit_scaling(chunks, dtype, *, n_targets, instance_norm, standardize, is_centred=True):
    """Fit a `Scaling` to weighted rows that come in pieces.

    Parameters
    ----------
    chunks : callable returning an iterable of (x, y, weight)
        x (T, F, B) with NaN where missing, y (K, B) or (T, K, B) with NaN where none counts, both in
        `dtype` and free to be changed, weight (B,) in float64. Called once for each pass.
    dtype : numpy dtype
        The precision that the network works in.
    n_targets, instance_norm, standardize
        As in `LSTMRegressor`.
    is_centred : bool, default=True
        Whether targets are brought to mean 0 and variance 1; False only divides them by their mean.

    Returns
    -------
    scaling : Scaling
    """
    typical = None
    if instance_norm in ("standard", "last-standard"):
        typical = _typical_deviation(chunks(), n_targets, dtype)
    relative = Scaling(n_targets, instance_norm, typical)
    if not standardize:
        return relative
    of_channels, of_targets = Moments(), Moments()
    for x, y, weight in chunks():
        missing, reference = relative.inputs(x)
        relative.targets(y, reference)
        steps = np.broadcast_to(weight, (len(x), len(weight)))
        of_channels.add(x, steps if missing is None else steps * ~missing)
        of_targets.add(y, counted_weight(y, weight))
    of_targets = of_targets.mean_and_scale(dtype) if is_centred else of_targets.mean_as_scale(dtype)
    parts = (*of_channels.mean_and_scale(dtype), *of_targets)
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError(f"X or y is too large for its deviation to be worked out in {np.dtype(dtype)}: divide it.")
    return Scaling(n_targets, instance_norm, typical, *parts)


def counted_weight(y, weight):
    """Weight of each target in y (…, K, B), (…, B): its row's, or 0 where there is none."""
    return np.where(np.isnan(y).any(axis=-2), 0, weight)


def _typical_deviation(chunks, n_targets, dtype):
    """Root of the weighted mean variance of the windows, (n_targets, 1); 1 where all are constant."""
    total, weight_sum = 0.0, 0.0
    for x, _, weight in chunks:
        missing = _blank_missing(x)
        _, deviation = window_moments(x[:, :n_targets], missing)
        total = total + np.square(deviation) @ weight
        weight_sum += weight.sum()
    typical = np.sqrt(total / weight_sum)
    return np.where(typical > 0, typical, 1).astype(dtype)[:, np.newaxis]


class Moments:
    """Weighted mean and variance of values that come in pieces, merged as by Chan et al. (1979)."""

    def __init__(self):
        self.weight_sum, self.mean, self._squares = 0.0, 0.0, 0.0

    def add(self, values, weight):
        """Take in values (D, B) or (T, D, B) with weights (B,) or (T, B); weight 0 is ignored."""
        values, weight = np.atleast_3d(values.T).T.astype(np.float64), np.atleast_2d(weight)
        weight_sum = weight.sum()
        if weight_sum == 0:
            return
        values[np.broadcast_to(weight[:, np.newaxis] == 0, values.shape)] = 0  # may be NaN there
        mean = np.einsum("tdb,tb->d", values, weight) / weight_sum
        values -= mean[:, np.newaxis]
        squares = np.einsum("tdb,tdb,tb->d", values, values, weight)
        total = self.weight_sum + weight_sum
        shift = mean - self.mean
        self._squares = self._squares + squares + shift**2 * self.weight_sum * (weight_sum / total)
        self.mean = self.mean + shift * (weight_sum / total)
        self.weight_sum = total

    def mean_and_scale(self, dtype):
        """Mean and standard deviation, (D, 1) each in `dtype`; the deviation of a constant is 1."""
        deviation = np.sqrt(self._squares / self.weight_sum)
        scale = np.where(_is_rounding(deviation, self.mean, dtype), 1, deviation)
        return self.mean.astype(dtype)[:, np.newaxis], scale.astype(dtype)[:, np.newaxis]

    def mean_as_scale(self, dtype):
        """For what must not be centred: 0, the mean (1 where that is 0), and the deviation as a share of it.

        Above 1, the share of what is mostly 0 says little of the rest, and counts as 1.
        """
        deviation = np.sqrt(self._squares / self.weight_sum)
        scale = np.where(self.mean > 0, self.mean, 1)
        spread = np.where(_is_rounding(deviation, self.mean, dtype), 1, np.minimum(deviation / scale, 1))
        scale, spread = scale[:, np.newaxis], spread[:, np.newaxis]
        return np.zeros_like(scale, dtype), scale.astype(dtype), spread
