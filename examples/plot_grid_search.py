"""
========================================
Search for window length and hidden size
========================================

In a ``Pipeline``, the window length can be searched together with the hidden size. The table is a DataFrame, so
``WindowTransformer`` knows that the test rows of a fold follow its training rows. It fills the first windows of the
test rows with the end of the training rows.

The scores are those of predictions one month ahead. They vary as much between folds as their means differ between
settings, so with ten years of months the search gives a rough choice only. The best pipeline is fitted again on all
training years, and forecasts two years that it has never seen.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline

from sklstm import LSTMRegressor, WindowTransformer
from sklstm.datasets import load_airline

frame = load_airline().to_frame()
train, test = frame[:-24], frame[-24:]

# %%
# Each of the three folds is as long as the forecast: two years. The learning rate is below the default, so the
# forecasts depend less on the random state.
lstm = LSTMRegressor(instance_norm="last", learning_rate_init=3e-3, max_iter=500, random_state=0)
pipeline = Pipeline([("windows", WindowTransformer()), ("lstm", lstm)])
grid = {"windows__window_length": [12, 24, 36], "lstm__hidden_size": [16, 32]}
cv = TimeSeriesSplit(n_splits=3, test_size=24)
search = GridSearchCV(pipeline, grid, scoring="neg_mean_absolute_error", cv=cv, n_jobs=2)
search.fit(train, train["passengers"])

results = pd.DataFrame(search.cv_results_["params"]).rename(columns=lambda name: name.partition("__")[2])
folds = ["fold 1", "fold 2", "fold 3"]
for k, fold in enumerate(folds):
    results[fold] = -search.cv_results_[f"split{k}_test_score"]
results["mean"] = -search.cv_results_["mean_test_score"]
print("Mean absolute error one month ahead, in thousands of passengers")
print(results.to_string(index=False, float_format="{:.1f}".format))

# %%
# The last step of the refitted pipeline is the LSTM. It forecasts from the last training month.
forecast = search.best_estimator_[-1].forecast(24)
error = (forecast - test["passengers"]).abs().mean()
naive_error = (train["passengers"][-12:].to_list() * 2 - test["passengers"]).abs().mean()
best = "{windows__window_length} months, {lstm__hidden_size} units".format(**search.best_params_)
print(f"Best: {best}")
print(f"Its mean absolute error over 24 months, fed back: {error:.1f} (seasonal naive: {naive_error:.1f})")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[1, 1.6], layout="constrained")
for hidden_size, rows in results.groupby("hidden_size"):
    (line,) = left.plot(rows["window_length"], rows["mean"], "o-", label=f"{hidden_size} units")
    left.plot(rows["window_length"], rows[folds], "o", color=line.get_color(), alpha=0.35, markersize=4)
left.set(title="Search, one month ahead", xticks=grid["windows__window_length"])
left.set(xlabel="Window length (months)", ylabel="Mean absolute error (thousands)")
left.legend(title="Mean and folds", frameon=False)

right.plot(frame["passengers"]["1955":"1959-01"], color="0.55", label="Training years")
right.plot(test["passengers"], color="0.1", marker="o", markersize=3.5, label="Held out")
right.plot(forecast, color="tab:red", linewidth=2, label="Forecast")
right.set(title=f"Forecast of the best ({best})", xlabel="Month", ylabel="Passengers (thousands per month)")
right.legend(loc="upper left", frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_grid_search.png", dpi=150)
