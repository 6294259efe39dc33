"""
========================================
Electricity demand with a known calendar
========================================

This example forecasts the electricity demand in England and Wales a week ahead, hour by hour, in the summer of 2000. A
network that looks back one day cannot know that tomorrow is a Saturday. But a calendar is known in advance: pass its
rows up to now as ``X`` to ``fit``, and its future rows as ``X_future`` to ``forecast``. The first network has no
calendar, the second one has it, and all else is equal.

The seasonal naive forecast repeats the same hour of the week before. It is hard to beat, because summer weeks are very
similar. The network with a calendar feeds back its own forecasts. It is better than the seasonal naive forecast on the
first day only, because every hour adds an error and a week has 168 hours.

So a third network starts from the seasonal naive forecast: it learns the change since the week before, for all hours at
once. It is better on the first two days, for which the demand of today helps. Later it is about as good as the
seasonal naive forecast, and on the last day a little worse.

The data are those of Taylor (2003), shipped with pmdarima.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter, DayLocator

from sklstm import BacktestDisplay, BacktestResult, ForecastDisplay, Forecaster, LSTMRegressor, backtest

try:
    from pmdarima.datasets import load_taylor
except ImportError:
    raise SystemExit("The data are pmdarima's: python -m pip install 'sklstm[examples]'") from None

DAY, WEEK = 24, 7 * 24
half_hours = load_taylor() / 1000
index = pd.date_range("2000-06-05", periods=len(half_hours), freq="30min", name="time")
demand = pd.Series(half_hours, index, name="demand").resample("h").mean()

# %%
# Encode the hour of the day and the kind of day as columns of zeros and ones.
kind = np.select([demand.index.day_of_week == 5, demand.index.day_of_week == 6], ["Saturday", "Sunday"], "working day")
calendar = pd.DataFrame({"hour": demand.index.hour.astype(str), "day": kind}, index=demand.index)
calendar = pd.get_dummies(calendar, dtype=float)

# %%
# Training ends two weeks before the end of the data. From every hour of the next week, one week is forecast, without
# further training. The calendar and the numbers of epochs were chosen in the same way on the two weeks before. There,
# the third network was also better than the seasonal naive forecast on the first two days, but worse over the whole
# week.
#
# To turn a forecast of the change into a forecast of the demand, add the demand of the week before, which is known for
# the whole week ahead.
lstm = LSTMRegressor(instance_norm="last", loss_steps="all", learning_rate="cosine", max_iter=60, random_state=0)
forecaster = Forecaster(lstm, window_length=DAY)
settings = {"steps": WEEK, "n_origins": WEEK + 1, "refit": False, "season": WEEK}
lstm_of_change = LSTMRegressor(
    hidden_size=16, loss="absolute_error", learning_rate="cosine", max_iter=3, random_state=0
)
of_change = Forecaster(lstm_of_change, window_length=DAY, strategy="multioutput", steps=WEEK)
change = demand.diff(WEEK)[WEEK:]
frame_of_change = backtest(of_change, None, change, **settings).frame
week_before = demand.shift(WEEK)[frame_of_change["time"]].to_numpy()
results = {
    "Without calendar": backtest(forecaster, None, demand, **settings),
    "With calendar": backtest(forecaster, calendar, demand, **settings),
}
frame = results["With calendar"].frame
results["Change since the week before"] = BacktestResult(
    frame.assign(forecast=(frame_of_change["forecast"] + week_before).to_numpy())
)
errors = {name: (part.frame["forecast"] - part.frame["truth"]).abs() for name, part in results.items()}
errors["Seasonal naive"] = (frame["naive"] - frame["truth"]).abs()
print("Mean absolute error (GW)        first day  second day  seventh day  all week")
for name, error in errors.items():
    by_day = error.groupby((frame["step"] - 1) // DAY).mean()
    print(f"{name:30}{by_day[0]:11.2f}{by_day[1]:12.2f}{by_day[6]:13.2f}{error.mean():10.2f}")

# %%
# The upper plot shows the forecast from the end of training. The lower plot shows the mean absolute error of all
# forecasts by hours ahead.
n_known = len(demand) - 2 * WEEK
known, next_week = slice(None, n_known), slice(n_known, n_known + WEEK)
with_calendar = forecaster.fit(calendar[known], demand[known]).forecast(WEEK, calendar[next_week])
without = forecaster.fit(None, demand[known]).forecast(WEEK)

fig, (top, bottom) = plt.subplots(2, 1, figsize=(10, 7), height_ratios=[1.4, 1], layout="constrained")
colors = {"Without calendar": "tab:blue", "With calendar": "tab:red", "Change since the week before": "tab:green"}
top.plot(without, color=colors["Without calendar"], label="Without calendar")
ForecastDisplay.from_predictions(
    demand[known],
    with_calendar,
    truth=demand,
    ax=top,
    n_history=4 * DAY,
    history_kwargs={"color": "0.55", "label": "History"},
    truth_kwargs={"color": "0.1", "linestyle": ":", "linewidth": 1.8, "alpha": 1, "label": "Truth"},
    forecast_kwargs={"color": colors["With calendar"], "label": "With calendar"},
)
top.set(
    title="A week of electricity demand in August 2000, forecast from its beginning", xlabel="", ylabel="Demand (GW)"
)
top.set(ylim=(19, 42))
top.legend(loc="upper right", ncols=4, frameon=False)
top.xaxis.set_major_locator(DayLocator())
top.xaxis.set_major_formatter(DateFormatter("%a %d"))
for name, result in results.items():
    style = {"color": colors[name], "marker": ""}
    reference = {"reference": name == "With calendar", "reference_kwargs": {"label": "Seasonal naive"}}
    BacktestDisplay.from_predictions(result.frame, ax=bottom, name=name, line_kwargs=style, **reference)
bottom.set(title=f"Error of forecasts that begin at {settings['n_origins']} hours in turn", xlabel="Hours ahead")
bottom.legend(loc="upper right", ncols=2, frameon=False, bbox_to_anchor=(1, 0.72))
bottom.set(ylabel="Mean absolute error (GW)", xticks=range(0, WEEK + 1, DAY), ylim=(0, None))
for ax in (top, bottom):
    ax.margins(x=0.01)
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_demand.png", dpi=150)
