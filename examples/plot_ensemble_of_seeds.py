"""
======================================
Average the forecasts of several seeds
======================================

Two networks that differ only in their random state give different forecasts, and nobody knows beforehand which one is
better. ``BaggingRegressor`` with ``bootstrap=False`` trains several members: the same network on the same samples, each
with another seed. The absolute error of the mean of their forecasts is never larger than the mean of their errors,
because errors of opposite sign cancel. Errors that all members share remain: no member forecast the recession of 1958,
so the mean gains little there.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.dates import YearLocator
from sklearn.ensemble import BaggingRegressor

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

WINDOW_LENGTH, HORIZON, N_MEMBERS = 24, 24, 20
passengers = load_airline().astype("float32")  # training takes half as long as in float64

# %%
# The number of epochs was chosen on forecasts of the years before 1959. Ten years of months are few windows, so
# ``loss_steps="all"`` also trains on the prediction of every step inside a window.
lstm = LSTMRegressor(instance_norm="last-standard", loss_steps="all", learning_rate="cosine", max_iter=200)
ensemble = BaggingRegressor(lstm, n_estimators=N_MEMBERS, bootstrap=False, random_state=0)


def forecast_from(start):
    """Forecasts of all members, the truth, and the mean absolute error of the seasonal naive forecast in training."""
    train, test = passengers[passengers.index < start], passengers[start:][:HORIZON]
    X, y = make_windows(train, WINDOW_LENGTH)
    # BaggingRegressor takes tables. With one channel, each column is a step. It may shuffle the samples, so the last
    # sample need not be the latest: the context says where forecasts start.
    ensemble.fit(X.reshape(len(X), WINDOW_LENGTH), y)
    context = train[-WINDOW_LENGTH:].to_numpy().reshape(1, WINDOW_LENGTH)
    forecasts = np.array([member.forecast(HORIZON, context=context)[0] for member in ensemble.estimators_])
    return forecasts, test, train.diff(12).abs().mean()


def scaled_errors(forecasts, test, scale):
    """Mean absolute scaled errors: 1 is the error of the seasonal naive forecast over the training years."""
    return np.abs(forecasts - test.to_numpy()).mean(axis=-1) / scale


# %%
# The error falls with the number of members. How fast depends on the order in which they are added, so many orders are
# tried, in which each member comes first equally often. All orders end in the same mean of all members.
rng = np.random.default_rng(0)
orders = [
    np.roll(order, shift) for order in rng.permuted([range(N_MEMBERS)] * 20, axis=1) for shift in range(N_MEMBERS)
]
counts = np.arange(1, N_MEMBERS + 1)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), width_ratios=[1.9, 1], layout="constrained")
left.plot(passengers["1955":], "o-", color="0.1", markersize=2.5, linewidth=0.8, label="Observed", zorder=3)

for start, color, lift in (("1957-01", "tab:blue", 6), ("1959-01", "tab:red", -15)):
    forecasts, test, scale = forecast_from(start)
    members, ensemble_error = scaled_errors(forecasts, test, scale), scaled_errors(forecasts.mean(axis=0), test, scale)
    naive = np.resize(passengers[passengers.index < start][-12:], HORIZON)
    years = f"{test.index[0]:%Y}–{test.index[-1]:%y}"
    print(f"{years}, mean absolute scaled error over {HORIZON} months")
    print(f"  one member        {members.mean():.2f} on average, from {members.min():.2f} to {members.max():.2f}")
    print(f"  mean of {N_MEMBERS}        {ensemble_error:.2f}, better than {(members > ensemble_error).sum()} of them")
    print(f"  seasonal naive    {scaled_errors(naive, test, scale):.2f}")

    left.plot(test.index, forecasts.T, color="0.6", linewidth=0.7)
    left.plot(test.index, forecasts.mean(axis=0), color=color, linewidth=2.5, label=f"Mean of {N_MEMBERS}, {years}")

    means = forecasts[np.array(orders)].cumsum(axis=1) / counts[:, np.newaxis]
    errors = scaled_errors(means, test, scale)
    right.fill_between(counts, *np.quantile(errors, [0.1, 0.9], axis=0), color=color, alpha=0.15, linewidth=0)
    right.plot(counts, errors.mean(axis=0), color=color, linewidth=2)
    right.annotate(years, (N_MEMBERS, ensemble_error), (0, lift), textcoords="offset points", ha="right", color=color)

left.plot([], color="0.6", linewidth=0.7, label="One member each")
left.set(
    title="Two years ahead, from January 1957 and from January 1959",
    xlabel="Month",
    ylabel="Passengers (thousands per month)",
)
left.xaxis.set_major_locator(YearLocator())
left.margins(x=0.01)
left.legend(loc="upper left", frameon=False)
right.set(title="Error by number of members", xlabel="Members averaged", ylabel="Mean absolute scaled error")
right.fill_between([], [], color="0.85", label="8 in 10 orders of the members")
right.plot([], color="0.4", linewidth=2, label="Their average")
right.legend(loc="lower left", frameon=False)
right.set(xlim=(1, N_MEMBERS), ylim=(0, None), xticks=[1, 5, 10, 15, 20])
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_ensemble_of_seeds.png", dpi=150)
