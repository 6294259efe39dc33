"""Forecast errors of `Forecaster()` on real series, compared with other models: `python -m benchmarks.accuracy`.

Needs the extra `study`. All models read the last `WINDOW` values and forecast recursively. Each series is forecast
from 2 · horizon + 1 origins, one row apart, up to its end. Models are fitted three times: at the first, the middle
and the last origin. The error is the MASE: absolute errors divided by the in-sample error of the seasonal naive
forecast at the origin. It is averaged over origins, steps and seeds.

The scores are not entirely out-of-sample. The settings of `sklstm.default_regressor` were searched for on every second
series (`CHOSEN_ON`) with one or two seeds, but for the final choice among a few settings the scores of all series were
known. The last lines show the other series separately. The list of series was fixed before any score was known. The
number of origins was raised from one per fit when the scores of the other models were known, because single origins
were noisy.
"""

import argparse
import json
import math
import time
import warnings
from statistics import fmean

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks._extras import needs
from benchmarks._series import SOURCES
from sklstm import Forecaster, backtest, default_regressor

with needs("study"):
    import torch

    from benchmarks._peers import TorchModel, torch_epoch

WINDOW = 24
OURS = "sklstm"
RIVALS = ("ridge", "mlp", "torch", "naive")
CHOSEN_ON = {source.name for source in SOURCES[::2]}
EPOCHS = 100  # of the PyTorch model, as in most tutorials


class TorchRegressor(RegressorMixin, BaseEstimator):
    """A common PyTorch model: standardised windows, `nn.LSTM`, Adam, squared error, a fixed number of epochs."""

    def __init__(self, max_iter=EPOCHS, random_state=0):
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y):
        torch.manual_seed(self.random_state)
        self.mean_, self.scale_ = X.mean(), X.std()
        self.model_ = TorchModel(hidden_size=32)
        optimizer = torch.optim.Adam(self.model_.parameters(), lr=0.01)
        x, y = self._tensor(X)[..., None], self._tensor(y)
        for _ in range(self.max_iter):
            torch_epoch(self.model_, optimizer, x, y, batch_size=64)
        return self

    def predict(self, X):
        with torch.no_grad():
            predictions = self.model_(self._tensor(X)[..., None])
        return predictions.numpy().astype(float) * self.scale_ + self.mean_

    def _tensor(self, values):
        return torch.tensor((values - self.mean_) / self.scale_, dtype=torch.float32)


def regressor(model, seed):
    """Return a model's regressor, with a scaler if the model does not scale windows and targets itself."""
    match model:
        case "ridge":
            return make_pipeline(StandardScaler(), Ridge())
        case "mlp":
            network = make_pipeline(StandardScaler(), MLPRegressor(max_iter=500, random_state=seed))
            return TransformedTargetRegressor(network, transformer=StandardScaler())
        case "torch":
            return TorchRegressor(random_state=seed)
        case _:
            return default_regressor().set_params(random_state=seed)


def errors(source, n_seeds, quick=False):
    """Return the MASE of every model on one series, and the seconds each one took."""
    y, steps = source.load(), source.horizon
    n_origins = 1 if quick else 2 * steps + 1
    result, seconds = {}, {}
    for model in (OURS, *RIVALS[:-1]):
        begin, runs = time.perf_counter(), []
        for seed in range(n_seeds if model in (OURS, "mlp") else 1):  # ridge has no seed, torch takes too long
            forecaster = Forecaster(regressor(model, seed), window_length=WINDOW)
            runs.append(
                backtest(forecaster, None, y, steps=steps, n_origins=n_origins, refit=steps, season=source.season)
            )
        seconds[model] = time.perf_counter() - begin
        result[model] = fmean(run.metrics["mase"] for run in runs)
    frame = runs[0].frame
    result["naive"] = float(np.mean(np.abs(frame["naive"] - frame["truth"]) / frame["scale"]))
    return result, seconds


def geometric_mean(values):
    return math.exp(fmean(math.log(value) for value in values))


def summary(rows):
    """Yield lines with the geometric mean errors, their ratios to those of each rival, and the worst ratios."""
    models = (OURS, *RIVALS)
    yield line("geometric mean", {model: geometric_mean(row[model] for row in rows.values()) for model in models})
    parts = {"ours / rival, all": rows}
    parts["ours / rival, chosen on"] = {name: row for name, row in rows.items() if name in CHOSEN_ON}
    parts["ours / rival, the rest"] = {name: row for name, row in rows.items() if name not in CHOSEN_ON}
    for label, part in parts.items():
        if part:
            ratios = {m: geometric_mean(row[OURS] / row[m] for row in part.values()) for m in models}
            yield line(f"{label} ({len(part)})", ratios)
    worst = sorted(rows, key=lambda name: rows[name][OURS] / rows[name]["naive"], reverse=True)[:3]
    yield "worst to naive: " + ", ".join(f"{name} {rows[name][OURS] / rows[name]['naive']:.2f}" for name in worst)


def line(label, values, note=""):
    return f"{label:30} " + " ".join(f"{values[model]:7.3f}" for model in (OURS, *RIVALS)) + note


@needs("study")
def main():
    """Parse the command line, measure, and print the results or write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one origin and one seed, on every fifth series")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds of each random model")
    parser.add_argument("--only", metavar="NAME", help="only series whose name contains this")
    parser.add_argument("--json", metavar="FILE", help="also write the results to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    wanted = [s for s in SOURCES[:: 5 if options.quick else 1] if (options.only or "").lower() in s.name.lower()]
    print(f"{'':30} " + " ".join(f"{model:>7}" for model in (OURS, *RIVALS)) + "  seconds: sklstm, torch")
    rows = {}
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for source in wanted:
            rows[source.name], seconds = errors(source, 1 if options.quick else options.seeds, options.quick)
            note = f"  {seconds[OURS]:.1f}, {seconds['torch']:.1f}"
            print(line(source.name, rows[source.name], note), flush=True)
    print("\n".join(("", *summary(rows))) if rows else "no such series")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
