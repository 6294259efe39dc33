"""
============================
Learn a pattern that repeats
============================

This is the classic first exercise for an LSTM that is written from scratch: three values repeat, with noise. A small
network learns them by plain stochastic gradient descent, one window at a time, with a target at every step. It learns
the pattern and not the noise: one step ahead, its error is not much larger than the noise, and when its predictions are
fed back, they follow the pattern.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import make_pattern

N_SAMPLES, PATTERN_LENGTH, NOISE, WINDOW_LENGTH, STEPS = 200, 3, 0.05, 10, 30

# %%
# Train on the first 80 % of the series.
series = make_pattern(N_SAMPLES, PATTERN_LENGTH, NOISE, random_state=0)
pattern = make_pattern(N_SAMPLES + STEPS, PATTERN_LENGTH, noise=0)
n_train = int(0.8 * N_SAMPLES)
X, y = make_windows(series[:n_train], WINDOW_LENGTH, targets="all")

# %%
# In the exercise, the gradient is the sum over the steps of a window, clipped to ±5, and the learning rate is 0.01.
# Here the loss is the mean over the steps, so its gradient is the sum divided by the number of steps. So the limit is
# divided by this number, and the learning rate is multiplied by it.
model = LSTMRegressor(
    hidden_size=10,
    standardize=False,
    solver="sgd",
    learning_rate_init=0.01 * WINDOW_LENGTH,
    momentum=0,
    clip_value=5 / WINDOW_LENGTH,
    clip_norm=None,
    batch_size=1,
    max_iter=200,
    tol=0,
    n_iter_no_change=200,
    random_state=0,
)
# The exercise trains for 200 epochs, whether or not the loss has converged by then.
warnings.filterwarnings("ignore", category=ConvergenceWarning)
model.fit(X, y)

# %%
# One step ahead, each test value is predicted from the observed values before it. After the end of the series, the
# predictions are fed back.
X_test, y_test = make_windows(series[n_train - WINDOW_LENGTH :], WINDOW_LENGTH)
one_step = model.predict(X_test)[:, -1, 0]
fed_back = model.forecast(STEPS, context=series[-WINDOW_LENGTH:].reshape(1, WINDOW_LENGTH, 1))[0, :, 0]


def rmse(prediction, target):
    """Root mean squared error."""
    return np.sqrt(np.mean((prediction - target) ** 2))


print(f"Noise in the series, standard deviation         {NOISE:.3f}")
print(f"RMSE one step ahead, against the test sequence  {rmse(one_step, y_test):.3f}")
print(f"RMSE of {STEPS} steps fed back, against the pattern  {rmse(fed_back, pattern[N_SAMPLES:]):.3f}")


# %%
def draw(ax, observed, predicted, predictions):
    """Draw observations, predictions and the pattern at their steps, and shade every other repeat."""
    steps = np.union1d(observed, predicted)
    for start in range(0, N_SAMPLES + STEPS, 2 * PATTERN_LENGTH):
        ax.axvspan(start - 0.5, start + PATTERN_LENGTH - 0.5, color="tab:blue", alpha=0.08, linewidth=0)
    ax.plot(steps, pattern[steps], color="0.7", label="Pattern without noise")
    ax.plot(observed, series[observed], "o", color="0.2", markersize=4, label="Observed")
    ax.plot(predicted, predictions, "x", color="tab:red", label="Predicted")
    ax.set(xlabel="Step (each band is one repeat)", ylabel="Value")
    ax.set(xlim=(steps[0] - 0.5, steps[-1] + 0.5), ylim=(-1.15, 1.15))


fig, axes = plt.subplot_mosaic(
    [["loss", "one step"], ["fed back", "fed back"]], figsize=(10, 6), width_ratios=[1, 2.5], layout="constrained"
)
axes["loss"].semilogy(range(1, model.n_iter_ + 1), model.loss_curve_, label="Training")
axes["loss"].axhline(NOISE**2 / 2, color="0.5", linestyle=":", label="Noise alone")
axes["loss"].set(title="Loss", xlabel="Epoch", ylabel="Half the mean squared error")
axes["loss"].legend(frameon=False)

test, future = np.arange(n_train, N_SAMPLES), np.arange(N_SAMPLES, N_SAMPLES + STEPS)
draw(axes["one step"], test, test, one_step)
axes["one step"].set(title=f"One step ahead, from {WINDOW_LENGTH} observed values: RMSE {rmse(one_step, y_test):.3f}")
draw(axes["fed back"], test[-WINDOW_LENGTH:], future, fed_back)
axes["fed back"].set(title=f"{STEPS} further steps, predictions fed back: RMSE {rmse(fed_back, pattern[future]):.3f}")
fig.legend(*axes["fed back"].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
for ax in axes.values():
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_repeating_pattern.png", dpi=150)
