"""The losses of training, epoch by epoch."""

from numbers import Integral

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_is_fitted

from sklstm._plot.axes import STYLE, check_axes, check_styles, line_style, new_axes, without_neighbours

FACTOR_FOR_LOG = 10  # largest loss / smallest, above which the small ones cannot be read off a linear axis
FACTOR_FOR_POWERS = 1000  # above which powers of ten are ticks enough on a logarithmic one
MOST_IN_A_COLUMN = 8  # of the legend
CONSTRAINTS = dict.fromkeys(("loss_kwargs", "validation_kwargs", "best_kwargs"), STYLE)


class LossCurveDisplay:
    """Plot of the loss of every epoch, and of the epoch whose weights were kept.

    `from_estimator` makes one from a fitted model; all parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,), or dict of them
        Training loss of every epoch. Several in one picture are a dict of them by name, and so are then
        `validation_loss_curve` and `best_iter`.
    validation_loss_curve : array-like of shape (n_epochs,), or dict of them, default=None
        The same of the validation rows; NaN for an epoch after which it was not measured.
    best_iter : int, or dict of them, default=None
        The epoch whose weights were kept, counted from 1. Shown beside a validation curve, by which it
        was chosen.
    estimator_name : str, default=None
        Put before each label in the legend, to tell several models on the same axes apart.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The training loss.
    validation_line_ : matplotlib Line2D or None
        The validation loss.
    best_line_ : matplotlib Line2D or None
        Vertical line at the epoch whose weights were kept.
    lines_, validation_lines_, best_lines_ : list of matplotlib Line2D or None
        The same of all curves; above are those of the first.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    LSTMRegressor : Its attributes `loss_curve_`, `validation_loss_curve_` and `best_iter_` are shown.

    Notes
    -----
    An epoch's training loss is the mean over its batches, each taken before its update and with the
    penalty; the validation loss is measured after the epoch and without. So early in training the
    validation curve may well be the lower one.

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
    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
        """Plot the losses that a fitted estimator went through.

        Parameters
        ----------
        estimator : estimator instance
            A fitted LSTMRegressor, or another with a `loss_curve_`, such as scikit-learn's MLPRegressor (of
            which the training loss is shown). It may be the last step of a Pipeline, the
            `best_estimator_` of a search, the regressor of a TransformedTargetRegressor or of a Forecaster, or these
            in each other. A Forecaster with `strategy="direct"` has a regressor for each step, and each has curves.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Put before each label in the legend, to tell several models on the same axes apart.
        log_scale, loss_kwargs, validation_kwargs, best_kwargs
            As for `plot`.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError, ValueError
            If it has no `loss_curve_`, or an argument is not as described.

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
        trained = _trained_in_epochs(estimator)
        curves = [
            {label: getattr(one, attribute, None) for label, one in trained.items()}
            for attribute in ("loss_curve_", "validation_loss_curve_", "best_iter_")
        ]
        loss, validation, best = curves if len(trained) > 1 else [curve[None] for curve in curves]
        display = cls(loss_curve=loss, validation_loss_curve=validation, best_iter=best, estimator_name=name)
        kwargs = {"loss_kwargs": loss_kwargs, "validation_kwargs": validation_kwargs, "best_kwargs": best_kwargs}
        return display.plot(ax, log_scale=log_scale, **kwargs)

    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
    def plot(self, ax=None, *, name=None, log_scale="auto", loss_kwargs=None, validation_kwargs=None, best_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Instead of `estimator_name`.
        log_scale : bool or "auto", default="auto"
            Whether the axis of the loss is logarithmic. "auto": where all losses on the axes are positive
            and the largest is more than ten times the smallest. True is linear around 0 where some are not
            positive (`"symlog"`).
        loss_kwargs : dict, default=None
            How to draw the training loss: keywords of matplotlib's `Axes.plot`.
        validation_kwargs : dict, default=None
            How to draw the validation loss: likewise.
        best_kwargs : dict, default=None
            How to draw the line at the epoch that was kept: keywords of `Axes.axvline`.

        Returns
        -------
        self : LossCurveDisplay
            Drawn.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if not (isinstance(log_scale, (bool, np.bool_)) or (isinstance(log_scale, str) and log_scale == "auto")):
            raise ValueError(f"log_scale must be True, False or 'auto', got {log_scale!r}.")
        if ax is not None:
            check_axes(ax)
        curves = _curves(self.loss_curve, self.validation_loss_curve, self.best_iter)
        check_styles(loss_kwargs=loss_kwargs, validation_kwargs=validation_kwargs, best_kwargs=best_kwargs)
        if ax is None:
            ax = new_axes()
        name = self.estimator_name if name is None else name
        self.ax_, self.figure_ = ax, ax.figure
        artists = []
        for label, curve in curves.items():
            prefix = "".join(f"{part}, " for part in (name, label) if part is not None)
            artists.append(_draw_curves(ax, prefix, *curve, loss_kwargs, validation_kwargs, best_kwargs))
        self.lines_, self.validation_lines_, self.best_lines_ = map(list, zip(*artists, strict=True))
        self.line_, self.validation_line_, self.best_line_ = artists[0]
        _set_axes(ax, log_scale)
        return self


def _trained_in_epochs(estimator):
    """The fitted estimators with the losses, by what each is called, which others may be wrapped around."""
    check_is_fitted(estimator)
    inner = estimator
    while not hasattr(inner, "loss_curve_"):
        if len(getattr(inner, "regressors_", [])) > 1:  # of a Forecaster
            every = enumerate(inner.regressors_, start=1)
            return {f"step {step}": one for step, model in every for one in _trained_in_epochs(model).values()}
        inside = _inside(inner)
        if inside is None:
            raise ValueError(_without_losses(estimator, inner))
        inner = inside
    return {None: inner}


def _inside(estimator):
    """What an estimator is wrapped around; None where nothing is known of it."""
    if hasattr(estimator, "best_estimator_"):
        return estimator.best_estimator_
    if hasattr(estimator, "regressors_"):
        return estimator.regressors_[0]
    if isinstance(getattr(estimator, "steps", None), list):
        return estimator.steps[-1][1]
    return getattr(estimator, "regressor_", None)


def _without_losses(estimator, inner):
    """What to say where there is no loss curve."""
    what = type(inner).__name__
    if inner is not estimator:
        what += f" inside of {type(estimator).__name__}"
    message = f"no loss_curve_ to plot in {what}: "
    if getattr(inner, "refit", True) is False:
        return message + "a search keeps its best estimator with refit=True only."
    if getattr(inner, "solver", None) == "lbfgs":
        return message + "with solver='lbfgs' it keeps none; choose another solver."
    return message + (
        "give a fitted LSTMRegressor or another estimator with loss_curve_ (alone, as the last step of a Pipeline, in "
        "a search, a TransformedTargetRegressor or a Forecaster), or the losses themselves to "
        "LossCurveDisplay(loss_curve=...)."
    )


def _curves(losses, validation, best):
    """Training losses, validation losses and the epoch kept of each curve, checked, by name."""
    if not isinstance(losses, dict):
        losses, validation, best = ({None: one} for one in (losses, validation, best))
    validation, best = ({} if one is None else one for one in (validation, best))
    if not losses or not isinstance(validation, dict) or not isinstance(best, dict):
        raise ValueError(
            "loss_curve, validation_loss_curve and best_iter must be dicts with the same names, or none of them one."
        )
    return {
        name: (
            _losses(curve, "loss_curve"),
            None if validation.get(name) is None else _losses(validation[name], "validation_loss_curve"),
            _epoch(best.get(name)),
        )
        for name, curve in losses.items()
    }


def _losses(curve, name):
    """A curve in float64."""
    try:
        losses = np.asarray(curve, dtype=np.float64)
    except (TypeError, ValueError):
        losses = np.empty(())
    if losses.ndim != 1:
        raise ValueError(f"{name} must be numbers, one for each epoch, got {curve!r:.80}.")
    return losses


def _epoch(best):
    if best is not None and (not isinstance(best, Integral) or isinstance(best, bool)):
        raise ValueError(f"best_iter must be None or the number of an epoch, got {best!r}.")
    return best


def _draw_curves(ax, prefix, losses, validation, best, loss_kwargs, validation_kwargs, best_kwargs):
    """The lines of one model: training, validation and the epoch that was kept."""
    line = _draw_curve(ax, losses, f"{prefix}training", loss_kwargs)
    if validation is None:
        return line, None, None
    held_out = _draw_curve(ax, validation, f"{prefix}validation", validation_kwargs)
    if best is None:
        return line, held_out, None
    return line, held_out, _mark_epoch(ax, best, f"{prefix}kept: epoch {best}", held_out, best_kwargs)


def _draw_curve(ax, losses, label, kwargs):
    style = line_style({"label": label}, kwargs)
    alone = without_neighbours(losses)
    if len(alone) and "marker" not in style:  # a line joins nothing to them: they would not be seen
        style |= {"marker": "o", "markevery": alone.tolist()}
    (line,) = ax.plot(np.arange(1, len(losses) + 1), losses, **style)
    if "marker" not in style:
        line.sticky_edges.x.append(1)  # no margin before the first epoch: there is no epoch 0 to show
    return line


def _mark_epoch(ax, epoch, label, line, kwargs):
    """A thin line from top to bottom, in the colour of the curve that it belongs to."""
    style = {"color": line.get_color(), "linestyle": "--", "linewidth": 1.0, "zorder": 1, "label": label}
    return ax.axvline(epoch, **line_style(style, kwargs))


def _set_axes(ax, log_scale):
    from matplotlib.ticker import MaxNLocator

    _set_loss_scale(ax, log_scale)
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    ax.set(xlabel="epoch", ylabel="loss")
    n_entries = len(ax.get_legend_handles_labels()[1])
    ax.legend(frameon=False, ncols=1 + (n_entries - 1) // MOST_IN_A_COLUMN)


def _set_loss_scale(ax, log_scale):
    """Choose it for all that is drawn on the axes: several models may share them."""
    lowest, highest = ax.dataLim.intervaly
    smallest = ax.dataLim.minposy  # of the positive ones; infinite where there are none
    if isinstance(log_scale, str):
        log_scale = lowest > 0 and highest > FACTOR_FOR_LOG * lowest
    if log_scale and np.isfinite(smallest):
        if lowest > 0:
            _set_log_scale(ax, powers_only=highest > FACTOR_FOR_POWERS * lowest)
        else:
            ax.set_yscale("symlog", linthresh=smallest)
    elif ax.get_yscale() != "linear":  # to set it again would undo what the user did to the ticks
        ax.set_yscale("linear")


def _set_log_scale(ax, powers_only):
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    if not powers_only:  # 0.1, 0.2, 0.5, 1 instead of one or two powers, or of 2 × 10⁻¹
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
