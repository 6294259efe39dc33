"""Layers and directions compared with the reference and with finite differences; dropout by its masks."""

from dataclasses import dataclass

import numpy as np
import pytest

from sklstm._network import stack
from sklstm._network.layout import Layout
from sklstm._network.step_order import StepOrder
from tests import reference
from tests.tools import central_differences, named, pairwise

pytestmark = pytest.mark.usefixtures("form")
T, B, F, H = 4, 3, 2, 2
MISSING = {
    "none": None,
    "at both ends": [[1, 1, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]],
    "a whole sample": [[1, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 0]],
}
every_case = pairwise("n_layers, n_directions, every_step, missing", [1, 2, 3], [1, 2], [False, True], MISSING)


@dataclass
class Case:
    """A scalar loss, the product of the states with `d_states`, and the arrays it depends on."""

    layout: Layout
    every_step: bool
    missing: np.ndarray | None  # in the order of time, as x and d_states are
    theta: np.ndarray
    x: np.ndarray
    d_states: np.ndarray
    dropout: float = 0.0

    @property
    def order(self):
        return StepOrder.of(self.missing)

    @property
    def sorted_d_states(self):
        return self.order.sort(self.d_states).copy() if self.every_step else self.d_states.copy()

    def run(self, seed=0, for_gradient=True):
        ws = stack.Workspace(self.layout, T, B, np.float64, self.every_step, for_gradient, self.dropout)
        ws.x[self.order.start :] = self.order.sort(self.x)
        layers, _ = self.layout.matrices(self.theta)
        stack.draw_masks(ws, np.random.default_rng(seed))
        return layers, ws, stack.forward(layers, ws, self.order)

    def loss(self):
        return float((self.run()[-1][..., 1:, :] * self.sorted_d_states).sum())

    def gradient(self):
        layers, ws, _ = self.run()
        gradient = np.zeros_like(self.theta)
        stack.backward(layers, ws, self.sorted_d_states, self.layout.matrices(gradient)[0], self.order)
        return gradient


def make(n_layers, n_directions, every_step, missing="none", dropout=0.0):
    rng = np.random.default_rng(0)
    layout = Layout(F, H, 1, n_layers, n_directions)
    d_states = rng.standard_normal((*((T,) if every_step else ()), n_directions * H, B))
    missing = None if MISSING[missing] is None else np.array(MISSING[missing], dtype=bool)
    theta, x = rng.normal(0, 0.7, layout.size), rng.standard_normal((T, F, B))
    if missing is not None:
        np.copyto(x, 0, where=missing[:, np.newaxis])
        if every_step:  # no loss counts the outputs at skipped steps
            np.copyto(d_states, 0, where=missing[:, np.newaxis])
    return Case(layout, every_step, missing, theta, x, d_states, dropout)


def reference_layer(case, index, steps):
    """States at every step in time order, and a function for the way back: d_states -> gradients, d_steps."""
    backwards = index % case.layout.n_directions == 1
    p = {name: view.tolist() for name, view in named(case.layout, case.theta, index).items()}
    p |= {"readout_weight": np.eye(H).tolist(), "readout_bias": [0.0] * H}
    order = slice(None, None, -1 if backwards else 1)
    states, record = reference.forward(p, steps[order], [0.0] * H, [0.0] * H)

    def back(d_states):
        gradients = reference.backward(p, record, np.array(d_states)[order].tolist())
        return gradients, gradients["x"][order]

    return states[order], back


def reference_stack(case, sample):
    """The states that the read-out reads of one sample, (T, DH) or (DH,), and the gradients of all matrices."""
    skip = np.zeros(T, dtype=bool) if case.missing is None else case.missing[:, sample]
    steps = [None if skip[t] else case.x[t, :, sample].tolist() for t in range(T)]
    D, backs = case.layout.n_directions, []
    for level in range(case.layout.n_layers):
        layers = [reference_layer(case, level * D + k, steps) for k in range(D)]
        backs.append([back for _, back in layers])
        states = np.concatenate([states for states, _ in layers], axis=1).tolist()
        steps = [None if skip[t] else states[t] for t in range(T)]
    states = np.array(states)
    d_states = np.zeros((T, D * H))
    if case.every_step:
        seen, d_states[:] = states, case.d_states[..., sample]
    else:  # the last state of the forward direction, the first of the backward one
        seen = np.concatenate((states[-1, :H], states[0, H:]))
        d_states[-1, :H], d_states[0, H:] = case.d_states[:H, sample], case.d_states[H:, sample]
    gradients = [None] * (case.layout.n_layers * D)
    for level in reversed(range(case.layout.n_layers)):
        below = 0
        for k, back in enumerate(backs[level]):
            gradients[level * D + k], d_steps = back(d_states[:, k * H : (k + 1) * H])
            below = below + np.array(
                [[0.0] * len(gradients[level * D]["weight_ih"][0]) if d is None else d for d in d_steps]
            )
        d_states = below
    return seen, gradients


@every_case
def test_states_and_gradients_equal_the_reference(n_layers, n_directions, every_step, missing):
    case = make(n_layers, n_directions, every_step, missing)
    states, views = case.run()[-1], case.layout.views(case.gradient())
    states = case.order.unsort(states) if every_step else states
    total = [dict.fromkeys(("weight_ih", "bias", "weight_hh"), 0) for _ in views["bias"]]
    for sample in range(B):
        expected, gradients = reference_stack(case, sample)
        if every_step and case.missing is not None:
            expected[case.missing[:, sample]] = np.nan
        np.testing.assert_allclose(states[..., 1:, sample], expected, rtol=1e-12, atol=1e-14)
        for sums, gradient in zip(total, gradients, strict=True):
            for name in sums:
                sums[name] = sums[name] + np.array(gradient[name])
    assert (np.nan_to_num(states[..., 0, :], nan=1) == 1).all()
    for index, sums in enumerate(total):
        for name, expected in sums.items():
            np.testing.assert_allclose(views[name][index], expected, rtol=1e-12, atol=1e-13, err_msg=f"{name} {index}")


@pairwise("n_layers, n_directions, every_step, missing, dropout", [1, 2, 3], [1, 2], [False, True], MISSING, [0.0, 0.4])
def test_gradients_equal_central_differences(n_layers, n_directions, every_step, missing, dropout):
    case = make(n_layers, n_directions, every_step, missing, dropout)
    gradient = case.gradient()
    numeric = central_differences(case.loss, case.theta)
    read_out = case.layout.shapes[-1][1]
    assert not gradient[-read_out:].any()  # on which the states do not depend
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


def test_gradients_with_dropout_equal_central_differences_where_no_sample_has_the_first_step():
    case = make(2, 2, True, "at both ends", dropout=0.4)
    assert case.order.start > 0
    numeric = central_differences(case.loss, case.theta)
    np.testing.assert_allclose(case.gradient(), numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


@every_case
@pytest.mark.parametrize("few", [0, B], ids=["many samples", "few samples"])
def test_states_without_gradient_are_the_same(n_layers, n_directions, every_step, missing, few, monkeypatch):
    case = make(n_layers, n_directions, every_step, missing)
    monkeypatch.setattr(stack, "FEW_SAMPLES", few)
    np.testing.assert_allclose(case.run(for_gradient=False)[-1], case.run()[-1], rtol=1e-14, atol=1e-14)


def test_dropout_drops_its_share_anew_and_keeps_the_mean():
    layout = Layout(1, 50, 1, n_layers=3, n_directions=2)
    ws = stack.Workspace(layout, 20, 10, np.float32, every_step=True, dropout=0.3)
    ws.x[...] = 1
    theta = np.random.default_rng(0).standard_normal(layout.size).astype(np.float32)
    rng, seen = np.random.default_rng(0), []
    for _ in range(2):
        stack.draw_masks(ws, rng)
        stack.forward(layout.matrices(theta)[0], ws)
        seen.append([mask.copy() for mask in ws.masks])
    assert len(ws.masks) == 3
    for mask, again in zip(*seen, strict=True):
        assert mask.shape == (20, 100, 10)
        assert mask.dtype == np.float32
        np.testing.assert_array_equal(np.unique(mask), np.array([0, 1 / 0.7], np.float32))
        assert (mask == 0).mean() == pytest.approx(0.3, abs=0.01)
        assert not np.array_equal(mask, again)
        assert abs(np.corrcoef(mask[:-1].ravel(), mask[1:].ravel())[0, 1]) < 0.02  # independent at every step


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("missing", ["at both ends", "a whole sample"])
def test_which_states_of_a_step_are_dropped_does_not_depend_on_missing_steps(missing, n_directions):
    case, complete = (make(2, n_directions, True, which, dropout=0.5) for which in (missing, "none"))

    def dropped(case):
        _, ws, states = case.run()
        above = ws.layers[1][0].x[case.order.start :]
        return [(case.order.unsort(values) == 0).swapaxes(1, 2) for values in (above, states[:, 1:])]

    for found, wanted in zip(dropped(case), dropped(complete), strict=True):
        np.testing.assert_array_equal(found[~case.missing], wanted[~case.missing])
        assert 0 < wanted.mean() < 1


def test_dropout_acts_between_layers_and_before_the_read_out_and_not_along_the_steps():
    """Masks of ones change nothing; below a mask of zeros, the layer above depends on its bias only."""
    case = make(2, 1, True)
    plain = case.run()[-1].copy()
    case.dropout = 0.5

    def run(*masks):
        layers, ws, _ = case.run()
        ws.dropout, ws.masks = 1.0, [np.full_like(mask, value) for mask, value in zip(ws.masks, masks, strict=True)]
        return stack.forward(layers, ws).copy(), ws

    np.testing.assert_allclose(run(1, 1)[0], plain, rtol=1e-14)
    assert not run(1, 0)[0][:, 1:].any()
    without, ws = run(0, 1)
    assert np.abs(ws.layers[0][0].states[:, 1:]).min() > 0  # the lower layer is unchanged
    case.x[...] = 7.0
    np.testing.assert_array_equal(run(0, 1)[0], without)  # which the upper layer does not see


@pytest.mark.parametrize(("n_samples", "n_threads"), [(1, 1), (127, 1), (128, 2), (129, 2), (200, 2)])
def test_two_directions_are_worth_threads_from_a_size_on(n_samples, n_threads):
    both, one = Layout(2, 64, 1, n_directions=2), Layout(2, 64, 1)
    assert stack.training_threads(both, n_samples) == n_threads
    assert stack.training_threads(one, n_samples) == 1
    assert stack.Workspace(both, 2, n_samples, np.float32, False, n_threads=2).n_threads == n_threads


def test_in_prediction_only_what_is_read_again_is_kept_of_every_step():
    """The states of lower layers, and with `every_step` those of the top layer; few samples keep all."""
    layout, many = Layout(2, 3, 1, n_layers=3), stack.FEW_SAMPLES + 1

    def kept(n_samples, every_step, for_gradient):
        ws = stack.Workspace(layout, 4, n_samples, np.float32, every_step, for_gradient)
        assert all(layer.every_state == (len(layer.states) == 4) for (layer,) in ws.layers)
        return [layer.every_state for (layer,) in ws.layers]

    assert kept(many, False, False) == [True, True, False]
    for sizes in ((many - 1, False, False), (many, True, False), (many, False, True)):
        assert kept(*sizes) == [True] * 3


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("missing", ["at both ends", "a whole sample"])
def test_which_states_reach_each_higher_layer_does_not_depend_on_missing_steps(missing, n_directions):
    """Also if only the last states are read."""
    case, complete = (make(4, n_directions, False, which, dropout=0.5) for which in (missing, "none"))

    def dropped(case):
        _, ws, _ = case.run()
        inputs = (layers[0].x[case.order.start :] for layers in ws.layers[1:])
        return [(case.order.unsort(x) == 0).swapaxes(1, 2) for x in inputs]

    for found, wanted in zip(dropped(case), dropped(complete), strict=True):
        np.testing.assert_array_equal(found[~case.missing], wanted[~case.missing])
        assert 0 < wanted.mean() < 1
