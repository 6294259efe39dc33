"""The documents: every Python block of the README and of `doc/` runs by itself, and every link leads to a file."""

import re
import warnings
from pathlib import Path

import pytest
from sklearn.exceptions import ConvergenceWarning

ROOT = Path(__file__).parents[1]
# Libraries whose blocks tests/clients runs.
IN_CLIENTS = "skforecast", "mlforecast", "feature_engine", "sktime", "darts", "dask", "pyarrow", "ray"
OF_EXTRAS = "onnx", "onnxruntime", "skl2onnx", "torch", "keras", "safetensors", "skops", "mlflow"
README = (ROOT / "README.md").read_text()
BLOCKS = [
    pytest.param(block, id=f"{page.stem} {number}")
    for page in [*ROOT.glob("*.md"), *sorted(ROOT.glob("doc/*.md"))]
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S))
    if not re.search(rf"^(?:from|import) ({'|'.join(IN_CLIENTS)})\b", block, re.M)
]


def test_there_are_blocks_and_two_commands():
    assert len(BLOCKS) >= 15
    assert len(re.findall(r"```sh\n(.*?)```", README, re.S)) == 2


@pytest.mark.parametrize("block", BLOCKS)
def test_block_runs(block, capsys):
    if "sklearn.callback" in block:
        pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
        pytest.importorskip("rich")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if "import keras" in block:
            warnings.simplefilter("ignore", DeprecationWarning)  # what Keras and its backend warn of is theirs
        if "import mlflow" in block:
            warnings.simplefilter("ignore")  # as MLflow warns of itself
        for library in OF_EXTRAS:
            if re.search(rf"^(import|from) {library}\b", block, re.M) or f"sklstm.interop.{library} " in block:
                pytest.importorskip(library)
        exec(compile(block, "guide", "exec"), {})
    assert capsys.readouterr().out


def anchors(document):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_to_files():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("doc/*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            assert link.startswith("https://") or target.exists(), f"{document.name} links to {link}"
            assert not anchor or anchor in anchors(target), f"{document.name} links to {link}"
