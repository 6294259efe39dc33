"""Settings that must stand before SciPy, scikit-learn, matplotlib and Keras are imported; a fixture for many tests."""

import os

import pytest

os.environ["SCIPY_ARRAY_API"] = "1"  # without it scikit-learn skips its array API check in silence
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("KERAS_BACKEND", "torch")


@pytest.fixture(params=["tanh", "exp"])
def form(request, monkeypatch):
    """Compute the gates by one form and then by the other, on every processor and at every size."""
    from sklstm._network import lstm

    monkeypatch.setattr(lstm, "is_exp_faster", lambda dtype, n_elements: request.param == "exp")
    return request.param
