"""Every Python block of the README runs as it stands, by itself."""

import re
import warnings
from pathlib import Path

import pytest
from sklearn.exceptions import ConvergenceWarning

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


def test_there_are_blocks_and_two_commands():
    assert len(BLOCKS) >= 4
    assert len(re.findall(r"```sh\n(.*?)```", README, re.S)) == 2


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block_runs(block, capsys):
    if "sklearn.callback" in block:
        pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
        pytest.importorskip("rich")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out
