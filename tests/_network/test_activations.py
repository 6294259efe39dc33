"""Which form the gates are computed in: what NumPy reports decides, or the environment."""

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sklstm._network import activations
from sklstm._network.activations import WORTH_EXP, choice, forced_form, is_exp_faster, tanh_target
from tests.tools import fit, model

AVX2, AVX512 = "X86_V3", "X86_V4"


@pytest.fixture(autouse=True)
def unforced(monkeypatch):
    """Not forced from outside, and nothing kept from one test to the next."""
    monkeypatch.setattr(activations, "_forced", None)
    choice.cache_clear()
    yield
    choice.cache_clear()


def as_if(monkeypatch, float32, float64):
    """Let NumPy report targets of its tanh."""
    report = {"tanh": {"ee": {"current": AVX512}, "ff": {"current": float32}, "dd": {"current": float64}}}
    monkeypatch.setattr(np.lib, "introspect", SimpleNamespace(opt_func_info=lambda func_name: report), raising=False)


@pytest.mark.parametrize(
    ("target", "form"),
    [
        ("X86_V4", "tanh"),
        ("AVX512_SKX", "tanh"),
        ("AVX512F", "tanh"),
        ("AVX512_SKX__AVX512_ICL", "tanh"),
        ("baseline(SSE SSE2 AVX2 FMA3 AVX512_SKX)", "tanh"),
        ("X86_V3", "exp"),
        ("FMA3__AVX2", "exp"),
        ("baseline(X86_V2)", "exp"),
        ("baseline(SSE SSE2 SSE3)", "exp"),
        ("NEON_VFPV4", "exp"),
        ("ASIMD", "exp"),
        ("VSX4", "exp"),
    ],
)
def test_an_avx512_target_means_tanh_and_any_other_exp(target, form, monkeypatch):
    as_if(monkeypatch, target, target)
    for dtype in (np.float32, np.float64):
        assert choice(dtype).form == form
        assert target in choice(dtype).reason


def test_each_precision_has_its_own_form(monkeypatch):
    as_if(monkeypatch, AVX512, AVX2)
    assert [choice(dtype).form for dtype in ("float32", "float64")] == ["tanh", "exp"]
    choice.cache_clear()
    as_if(monkeypatch, AVX2, AVX512)
    assert [choice(dtype).form for dtype in ("float32", "float64")] == ["exp", "tanh"]


def test_numpy_that_reports_nothing_of_tanh_means_exp(monkeypatch):
    monkeypatch.setattr(np.lib, "introspect", SimpleNamespace(opt_func_info=lambda func_name: {}), raising=False)
    assert choice("float32").form == "exp"


@pytest.mark.parametrize(("has_avx512", "form"), [(True, "tanh"), (False, "exp")])
def test_before_introspection_the_processor_features_decide(has_avx512, form, monkeypatch):
    """NumPy 1.26 and 2.0. The names of single instructions stay in the table when NumPy is told to do without a set."""
    features = {"AVX2": True, "AVX512BW": True, "AVX512_SKX": has_avx512}
    monkeypatch.delattr(np.lib, "introspect", raising=False)
    monkeypatch.setattr(activations, "import_module", lambda name: SimpleNamespace(__cpu_features__=features))
    assert choice("float32").form == choice("float64").form == form


def test_this_numpy_can_be_asked():
    for char in "fd":
        assert tanh_target(char)
    assert {choice("float32").form, choice("float64").form} <= {"tanh", "exp"}


def test_few_elements_take_tanh_as_it_needs_fewer_calls(monkeypatch):
    as_if(monkeypatch, AVX2, AVX512)
    assert is_exp_faster(np.float32, WORTH_EXP["f"])
    assert not is_exp_faster(np.float32, WORTH_EXP["f"] - 1)
    assert not is_exp_faster(np.float64, 10**6)
    choice.cache_clear()
    as_if(monkeypatch, AVX512, AVX2)
    assert is_exp_faster(np.float64, WORTH_EXP["d"])
    assert not is_exp_faster(np.float64, WORTH_EXP["d"] - 1)
    assert not is_exp_faster(np.float32, 10**6)


@pytest.mark.parametrize(("form", "by_exp"), [("tanh", False), ("exp", True)])
def test_a_forced_form_is_used_at_every_size(form, by_exp, monkeypatch):
    monkeypatch.setattr(activations, "_forced", form)
    for target in (AVX2, AVX512):
        as_if(monkeypatch, target, target)
        choice.cache_clear()
        assert choice("float32") == (form, f"SKLSTM_ACTIVATION={form}")
        assert is_exp_faster("float64", 1) == is_exp_faster("float64", 10**6) == by_exp


def test_the_environment_forces_a_form():
    assert [forced_form({"SKLSTM_ACTIVATION": form}) for form in ("tanh", "exp", "")] == ["tanh", "exp", None]
    assert forced_form({}) is None
    with pytest.raises(ValueError, match=r"SKLSTM_ACTIVATION is 'relu'. Set it to 'tanh' or 'exp', or remove it"):
        forced_form({"SKLSTM_ACTIVATION": "relu"})


PROGRAM = """
import numpy as np, sklstm
X = np.random.default_rng(0).standard_normal((300, 6, 2))
model = sklstm.LSTMRegressor(8, max_iter=1, random_state=0)
print(sklstm._network.activations.choice("float64").form, *map(float.hex, model.fit(X, X[:, 0, 0]).predict(X)[:5]))
"""


def run(**environment):
    kept = {name: value for name, value in os.environ.items() if name != "SKLSTM_ACTIVATION"}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    return subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True)


def test_a_process_obeys_the_environment_and_gives_the_same_bits_each_time():
    runs = [run(SKLSTM_ACTIVATION=form) for form in ("exp", "exp", "tanh")]
    (exp, *values), again, (tanh, *others) = (done.stdout.split() for done in runs)
    assert (exp, tanh) == ("exp", "tanh")
    assert again == [exp, *values]
    assert others != values
    np.testing.assert_allclose([*map(float.fromhex, others)], [*map(float.fromhex, values)], rtol=1e-10)


def test_a_wrong_environment_is_refused_when_sklstm_is_imported():
    done = run(SKLSTM_ACTIVATION="sigmoid")
    assert done.returncode == 1
    assert "ValueError: The environment variable SKLSTM_ACTIVATION is 'sigmoid'." in done.stderr


def test_a_model_from_another_machine_is_computed_in_the_form_of_this_one(monkeypatch):
    X = np.random.default_rng(0).standard_normal((300, 5, 1))
    stored, predictions = {}, {}
    for form in ("tanh", "exp"):
        monkeypatch.setattr(activations, "_forced", form)
        choice.cache_clear()
        fitted = fit(model(), X, X[:, 0, 0])
        stored[form], predictions[form] = pickle.dumps(fitted), fitted.predict(X)
    for form, of_model in stored.items():
        predicted = pickle.loads(of_model).predict(X)  # by exp, the form of the last round
        assert np.array_equal(predicted, predictions[form]) == (form == "exp")
        np.testing.assert_allclose(predicted, predictions[form], rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e2, 1e3, 1e4, 1e30])
def test_saturated_gates_raise_nothing_even_if_numpy_is_told_to_raise_errors(scale, dtype, form):
    X = (np.random.default_rng(0).standard_normal((64, 8, 2)) * scale).astype(dtype)
    with np.errstate(all="raise"):
        fitted = fit(model(standardize=False, learning_rate_init=1e-9), X, np.sign(X[:, -1, 0]))
        assert np.isfinite(fitted.predict(X)).all()
