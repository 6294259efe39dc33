"""
=============================================
Search by the error of forecasts a year ahead
=============================================

The rows that a ``Forecaster`` predicts follow the rows that it was fitted on. So ``GridSearchCV`` with
``TimeSeriesSplit`` scores real forecasts: twelve months ahead, from the ends of three training sets. This example
searches the window length and the baseline: the default one, theta, or none, so that the network forecasts alone. All
other parameters are those of the default.

The last three years are not used in the search. On them, the best setting of the search is compared with the default.
Here the search prefers the network alone, but the default is better in the years that follow: three folds of one series
say little. With more folds, or many series, a search says more.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import BacktestDisplay, Forecaster, backtest
from sklstm.datasets import load_airline

STEPS, N_TEST = 12, 36
passengers = load_airline()
train = passengers[:-N_TEST]

# %%
# Each fold forecasts one year. There are no exogenous variables, so X is a frame that has only the index.
grid = {"window_length": [12, 24, 36], "baseline": ["auto", "theta", None]}
cv = TimeSeriesSplit(n_splits=3, test_size=STEPS)
search = GridSearchCV(Forecaster(steps=STEPS), grid, scoring="neg_mean_absolute_error", cv=cv)
search.fit(train.to_frame()[[]], train)

results = pd.DataFrame(search.cv_results_["params"]).fillna({"baseline": "none"})
folds = [f"fold {k + 1}" for k in range(cv.n_splits)]
results[folds] = -np.transpose([search.cv_results_[f"split{k}_test_score"] for k in range(cv.n_splits)])
results["mean"] = -search.cv_results_["mean_test_score"]
print("Mean absolute error of forecasts of twelve months, in thousands of passengers")
print(results.to_string(index=False, float_format="{:.1f}".format))
chosen = "{window_length} months, baseline {baseline}".format(**search.best_params_)
print(f"Chosen: {chosen}")

# %%
# In the held-out years, a forecast starts every month, from all rows known by then.
held_out = {"steps": STEPS, "n_origins": N_TEST - STEPS + 1, "refit": False, "season": 12}
tested = {
    f"Of the search ({chosen})": backtest(search.best_estimator_, None, passengers, **held_out),
    "The default": backtest(Forecaster(steps=STEPS), None, passengers, **held_out),
}
print("\nThe last three years                                error  better than seasonal naive by")
for name, result in tested.items():
    print(f"{name:50}{result.metrics['mae']:7.1f}{result.metrics['skill']:31.0%}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for baseline, rows in results.groupby("baseline"):
    (line,) = left.plot(rows["window_length"], rows["mean"], "o-", linewidth=2, label=f"baseline {baseline}")
    left.plot(rows["window_length"], rows[folds], "o", color=line.get_color(), alpha=0.35, markersize=4)
left.set(title="Search: a year ahead, three folds", xticks=grid["window_length"])
left.set(xlabel="Window length (months)", ylabel="Mean absolute error (thousands)", ylim=(0, 28))
left.legend(title="Mean and folds", frameon=False, loc="upper center", ncols=3)

right.set_prop_cycle(color=["tab:red", "tab:green"])
BacktestDisplay.from_predictions(tested, ax=right, reference_kwargs={"label": "Seasonal naive"})
right.legend(loc="upper left", frameon=False)
right.set(title="The last three years, held out", xlabel="Months ahead", ylim=(0, 65))
right.set(ylabel="Mean absolute error (thousands)", xticks=range(1, STEPS + 1))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_forecaster_search.png", dpi=150)
