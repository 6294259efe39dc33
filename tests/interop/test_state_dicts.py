"""Modules and state dicts that no LSTMRegressor can be made of, and the names of its weights."""

import numpy as np
import pytest

from sklstm._network.plain_weights import LayerWeights, NetworkWeights
from sklstm.interop._state_dicts import dropout_of, network_weights, torch_names
from sklstm.interop.torch import from_torch
from tests.interop.torch_tools import modules

torch = pytest.importorskip("torch")


def test_names_have_the_directions_of_each_layer_and_the_second_bias_is_zero():
    layers = [LayerWeights(np.ones((4, 2)), np.ones((4, 1)), np.ones(4)) for _ in range(2)]
    found = torch_names(NetworkWeights(layers, 2, np.ones((1, 2)), np.ones(1)), "rnn.", "")
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    assert set(found) == {f"rnn.{kind}_l0{way}" for kind in kinds for way in ("", "_reverse")} | {"weight", "bias"}
    np.testing.assert_array_equal(found["rnn.bias_ih_l0"] + found["rnn.bias_hh_l0"], np.ones(4))


def test_pytorch_loads_the_names_of_its_own_weights():
    lstm, linear = modules(n_layers=2, n_directions=2, n_outputs=3)
    names = torch_names(network_weights(lstm, linear), "lstm.", "linear.")
    whole = torch.nn.ModuleDict({"lstm": lstm, "linear": linear})
    whole.load_state_dict({name: torch.as_tensor(array.copy()) for name, array in names.items()})
    assert names.keys() == whole.state_dict().keys()


def test_dropout_is_that_of_a_module_with_several_layers():
    assert dropout_of(modules(n_layers=2, dropout=0.25)[0]) == {"dropout": 0.25}
    assert dropout_of(modules(dropout=0.25)[0]) == {}
    assert dropout_of(modules(n_layers=2, dropout=0.25)[0].state_dict()) == {}


# ---- what cannot be converted


def without(name):
    lstm, linear = modules(n_layers=2)
    return {key: part for key, part in lstm.state_dict().items() if key != name}, linear


def changed(name, change):
    lstm, linear = modules(n_layers=2, n_directions=2)
    parts = {f"lstm.{key}": part.numpy() for key, part in lstm.state_dict().items()}
    parts |= {f"linear.{key}": part.numpy() for key, part in linear.state_dict().items()}
    parts[name] = change(parts[name])
    return (parts,)


def with_nan(array):
    array = array.copy()
    array.flat[0] = np.nan
    return array


LSTM, LINEAR = modules()
REFUSED = {
    "a GRU": ((torch.nn.GRU(2, 5), LINEAR), "GRU"),
    "an RNN": ((torch.nn.RNN(2, 5), LINEAR), "RNN"),
    "an LSTM cell": ((torch.nn.LSTMCell(2, 5), LINEAR), "LSTMCell"),
    "state dict of a GRU": ((torch.nn.GRU(2, 5).state_dict(), LINEAR), "This is a GRU"),
    "state dict of an RNN": ((torch.nn.RNN(2, 5).state_dict(), LINEAR), "This is a simple recurrent network"),
    "state dict of a cell": ((torch.nn.LSTMCell(2, 5).state_dict(), LINEAR), "weight_ih_l0"),
    "projections": ((torch.nn.LSTM(2, 5, proj_size=3), torch.nn.Linear(3, 1)), "proj_size=3"),
    "state dict with projections": ((torch.nn.LSTM(2, 5, proj_size=3).state_dict(), LINEAR), "proj_size=3"),
    "no LSTM": ((LINEAR, LINEAR), "weight_ih_l0"),
    "no linear layer": ((LSTM,), "linear is missing"),
    "an LSTM as linear layer": ((LSTM, LSTM), "linear lacks ['weight']"),
    "another module": ((LSTM, torch.nn.ReLU()), "ReLU"),
    "a module with an activation": ((torch.nn.Sequential(LSTM, torch.nn.ReLU(), LINEAR),), "ReLU"),
    "two LSTMs": ((torch.nn.ModuleList([LSTM, LSTM, LINEAR]),), "those of 2"),
    "two linear layers": ((torch.nn.ModuleList([LSTM, LINEAR, LINEAR]),), "there must be one nn.Linear"),
    "an empty state dict": (({}, LINEAR), "those of 0"),
    "a missing weight": (without("weight_hh_l1"), "lstm lacks ['weight_hh_l1']"),
    "a missing bias": (without("bias_hh_l0"), "lstm lacks ['bias_hh_l0']"),
    "an extra key": (({**LSTM.state_dict(), "scale": np.ones(2)}, LINEAR), "['scale']"),
    "an extra key of the linear layer": ((LSTM, {**LINEAR.state_dict(), "scale": np.ones(2)}), "['scale']"),
    "a layer left out": (({key.replace("l0", "l1"): part for key, part in LSTM.state_dict().items()}, LINEAR), "l0"),
    "wrong number of states": ((LSTM, torch.nn.Linear(6, 1, dtype=torch.float64)), "linear reads 6 values"),
    "wrong rows": (changed("lstm.weight_ih_l0", lambda array: array[:-1]), "weight_ih_l0 has the shape (19, 2)"),
    "a vector": (changed("lstm.weight_ih_l0", np.ravel), "weight_ih_l0 has the shape (40,)"),
    "wrong columns": (changed("lstm.weight_ih_l1", lambda array: array[:, :-1]), "layer l1 reads 9 inputs"),
    "wrong inputs backward": (changed("lstm.weight_ih_l0_reverse", lambda array: array[:, :1]), "reads 1 inputs"),
    "wrong bias": (changed("lstm.bias_ih_l1", lambda array: array[:-1]), "bias_ih_l1 has the shape (19,)"),
    "another size": (changed("lstm.weight_hh_l0", lambda array: array[:, :-1]), "(20, 4)"),
    "a scalar": (changed("lstm.weight_hh_l0", lambda array: np.array(1.0)), "()"),
    "wrong bias of the linear layer": (changed("linear.bias", lambda array: array[:0]), "bias has the shape (0,"),
    "NaN": (changed("lstm.weight_hh_l0", with_nan), "lstm['lstm.weight_hh_l0'] has values that are NaN"),
    "NaN in the linear layer": ((LSTM, {"weight": with_nan(LINEAR.weight.detach().numpy())}), "linear['weight']"),
    "no channels": (changed("lstm.weight_ih_l0", lambda array: array[:, :0]), "inputs"),
    "two precisions": ((LSTM, torch.nn.Linear(5, 1)), "must have one precision"),
    "half precision": ((torch.nn.LSTM(2, 5).half(), LINEAR), "torch.float16"),
    "bfloat16": ((torch.nn.LSTM(2, 5).bfloat16(), LINEAR), "torch.bfloat16"),
    "no values": ((torch.nn.LSTM(2, 5, device="meta"), LINEAR), "weight_ih_l0 is a meta tensor"),
    "sparse values": ((LSTM, {"weight": torch.eye(5).to_sparse()}), "weight is a sparse tensor"),
    "half precision in an array": (changed("linear.bias", lambda array: array.astype(np.float16)), "float16"),
}  # fmt: skip


def test_modules_that_compute_otherwise():
    """A subclass, or an object whose `forward` was replaced, would be converted without what it does."""

    class Doubled(torch.nn.LSTM):
        def forward(self, x, state=None):
            return super().forward(2 * x, state)

    class Probability(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x).sigmoid()

    class Scale(torch.nn.Identity):
        def forward(self, x):
            return 3 * x

    class Same(torch.nn.Linear):
        """Nothing of its own."""

    replaced = torch.nn.Linear(4, 1)
    replaced.forward = lambda x: x
    lstm, linear = torch.nn.LSTM(2, 4), torch.nn.Linear(4, 1)
    for pair in ((Doubled(2, 4), linear), (lstm, Probability(4, 1)), (lstm, replaced)):
        with pytest.raises(ValueError, match="a `forward` of its own, which cannot be converted"):
            network_weights(*pair)
        with pytest.raises(ValueError, match="with a `forward` of its own"):
            network_weights(torch.nn.ModuleList(pair))
        network_weights(*(module.state_dict() for module in pair))  # as the message says
    with pytest.raises(ValueError, match=r"an nn\.Identity with a `forward` of its own"):
        network_weights(torch.nn.ModuleList([lstm, Scale(), linear]))
    network_weights(lstm, Same(4, 1))


def test_buffers_that_are_in_no_state_dict():
    """With them, a forward method can do more than its layers."""
    module = torch.nn.ModuleDict({"lstm": LSTM, "linear": LINEAR})
    assert from_torch(module, output="last")
    module.register_buffer("mean", torch.zeros(2), persistent=False)
    with pytest.raises(ValueError, match=r"lstm has the buffers \['mean'\], .*from_torch\(model.lstm, model.linear\)"):
        from_torch(module)
    assert from_torch(module["lstm"], module["linear"], output="last")  # the advised call


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    given, says = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        from_torch(*given)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "given", [(3, LINEAR), ("model.pt", None), (LSTM, 3), (LSTM, [1.0]), ({1: 2}, LINEAR)], ids=str
)
def test_what_is_no_module(given):
    with pytest.raises(TypeError, match="must be a module of PyTorch, or a state dict"):
        from_torch(*given)


def test_what_is_no_array():
    for part in ("a", None, 3, [1.0], np.ones((20, 2), int), np.ones((20, 2), complex)):
        with pytest.raises(TypeError, match=r"lstm\['weight_ih_l0'\] must be an array of float32 or float64"):
            from_torch({**LSTM.state_dict(), "weight_ih_l0": part}, LINEAR)
