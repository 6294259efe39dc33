"""
=========================
One model for many series
=========================

The employment in fifteen industries of the United States from 2006 to 2015 is a panel: its index has two levels, the
series and the time. One network learns all industries together. It is compared with networks that learn one industry
each, and with two simple forecasts. The networks forecast alone, without a baseline.

Jobs grew so steadily that the second simple forecast is even a little better than the networks. It repeats the change
of the year before, and is dotted in the plot. But only the common network can forecast an industry that it has
never seen. This example shows that its forecast is better than the last value.

The data are seasonally adjusted. They come from the Bureau of Labor Statistics and are shipped with vega_datasets.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import FunctionTransformer

from sklstm import BacktestResult, ForecastDisplay, Forecaster, LSTMRegressor, backtest, split_panel

try:
    from vega_datasets import data
except ImportError:
    raise SystemExit("The data are vega_datasets': python -m pip install 'sklstm[examples]'") from None

STEPS = 12
SUMS = ["nonfarm", "private", "goods_producing", "service_providing", "private_service_providing", "manufacturing"]
SUMS += ["trade_transportation_utilties", "nonfarm_change"]  # spelt so
table = data.us_employment()
table = table.set_index(pd.DatetimeIndex(table.pop("month"), freq="MS")).drop(columns=SUMS) / 1000
table.columns = table.columns.str.replace("_", " ")
jobs = table.rename_axis(columns="industry").unstack().rename("jobs")
months = jobs.index.get_level_values("month")
train = jobs[months < "2014"]


def make_forecaster(window_length, max_iter):
    """Create a forecaster of logarithms, in which industries of all sizes change alike, by a network alone."""
    lstm = LSTMRegressor(
        instance_norm="last",
        loss_steps="all",
        learning_rate="cosine",
        learning_rate_init=3e-3,
        max_iter=max_iter,
        random_state=0,
    )
    logarithm = FunctionTransformer(np.log, np.exp)
    alone = {"season": None, "log": None, "baseline": None}
    return Forecaster(lstm, window_length=window_length, target_transformer=logarithm, **alone)


# %%
# ``split_panel`` splits all industries at the same times, and works with all of scikit-learn's tools. The window length
# of the common model is chosen by the errors in three folds of one year each, before 2014.
folds = split_panel(train, n_splits=3, test_size=STEPS)
rows = train.to_frame()[[]]  # the index, without any columns
errors = {}
for window_length in (12, 24):
    common = make_forecaster(window_length, max_iter=60)
    errors[window_length] = -cross_val_score(
        common, rows, train, cv=folds, scoring="neg_mean_absolute_percentage_error"
    )
    print(
        f"Windows of {window_length} months, error in 2011, 2012, 2013:", *map("{:.1%}".format, errors[window_length])
    )
common = make_forecaster(min(errors, key=lambda length: errors[length].mean()), max_iter=60)

# %%
# In 2014 and 2015, a year is forecast from each of 13 months. No network has seen these years in training. The numbers
# of epochs, and the window length of the networks for one industry, are the best of a few that were tried on 2012 and
# 2013. Errors are scaled: 1 is the mean absolute change of an industry from month to month.
settings = {"steps": STEPS, "n_origins": 13, "refit": False}
alone = make_forecaster(window_length=24, max_iter=30)
frame = backtest(common, None, jobs, **settings).frame
separate = pd.concat(
    [backtest(alone, None, jobs[name], **settings).frame.assign(series=name) for name in table], ignore_index=True
)
origins = pd.MultiIndex.from_frame(frame[["series", "origin"]])
change = table.diff(STEPS).unstack()
drift = frame["step"] / STEPS * change[origins].to_numpy() + jobs[origins].to_numpy()
tested = {
    "One network for all": frame,
    "A network for each": separate,
    "Last value": frame.assign(forecast=frame["naive"]),
    "Last value, changing as in the year before": frame.assign(forecast=drift),
}
print("\n2014 and 2015, scaled error, months ahead       1       6      12     all")
for name, part in tested.items():
    by_step = BacktestResult(part).metrics_by("step")["mase"]
    print(f"{name:42}" + "".join(f"{by_step[step]:8.2f}" for step in (1, 6, 12)) + f"{by_step.mean():8.2f}")

# %%
# Three industries are left out of training, and passed as ``history`` when they are forecast.
unseen = ["construction", "information", "leisure and hospitality"]
is_unseen = train.index.get_level_values("industry").isin(unseen)
known = jobs[months < "2015"]
seen_by_all = common.fit(None, train).forecast(STEPS, history=known)
never_seen = common.fit(None, train[~is_unseen]).forecast(STEPS, history=known.loc[unseen])
print("\nThe year 2015, mean absolute error in per cent")
for name in unseen:
    truth, last = jobs[name]["2015":], known[name].iloc[-1]
    error = [(one / truth - 1).abs().mean() for one in (never_seen[name], seen_by_all[name], last)]
    print("{:25} not in training {:.1%}, in training {:.1%}, last value {:.1%}".format(name, *error))

# %%
shown = [*unseen, "durable goods", "retail trade", "government"]
fig, axes = plt.subplots(2, 3, figsize=(11, 5.6), layout="constrained")
display = ForecastDisplay.from_predictions(
    known,
    seen_by_all,
    truth=jobs,
    series=shown,
    n_history=48,
    ax=axes,
    history_kwargs={"color": "0.55"},
    truth_kwargs={"color": "0.1", "linewidth": 1.2, "alpha": 1},
    forecast_kwargs={"color": "tab:blue", "linewidth": 4, "alpha": 0.45, "label": "forecast, industry in training"},
)
for ax, name in zip(axes[0], unseen, strict=True):
    ax.plot(never_seen[name], "--", color="tab:red", linewidth=1.8, label="forecast, industry not in training (above)")
for ax, name in zip(axes.flat, shown, strict=True):
    last, before = known[name].iloc[-1], known[name].iloc[-1 - STEPS]
    drift = last + (last - before) * np.arange(STEPS + 1) / STEPS
    ax.plot(
        [known[name].index[-1], *seen_by_all[name].index], drift, ":", color="tab:green", label="as in the year before"
    )
display.legend_.remove()
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
fig.suptitle("Employment by industry: the year 2015, forecast by one network trained before 2014")
for ax, name in zip(axes.flat, shown, strict=True):
    ax.set_title(name.capitalize(), loc="left")
    ax.set(xlabel="", ylabel="")
    ax.spines[["top", "right"]].set_visible(False)
fig.supylabel("Jobs (millions)")
fig.savefig("plot_panel.png", dpi=150)
