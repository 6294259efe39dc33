"""
=====================================
Intervals and their measured coverage
=====================================

An interval with a coverage of 80 % should contain four in five of the truths. You can measure whether it does:
forecast a year with its intervals from many origins, and count the truths inside. With ``intervals="conformal"``,
half the width is a quantile of the absolute errors of the same step on the calibration rows. With
``intervals="bootstrap"``, paths are simulated by adding one-step errors at each step.

The series is the sea temperature off Peru from 1950 to 2010. El Niño appears in it at irregular times. Intervals assume
that future errors are like those on the calibration rows. Here the calibration rows contain the strong El Niño of 1982,
and the forecast years contain that of 1997. So the wide intervals have about the coverage that was asked for. The
narrow intervals have too little, above all the conformal ones, because the moderate errors on the calibration rows were
smaller than those in the forecast years.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from sklstm import ForecastDisplay, Forecaster, LSTMRegressor, backtest

try:
    from statsmodels.datasets import elnino
except ImportError:
    raise SystemExit("The data are statsmodels': python -m pip install 'sklstm[examples]'") from None

STEPS, N_TEST = 12, 240
COVERAGES = [0.5, 0.8, 0.95]
values = elnino.load_pandas().data.drop(columns="YEAR").to_numpy().ravel()
index = pd.date_range("1950-01", periods=len(values), freq="MS", name="month")
temperature = pd.Series(values, index, name="temperature")
angle = 2 * np.pi * index.month / 12
season = pd.DataFrame({"sine": np.sin(angle), "cosine": np.cos(angle)}, index=index)

# %%
# The last twenty years are forecast from 229 origins, by a network alone that reads the season as two columns. It is
# trained on the years before, and the last 30 % of these rows are the calibration rows.
lstm = LSTMRegressor(hidden_size=16, loss_steps="all", learning_rate="cosine", max_iter=20, random_state=0)
forecaster = Forecaster(lstm, window_length=24, calibration_size=0.3, season=None, log=None, baseline=None)
settings = {"steps": STEPS, "n_origins": N_TEST - STEPS + 1, "refit": False, "season": 12, "coverage": COVERAGES}
results = {
    kind: backtest(forecaster.set_params(intervals=kind), season, temperature, **settings)
    for kind in ("conformal", "bootstrap")
}
percents = [f"{100 * coverage:g}" for coverage in COVERAGES]
print(f"Better than the seasonal naive forecast by {results['conformal'].metrics['skill']:.0%}")
for kind, result in results.items():
    print(
        f"\n{kind}: coverage"
        + " " * 18
        + "mean width (°C)\nmonths ahead"
        + 2 * "{:>7} %{:>7} %{:>7} %".format(*percents)
    )
    by_step = result.metrics_by("step").loc[[1, 3, 6, 9, 12]]
    for step, row in [*by_step.iterrows(), ("all", result.metrics)]:
        inside = "".join(f"{row[f'coverage_{percent}']:9.0%}" for percent in percents)
        print(f"{step:>12}{inside}" + "".join(f"{row[f'width_{percent}']:9.1f}" for percent in percents))

# %%
# The left and the middle plot show the same year with both kinds of intervals. The right plot shows the measured
# coverage by months ahead, compared with what was asked for.
n_known = len(temperature) - STEPS
fig, axes = plt.subplots(1, 3, figsize=(13, 4.8), width_ratios=[1, 1, 1.15], layout="constrained")
for ax, kind in zip(axes, ("conformal", "bootstrap"), strict=False):
    forecaster.set_params(intervals=kind).fit(season[:n_known], temperature[:n_known])
    display = ForecastDisplay.from_estimator(
        forecaster, STEPS, season[n_known:], truth=temperature, coverage=COVERAGES, ax=ax, n_history=30
    )
    display.legend_.remove()
    ax.set(title=f'intervals="{kind}"', xlabel="", ylabel="", ylim=(16.5, 29))
axes[0].set_ylabel("Temperature (°C)")
fig.suptitle("Temperature of the sea off Peru: forecasts for 2010, and coverage over twenty years")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
right = axes[-1]
for (kind, result), style in zip(results.items(), ("-", "--"), strict=True):
    by_step = result.metrics_by("step")
    for percent, color in zip(percents, ("tab:green", "tab:orange", "tab:purple"), strict=True):
        right.plot(by_step[f"coverage_{percent}"], style, color=color, label=f"{percent} %, {kind}")
        right.axhline(float(percent) / 100, color=color, linewidth=0.8, alpha=0.5)
right.set(title="Measured coverage", xlabel="Months ahead", xticks=range(1, STEPS + 1), ylim=(0, 1.02))
right.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
right.legend(ncols=2, frameon=False, fontsize="small", loc="lower right")
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_intervals.png", dpi=150)
