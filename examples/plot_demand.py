"""
========================================
Electricity demand with a known calendar
========================================

This example forecasts the electricity demand in England and Wales a week ahead, hour by hour, in the summer of 2000. A
network that looks back one day cannot know that tomorrow is a Saturday. But a calendar is known in advance: pass its
rows up to now as ``X`` to ``fit``, and its future rows as ``X_future`` to ``forecast``. The first network has no
calendar, the second one has it, and all else is equal. Nothing is taken off the series before.

The seasonal naive forecast repeats the same hour of the week before. It is hard to beat, because summer weeks are very
similar. The network with a calendar feeds back its own forecasts. It is better than the seasonal naive forecast on the
first day only, because every hour adds an error and a week has 168 hours.

The default needs no calendar. It takes the season of the day and of the week off, forecasts what is left by simple
methods, and lets a network correct them if that helps, for all hours at once. It is better than the seasonal naive
forecast on each of the first five days, and its error is less than half as large on the first one. On the last two
days, the demand of today says little, and both are about equally good.

The data are those of Taylor (2003), shipped with pmdarima.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter, DayLocator

from sklstm import BacktestDisplay, ForecastDisplay, Forecaster, LSTMRegressor, backtest

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
# further training. The calendar and the number of epochs were chosen in the same way on the two weeks before.
lstm = LSTMRegressor(instance_norm="last", loss_steps="all", learning_rate="cosine", max_iter=60, random_state=0)
alone = Forecaster(lstm, window_length=DAY, season=None, log=None, baseline=None)
settings = {"steps": WEEK, "n_origins": WEEK + 1, "refit": False, "season": WEEK}
results = {
    "Without calendar": backtest(alone, None, demand, **settings),
    "With calendar": backtest(alone, calendar, demand, **settings),
    "The default": backtest(Forecaster(steps=WEEK), None, demand, **settings),
}
frame = results["With calendar"].frame
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
with_calendar = alone.fit(calendar[known], demand[known]).forecast(WEEK, calendar[next_week])
without = alone.fit(None, demand[known]).forecast(WEEK)
by_default = Forecaster(steps=WEEK).fit(None, demand[known]).forecast(WEEK)

shown = ["History", "Truth", "Without calendar", "With calendar", "The default"]
fig, (top, bottom) = plt.subplots(2, 1, figsize=(10, 7), height_ratios=[1.4, 1], layout="constrained")
colors = {"Without calendar": "tab:blue", "With calendar": "tab:red", "The default": "tab:green"}
top.plot(without, color=colors["Without calendar"], label="Without calendar")
top.plot(by_default, color=colors["The default"], label="The default")
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
handles = dict(zip(*reversed(top.get_legend_handles_labels()), strict=True))
top.legend([handles[name] for name in shown], shown, loc="upper right", ncols=5, frameon=False)
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
