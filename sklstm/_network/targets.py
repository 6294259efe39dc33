"""The targets that the network's outputs are compared with, and the weight of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sklstm._utils.typing import BoolArray, FloatArray


Scalar = TypeVar("Scalar", bound=np.generic)


def training_targets(X: FloatArray, y: FloatArray, every_step: bool, skipped: BoolArray | None) -> FloatArray:
    """Return the targets that the outputs are compared with.

    If `y` has a target for the last step only, but every step is trained, the target of each earlier step is the
    next step of the sample, in its first K channels. It counts if neither step is skipped and all K values are
    present.

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
        NaN where no target counts; single targets only of `y` (B, K). It may be `y` itself.
    """
    if not every_step:
        return y
    if y.ndim == 3:
        return y if skipped is None else np.where(skipped[..., np.newaxis], np.nan, y)
    targets = np.concatenate((X[:, 1:, : y.shape[1]], y[:, np.newaxis]), axis=1)
    if skipped is not None:
        inner = targets[:, :-1]
        inner[skipped[:, :-1] | skipped[:, 1:] | np.isnan(inner).any(axis=2)] = np.nan
    return targets


def missing_targets(is_nan: BoolArray, by_target: bool) -> BoolArray:
    """Return which targets do not count, given a mask of NaN (…, K, B): (…, B), or (…, K, B) with `by_target`."""
    return is_nan if by_target else np.logical_or.reduce(is_nan, axis=-2)


def counted_weight(missing: BoolArray, weight: FloatArray) -> FloatArray:
    """Return the weight of each target: that of its sample, (B,), or 0 where it is `missing`, (…, B) or (…, K, B)."""
    return np.where(missing, 0, weight)


def features_first(values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return a view of samples with the sample as last axis; np.moveaxis takes ten times as long."""
    return values.T if values.ndim == 2 else values.transpose(1, 2, 0)


def samples_first(values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return a view with the sample as first axis: the inverse of `features_first`."""
    return values.T if values.ndim == 2 else values.transpose(2, 0, 1)
