"""The samples that training or validation works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sklstm._network.missing_values import MissingRule
from sklstm._utils.caches import cached_property
from sklstm._utils.windows import row_chunks

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
        In the first case, NaN where a single target is missing.
    weight : ndarray of shape (n,)
        In float64.
    rows : ndarray of int
        Indices of the samples that take part.
    """

    X: FloatArray
    y: FloatArray
    weight: FloatArray
    rows: IntArray

    @cached_property
    def by_target(self) -> bool:
        """Whether each target counts by itself, because single targets of a sample are missing."""
        if self.y.ndim == 3:
            return False
        chunks = row_chunks(len(self.rows), self.y.shape[1])
        return any(np.isnan(self.y[self.rows[chunk]]).any() for chunk in chunks)


def most_present_steps(samples: Samples, missing_rule: MissingRule) -> int:
    """Return the largest number of steps of a sample that are not skipped."""
    X, rows, most = samples.X, samples.rows, 0
    for chunk in row_chunks(len(rows), X[0].size):
        skipped = missing_rule.skipped_steps(X[rows[chunk]])
        most = max(most, X.shape[1] - int(skipped.sum(axis=1).min()))
    return most


SomeSamples = TypeVar("SomeSamples", bound=Samples)


def merge_equal(samples: SomeSamples, missing_rule: MissingRule) -> SomeSamples:
    """Replace equal samples by one of them, with the sum of their weights.

    A sum over the merged samples is then the same to the bit, whether a sample is repeated or weighted, and in every
    order of the samples.

    Parameters
    ----------
    samples : Samples
    missing_rule : MissingRule
        Rule for missing values. Values at skipped steps are not compared.

    Returns
    -------
    merged : Samples
        `rows` has one index for each distinct sample, in an order that depends on the values only. `weight` is the
        merged weight of these samples, and 0 for all others.
    """
    digests, rows, weight = _digests(samples, missing_rule), samples.rows, samples.weight
    order = np.lexsort((weight[rows], *digests.T))  # by weight too, as rounding depends on the order of a sum
    rows, digests = rows[order], digests[order]
    is_new = np.append(True, (digests[1:] != digests[:-1]).any(axis=1))
    first = rows[is_new]
    merged = np.zeros(len(weight))
    merged[first] = np.add.reduceat(weight[rows], np.flatnonzero(is_new))
    return replace(samples, rows=first, weight=merged)


def _digests(samples: Samples, missing_rule: MissingRule) -> IntArray:
    """Return a hash of 128 bits for each sample, (m, 2). Equal samples, and no others, have equal hashes."""
    digests: list[bytes] = []
    for chunk in row_chunks(len(samples.rows), samples.X[0].size + samples.y[0].size):
        x, y = samples.X[samples.rows[chunk]], samples.y[samples.rows[chunk]]
        skipped = missing_rule.skipped_steps(x)
        x[skipped[..., np.newaxis] | np.isnan(x)] = np.nan  # one bit pattern for all kinds of NaN
        y[skipped if y.ndim == 3 else np.isnan(y)] = np.nan
        table = np.concatenate([part.reshape(len(x), -1) for part in (x, y)], axis=1) + 0.0  # -0 becomes 0
        digests.extend(blake2b(row, digest_size=16).digest() for row in table)
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
