import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from sklstm._plot.axes import (
    check_axes,
    check_axes_array,
    check_n_axes,
    check_n_panels,
    legend_entries,
    new_axes,
    set_integer_ticks,
    table_of_axes,
    undone_on_error,
)
from tests._plot.tools import overlapping_labels


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


@pytest.mark.parametrize("width", [1.3, 2, 3, 7])
@pytest.mark.parametrize("last", [6, 24, 137, 1440])
def test_whole_numbers_do_not_overlap(last, width):
    _, ax = plt.subplots(figsize=(width, 2), layout="constrained")
    ax.plot([0, last], [0, 1])
    set_integer_ticks(ax)
    assert overlapping_labels(ax) == []


def test_each_label_is_one_entry_and_of_several_colours_it_has_that_of_the_text(ax):
    one, _, _ = ax.plot([1], color="red", label="a"), ax.plot([2], color="blue", label="b"), ax.plot([3], label="b")
    (again,) = ax.plot([4], color="red", label="a")
    entries = legend_entries([ax, ax])
    assert list(entries) == ["a", "b"]
    assert entries["a"] is one[0] is not again
    assert to_hex(entries["b"].get_color()) == to_hex(plt.rcParams["text.color"])


class Display:
    """Has attributes, as displays have."""


def interrupted_plot(display, ax, *, is_new):
    with undone_on_error(display, [ax], is_new=is_new):
        display.line_ = ax.plot([1, 1000], [1e3, 1e9], label="new")[0]
        display.other_ = 1
        ax.set(xlabel="x", ylabel="y", title="title", yscale="log")
        ax.set_title("left", loc="left")
        set_integer_ticks(ax)
        ax.legend()
        raise KeyboardInterrupt


def test_a_plot_that_fails_closes_a_new_figure_and_sets_no_attribute(ax):
    display = Display()
    display.line_ = "earlier"
    with pytest.raises(KeyboardInterrupt):
        interrupted_plot(display, ax, is_new=True)
    assert not plt.get_fignums()
    assert vars(display) == {"line_": "earlier"}


def test_a_plot_that_fails_leaves_the_axes_of_the_user_as_they_were(ax):
    ax.plot([1, 2], label="mine")
    ax.set(xlabel="time", title="my title")
    legend, children, limits = ax.legend(), ax.get_children(), ax.dataLim.frozen()
    ticks = ax.xaxis.get_major_locator(), ax.yaxis.get_major_formatter()
    with pytest.raises(KeyboardInterrupt):
        interrupted_plot(Display(), ax, is_new=False)
    assert ax.get_children() == children
    assert ax.get_legend() is legend
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(), ax.get_title(loc="left")) == ("time", "", "my title", "")
    assert ax.get_yscale() == "linear"
    assert ax.xaxis.get_major_locator() is ticks[0]
    np.testing.assert_array_equal(ax.dataLim.get_points(), limits.get_points())
    assert plt.get_fignums()
    ax.figure.canvas.draw()
    assert ax.get_ylim()[1] < 3


def test_a_plot_that_succeeds_stays(ax):
    display = Display()
    with undone_on_error(display, [ax], is_new=True):
        display.line_ = ax.plot([1])[0]
    assert ax.lines[:] == [display.line_]
    assert plt.get_fignums()


def test_a_table_of_axes_is_new_or_that_of_the_user():
    new, given = Display(), Display()
    with table_of_axes(new, None, 2, ["a", "b", "c"], height=1.5) as axes:
        assert axes.shape == (2, 3)
    with table_of_axes(given, axes.ravel(), 3, ["a", "b"]) as same:
        np.testing.assert_array_equal(same, axes.reshape(3, 2))
    assert new.axes_ is axes
    assert new.ax_ is given.ax_ is axes[0, 0]
    assert new.figure_ is given.figure_ is axes[0, 0].figure
    with (
        pytest.raises(ValueError, match=r"ax must hold 4 axes, 2 row\(s\) of 2: a, b; got 6"),
        table_of_axes(given, axes, 2, ["a", "b"]),
    ):
        pass
    with pytest.raises(KeyError), table_of_axes(given, None, 1, ["a"]):
        raise KeyError
    assert given.axes_ is same


def test_the_number_of_axes_is_limited():
    chosen = {"series": ["a", "b"], "targets": ["y"]}
    check_n_panels(chosen, 3, 6)
    for is_bound, says in (
        (
            False,
            r"2 series and 1 targets of 3 axes each need 6 axes, .* max_panels=5\. .*series=\['a'\], or raise",
        ),
        (True, "of up to 3 axes each need up to 6 axes"),
    ):
        with pytest.raises(ValueError, match=says):
            check_n_panels(chosen, 3, 5, is_bound)
    with pytest.raises(ValueError, match=r"2 series and 1 targets need 2 axes, more than max_panels=1\. Choose"):
        check_n_panels(chosen, 1, 1)
    with pytest.raises(ValueError, match=r"need 6 axes, more than max_panels=2\. Raise max_panels"):
        check_n_panels(chosen, 3, 2)


def test_axes_that_do_not_suit_are_refused(ax):
    ax.plot(["a", "b"], [1, 2])
    for of_times in (True, False):
        with pytest.raises(
            ValueError, match=r"ax must have an x-axis of .*numbers, got one with a StrCategoryFormatter"
        ):
            check_axes(ax, of_times=of_times)
    dated = new_axes()
    dated.plot(np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"), [1, 2])
    check_axes(dated, of_times=True)
    with pytest.raises(ValueError, match="ax must have an x-axis of numbers"):
        check_axes(dated)
    polar = plt.figure().add_subplot(projection="polar")
    with pytest.raises(TypeError, match=r"ax must be a plain Axes.*got PolarAxes"):
        check_axes(polar)
    ax.remove()
    with pytest.raises(ValueError, match="ax must be an Axes of a figure"):
        check_axes(ax)


def test_as_many_axes_as_are_needed_are_arranged_in_rows(ax):
    check_axes_array(None)
    check_axes_array(ax)
    _, axes = plt.subplots(2, 3)
    check_axes_array(axes)
    assert (check_n_axes(axes.ravel(), 2, "abc") == axes).all()
    with pytest.raises(ValueError, match=r"ax must hold 3 axes, 1 row\(s\) of 3: a, b, c; got 6"):
        check_n_axes(axes, 1, "abc")
    with pytest.raises(ValueError, match="more than once"):
        check_axes_array([ax, ax])
