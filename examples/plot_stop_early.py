"""
=========================================
Early stopping: which samples to hold out
=========================================

With ``early_stopping=True``, some samples are held out for validation, and the weights of the epoch with the lowest
validation loss are kept. By default, the last samples are held out. A gap of one window (``validation_gap``) ensures
that no step is both in training and in validation. The validation error is then close to the test error, measured on
the two years after.

With ``validation_split="random"``, the validation error is much too small. It is measured on months between those of
training, but the errors of later months are larger, because the series grows. In logarithms, errors do not grow, and
both validation errors are about right. So the cause is the growth of the series, and not the steps that neighbouring
windows share.

The model with random samples is not worse on the test months, because it was trained on later months too. There is a
better way to use these months: hold out the last samples to find the number of epochs, and train again on all samples
for that number.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error

from sklstm import LossCurveDisplay, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

WINDOW_LENGTH, N_VALIDATION, N_TEST, N_SEEDS = 12, 24, 24, 10
SPLITS = {
    "last": {"validation_split": "last", "validation_gap": WINDOW_LENGTH},
    "random": {"validation_split": "random"},
}

# %%
# With ``standardize=False``, the loss is half the squared error in the units of the series. Values in hundreds of
# thousands of passengers are neither large nor small, which suits the network. The plot shows the root mean squared
# error in thousands. Batches of all samples make smoother curves.
passengers = load_airline().astype("float32")


def fit_both(series):
    """Fit a model with each split and seed; return the models, and their validation, test and retrained test errors."""
    X, y = make_windows(series[:-N_TEST], WINDOW_LENGTH)
    X_test, y_test = make_windows(series[-N_TEST - WINDOW_LENGTH :], WINDOW_LENGTH)
    models, errors = {}, {}
    for split, settings in SPLITS.items():
        model = LSTMRegressor(
            instance_norm="last",
            standardize=False,
            batch_size=len(X),
            learning_rate_init=0.02,
            max_iter=600,
            tol=0,
            n_iter_no_change=50,
            early_stopping=True,
            validation_fraction=N_VALIDATION / len(X),
            **settings,
        )
        models[split] = [clone(model).set_params(random_state=seed).fit(X, y) for seed in range(N_SEEDS)]
        errors[split] = np.empty((N_SEEDS, 3))
        for model, row in zip(models[split], errors[split], strict=True):
            again = clone(model).set_params(early_stopping=False)
            for _ in range(model.best_iter_):
                again.partial_fit(X, y)
            row[0] = np.sqrt(2 * model.validation_loss_curve_[model.best_iter_ - 1])
            row[1:] = [root_mean_squared_error(y_test, fitted.predict(X_test)) for fitted in (model, again)]
    return models, errors


def report(title, errors, scale):
    """Print medians over the seeds."""
    print(f"{title}, median of {N_SEEDS} seeds")
    for split, values in errors.items():
        validation, test, again = np.median(values, axis=0) * scale
        print(f"  {split:8} samples held out: validation {validation:4.1f}, test {test:4.1f}, ", end="")
        print(f"test after training again on all samples {again:4.1f}")


models, errors = fit_both(passengers / 100)
report("Root mean squared error one month ahead (thousands of passengers)", errors, 100)
_, log_errors = fit_both(np.log(passengers))
report("The same in logarithms (about per cent)", log_errors, 100)

# %%
colors = {"last": "tab:blue", "random": "tab:red"}
fig, axes = plt.subplot_mosaic([["last", "random", "errors"]], figsize=(12, 4.2), layout="constrained")
axes["random"].sharey(axes["last"])
for split, color in colors.items():
    ax = axes[split]
    ax.axhline(100 * errors[split][0, 1], color="0.1", linestyle=":", label="test months")
    styles = {"loss_kwargs": {"color": "0.6"}, "validation_kwargs": {"color": color}, "best_kwargs": {"ymin": 0.27}}
    model = models[split][0]
    loss, validation = (100 * np.sqrt(2 * np.array(c)) for c in (model.loss_curve_, model.validation_loss_curve_))
    curves = LossCurveDisplay(loss_curve=loss, validation_loss_curve=validation, best_iter=model.best_iter_)
    curves.plot(ax, log_scale=True, **styles)
    ax.legend(loc="lower left", frameon=False)
    ax.set(title=f"{split.capitalize()} samples held out, seed 0", xlabel="Epoch", ylabel="")

    values = 100 * errors[split]
    axes["errors"].plot(values.T, color=color, linewidth=0.7, alpha=0.4)
    axes["errors"].plot(np.median(values, axis=0), "o-", color=color, linewidth=2.5, label=f"{split} samples held out")
axes["last"].set(ylabel="Root mean squared error (thousands)", ylim=(2, 64))
axes["errors"].set(title=f"{N_SEEDS} seeds and their medians", ylabel="Root mean squared error (thousands)")
axes["errors"].set(xticks=[0, 1, 2], xticklabels=["validation", "test", "test,\ntrained again"])
axes["errors"].set(xlim=(-0.3, 2.3), ylim=(0, None))
axes["errors"].legend(loc="lower left", frameon=False)
for ax in axes.values():
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_stop_early.png", dpi=150)
