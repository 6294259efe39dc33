"""Value and gradient beside PyTorch's `nn.LSTM` with the same weights."""

import numpy as np
import pytest

from sklstm._network import Objective, fit_network
from sklstm._parameters import Layout

torch = pytest.importorskip("torch")


def to_pytorch(views, n_channels, hidden_size):
    """An `nn.LSTM` and an `nn.Linear` with these weights: gates i, f, g, o there, i, f, o, g here."""
    lstm = torch.nn.LSTM(n_channels, hidden_size, batch_first=True, dtype=torch.float64)
    linear = torch.nn.Linear(hidden_size, len(views["readout_bias"]), dtype=torch.float64)
    order = gate_order(hidden_size)
    with torch.no_grad():
        lstm.weight_ih_l0[:] = torch.tensor(views["weight_ih"][order])
        lstm.weight_hh_l0[:] = torch.tensor(views["weight_hh"][order])
        lstm.bias_ih_l0[:] = torch.tensor(views["bias"][order])
        lstm.bias_hh_l0[:] = 0
        linear.weight[:] = torch.tensor(views["readout_weight"])
        linear.bias[:] = torch.tensor(views["readout_bias"])
    return lstm, linear


def gate_order(hidden_size):
    i, f, o, g = np.arange(4 * hidden_size).reshape(4, -1)
    return np.concatenate((i, f, g, o))


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("shape", [(6, 9, 2, 5, 3), (1, 24, 1, 32, 1), (40, 12, 4, 16, 2)])
def test_loss_and_gradient_equal_pytorchs(shape, every_step):
    n, T, F, H, K = shape
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, T, F)), rng.standard_normal((n, T, K) if every_step else (n, K))
    rows, layout = np.arange(n), Layout(F, H, K)
    settings = {"n_targets": 1, "instance_norm": None, "standardize": False}
    network = fit_network(layout, every_step, X, y, np.ones(n), rows, X.dtype, **settings)
    theta = network.initial_theta(rng, np.float64) + rng.normal(0, 0.1, layout.size)
    loss, gradient, _ = Objective(network, X, y, np.ones(n), rows, 0.0, X.dtype)(theta, rows)

    lstm, linear = to_pytorch(layout.views(theta), F, H)
    outputs = linear(lstm(torch.tensor(X))[0])
    expected = torch.nn.functional.mse_loss(outputs if every_step else outputs[:, -1], torch.tensor(y)) / 2
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    views, order = layout.views(gradient), gate_order(H)
    for name, theirs in {
        "weight_ih": lstm.weight_ih_l0,
        "weight_hh": lstm.weight_hh_l0,
        "bias": lstm.bias_ih_l0,
        "readout_weight": linear.weight,
        "readout_bias": linear.bias,
    }.items():
        ours = views[name] if name.startswith("readout") else views[name][order]
        peer = theirs.grad.numpy()
        np.testing.assert_allclose(ours, peer, rtol=1e-10, atol=1e-10 * np.abs(peer).max(), err_msg=name)
