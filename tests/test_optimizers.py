"""Every optimiser against an independent one, on the same gradients, and on a problem it must solve."""

import numpy as np
import pytest
from sklearn.neural_network import _stochastic_optimizers as sklearn_optimizers

from sklstm._optimizers import SGD, Adam, clip

CASES = {
    "sgd": (lambda t: SGD(t, 0.0, False), "SGD", {}),
    "momentum": (lambda t: SGD(t, 0.9, False), "SGD", {"momentum": 0.9}),
    "nesterov": (lambda t: SGD(t, 0.8, True), "SGD", {"momentum": 0.8, "nesterov": True}),
    "adam": (lambda t: Adam(t, 0.9, 0.999, 1e-8), "Adam", {}),
    "adam, other decays": (lambda t: Adam(t, 0.7, 0.95, 1e-3), "Adam", {"betas": (0.7, 0.95), "eps": 1e-3}),
}


def gradients(n=100, size=6):
    return np.random.default_rng(0).standard_normal((n, size)) * np.logspace(-4, 2, size)


@pytest.mark.parametrize("name", CASES)
def test_trajectory_equals_pytorchs(name):
    torch = pytest.importorskip("torch")
    make, peer, settings = CASES[name]
    theta = np.linspace(-1, 1, 6)
    parameter = torch.nn.Parameter(torch.tensor(theta))
    ours, theirs = make(theta), getattr(torch.optim, peer)([parameter], lr=0.02, **settings)
    for gradient in gradients():
        parameter.grad = torch.tensor(gradient)
        theirs.step()
        ours.update(theta, gradient.copy(), 0.02)
        np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
def test_trajectory_equals_scikit_learns(name):
    """Its Adam adds epsilon before the bias correction, which is no difference at 1e-300."""
    theta, theirs = np.linspace(-1, 1, 6), np.linspace(-1, 1, 6)
    ours = CASES[name][0](theta)
    if name == "adam":
        ours.epsilon = 1e-300
        peer = sklearn_optimizers.AdamOptimizer([theirs], 0.02, epsilon=1e-300)
    else:
        peer = sklearn_optimizers.SGDOptimizer(
            [theirs], 0.02, momentum=ours.momentum, nesterov=ours.nesterov, lr_schedule="constant"
        )
    for gradient in gradients():
        peer.update_params([theirs], [gradient.copy()])
        ours.update(theta, gradient.copy(), 0.02)
        np.testing.assert_allclose(theta, theirs, rtol=1e-9, atol=1e-12)
    assert ours.n_updates == 100


@pytest.mark.parametrize("name", CASES)
def test_minimises_a_quadratic(name):
    """Curvatures 1 … 10 about a known point; single precision stays single."""
    curvature, minimum = np.linspace(1, 10, 6, dtype=np.float32), np.arange(6, dtype=np.float32)
    theta = np.zeros(6, dtype=np.float32)
    optimizer = CASES[name][0](theta)
    for step in range(3000):
        optimizer.update(theta, curvature * (theta - minimum), 0.02 / (1 + step / 200))
    assert theta.dtype == np.float32
    np.testing.assert_allclose(theta, minimum, atol=0.02)


def test_clip_by_norm_keeps_the_direction():
    gradient = np.array([3.0, -4.0])
    clip(gradient, norm=1.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8])
    clip(gradient, norm=2.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8])


def test_clip_by_value_comes_before_clip_by_norm():
    gradient = np.array([30.0, -4.0])
    clip(gradient, value=3.0)
    np.testing.assert_allclose(gradient, [3.0, -3.0])
    gradient = np.array([30.0, -4.0])
    clip(gradient, value=4.0, norm=1.0)
    np.testing.assert_allclose(gradient, np.array([1, -1]) / np.sqrt(2))


@pytest.mark.parametrize(("value", "norm"), [(0.5, None), (None, 0.7), (0.5, 0.7), (None, None)])
def test_clip_equals_pytorchs(value, norm):
    torch = pytest.importorskip("torch")
    for gradient in gradients(20):
        parameter = torch.nn.Parameter(torch.zeros(6, dtype=torch.float64))
        parameter.grad = torch.tensor(gradient)
        if value is not None:
            torch.nn.utils.clip_grad_value_([parameter], value)
        if norm is not None:
            torch.nn.utils.clip_grad_norm_([parameter], norm)
        clip(gradient, value, norm)
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-5)  # it adds 1e-6 to the norm
