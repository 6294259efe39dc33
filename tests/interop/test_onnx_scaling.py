"""Parts of the scaling as operators; whole networks are compared in test_onnx.py."""

import numpy as np
import pytest

from sklstm._network.layout import Layout
from sklstm._network.losses import SquaredError
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import Network
from sklstm._network.scaling import INSTANCE_NORMS, Scaling, limit_inputs
from sklstm.interop._onnx_graph import Graph
from sklstm.interop._onnx_scaling import ScalingOperators
from tests.interop.test_onnx_graph import run

pytest.importorskip("onnx")


def network_with(scaling, n_outputs=2):
    n_inputs = 3 * scaling.missing_rule.n_inputs_per_channel
    return Network(Layout(n_inputs, 1, n_outputs), False, SquaredError(), scaling, np.zeros((1, n_outputs)))


def random_scaling(rng, instance_norm, missing_rule):
    names = "typical_deviation", "channel_mean", "channel_scale"
    parts = {name: rng.uniform(0.5, 2, (n, 1)) for name, n in zip(names, (2, 3, 3), strict=True)}
    return Scaling(
        2, instance_norm, **parts, channel_unit=2.0 ** rng.integers(-2, 3, (3, 1)), missing_rule=missing_rule
    )


RULES = [MissingRule(), MissingRule(by_channel=True, n_needed=2)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("instance_norm", INSTANCE_NORMS)
@pytest.mark.parametrize("name", ["x", "skipped", "location", "scale", "indicators"])
def test_inputs(name, instance_norm, rule):
    """As `Scaling.inputs`, at steps that are not skipped."""
    rng = np.random.default_rng(0)
    scaling, X = random_scaling(rng, instance_norm, rule), rng.normal(size=(7, 5, 3))
    X[rng.random(X.shape) < 0.2] = np.nan
    X[0, :, 1] = X[1, 4] = np.nan

    def build(graph, x):
        return getattr(ScalingOperators(graph, network_with(scaling), X.dtype).inputs(x), name)

    if build(Graph(), "x") is None:
        assert not rule.by_channel if name == "indicators" else name == "scale" and instance_norm in ("last", "mean")
        return
    found = run(build, X)
    x, indicators = X.transpose(1, 2, 0).copy(), np.zeros((5, 3, 7))
    skipped, (location, scale) = scaling.inputs(x, indicators if rule.by_channel else None)
    limit_inputs(x)
    want = {"x": x, "skipped": skipped, "location": location[None], "indicators": indicators}
    want["scale"] = None if scale is None else scale[None]
    found, want = np.moveaxis(found, 0, -1), want[name]
    if name != "skipped":
        counts = ~(skipped.all(axis=0) if name in ("location", "scale") else skipped)[..., np.newaxis, :]
        found, want = np.where(counts, found, 0), np.where(counts, want, 0)
    np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [2, 4])
@pytest.mark.parametrize("shape", [(), (5,), (5, 3)])
def test_outputs(shape, n_outputs):
    """As `Scaling.outputs`, for outputs (n, …, K)."""
    rng = np.random.default_rng(1)
    by_output = {name: rng.uniform(0.5, 2, (n_outputs, 1)) for name in ("target_mean", "target_scale", "target_unit")}
    constant = np.full((n_outputs, 1), np.nan)
    constant[0] = 3
    is_constant = np.arange(n_outputs)[:, np.newaxis] == 1
    scaling = Scaling(2, "last-standard", **by_output, constant=constant, is_constant=is_constant)
    y, location, scale = rng.normal(size=(7, *shape, n_outputs)), *rng.normal(size=(2, 7, 1, 2))

    def build(graph, y, location, scale):
        operators = ScalingOperators(graph, network_with(scaling, n_outputs), np.dtype(np.float64))
        inputs = operators.inputs("unused")._replace(location=location, scale=scale)
        graph.nodes.clear()  # those of the inputs
        return operators.outputs(y, len(shape) + 2, inputs)

    found = run(build, y, location, scale)
    want = np.ascontiguousarray(np.moveaxis(y, 0, -1))
    scaling.outputs(want, (location[:, 0].T, scale[:, 0].T))
    np.testing.assert_allclose(np.moveaxis(found, 0, -1), want, rtol=1e-12)
