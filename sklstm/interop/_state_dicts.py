"""Weights under the names that PyTorch gives them, in modules and state dicts, and under those names again.

PyTorch's gates are i, f, g, o, and each has two biases, which are added. Here they are i, f, o, g, with one bias.
"""

import re
import sys
from collections.abc import Mapping

import numpy as np

from sklstm._utils.argument_checks import shown
from sklstm.interop._weights import (
    check_array,
    check_same_precision,
    check_shape,
    hidden_size_of,
    layer_from,
    stacked,
)

OF_LSTM = re.compile(r"(?P<prefix>(?:.*\.)?)(?P<kind>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_(?P<place>l\d+\w*)")
# Modules that change nothing in predictions.
WITHOUT_EFFECT = ("Dropout", "Identity")


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
    """Raise ValueError if a module contains layers other than an LSTM and linear ones, or that compute otherwise."""
    for part in module.modules():
        known = next((cls for cls in ("LSTM", "Linear", *WITHOUT_EFFECT) if _torch_module(part, cls)), None)
        if known is None and not next(part.children(), None):
            raise ValueError(
                f"{name} contains {part!r:.80}, which is neither an nn.LSTM nor an nn.Linear. from_torch converts one "
                "of each: from_torch(model.lstm, model.linear)."
            )
        if known is not None and not _computes_like(part, known):
            raise ValueError(
                f"{name} contains {part!r:.80}, an nn.{known} with a `forward` of its own, which cannot be converted. "
                "If its predictions are those of PyTorch's, give its state dict: from_torch(lstm.state_dict(), "
                "linear.state_dict())."
            )
        if _torch_module(part, "LSTM") and part.proj_size:
            _refuse_projections(part.proj_size)
    buffers = sorted(dict(module.named_buffers()).keys() - module.state_dict().keys())
    if buffers:
        raise ValueError(
            f"{name} has the buffers {shown(buffers)}, from which its forward may compute what no nn.LSTM does. "
            "from_torch converts the layers alone: from_torch(model.lstm, model.linear)."
        )


def _computes_like(module, name):
    """Whether the `forward` of a module is that of PyTorch's class, of which it may be a subclass."""
    own = getattr(sys.modules["torch"].nn, name).forward
    return getattr(module.forward, "__func__", None) is own


def _refuse_projections(proj_size):
    raise ValueError(
        f"The LSTM has projections (proj_size={proj_size}), which an LSTMRegressor does not have. Train one with "
        "proj_size=0."
    )


def _as_array(name, value):
    """Return a tensor as an array; anything else unchanged."""
    if not _is_tensor(value):
        return value
    if value.is_meta or value.is_sparse:
        raise ValueError(f"{name} is a {'meta' if value.is_meta else 'sparse'} tensor. Load all values first.")
    if str(value.dtype) not in ("torch.float32", "torch.float64"):
        raise ValueError(
            f"{name} is a tensor of {value.dtype}, but float32 or float64 is needed. Call .float() on the module first."
        )
    return value.detach().cpu().numpy()


def _is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def dropout_of(value):
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
