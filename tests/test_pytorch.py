"""Loss and gradient equal those of PyTorch's `nn.LSTM` with the same weights."""

import numpy as np
import pytest

from sklstm import LSTMRegressor
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


def model(shape, every_step, n_layers, n_directions, dropout=0.0, missing=0.0):
    """An objective without scaling, its data, and random parameters."""
    n, T, F, H, K = shape
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, T, F)), rng.standard_normal((n, T, K) if every_step else (n, K))
    if missing:
        y[rng.random(y.shape) < missing] = np.nan
        y[np.isnan(y).all(axis=1), 0] = 1.0
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


@pytest.mark.parametrize(("max_iter", "max_updates"), [(50, 11), (3, 99)], ids=str)
def test_a_budget_of_updates_is_pytorchs_loop_of_so_many(max_iter, max_updates):
    """Adam and half a cosine over all updates, in batches of 10 of 40 rows."""
    rng, n_updates = np.random.default_rng(0), min(max_updates, 4 * max_iter)
    X, y = rng.standard_normal((40, 7, 2)), rng.standard_normal((40, 1))
    estimator = LSTMRegressor(
        5, batch_size=10, shuffle=False, standardize=False, learning_rate="cosine", learning_rate_init=1e-300,
        clip_norm=None, max_iter=1, tol=0.0, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    start = estimator.fit(X, y).theta_  # an epoch with a tiny rate keeps the initial weights
    layout = estimator._state.network.layout
    lstm, linear = to_pytorch(layout, start)
    optimizer = torch.optim.Adam(trained(lstm, linear), lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_updates)
    for number in range(n_updates):
        batch = slice(10 * (number % 4), 10 * (number % 4) + 10)
        optimizer.zero_grad()
        mean_squared_error(linear(last_states(lstm(torch.tensor(X[batch]))[0], 5)), y[batch]).backward()
        optimizer.step()
        schedule.step()
    estimator.set_params(learning_rate_init=0.03, max_iter=max_iter, max_updates=max_updates).fit(X, y)
    expected, ours = to_pytorch(layout, estimator.theta_), (lstm, linear)
    for one, other in zip(trained(*expected), trained(*ours), strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-7, atol=1e-9)
    assert np.abs(estimator.theta_ - start).max() > 0.1


def trained(lstm, linear):
    """The parameters without the second bias of each gate, which we do not have."""
    for name, parameter in lstm.named_parameters():
        parameter.requires_grad_("bias_hh" not in name)
    return [p for p in (*lstm.parameters(), *linear.parameters()) if p.requires_grad]


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


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("shape", [(6, 9, 2, 5, 3), (40, 12, 4, 16, 7)], ids=str)
def test_without_some_targets_loss_and_gradient_equal_pytorchs_with_a_mask(shape, n_directions):
    objective, theta = model(shape, False, 2, n_directions, missing=0.4)
    y = objective.samples.y
    assert 0 < np.isnan(y).sum() < y.size
    loss, gradient, _ = objective(theta, np.arange(shape[0]))
    layout = objective.network.layout
    lstm, linear = to_pytorch(layout, theta)
    outputs = linear(last_states(lstm(torch.tensor(objective.samples.X))[0], layout.hidden_size))
    expected = mean_squared_error(outputs[torch.tensor(~np.isnan(y))], y[~np.isnan(y)])
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    check(layout, gradient, lstm, linear)


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("n_directions", [1, 2])
def test_dropout_is_pytorchs_with_the_same_masks(n_directions, every_step, monkeypatch):
    """PyTorch runs layer by layer, with our masks between the layers and before the read-out."""
    drawn, draw = [], stack.draw_masks
    monkeypatch.setattr(stack, "draw_masks", lambda ws, rng: (draw(ws, rng), drawn.extend(m.copy() for m in ws.masks)))
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
