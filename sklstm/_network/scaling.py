"""Scaling of the network's inputs and targets: instance norm of each window, then standardisation.

Arrays are features first: inputs x (T, F, B), targets and outputs y (…, K, B), with the window as the last axis.
Output k belongs to target channel k mod n_targets: the outputs list all target channels for the first step ahead, then
for the second, and so on.

Sources: Kim et al. (2022), *Reversible Instance Normalization for Accurate Time-Series Forecasting
against Distribution Shift*; Zeng et al. (2023), *Are Transformers Effective for Time Series
Forecasting?*, for subtracting the last value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sklstm._network.missing_values import SKIP, MissingRule, last_present, n_present
from sklstm._network.moments import window_moments
from sklstm._network.window_groups import group_of, is_rounding

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, FloatDType

INSTANCE_NORMS = ("last", "mean", "standard", "last-standard")
WITH_DEVIATION = ("standard", "last-standard")

# Weight of the typical variance, in steps of a window; chosen with `benchmarks/accuracy.py`.
PRIOR_STEPS = 0.25

# Scaled inputs are limited to ± this. Gates are open or shut to the last bit long before, and sums of products with
# larger inputs, or their squares in gradients, could overflow in float32.
LARGEST_INPUT = 1e30

# Location (n_targets, B) and scale (or None for 1) of each window.
Reference: TypeAlias = "tuple[FloatArray, FloatArray | None]"

# Inputs x, targets y and weights of some samples, as `fit_scaling` takes them.
Chunk: TypeAlias = "tuple[FloatArray, FloatArray, FloatArray]"


@dataclass(frozen=True)
class Scaling:
    """Fitted scaling of inputs and targets; `fit_scaling` makes it.

    Parameters
    ----------
    n_targets : int
        Number of target channels, which are the first channels.
    instance_norm : str or None
        How the target channels of each window are normalised, one of `INSTANCE_NORMS`.
    typical_deviation : ndarray of shape (n_targets, n_groups) or None
        Typical standard deviation of a window of each group. The deviation of each window is shrunk towards it, more
        if the window has few present steps. Usually there is one group.
    channel_mean, channel_scale : ndarray of shape (F, 1) or None
        Standardise the inputs after `instance_norm`. None leaves them unchanged.
    target_mean, target_scale : ndarray of shape (K, 1) or None
        Standardise the targets in the same way.
    target_spread : ndarray of shape (K, 1) or None
        For targets that are divided by their mean and not centred: standard deviation / mean, at most 1.
    channel_unit, target_unit : ndarray of shape (F, 1) and (K, 1) or None
        Powers of two by which values are divided first, if their squares would overflow or underflow.
    constant : ndarray of shape (K, 1) or None
        Value of each target that is constant in training, in `target_unit`; NaN for the other targets. It is predicted
        exactly; the network would only come close to it.
    is_constant : ndarray of bool of shape (K, 1) or None
        Which targets are constant in training after `instance_norm`; `target_mean` is predicted for them.
    missing_rule : MissingRule
        Rule for missing values.
    group_limits : ndarray of shape (n_targets, n_groups - 1) or None
        The deviations that separate the groups, in units of `channel_unit`; None if there is one group.
    """

    n_targets: int
    instance_norm: str | None = None
    typical_deviation: FloatArray | None = None
    channel_mean: FloatArray | None = None
    channel_scale: FloatArray | None = None
    target_mean: FloatArray | None = None
    target_scale: FloatArray | None = None
    target_spread: FloatArray | None = None
    channel_unit: FloatArray | None = None
    target_unit: FloatArray | None = None
    constant: FloatArray | None = None
    is_constant: BoolArray | None = None
    missing_rule: MissingRule = SKIP
    group_limits: FloatArray | None = None

    def inputs(self, x: FloatArray, indicators: FloatArray | None = None) -> tuple[BoolArray | None, Reference | None]:
        """Scale inputs `x` (T, F, B) in place; missing values become finite.

        With `missing_rule.by_channel` missing values become 0, and `indicators` (T, F, B) become 1 at missing values
        and 0 elsewhere.

        Returns
        -------
        skipped : ndarray of bool of shape (T, B) or None
            Steps to skip; None if none is skipped.
        reference : tuple of ndarray of shape (n_targets, B) or None
            Location and scale (or None for 1) of each window, for `targets` and `outputs`.
        """
        if self.channel_unit is not None:
            x /= self.channel_unit
        missing = self.missing_rule.fill_missing(x)
        reference = None
        with np.errstate(over="ignore"):  # see `limit_inputs`
            if self.instance_norm is not None:
                of_targets = x[:, : self.n_targets]
                reference = self._reference(of_targets, None if missing is None else missing[:, : self.n_targets])
                _to_relative(of_targets, reference)
            if self.channel_mean is not None and self.channel_scale is not None:
                x -= self.channel_mean
                x /= self.channel_scale
        if self.missing_rule.by_channel:
            if missing is not None:
                np.copyto(x, 0, where=missing)
            if indicators is not None:
                indicators[...] = 0 if missing is None else missing
        return self.missing_rule.skipped(missing), reference

    def targets(self, y: FloatArray, reference: Reference | None) -> None:
        """Scale targets `y` (…, K, B) in place."""
        if self.target_unit is not None:
            y /= self.target_unit
        if reference is not None:
            _to_relative(self._by_channel(y), reference)
        if self.target_mean is not None and self.target_scale is not None:
            y -= self.target_mean
            y /= self.target_scale

    def outputs(self, y: FloatArray, reference: Reference | None) -> None:
        """Undo `targets`, in place. A value that does not fit into the precision becomes infinite, without a warning.

        The caller handles such values, and can say which sample they belong to.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            if self.target_mean is not None and self.target_scale is not None:
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

    def with_constants(self, constant: FloatArray, is_constant: BoolArray) -> Scaling:
        """Return a copy that predicts constant targets exactly. Where `is_constant` holds, `constant` is not used."""
        constant = np.where(is_constant, np.nan, constant)
        return replace(
            self,
            constant=None if np.isnan(constant).all() else constant,
            is_constant=is_constant if is_constant.any() else None,
        )

    def updated(self, chunks: Iterable[Chunk], dtype: FloatDType) -> Scaling:
        """Return a copy for training on other samples, in which targets may not be constant any more."""
        mean, scale = self.target_mean, self.target_scale
        if mean is None or scale is None or (self.constant is None and self.is_constant is None):
            return self
        nothing = np.full_like(mean, np.nan)
        constant = nothing if self.constant is None else self.constant.copy()
        is_constant: BoolArray = np.isfinite(nothing) if self.is_constant is None else self.is_constant.copy()
        rounding = np.finfo(dtype).eps * np.maximum(np.abs(mean / scale), 1)
        for x, y, weight in chunks:
            counted = weight > 0
            unit = 1 if self.target_unit is None else self.target_unit
            differs = np.abs(y / unit - constant) > np.finfo(dtype).eps * np.abs(constant)
            constant[_any_counted(differs, counted)] = np.nan
            self.targets(y, self.inputs(x)[1])
            is_constant &= ~_any_counted(np.abs(y) > rounding, counted)
        return self.with_constants(constant, is_constant)

    def _by_channel(self, y: FloatArray) -> FloatArray:
        """Return a view of `y` (…, K, B) as (…, K / n_targets, n_targets, B)."""
        return y.reshape(*y.shape[:-2], -1, self.n_targets, y.shape[-1])

    def _reference(self, x: FloatArray, missing: BoolArray | None) -> Reference:
        """Return location and scale of the target channels of each window."""
        if self.instance_norm == "last":
            return last_present(x, missing), None
        mean, deviation = window_moments(x, missing)
        is_last = self.instance_norm == "last-standard"
        location = last_present(x, missing) if is_last else mean.astype(x.dtype)
        if self.instance_norm == "mean":
            return location, None
        if self.typical_deviation is not None:
            share = PRIOR_STEPS / (PRIOR_STEPS + n_present(x, missing))
            typical = self._typical_deviation(deviation, x, missing)
            deviation = np.hypot(np.sqrt(1 - share) * deviation, np.sqrt(share) * typical)
        return location, deviation.astype(x.dtype)

    def _typical_deviation(self, deviation: FloatArray, x: FloatArray, missing: BoolArray | None) -> FloatArray:
        """Return the typical deviation of the group of each window, (n_targets, B), or (n_targets, 1) for all."""
        assert self.typical_deviation is not None
        if self.group_limits is None:
            return self.typical_deviation
        deviation = np.where(is_rounding(deviation, last_present(x, missing)), 0, deviation)
        by_channel = zip(self.typical_deviation, deviation, self.group_limits, strict=True)
        return np.stack([typical[group_of(own, limits)] for typical, own, limits in by_channel])


def limit_inputs(x: FloatArray) -> None:
    """Limit scaled inputs to ± `LARGEST_INPUT`, in place."""
    np.maximum(x, -LARGEST_INPUT, out=x)  # np.clip takes twice as long for one sample
    np.minimum(x, LARGEST_INPUT, out=x)


def _to_relative(values: FloatArray, reference: Reference) -> None:
    """Subtract the location of each window and divide by its scale, in place."""
    location, scale = reference
    values -= location
    if scale is not None:
        values /= scale


def _any_counted(condition: BoolArray, counted: BoolArray) -> BoolArray:
    """Whether a condition (…, K, B), False for NaN, holds for a sample that counts (B,); per output, (K, 1)."""
    condition = condition & counted
    other_axes = tuple(axis for axis in range(condition.ndim) if axis != condition.ndim - 2)
    found: BoolArray = np.logical_or.reduce(condition, axis=other_axes)
    return found[:, np.newaxis]
