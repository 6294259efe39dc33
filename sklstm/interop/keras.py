"""Exchange of weights with Keras: `LSTM` layers, also stacked and `Bidirectional`, and the `Dense` layer above them.

Keras is not needed for lists of weights. Its kernels are transposed, with one column for each row here. Its gates are
i, f, c, o, where c is the candidate g, and each has one bias.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sklstm._utils.argument_checks import check_flag, shown
from sklstm._utils.error_state import with_default_error_state
from sklstm.interop._weights import (
    check_array,
    check_same_precision,
    check_shape,
    exported_weights,
    hidden_size_of,
    layer_from,
    new_regressor,
    stacked,
)

LIBRARIES = ("keras", "tf_keras", "tensorflow")  # whose layers are those of Keras
# Layers that change nothing in predictions.
WITHOUT_EFFECT = ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout")
# Settings of LSTM layers that sklstm does not have any other of. A backward layer has another `go_backwards`.
NEEDED = {"activation": "tanh", "recurrent_activation": "sigmoid", "stateful": False, "return_state": False}


class _Cell(NamedTuple):
    """The arrays of one layer and direction, as Keras keeps them."""

    name: str
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray | None


class _Found(NamedTuple):
    """What was found in layers or lists: cells from the bottom to the top, and kernel and bias of the Dense layer."""

    cells: list[_Cell]
    n_directions: int
    dense: list[np.ndarray]
    returns_sequences: bool | None


@with_default_error_state
def from_keras(layers, *, return_sequences=None, **parameters):
    """Make a fitted `LSTMRegressor` from Keras' `LSTM` layers and the `Dense` layer above them.

    It predicts what the layers predict, up to rounding, in their precision. `partial_fit` trains it on.

    Parameters
    ----------
    layers : keras.Model, list of layers, or list of arrays
        A Sequential or functional model whose layers follow each other; its layers; or the weights:
        `model.get_weights()`, or the `get_weights()` of each layer, in a list. All LSTM layers must have the same
        number of units and directions. Layers without an effect on predictions, such as Dropout, are left out.
    return_sequences : bool, default=None
        Whether there is a prediction at every step. Layers have this setting. For arrays, the default is False.
    **parameters
        Parameters of `LSTMRegressor` with which `partial_fit` trains on, such as `learning_rate_init`, and `n_targets`,
        which `forecast` needs to know. `standardize` is False: scale `X` as it was scaled when the weights were
        trained. With `loss="poisson"`, predictions are the exponentials of the read-out: the Dense layer must have
        `activation="exponential"`. A list of arrays does not tell its activation, so give `loss` there, too.

    Returns
    -------
    regressor : LSTMRegressor
        Fitted, for samples of shape (n_samples, n_steps, n_channels). Its predictions have the shape (n_samples,) if
        the Dense layer has one unit.

    Raises
    ------
    TypeError
        If `layers` is none of these.
    ValueError
        If there are other layers, such as a GRU, or settings that an LSTMRegressor does not have; if a layer is of a
        subclass or, in a functional model, is called with an initial state, a mask or `training=True`; if arrays are
        missing, do not fit each other or are not finite.

    See Also
    --------
    get_weights : The other direction.

    Notes
    -----
    Keras' `dropout` and `recurrent_dropout` drop inputs of a layer, and are not taken over: they change no
    predictions. Give `dropout=` to train on with that of an LSTMRegressor. `unit_forget_bias` is how the biases began,
    and part of them.

    NaN in `X` makes Keras' predictions NaN. Here such a step is skipped. A model from weights has seen no samples:
    `forecast` needs a `context`, and `loss_curve_` is empty.

    Examples
    --------
    From lists of weights, which Keras' `get_weights` returns:

    >>> import numpy as np
    >>> from sklstm.interop.keras import from_keras
    >>> rng = np.random.default_rng(0)
    >>> lstm = [rng.normal(size=shape) for shape in ((2, 32), (8, 32), (32,))]  # LSTM(8) of two channels
    >>> dense = [rng.normal(size=shape) for shape in ((8, 1), (1,))]
    >>> model = from_keras([lstm, dense])
    >>> model.hidden_size, model.predict(np.ones((3, 20, 2))).shape
    (8, (3,))
    """
    if return_sequences is not None:
        return_sequences = check_flag(return_sequences, "return_sequences")
    loss = parameters.get("loss")
    is_poisson = isinstance(loss, str) and loss == "poisson"
    found = _of_model(layers, is_poisson) if _is_model(layers) else _of_list(layers, is_poisson)
    if None not in (return_sequences, found.returns_sequences) and return_sequences != found.returns_sequences:
        raise ValueError(
            f"return_sequences={return_sequences}, but the last LSTM layer has "
            f"return_sequences={found.returns_sequences}. Leave it out."
        )
    every_step = found.returns_sequences if return_sequences is None else return_sequences
    return new_regressor(_network_weights(found), parameters, bool(every_step), {})


@with_default_error_state
def get_weights(estimator, *, dtype=None, log_mean=False):
    """Return the weights of an `LSTMRegressor` as the list that `set_weights` of a Keras model takes.

    The standardisation of channels and targets is put into the weights. So the model reads `X` as `predict` does, and
    returns what it returns, up to rounding. Keras is not needed.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted.
    dtype : numpy dtype, default=None
        np.float32 or np.float64; by default the precision of the estimator. Keras computes in float32 by default.
    log_mean : bool, default=False
        For `loss="poisson"`, which needs True: the Dense layer must have `activation="exponential"`.

    Returns
    -------
    weights : list of ndarray
        kernel, recurrent_kernel and bias of each LSTM layer (of a Bidirectional one forward, then backward), then
        kernel and bias of the Dense layer.

    Raises
    ------
    TypeError
        If `estimator` is not an LSTMRegressor.
    NotFittedError
        If it is not fitted.
    ValueError
        If LSTM layers with a Dense layer cannot make its predictions: with `instance_norm`, `missing="indicator"` or,
        without `log_mean=True`, `loss="poisson"`. The message says what to do.

    Warns
    -----
    UserWarning
        If the mean of a channel is so large beside its deviation that the precision does not suffice, or if only one
        of several quantiles can be converted.

    See Also
    --------
    from_keras : The other direction.

    Notes
    -----
    The model is `Sequential([LSTM(hidden_size, return_sequences=…), Dense(n_outputs)])`, with as many LSTM layers as
    `n_layers`, of which all but the last return sequences; with `bidirectional=True`, each is in a `Bidirectional`. A
    table, whose rows are flattened samples, must be reshaped to (n_samples, n_steps, n_channels).

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.keras import get_weights
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(8, random_state=0).fit(X, y)
    >>> [array.shape for array in get_weights(model)]
    [(1, 32), (8, 32), (32,), (8, 1), (1,)]
    """
    weights = exported_weights(estimator, "get_weights", dtype, log_mean)
    arrays = []
    for layer in weights.layers:
        arrays += [layer.weight_ih.T.copy(), layer.weight_hh.T.copy(), layer.bias]
    return [*arrays, weights.readout_weight.T.copy(), weights.readout_bias]


# ---- layers


def _is_layer(value):
    """Whether a value is a layer, of any version of Keras. It is not imported here."""
    return callable(getattr(value, "get_weights", None)) and callable(getattr(value, "get_config", None))


def _is_model(value):
    return _is_layer(value) and isinstance(getattr(value, "layers", None), Sequence)


def _kind(layer):
    """Return the name of a layer's class; with its module if it is not of Keras, as it may then do anything."""
    cls = type(layer)
    is_of_keras = cls.__module__.partition(".")[0] in LIBRARIES
    return cls.__name__ if is_of_keras else f"{cls.__name__} of {cls.__module__}"


def _of_model(model, is_poisson):
    if len(getattr(model, "inputs", None) or [0]) != 1 or len(getattr(model, "outputs", None) or [0]) != 1:
        raise ValueError("The model has several inputs or outputs. Give its LSTM and Dense layers as a list.")
    if _kind(model) == "Functional":
        _check_chain(model)
    elif _kind(model) != "Sequential":
        raise ValueError(
            f"The model is a {_kind(model)}, whose `call` may do anything. If it only applies LSTM layers and a Dense "
            "layer one after the other, give these layers as a list, in this order."
        )
    return _of_layers(list(model.layers), is_poisson)


def _check_chain(model):
    """Raise ValueError if a functional model does more than to apply each layer once, as in `inputs * 2`."""
    names = {layer.name for layer in model.layers}
    for part in model.get_config()["layers"]:
        problem = _problem_of(part["name"], part["inbound_nodes"], names)
        if problem:
            raise ValueError(
                f"The model {problem}. from_keras converts LSTM layers and a Dense layer that are applied once, one "
                "after the other."
            )


def _problem_of(name, nodes, names):
    """Say what is wrong with the calls of a layer in a functional model; None if there is one, of its input alone."""
    if name not in names:
        return f"does more than its layers do: {name}"
    if len(nodes) > 1:
        return f"applies {name} {len(nodes)} times"
    others = [argument for node in nodes for argument in _others(node)]
    return f"gives {name} more than its input: {', '.join(others)}" if others else None


def _others(node):
    """Return the arguments of a call beside the input, such as `initial_state` and `training=True`."""
    if not isinstance(node, Mapping):  # of Keras 2
        return []
    by_place = [f"argument {place + 1}" for place, value in enumerate(node["args"]) if place and value is not None]
    return by_place + [name for name, value in node["kwargs"].items() if value is not None and value is not False]


def _of_layers(layers, is_poisson):
    """Return what is in layers that follow each other."""
    layers = [layer for layer in layers if _kind(layer) not in WITHOUT_EFFECT]
    *recurrent, dense = layers if layers else [None]
    if not recurrent:
        raise ValueError("layers must be one LSTM layer or more, and the Dense layer above them.")
    cells, returns = [], []
    for layer in recurrent:
        own = _cells_of(layer)
        cells.append(own)
        returns.append(layer.return_sequences)
    numbers = {len(own) for own in cells}
    if len(numbers) != 1:
        raise ValueError(
            "Some LSTM layers are bidirectional and others are not. In an LSTMRegressor, all or none of them are."
        )
    if not all(returns[:-1]):
        raise ValueError("An LSTM layer below another one needs return_sequences=True.")
    kernel_and_bias = _dense_of(dense, is_poisson)
    return _Found([cell for own in cells for cell in own], numbers.pop(), kernel_and_bias, bool(returns[-1]))


def _cells_of(layer):
    """Return the _Cell of an LSTM layer, or the two of a bidirectional one."""
    if _kind(layer) == "Bidirectional":
        if layer.merge_mode != "concat":
            raise ValueError(f"{layer.name} has merge_mode={layer.merge_mode!r}, but 'concat' is needed.")
        return [_cell_of(layer.forward_layer, False), _cell_of(layer.backward_layer, True)]
    return [_cell_of(layer, False)]


def _cell_of(layer, goes_backwards):
    name = getattr(layer, "name", _kind(layer))
    if _kind(layer) != "LSTM":
        raise ValueError(
            f"{name} is a layer of the kind {_kind(layer)}. from_keras converts LSTM and Bidirectional layers, and one "
            "Dense layer at the end. Do what other layers do before predict, or after it."
        )
    settings = layer.get_config()
    for setting, needed in (NEEDED | {"go_backwards": goes_backwards}).items():
        if settings.get(setting, needed) != needed:
            raise ValueError(f"{name} has {setting}={shown(settings[setting])}, but {needed!r} is needed.")
    arrays = _arrays_of(layer, name)
    return _named_cell(name, arrays)


def _arrays_of(layer, name):
    arrays = layer.get_weights()
    if not arrays:
        raise ValueError(f"{name} has no weights yet. Build the model, for example by a prediction.")
    return [check_array(f"{name}.weights[{number}]", array) for number, array in enumerate(arrays)]


def _named_cell(name, arrays):
    if len(arrays) not in (2, 3):
        raise ValueError(f"{name} has {len(arrays)} arrays, but an LSTM has a kernel, a recurrent kernel and a bias.")
    kernel, recurrent_kernel = arrays[:2]
    return _Cell(name, kernel, recurrent_kernel, arrays[2] if len(arrays) == 3 else None)


def _dense_of(layer, is_poisson):
    """Return kernel and bias of a Dense layer, which may be in a TimeDistributed."""
    if _kind(layer) == "TimeDistributed":
        layer = layer.layer
    name = getattr(layer, "name", _kind(layer))
    if _kind(layer) != "Dense":
        raise ValueError(f"The last layer must be a Dense layer, but {name} is of the kind {_kind(layer)}.")
    activation, needed = layer.get_config().get("activation"), "exponential" if is_poisson else "linear"
    if activation != needed:
        hint = " Give loss='poisson', which needs 'exponential'." if activation == "exponential" else ""
        raise ValueError(f"{name} has activation={shown(activation)}, but {needed!r} is needed.{hint}")
    return _arrays_of(layer, name)


# ---- lists of arrays


def _of_list(given, is_poisson):
    """Return what is in a list of layers, of arrays, or of lists of arrays."""
    if not isinstance(given, list | tuple):
        raise TypeError(f"layers must be a Keras model, a list of layers, or a list of arrays, got {shown(given)}.")
    if any(map(_is_layer, given)):
        if not all(map(_is_layer, given)):
            raise TypeError("layers must be layers or arrays, not both. Take layer.get_weights() of each.")
        return _of_layers(list(given), is_poisson)
    flat = [array for part in given for array in (part if isinstance(part, list | tuple) else [part])]
    arrays = [check_array(f"layers: array {number}", array) for number, array in enumerate(flat)]
    if len(arrays) < 3:
        raise ValueError(
            f"layers has {len(arrays)} arrays, but LSTM layers and a Dense layer have at least 3: kernel and recurrent "
            "kernel of each LSTM, and the kernel of the Dense layer."
        )
    n_dense = 2 if arrays[-1].ndim == 1 else 1
    cells = _cells_in(arrays[:-n_dense])
    n_directions = 2 if arrays[-n_dense].shape[:1] == (2 * _size(cells[0]),) else 1
    if n_directions == 2 and len(cells) % 2:
        raise ValueError(
            f"The Dense layer reads both directions, but there are {len(cells)} LSTM layers and directions. In an "
            "LSTMRegressor, all layers are bidirectional or none."
        )
    return _Found(cells, n_directions, arrays[-n_dense:], None)


def _cells_in(arrays):
    """Divide arrays into those of each layer and direction."""
    cells = []
    while arrays:
        n_own = 3 if len(arrays) > 2 and arrays[2].ndim == 1 else 2
        cells.append(_named_cell(f"LSTM {len(cells)}", arrays[:n_own]))
        _size(cells[-1])  # a GRU may have arrays of other dimensions behind these
        arrays = arrays[n_own:]
    return cells


def _size(cell):
    return hidden_size_of(f"recurrent_kernel of {cell.name}", cell.recurrent_kernel.shape, size_axis=0, gate_axis=1)


def _network_weights(found):
    """Check the shapes, and return NetworkWeights."""
    layers = [(cell.name, _layer(cell)) for cell in found.cells]
    if len(found.dense) > 2 or found.dense[0].ndim != 2:
        raise ValueError("The Dense layer needs a kernel of two dimensions, and a bias.")
    kernel = found.dense[0]
    bias = found.dense[1] if len(found.dense) == 2 else np.zeros(kernel.shape[1], kernel.dtype)
    check_shape("bias of the Dense layer", bias, (kernel.shape[1],), f"its kernel of the shape {kernel.shape}")
    arrays = {"kernel of the Dense layer": kernel, "bias of the Dense layer": bias}
    for name, layer in layers:
        arrays |= {f"kernel of {name}": layer.weight_ih, f"recurrent kernel of {name}": layer.weight_hh}
        arrays[f"bias of {name}"] = layer.bias
    check_same_precision(arrays)
    return stacked(layers, ("The Dense layer", kernel.T, bias), found.n_directions)


def _layer(cell):
    """Return the weights of a _Cell, after a check of their shapes."""
    size = _size(cell)
    n_inputs = cell.kernel.shape[0] if cell.kernel.ndim == 2 else "n_inputs"
    check_shape(f"kernel of {cell.name}", cell.kernel, (n_inputs, 4 * size), f"a layer of {size} units")
    if cell.bias is not None:
        check_shape(f"bias of {cell.name}", cell.bias, (4 * size,), f"a layer of {size} units")
    return layer_from(cell.kernel.T, cell.recurrent_kernel.T, cell.bias)
