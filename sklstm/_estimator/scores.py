"""R² of predictions, also if single targets are missing."""

import numpy as np

from sklstm._utils.overflow import scaled_for_r2


def n_scored(y_true):
    """Return the largest number of present targets of an output; R² needs at least two."""
    return len(y_true) if y_true.ndim == 1 else int((~np.isnan(y_true)).sum(axis=0).max(initial=0))


def r2(y_true, y_pred, sample_weight=None):
    """Return R², the mean over the outputs.

    If single targets are missing (NaN), the R² of an output is that of its present targets with a positive weight. An
    output with fewer than two of them has no R² and does not count; if there is no other output, the result is NaN.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    score : float
    """
    from sklearn.metrics import r2_score

    def of(rows, output):
        weight = None if sample_weight is None else sample_weight[rows]
        true, predicted, weight = scaled_for_r2(y_true[rows, output], y_pred[rows, output], weight)
        return float(r2_score(true, predicted, sample_weight=weight))

    present = ~np.isnan(y_true)
    if present.all():
        return of(slice(None), ...)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y has shape {y_true.shape}, but the predictions have shape {y_pred.shape}.")
    if sample_weight is not None:
        present &= sample_weight[:, np.newaxis] > 0
    counts = present.sum(axis=0)
    scored = np.flatnonzero(counts >= min(2, counts.max()))  # of a single target, scikit-learn warns
    return float(np.mean([of(present[:, output], output) for output in scored]))
