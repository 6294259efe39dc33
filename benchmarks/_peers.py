"""The same model in PyTorch, skorch and ONNX Runtime, with the same weights."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import skorch
import torch
from onnx import TensorProto, helper, numpy_helper
from threadpoolctl import ThreadpoolController

LEARNING_RATE, CLIP_NORM = 0.01, 1.0


@cache
def _libraries():
    """Return the libraries with threads. The search takes about 20 ms, so that it must not be part of what is timed."""
    return ThreadpoolController()


def set_threads(n_threads):
    """Set the number of threads of NumPy's BLAS and of PyTorch."""
    _libraries().limit(limits=n_threads)
    torch.set_num_threads(n_threads)


class TorchModel(torch.nn.Module):
    """`nn.LSTM` and a linear layer on the last state of each direction."""

    def __init__(self, n_channels=1, hidden_size=32, dtype=torch.float32, n_layers=1, bidirectional=False):
        super().__init__()
        self.lstm = torch.nn.LSTM(
            n_channels, hidden_size, n_layers, bidirectional=bidirectional, batch_first=True, dtype=dtype
        )
        self.readout = torch.nn.Linear(hidden_size * (1 + bidirectional), 1, dtype=dtype)

    def forward(self, x):
        states, H = self.lstm(x)[0], self.lstm.hidden_size
        last = torch.cat((states[:, -1, :H], states[:, 0, H:]), dim=1) if self.lstm.bidirectional else states[:, -1]
        return self.readout(last)[:, 0]


def torch_model(estimator):
    """Return a `TorchModel` with the weights of a fitted estimator that does not standardise."""
    n_channels, hidden_size = estimator.weight_ih_[0].shape[1], estimator.hidden_size
    order, dtype = gates(hidden_size, "ifgo"), getattr(torch, str(estimator.theta_.dtype))
    model = TorchModel(n_channels, hidden_size, dtype, estimator.n_layers, estimator.bidirectional)
    ways = ("", "_reverse") if estimator.bidirectional else ("",)
    values = {"readout.weight": estimator.readout_weight_, "readout.bias": estimator.readout_bias_}
    names = [f"l{level}{way}" for level in range(estimator.n_layers) for way in ways]
    layers = zip(names, estimator.weight_ih_, estimator.weight_hh_, estimator.bias_, strict=True)
    for name, weight_ih, weight_hh, bias in layers:
        values |= {
            f"lstm.weight_ih_{name}": weight_ih[order],
            f"lstm.weight_hh_{name}": weight_hh[order],
            f"lstm.bias_ih_{name}": bias[order],
            f"lstm.bias_hh_{name}": np.zeros_like(bias),
        }
    model.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    return model.eval()


def gates(hidden_size, order):
    """Return the indices that reorder the rows of sklstm's matrices, whose gates are in the order i, f, o, g."""
    blocks = dict(zip("ifog", np.arange(4 * hidden_size).reshape(4, -1), strict=True))
    return np.concatenate([blocks[gate] for gate in order])


def torch_epoch(model, optimizer, x, y, batch_size):
    """Train for one epoch: shuffled batches, squared error, gradients clipped by norm, Adam."""
    order = torch.randperm(len(x))
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        torch_step(model, optimizer, x[batch], y[batch])


def torch_step(model, optimizer, x, y):
    """Train on one batch."""
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.mse_loss(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
    optimizer.step()


def skorch_regressor(n_channels, hidden_size, batch_size, max_epochs):
    """Return the same model in skorch, without its default validation split and printing."""
    return skorch.NeuralNetRegressor(
        TorchModel,
        module__n_channels=n_channels,
        module__hidden_size=hidden_size,
        max_epochs=max_epochs,
        lr=LEARNING_RATE,
        optimizer=torch.optim.Adam,
        batch_size=batch_size,
        train_split=None,
        verbose=0,
        iterator_train__shuffle=True,
        callbacks=[skorch.callbacks.GradientNormClipping(CLIP_NORM)],
        callbacks__print_log=None,
    )


def onnx_session(estimator, n_steps, n_threads):
    """Return an ONNX Runtime session with a fitted estimator's weights: (n, n_steps, n_channels) -> (n,)."""
    (weight_ih,), (weight_hh,), (bias,) = estimator.weight_ih_, estimator.weight_hh_, estimator.bias_
    hidden_size = weight_hh.shape[1]
    order = gates(hidden_size, "iofg")
    constants = {
        "W": weight_ih[order][None],
        "R": weight_hh[order][None],
        "B": np.concatenate((bias[order], np.zeros_like(bias)))[None],
        "V": np.ascontiguousarray(estimator.readout_weight_.T),
        "v": estimator.readout_bias_,
        "axes": np.array([0]),
        "flat": np.array([-1]),
    }
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["steps", "W", "R", "B"], ["", "last"], hidden_size=hidden_size),
        helper.make_node("Squeeze", ["last", "axes"], ["state"]),
        helper.make_node("Gemm", ["state", "V", "v"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "lstm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", n_steps, weight_ih.shape[1]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
