"""ImportanceDisplay: plot how much forecasts rely on each lag and column."""

from __future__ import annotations

from textwrap import shorten

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._forecasting.importance import LAG, LEVELS, STEP
from sklstm._plot.axes import check_axes_array, check_n_panels, set_integer_ticks, table_of_axes
from sklstm._plot.estimators import check_forecaster, check_has_method
from sklstm._plot.labels import check_name, format_name, format_name_of
from sklstm._plot.style import KWARGS, THIN_LINE, bar_style, check_styles, naming_style
from sklstm._plot.tables import choose, is_same_name, join_names, numeric_columns
from sklstm._utils.argument_checks import check_whole_number, is_whole_number, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.overflow import power_of_two
from sklstm._utils.public import public

CONSTRAINTS = {"bar_kwargs": KWARGS}
BOTH = "lags before, and steps after the origin"  # what the numbers below are


@public
class ImportanceDisplay:
    """Plot of the permutation importance of each lag and column, as bars by distance from the origin.

    Use `from_estimator` to compute it for a fitted forecaster. All parameters are stored as attributes. Each variable
    gets its own axes: lags to the left, the last one next to the origin, and steps ahead to the right. With several
    targets, each column of axes shows the score of one of them.

    Parameters
    ----------
    importances : DataFrame
        The `importances` of the result of `Forecaster.permutation_importance`.
    scoring : str, default=None
        Name of the score, of which they are the decrease. It is shown above the axes.

    Attributes
    ----------
    bars_ : ndarray of matplotlib BarContainer of shape (n_variables, n_targets)
        The mean importances. Thin lines show the standard deviation over the repeats.
    axes_ : ndarray of matplotlib Axes of shape (n_variables, n_targets)
        Axes with the bars. One column, unless there are several targets.
    ax_ : matplotlib Axes
        The first of `axes_`.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    Forecaster.permutation_importance : The numbers, and how they are to be read.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklstm import Forecaster, ImportanceDisplay
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline()
    >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, passengers[:-36])
    >>> result = forecaster.permutation_importance(None, passengers[-36:], steps=1, random_state=0)
    >>> display = ImportanceDisplay(importances=result.importances, scoring=result.scoring).plot()
    >>> len(display.bars_[0, 0])
    12
    """

    def __init__(self, *, importances, scoring=None):
        self.importances = importances
        self.scoring = scoring

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_estimator(
        cls,
        forecaster,
        X,
        y,
        *,
        steps,
        n_repeats=5,
        scoring="neg_mean_absolute_error",
        random_state=None,
        ax=None,
        variables=None,
        targets=None,
        max_panels=12,
        bar_kwargs=None,
    ):
        """Compute and plot the permutation importance for a fitted forecaster.

        Parameters
        ----------
        forecaster : Forecaster
            A fitted forecaster.
        X, y
            Held-out rows that follow the history of the forecaster, as for `Forecaster.permutation_importance`.
        steps, n_repeats, scoring, random_state
            As for `Forecaster.permutation_importance`.
        ax, variables, targets, max_panels, bar_kwargs
            See `plot`.

        Returns
        -------
        display : ImportanceDisplay
            The display, plotted.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If `forecaster` is not a forecaster, or an argument is not as described.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster, ImportanceDisplay
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, passengers[:-36])
        >>> display = ImportanceDisplay.from_estimator(forecaster, None, passengers[-36:], steps=6, random_state=0)
        >>> display.ax_.get_title(loc="left")
        'increase of the mean absolute error'
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_forecaster(
            forecaster, "For another regressor, see permutation_importance and its example in scikit-learn."
        )
        check_has_method(forecaster, "permutation_importance")
        _check_plot_arguments(ax, max_panels, bar_kwargs)
        result = forecaster.permutation_importance(
            X, y, steps=steps, n_repeats=n_repeats, scoring=scoring, random_state=random_state
        )
        return cls(importances=result.importances, scoring=result.scoring).plot(
            ax, variables=variables, targets=targets, max_panels=max_panels, bar_kwargs=bar_kwargs
        )

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def plot(self, ax=None, *, variables=None, targets=None, max_panels=12, bar_kwargs=None):
        """Plot the importances.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to plot on: one for each variable; with several targets, a row of one for each target for each
            variable. If None, a new figure is created.
        variables : list of variables or a single one, default=None
            Targets and columns whose importance is shown, in this order. None shows all.
        targets : list of targets or a single one, default=None
            Targets whose scores are shown, in this order. None shows all.
        max_panels : int, default=12
            Largest number of axes. More raise an error, because they take long to plot and cannot be read.
        bar_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.bar`.

        Returns
        -------
        self : ImportanceDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If a parameter or an argument is not as described, or if more than `max_panels` axes are needed.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import ImportanceDisplay
        >>> inputs = [("sales", "lag", 2), ("sales", "lag", 1), ("price", "step", 1)]
        >>> index = pd.MultiIndex.from_tuples(inputs, names=["variable", "kind", "number"])
        >>> table = pd.DataFrame([[0.1, 0.2], [2.0, 2.2], [1.0, 1.1]], index=index)
        >>> display = ImportanceDisplay(importances=table).plot(variables="sales")
        >>> [round(float(bar.get_height()), 2) for bar in display.bars_[0, 0]]
        [0.15, 2.1]
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        _check_plot_arguments(ax, max_panels, bar_kwargs)
        check_name(self.scoring, "scoring")
        tables, variables = _read_tables(self.importances, variables, targets, max_panels)
        with table_of_axes(self, ax, len(variables), list(map(str, tables)), share=("all", "col")) as axes:
            self.bars_ = np.empty(axes.shape, dtype=object)
            for (row, column), one in np.ndenumerate(axes):
                table = _rows_of(list(tables.values())[column], "variable", variables[row])
                self.bars_[row, column] = _plot_bars(one, table, bar_kwargs)
            _label(axes, variables, list(tables), self.scoring)
            _label_places(axes[-1] if ax is None else axes.ravel(), self.bars_)
        return self


# ---- the importances, checked


def _check_plot_arguments(ax, max_panels, bar_kwargs):
    check_whole_number(max_panels, "max_panels")
    check_axes_array(ax)
    check_styles(bar_kwargs=bar_kwargs)


def _read_tables(importances, variables, targets, max_panels):
    """Check importances; return a table (inputs, repeats) of each target, by name, and the variables to show."""
    _check_table(importances)
    known = list(importances.index.unique("variable"))
    names = list(importances.index.unique("target")) if importances.index.nlevels > len(LEVELS) else [None]
    variables, targets = choose("variables", variables, known), choose("targets", targets, names)
    check_n_panels({"variables": _most_important_first(importances, variables), "targets": targets}, 1, max_panels)
    if importances.index.nlevels == len(LEVELS):
        return {None: importances}, variables
    return {target: _rows_of(importances, "target", target) for target in targets}, variables


def _most_important_first(importances, variables):
    """Sort variables by the largest mean importance of their inputs, for the advice to choose some of them."""
    mean = importances.mean(axis=1).fillna(-np.inf)
    largest = {name: _rows_of(mean, "variable", name).max() for name in variables}
    return sorted(variables, key=largest.get, reverse=True)


def _rows_of(importances, level, name):
    """Select the rows of one name, which may be a tuple, in a level of the index."""
    return importances[[is_same_name(other, name) for other in importances.index.get_level_values(level)]]


def _check_table(importances):
    """Raise an error unless a table has the index of importances, and numbers."""
    import pandas as pd

    made_by = "Pass the importances of the result of Forecaster.permutation_importance."
    if not isinstance(importances, pd.DataFrame):
        raise TypeError(f"importances must be a DataFrame, got {type(importances).__name__}. {made_by}")
    if not len(importances) or not importances.shape[1]:
        raise ValueError(f"importances has the shape {importances.shape}, so there is nothing to plot. {made_by}")
    names = list(importances.index.names)
    if names not in (LEVELS, ["target", *LEVELS]):
        raise ValueError(
            f"importances must have the index levels {join_names(LEVELS)}, got {join_names(names)}. {made_by}"
        )
    odd = [label for label in importances.index if label[-2] not in (LAG, STEP) or not _is_place(label[-1])]
    if odd:
        raise ValueError(
            "importances must have 'lag' or 'step' as kind, and a number from 1 on, in its index; got "
            f"{odd[0]}. {made_by}"
        )
    if importances.index.has_duplicates:
        raise ValueError(f"importances has {importances.index[importances.index.duplicated()][0]} more than once.")
    numeric_columns(importances, range(importances.shape[1]), list(importances.columns), "importances")


def _is_place(number):
    """Whether a value is the number of a lag or a step."""
    return is_whole_number(number) and number >= 1


# ---- drawing


def _plot_bars(ax, table, kwargs):
    """Draw the mean importances of one variable by distance from the origin."""
    from matplotlib import rcParams

    kinds, numbers = (table.index.get_level_values(name) for name in ("kind", "number"))
    places, values = np.where(kinds == LAG, -numbers, numbers), table.to_numpy(dtype=np.float64)
    unit = power_of_two(np.fmax.reduce(np.abs(values), axis=None, initial=0))  # so that squares do not overflow
    mean, std = (values / unit).mean(axis=1), (values / unit).std(axis=1)
    ax.axhline(0, **THIN_LINE)
    if (places > 0).any():
        ax.axvline(0, linestyle=":", **THIN_LINE)
    defaults = {"width": 0.8, "alpha": 0.7, "ecolor": rcParams["text.color"], "error_kw": {"elinewidth": 0.8}}
    with naming_style("bar_kwargs", kwargs):
        bars = ax.bar(places, mean * unit, yerr=std * unit, **bar_style(defaults, kwargs))
    return bars


def _label(axes, variables, targets, scoring):
    """Name the variables at the left, and the score and the target above."""
    for ax, variable in zip(axes[:, 0], variables, strict=True):
        ax.set_ylabel(shorten(format_name_of("variable", variable), 24, placeholder="…"), parse_math=False)
    for ax, target in zip(axes[0], targets, strict=True):
        of_target = "" if target is None else f"\nof {format_name_of('target', target)}"
        ax.set_title(f"{_what(scoring)}{of_target}", loc="left", fontsize="medium", parse_math=False)
    axes[0, 0].figure.align_ylabels()


def _label_places(axes, bars):
    """Say what the numbers below some Axes are."""
    centres = [bar.get_x() + bar.get_width() / 2 for container in bars.ravel() for bar in container]
    label = "lag" if max(centres) < 0 else "step" if min(centres) > 0 else BOTH
    for ax in axes:
        ax.set_xlabel(label)
    for ax in {bar.axes for container in bars.ravel() for bar in container}:
        set_integer_ticks(ax, without_zero=label != BOTH)  # neither lag nor step 0 exists; between them is the origin
        ax.xaxis.set_major_formatter(lambda place, _: f"{abs(place):g}")


def _what(scoring):
    """Say what the importance is: the increase of an error, or the decrease of a score."""
    if scoring is None:
        return "importance"
    name = format_name(scoring.removeprefix("neg_").replace("_", " "))
    return f"increase of the {name}" if scoring.startswith("neg_") else f"decrease of {name}"
