"""Other people's software that uses sklstm, run as its users do: real data, its own versions, none skipped in secret.

The fast tests leave these out. `python -m pytest -m client tests/clients` runs those whose library is installed.
"""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

CLIENTS = """
numpy scipy scikit-learn pandas polars pyarrow skforecast mlforecast sktime darts feature-engine skops mlflow
skl2onnx onnx onnxruntime mapie dask distributed dask-ml ray optuna shap scikit-lego tsfresh tslearn
category-encoders imbalanced-learn torch keras safetensors
"""


def versions():
    """The installed clients, as "name version"."""
    for name in CLIENTS.split():
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def pytest_report_header():
    """Say which versions are run."""
    return f"clients: {', '.join(versions())}"


def pytest_collection_modifyitems(items):
    """Mark all tests of this folder. What other libraries warn of is theirs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.client)
            item.add_marker(pytest.mark.filterwarnings("ignore"))
