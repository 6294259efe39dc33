import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from sklstm._plot.axes import check_axes, legend_entries, new_axes, set_integer_ticks


@pytest.fixture
def ax():
    return new_axes()


def test_new_axes_are_alone_in_a_figure_and_have_two_open_sides(ax):
    assert ax.figure.axes == [ax]
    assert [side for side, spine in ax.spines.items() if not spine.get_visible()] == ["right", "top"]


def test_only_axes_can_be_drawn_on(ax):
    check_axes(ax)
    for other in (ax.figure, plt, [ax], None):
        with pytest.raises(TypeError, match=f"ax must be .*got {type(other).__name__}"):
            check_axes(other)


@pytest.mark.parametrize("last", [1, 2, 5, 40])
def test_ticks_are_whole_numbers(ax, last):
    set_integer_ticks(ax)
    ax.plot([0.6, last + 0.4], [0, 1])
    ax.figure.canvas.draw()
    np.testing.assert_array_equal(ax.get_xticks() % 1, 0)


def test_each_label_is_one_entry_and_of_several_colours_it_has_that_of_the_text(ax):
    one, _, _ = ax.plot([1], color="red", label="a"), ax.plot([2], color="blue", label="b"), ax.plot([3], label="b")
    (again,) = ax.plot([4], color="red", label="a")
    entries = legend_entries([ax, ax])
    assert list(entries) == ["a", "b"]
    assert entries["a"] is one[0] is not again
    assert to_hex(entries["b"].get_color()) == to_hex(plt.rcParams["text.color"])
