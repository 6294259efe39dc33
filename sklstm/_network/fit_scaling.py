"""Fit a `Scaling` to weighted samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from sklstm._network.missing_values import SKIP, MissingRule, last_present
from sklstm._network.moments import new_moments, window_moments
from sklstm._network.scaling import WITH_DEVIATION, Chunk, Scaling
from sklstm._network.targets import counted_weight, missing_targets
from sklstm._network.weighted_quantiles import weighted_quantiles
from sklstm._network.window_groups import GAP, group_limits, group_of, is_rounding
from sklstm._utils.overflow import power_of_two

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, FloatDType

# The typical deviation is this quantile of the deviations of all windows. It is high because most windows may be flat,
# and not 1 because a few may contain an outlier.
TYPICAL_QUANTILE = 0.9

# The typical deviation is computed from at most this many windows, spread evenly over all.
N_TYPICAL_WINDOWS = 1 << 16

# The measures of a window, see `_window_sizes`: so many for the typical deviation, then two for groups of windows.
N_FOR_TYPICAL = 4
VARYING, CHANGE = 4, 5

# By precision: a channel is divided by a power of two if the exponent of its largest value is beyond ± the first
# number. The exponent of this power is at most the second number.
EXPONENTS = {np.dtype(np.float32): (90, 120), np.dtype(np.float64): (300, 1000)}

# By precision: the smallest typical deviation of windows, beside the largest value.
SMALLEST_DEVIATION = {np.dtype(np.float32): 1e-25, np.dtype(np.float64): 1e-200}


@dataclass(frozen=True)
class ScalingSettings:
    """Parameters of the scaling, as in `LSTMRegressor`.

    Parameters
    ----------
    n_targets : int
    instance_norm : str or None, default=None
    standardize : bool, default=True
    missing_rule : MissingRule, default=SKIP
        Rule for missing values.
    """

    n_targets: int
    instance_norm: str | None = None
    standardize: bool = True
    missing_rule: MissingRule = SKIP


def fit_scaling(
    chunks: Callable[[], Iterable[Chunk]],
    dtype: FloatDType,
    settings: ScalingSettings,
    *,
    is_centred: bool = True,
    by_target: bool = False,
) -> Scaling:
    """Fit a `Scaling` to weighted samples that come in chunks.

    Parameters
    ----------
    chunks : callable returning an iterable of (x, y, weight)
        x (T, F, B) with NaN at missing values, y (K, B) or (T, K, B) with NaN for targets that do not count, both in
        `dtype`, weight (B,) in float64. x and y may be overwritten. It is called once for each pass over the samples.
        There is one pass, unless a deviation of windows is needed (see `reads_once`) or values are extreme.
    dtype : numpy dtype
        Precision of the network.
    settings : ScalingSettings
    is_centred : bool, default=True
        If True, targets are standardised to mean 0 and variance 1. If False, they are only divided by their mean.
    by_target : bool, default=False
        Whether each target counts by itself, because single targets of a sample are missing.

    Returns
    -------
    scaling : Scaling
    """
    plain = Scaling(settings.n_targets, settings.instance_norm, missing_rule=settings.missing_rule)
    found = _Moments(plain, by_target)
    first_pass = found.beside(chunks()) if settings.standardize and reads_once(settings) else chunks()
    ranges = ValueRanges.from_chunks(first_pass, settings.n_targets)
    scaling = replace(plain, **ranges.units(dtype, settings))
    if settings.instance_norm in WITH_DEVIATION:
        typical = _typical_deviation(chunks, scaling, ranges.n_samples)
        deviation = np.maximum(typical.deviation, ranges.smallest_deviation(scaling, dtype)).astype(dtype)
        scaling = replace(scaling, typical_deviation=deviation, group_limits=typical.limits)
    if not settings.standardize:
        return scaling
    has_unit = scaling.channel_unit is not None or scaling.target_unit is not None
    if has_unit or not reads_once(settings):  # what the moments depend on is known only now
        found = _Moments(scaling, by_target)
        for chunk in chunks():
            found.add(*chunk)
    of_channels, of_targets = found.of_channels, found.of_targets
    channel_size, target_size = ranges.sizes(scaling)
    channel_mean, channel_scale = of_channels.mean_and_scale(dtype, channel_size)
    target_spread = None
    if is_centred:
        target_mean, target_scale = of_targets.mean_and_scale(dtype, target_size)
    else:
        target_mean, target_scale, target_spread = of_targets.mean_as_scale(dtype, target_size)
    scaling = replace(
        scaling,
        channel_mean=channel_mean,
        channel_scale=channel_scale,
        target_mean=target_mean,
        target_scale=target_scale,
        target_spread=target_spread,
    )
    # without centring, the mean is a scale and not a prediction
    is_constant = of_targets.is_constant(dtype) & is_centred
    return scaling.with_constants(ranges.constants(scaling, dtype), is_constant)


def reads_once(settings: ScalingSettings) -> bool:
    """Whether one pass over the samples is enough, unless values are extreme."""
    return settings.instance_norm not in WITH_DEVIATION


class _Moments:
    """The moments of the channels and of the targets, both after a scaling."""

    def __init__(self, scaling: Scaling, by_target: bool) -> None:
        self.scaling, self.by_target = scaling, by_target
        self.of_channels, self.of_targets = new_moments(scaling.missing_rule.by_channel), new_moments(by_target)

    def add(self, x: FloatArray, y: FloatArray, weight: FloatArray) -> None:
        """Add a chunk, whose x and y are overwritten."""
        counted = counted_weight(missing_targets(np.isnan(y), self.by_target), weight)
        present = ~np.isnan(x) if self.scaling.missing_rule.by_channel else None
        skipped, reference = self.scaling.inputs(x)
        self.scaling.targets(y, reference)
        step_weight = np.broadcast_to(weight, (len(x), len(weight)))
        step_weight = step_weight if skipped is None else step_weight * ~skipped
        self.of_channels.add(x, step_weight if present is None else step_weight[:, np.newaxis] * present)
        self.of_targets.add(y, counted)

    def beside(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield chunks, and add each of them after it was used."""
        for chunk in chunks:
            yield chunk
            with np.errstate(all="ignore"):  # what overflows is found again in other units
                self.add(*chunk)


class Units(TypedDict):
    """Powers of two by which channels and targets are divided; None if this is not needed."""

    channel_unit: FloatArray | None
    target_unit: FloatArray | None


@dataclass(frozen=True)
class ValueRanges:
    """Ranges of the channels and targets, found before anything is squared.

    Parameters
    ----------
    n_samples, n_targets : int
    largest : ndarray of shape (F,)
        Largest absolute value of each channel.
    low, high : ndarray of shape (K,)
        Smallest and largest value of each target.
    """

    n_samples: int
    n_targets: int
    largest: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def from_chunks(cls, chunks: Iterable[Chunk], n_targets: int) -> ValueRanges:
        """Find the ranges in one pass over the samples."""
        n_samples, largest, low, high = 0, [], [], []
        for x, y, weight in chunks:
            n_samples += len(weight)
            largest.append(np.fmax.reduce(np.abs(x), axis=(0, 2)))
            counted = ~np.isnan(y) & (weight > 0)
            other_axes = tuple(axis for axis in range(y.ndim) if axis != y.ndim - 2)
            low.append(np.where(counted, y, np.inf).min(axis=other_axes))
            high.append(np.where(counted, y, -np.inf).max(axis=other_axes))
        ends = (
            np.fmax.reduce(largest, axis=0, initial=0),
            np.minimum.reduce(low, axis=0),
            np.maximum.reduce(high, axis=0),
        )
        return cls(n_samples, n_targets, *ends)

    def units(self, dtype: FloatDType, settings: ScalingSettings) -> Units:
        """Return `channel_unit` and `target_unit` of the `Scaling`."""
        is_divided_by_deviation = settings.instance_norm in WITH_DEVIATION
        of_channels, of_targets = self._powers(settings.instance_norm)
        if not settings.standardize:  # only what instance_norm divides may change its unit
            is_divided = np.arange(len(of_channels)) < self.n_targets * is_divided_by_deviation
            of_channels = np.where(is_divided, of_channels, 1)
            of_targets = of_targets if is_divided_by_deviation else np.ones_like(of_targets)
        return {"channel_unit": _unit(of_channels, dtype), "target_unit": _unit(of_targets, dtype)}

    def sizes(self, scaling: Scaling) -> tuple[FloatArray, FloatArray]:
        """Return the sizes (F, 1), (K, 1) that replace the deviations of constant values, in the units of `scaling`."""
        of_channels, of_targets = self._powers(scaling.instance_norm)
        if scaling.channel_unit is not None:
            of_channels = of_channels / scaling.channel_unit.ravel()
        if scaling.target_unit is not None:
            of_targets = of_targets / scaling.target_unit.ravel()
        if scaling.instance_norm in WITH_DEVIATION:
            of_channels[: self.n_targets], of_targets[...] = 1, 1
        return of_channels[:, np.newaxis], of_targets[:, np.newaxis]

    def smallest_deviation(self, scaling: Scaling, dtype: FloatDType) -> FloatArray:
        """Return the smallest typical deviations (n_targets, 1), by which the largest target can still be divided."""
        largest = self._powers(scaling.instance_norm)[0][: self.n_targets, np.newaxis]
        if scaling.channel_unit is not None:
            largest = largest / scaling.channel_unit[: self.n_targets]
        return SMALLEST_DEVIATION[np.dtype(dtype)] * largest

    def constants(self, scaling: Scaling, dtype: FloatDType) -> FloatArray:
        """Return the values (K, 1) of targets that are constant up to rounding, in `target_unit`; NaN for others."""
        is_constant = self.high - self.low <= np.finfo(dtype).eps * np.abs(self.high)
        value = np.where(is_constant, self.high, np.nan).astype(dtype)[:, np.newaxis]
        return value if scaling.target_unit is None else value / scaling.target_unit

    def _powers(self, instance_norm: str | None) -> tuple[FloatArray, FloatArray]:
        """Return powers of two near the largest values (F,), (K,); `instance_norm` needs one for channel and target."""
        of_channels, of_targets = self.largest.copy(), np.maximum(np.abs(self.low), np.abs(self.high))
        if instance_norm is not None:
            both = of_channels[: self.n_targets]
            np.maximum(both, of_targets.reshape(-1, self.n_targets).max(axis=0), out=both)
            of_targets = np.tile(both, len(of_targets) // self.n_targets)
        return power_of_two(of_channels), power_of_two(of_targets)


def _unit(sizes: FloatArray, dtype: FloatDType) -> FloatArray | None:
    """Return the powers of two (…, 1) to divide by; None if there is no need to divide."""
    comfortable, limit = EXPONENTS[np.dtype(dtype)]
    exponent = np.frexp(sizes)[1] - 1
    exponent = np.where(np.abs(exponent) > comfortable, np.clip(exponent, -limit, limit), 0)
    return np.ldexp(1.0, exponent).astype(dtype)[:, np.newaxis] if exponent.any() else None


class TypicalDeviations(NamedTuple):
    """Typical deviation of each group of windows, (n_targets, n_groups), and limits (n_targets, n_groups - 1).

    There are no limits (None) with one group. A target with fewer groups than another has infinite limits at the end.
    """

    deviation: FloatArray
    limits: FloatArray | None


def _typical_deviation(chunks: Callable[[], Iterable[Chunk]], scaling: Scaling, n_samples: int) -> TypicalDeviations:
    """Return the typical deviation of each group of windows.

    Only windows of very different size make groups, see `group_limits`. They are sought in some windows first.
    """
    stride = -(-n_samples // N_TYPICAL_WINDOWS)
    measures, weight = _measures(chunks(), scaling, stride)
    by_channel = measures.swapaxes(0, 1)
    limits = [_limits(own, weight) for own in by_channel]
    if stride > 1 and any(map(len, limits)):  # a target that connects two groups may be in any window
        every, every_weight = _measures(chunks(), scaling, 1)
        limits = [_limits(own, every_weight) for own in every.swapaxes(0, 1)]
    typical = []
    for channel, own in enumerate(by_channel):
        group = group_of(own[VARYING], limits[channel])
        found = [_typical_of(own[:, group == k], weight[group == k]) for k in range(len(limits[channel]) + 1)]
        typical.append(found)
    n_groups = max(map(len, typical))
    if n_groups == 1:
        return TypicalDeviations(np.array(typical), None)
    padded = [np.pad(values, (0, n_groups - len(values)), mode="edge") for values in typical]
    ends = [np.pad(values, (0, n_groups - 1 - len(values)), constant_values=np.inf) for values in limits]
    return TypicalDeviations(np.array(padded), np.array(ends))


def _measures(chunks: Iterable[Chunk], scaling: Scaling, stride: int) -> tuple[FloatArray, FloatArray]:
    """Return the measures of every `stride`-th window, (n_measures, n_targets, n), and their weights (n,)."""
    found, weights, n_before = [], [], 0
    for x, y, weight in chunks:
        every = slice(-n_before % stride, None, stride)
        n_before += len(weight)
        found.append(_window_sizes(x[..., every], y[..., every], scaling))
        weights.append(weight[every])
    return np.concatenate(found, axis=-1), np.concatenate(weights)


def _limits(measures: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the limits of the groups of one target channel, whose measures are (n_measures, n).

    A few outliers make windows wide, but no group: without its most extreme step, a window is as narrow as the others.
    """
    measures = measures[:, weight > 0]
    limits = group_limits(measures[VARYING], measures[CHANGE])
    group = group_of(measures[VARYING], limits)
    usual = np.array([np.median(measures[0, group == k]) for k in range(len(limits) + 1)])
    return limits[usual[1:] > GAP * usual[:-1]]


def _typical_of(measures: FloatArray, weight: FloatArray) -> float:
    """Return quantile `TYPICAL_QUANTILE` of the deviations of all windows that are not constant.

    Each deviation leaves out the most extreme step of its window: a single outlier is in many windows, and would decide
    otherwise. If all these deviations are 0, the quantile is taken of the next measure that is not always 0: the
    deviation of all steps, the change from the last value to the target, the last value. If all are 0, the result is 1.
    """
    for values in measures[:N_FOR_TYPICAL]:
        if (values > 0).any():
            counted = values > 0
            quantiles = weighted_quantiles(values[counted][np.newaxis], weight[counted], np.array([TYPICAL_QUANTILE]))
            return float(quantiles[0, 0])
    return 1.0


def _window_sizes(x: FloatArray, y: FloatArray, scaling: Scaling) -> FloatArray:
    """Return the measures of each window, (n_measures, n_targets, B) in float64.

    The first `N_FOR_TYPICAL` are those of `_typical_of`, in its order. `VARYING` is the deviation of all steps, or 0
    if that is rounding. `CHANGE` is the largest change from the last value to a target.
    """
    x, y = x[:, : scaling.n_targets], y if y.ndim == 2 else y[-1]
    dtype, x = x.dtype, x.astype(np.float64)
    if scaling.channel_unit is not None:
        # rounded as the network reads them
        x = (x / scaling.channel_unit[: scaling.n_targets]).astype(dtype).astype(np.float64)
    if scaling.target_unit is not None:
        y = y / scaling.target_unit
    missing = scaling.missing_rule.fill_missing(x)
    mean, whole = window_moments(x, missing)
    distance = np.abs(x - mean)
    if missing is not None:
        distance *= ~missing
    without_extreme = np.zeros_like(whole)
    for channel in range(len(without_extreme)):
        own = slice(channel, channel + 1)
        left_out = np.arange(len(x))[:, np.newaxis, np.newaxis] == distance[:, own].argmax(axis=0)
        left_out = left_out if missing is None else left_out | np.broadcast_to(missing, x.shape)[:, own]
        _, without_extreme[own] = window_moments(x[:, own], left_out)
    last = last_present(x, missing)
    change = np.nan_to_num(np.abs(y.reshape(-1, scaling.n_targets, y.shape[-1]) - last))
    varying = np.where(is_rounding(whole, last.astype(dtype)), 0, whole)
    return np.stack((without_extreme, whole, change[0], np.abs(last), varying, change.max(axis=0)))
