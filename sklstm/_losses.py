"""Value and gradient of each loss.

A loss takes `prediction` and `target` of shape (…, K, B) in standardised units and `weight` of
shape (…, B), zero where a target does not count, and returns the weighted mean per target and its
gradient with respect to the prediction. Targets are finite everywhere, also where weight is 0.
"""

import numpy as np


def squared_error(prediction, target, weight):
    """Half the weighted mean squared error per target, with its gradient.

    ½ · Σ w (p - y)² / (K · Σ w), so that the gradient is w (p - y) / (K · Σ w).
    """
    total = weight.sum() * prediction.shape[-2]
    error = prediction - target
    gradient = error * (weight / total)[..., np.newaxis, :]
    return 0.5 * float(np.vdot(error, gradient)), gradient
