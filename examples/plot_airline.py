"""
===============================
Forecast the airline passengers
===============================

This example forecasts a series two years ahead. The series has a trend, and a season that grows with it. Each window is
normalised relative to its own last value (``instance_norm="last"``), so the trend does not lead the network out of the
range that it was trained on. The predictions are fed back month by month.

The seasonal naive forecast repeats the same month of the year before. Errors are scaled: 1 is the mean absolute error
of the seasonal naive forecast over the training years.
"""

import matplotlib.pyplot as plt
import pandas as pd

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

# %%
# Hold out the last two years, and predict each month from the 24 months before it.
passengers = load_airline()
train, test = passengers[:-24], passengers[-24:]

X, y = make_windows(train, window_length=24)
model = LSTMRegressor(instance_norm="last", random_state=0).fit(X, y)
forecast = model.forecast(24)

# %%
# The seasonal naive forecast repeats the last known year.
naive = pd.Series([*train[-12:]] * 2, index=test.index)


def scaled_error(forecast):
    """Mean absolute scaled error over the months held out."""
    return (forecast - test).abs().mean() / train.diff(12).abs().mean()


print("Mean absolute scaled error over 24 months")
print(f"  LSTM            {scaled_error(forecast):.2f}")
print(f"  seasonal naive  {scaled_error(naive):.2f}")

# %%
fig, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
ax.axvspan(test.index[0], test.index[-1], color="tab:red", alpha=0.06, linewidth=0)
ax.plot(passengers[:-23], color="0.55", label="Training years")
ax.plot(test, color="0.1", marker="o", markersize=3.5, label="Held out")
ax.plot(naive, color="0.55", linestyle=":", label=f"Seasonal naive, scaled error {scaled_error(naive):.2f}")
ax.plot(forecast, color="tab:red", linewidth=2, label=f"LSTM forecast, scaled error {scaled_error(forecast):.2f}")
ax.set(title="Airline passengers: the last two years, forecast from those before")
ax.set(xlabel="Month", ylabel="Passengers (thousands per month)")
ax.margins(x=0.01)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(loc="upper left", frameon=False)
fig.savefig("plot_airline.png", dpi=150)
