"""
==============================================
Long memory: what was said a hundred steps ago
==============================================

The adding problem is the classic test of long memory (Hochreiter and Schmidhuber, 1997). A sequence of 100 to 110
random values has two that are marked, both in its first half. At its end, a network is asked for their sum. So it must
keep two values for fifty to a hundred steps and ignore all others, and nothing in the last steps helps.

The forget gates of an LSTM start with a bias of 1 by default. Its units then lose four fifths of their memory within
five steps. Such a network does not find out that the early steps matter: after 30 000 sequences, it still predicts the
mean. With ``forget_bias="chrono"`` (Tallec and Ollivier, 2018), some units remember for a few steps at first, and
others for the whole sequence. All other weights are the same. About 10 000 sequences are then enough. The network of
1997, which had no forget gates, needed 74 000.

Choose "chrono" if single early steps decide. Most series are not like that, because their last values say most.
Forecasts of such series need more training with "chrono", and are seldom better.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, PercentFormatter, StrMethodFormatter

from sklstm import LSTMRegressor
from sklstm.datasets import make_adding_problem

N_STEPS, N_SEQUENCES, CHUNK, N_TEST, SEEDS, TOLERANCE = 100, 30_000, 1000, 1000, range(3), 0.04
COLORS = {1.0: "tab:red", "chrono": "tab:blue"}
LABELS = {1.0: "forget_bias=1.0", "chrono": 'forget_bias="chrono"'}


def sequences(n_sequences, random_state):
    """Return sequences and their targets, in float32, which takes half the time."""
    X, y = make_adding_problem(n_sequences, N_STEPS, random_state)
    return X.astype("float32"), y


# %%
# Each sequence is new, and seen once. A call of ``partial_fit`` learns from a thousand of them, in batches of 20.
X_test, y_test = sequences(N_TEST, random_state=1000)
errors = {}
for forget_bias in COLORS:
    errors[forget_bias] = np.empty((len(SEEDS), N_SEQUENCES // CHUNK))
    for row, seed in zip(errors[forget_bias], SEEDS, strict=True):
        rng = np.random.default_rng(seed)
        model = LSTMRegressor(16, forget_bias=forget_bias, learning_rate_init=0.005, batch_size=20, random_state=seed)
        for k in range(len(row)):
            predictions = model.partial_fit(*sequences(CHUNK, rng)).predict(X_test)
            row[k] = np.sqrt(np.mean((predictions - y_test) ** 2))
        wrong = np.mean(np.abs(predictions - y_test) > TOLERANCE)
        print(
            f"{LABELS[forget_bias]:22} seed {seed}: {wrong:6.1%} of the test sequences wrong by more than {TOLERANCE}"
        )

# %%
# The first plot shows a sequence. The second one shows what the forget gates of a unit leave of its memory after some
# steps, before training: with "chrono", each unit has a curve in the blue area. The third one shows the errors.
fig, axes = plt.subplots(1, 3, figsize=(13, 4), width_ratios=[1, 0.8, 1.2], layout="constrained")
X, _ = sequences(1, random_state=7)
values, marks = X[0].T
axes[0].vlines(np.arange(len(values)), 0, values, color="0.8", linewidth=1)
marked = np.flatnonzero(marks == 1)
axes[0].vlines(marked, 0, values[marked], color="k", linewidth=2)
axes[0].plot(marked, values[marked], "o", color="k")
total = " ".join(f"{value:+.2f}".replace("-", "−") for value in values[marked])
axes[0].set(title=f"A sequence. At its end: {total} = ?", xlabel="Step", ylabel="Value", ylim=(-1.1, 1.1))

steps = np.arange(N_STEPS + 1)
kept = {bias: (1 + np.exp(-bias)) ** -steps for bias in (0, 1, np.log(N_STEPS / 2), np.log(N_STEPS - 1))}
shortest, default, middle, longest = kept.values()
axes[1].fill_between(steps, shortest, longest, color=COLORS["chrono"], alpha=0.2, linewidth=0)
axes[1].plot(steps, middle, color=COLORS["chrono"])
axes[1].plot(steps, default, color=COLORS[1.0])
axes[1].set(
    title="Memory of a unit before training",
    xlabel="Steps later",
    ylabel="Share that is left",
    ylim=(0, 1),
    xlim=(0, N_STEPS),
)
axes[1].yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))

seen = CHUNK * np.arange(1, N_SEQUENCES // CHUNK + 1)
for forget_bias, rows in errors.items():
    for seed, row in enumerate(rows):
        axes[2].semilogy(
            seen, row, color=COLORS[forget_bias], alpha=0.8, label=LABELS[forget_bias] if not seed else None
        )
axes[2].axhline(y_test.std(), color="k", linestyle=":", label="Always the mean", zorder=3)
axes[2].set(title=f"Error of {len(SEEDS)} networks each", xlabel="Training sequences seen", xlim=(0, N_SEQUENCES))
axes[2].set_ylabel(f"Root mean squared error of {N_TEST} others")
axes[2].xaxis.set_major_locator(MultipleLocator(10_000))
axes[2].xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
fig.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
fig.savefig("plot_long_memory.png", dpi=150)
