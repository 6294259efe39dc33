"""From the user's units to the network's and back: each window by itself, then all standardised.

Arrays are features first: inputs x (T, F, B), targets and outputs y (…, K, B), one window per
sample. Output k belongs to target channel k mod n_targets, so outputs run over the target channels
step ahead by step ahead.

Sources: Kim et al. (2022), *Reversible Instance Normalization for Accurate Time-Series Forecasting
against Distribution Shift*; Zeng et al. (2023), *Are Transformers Effective for Time Series
Forecasting?*, for subtracting the last value.
"""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._utils.magnitude import power_of_two

INSTANCE_NORMS = ("last", "mean", "standard", "last-standard")
WITH_DEVIATION = ("standard", "last-standard")

# The typical variance counts as so many steps beside those of a window: chosen by `benchmarks/accuracy.py`.
PRIOR_STEPS = 0.25

# The typical deviation is this quantile of those of all windows: most may be flat, and a few may hold an outlier.
LIVELY = 0.9

# How many windows are looked at to see what is typical; they are spread evenly over all.
N_LOOKED_AT = 1 << 16

# The largest value of a channel may be 2 to the power of ± the first without being scaled; the second is the limit of
# what it can be scaled by.
EXPONENTS = {np.dtype(np.float32): (90, 120), np.dtype(np.float64): (300, 1000)}


@dataclass(frozen=True)
class Gaps:
    """Which values are missing, and which steps are passed over for them.

    Parameters
    ----------
    by_channel : bool, default=False
        False makes a step missing with any of its values; True passes over steps without any value only.
    n_needed : int, default=0
        With `by_channel`, how many of the first channels need a value somewhere in a window (for
        `instance_norm` to be relative to): without, all of its steps are passed over.
    """

    by_channel: bool = False
    n_needed: int = 0

    @property
    def n_inputs_per_channel(self):
        """What the network reads of each channel: its value, and with `by_channel` whether it is missing."""
        return 2 if self.by_channel else 1

    def absent(self, x):
        """What is missing of `x` (T, F, B), (T, F, B) or one for all channels (T, 1, B); None where nothing is."""
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.isnan(x.sum()):
                return None
        absent = np.isnan(x) if self.by_channel else np.isnan(x).any(axis=1, keepdims=True)
        return absent if absent.any() else None

    def blanked(self, x):
        """Set what is missing of `x` (T, F, B) to 0; what `absent` says of it."""
        absent = self.absent(x)
        if absent is not None:
            np.copyto(x, 0, where=absent)
        return absent

    def skipped(self, absent):
        """Steps (T, B) that are passed over, or None, by what `absent` says."""
        if absent is None:
            return None
        if not self.by_channel:
            return absent.any(axis=1)
        return absent.all(axis=1) | absent[:, : self.n_needed].all(axis=0).any(axis=0)

    def skipped_steps(self, X):
        """Steps (n, T) of rows X (n, T, F) that are passed over."""
        return self.skipped(np.isnan(X).transpose(1, 2, 0)).T


SKIP = Gaps()


@dataclass(frozen=True)
class Scaling:
    """The changes of units, fitted by `fit_scaling`.

    Parameters
    ----------
    n_targets : int
        How many of the first channels are targets.
    instance_norm : str or None
        One of `INSTANCE_NORMS`: what each window's target channels are relative to.
    typical_deviation : ndarray of shape (n_targets, 1) or None
        What the deviation of each window leans on, the more the fewer steps it has.
    channel_mean, channel_scale : ndarray of shape (F, 1) or None
        Applied to the inputs after `instance_norm`; None leaves them alone.
    target_mean, target_scale : ndarray of shape (K, 1) or None
        The same for targets.
    target_spread : ndarray of shape (K, 1) or None
        Deviation of targets that are only divided by their mean, as a share of it: at most 1.
    channel_unit, target_unit : ndarray of shape (F, 1) and (K, 1) or None
        Powers of two that all is divided by before anything else, where squares would not fit.
    constant : ndarray of shape (K, 1) or None
        For each target, the only value that it has in training, in `target_unit`; NaN where it has several.
        It is the answer, as a network only comes near it.
    is_constant : ndarray of bool of shape (K, 1) or None
        Which targets have only one value after `instance_norm`: `target_mean` is the answer.
    gaps : Gaps
        What missing values do.
    """

    n_targets: int
    instance_norm: str | None = None
    typical_deviation: np.ndarray | None = None
    channel_mean: np.ndarray | None = None
    channel_scale: np.ndarray | None = None
    target_mean: np.ndarray | None = None
    target_scale: np.ndarray | None = None
    target_spread: np.ndarray | None = None
    channel_unit: np.ndarray | None = None
    target_unit: np.ndarray | None = None
    constant: np.ndarray | None = None
    is_constant: np.ndarray | None = None
    gaps: Gaps = SKIP

    def inputs(self, x, indicators=None):
        """Change `x` (T, F, B) in place; NaN becomes finite.

        With `gaps.by_channel`, what is missing is 0 in the end, and `indicators` (T, F, B) become 1 there and 0
        elsewhere.

        Returns
        -------
        missing : ndarray of bool of shape (T, B) or None
            Steps to pass over; None where nothing is missing.
        reference : tuple of ndarray of shape (n_targets, B) or None
            Location and scale (or None for 1) of each window, for `targets` and `outputs`.
        """
        if self.channel_unit is not None:
            x /= self.channel_unit
        absent = self.gaps.blanked(x)
        reference = None
        if self.instance_norm is not None:
            own = x[:, : self.n_targets]
            reference = self._reference(own, None if absent is None else absent[:, : self.n_targets])
            _to_relative(own, reference)
        if self.channel_mean is not None:
            x -= self.channel_mean
            x /= self.channel_scale
        if self.gaps.by_channel:
            if absent is not None:
                np.copyto(x, 0, where=absent)
            if indicators is not None:
                indicators[...] = 0 if absent is None else absent
        return self.gaps.skipped(absent), reference

    def targets(self, y, reference):
        """Change `y` (…, K, B) in place from the user's units to the network's."""
        if self.target_unit is not None:
            y /= self.target_unit
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
        if self.is_constant is not None:
            np.copyto(y, self.target_mean, where=self.is_constant)
        if reference is not None:
            location, scale = reference
            by_channel = self._by_channel(y)
            if scale is not None:
                by_channel *= scale
            by_channel += location
        if self.constant is not None:
            np.copyto(y, self.constant, where=~np.isnan(self.constant))
        if self.target_unit is not None:
            y *= self.target_unit

    def answering(self, constant, is_constant):
        """Answer targets that have only one value with that: seen from their windows, or else in itself."""
        constant = np.where(is_constant, np.nan, constant)
        return replace(
            self,
            constant=None if np.isnan(constant).all() else constant,
            is_constant=is_constant if is_constant.any() else None,
        )

    def after(self, chunks, dtype):
        """The same for training that goes on with other rows, among which targets may have other values."""
        if self.constant is None and self.is_constant is None:
            return self
        nothing = np.full_like(self.target_mean, np.nan)
        constant = nothing if self.constant is None else self.constant.copy()
        is_constant = np.isfinite(nothing) if self.is_constant is None else self.is_constant.copy()
        rounding = np.finfo(dtype).eps * np.maximum(np.abs(self.target_mean / self.target_scale), 1)
        for x, y, weight in chunks:
            counted = counted_weight(y, weight) > 0
            unit = 1 if self.target_unit is None else self.target_unit
            differs = np.abs(y / unit - constant) > np.finfo(dtype).eps * np.abs(constant)
            constant[_anywhere(differs, counted)] = np.nan
            self.targets(y, self.inputs(x)[1])
            is_constant &= ~_anywhere(np.abs(y) > rounding, counted)
        return self.answering(constant, is_constant)

    def _by_channel(self, y):
        """View of `y` (…, K, B) as (…, K / n_targets, n_targets, B)."""
        return y.reshape(*y.shape[:-2], -1, self.n_targets, y.shape[-1])

    def _reference(self, x, absent):
        wants_last = self.instance_norm in ("last", "last-standard")
        if self.instance_norm == "last":
            return last_present(x, absent), None
        mean, deviation = window_moments(x, absent)
        location = last_present(x, absent) if wants_last else mean.astype(x.dtype)
        if self.instance_norm == "mean":
            return location, None
        if self.typical_deviation is not None:
            share = PRIOR_STEPS / (PRIOR_STEPS + n_present(x, absent))
            deviation = np.hypot(np.sqrt(1 - share) * deviation, np.sqrt(share) * self.typical_deviation)
        return location, deviation.astype(x.dtype)


def n_present(x, absent):
    """How many values of each window are present, at least 1: as `absent` without its steps, or one number for all."""
    return len(x) if absent is None else np.maximum(len(x) - absent.sum(axis=0), 1)


def window_moments(x, absent):
    """Mean and standard deviation of each window over its present values, (F, B) each, in float64.

    They are taken about the last present value, so that a constant window's deviation is exactly 0.
    `absent` is as `Gaps` has it; what is missing of `x` must be finite.
    """
    anchor = last_present(x, absent).astype(np.float64)
    difference = x - anchor
    count = n_present(x, absent)
    if absent is not None:
        difference *= ~absent
    mean = difference.sum(axis=0) / count
    difference -= mean
    if absent is not None:
        difference *= ~absent
    with np.errstate(over="ignore"):
        deviation = np.sqrt(np.square(difference).sum(axis=0) / count)
    if not np.isfinite(deviation).all():  # squares do not fit: rows to predict may be larger than those of training
        largest = np.abs(difference).max(axis=0)
        largest[largest == 0] = 1
        deviation = largest * np.sqrt(np.square(difference / largest).sum(axis=0) / count)
    return anchor + mean, deviation


def last_present(x, absent):
    """The last present value of each window, (F, B), with `absent` as `Gaps` has it; what is last where it has none."""
    if absent is None:
        return x[-1].copy()
    last = len(x) - 1 - np.argmin(absent[::-1], axis=0)
    return np.take_along_axis(x, last[np.newaxis], axis=0)[0]


def _to_relative(values, reference):
    location, scale = reference
    values -= location
    if scale is not None:
        values /= scale


def _is_rounding(deviation, mean, dtype):
    return deviation <= np.finfo(dtype).eps * np.abs(mean)


def fit_scaling(chunks, dtype, *, n_targets, instance_norm, standardize, is_centred=True, gaps=SKIP):
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
    gaps : Gaps, default=Gaps()
        What missing values do.

    Returns
    -------
    scaling : Scaling
    """
    extent = Extent.of(chunks(), n_targets)
    scaling = Scaling(n_targets, instance_norm, **extent.units(dtype, instance_norm, standardize), gaps=gaps)
    if instance_norm in WITH_DEVIATION:
        typical = _typical_deviation(chunks(), scaling, stride=-(-extent.n_rows // N_LOOKED_AT))
        scaling = replace(scaling, typical_deviation=typical.astype(dtype))
    if not standardize:
        return scaling
    of_channels, of_targets = MomentsByChannel() if gaps.by_channel else Moments(), Moments()
    for x, y, weight in chunks():
        counted = counted_weight(y, weight)
        present = ~np.isnan(x) if gaps.by_channel else None
        missing, reference = scaling.inputs(x)
        scaling.targets(y, reference)
        steps = np.broadcast_to(weight, (len(x), len(weight)))
        steps = steps if missing is None else steps * ~missing
        of_channels.add(x, steps if present is None else steps[:, np.newaxis] * present)
        of_targets.add(y, counted)
    sizes = extent.sizes(scaling)
    centred = of_targets.mean_and_scale if is_centred else of_targets.mean_as_scale
    parts = (*of_channels.mean_and_scale(dtype, sizes[0]), *centred(dtype, sizes[1]))
    names = ("channel_mean", "channel_scale", "target_mean", "target_scale", "target_spread")
    scaling = replace(scaling, **dict(zip(names, parts, strict=False)))  # what is centred has no spread
    # of what is not centred the mean is no answer, but a scale
    is_constant = of_targets.is_constant(dtype) & is_centred
    return scaling.answering(extent.only_value(scaling, dtype), is_constant)


@dataclass(frozen=True)
class Extent:
    """How far values reach, before anything is squared.

    Parameters
    ----------
    n_rows, n_targets : int
    largest : ndarray of shape (F,)
        Largest absolute value of each channel.
    low, high : ndarray of shape (K,)
        Smallest and largest value of each target.
    """

    n_rows: int
    n_targets: int
    largest: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, chunks, n_targets):
        n_rows, largest, low, high = 0, 0, np.inf, -np.inf
        for x, y, weight in chunks:
            n_rows += len(weight)
            largest = np.fmax(largest, np.fmax.reduce(np.abs(x), axis=(0, 2)))
            counted = (counted_weight(y, weight) > 0)[..., np.newaxis, :]
            rest = tuple(axis for axis in range(y.ndim) if axis != y.ndim - 2)
            low = np.minimum(low, np.where(counted, y, np.inf).min(axis=rest))
            high = np.maximum(high, np.where(counted, y, -np.inf).max(axis=rest))
        return cls(n_rows, n_targets, largest, low, high)

    def units(self, dtype, instance_norm, standardize):
        """`channel_unit` and `target_unit`, where there is need of them."""
        of_channels, of_targets = self._sizes(instance_norm)
        if not standardize:  # what the network is given in the user's units stays in them
            is_divided = np.arange(len(of_channels)) < self.n_targets * (instance_norm in WITH_DEVIATION)
            of_channels = np.where(is_divided, of_channels, 1)
            of_targets = of_targets if instance_norm in WITH_DEVIATION else np.ones_like(of_targets)
        names = ("channel_unit", "target_unit")
        return dict(zip(names, (_unit(sizes, dtype) for sizes in (of_channels, of_targets)), strict=True))

    def sizes(self, scaling):
        """What stands for the deviation (F, 1) and (K, 1) of a constant, in the units of `scaling`."""
        of_channels, of_targets = self._sizes(scaling.instance_norm)
        if scaling.channel_unit is not None:
            of_channels = of_channels / scaling.channel_unit[:, 0]
        if scaling.target_unit is not None:
            of_targets = of_targets / scaling.target_unit[:, 0]
        if scaling.instance_norm in WITH_DEVIATION:
            of_channels[: self.n_targets], of_targets[...] = 1, 1
        return of_channels[:, np.newaxis], of_targets[:, np.newaxis]

    def only_value(self, scaling, dtype):
        """The value of each target (K, 1) that has only one but for rounding, in the units of `scaling`; else NaN."""
        is_one = self.high - self.low <= np.finfo(dtype).eps * np.abs(self.high)
        value = np.where(is_one, self.high, np.nan).astype(dtype)[:, np.newaxis]
        return value if scaling.target_unit is None else value / scaling.target_unit

    def _sizes(self, instance_norm):
        """Powers of two near the largest values (F,) and (K,), of a channel and of its own target together."""
        of_channels, of_targets = self.largest.copy(), np.maximum(np.abs(self.low), np.abs(self.high))
        if instance_norm is not None:
            both = of_channels[: self.n_targets]
            np.maximum(both, of_targets.reshape(-1, self.n_targets).max(axis=0), out=both)
            of_targets = np.tile(both, len(of_targets) // self.n_targets)
        return power_of_two(of_channels), power_of_two(of_targets)


def _unit(sizes, dtype):
    """Powers of two (…, 1) to divide by; None where all is well without."""
    comfortable, limit = EXPONENTS[np.dtype(dtype)]
    exponent = np.frexp(sizes)[1] - 1
    exponent = np.where(np.abs(exponent) > comfortable, np.clip(exponent, -limit, limit), 0)
    return np.ldexp(1.0, exponent).astype(dtype)[:, np.newaxis] if exponent.any() else None


def counted_weight(y, weight):
    """Weight of each target in y (…, K, B), (…, B): its row's, or 0 where there is none."""
    return np.where(np.isnan(y).any(axis=-2), 0, weight)


def _anywhere(is_so, counted):
    """Where (…, K, B) something is so for a target that counts (…, B), (K, 1)."""
    is_so = is_so & counted[..., np.newaxis, :]
    return is_so.any(axis=tuple(axis for axis in range(is_so.ndim) if axis != is_so.ndim - 2))[:, np.newaxis]


def _typical_deviation(chunks, scaling, stride):
    """Deviation that all but a share of the windows that vary at all stay below, (n_targets, 1).

    Each window does without its most extreme step, so that a single outlier, which is in many windows, does not
    decide. Where that leaves nothing, the first of these: the whole deviation, the change to the target, the value
    itself, 1.
    """
    found, weights, n_before = [], [], 0
    for x, y, weight in chunks:
        rows = slice(-n_before % stride, None, stride)
        n_before += len(weight)
        found.append(_signs_of_life(x[..., rows], y[..., rows], scaling))
        weights.append(weight[rows])
    found, weight = np.concatenate(found, axis=-1), np.concatenate(weights)
    typical = np.ones(scaling.n_targets)
    for kind in found[::-1]:
        for channel, values in enumerate(kind):
            if (values > 0).any():
                typical[channel] = _weighted_quantile(values[values > 0], weight[values > 0], LIVELY)
    return typical[:, np.newaxis]


def _signs_of_life(x, y, scaling):
    """What `_typical_deviation` looks at, in its order, (4, n_targets, B) in float64."""
    x, y = x[:, : scaling.n_targets].astype(np.float64), (y if y.ndim == 2 else y[-1])[: scaling.n_targets]
    if scaling.channel_unit is not None:
        x, y = x / scaling.channel_unit[: scaling.n_targets], y / scaling.target_unit[: scaling.n_targets]
    absent = scaling.gaps.blanked(x)
    mean, whole = window_moments(x, absent)
    distance = np.abs(x - mean)
    if absent is not None:
        distance *= ~absent
    without = np.zeros_like(whole)
    for channel in range(len(without)):
        own = slice(channel, channel + 1)
        left_out = np.arange(len(x))[:, np.newaxis, np.newaxis] == distance[:, own].argmax(axis=0)
        left_out = left_out if absent is None else left_out | np.broadcast_to(absent, x.shape)[:, own]
        without[channel] = window_moments(x[:, own], left_out)[1][0]
    last = last_present(x, absent)
    return np.stack((without, whole, np.nan_to_num(np.abs(y - last)), np.abs(last)))


def _weighted_quantile(values, weight, level):
    """The smallest of the values (n,) up to which their weights come to that share."""
    order = np.argsort(values)
    share = np.cumsum(weight[order])
    return values[order[np.searchsorted(share, (level - 1e-9) * share[-1])]]


class MomentsByChannel:
    """`Moments` of each channel by itself, as each has values elsewhere."""

    def __init__(self):
        self._channels = None

    def add(self, x, weight):
        """Take in values (T, F, B) with a weight each; weight 0 is ignored."""
        if self._channels is None:
            self._channels = [Moments() for _ in range(x.shape[1])]
        for channel, moments in enumerate(self._channels):
            moments.add(x[:, channel : channel + 1], weight[:, channel])

    def mean_and_scale(self, dtype, sizes):
        """As `Moments.mean_and_scale`, with a size for each channel (F, 1)."""
        parts = [part.mean_and_scale(dtype, size) for part, size in zip(self._channels, sizes, strict=True)]
        return tuple(np.concatenate(values) for values in zip(*parts, strict=True))


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
        rest = np.einsum("tdb,tb->d", values, weight) / weight_sum  # a long sum is off by more than its last bit
        values -= rest[:, np.newaxis]
        mean += rest
        with np.errstate(over="ignore", invalid="ignore"):  # of targets in the user's units only the mean is wanted
            squares = np.einsum("tdb,tdb,tb->d", values, values, weight)
            total = self.weight_sum + weight_sum
            shift = mean - self.mean
            self._squares = self._squares + squares + shift**2 * self.weight_sum * (weight_sum / total)
        self.mean = self.mean + shift * (weight_sum / total)
        self.weight_sum = total

    @property
    def _deviation(self):
        return np.sqrt(self._squares / self.weight_sum)

    def is_constant(self, dtype):
        """Which have only one value, but for rounding, (D, 1)."""
        return _is_rounding(self._deviation, self.mean, dtype)[:, np.newaxis]

    def mean_and_scale(self, dtype, size=1):
        """Mean and standard deviation, (D, 1) each in `dtype`; for that of a constant stands its `size`."""
        scale = np.where(self.is_constant(dtype), size, self._deviation[:, np.newaxis])
        return self.mean.astype(dtype)[:, np.newaxis], scale.astype(dtype)

    def mean_as_scale(self, dtype, size=1):
        """For what must not be centred: 0, the mean (`size` where that is 0), and the deviation as a share of it.

        Above 1, the share of what is mostly 0 says little of the rest, and counts as 1.
        """
        mean = self.mean[:, np.newaxis]
        scale = np.where(mean > 0, mean, size)
        share = np.minimum(self._deviation[:, np.newaxis] / scale, 1)
        return np.zeros_like(scale, dtype), scale.astype(dtype), np.where(self.is_constant(dtype), 1, share)
