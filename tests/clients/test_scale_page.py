"""The blocks of doc/scale.md that need Dask, Ray or pyarrow. Each is run as a program."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sklstm
from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

ROOT = Path(sklstm.__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "doc/scale.md").read_text(), re.S)
LIBRARIES = "dask", "pyarrow", "ray"


def library_of(block):
    """The library that a block needs; None for what tests/test_readme.py runs."""
    return next((name for name in LIBRARIES if re.search(rf"^(import|from) {name}\b", block, re.M)), None)


OF_CLIENTS = [pytest.param(block, id=f"{library_of(block)} {n}") for n, block in enumerate(BLOCKS) if library_of(block)]


def test_each_library_has_a_block():
    assert {library_of(block) for block in BLOCKS} == {None, *LIBRARIES}


@pytest.mark.parametrize("block", OF_CLIENTS)
def test_block_runs(block, tmp_path):
    """Processes that are spawned read it again, so it is a file."""
    pytest.importorskip(library_of(block))
    (tmp_path / "block.py").write_text(block)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "block.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout


def test_chunks_of_a_parquet_file_have_the_bits_of_those_in_memory(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y = make_windows(load_airline(), 12)
    table = pd.DataFrame(np.c_[X[..., 0], y], columns=[*map(str, range(12)), "y"])
    table.to_parquet(tmp_path / "windows.parquet")

    def batches():  # as they are, without pandas
        for batch in parquet.ParquetFile(tmp_path / "windows.parquet").iter_batches(batch_size=50):
            yield batch.drop_columns("y"), batch["y"]

    def read():
        for batch in parquet.ParquetFile(tmp_path / "windows.parquet").iter_batches(batch_size=50):
            frame = batch.to_pandas()
            yield frame.drop(columns="y"), frame["y"]

    parts = [table[start : start + 50] for start in range(0, len(table), 50)]
    models = []
    for chunks in (read, batches, [(part.drop(columns="y"), part["y"]) for part in parts]):
        model = LSTMRegressor(4, instance_norm="last-standard", random_state=0).fit_scaling(chunks)
        for _ in range(3):
            for chunk in chunks() if callable(chunks) else chunks:
                model.partial_fit(*chunk)
        models.append(model)
    assert (models[0].theta_ == models[2].theta_).all()
    assert (models[1].theta_ == models[2].theta_).all()
