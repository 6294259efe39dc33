"""
=======================
The parts of a forecast
=======================

The default forecasts in three steps. It takes the season off the series. It forecasts what is left by simple rules, the
baseline, and a network adds a correction to it. Then it puts the season back. ``seasonal_index`` returns the season,
``components`` the parts of a forecast. Their sum is the forecast.

This example shows them with the airline passengers. The last two years are held out. The season of this series grows
with its level. So the default takes the logarithm first, and its season is a factor for each month.

Half of the correction is added here (``trust=0.5``), to show it. Left alone, the forecaster measures whether the
network helps on the last rows that it knows. For this short series it finds that it does not, and forecasts by the
baseline.

Errors are scaled: 1 is the mean absolute error of the seasonal naive forecast over the training years.
"""

import matplotlib.pyplot as plt
import pandas as pd

from sklstm import ForecastDisplay, Forecaster, SeasonDisplay
from sklstm.datasets import load_airline

STEPS = 24
passengers = load_airline()
train, test = passengers[:-STEPS], passengers[-STEPS:]
forecaster = Forecaster(steps=STEPS, trust=0.5).fit(None, train)
parts = forecaster.components(STEPS)
print(parts[:12].round(1))

# %%
# The season is a factor for each month. The forecast by the baseline alone is the baseline times this factor.
factors = forecaster.seasonal_index()["factor"]
print(factors.round(2).to_string())


def scaled_error(forecast):
    """Mean absolute scaled error over the months held out."""
    return (forecast - test).abs().mean() / train.diff(12).abs().mean()


forecasts = {
    "Seasonal naive": pd.Series([*train[-12:]] * (STEPS // 12), index=test.index),
    "Baseline and season": parts["baseline"] * factors.loc[parts.index.month].to_numpy(),
    "Forecast": parts["forecast"],
}
print("\nMean absolute scaled error over 24 months")
for name, forecast in forecasts.items():
    print(f"  {name:20} {scaled_error(forecast):.2f}")

# %%
# The displays draw the season that is taken off, at the left, and the forecast above its parts, at the right: the
# baseline, the season that is put back, in passengers, and the correction.
rows = ["forecast", "baseline", "season", "correction"]
options = {"height_ratios": [2, 1, 1, 1], "width_ratios": [1, 1.7], "figsize": (13, 6.4), "layout": "constrained"}
fig, axes = plt.subplot_mosaic([["factors", row] for row in rows], **options)
SeasonDisplay.from_estimator(forecaster, ax=axes["factors"])
display = ForecastDisplay.from_estimator(
    forecaster, STEPS, truth=test, components=True, ax=[axes[row] for row in rows], n_history=36
)
for row in rows:
    axes[row].sharex(axes["forecast"])
    axes[row].spines[["top", "right"]].set_visible(False)
for row in rows[:-1]:
    axes[row].tick_params(labelbottom=False)
    axes[row].set_xlabel("")
axes["factors"].spines[["top", "right"]].set_visible(False)
axes["factors"].set_title("1. The season is taken off")
axes["forecast"].set_title("2. A baseline is corrected, and the season is put back")
fig.savefig("plot_parts.png", dpi=150)
