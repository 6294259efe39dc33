"""Check that predictions are finite, and select those that are compared with targets."""

import numpy as np

from sklstm._estimator.input_checks import FLOATS
from sklstm._estimator.training_set import check_rows_have_targets
from sklstm._utils.argument_checks import as_array, check_same_length
from sklstm._utils.checks import check_weights


def check_finite(predictions, X, every_step, missing_rule):
    """Raise an error if a prediction for samples X is not finite; at missing steps it is NaN."""
    finite = np.isfinite(predictions)
    if finite.all():
        return
    bad = ~finite
    if every_step:
        bad[missing_rule.skipped_steps(X)] = False
    if bad.any():
        row = int(np.argwhere(bad)[0, 0])
        raise ValueError(
            f"The prediction for row {row} of {len(X)} is not finite: the row is too far from the training rows, or "
            "the weights are not finite. Check this row, or fit again with a smaller learning_rate_init."
        )


def _check_outputs(y, predictions):
    """Raise an error if true targets (n_samples,) or (n_samples, n_outputs) have another number of outputs."""
    given, predicted = (values.shape[1] if values.ndim > 1 else 1 for values in (y, predictions))
    if given != predicted:
        raise ValueError(f"y has {given} output(s), but the predictions have {predicted}.")


def scored_targets(y, predictions, sample_weight, every_step):
    """Check the targets of `score`; return targets, predictions and weights as it compares them."""
    if every_step:
        return at_present_steps(y, predictions, sample_weight)
    y = as_array(y, "y", dtype="numeric", ensure_2d=False, ensure_all_finite="allow-nan")
    check_rows_have_targets(y)
    check_same_length(X=predictions, y=y)
    _check_outputs(y, predictions)
    return y, predictions, None if sample_weight is None else check_weights(sample_weight, y)


def at_present_steps(y, predictions, sample_weight):
    """Return targets, predictions and weights at the present steps, one row for each, as `score` compares them.

    Parameters
    ----------
    y : array-like of shape (n_samples, n_steps, n_outputs)
    predictions : ndarray of the same shape
        NaN at missing steps.
    sample_weight : array-like of shape (n_samples,) or None

    Returns
    -------
    y, predictions : ndarray of shape (n_present, n_outputs)
    sample_weight : ndarray of shape (n_present,) or None
    """
    y = as_array(y, "y", dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False)
    if y.shape != predictions.shape:
        raise ValueError(f"y has shape {y.shape}, but the predictions have shape {predictions.shape}.")
    present = ~np.isnan(predictions).any(axis=2)
    if sample_weight is not None:
        weight = check_weights(sample_weight, predictions)
        sample_weight = np.broadcast_to(weight[:, np.newaxis], present.shape)[present]
    return y[present], predictions[present], sample_weight
