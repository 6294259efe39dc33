"""The layer and its read-out compared with the reference, with finite differences, and with itself."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from sklstm._network import lstm
from sklstm._network import readout as _readout
from sklstm._network.layout import Layout
from tests import reference
from tests.tools import central_differences, named

pytestmark = pytest.mark.usefixtures("form")
LAYOUT = Layout(n_channels=2, hidden_size=3, n_values=2)
MISSING = {
    "none": None,
    "some": [[1, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    "whole steps": [[1, 1, 1], [1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    "whole steps and a whole sample": [[1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 1]],
}


@dataclass
class Case:
    """A scalar loss, with T = 5, B = 3, F = 2, H = 3, K = 2, and all arrays it depends on."""

    theta: np.ndarray
    x: np.ndarray  # (T, F, B)
    h: np.ndarray  # (H, B)
    c: np.ndarray
    d_y: np.ndarray  # (T, K, B): the loss is its product with the outputs
    missing: np.ndarray | None

    @property
    def every_step(self):
        return bool(self.d_y[:-1].any())

    @property
    def complete(self):
        """The samples without a missing step: for the others, the gradient of h_0 is not computed."""
        return slice(None) if self.missing is None else ~self.missing.any(axis=0)

    @property
    def start(self):
        return 0 if self.missing is None else int(self.missing.sum(axis=0).min())

    @property
    def leading(self):
        return None if self.missing is None or not self.missing[self.start :].any() else self.missing[self.start :]

    def run(self, dtype=np.float64, for_d_x=True):
        ws = lstm.Workspace(5, 3, 2, 3, dtype, for_d_x=for_d_x)
        ws.x[...], ws.h_0[...], ws.c_0[...] = self.x, self.h, self.c
        (matrix,), readout = LAYOUT.matrices(self.theta.astype(dtype))
        lstm.forward(matrix, ws, self.start, self.leading)
        ws.states[: self.start, 1:] = self.h  # steps before the first one are not written
        return ws, matrix, readout, _readout.forward(readout, ws.states)

    def loss(self):
        return float((self.run()[-1] * self.d_y).sum())

    def gradients(self, dtype=np.float64, for_d_x=True):
        """The gradients of all arrays, by name."""
        ws, matrix, readout, _ = self.run(dtype, for_d_x)
        d_y = self.d_y.astype(dtype)
        theta = np.empty(LAYOUT.size, dtype)
        (d_matrix,), d_readout = LAYOUT.matrices(theta)
        if self.every_step:
            d_readout[...], d_h = _readout.backward(readout, ws.states, d_y)
            d_matrix[...] = lstm.backward(matrix, ws, 0, d_h[self.start :], self.start)
        else:
            d_readout[...], d_h = _readout.backward(readout, ws.states[-1], d_y[-1])
            d_matrix[...] = lstm.backward(matrix, ws, d_h, None, self.start)
        if ws.d_x is not None:
            ws.d_x[: self.start] = 0
        return {**named(LAYOUT, theta), "x": ws.d_x, "h": ws.d_h[:, self.complete], "c": ws.d_c.copy()}


@pytest.fixture(params=[(name, targets) for name in MISSING for targets in ("last", "all")], ids=" ".join)
def case(request):
    name, targets = request.param
    rng = np.random.default_rng(0)
    d_y = rng.standard_normal((5, 2, 3))
    if targets == "last":
        d_y[:-1] = 0
    missing = None if MISSING[name] is None else np.array(MISSING[name], dtype=bool)
    theta, x, (h, c) = rng.standard_normal(LAYOUT.size), rng.standard_normal((5, 2, 3)), rng.standard_normal((2, 3, 3))
    if missing is not None:
        h[:, missing.any(axis=0)] = 0
        x.transpose(0, 2, 1)[missing] = 0
        d_y.transpose(0, 2, 1)[:-1][missing[:-1]] = 0  # no loss counts the output at a skipped step but the last
    return Case(theta, x, h, c, d_y, missing)


def as_reference(case, sample):
    """Arguments of `reference.forward` for one sample."""
    p = {name: view.tolist() for name, view in named(LAYOUT, case.theta).items()}
    skip = np.zeros(5, dtype=bool) if case.missing is None else case.missing[:, sample]
    steps = [None if skip[t] else case.x[t, :, sample].tolist() for t in range(5)]
    return p, steps, case.h[:, sample].tolist(), case.c[:, sample].tolist()


def test_outputs_equal_the_reference(case):
    outputs = case.run()[-1]
    for sample in range(3):
        expected, _ = reference.forward(*as_reference(case, sample))
        np.testing.assert_allclose(outputs[:, :, sample], expected, rtol=1e-12, atol=1e-14)


def test_gradients_equal_the_reference(case):
    gradients = case.gradients()
    summed, expected_h = dict.fromkeys(named(LAYOUT, case.theta), 0), []
    for sample in range(3):
        args = as_reference(case, sample)
        expected = reference.backward(args[0], reference.forward(*args)[1], case.d_y[:, :, sample].tolist())
        for name in summed:
            summed[name] = summed[name] + np.array(expected[name])
        np.testing.assert_allclose(gradients["c"][:, sample], expected["c"], rtol=1e-12, atol=1e-13)
        expected_h.append(expected["h"])
        for t, d_x in enumerate(expected["x"]):
            np.testing.assert_allclose(gradients["x"][t, :, sample], d_x or [0, 0], rtol=1e-12, atol=1e-13)
    expected_h = np.transpose(expected_h)[:, case.complete]
    np.testing.assert_allclose(gradients["h"], expected_h, rtol=1e-12, atol=1e-13)
    for name, total in summed.items():
        np.testing.assert_allclose(gradients[name], total, rtol=1e-12, atol=1e-13, err_msg=name)


def test_gradients_equal_central_differences(case):
    """Check every element of every array that the loss depends on."""
    gradients = case.gradients()
    for name, values in {**named(LAYOUT, case.theta), "x": case.x, "h": case.h, "c": case.c}.items():
        numeric = central_differences(case.loss, values)
        numeric = numeric[:, case.complete] if name == "h" else numeric
        scale = np.abs(numeric).max(initial=0)
        np.testing.assert_allclose(gradients[name], numeric, rtol=0, atol=1e-7 * max(scale, 1e-3), err_msg=name)


def test_single_precision_agrees(case):
    for name, expected in case.gradients().items():
        actual = case.gradients(np.float32)[name]
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4, err_msg=name)


def test_how_many_steps_go_into_a_product_does_not_matter(case, monkeypatch):
    whole = case.gradients()
    for steps in (1, 2, 3):
        monkeypatch.setattr(lstm, "CHUNK_BYTES", steps * 4 * 3 * 3 * 8)
        for name, gradient in case.gradients().items():
            np.testing.assert_allclose(gradient, whole[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(100, 64, 32), (3, 64, 32), (100, 7, 5), (5, 300, 200)])
def test_a_product_takes_as_many_steps_as_stay_in_the_cache_and_at_least_one(sizes, dtype):
    T, B, H = sizes
    ws = lstm.Workspace(T, B, 2, H, dtype)
    of_one_step = ws.d_a[0].nbytes
    assert ws.chunk == np.clip(lstm.CHUNK_BYTES // of_one_step, 1, T)
    assert ws.copies.nbytes == ws.chunk * (of_one_step + ws.z[0].nbytes)
    if sizes == (100, 64, 32):
        assert 1 < ws.chunk < T


def test_the_sizes_of_the_blocks_decide_how_gates_and_cells_are_computed(monkeypatch):
    seen = []
    monkeypatch.setattr(lstm, "is_exp_faster", lambda *sizes: seen.append(sizes))
    ws = lstm.Workspace(2, 7, 3, 5, np.float32)
    assert seen == [(np.float32, ws.d_a[0].size), (np.float32, ws.c_0.size)]


def test_states_without_gradient_are_the_same(case, form):
    """To the bit by tanh; by exp they divide by 1 + exp(-a) instead of multiplying by a gate."""
    rounding = 0 if form == "tanh" else 2e-15
    ws, matrix, _, _ = case.run()
    for every_state in (True, False):
        lean = lstm.Workspace(5, 3, 2, 3, np.float64, for_gradient=False, every_state=every_state)
        lean.x[...], lean.h_0[...], lean.c_0[...] = case.x, case.h, case.c
        for _ in range(2):  # a second time from the same initial state
            lstm.forward(matrix, lean, case.start, case.leading)
            first = case.start if every_state else -1
            np.testing.assert_allclose(lean.states[first:], ws.states[first:], rtol=rounding, atol=rounding)


def test_without_the_gradient_of_the_input_the_others_are_the_same(case):
    lean = case.gradients(for_d_x=False)
    assert lean.pop("x") is None
    assert lstm.Workspace(5, 3, 2, 3, np.float64).d_x is None  # the default
    for name, gradient in lean.items():
        np.testing.assert_allclose(gradient, case.gradients()[name], rtol=1e-12, atol=1e-14, err_msg=name)


def test_workspace_is_written_over():
    """The buffers can be used again after a batch with missing steps."""
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((12, 6))
    x, d_h = rng.standard_normal((4, 2, 3)), rng.standard_normal((3, 3))
    used, fresh = (lstm.Workspace(4, 3, 2, 3, np.float64) for _ in range(2))
    used.x[...] = 9.0
    lstm.forward(matrix, used, 1, np.tri(3, dtype=bool).T)
    lstm.backward(matrix, used, d_h, None, 1)
    results = []
    for ws in (used, fresh):
        ws.x[...] = x
        lstm.forward(matrix, ws)
        results.append(lstm.backward(matrix, ws, d_h))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 4, 2, 3), (7, 1, 1, 2), (40, 9, 3, 8)])
def test_one_random_direction(shape):
    """The directional derivative of the matrix at other sizes."""
    T, B, F, H = shape
    rng = np.random.default_rng(2)
    matrix, direction = rng.standard_normal((2, 4 * H, F + 1 + H)) / np.sqrt(H)
    x, d_h = rng.standard_normal((T, F, B)), rng.standard_normal((H, B))
    ws = lstm.Workspace(T, B, F, H, np.float64)

    def loss(at):
        ws.x[...] = x
        lstm.forward(matrix + at * direction, ws)
        return (ws.states[-1, 1:] * d_h).sum()

    numeric = (loss(-2e-4) - 8 * loss(-1e-4) + 8 * loss(1e-4) - loss(2e-4)) / 12e-4
    loss(0)
    np.testing.assert_allclose((lstm.backward(matrix, ws, d_h) * direction).sum(), numeric, rtol=1e-7)


def one_step(x, dtype):
    """One unit and one step with all weights 1, for many x: h, and its derivatives for x and for c_0 = x / 2."""
    matrix = np.array([[1.0, 0, 0]] * 4, dtype)
    lean, ws = (lstm.Workspace(1, len(x), 1, 1, dtype, for_gradient, for_d_x=True) for for_gradient in (False, True))
    for each in (lean, ws):
        each.x[0, 0], each.c_0[0] = x, x / 2
        lstm.forward(matrix, each)
    states = [each.states[0, 1].copy() for each in (lean, ws)]
    lstm.backward(matrix, ws, np.ones((1, len(x)), dtype))
    return *states, ws.d_x[0, 0], ws.d_c[0]


def exact_step(x):
    """What `one_step` returns, in the highest precision that NumPy has."""
    x = x.astype(np.longdouble)
    s, d_s = 1 / (1 + np.exp(-x)), 1 / ((1 + np.exp(-x)) * (1 + np.exp(x)))
    g, c_0 = np.tanh(x), x / 2
    c = s * (c_0 + g)
    h, to_c = s * np.tanh(c), s / np.cosh(c) ** 2
    return h, h, np.tanh(c) * d_s + to_c * (d_s * (c_0 + g) + s / np.cosh(x) ** 2), to_c * s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiny_and_large_inputs(dtype):
    """Errors are a few units in the last place of 1, whatever the input."""
    x = np.concatenate([np.geomspace(1e-12, 30, 2000), np.linspace(0, 12, 2000)])
    x = np.concatenate([-x, x]).astype(dtype)
    rounding = 4 * np.finfo(dtype).eps
    for actual, expected in zip(one_step(x, dtype), exact_step(x), strict=True):
        assert actual.dtype == dtype
        np.testing.assert_allclose(actual, expected.astype(np.float64), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("for_gradient", [False, True])
def test_saturated_gates_are_exact(dtype, for_gradient):
    """A step whose weights close i and o and open f leaves c as it was, to the bit, and gives h = 0."""
    rng, closed = np.random.default_rng(0), np.repeat([-1, 1, -1, 0], 3)
    matrix, x = rng.standard_normal((12, 6)).astype(dtype), rng.standard_normal((2, 8)).astype(dtype)
    one, two = (lstm.Workspace(n_steps, 8, 2, 3, dtype, for_gradient) for n_steps in (1, 2))
    for size in (1e3, 1e4, 1e30):
        matrix[:, 0] = size * closed
        one.c_0[...] = two.c_0[...] = np.linspace(-3, 3, 24).reshape(3, 8)
        one.x[...], two.x[1], two.x[0] = x * [[0], [1]], x * [[0], [1]], [[1], [0]]
        for ws in (one, two):
            lstm.forward(matrix, ws)
        np.testing.assert_array_equal(two.states[0, 1:], 0)
        np.testing.assert_array_equal(two.states[1], one.states[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("for_gradient", [False, True])
def test_extreme_inputs_are_silent_and_give_finite_states(dtype, for_gradient):
    """Also if the user makes NumPy raise errors for overflow and underflow."""
    sizes = np.array([1e-30, 1, 80, 95, 700, 760, 1e4, 1e30])
    x = np.concatenate([-sizes, [0], sizes]).astype(dtype)
    rng = np.random.default_rng(0)
    ws = lstm.Workspace(6, len(x), 1, 3, dtype, for_gradient)
    ws.x[...] = x
    with np.errstate(all="raise"):
        lstm.forward(rng.standard_normal((12, 5)).astype(dtype), ws)
    assert np.abs(ws.states[1:]).max() <= 1


class MatrixThatWaits(np.ndarray):
    """A matrix for `forward`, which waits inside for what `inside` waits for."""

    def reshape(self, *shape):
        self.inside()
        return np.asarray(self).reshape(*shape)


def test_calls_that_overlap_in_threads_leave_how_each_thread_treats_errors():
    """Especially with NumPy 1.26, where one object of np.errstate that two calls share would mix them up."""
    second_began, first_ended, states = threading.Event(), threading.Event(), {}

    def run(over, inside):
        matrix = np.zeros((12, 5)).view(MatrixThatWaits)
        matrix.inside = inside
        with np.errstate(over=over):
            lstm.forward(matrix, lstm.Workspace(2, 4, 1, 3, np.float64))
            states[over] = np.geterr()["over"]
            first_ended.set()

    def begin_second():
        second_began.set()
        first_ended.wait(10)

    first = threading.Thread(target=run, args=["raise", lambda: second_began.wait(10)])
    second = threading.Thread(target=run, args=["print", begin_second])
    first.start()
    second.start()
    first.join()
    second.join()
    assert states == {"raise": "raise", "print": "print"}


def test_what_all_layers_share_cannot_be_written_to():
    ws = lstm.Workspace(2, 4, 1, 3, np.float64)
    for constant, value in ((ws.half, 0.5), (ws.one, 1), (ws.two, 2), (ws.four, 4)):
        with pytest.raises(ValueError, match="read-only"):
            constant[...] = 7
        assert constant == value


@pytest.mark.parametrize("gates", [False, True])
@pytest.mark.parametrize("cells", [False, True])
def test_gates_and_cells_are_each_computed_by_the_form_that_was_chosen(gates, cells, monkeypatch):
    rng = np.random.default_rng(0)
    matrix, x = rng.standard_normal((20, 9)), rng.standard_normal((2, 3, 7))
    calls = {"_gates_by_exp": 0, "_tanh_by_exp": 0}

    def counting(name):
        by_exp = getattr(lstm, name)

        def counted(*args):
            calls[name] += 1
            by_exp(*args)

        return counted

    for name in calls:
        monkeypatch.setattr(lstm, name, counting(name))
    states = []
    for forms in ((gates, cells), (False, False)):
        monkeypatch.setattr(lstm, "is_exp_faster", lambda dtype, n: forms[0 if n == 4 * 5 * 7 else 1])  # noqa: B023
        ws = lstm.Workspace(2, 7, 3, 5, np.float64)
        ws.x[...] = x
        lstm.forward(matrix, ws)
        states.append(ws.states[:, 1:].copy())
    assert calls == {"_gates_by_exp": 2 * gates, "_tanh_by_exp": 2 * cells}
    np.testing.assert_allclose(*states, rtol=1e-13, atol=1e-15)
