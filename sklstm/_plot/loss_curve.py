"""LossCurveDisplay: plot the training and validation loss by epoch."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._plot.axes import check_axes, new_axes, set_integer_ticks, undone_on_error
from sklstm._plot.estimators import check_fitted_estimator
from sklstm._plot.labels import as_label, check_name, format_name
from sklstm._plot.style import KWARGS, check_styles, line_style, mark_isolated_points, naming_style
from sklstm._utils.argument_checks import is_whole_number, like, shown, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.public import public

# Ratios of the largest to the smallest loss: above the first, the scale is logarithmic by default; above the second, a
# logarithmic scale has ticks at powers of ten only.
LOG_SCALE_RATIO = 10
POWER_TICKS_RATIO = 1000
MAX_LEGEND_ROWS = 8
LARGEST_LOSS = 1e150  # to larger losses, matplotlib cannot scale a logarithmic axis
MAX_DEPTH = 100  # of estimators inside estimators; deeper, one contains itself
CONSTRAINTS = {"name": [str, None], **dict.fromkeys(("loss_kwargs", "validation_kwargs", "best_kwargs"), KWARGS)}


@public
class LossCurveDisplay:
    """Plot of the loss by epoch, with a mark at the epoch whose weights were kept.

    Use `from_estimator` to create a display from a fitted estimator. All parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,), or dict of them
        Training loss of every epoch. To show several curves in one plot, pass a dict of them by name;
        `validation_loss_curve` and `best_iter` are then dicts with the same names.
    validation_loss_curve : array-like of shape (n_epochs,), or dict of them, default=None
        Validation loss of every epoch; NaN after epochs without validation.
    best_iter : int, or dict of them, default=None
        The epoch whose weights were kept, counted from 1. It is shown only together with a validation curve, by which
        it was chosen.
    estimator_name : str, default=None
        Put before each label in the legend. Use it to tell several models on the same axes apart. It is shown as it is
        written: `$` begins no formula. Of more than 40 characters, the first are shown.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The training loss.
    validation_line_ : matplotlib Line2D or None
        The validation loss.
    best_line_ : matplotlib Line2D or None
        Vertical line at the epoch whose weights were kept.
    lines_, validation_lines_, best_lines_ : list of matplotlib Line2D or None
        The same for all curves; the attributes above are those of the first curve.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    LSTMRegressor : Its attributes `loss_curve_`, `validation_loss_curve_` and `best_iter_` are shown.

    Notes
    -----
    The training loss of an epoch is the mean over its batches. Each batch is evaluated before its update, and the
    penalty is included. The validation loss is computed after the epoch, without the penalty. Early in training, the
    validation loss may therefore be lower than the training loss.

    Examples
    --------
    >>> from sklstm import LossCurveDisplay
    >>> display = LossCurveDisplay(loss_curve=[0.9, 0.2, 0.1], validation_loss_curve=[0.8, 0.3, 0.4], best_iter=2)
    >>> display.plot()
    <...LossCurveDisplay object at ...>
    >>> display.best_line_.get_label()
    'kept: epoch 2'
    """

    def __init__(self, *, loss_curve, validation_loss_curve=None, best_iter=None, estimator_name=None):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.best_iter = best_iter
        self.estimator_name = estimator_name

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_estimator(
        cls,
        estimator,
        *,
        ax=None,
        name=None,
        log_scale="auto",
        loss_kwargs=None,
        validation_kwargs=None,
        best_kwargs=None,
    ):
        """Plot the losses that a fitted estimator recorded.

        Parameters
        ----------
        estimator : estimator instance
            A fitted LSTMRegressor, or another estimator with a `loss_curve_`, such as scikit-learn's MLPRegressor. It
            may be the last step of a Pipeline, the best estimator of a search, or the regressor of a
            TransformedTargetRegressor or of a Forecaster, also nested. A Forecaster with `strategy="direct"` has one
            regressor for each step; each gets its own curves.
        ax : matplotlib Axes, default=None
            Axes to plot on. If None, a new figure is created.
        name : str, default=None
            Put before each label in the legend. Use it to tell several models on the same axes apart.
        log_scale, loss_kwargs, validation_kwargs, best_kwargs
            See `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, plotted.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError, ValueError
            If the estimator has no `loss_curve_`, or an argument is not as described. Also if it is a Forecaster that
            does not trust its regressor, and has trained none.

        Examples
        --------
        >>> import numpy as np
        >>> from sklstm import LossCurveDisplay, LSTMRegressor, make_windows
        >>> X, y = make_windows(np.sin(np.arange(80) / 5), window_length=10)
        >>> model = LSTMRegressor(4, early_stopping=True, learning_rate="cosine", max_iter=5, random_state=0)
        >>> display = LossCurveDisplay.from_estimator(model.fit(X, y))
        >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
        ['training', 'validation', 'kept: epoch ...']
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        loss, validation, best = _curves_of(estimator)
        display = cls(loss_curve=loss, validation_loss_curve=validation, best_iter=best, estimator_name=name)
        kwargs = {"loss_kwargs": loss_kwargs, "validation_kwargs": validation_kwargs, "best_kwargs": best_kwargs}
        return display.plot(ax, log_scale=log_scale, **kwargs)

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def plot(self, ax=None, *, name=None, log_scale="auto", loss_kwargs=None, validation_kwargs=None, best_kwargs=None):
        """Plot the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. If None, a new figure is created.
        name : str, default=None
            Put before each label in the legend, instead of `estimator_name`; shown as it is written, up to 40
            characters.
        log_scale : bool or "auto", default="auto"
            Whether the scale of the loss is logarithmic. "auto" uses a logarithmic scale if all losses on the axes
            are positive and the largest is more than ten times the smallest. With True and losses that are not
            positive, the scale is linear around 0 (`"symlog"`).
        loss_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the training loss.
        validation_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the validation loss.
        best_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.axvline` for the line at the epoch that was kept.

        Returns
        -------
        self : LossCurveDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.

        Examples
        --------
        >>> from sklstm import LossCurveDisplay
        >>> LossCurveDisplay(loss_curve=[0.5, 0.2, 0.1]).plot().ax_.get_xlabel()
        'epoch'
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if not (isinstance(log_scale, (bool, np.bool_)) or (isinstance(log_scale, str) and log_scale == "auto")):
            raise ValueError(f"log_scale must be True, False or 'auto', got {shown(log_scale)}.")
        check_name(self.estimator_name, "estimator_name")
        if ax is not None:
            check_axes(ax)
        curves = _read_curves(self.loss_curve, self.validation_loss_curve, self.best_iter)
        styles = {"loss_kwargs": loss_kwargs, "validation_kwargs": validation_kwargs, "best_kwargs": best_kwargs}
        check_styles(**styles)
        is_new, name = ax is None, self.estimator_name if name is None else name
        ax = new_axes() if is_new else ax
        with undone_on_error(self, [ax], is_new=is_new):
            self._draw(ax, name, curves, styles)
            _format_axes(ax, log_scale)
        return self

    def _draw(self, ax, name, curves, styles):
        """Draw the curves of each model, and set the attributes."""
        artists = []
        for label, curves_of_model in curves.items():
            prefix = "".join(f"{format_name(part)}, " for part in (name, label) if part is not None)
            artists.append(_plot_curves(ax, prefix, curves_of_model, styles))
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.validation_lines_, self.best_lines_ = map(list, zip(*artists, strict=True))
        self.line_, self.validation_line_, self.best_line_ = artists[0]


# ---- the models inside an estimator


def _curves_of(estimator):
    """Return the losses, validation losses and kept epochs of a fitted estimator, checked."""
    models = _models_with_losses(estimator)
    for model in models.values():
        if isinstance(model.loss_curve_, list) and not model.loss_curve_:
            raise ValueError(
                f"{_name_inside(model, estimator)} has no losses to plot: this estimator was made from weights, and "
                "not trained since. Train it with partial_fit first. To plot the losses of its earlier training, use "
                "LossCurveDisplay(loss_curve=...)."
            )
    curves = [
        {label: getattr(model, attribute, None) for label, model in models.items()}
        for attribute in ("loss_curve_", "validation_loss_curve_", "best_iter_")
    ]
    loss, validation, best = curves if len(models) > 1 else [curve[None] for curve in curves]
    try:
        _read_curves(loss, validation, best)
    except (TypeError, ValueError) as error:
        raise like(error, f"The losses of the estimator {shown(estimator)} cannot be plotted: {error}") from error
    return loss, validation, best


def _models_with_losses(estimator):
    """Find the fitted models with a `loss_curve_` inside an estimator, by label; the label of a single one is None."""
    check_fitted_estimator(estimator, "estimator")
    inner = estimator
    for _ in range(MAX_DEPTH):
        if hasattr(inner, "loss_curve_"):
            return {None: inner}
        regressors = _regressors(inner)
        if len(regressors) > 1:  # a Forecaster with strategy="direct"
            by_step = enumerate(regressors, start=1)
            return {
                f"step {step}": model
                for step, regressor in by_step
                for model in _models_with_losses(regressor).values()
            }
        nested = _nested_estimator(inner)
        if nested is None:
            break
        inner = nested
    raise ValueError(_no_losses_message(estimator, inner))


def _regressors(estimator):
    """Return the fitted regressors of a Forecaster; of anything else, none."""
    regressors = getattr(estimator, "regressors_", None)
    return regressors if isinstance(regressors, list) else []


def _nested_estimator(estimator):
    """Return the fitted estimator inside a search, Forecaster, Pipeline or TransformedTargetRegressor; else None."""
    if hasattr(estimator, "best_estimator_"):
        return estimator.best_estimator_
    if _regressors(estimator):
        return estimator.regressors_[0]
    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
        return steps[-1][-1]
    return getattr(estimator, "regressor_", None)


def _name_inside(inner, estimator):
    """Name an estimator, and the one that it is inside of."""
    return type(inner).__name__ + (f" inside {type(estimator).__name__}" if inner is not estimator else "")


def _no_losses_message(estimator, inner):
    message = f"{_name_inside(inner, estimator)} has no loss_curve_ to plot. "
    if getattr(inner, "regressors_", None) == []:
        return message + (
            "The estimator's trust in its regressor is 0, so none was trained, and its baseline makes the forecast. "
            'trust="auto" is 0 if the series is short or the regressor does not improve on the baseline. To train one '
            "in any case, set a trust above 0, for example forecaster.set_params(trust=0.5).fit(X, y)."
        )
    if getattr(inner, "refit", True) is False:
        return message + "A search keeps its best estimator only with refit=True."
    if getattr(inner, "solver", None) == "lbfgs":
        return message + "It records no losses with solver='lbfgs'. Choose another solver for the estimator."
    return message + (
        "Pass a fitted LSTMRegressor or another estimator with loss_curve_, either alone or inside a Pipeline (as its "
        "last step), a search, a TransformedTargetRegressor or a Forecaster. To plot losses, use "
        "LossCurveDisplay(loss_curve=...)."
    )


# ---- the curves, checked


@dataclass(frozen=True)
class _Curves:
    """Losses of one model.

    Parameters
    ----------
    training : ndarray of shape (n_epochs,)
    validation : ndarray of shape (n_epochs,) or None
    best_iter : int or None
        The epoch whose weights were kept.
    """

    training: np.ndarray
    validation: np.ndarray | None
    best_iter: int | None


def _read_curves(losses, validation, best_iter):
    """Check the curves of each model and list them by name; a single model has the name None."""
    if not isinstance(losses, dict) and not any(isinstance(one, dict) for one in (validation, best_iter)):
        losses, validation, best_iter = ({None: one} for one in (losses, validation, best_iter))
    validation, best_iter = ({} if one is None else one for one in (validation, best_iter))
    if not (isinstance(losses, dict) and losses and isinstance(validation, dict) and isinstance(best_iter, dict)):
        raise ValueError(
            "If loss_curve is a dict, it must have at least one name, and validation_loss_curve and best_iter must be "
            f"None or dicts with the same names; else none of them is a dict. "
            f"Got {shown(losses)}, {shown(validation)} and {shown(best_iter)}."
        )
    for what, parts in (("validation_loss_curve", validation), ("best_iter", best_iter)):
        unknown = [name for name in parts if name not in losses]
        if unknown:
            raise ValueError(
                f"{what} has the name {shown(unknown[0])}, which loss_curve has not: {shown(list(losses))}."
            )
    return {name: _read_model(curve, validation.get(name), best_iter.get(name)) for name, curve in losses.items()}


def _read_model(losses, validation, best_iter):
    """Check the curves of one model."""
    losses = _read_losses(losses, "loss_curve")
    if validation is not None:
        validation = _read_losses(validation, "validation_loss_curve")
        if len(validation) != len(losses):
            raise ValueError(
                f"validation_loss_curve must be as long as loss_curve, {len(losses)}; it has {len(validation)} values. "
                "It is NaN after epochs without validation."
            )
    return _Curves(losses, validation, _check_epoch(best_iter, len(losses)))


def _read_losses(curve, name):
    """Convert a curve to float64."""
    try:
        losses = as_numbers(curve, name)
        losses = np.asarray(np.ma.filled(losses, np.nan) if isinstance(losses, np.ma.MaskedArray) else losses)
    except (TypeError, ValueError):
        losses = np.empty((), dtype=bool)
    if losses.ndim != 1 or losses.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be a sequence of numbers, one for each epoch, got {shown(curve)}.")
    losses = losses.astype(np.float64)
    largest = np.abs(losses, where=np.isfinite(losses), out=np.zeros(len(losses))).max(initial=0)
    if largest > LARGEST_LOSS:
        raise ValueError(f"{name} has a loss of size {largest:.3g}. Losses above {LARGEST_LOSS:g} cannot be plotted.")
    return losses


def _check_epoch(best_iter, n_epochs):
    if best_iter is None:
        return None
    if not is_whole_number(best_iter):
        raise ValueError(f"best_iter must be None or an integer, the number of an epoch; got {shown(best_iter)}.")
    if not 1 <= best_iter <= n_epochs:
        raise ValueError(
            f"best_iter must be the number of one of the {n_epochs} epochs of loss_curve, counted from 1; got "
            f"{shown(best_iter)}."
        )
    return int(best_iter)


# ---- drawing


def _plot_curves(ax, prefix, curves, styles):
    """Plot the curves of one model: the lines of training, validation and the epoch kept, or None."""
    with naming_style("loss_kwargs", styles["loss_kwargs"]):
        line = _plot_losses(ax, curves.training, as_label(f"{prefix}training"), styles["loss_kwargs"])
    if curves.validation is None:
        return line, None, None
    with naming_style("validation_kwargs", styles["validation_kwargs"]):
        label = as_label(f"{prefix}validation")
        validation_line = _plot_losses(ax, curves.validation, label, styles["validation_kwargs"])
    epoch = curves.best_iter
    if epoch is None:
        return line, validation_line, None
    style = {"color": validation_line.get_color(), "linestyle": "--", "linewidth": 1.0, "zorder": 1}
    style["label"] = as_label(f"{prefix}kept: epoch {epoch}")
    with naming_style("best_kwargs", styles["best_kwargs"]):
        return line, validation_line, ax.axvline(epoch, **line_style(style, styles["best_kwargs"]))


def _plot_losses(ax, losses, label, kwargs):
    style = mark_isolated_points(line_style({"label": label}, kwargs), losses)
    (line,) = ax.plot(np.arange(1, len(losses) + 1), losses, **style)
    if "marker" not in style:
        line.sticky_edges.x.append(1)  # no margin to the left of the first epoch
    return line


def _format_axes(ax, log_scale):
    _set_loss_scale(ax, log_scale)
    set_integer_ticks(ax)
    ax.set(xlabel="epoch", ylabel="loss")
    n_entries = len(ax.get_legend_handles_labels()[1])
    ax.legend(frameon=False, ncols=1 + (n_entries - 1) // MAX_LEGEND_ROWS)


def _set_loss_scale(ax, log_scale):
    """Set the scale of the loss for all curves on the axes, those of other displays included."""
    lowest, highest = ax.dataLim.intervaly
    smallest = ax.dataLim.minposy  # the smallest positive value; infinite if there is none
    if isinstance(log_scale, str):
        log_scale = lowest > 0 and highest > LOG_SCALE_RATIO * lowest
    if log_scale and np.isfinite(smallest):
        if lowest > 0:
            _set_log_scale(ax, powers_only=highest > POWER_TICKS_RATIO * lowest)
        else:
            ax.set_yscale("symlog", linthresh=smallest)
    elif ax.get_yscale() != "linear":  # setting a linear scale again would reset the user's ticks
        ax.set_yscale("linear")


def _set_log_scale(ax, powers_only):
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    if not powers_only:  # 0.1, 0.2, 0.5, 1 instead of only one or two powers of ten, or of 2 × 10⁻¹
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
