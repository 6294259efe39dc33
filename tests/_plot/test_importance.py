import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import ImportanceDisplay
from sklstm.datasets import load_airline

LEVELS = ["variable", "kind", "number"]


def table(*inputs, n_repeats=3, levels=LEVELS):
    values = np.random.default_rng(0).normal(size=(len(inputs), n_repeats))
    return pd.DataFrame(values, index=pd.MultiIndex.from_tuples(inputs, names=levels))


LAGS = [("sales", "lag", 3), ("sales", "lag", 2), ("sales", "lag", 1)]
STEPS = [("price", "lag", 1), ("price", "step", 1), ("price", "step", 2)]


def centres(bars):
    return [bar.get_x() + bar.get_width() / 2 for bar in bars]


def test_bars_are_the_mean_importances_at_their_distance_from_the_origin():
    importances = table(*LAGS, *STEPS)
    display = ImportanceDisplay(importances=importances, scoring="r2").plot()
    assert display.axes_.shape == display.bars_.shape == (2, 1)
    for row, (name, places) in enumerate({"sales": [-3, -2, -1], "price": [-1, 1, 2]}.items()):
        bars = display.bars_[row, 0]
        assert_allclose(centres(bars), places)
        assert_allclose([bar.get_height() for bar in bars], importances.loc[name].mean(axis=1))
        ends = np.array(bars.errorbar.lines[2][0].get_segments())[:, :, 1]
        assert_allclose(np.ptp(ends, axis=1) / 2, importances.loc[name].to_numpy().std(axis=1))
        assert display.axes_[row, 0].get_ylabel() == name
    assert display.axes_[0, 0].get_xlabel() == ""
    assert display.axes_[1, 0].get_xlabel() == "lags before, and steps after the origin"
    assert display.ax_.get_title(loc="left") == "decrease of r2"


@pytest.mark.parametrize(("inputs", "label"), [(LAGS, "lag"), (STEPS[1:], "step")])
def test_the_axis_says_what_its_numbers_count(inputs, label):
    display = ImportanceDisplay(importances=table(*inputs)).plot()
    assert display.ax_.get_xlabel() == label
    assert display.ax_.get_title(loc="left") == "importance"
    display.figure_.canvas.draw()
    shown = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert all(text.isdigit() for text in shown)


@pytest.mark.parametrize("kind", ["lag", "step"])
def test_ticks_are_numbers_of_lags_or_steps(kind):
    display = ImportanceDisplay(importances=table(*[("sales", kind, number) for number in range(1, 22)])).plot()
    display.figure_.canvas.draw()
    numbers = [int(text.get_text()) for text in display.ax_.get_xticklabels()]
    assert min(numbers) >= 1
    assert {10, 20} <= set(numbers)


def test_those_of_a_forecaster_are_computed_and_drawn():
    passengers = load_airline()
    forecaster = Forecaster(Ridge(), window_length=3).fit(None, passengers[:-12])
    settings = {"steps": 2, "n_repeats": 2, "scoring": "neg_median_absolute_error", "random_state": 1}
    display = ImportanceDisplay.from_estimator(forecaster, None, passengers[-12:], **settings)
    result = forecaster.permutation_importance(None, passengers[-12:], **settings)
    assert_allclose([bar.get_height() for bar in display.bars_[0, 0]], result.importances_mean)
    assert display.ax_.get_title(loc="left") == "increase of the median absolute error"


def test_several_targets_have_a_column_each():
    inputs = [(target, *one) for target in ("a", "$b$") for one in (*LAGS, *STEPS)]
    importances = table(*inputs, levels=["target", *LEVELS])
    display = ImportanceDisplay(importances=importances, scoring="neg_max_error").plot()
    assert display.axes_.shape == (2, 2)
    assert [ax.get_title(loc="left") for ax in display.axes_[0]] == [
        "increase of the max error\nof a",
        "increase of the max error\nof $b$",
    ]
    heights = [bar.get_height() for bar in display.bars_[1, 1]]
    assert_allclose(heights, importances.xs("$b$", level="target").loc["price"].mean(axis=1))
    display.figure_.canvas.draw()
    one = ImportanceDisplay(importances=importances).plot(variables="price", targets=["$b$"])
    assert_array_equal([bar.get_height() for bar in one.bars_[0, 0]], heights)


def test_the_users_axes_and_style_are_used():
    _, axes = plt.subplots(2)
    display = ImportanceDisplay(importances=table(*LAGS, *STEPS)).plot(axes, bar_kwargs={"fc": "red", "width": 0.5})
    assert [display.axes_[k, 0] is axes[k] for k in (0, 1)] == [True, True]
    assert to_hex(display.bars_[0, 0][0].get_facecolor()) == "#ff0000"
    assert display.bars_[0, 0][0].get_width() == 0.5


@pytest.mark.parametrize("name", ["$x$", "_a", "a\nb", "x" * 99, ("a", 1), 7])
def test_any_name_is_drawn(name):
    importances = table((name, "lag", 1), (name, "step", 1), (name, "step", 2))
    display = ImportanceDisplay(importances=importances, scoring="$s$").plot()
    display.figure_.canvas.draw()
    assert len(display.bars_[0, 0]) == 3


def test_the_most_important_variables_are_advised():
    inputs = [(name, "lag", 1) for name in "abcdef"]
    importances = table(*inputs, n_repeats=2)
    importances[:] = np.array([1.0, 9, 2, np.nan, 7, 8])[:, np.newaxis]
    with pytest.raises(ValueError, match=r"variables=\['b', 'f', 'e'\], or raise max_panels") as caught:
        ImportanceDisplay(importances=importances).plot(max_panels=5)
    assert "6 variables" in str(caught.value)
    ImportanceDisplay(importances=importances).plot(max_panels=5, variables=["b", "f", "e"])
