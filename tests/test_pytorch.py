"""Loss and gradient equal those of PyTorch's `nn.LSTM` with the same weights."""

import numpy as np
import pytest

from sklstm._network import stack
from sklstm._network.fit_scaling import ScalingSettings
from sklstm._network.layout import Layout
from sklstm._network.losses import make_loss
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective
from sklstm._network.samples import Samples

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("form")


def to_pytorch(layout, theta):
    """An `nn.LSTM` and an `nn.Linear` with these weights: gates i, f, g, o there, i, f, o, g here."""
    lstm = torch.nn.LSTM(
        layout.n_channels, layout.hidden_size, layout.n_layers, bidirectional=layout.n_directions == 2,
        batch_first=True, dtype=torch.float64,
    )  # fmt: skip
    linear = torch.nn.Linear(layout.n_directions * layout.hidden_size, layout.n_values, dtype=torch.float64)
    views, order = layout.views(theta), gate_order(layout.hidden_size)
    with torch.no_grad():
        for index, suffix in enumerate(suffixes(layout)):
            for ours, theirs in {"weight_ih": "weight_ih", "weight_hh": "weight_hh", "bias": "bias_ih"}.items():
                getattr(lstm, f"{theirs}_{suffix}")[:] = torch.tensor(views[ours][index][order])
            getattr(lstm, f"bias_hh_{suffix}")[:] = 0
        linear.weight[:] = torch.tensor(views["readout_weight"])
        linear.bias[:] = torch.tensor(views["readout_bias"])
    return lstm, linear


def suffixes(layout):
    """PyTorch's names of the layers and directions, in our order."""
    return [f"l{level}{way}" for level in range(layout.n_layers) for way in ("", "_reverse")[: layout.n_directions]]


def gate_order(hidden_size):
    i, f, o, g = np.arange(4 * hidden_size).reshape(4, -1)
    return np.concatenate((i, f, g, o))


def check(layout, gradient, lstm, linear):
    """Compare our gradient with those of PyTorch's parameters."""
    views, order = layout.views(gradient), gate_order(layout.hidden_size)
    pairs = {
        "readout_weight": (views["readout_weight"], linear.weight),
        "readout_bias": (views["readout_bias"], linear.bias),
    }
    for index, suffix in enumerate(suffixes(layout)):
        for ours, theirs in {"weight_ih": "weight_ih", "weight_hh": "weight_hh", "bias": "bias_ih"}.items():
            pairs[f"{ours}_{suffix}"] = views[ours][index][order], getattr(lstm, f"{theirs}_{suffix}")
    for name, (ours, theirs) in pairs.items():
        peer = theirs.grad.numpy()
        np.testing.assert_allclose(ours, peer, rtol=1e-10, atol=1e-10 * np.abs(peer).max(), err_msg=name)


def model(shape, every_step, n_layers, n_directions, dropout=0.0):
    """An objective without scaling, its data, and random parameters."""
    n, T, F, H, K = shape
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, T, F)), rng.standard_normal((n, T, K) if every_step else (n, K))
    rows, layout = np.arange(n), Layout(F, H, K, n_layers, n_directions)
    loss = make_loss("squared_error", delta=1.0, quantile=0.5)
    settings, samples = ScalingSettings(1, standardize=False), Samples(X, y, np.ones(n), rows)
    network = fit_network(layout, loss, samples, X.dtype, settings, every_step=every_step, dropout=dropout)
    theta = network.initial_theta(rng, np.float64) + rng.normal(0, 0.1, layout.size)
    return Objective(network, samples, 0.0, X.dtype, rng), theta


def last_states(states, hidden_size):
    """The last forward and the first backward state."""
    return torch.cat((states[:, -1, :hidden_size], states[:, 0, hidden_size:]), dim=1)


def mean_squared_error(outputs, y):
    return torch.nn.functional.mse_loss(outputs, torch.tensor(y)) / 2


SHAPES = [(6, 9, 2, 5, 3), (1, 24, 1, 32, 1), (40, 12, 4, 16, 2)]


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_loss_and_gradient_equal_pytorchs(shape, n_layers, n_directions, every_step):
    objective, theta = model(shape, every_step, n_layers, n_directions)
    loss, gradient, _ = objective(theta, np.arange(shape[0]))
    layout = objective.network.layout
    lstm, linear = to_pytorch(layout, theta)
    states = lstm(torch.tensor(objective.samples.X))[0]
    expected = mean_squared_error(
        linear(states if every_step else last_states(states, layout.hidden_size)), objective.samples.y
    )
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    check(layout, gradient, lstm, linear)


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("n_directions", [1, 2])
def test_dropout_is_pytorchs_with_the_same_masks(n_directions, every_step, monkeypatch):
    """PyTorch runs layer by layer, with our masks between the layers and before the read-out."""
    drawn, draw = [], stack._draw_masks
    monkeypatch.setattr(stack, "_draw_masks", lambda ws, rng: (draw(ws, rng), drawn.extend(m.copy() for m in ws.masks)))
    objective, theta = model((5, 7, 2, 4, 3), every_step, 3, n_directions, dropout=0.4)
    loss, gradient, _ = objective(theta, np.arange(5))
    layout = objective.network.layout
    lstm, linear = to_pytorch(layout, theta)
    masks = [torch.tensor(mask.transpose(2, 0, 1)) for mask in drawn]
    assert len(masks) == 3
    states = torch.tensor(objective.samples.X)
    for level in range(3):
        one = torch.nn.LSTM(states.shape[2], 4, bidirectional=n_directions == 2, batch_first=True, dtype=torch.float64)
        named = {name.replace(f"l{level}", "l0"): p for name, p in lstm.named_parameters() if f"l{level}" in name}
        states = torch.func.functional_call(one, named, (states,))[0]
        if level < 2 or every_step:
            states = states * masks[level]
    outputs = linear(states if every_step else last_states(states, 4) * masks[2][:, 0])
    expected = mean_squared_error(outputs, objective.samples.y)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    check(layout, gradient, lstm, linear)
