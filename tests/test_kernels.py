"""The variants in `benchmarks/kernels` compute the kernel's numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.kernels import variants
from benchmarks.kernels._altered import altered
from benchmarks.kernels._race import Step, Task, check_numbers, layers
from sklstm._network import lstm

SHAPE = (5, 7, 2, 3)  # batch, steps, channels, hidden units
VARIANTS = variants()
CASES = [(name, layer) for name, module in VARIANTS.items() for layer in layers(module)]


def small_chunks(monkeypatch):
    """Make the kernel's workspaces sum the gradient of the weights over chunks of three steps."""
    monkeypatch.setattr(lstm, "CHUNK_BYTES", 3 * 4 * 3 * 5 * 8)


@pytest.mark.parametrize(("name", "layer"), CASES, ids=" ".join)
@pytest.mark.parametrize("every_step", [False, True], ids=["last state", "every state"])
@pytest.mark.parametrize("some_skipped", [False, True], ids=["none skipped", "some skipped"])
def test_numbers_are_those_of_the_kernel(name, layer, every_step, some_skipped, monkeypatch):
    """Also when a workspace is used again, and for the gradient of the input where a layer returns it."""
    small_chunks(monkeypatch)
    task = Task.random(SHAPE, "float64", layer, every_step, some_skipped)
    expected, step = Step(lstm, task).numbers(), Step(VARIANTS[name], task)
    for _ in range(2):
        results = step.numbers()
        assert results.keys() == expected.keys()
        for what, values in results.items():
            np.testing.assert_allclose(values, expected[what], rtol=1e-11, atol=1e-13, err_msg=what)


@pytest.mark.parametrize("name", VARIANTS)
def test_single_precision_and_a_batch_of_one(name):
    task = Task.random((1, 7, 2, 3), "float32", layers(VARIANTS[name])[-1])
    step = Step(VARIANTS[name], task)
    assert step().dtype == np.float32
    check_numbers(name, step, Step(lstm, task).numbers())


def test_a_variant_that_computes_something_else_is_refused():
    task = Task.random(SHAPE, "float32")

    def backward(*args):
        return lstm.backward(*args) * np.float32(1.01)

    wrong = SimpleNamespace(Workspace=lstm.Workspace, forward=lstm.forward, backward=backward)
    with pytest.raises(AssertionError, match="d_matrix of wrong"):
        check_numbers("wrong", Step(wrong, task), Step(lstm, task).numbers())


def test_only_names_that_the_kernel_has_can_be_altered():
    with pytest.raises(AttributeError, match="adapt the variant"):
        altered(_no_such_function=None)
    assert altered(CHUNK_BYTES=1).CHUNK_BYTES == 1
    assert lstm.CHUNK_BYTES > 1
