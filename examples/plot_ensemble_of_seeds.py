"""
====================
An ensemble of seeds
====================

Training begins with random weights, and on a short series the seed decides how well a model forecasts. The mean
forecast of several models is better than a model is on average, and nobody has to be lucky. scikit-learn's
``BaggingRegressor`` makes such an ensemble: with ``bootstrap=False`` every member learns from all rows, and only the
seeds differ.

Errors are scaled: 1 is the mean error that the same month of the year before makes over the training years.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import BaggingRegressor

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

# %%
# Hold out the last two years. The ensemble takes tables, so each window becomes a row of 24 columns.
passengers = load_airline()
train, test = passengers[:-24], passengers[-24:]

X, y = make_windows(train, window_length=24)
member = LSTMRegressor(
    instance_norm="last-standard",
    loss_steps="all",
    learning_rate="cosine",
    learning_rate_init=0.003,
    max_iter=150,
)
ensemble = BaggingRegressor(member, n_estimators=20, bootstrap=False, random_state=0)
ensemble.fit(X.reshape(len(X), -1), y)

# %%
# Each member forecasts two years from the last window: each month is fed back to predict the next.
context = train[-24:].to_numpy().reshape(1, -1)
forecasts = np.array([model.forecast(24, context=context)[0] for model in ensemble.estimators_])


def scaled_error(forecast):
    """Mean absolute scaled error over the months held out."""
    return np.abs(forecast - test.to_numpy()).mean() / train.diff(12).abs().mean()


errors = np.array([scaled_error(forecast) for forecast in forecasts])
mean_forecast = forecasts.mean(axis=0)
print("Mean absolute scaled error over 24 months")
print(f"  members, one by one     {np.sort(errors).round(2)}")
print(f"  a member on average     {errors.mean():.2f}")
print(f"  the mean of all {len(errors)}      {scaled_error(mean_forecast):.2f}")
print(f"  members better than it  {(errors < scaled_error(mean_forecast)).sum()}")

# %%
# How many does it take? The error of the mean of the first n, in 300 random orders of the members.
rng = np.random.default_rng(0)
orders = np.array([rng.permutation(len(forecasts)) for _ in range(300)])
sizes = np.arange(1, len(forecasts) + 1)
of_first = np.array([[scaled_error(forecasts[order[:n]].mean(axis=0)) for n in sizes] for order in orders])
low, middle, high = np.quantile(of_first, [0.1, 0.5, 0.9], axis=0)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), width_ratios=(1.7, 1), layout="constrained")
for number, forecast in enumerate(forecasts):
    label = "Single members" if number == 0 else None
    left.plot(test.index, forecast, color="0.7", linewidth=0.8, label=label)
left.plot(train[-36:], color="0.1")
left.plot(test, color="0.1", marker="o", markersize=3.5, label="Passengers; held out with dots")
left.plot(test.index, mean_forecast, color="tab:blue", linewidth=2.5, label=f"Mean of the {len(forecasts)}")
left.set(title="Two years ahead, by twenty seeds", xlabel="Month", ylabel="Passengers (thousands per month)")
left.margins(x=0.01)
left.legend(loc="upper left", frameon=False)

right.fill_between(sizes, low, high, color="tab:blue", alpha=0.15, linewidth=0, label="8 of 10 choices of members")
right.plot(sizes, middle, color="tab:blue", linewidth=2.5, label="Median")
right.axhline(errors.mean(), color="0.5", linestyle="--", label=f"A single member on average, {errors.mean():.2f}")
right.set(title="The error, by how many are averaged", xlabel="Members averaged", ylabel="Mean absolute scaled error")
right.set_xticks([1, 5, 10, 15, 20])
right.set_ylim(bottom=0)
right.legend(loc="lower left", frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_ensemble_of_seeds.png", dpi=150)
