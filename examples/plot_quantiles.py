"""
======================================
Quantiles instead of a single forecast
======================================

With ``loss="quantile"``, one network learns several quantiles that never cross. They show the range of likely values of
the next month, and not only a single value. The network works on logarithms, because the season grows with the level.
``exp`` turns quantiles of logarithms into quantiles of the series, which does not hold for means.

Intervals between quantiles are judged in two ways: by their coverage, and by the pinball loss, which also rewards
narrow intervals. A network that is trained for too long memorises the training months. Its intervals become far too
narrow before its median becomes worse. Here, the better of two simple forecasts is about as good as the network; the
seasonal naive forecast is not.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.dates import YearLocator
from matplotlib.ticker import PercentFormatter
from scipy.stats import binom
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

WINDOW_LENGTH, N_TEST = 24, 36
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
passengers = load_airline()
train, test = passengers[:-N_TEST], passengers[-N_TEST:]

# %%
# Each of the last 36 months is predicted from the 24 months before it, by networks that were trained on none of the 36.
# The results depend on the seed, so the quantiles are means over ten networks. In an earlier test on 1955 to 1957, the
# intervals had about the right coverage after 100 epochs.
logarithms = np.log(passengers).astype("float32")
X, y = make_windows(logarithms[:-N_TEST], WINDOW_LENGTH)
X_test, _ = make_windows(logarithms[-N_TEST - WINDOW_LENGTH :], WINDOW_LENGTH)


def predict_quantiles(max_iter):
    """Quantiles for the test months, of shape (36, 5), in thousands of passengers."""
    settings = {"loss": "quantile", "quantile": LEVELS, "learning_rate": "cosine", "max_iter": max_iter}
    models = [
        LSTMRegressor(instance_norm="last", loss_steps="all", random_state=seed, **settings).fit(X, y)
        for seed in range(10)
    ]
    return np.exp(np.mean([model.predict_quantiles(X_test) for model in models], axis=0))


# %%
# There are two simple forecasts to compare with. The seasonal naive forecast is the same month of the year before. The
# other one is the last month, changed by the same percentage as a year before. Their quantiles come from their errors
# in the training months: in passengers for the first forecast and in per cent for the second, which suits each better.
seasonal_naive = passengers.shift(12)
naive_errors = (train - seasonal_naive[train.index]).quantile(LEVELS)
changed_alike = passengers.shift(1) * passengers.shift(12) / passengers.shift(13)
changed_errors = (train / changed_alike[train.index]).quantile(LEVELS)

quantiles = {
    "LSTM, 100 epochs": predict_quantiles(100),
    "LSTM, 200 epochs": predict_quantiles(200),
    "Seasonal naive": np.add.outer(seasonal_naive[test.index].to_numpy(), naive_errors.to_numpy()),
    "Last month, changed as a year before": np.outer(changed_alike[test.index], changed_errors),
}


def share_between(predicted, lower, upper):
    """Share of the test months between two levels."""
    return ((test >= predicted[:, LEVELS.index(lower)]) & (test <= predicted[:, LEVELS.index(upper)])).mean()


print("One month ahead, 36 months          pinball loss  error of median 50 % interval 90 % interval")
for name, predicted in quantiles.items():
    loss = np.mean([mean_pinball_loss(test, predicted[:, k], alpha=level) for k, level in enumerate(LEVELS)])
    error = mean_absolute_error(test, predicted[:, LEVELS.index(0.5)])
    inside = share_between(predicted, 0.25, 0.75), share_between(predicted, 0.05, 0.95)
    print(f"{name:36}{loss:12.2f}{error:17.1f}{inside[0]:14.0%}{inside[1]:14.0%}")

# %%
# The right plot shows the share of months below each quantile; exact quantiles lie on the diagonal. If the months were
# independent, nine in ten such shares would lie in the grey area, by chance alone.
shown = quantiles["LSTM, 100 epochs"]
fig, (left, right) = plt.subplots(1, 2, figsize=(14, 4.8), width_ratios=[1.9, 1], layout="constrained")
left.fill_between(test.index, shown[:, 0], shown[:, 4], color="tab:blue", alpha=0.2, linewidth=0, label="5 to 95 %")
left.fill_between(test.index, shown[:, 1], shown[:, 3], color="tab:blue", alpha=0.4, linewidth=0, label="25 to 75 %")
left.plot(test.index, shown[:, 2], color="tab:blue", linewidth=1.8, label="Median")
left.plot(test, "o", color="0.1", markersize=4, label="Observed")
left.set(
    title="One month ahead: quantiles of the LSTM, 100 epochs",
    xlabel="Month",
    ylabel="Passengers (thousands per month)",
)
left.xaxis.set_major_locator(YearLocator())
left.margins(x=0.01)
left.legend(loc="upper left", frameon=False)

by_chance = np.array([binom.interval(0.9, N_TEST, level) for level in LEVELS]).T / N_TEST
right.fill_between(LEVELS, *by_chance, color="0.9", linewidth=0, label="By chance")
right.plot(LEVELS, LEVELS, color="0.6", linewidth=1)
styles = [("o-", "tab:blue"), ("^--", "tab:red"), ("s:", "tab:orange"), ("D-.", "0.35")]
for (name, predicted), (style, color) in zip(quantiles.items(), styles, strict=True):
    below = (test.to_numpy()[:, np.newaxis] < predicted).mean(axis=0)
    right.plot(LEVELS, below, style, color=color, markersize=5, label=name, clip_on=False)
right.set(title="Are the levels what they say?", xlabel="Level", ylabel="Share of months below")
right.set(xlim=(0, 1), ylim=(0, 1), xticks=LEVELS, yticks=LEVELS)
right.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
right.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
right.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)  # beside the axes that it belongs to
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_quantiles.png", dpi=150)
