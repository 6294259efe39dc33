"""What a file with weights has to say besides them, and the model that is made of both.

It is what a checkpoint contains, without the history of training, the optimiser and the last training sample.
"""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._checkpoint.estimators import opaque_parameters, spec_of
from sklstm._checkpoint.files import CheckpointContent, checked_content, make_estimator
from sklstm._checkpoint.state_kinds import CODEC
from sklstm._estimator.training_record import saved_record
from sklstm._network.layout import Layout
from sklstm._utils.argument_checks import shown


@dataclass(frozen=True)
class WeightsContent:
    """A model taken apart.

    Parameters
    ----------
    content : dict
        JSON: parameters, form of the samples, and all that is not an array.
    arrays : dict of ndarray
        The weights, and the arrays of the scaling.
    name : str
        Which of the arrays has the weights, as one vector.
    layout : Layout
        The places of the weights in it.
    """

    content: dict[str, object]
    arrays: dict[str, np.ndarray]
    name: str
    layout: Layout


def weights_content(estimator):
    """Take a fitted LSTMRegressor apart; ValueError if a file cannot hold its parameters or its weights."""
    estimator._validate_params()
    spec = spec_of(estimator)
    opaque = opaque_parameters(spec)
    if opaque:
        raise ValueError(f"A file cannot hold {', '.join(opaque)}. Give numbers, text or arrays instead.")
    attributes = vars(estimator).copy()
    theta = attributes["theta_"].copy()
    if not np.isfinite(theta).all():
        raise ValueError("theta_ has weights that are not finite. Fit again with a smaller learning_rate_init.")
    record, _ = saved_record(attributes)
    record = replace(record, state=record.state.without_history(theta), keeps_best=False)
    content, arrays = CODEC.encode(vars(CheckpointContent(spec, None, [record])))
    name = next(name for name, array in arrays.items() if array is theta)
    return WeightsContent(content, arrays, name, record.state.network.layout)


def model_of(content):
    """Make the LSTMRegressor of a WeightsContent that was read; ValueError if it is none."""
    found = checked_content(CODEC.decode(content.content, content.arrays))
    state = found.trainings[0].state
    if state.network.layout != content.layout:
        raise ValueError(f"its weights are those of {content.layout}, but its settings say {state.network.layout}")
    if state.theta.shape != (content.layout.size,) or not np.array_equal(state.theta, content.arrays[content.name]):
        raise ValueError(f"its settings do not name its weights {shown(content.name)}")
    return make_estimator(found)
