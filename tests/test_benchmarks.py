"""What `benchmarks` says: which extra is missing, where it runs, and how its figures compare with the aims."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks import as_processor, table
from benchmarks._aims import ROWS, figures
from benchmarks._effects import lines
from benchmarks._extras import needs
from benchmarks._machine import about, head
from benchmarks._measure import cases, measure
from benchmarks._models import MISSING, with_missing
from benchmarks.table import filled, joined, misses, ratios


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(SystemExit, match=r'torch is not installed.*pip install "sklstm\[peers\]"'), needs("peers"):
        import torch  # noqa: F401


def test_a_fault_of_our_own_keeps_its_traceback():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs("peers"):
        import benchmarks.no_such_module  # noqa: F401


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_leaves_out_the_process_that_starts_a_case():
    ballast = b"x" * 400_000_000
    code = "from benchmarks.memory import peak; print(peak())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1e6 < int(answer.stdout) < len(ballast)


ABOUT = {
    "processor": "x86_64 Some EPYC",
    "kind": "AVX2",
    "as": "avx2",
    "cores": 2,
    "features": ["X86_V3"],
    "targets": ["X86_V3", "baseline(X86_V2)"],
    "blas": ["openblas 0.3.31 Haswell"],
    "pytorch": "AVX2",
    "activations": {"float32": "exp (as told)", "float64": "tanh (why not)"},
    "variables": {"OPENBLAS_CORETYPE": "Haswell"},
    "versions": {"Python": "3.11.7", "numpy": "2.4.6"},
    "date": "2026-11-26",
}


def test_the_head_says_where_and_as_what_a_benchmark_ran():
    text = "\n".join(head(ABOUT))
    for part in (
        "Some EPYC",
        "as AVX2",
        "2026-11-26",
        "X86_V3",
        "Haswell",
        "PyTorch AVX2",
        "exp",
        "numpy 2.4.6",
        "CORETYPE",
    ):
        assert part in text
    assert "as AVX-512" not in "\n".join(head({**ABOUT, "kind": "AVX-512", "as": None}))


def test_the_head_describes_this_machine(monkeypatch):
    monkeypatch.delenv(as_processor.LEVEL_NAME, raising=False)
    described = about()
    assert set(described) == set(ABOUT)
    assert described["versions"]["numpy"] == np.__version__
    assert described["as"] is None
    assert {form.split()[0] for form in described["activations"].values()} <= {"tanh", "exp"}
    json.dumps(described)
    monkeypatch.setenv(as_processor.LEVEL_NAME, "sse")
    assert about()["as"] == "sse"


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (["X86_V3", "X86_V4", "AVX512_ICL"], "AVX-512"),
        (["SSE41", "AVX", "AVX2", "FMA3", "AVX512F", "AVX512_SKX"], "AVX-512"),
        (["X86_V3"], "AVX2"),
        (["SSE41", "AVX", "FMA3", "AVX2"], "AVX2"),
        ([], "SSE"),
    ],
)
def test_the_kind_of_a_processor_follows_from_the_features_that_numpy_uses(features, expected, monkeypatch):
    monkeypatch.setattr(as_processor.platform, "machine", lambda: "x86_64")
    assert as_processor.kind(features) == expected
    monkeypatch.setattr(as_processor.platform, "machine", lambda: "arm64")
    assert as_processor.kind(["ASIMD"]) == "arm64"


@pytest.mark.skipif(not as_processor.is_x86(), reason="needs an x86 processor")
def test_a_command_runs_as_on_a_lesser_processor():
    command = [sys.executable, "-m", "benchmarks.as_processor", "sse", "--", sys.executable, "-c"]
    code = "import json, os; from benchmarks._machine import about; print(json.dumps([about(), dict(os.environ)]))"
    answer = subprocess.run([*command, code], capture_output=True, text=True, check=True).stdout
    described, environment = json.loads(answer.splitlines()[-1])
    assert described["kind"] == "SSE"
    for name, value in as_processor.LEVELS["sse"].variables.items():
        assert environment[name] == value


class Sums:
    params = ((10,),)
    param_names = ("size",)

    def setup(self, size):
        self.called = []

    def time_sklstm(self, size):
        return sum(range(size))

    def time_peer(self, size):
        return sum(range(size))

    def time_unlimited(self, size):
        raise AssertionError("must not be timed")


def test_a_peer_that_is_left_out_has_an_empty_cell():
    result = measure(Sums, (10,), 0, left_out=("unlimited",))
    assert result["ratio"]["unlimited"] is None
    assert result["ratio"]["peer"] > 0
    assert set(result["seconds"]) == {"sklstm", "peer"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_patterns_of_missing_steps(dtype):
    X = np.ones((500, 8, 2), dtype)
    masks = {}
    for pattern in MISSING:
        with_gaps = with_missing(X, pattern)
        assert with_gaps.dtype == X.dtype
        missing = np.isnan(with_gaps)
        np.testing.assert_array_equal(missing[..., 0], missing[..., 1])
        masks[pattern] = missing[..., 0]
    n_present = {pattern: (~mask).sum(axis=1) for pattern, mask in masks.items()}
    assert set(n_present["leading"]) == set(range(1, 9))
    assert set(n_present["half or more"]) == set(range(1, 5))
    for pattern in ("leading", "half or more"):  # what is missing comes first
        assert (np.diff(masks[pattern].astype(int), axis=1) <= 0).all()
    assert 0.03 < masks["5 % at random"].mean() < 0.07


def run(kind, level, results):
    return {"about": {"kind": kind, "as": level, "date": "2026-11-26"}, "results": results}


def predict(shape, pytorch, onnxruntime, threads=1):
    case = {"rows, steps, channels, hidden": shape, "threads": threads}
    return {"name": "Predict", "case": case, "ratio": {"pytorch": pytorch, "onnxruntime": onnxruntime}}


RUNS = [
    run("AVX-512", None, [predict([1000, 24, 1, 32], 0.5, 0.6), predict([200, 48, 4, 64], 0.72, 0.9, threads=1)]),
    run("AVX2", "avx2", [predict([1000, 24, 1, 32], 0.8, None), predict([200, 48, 4, 64], 3.0, None, threads=2)]),
]


def test_the_table_has_a_column_for_each_run():
    lines_of_table = list(ratios(json.loads(json.dumps(RUNS))))
    assert lines_of_table[0] == "| what is measured | peer | AVX-512, 2026-11-26 | aim | as AVX2, 2026-11-26 | aim |"
    of_peer = {line.split(" | ")[1]: line.split(" | ")[2:] for line in lines_of_table[2:]}
    # mean and largest, bold if it misses; one case only where a run has one; nothing where nothing was measured
    assert of_peer == {
        "PyTorch": ["0.60, **0.72**", "each 0.70", "0.80", "each 0.90 |"],
        "ONNX Runtime": ["0.73, **0.90**", "each 0.75", "-", "each 1.50 |"],
    }


def test_cases_that_miss_their_aim_are_listed():
    assert list(misses(RUNS))[2:] == [
        "| `predict`, three shapes, one thread | PyTorch | AVX-512 | 0.70 | (200, 48, 4, 64) 0.72 |",
        "| `predict`, three shapes, one thread | ONNX Runtime | AVX-512 | 0.75 | (200, 48, 4, 64) 0.90 |",
    ]


def test_runs_on_the_same_kind_of_processor_are_joined():
    again = run("AVX-512", None, [predict([200, 48, 4, 64], 0.3, 0.4), predict([50, 48, 4, 64], 0.1, 0.2)])
    native, limited = joined([*RUNS, again])
    assert limited == RUNS[1]
    assert [r["ratio"]["pytorch"] for r in native["results"]] == [0.5, 0.3, 0.1]


def test_tables_are_written_into_a_page():
    page = "Before.\n<!-- a -->\nold\n\nolder\n<!-- end of a -->\nBetween.\n<!-- b -->\n<!-- end of b -->\n"
    new = filled(page, {"a": ["1 \\1", "2"], "b": ["3"]})
    assert new == (
        "Before.\n<!-- a -->\n\n1 \\1\n2\n\n<!-- end of a -->\nBetween.\n<!-- b -->\n\n3\n\n<!-- end of b -->\n"
    )
    assert filled(new, {"a": ["1 \\1", "2"], "b": ["3"]}) == new
    with pytest.raises(ValueError, match="end of c"):
        filled(page, {"c": []})


def test_the_page_on_performance_has_a_place_for_every_table(tmp_path, monkeypatch, capsys):
    rate = {"np.dot": {"value": 1.0, "unit": "GFlop/s", "variable": "OPENBLAS_CORETYPE"}}
    text = (Path(__file__).parents[1] / "doc/performance.md").read_text()
    page, files = tmp_path / "page.md", [tmp_path / "native.json", tmp_path / "avx2.json"]
    page.write_text(text)
    for file, of_kind in zip(files, RUNS, strict=True):
        rates = {"before": rate if of_kind["about"]["as"] else None, "now": rate}
        file.write_text(json.dumps({**of_kind, "about": {**ABOUT, **of_kind["about"], "rates": rates}}))
    monkeypatch.setattr(sys, "argv", ["table", *map(str, files)])
    table.main()
    printed = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--into", str(page)])
    table.main()
    for part in printed.strip().split("\n\n"):
        assert part in page.read_text()


def test_a_mean_misses_its_aim():
    step = {"batch, steps, channels, hidden": [32, 48, 4, 64], "dtype": "float32", "threads": 1}
    results = [{"name": "TrainingStep", "case": step, "ratio": {"products": 1.6}}]
    (row,) = (row for row in ROWS if row.benchmark == "TrainingStep")
    assert figures(row, run("AVX-512", None, results)).misses("mean")
    assert not figures(row, run("AVX2", None, results)).misses("mean")  # has no aim
    assert figures(row, run("AVX2", None, [])) is None


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [(100.0, 99.0, "has no effect here"), (100.0, 50.0, "takes effect"), (100.0, 200.0, "has no effect here")],
)
def test_rates_show_whether_a_variable_takes_effect(before, now, verdict):
    rates = [
        {"np.dot": {"value": value, "unit": "GFlop/s", "variable": "OPENBLAS_CORETYPE"}} for value in (before, now)
    ]
    (line,) = lines(*rates)
    assert line == f"OPENBLAS_CORETYPE {verdict}: np.dot 100 → {now:.0f} GFlop/s"
    times = [{"np.exp": {"value": 1 / value, "unit": "ns", "variable": "NPY"}} for value in (before, now)]
    assert verdict in next(lines(*times))
    assert next(lines(None, times[0])) == "np.exp 0.01 ns"


@pytest.fixture
def command():
    """Return the module of `python -m benchmarks`, which needs all peers."""
    for peer in ("torch", "onnx", "onnxruntime", "skorch"):
        pytest.importorskip(peer)
    return import_module("benchmarks.__main__")


def test_options_choose_benchmarks(command):
    parsed, wanted = command.parsed, command.wanted
    options = parsed(["--as", "avx2", "--quick", "--seconds", "2", "--only", "predict", "imports"])
    assert (options.level, options.quick, options.seconds) == ("avx2", True, 2)
    assert [name for name in ("Predict", "PredictOneRow", "FitEpoch", "imports") if wanted(name, {}, options)] == [
        "Predict",
        "PredictOneRow",
        "imports",
    ]
    options = parsed(["--aims"])
    case = {"batch, steps, channels, hidden": (32, 48, 4, 64), "dtype": "float32", "threads": 1}
    assert wanted("TrainingStep", case, options)
    assert not wanted("TrainingStep", {**case, "threads": 2}, options)
    assert wanted("imports", {}, options)
    assert not wanted("growth", {"of": "steps"}, options)


def test_every_row_of_the_table_has_cases(command):
    measured = [
        (benchmark.__name__, dict(zip(benchmark.param_names, case, strict=True)), dir(benchmark))
        for benchmark in command.TIMED
        for case in cases(benchmark)
    ] + [("imports", {}, ["time_scikit-learn"])]
    for row in ROWS:
        assert any(row.holds(name, case) and f"time_{row.peer}" in methods for name, case, methods in measured), row


def test_a_processor_that_is_no_better_gives_the_plain_run(command, monkeypatch, capsys):
    monkeypatch.setattr(command, "is_x86", lambda: True)
    monkeypatch.setattr(command, "features_to_disable", lambda level: [])
    monkeypatch.setattr(command.os, "execv", lambda *_: pytest.fail("became another process"))
    command.run_as(command.parsed(["--as", "avx2"]))
    assert "this is the plain run" in capsys.readouterr().out
    monkeypatch.setattr(command, "is_x86", lambda: False)
    with pytest.raises(SystemExit) as stopped:
        command.run_as(command.parsed(["--as", "avx2"]))
    assert stopped.value.code is None  # nothing is wrong
    assert "no run" in capsys.readouterr().out
