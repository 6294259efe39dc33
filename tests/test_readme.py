"""Every Python block of the README and of the guide runs as it stands, by itself."""

import re
import warnings
from pathlib import Path

import pytest
from sklearn.exceptions import ConvergenceWarning

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = [
    pytest.param(block, id=f"{name} {number}")
    for name in ("README.md", "doc/forecasting.md")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S))
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
        exec(compile(block, "guide", "exec"), {})
    assert capsys.readouterr().out
