"""Files of weights in the format safetensors, which holds arrays and text, and is never executed.

The tensors have PyTorch's names and order of gates: `lstm.weight_ih_l0`, …, `linear.weight`, `linear.bias`. What the
arrays do not tell is in the metadata, as JSON, and in tensors whose names begin with `sklstm.`.
"""

import os

import numpy as np

from sklstm._checkpoint.files import warn_of_other_version
from sklstm._checkpoint.weights import WeightsContent, model_of, weights_content
from sklstm._network.plain_weights import NetworkWeights
from sklstm._utils.archive import MAX_JSON, content_from_bytes, content_to_bytes
from sklstm._utils.argument_checks import shown
from sklstm._utils.atomic_write import check_is_file, checked_path, errors_name, replacing
from sklstm._utils.checks import check_fitted
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.plain_state import is_text
from sklstm._version import __version__
from sklstm.interop._extras import import_extra
from sklstm.interop._state_dicts import network_weights, torch_names
from sklstm.interop._weights import check_regressor
from sklstm.interop.torch import from_torch

FORMAT = 1  # number of the format of our metadata; a later one cannot be read
METADATA, PREFIX = "sklstm", "sklstm."
KEYS = {"format", "version", "weights", "content"}
N_LENGTH = 8  # bytes at the beginning, which say how long the header is
MAX_HEADER = 2 * MAX_JSON  # in it, text in JSON is written as JSON again
FLOATS = {"F32", "F64"}
OF_SETTINGS = FLOATS | {"BOOL", "I32", "I64", "U32", "U64"}


@with_default_error_state
def save_safetensors(estimator, path):
    """Save the weights, the scaling and the settings of a fitted `LSTMRegressor` as a safetensors file.

    The file replaces an older one when it is complete. A model that is loaded from it by `load_safetensors` has the
    same parameters and the same predictions, to the bit. It has no history of training, no optimiser and no training
    samples: `partial_fit` begins with a new optimiser, and `forecast` needs a `context`. To continue training exactly,
    use `save_checkpoint`.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted.
    path : str or pathlib.Path
        The file, usually `….safetensors`. Its folder must exist.

    Raises
    ------
    ImportError
        If the library safetensors is not installed: `pip install "sklstm[safetensors]"`.
    TypeError
        If `estimator` is not an LSTMRegressor.
    NotFittedError
        If it is not fitted.
    ValueError
        If its parameters are not valid, or its weights are not finite.
    OSError
        If the file cannot be written. An older file stays as it was.

    See Also
    --------
    load_safetensors : Read the file.
    sklstm.interop.torch.to_state_dict : Weights that PyTorch's modules take, with the scaling in them.

    Notes
    -----
    The weights in the file are those of the network behind the scaling. For PyTorch, save those of `to_state_dict`:
    `safetensors.numpy.save_file(to_state_dict(model), path)`.

    Examples
    --------
    >>> import pytest
    >>> safetensors = pytest.importorskip("safetensors")
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.safetensors import load_safetensors, save_safetensors
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(8, random_state=0).fit(X, y)
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_safetensors(model, path)
    >>> bool((load_safetensors(path).predict(X) == model.predict(X)).all())
    True
    """
    library = import_extra("safetensors.numpy", "safetensors", "save_safetensors")
    check_regressor(estimator, "save_safetensors")
    check_fitted(estimator, "theta_")
    path, taken_apart = checked_path(path), weights_content(estimator)
    arrays = dict(taken_apart.arrays)
    weights = NetworkWeights.from_theta(taken_apart.layout, arrays.pop(taken_apart.name))
    tensors = torch_names(weights, "lstm.", "linear.") | {f"{PREFIX}{name}": array for name, array in arrays.items()}
    parts = {"format": FORMAT, "version": __version__, "weights": taken_apart.name, "content": taken_apart.content}
    metadata = {"format": "pt", METADATA: content_to_bytes(parts).decode()}
    data = library.save({name: np.array(array, order="C") for name, array in tensors.items()}, metadata)
    with replacing(path) as file:
        file.write(data)


@with_default_error_state
def load_safetensors(path, *, output=None, **parameters):
    """Load an `LSTMRegressor` from a safetensors file.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that `save_safetensors` wrote, or one with the state dict of a PyTorch model that consists of one
        `nn.LSTM` and one `nn.Linear`, under any names.
    output : {"last", "all"}, default=None
        Of PyTorch's models: which states the linear layer reads, as in `from_torch`.
    **parameters
        Of PyTorch's models: parameters of `LSTMRegressor`, as in `from_torch`.

    Returns
    -------
    regressor : LSTMRegressor
        Fitted.

    Raises
    ------
    ImportError
        If the library safetensors is not installed: `pip install "sklstm[safetensors]"`.
    ValueError
        If the file is malformed, has other tensors, or was written by a newer version; if `output` or parameters are
        given for a file of sklstm, which has its own. Otherwise as for `from_torch`.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If another version of sklstm wrote the file.

    See Also
    --------
    save_safetensors : Write the file.
    sklstm.interop.torch.from_torch : The same from modules or a state dict.

    Notes
    -----
    Nothing in a file is executed, and no module is imported by a name in it. All sizes are compared with the length of
    the file before memory is taken.

    Of weights in several files, join what `safetensors.numpy.load_file` returns for each, and give that to
    `from_torch`.

    Examples
    --------
    A file of a PyTorch model, here written without it:

    >>> import pytest
    >>> library = pytest.importorskip("safetensors.numpy")
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklstm.interop.safetensors import load_safetensors
    >>> rng, path = np.random.default_rng(0), Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> shapes = {"rnn.weight_ih_l0": (32, 1), "rnn.weight_hh_l0": (32, 8), "fc.weight": (1, 8), "fc.bias": (1,)}
    >>> library.save_file({name: rng.normal(size=shape) for name, shape in shapes.items()}, path)
    >>> load_safetensors(path, learning_rate_init=0.001)
    LSTMRegressor(hidden_size=8, learning_rate_init=0.001, standardize=False)
    """
    path = checked_path(path)
    metadata, tensors = _read(path)
    try:
        if METADATA not in metadata:
            return from_torch(tensors, output=output, **parameters)
        given = [*(["output"] if output is not None else []), *parameters]
        if given:
            raise ValueError(f"it has its own parameters. Leave {', '.join(given)} out, and call set_params afterwards")
        regressor, version = _own_model(metadata[METADATA], tensors)
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    warn_of_other_version(version)
    return regressor


def _read(path):
    """Return metadata and tensors of a file, after a check of its sizes."""
    library = import_extra("safetensors", "safetensors", "load_safetensors")
    with errors_name(path):
        check_is_file(os.stat(path).st_mode, path)  # `open` would wait for a pipe
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(N_LENGTH), "little")
    if length > MAX_HEADER:
        raise ValueError(
            f"{path} cannot be loaded: it is no safetensors file, as its header would have {length:,} bytes, more than "
            f"{MAX_HEADER:,}."
        )
    try:
        with library.safe_open(path, framework="np") as file:
            names = list(file.keys())
            for name in names:
                _check_tensor(name, file.get_slice(name))
            tensors = {name: file.get_tensor(name) for name in names}
            return file.metadata() or {}, {name: _native(name, array) for name, array in tensors.items()}
    except library.SafetensorError as error:
        raise ValueError(f"{path} cannot be loaded: {error!s:.300}.") from error
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error!s:.300}") from error


def _check_tensor(name, part):
    """Raise ValueError for a tensor of another type; the library has compared sizes with the length of the file."""
    if part.get_dtype() not in (OF_SETTINGS if name.startswith(PREFIX) else FLOATS):
        raise ValueError(
            f"{shown(name)} has the type {part.get_dtype()}, but float32 or float64 is needed. Convert the file with "
            "PyTorch: save_file({name: part.float() for name, part in load_file(path).items()}, path), of "
            "safetensors.torch."
        )
    shape = part.get_shape()
    if len(shape) > 3 or (len(shape) > 1 and 0 in shape):
        raise ValueError(f"{shown(name)} has the shape {shown(shape)}, which no weights have.")


def _native(name, array):
    if array.dtype == bool and array.view(np.uint8).max(initial=0) > 1:
        raise ValueError(f"{shown(name)} has booleans that are neither 0 nor 1.")
    return array


def _own_model(text, tensors):
    """Return the LSTMRegressor that `save_safetensors` wrote, and the version that wrote it."""
    try:
        parts = content_from_bytes(text.encode("ascii"))
    except ValueError as error:  # also of another library's entry of this name
        raise ValueError(f"its metadata are not those of sklstm: {error!s:.200}") from error
    if parts.keys() != KEYS or not is_text(parts["version"]) or not is_text(parts["weights"]):
        raise ValueError("its metadata are not those of sklstm")
    if parts["format"] != FORMAT:
        raise ValueError(
            f"its format is {shown(parts['format'])}, but sklstm {__version__} reads format {FORMAT}. It was "
            f"written with sklstm {shown(parts['version'])}; install that"
        )
    weights = network_weights({name: part for name, part in tensors.items() if not name.startswith(PREFIX)})
    arrays = {name.removeprefix(PREFIX): part for name, part in tensors.items() if name.startswith(PREFIX)}
    unknown = [name for name in arrays if f'{{"array":"{name}"}}' not in text]
    if unknown or parts["weights"] in arrays:
        raise ValueError(f"it has tensors that do not belong there: {shown(unknown or parts['weights'])}")
    arrays[parts["weights"]] = weights.to_theta()
    return model_of(WeightsContent(parts["content"], arrays, parts["weights"], weights.layout)), parts["version"]
