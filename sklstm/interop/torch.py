"""Exchange of weights with PyTorch's `nn.LSTM` and `nn.Linear`. PyTorch is not needed for state dicts.

PyTorch's gates are i, f, g, o, and each has two biases, which are added. Here they are i, f, o, g, with one bias.
"""

import re
import sys
from collections.abc import Mapping

import numpy as np

from sklstm._estimator.given_weights import weights_with_scaling
from sklstm._utils.argument_checks import check_flag, shown
from sklstm.interop._weights import (
    check_array,
    check_dtype,
    check_regressor,
    check_same_precision,
    check_shape,
    hidden_size_of,
    layer_from,
    new_regressor,
    stacked,
)

OUTPUTS = ("last", "all")
OF_LSTM = re.compile(r"(?P<prefix>(?:.*\.)?)(?P<kind>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_(?P<place>l\d+\w*)")
# Modules that change nothing in predictions.
WITHOUT_EFFECT = ("Dropout", "Identity")


def from_torch(lstm, linear=None, *, output=None, **parameters):
    """Make a fitted `LSTMRegressor` from an `nn.LSTM` and the `nn.Linear` that reads its states.

    It predicts what the two modules predict from zero initial states, up to rounding, in their precision:
    `linear(h_n[-1])` for each sample or, with `output="all"`, `linear(lstm(X)[0])` at every step. `partial_fit` trains
    it on.

    Parameters
    ----------
    lstm : torch.nn.LSTM, torch.nn.Module or dict
        The LSTM, or its state dict, with arrays or tensors. Stacked and bidirectional ones are converted. Without
        `linear`, a module or state dict that holds one LSTM and one linear layer, under any names. Then its `forward`
        must apply the second to the states of the first, and nothing else; compare a prediction.
    linear : torch.nn.Linear or dict, default=None
        The linear layer, or its state dict. For the states themselves, give `{"weight": np.eye(n), "bias":
        np.zeros(n)}` in the precision of the LSTM.
    output : {"last", "all"}, default=None
        Which states the linear layer reads. "last" means the last state of each direction, `h_n`. "all" means the
        states of every step. By default it is "last", but for a bidirectional LSTM you have to say it: `h_n` has the
        backward state at the *first* step, while `output[:, -1]` has it at the last step, where it has read one step
        only. A model that reads `output[:, -1]` of a bidirectional LSTM cannot be converted.
    **parameters
        Parameters of `LSTMRegressor` with which `partial_fit` trains on, such as `learning_rate_init`, and `n_targets`,
        which `forecast` needs to know. `standardize` is False: scale `X` as it was scaled when the weights were
        trained. With `loss="poisson"`, predictions are the exponentials of the linear layer, as with PyTorch's
        `PoissonNLLLoss`.

    Returns
    -------
    regressor : LSTMRegressor
        Fitted, for samples of shape (n_samples, n_steps, n_channels), whether the LSTM is `batch_first` or not. Its
        predictions have the shape (n_samples,) if the linear layer has one output.

    Raises
    ------
    TypeError
        If an argument is no module, and no state dict of arrays.
    ValueError
        If there is not one LSTM and one linear layer, they do not fit each other or have weights that are not finite,
        or the LSTM has projections (`proj_size`).

    See Also
    --------
    to_state_dict : The other direction.

    Notes
    -----
    NaN in `X` makes all states of PyTorch NaN. Here such a step is skipped. The prediction for a sample without any
    step is that for the initial state.

    `dropout` is taken over, and changes no predictions. In training, PyTorch applies it between layers, so it has no
    effect with one layer and is left out. An LSTMRegressor also applies it before the read-out.

    Training: PyTorch changes two biases of each gate, here there is one. A step equals PyTorch's if one of its two is
    frozen (`requires_grad=False`). The loss "squared_error" is half of PyTorch's `MSELoss`.

    A model from weights has seen no samples: `forecast` needs a `context`, and `loss_curve_` is empty.

    Examples
    --------
    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> import numpy as np
    >>> from sklstm.interop.torch import from_torch
    >>> lstm, linear = torch.nn.LSTM(2, 8, batch_first=True), torch.nn.Linear(8, 1)
    >>> X = np.random.default_rng(0).normal(size=(5, 20, 2)).astype(np.float32)
    >>> model = from_torch(lstm, linear)
    >>> with torch.no_grad():
    ...     expected = linear(lstm(torch.from_numpy(X))[0][:, -1])
    >>> bool(np.allclose(model.predict(X), expected[:, 0], atol=1e-6))
    True
    """
    if output not in (None, *OUTPUTS):
        raise ValueError(f"output must be 'last', 'all' or None, got {shown(output)}.")
    known = _dropout_of(lstm)
    weights = network_weights(lstm, linear)
    if output is None and weights.n_directions == 2:
        raise ValueError(
            "output must be given for a bidirectional LSTM. output='last' reads h_n, as in "
            "linear(torch.cat((h_n[-2], h_n[-1]), dim=1)); output='all' predicts at every step. A model that reads "
            "output[:, -1], where the backward direction has read one step only, cannot be converted."
        )
    return new_regressor(weights, parameters, output == "all", known)


def to_state_dict(estimator, *, lstm="lstm", linear="linear", dtype=None, log_mean=False):
    """Return the weights of an `LSTMRegressor` under PyTorch's names, as a state dict of NumPy arrays.

    The standardisation of channels and targets is put into the weights. So the modules read `X` as `predict` does, and
    return what it returns, up to rounding. PyTorch is not needed.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted.
    lstm, linear : str, default="lstm" and "linear"
        The names of the two modules in the module that loads the weights. Without a name (""), the keys of this part
        have no prefix.
    dtype : numpy dtype, default=None
        np.float32 or np.float64; by default the precision of the estimator.
    log_mean : bool, default=False
        For `loss="poisson"`, which needs True: the linear layer gives the logarithms of the predictions.

    Returns
    -------
    state_dict : dict of str to ndarray
        "lstm.weight_ih_l0", …, "linear.weight", "linear.bias". Each gate has its bias in `bias_ih`; `bias_hh` is 0.

    Raises
    ------
    TypeError
        If `estimator` is no LSTMRegressor.
    NotFittedError
        If it is not fitted.
    ValueError
        If an LSTM with a linear read-out cannot make its predictions: with `instance_norm`, `missing="indicator"` or,
        without `log_mean=True`, `loss="poisson"`. The message says what to do.

    Warns
    -----
    UserWarning
        If the mean of a channel is so large beside its deviation that the precision does not suffice, or if only one
        of several quantiles can be converted.

    See Also
    --------
    from_torch : The other direction.

    Notes
    -----
    The modules are `nn.LSTM(n_channels, hidden_size, n_layers, bidirectional=…, batch_first=True)` and
    `nn.Linear(hidden_size, n_outputs)`, with twice as many inputs of a bidirectional one. A table, whose rows are
    flattened samples, must be reshaped to (n_samples, n_steps, n_channels). PyTorch returns NaN for a sample with a
    missing value, and cannot skip steps.

    Examples
    --------
    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.torch import to_state_dict
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(8, random_state=0).fit(X, y)
    >>> lstm, linear = torch.nn.LSTM(1, 8, batch_first=True), torch.nn.Linear(8, 1)
    >>> modules = torch.nn.ModuleDict({"lstm": lstm, "linear": linear}).double()
    >>> modules.load_state_dict({name: torch.from_numpy(array) for name, array in to_state_dict(model).items()})
    <All keys matched successfully>
    >>> with torch.no_grad():
    ...     outputs = linear(lstm(torch.tensor(X))[0][:, -1])
    >>> bool(np.allclose(outputs[:, 0], model.predict(X), atol=1e-6))
    True
    """
    check_regressor(estimator, "to_state_dict")
    for name, value in (("lstm", lstm), ("linear", linear)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be the name of a module, got {shown(value)}.")
    weights = weights_with_scaling(estimator, check_dtype(dtype), check_flag(log_mean, "log_mean"))
    return torch_names(weights, *(f"{name}." if name else "" for name in (lstm, linear)))


def torch_names(weights, lstm, linear):
    """Return NetworkWeights under PyTorch's names, with prefixes for the two modules."""
    found = {}
    for number, layer in enumerate(weights.layers):
        level, backward = divmod(number, weights.n_directions)
        place = f"l{level}{'_reverse' * backward}"
        found[f"{lstm}weight_ih_{place}"] = layer.weight_ih
        found[f"{lstm}weight_hh_{place}"] = layer.weight_hh
        found[f"{lstm}bias_ih_{place}"] = layer.bias
        found[f"{lstm}bias_hh_{place}"] = np.zeros_like(layer.bias)
    return found | {f"{linear}weight": weights.readout_weight, f"{linear}bias": weights.readout_bias}


def network_weights(lstm, linear=None):
    """Return NetworkWeights from modules or state dicts, as `from_torch` takes them."""
    return _network_weights(*_parts(lstm, linear))


# ---- modules


def _torch_module(value, name):
    """Whether a value is PyTorch's module of a class; PyTorch has been imported if it is one."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch.nn, name))


def _state_dict(value, name):
    """Return the state dict of a module, or the state dict that was given, with arrays instead of tensors."""
    if _torch_module(value, "Module"):
        _check_module(value, name)
        value = value.state_dict()
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name} must be a module of PyTorch, or a state dict, got {shown(value)}.")
    return {key: check_array(f"{name}[{key!r}]", _as_array(key, part)) for key, part in value.items()}


def _check_module(module, name):
    """Raise ValueError if a module contains layers other than an LSTM and linear ones."""
    for part in module.modules():
        known = any(_torch_module(part, cls) for cls in ("LSTM", "Linear", *WITHOUT_EFFECT))
        if not known and not next(part.children(), None):
            raise ValueError(
                f"{name} contains {part!r:.80}, which is neither an nn.LSTM nor an nn.Linear. from_torch converts one "
                "of each: from_torch(model.lstm, model.linear)."
            )
        if _torch_module(part, "LSTM") and part.proj_size:
            _refuse_projections(part.proj_size)


def _refuse_projections(proj_size):
    raise ValueError(
        f"The LSTM has projections (proj_size={proj_size}), which an LSTMRegressor does not have. Train one with "
        "proj_size=0."
    )


def _as_array(name, value):
    """Return a tensor as an array; anything else unchanged."""
    if not _is_tensor(value):
        return value
    if value.is_meta or value.is_sparse or str(value.dtype) not in ("torch.float32", "torch.float64"):
        raise ValueError(
            f"{name} is a tensor of {value.dtype} on {value.device}, but float32 or float64 with values is needed. "
            "Call .float() on the module first."
        )
    return value.detach().cpu().numpy()


def _is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _dropout_of(value):
    """Return the parameters that only a module tells: `dropout`, if it has an effect."""
    if not _torch_module(value, "Module"):
        return {}
    found = [part.dropout for part in value.modules() if _torch_module(part, "LSTM") and part.num_layers > 1]
    return {"dropout": float(found[0])} if found else {}


# ---- state dicts


def _parts(lstm, linear):
    """Return the arrays of the LSTM and of the linear layer, by PyTorch's names without prefixes."""
    of_lstm = _state_dict(lstm, "lstm")
    matches = {key: OF_LSTM.fullmatch(key) for key in of_lstm}
    others = {key: of_lstm[key] for key, found in matches.items() if found is None}
    matches = {key: found for key, found in matches.items() if found is not None}
    prefixes = sorted({found["prefix"] for found in matches.values()})
    if len(prefixes) != 1:
        raise ValueError(
            f"lstm must have the weights of one nn.LSTM, such as weight_ih_l0, but it has those of {len(prefixes)}. "
            f"Its keys are {shown(sorted(of_lstm))}."
        )
    if linear is None:
        of_linear = _only_linear(others)
    elif others:
        raise ValueError(f"lstm has keys that no nn.LSTM has: {shown(sorted(others))}. Leave them out.")
    else:
        of_linear = _state_dict(linear, "linear")
    named = {key.removeprefix(prefixes[0]): of_lstm[key] for key in matches}
    return named, of_linear


def _only_linear(others):
    """Return the arrays of the only linear layer beside an LSTM."""
    prefixes = {key.rpartition(".")[0] for key in others}
    if not others:
        raise ValueError(
            "linear is missing: give the nn.Linear that reads the states, from_torch(lstm, linear). For the states "
            'themselves, give linear={"weight": np.eye(n), "bias": np.zeros(n)} for n states.'
        )
    if len(prefixes) != 1:
        raise ValueError(
            f"Beside the LSTM there must be one nn.Linear, with weight and bias, got {shown(sorted(others))}. Other "
            "layers cannot be converted: give the two that can, from_torch(model.lstm, model.linear)."
        )
    (prefix,) = prefixes
    return {key.removeprefix(f"{prefix}.") if prefix else key: part for key, part in others.items()}


def _network_weights(of_lstm, of_linear):
    """Return NetworkWeights from arrays by PyTorch's names."""
    if any(key.startswith("weight_hr") for key in of_lstm):
        _refuse_projections(next(len(part) for key, part in of_lstm.items() if key.startswith("weight_hr")))
    places = {key.rpartition("_l")[2] for key in of_lstm}
    n_layers = len({place.removesuffix("_reverse") for place in places})
    n_directions = 2 if any(place.endswith("_reverse") for place in places) else 1
    has_bias = any(key.startswith("bias") for key in of_lstm)
    expected = [f"{level}{way}" for level in range(n_layers) for way in ("", "_reverse")[:n_directions]]
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if has_bias else 2]
    _check_keys("lstm", of_lstm, {f"{kind}_l{place}" for place in expected for kind in kinds})
    layers = [(f"layer l{place}", _layer(of_lstm, place, has_bias)) for place in expected]
    readout = _linear(of_linear)
    check_same_precision(of_lstm | {f"linear.{key}": part for key, part in of_linear.items()})
    return stacked(layers, ("linear", *readout), n_directions)


def _check_keys(name, found, expected, optional=frozenset()):
    """Raise ValueError unless a state dict has exactly the keys that are expected."""
    missing, extra = expected - found.keys(), found.keys() - expected - optional
    if missing:
        raise ValueError(f"{name} lacks {shown(sorted(missing))}. It has {shown(sorted(found))}.")
    if extra:
        raise ValueError(f"{name} has keys that do not belong there: {shown(sorted(extra))}. Leave them out.")


def _layer(of_lstm, place, has_bias):
    """Return the weights of one layer and direction, and check that they fit each other."""
    input_name, name = f"weight_ih_l{place}", f"weight_hh_l{place}"
    weight_ih, weight_hh = of_lstm[input_name], of_lstm[name]
    size = hidden_size_of(name, weight_hh.shape, size_axis=1, gate_axis=0)
    n_inputs = weight_ih.shape[1] if weight_ih.ndim == 2 else "n_inputs"
    check_shape(input_name, weight_ih, (4 * size, n_inputs), f"hidden_size={size}")
    if not has_bias:
        return layer_from(weight_ih, weight_hh, None)
    biases = {key: of_lstm[key] for key in (f"bias_ih_l{place}", f"bias_hh_l{place}")}
    for key, bias in biases.items():
        check_shape(key, bias, (4 * size,), f"hidden_size={size}")
    return layer_from(weight_ih, weight_hh, sum(biases.values()))


def _linear(of_linear):
    """Return weights and biases of a linear layer, and check that they fit each other."""
    _check_keys("linear", of_linear, {"weight"}, {"bias"})
    weight = of_linear["weight"]
    if weight.ndim != 2:
        raise ValueError(f"linear.weight has the shape {weight.shape}, but a linear layer has (n_outputs, n_states).")
    bias = of_linear.get("bias", np.zeros(len(weight), weight.dtype))
    check_shape("linear.bias", bias, (len(weight),), f"linear.weight of the shape {weight.shape}")
    return weight, bias
