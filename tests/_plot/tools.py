"""Series, panels and forecasts that the tests of the displays share."""

import numpy as np
import pandas as pd

from sklstm._plot import ForecastDisplay

NAN = np.nan
INDICES = {
    "months": pd.date_range("2019-01-01", periods=48, freq="MS", name="month"),
    "periods": pd.period_range("2019-01", periods=48, freq="M"),
    "hours across a change of clocks": pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin"),
    "range": pd.RangeIndex(48),
    "integers": pd.Index(np.arange(0, 480, 10)),
}
N_STEPS = 6


def waves(index, name="level", seed=0):
    rng = np.random.default_rng(seed)
    return pd.Series(10 + np.sin(np.arange(len(index))) + rng.normal(size=len(index)), index=index, name=name)


def intervals(forecast, *coverages):
    """A forecast with intervals of half-width coverage / 100."""
    columns = {"forecast": forecast}
    for coverage in coverages:
        columns |= {f"lower_{coverage}": forecast - coverage / 100, f"upper_{coverage}": forecast + coverage / 100}
    return pd.DataFrame(columns)


def panel(n_series, n_steps=N_STEPS, name="sales"):
    """History, forecast and whole series of a panel."""
    index = INDICES["months"]
    whole = pd.concat({f"s{k}": waves(index, name, seed=k) for k in range(n_series)}, names=["store"])
    known = whole.index.get_level_values(1) < index[-n_steps]
    return whole[known], whole[~known] + 1, whole


def labels(display):
    return [text.get_text() for text in display.legend_.get_texts()]


plotted = ForecastDisplay.from_predictions


def drawn(*args, **kwargs):
    """The same to the last tick."""
    display = plotted(*args, **kwargs)
    display.figure_.canvas.draw()
    return display


SERIES = waves(pd.RangeIndex(30))
TABLE = pd.DataFrame({"a": SERIES, "b": SERIES})
PANEL = panel(3)


def acf(values, n_lags):
    """The autocorrelation from lag 1 on, by NumPy's convolution."""
    centred = values - values.mean()
    return np.correlate(centred, centred, "full")[len(values) :][:n_lags] / (centred @ centred)


def overlapping_labels(ax):
    """The texts of labels of the x-axis that touch the next one when they are drawn."""
    ax.figure.canvas.draw()
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    low, high = ax.get_xlim()
    labels = [label for label in labels if low <= label.get_position()[0] <= high]
    boxes = [label.get_window_extent() for label in labels]
    return [label.get_text() for label, box, other in zip(labels, boxes, boxes[1:], strict=False) if box.x1 > other.x0]
