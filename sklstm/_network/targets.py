"""The targets that the network's outputs are compared with, and the weight of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray


def training_targets(X: FloatArray, y: FloatArray, every_step: bool, skipped: BoolArray | None) -> FloatArray:
    """Return the targets that the outputs are compared with.

    If `y` has a target for the last step only, but every step is trained, the target of each earlier step is the
    next step of the sample, in its first K channels. It counts if neither step is skipped and its value is present.

    Parameters
    ----------
    X : ndarray of shape (B, T, F)
    y : ndarray of shape (B, K) or (B, T, K)
    every_step : bool
        Whether the loss counts the outputs at every step.
    skipped : ndarray of bool of shape (B, T) or None
        Steps that are skipped; None if none is.

    Returns
    -------
    targets : ndarray of shape (B, K) or, with `every_step`, (B, T, K)
        NaN where no target counts. It may be `y` itself.
    """
    if not every_step:
        return y
    if y.ndim == 3:
        return y if skipped is None else np.where(skipped[..., np.newaxis], np.nan, y)
    targets = np.concatenate((X[:, 1:, : y.shape[1]], y[:, np.newaxis]), axis=1)
    if skipped is not None:
        targets[:, :-1][skipped[:, :-1] | skipped[:, 1:]] = np.nan
    return targets


def target_weight(missing: BoolArray, weight: FloatArray) -> FloatArray:
    """Return the weight (…, B) of each target: that of its sample, or 0 where a value is `missing` (…, K, B)."""
    return counted_weight(np.logical_or.reduce(missing, axis=-2), weight)


def counted_weight(missing: BoolArray, weight: FloatArray) -> FloatArray:
    """Return the weight (…, B) of each target: that of its sample, or 0 where it is `missing` (…, B)."""
    return np.where(missing, 0, weight)


def features_first(values: FloatArray) -> FloatArray:
    """Return a view of samples with the sample as last axis; np.moveaxis takes ten times as long."""
    return values.T if values.ndim == 2 else values.transpose(1, 2, 0)


def samples_first(values: FloatArray) -> FloatArray:
    """Return a view with the sample as first axis: the inverse of `features_first`."""
    return values.T if values.ndim == 2 else values.transpose(2, 0, 1)
