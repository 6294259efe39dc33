"""
=============================================
Search by the error of forecasts a year ahead
=============================================

The rows that a ``Forecaster`` predicts follow the rows that it was fitted on. So ``GridSearchCV`` with
``TimeSeriesSplit`` scores real forecasts: twelve months ahead, from the ends of three training sets. This example
searches the window length and the hidden size. All other parameters are those of the default.

Here the settings differ little, because the network only corrects a baseline. The last three years are not used in the
search: on them, the best and the worst setting of the search are compared. The best setting of some years need not be
the best in the next ones.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import BacktestDisplay, Forecaster, backtest, default_regressor
from sklstm.datasets import load_airline

STEPS, N_TEST = 12, 36
passengers = load_airline()
train = passengers[:-N_TEST]

# %%
# Each fold forecasts one year. There are no exogenous variables, so X is a frame that has only the index.
grid = {"window_length": [12, 24, 36], "regressor__hidden_size": [16, 32]}
cv = TimeSeriesSplit(n_splits=3, test_size=STEPS)
search = GridSearchCV(Forecaster(default_regressor(), steps=STEPS), grid, scoring="neg_mean_absolute_error", cv=cv)
search.fit(train.to_frame()[[]], train)

results = pd.DataFrame(search.cv_results_["params"]).rename(columns={"regressor__hidden_size": "hidden_size"})
folds = [f"fold {k + 1}" for k in range(cv.n_splits)]
results[folds] = -np.transpose([search.cv_results_[f"split{k}_test_score"] for k in range(cv.n_splits)])
results["mean"] = -search.cv_results_["mean_test_score"]
print("Mean absolute error of forecasts of twelve months, in thousands of passengers")
print(results.to_string(index=False, float_format="{:.1f}".format))
chosen = "{window_length} months, {regressor__hidden_size} units".format(**search.best_params_)
print(f"Chosen: {chosen}")

# %%
# In the held-out years, a forecast starts every month, from all rows known by then.
held_out = {"steps": STEPS, "n_origins": N_TEST - STEPS + 1, "refit": False, "season": 12}
worst = search.cv_results_["params"][np.argmin(search.cv_results_["mean_test_score"])]
last = "{window_length} months, {regressor__hidden_size} units".format(**worst)
tested = {
    f"First in the search ({chosen})": backtest(search.best_estimator_, None, passengers, **held_out),
    f"Last ({last})": backtest(clone(search.best_estimator_).set_params(**worst), None, passengers, **held_out),
}
print("\nThe last three years                                error  better than seasonal naive by")
for name, result in tested.items():
    print(f"{name:50}{result.metrics['mae']:7.1f}{result.metrics['skill']:31.0%}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for hidden_size, rows in results.groupby("hidden_size"):
    (line,) = left.plot(rows["window_length"], rows["mean"], "o-", linewidth=2, label=f"{hidden_size} units")
    left.plot(rows["window_length"], rows[folds], "o", color=line.get_color(), alpha=0.35, markersize=4)
left.set(title="Search: a year ahead, three folds", xticks=grid["window_length"])
left.set(xlabel="Window length (months)", ylabel="Mean absolute error (thousands)", ylim=(0, None))
left.legend(title="Mean and folds", frameon=False)

right.set_prop_cycle(color=["tab:red", "tab:green"])
BacktestDisplay.from_predictions(tested, ax=right, reference_kwargs={"label": "Seasonal naive"})
right.legend(loc="upper left", frameon=False)
right.set(title="The last three years, held out", xlabel="Months ahead", ylim=(0, 65))
right.set(ylabel="Mean absolute error (thousands)", xticks=range(1, STEPS + 1))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_forecaster_search.png", dpi=150)
