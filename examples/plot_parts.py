"""
=======================
The parts of a forecast
=======================

The default forecasts in three steps. It takes the season off the series. It forecasts what is left by simple rules, the
baseline, and a network adds a correction to it. Then it puts the season back. ``components`` returns these parts, and
their sum is the forecast.

This example shows the steps with the airline passengers. The last two years are held out. The season of this series
grows with its level. So the default takes the logarithm first, and its season is a factor for each month.

Half of the correction is added here (``trust=0.5``), to show it. Left alone, the forecaster measures whether the
network helps on the last rows that it knows. For this short series it finds that it does not, and forecasts by the
baseline.

Errors are scaled: 1 is the mean absolute error of the seasonal naive forecast over the training years.
"""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.dates import DateFormatter

from sklstm import Forecaster
from sklstm.datasets import load_airline

STEPS = 24
passengers = load_airline()
train, test = passengers[:-STEPS], passengers[-STEPS:]
parts = Forecaster(steps=STEPS, trust=0.5).fit(None, train).components(STEPS)
print(parts[:12].round(1))

# %%
# The season as a factor: by how much it changes the forecast in each month.
without_season = parts["baseline"] + parts["correction"]
factors = (parts["forecast"] / without_season)[:12]
adjusted = passengers / factors.to_numpy()[passengers.index.month - 1]
baseline_alone = parts["baseline"] / without_season * parts["forecast"]


def scaled_error(forecast):
    """Mean absolute scaled error over the months held out."""
    return (forecast - test).abs().mean() / train.diff(12).abs().mean()


forecasts = {
    "Seasonal naive": pd.Series([*train[-12:]] * (STEPS // 12), index=test.index),
    "Baseline and season": baseline_alone,
    "Forecast": parts["forecast"],
}
print("\nMean absolute scaled error over 24 months")
for name, forecast in forecasts.items():
    print(f"  {name:20} {scaled_error(forecast):.2f}")

# %%
# The first plot shows the training years without their season, the second one the forecasts of the adjusted series,
# and the third one the forecast with the season put back.
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
left.plot(train, color="0.6", label="Passengers")
left.plot(adjusted[train.index], color="tab:blue", linewidth=2, label="Without the season")
left.set_title("1. The season is taken off")
left.set_ylabel("Passengers (thousands per month)")

recent = passengers.index[-STEPS - 36 : -STEPS]
middle.plot(adjusted[recent], color="tab:blue", linewidth=2, label="Without the season")
middle.plot(adjusted[test.index], color="0.1", marker="o", markersize=3.5, label="Held out")
middle.plot(parts["baseline"], color="tab:green", linestyle="--", linewidth=2, label="Baseline")
middle.plot(without_season, color="tab:red", linewidth=2, label="Baseline + correction")
middle.fill_between(parts.index, parts["baseline"], without_season, color="tab:red", alpha=0.15, linewidth=0)
middle.set_title("2. Baseline and correction")

right.plot(passengers[recent[0] : test.index[0]], color="0.6", label="Passengers")
right.plot(test, color="0.1", marker="o", markersize=3.5, label="Held out")
right.plot(parts["forecast"], color="tab:red", linewidth=2, label="Forecast")
right.set_title("3. The season is put back")

for ax in (left, middle, right):
    ax.set_xlabel("Year")
    ax.xaxis.set_major_formatter(DateFormatter("%Y"))
    ax.legend(loc="upper left", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
left.set_xticks(pd.date_range("1949", "1959", freq="2YS"))
for ax in (middle, right):
    ax.set_xticks(pd.date_range("1956", "1961", freq="YS"))
    ax.axvspan(test.index[0], test.index[-1], color="tab:red", alpha=0.06, linewidth=0)
    ax.set_xlim(pd.Timestamp("1955-11"), pd.Timestamp("1961-01"))
fig.suptitle("The parts of a forecast: airline passengers, the last two years forecast from the ten before")
fig.savefig("plot_parts.png", dpi=150)
