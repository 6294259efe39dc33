"""The rows of the table in `doc/performance.md`: the results that each holds, and its aim on each kind of processor."""

import math
import statistics
from typing import NamedTuple


class Aim(NamedTuple):
    """What the ratios of a row should be at most: their geometric mean, and each of them."""

    mean: float | None = None
    each: float | None = None

    def __str__(self):
        parts = [f"mean {self.mean:.2f}" if self.mean else "", f"each {self.each:.2f}" if self.each else ""]
        return ", ".join(filter(None, parts)) or "-"


NO_AIM = Aim()


class Row(NamedTuple):
    """One row: the ratios to a peer in all cases of a benchmark that have certain parameters."""

    what: str
    peer_in_words: str
    benchmark: str
    peer: str
    parameters: dict
    aims: dict  # by kind of processor

    def holds(self, benchmark, case):
        """Whether a case, a dictionary of parameters, belongs to the row."""
        if benchmark != self.benchmark:
            return False
        return all(_as_list(case.get(name)) == _as_list(value) for name, value in self.parameters.items())

    def aim(self, kind):
        return self.aims.get(kind, NO_AIM)

    def cases(self, results):
        """Pairs (case, ratio) of the row, from the results of a run. A ratio that was not measured is left out."""
        held = (r for r in results if self.holds(r["name"], r["case"]))
        pairs = ((r["case"], r.get("ratio", {}).get(self.peer)) for r in held)
        return [(case, ratio) for case, ratio in pairs if ratio is not None]


class Figures(NamedTuple):
    """The ratios of a row in one run, and the aim there."""

    cases: list
    aim: Aim

    @property
    def mean(self):
        return math.exp(statistics.fmean(math.log(ratio) for _, ratio in self.cases))

    @property
    def largest(self):
        return max(ratio for _, ratio in self.cases)

    def misses(self, name):
        """Whether the "mean" or "each" ratio misses its aim, at the precision that is printed."""
        bound = getattr(self.aim, name)
        return bound is not None and round(self.mean if name == "mean" else self.largest, 2) > bound

    def too_large(self):
        """The cases that miss the aim for each one."""
        return [(case, r) for case, r in self.cases if self.aim.each is not None and round(r, 2) > self.aim.each]


def figures(row, run):
    """The figures of a row in one run, the contents of a JSON file; None if nothing of it was measured."""
    cases = row.cases(run["results"])
    return Figures(cases, row.aim(run["about"]["kind"])) if cases else None


def has_aim(benchmark, case):
    """Whether a case belongs to any row."""
    return any(row.holds(benchmark, case) for row in ROWS)


def _as_list(value):
    return list(value) if isinstance(value, tuple) else value


def _by_kind(avx512, avx2):
    return {"AVX-512": Aim(*avx512), "AVX2": Aim(*avx2)}


def _everywhere(mean=None, each=None):
    return _by_kind((mean, each), (mean, each))


LOOP = "PyTorch loop"
ONE, TWO = {"threads": 1}, {"threads": 2}
ROWS = (
    Row(
        "`fit` per epoch, float32, one thread",
        LOOP,
        "FitEpoch",
        "pytorch",
        {"dtype": "float32", **ONE},
        _by_kind((0.50, 0.80), (0.60, 0.90)),
    ),
    Row(
        "`fit` per epoch, float64, one thread",
        LOOP,
        "FitEpoch",
        "pytorch",
        {"dtype": "float64", **ONE},
        _by_kind((0.33, 0.64), (0.40, 0.75)),
    ),
    Row(
        "`fit` per epoch, float32, two threads each",
        LOOP,
        "FitEpoch",
        "pytorch",
        {"dtype": "float32", **TWO},
        _by_kind((0.37, 1.0), (0.70, 1.1)),
    ),
    Row(
        "`predict`, three shapes, one thread",
        "PyTorch",
        "Predict",
        "pytorch",
        ONE,
        _by_kind((None, 0.70), (None, 0.90)),
    ),
    Row(
        "`predict`, three shapes, one thread",
        "ONNX Runtime",
        "Predict",
        "onnxruntime",
        ONE,
        _by_kind((None, 0.75), (None, 1.5)),
    ),
    Row(
        "`predict`, three shapes, two threads",
        "sklstm with one thread",
        "PredictTwoThreads",
        "one_thread",
        {},
        _everywhere(each=0.65),
    ),
    Row(
        "`predict`, one row of 24 steps",
        "PyTorch module call",
        "PredictOneRow",
        "pytorch",
        {},
        _everywhere(each=1.2),
    ),
    Row(
        "`Forecaster(LSTMRegressor())` alone, fit and forecast of the airline series, one thread",
        "the same model in a plain PyTorch loop that pads",
        "AirlineForecast",
        "pytorch",
        ONE,
        _everywhere(each=0.40),
    ),
    Row(
        "`Forecaster(LSTMRegressor())` alone, fit and forecast of the airline series, two threads each",
        "the same loop",
        "AirlineForecast",
        "pytorch",
        TWO,
        _everywhere(each=0.40),
    ),
    Row(
        "`Forecaster(LSTMRegressor())` alone, fit and forecast of the airline series, one thread",
        "the same loop without a `DataLoader`",
        "AirlineForecast",
        "pytorch_indexed",
        ONE,
        {},
    ),
    Row(
        "`fit`, a random number of leading steps missing",
        "the same without",
        "FitMissing",
        "complete",
        {"missing": "leading"},
        _everywhere(each=1.10),
    ),
    Row(
        "`fit`, no row has more than half of its steps",
        "the same with all steps",
        "FitMissing",
        "complete",
        {"missing": "half or more"},
        _everywhere(each=0.65),
    ),
    Row(
        "`fit`, 5 % of steps missing at random",
        "the same without",
        "FitMissing",
        "complete",
        {"missing": "5 % at random"},
        _everywhere(each=1.25),
    ),
    Row(
        "training step, 64 units and more, float32, one thread",
        "bare matrix products",
        "TrainingStep",
        "products",
        {"dtype": "float32", **ONE},
        _by_kind((1.40,), ()),
    ),
    Row(
        "`fit` per epoch, two layers, float32, one thread",
        LOOP,
        "FitEpochDeep",
        "pytorch",
        {"network": "two layers", **ONE},
        _everywhere(each=0.85),
    ),
    Row(
        "`fit` per epoch, two layers, float32, two threads each",
        LOOP,
        "FitEpochDeep",
        "pytorch",
        {"network": "two layers", **TWO},
        _everywhere(each=0.85),
    ),
    Row(
        "`fit` per epoch, both directions, float32, one thread",
        LOOP,
        "FitEpochDeep",
        "pytorch",
        {"network": "bidirectional", **ONE},
        _everywhere(each=0.85),
    ),
    Row(
        "`fit` per epoch, both directions, float32, two threads each",
        LOOP,
        "FitEpochDeep",
        "pytorch",
        {"network": "bidirectional", **TWO},
        _everywhere(each=0.85),
    ),
    Row(
        "`fit` per epoch, 24 steps, 32 units, batches of 32",
        "skorch",
        "FitEpochSkorch",
        "skorch",
        {},
        _everywhere(each=0.45),
    ),
    Row("`fit`, two threads", "sklstm with one thread", "FitTwoThreads", "one_thread", {}, _everywhere(each=1.05)),
    Row(
        "`fit`, two threads, batches of 128, 100 steps, 8 channels, 128 units",
        "sklstm with one thread",
        "FitTwoThreads",
        "one_thread",
        {"batch, steps, channels, hidden": (128, 100, 8, 128)},
        _everywhere(each=0.65),
    ),
    Row(
        "`backtest` without refit, 1000 origins × 24 steps",
        "one `predict` of 24 000 windows",
        "Backtest",
        "predict",
        {},
        _everywhere(each=1.3),
    ),
    Row(
        "`import sklstm`",
        "import of the parts of scikit-learn that it uses",
        "imports",
        "scikit-learn",
        {},
        _everywhere(each=1.05),
    ),
)
