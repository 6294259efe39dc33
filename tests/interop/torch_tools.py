"""Modules of PyTorch for the tests of the exchange of weights."""

import warnings

import pytest

torch = pytest.importorskip("torch")


def modules(n_channels=2, size=5, n_layers=1, n_directions=1, n_outputs=1, dtype=torch.float64, **settings):
    """An LSTM and its read-out with random weights, larger than the initial ones."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lstm = torch.nn.LSTM(
            n_channels, size, n_layers, bidirectional=n_directions == 2, batch_first=True, dtype=dtype, **settings
        )
    linear = torch.nn.Linear(n_directions * size, n_outputs, dtype=dtype)
    with torch.no_grad():
        for parameter in (*lstm.parameters(), *linear.parameters()):
            parameter += 0.3 * torch.randn_like(parameter)
    return lstm.eval(), linear
