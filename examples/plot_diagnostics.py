"""
====================
Look at a forecaster
====================

Four questions about a forecaster, and the displays that answer them. What did it leave unexplained
(``ResidualsDisplay``)? What does it rely on (``ImportanceDisplay``)? How do its errors grow with the horizon, beside
those of others (``BacktestDisplay``)? Which season does it take off (``SeasonDisplay``)?

Here, ridge regression forecasts the airline passengers. With a window of six months and no season, it cannot know the
season: the autocorrelation of its residuals has high bars at 12 and 24 months. A window of twelve months holds the
same month a year ago, and these bars are gone. What remains are residuals that drift slowly.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import Ridge

from sklstm import BacktestDisplay, Forecaster, ImportanceDisplay, ResidualsDisplay, SeasonDisplay, backtest
from sklstm.datasets import load_airline

STEPS = 12
passengers = load_airline()
train, test = passengers[:-36], passengers[-36:]
forecasters = {
    "window of 6": Forecaster(Ridge(), window_length=6),
    "window of 12": Forecaster(Ridge(), window_length=12),
    "season, window of 12": Forecaster(Ridge(), window_length=12, season=12, log=True),
}
for forecaster in forecasters.values():
    forecaster.fit(None, train)

# %%
# Importance: each lag is shuffled among the origins of the last three years, and all six months ahead are forecast
# again. Their own months a year before, the lags 7 to 12, count most.
result = forecasters["window of 12"].permutation_importance(None, test, steps=6, random_state=0)
print(result.importances_mean.round(1).to_string())

# %%
# Errors of forecasts from 24 origins.
results = {
    name: backtest(forecaster, None, passengers, steps=STEPS, n_origins=24, refit=False, season=12)
    for name, forecaster in forecasters.items()
}
for name, one in results.items():
    print(f"{name:22} MASE {one.metrics['mase']:.2f}")

# %%
# The picture begins with the residuals: in-sample errors one month ahead. Bars beyond the grey area show what the
# forecaster did not learn. Below are the importance of each lag, the season that the last forecaster takes off, and the
# errors by horizon of all of them.
mosaic = [["a", "a", "b", "c"], ["d", "d", "e", "f"], ["g", "g", "h", "h"], ["i", "i", "h", "h"]]
fig, axes = plt.subplot_mosaic(mosaic, figsize=(12, 10), layout="constrained")
for ax in axes.values():
    ax.spines[["top", "right"]].set_visible(False)
for row, name in zip(("abc", "def"), list(forecasters)[:2], strict=True):
    display = ResidualsDisplay.from_estimator(forecasters[name], n_lags=25, ax=[axes[key] for key in row])
    display.ax_.set_title(f"Residuals: {name}", loc="left", fontsize="medium")

display = ImportanceDisplay.from_estimator(
    forecasters["window of 12"], None, test, steps=6, random_state=0, ax=axes["g"]
)
BacktestDisplay.from_predictions(results, ax=axes["h"])
axes["h"].set_ylim(top=115)  # room for the legend
SeasonDisplay.from_estimator(forecasters["season, window of 12"], ax=axes["i"])
fig.savefig("plot_diagnostics.png", dpi=110)
