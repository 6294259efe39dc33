"""Draw the way of the data through a forecaster into `doc/images/data_way.png`: python doc/draw_data_way.py."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

THERE = [
    ("rows", "y, X,\nwith times"),
    ("transform", "target_\ntransformer"),
    ("adjust", "logarithm,\nseason off"),
    ("windows", "targets, known,\npast-only"),
    ("instance norm", "relative to the\nwindow"),
    ("standardise", "mean 0,\ndeviation 1"),
]
BACK = [
    ("forecast", "with continued\nindex"),
    ("inverse", "of the\ntransformer"),
    ("put back", "season, exp,\nclip"),
    ("combine", "baseline + trust\n· correction"),
    ("undo", "the window's\nlevel"),
    ("undo", "mean and\ndeviation"),
]
UNITS = ["the user's", "transformed", "adjusted", "", "relative", "scaled"]
WIDTH, HEIGHT, STEP = 1.5, 0.95, 1.85
COLORS = {"there": "#dbe9f6", "back": "#fde3cf", "network": "#e3f1df"}


def box(ax, x, y, head, text, color):
    """Draw one box with its head in bold."""
    style = {"facecolor": color, "edgecolor": "0.35"}
    ax.add_patch(FancyBboxPatch((x, y), WIDTH, HEIGHT, boxstyle="round,pad=0.04", **style))
    ax.text(x + WIDTH / 2, y + HEIGHT - 0.1, head, ha="center", va="top", weight="bold", fontsize=9)
    ax.text(x + WIDTH / 2, y + 0.08, text, ha="center", va="bottom", fontsize=8, linespacing=1.1)


def arrow(ax, start, end):
    """Draw an arrow from one place to another."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "0.35", "lw": 1.3})


def draw(path):
    """Draw the way there above, the way back below, and the network at its turn."""
    fig, ax = plt.subplots(figsize=(10.5, 3), layout="constrained")
    top, bottom, gap = 1.9, 0.0, STEP - WIDTH
    for k, ((head, text), (head_back, text_back)) in enumerate(zip(THERE, BACK, strict=True)):
        x = k * STEP
        box(ax, x, top, head, text, COLORS["there"])
        box(ax, x, bottom, head_back, text_back, COLORS["back"])
        ax.text(x + WIDTH / 2, top + HEIGHT + 0.2, UNITS[k], ha="center", color="0.35", style="italic", fontsize=9)
        if k:
            arrow(ax, (x - gap + 0.05, top + HEIGHT / 2), (x - 0.05, top + HEIGHT / 2))
            arrow(ax, (x - 0.05, bottom + HEIGHT / 2), (x - gap + 0.05, bottom + HEIGHT / 2))
    x = len(THERE) * STEP
    box(ax, x, (top + bottom) / 2, "network", "LSTM layers,\nread-out", COLORS["network"])
    arrow(ax, (x - gap + 0.05, top + HEIGHT / 2), (x + WIDTH / 2, (top + bottom) / 2 + HEIGHT + 0.05))
    arrow(ax, (x + WIDTH / 2, (top + bottom) / 2 - 0.05), (x - gap + 0.05, bottom + HEIGHT / 2))
    x = 2 * STEP
    arrow(ax, (x + WIDTH / 2, top - 0.05), (3 * STEP + WIDTH / 2, bottom + HEIGHT + 0.05))
    ax.text(2 * STEP + WIDTH / 2 + 0.25, 1.42, "baseline", ha="right", va="center", color="0.35", fontsize=9)
    ax.set(xlim=(-0.15, 7 * STEP), ylim=(-0.15, top + HEIGHT + 0.5), aspect="equal")
    ax.axis("off")
    fig.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(fig)


if __name__ == "__main__":
    draw(Path(__file__).parent / "images/data_way.png")
