"""The samples that training or validation works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray


@dataclass(frozen=True)
class Samples:
    """Samples, targets and weights, and which of the samples take part.

    X and y may be views (such as overlapping windows) and are never copied as a whole: only the samples of one batch
    are.

    Parameters
    ----------
    X : ndarray of shape (n, T, F)
    y : ndarray of shape (n, K) or (n, T, K)
    weight : ndarray of shape (n,)
        In float64.
    rows : ndarray of int
        Indices of the samples that take part.
    """

    X: FloatArray
    y: FloatArray
    weight: FloatArray
    rows: IntArray
