"""What the exchange of weights with PyTorch, Keras and safetensors has in common."""

from contextlib import suppress

import numpy as np

from sklstm._estimator.given_weights import fit_by_weights, weights_with_scaling
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._network.plain_weights import LayerWeights, NetworkWeights
from sklstm._utils.argument_checks import check_flag, shown
from sklstm._utils.plain_parameters import plain

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
# What the number of rows of recurrent weights says, in blocks of `hidden_size`.
CELLS = {1: "a simple recurrent network", 3: "a GRU"}


def check_regressor(estimator, caller):
    """Raise TypeError for anything but an LSTMRegressor."""
    if isinstance(estimator, LSTMRegressor):
        return
    raise TypeError(
        f"{caller} takes a fitted LSTMRegressor, got {shown(estimator)}. Of a Pipeline, give its last step, "
        "pipeline[-1]; of a search, search.best_estimator_. What a Pipeline or a Forecaster does before or after the "
        "LSTM has no place in its weights."
    )


def check_dtype(dtype):
    """Return float32 or float64 as a dtype, None unchanged; raise an error for anything else."""
    if dtype is None:
        return None
    with suppress(Exception):  # of any class, for nested dicts and lists
        found = np.dtype(dtype)
        if found in FLOATS:
            return found
    raise ValueError(f"dtype must be np.float32 or np.float64, got {shown(dtype)}.")


def exported_weights(estimator, caller, dtype, log_mean):
    """Check the arguments of a function that exports weights; return the NetworkWeights, with the scaling in them."""
    check_regressor(estimator, caller)
    return weights_with_scaling(estimator, check_dtype(dtype), check_flag(log_mean, "log_mean"))


def check_array(name, array):
    """Return weights as an array; raise an error unless they are finite numbers in float32 or float64."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        precision = f", in {array.dtype}" if isinstance(array, np.ndarray) else ""
        raise TypeError(f"{name} must be an array of float32 or float64, got {shown(array)}{precision}.")
    if array.dtype.newbyteorder("=") not in FLOATS:
        raise ValueError(f"{name} has the precision {array.dtype}, but float32 or float64 is needed. Convert it.")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} has values that are NaN or infinite. The training must have failed: take weights from before."
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def check_same_precision(arrays):
    """Raise ValueError if arrays, by name, differ in precision."""
    by_dtype = {array.dtype: name for name, array in arrays.items()}
    if len(by_dtype) > 1:
        found = " and ".join(f"{name} has {dtype}" for dtype, name in by_dtype.items())
        raise ValueError(f"All weights must have one precision, but {found}. Convert them to one of the two.")


def check_shape(name, array, shape, why):
    """Raise ValueError for an array of another shape; `why` says what the shape follows from."""
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, but {why} needs {shape}.")


def hidden_size_of(name, shape, size_axis, gate_axis):
    """Return H of recurrent weights of an LSTM, four blocks of H; ValueError for those of another cell.

    Parameters
    ----------
    name : str
    shape : tuple
    size_axis, gate_axis : int
        The axes of H and of 4H.
    """
    size = shape[size_axis] if len(shape) == 2 else 0
    n_blocks, rest = divmod(shape[gate_axis], size) if size else (0, 0)
    if n_blocks == 4 and not rest:
        return size
    cell = CELLS.get(n_blocks) if size and not rest else None
    reason = f"This is {cell}, which sklstm does not have." if cell else "An LSTM has four gates."
    raise ValueError(f"{name} has the shape {shape}, which is not that of recurrent weights of an LSTM. {reason}")


def stacked(layers, readout, n_directions):
    """Check that layers and read-out fit each other, and return NetworkWeights.

    Parameters
    ----------
    layers : list of (name, LayerWeights)
        From the bottom to the top; forward, then backward. Each fits in itself.
    readout : tuple (name, weight, bias)
        Weights (K, n_inputs) and biases (K,).
    n_directions : int
    """
    name, weight, bias = readout
    first_name, first = layers[0]
    size = first.weight_hh.shape[1]
    for number, (layer_name, layer) in enumerate(layers):
        n_inputs = first.weight_ih.shape[1] if number < n_directions else n_directions * size
        if layer.weight_hh.shape[1] != size:
            raise ValueError(
                f"{layer_name} has {layer.weight_hh.shape[1]} units, but {first_name} has {size}. All layers of an "
                "LSTMRegressor have the same hidden_size."
            )
        if layer.weight_ih.shape[1] != n_inputs:
            raise ValueError(
                f"{layer_name} reads {layer.weight_ih.shape[1]} inputs, but there are {n_inputs} at its place: each "
                "layer reads all states of the layer below, and both directions the same."
            )
    if weight.shape[1] != n_directions * size:
        raise ValueError(
            f"{name} reads {weight.shape[1]} values, but the top layer has {n_directions * size} states "
            f"(hidden_size={size} in {n_directions} direction{'s' * (n_directions > 1)})."
        )
    return NetworkWeights([layer for _, layer in layers], n_directions, weight, bias)


def check_sizes(weights):
    """Raise ValueError for weights without inputs, units or outputs."""
    layout = weights.layout
    if 0 in (layout.n_channels, layout.hidden_size, layout.n_values):
        raise ValueError(
            f"The weights have {layout.n_channels} inputs, {layout.hidden_size} units and {layout.n_values} outputs, "
            "but at least one of each is needed."
        )


def new_regressor(weights, parameters, every_step, known):
    """Make a fitted LSTMRegressor from NetworkWeights.

    Parameters
    ----------
    weights : NetworkWeights
    parameters : dict
        Parameters of LSTMRegressor that the user gave. Sizes must be those of the weights.
    every_step : bool
    known : dict
        What the other library says of further parameters, which the user's replace.
    """
    check_sizes(weights)
    layout = weights.layout
    bidirectional = layout.n_directions == 2
    sizes = {"hidden_size": layout.hidden_size, "n_layers": layout.n_layers, "bidirectional": bidirectional}
    for name, found in sizes.items():
        given = plain(parameters.get(name, found), name)
        if type(given) is not type(found) or given != found:
            raise ValueError(
                f"{name}={shown(parameters[name])}, but the weights have {name}={found}. Leave {name} out."
            )
    unknown = parameters.keys() - LSTMRegressor().get_params().keys()
    if unknown:
        raise TypeError(f"LSTMRegressor has no parameter {sorted(unknown)[0]!r}.")
    regressor = LSTMRegressor(**{"standardize": False} | known | parameters | sizes)
    return fit_by_weights(regressor, weights, every_step=every_step)


def layer_from(weight_ih, weight_hh, bias):
    """Make the weights of a layer; without biases (None) they are 0."""
    return LayerWeights(weight_ih, weight_hh, np.zeros(len(weight_hh), weight_hh.dtype) if bias is None else bias)
