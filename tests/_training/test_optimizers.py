"""Every optimiser compared with an independent one, and on a problem that it must solve."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.neural_network import _stochastic_optimizers as sklearn_optimizers

from sklstm._training.optimizers import SGD, Adam, AdamW, RMSprop, clip

DECAYED = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])

CASES = {
    "sgd": (lambda t: SGD(t, 0.0, False), "SGD", {}),
    "momentum": (lambda t: SGD(t, 0.9, False), "SGD", {"momentum": 0.9}),
    "nesterov": (lambda t: SGD(t, 0.8, True), "SGD", {"momentum": 0.8, "nesterov": True}),
    "adam": (lambda t: Adam(t, 0.9, 0.999, 1e-8), "Adam", {}),
    "adam, other decays": (lambda t: Adam(t, 0.7, 0.95, 1e-3), "Adam", {"betas": (0.7, 0.95), "eps": 1e-3}),
    "adamw": (lambda t: AdamW(t, 0.9, 0.999, 1e-8, 1e-3, DECAYED), "AdamW", {"weight_decay": 1e-3}),
    "adamw, other decays": (
        lambda t: AdamW(t, 0.7, 0.95, 1e-3, 0.02, DECAYED),
        "AdamW",
        {"betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.02},
    ),
    "rmsprop": (lambda t: RMSprop(t, 0.99, 1e-8), "RMSprop", {"alpha": 0.99, "eps": 1e-8}),
    "rmsprop, other decay": (lambda t: RMSprop(t, 0.8, 1e-3), "RMSprop", {"alpha": 0.8, "eps": 1e-3}),
}
KINDS = ["momentum", "adam", "adamw", "rmsprop"]


def gradients(n=100, size=6):
    return np.random.default_rng(0).standard_normal((n, size)) * np.logspace(-4, 2, size)


@pytest.mark.parametrize("name", CASES)
def test_trajectory_equals_pytorchs(name):
    """PyTorch's optimiser has two groups, the second without weight decay, which only AdamW has."""
    torch = pytest.importorskip("torch")
    make, peer, settings = CASES[name]
    theta, parts = np.linspace(-1, 1, 6), [DECAYED == 1, DECAYED == 0]
    weights, biases = parameters = [torch.nn.Parameter(torch.tensor(theta[part])) for part in parts]
    groups = [{"params": [weights]}, {"params": [biases], "weight_decay": 0.0}]
    ours, theirs = make(theta), getattr(torch.optim, peer)(groups, lr=0.02, **settings)
    for gradient in gradients():
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = torch.tensor(gradient[part])
        theirs.step()
        ours.update(theta, gradient.copy(), 0.02)
        for parameter, part in zip(parameters, parts, strict=True):
            np.testing.assert_allclose(theta[part], parameter.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
def test_trajectory_equals_scikit_learns(name):
    """scikit-learn's Adam adds epsilon before the bias correction, which makes no difference at 1e-300."""
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
    """A quadratic with curvatures 1 … 10 and a known minimum; float32 stays float32."""
    curvature, minimum = np.linspace(1, 10, 6, dtype=np.float32), np.arange(6, dtype=np.float32)
    theta = np.zeros(6, dtype=np.float32)
    optimizer = CASES[name][0](theta)
    for step in range(3000):
        optimizer.update(theta, curvature * (theta - minimum), 0.02 / (1 + step / 200))
    held = [value for value in vars(optimizer).values() if isinstance(value, np.ndarray)]
    assert {array.dtype for array in [theta, *held]} == {np.dtype(np.float32)}
    np.testing.assert_allclose(theta, minimum, atol=0.02)


@pytest.mark.parametrize("name", CASES)
def test_takes_over_to_the_bit_and_goes_on_by_itself(name):
    make = CASES[name][0]
    theta = np.linspace(-1, 1, 6)
    before, after = make(theta), make(theta)
    for gradient in gradients(50):
        before.update(theta, gradient, 0.02)
    after.take_over(before)
    continued = theta.copy()
    for gradient in gradients(50)[::-1]:
        before.update(theta, gradient.copy(), 0.02)
        after.update(continued, gradient, 0.02)
        np.testing.assert_array_equal(continued, theta)
    assert after.n_updates == 100


@pytest.mark.parametrize(("name", "other"), list(permutations(KINDS, 2)))
def test_takes_nothing_over_from_another_kind(name, other):
    make = CASES[name][0]
    theta, fresh_theta = np.linspace(-1, 1, 6), np.linspace(-1, 1, 6)
    ours, fresh, used = make(theta), make(theta), CASES[other][0](theta)
    for gradient in gradients(50):
        used.update(np.zeros(6), gradient, 0.02)
    ours.take_over(used)
    for gradient in gradients(50):
        fresh.update(fresh_theta, gradient.copy(), 0.02)
        ours.update(theta, gradient, 0.02)
    np.testing.assert_array_equal(theta, fresh_theta)
    assert ours.n_updates == 50


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
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-5)  # PyTorch adds 1e-6 to the norm


def test_clip_by_norm_of_what_single_precision_cannot_square():
    gradient = np.array([3e30, -4e30], dtype=np.float32)
    with np.errstate(over="ignore"):
        clip(gradient, norm=1.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("size", [1e160, 1e300])
def test_clip_by_norm_of_what_double_precision_cannot_square(size):
    gradient = np.array([0.3, -0.4]) * size
    clip(gradient, norm=1.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_every_moment_that_is_kept_is_used(name):
    theta = np.ones(6)
    optimizer = CASES[name][0](theta)
    optimizer.update(theta, np.ones(6), 0.1)
    assert optimizer.moments.all()
    assert optimizer.moments.shape[1:] == theta.shape
