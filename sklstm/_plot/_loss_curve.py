"""The losses of training, epoch by epoch."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from sklstm._plot._axes import line_style, new_axes, without_neighbours

FACTOR_FOR_LOG = 10  # largest loss / smallest, above which the small ones cannot be read off a linear axis
FACTOR_FOR_POWERS = 1000  # above which powers of ten are ticks enough on a logarithmic one


class LossCurveDisplay:
    """Plot of the loss of every epoch, and of the epoch whose weights were kept.

    `from_estimator` makes one from a fitted model; all parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        Training loss of every epoch.
    validation_loss_curve : array-like of shape (n_epochs,), default=None
        The same of the validation rows; NaN for an epoch after which it was not measured.
    best_iter : int, default=None
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
            `best_estimator_` of a search, the regressor of a TransformedTargetRegressor, or these in each
            other.
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
        ValueError
            If it has no `loss_curve_`.

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
        display = cls(
            loss_curve=trained.loss_curve_,
            validation_loss_curve=getattr(trained, "validation_loss_curve_", None),
            best_iter=getattr(trained, "best_iter_", None),
            estimator_name=name,
        )
        kwargs = {"loss_kwargs": loss_kwargs, "validation_kwargs": validation_kwargs, "best_kwargs": best_kwargs}
        return display.plot(ax, log_scale=log_scale, **kwargs)

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
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if not (isinstance(log_scale, (bool, np.bool_)) or (isinstance(log_scale, str) and log_scale == "auto")):
            raise ValueError(f"log_scale must be True, False or 'auto', got {log_scale!r}.")
        if ax is None:
            ax = new_axes()
        name = self.estimator_name if name is None else name
        prefix = "" if name is None else f"{name}, "
        self.ax_, self.figure_ = ax, ax.figure
        self.validation_line_ = self.best_line_ = None
        self.line_ = _draw_curve(ax, self.loss_curve, f"{prefix}training", loss_kwargs)
        if self.validation_loss_curve is not None:
            self.validation_line_ = _draw_curve(
                ax, self.validation_loss_curve, f"{prefix}validation", validation_kwargs
            )
            if self.best_iter is not None:
                label = f"{prefix}kept: epoch {self.best_iter}"
                self.best_line_ = _mark_epoch(ax, self.best_iter, label, self.validation_line_, best_kwargs)
        _set_axes(ax, log_scale)
        return self


def _trained_in_epochs(estimator):
    """The fitted estimator with the losses, which others may be wrapped around."""
    check_is_fitted(estimator)
    inner = estimator
    while not hasattr(inner, "loss_curve_"):
        if hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "regressor_"):
            inner = inner.regressor_
        else:
            raise ValueError(_without_losses(estimator, inner))
    return inner


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
        "a search or in a TransformedTargetRegressor), or the losses themselves to LossCurveDisplay(loss_curve=...)."
    )


def _draw_curve(ax, losses, label, kwargs):
    losses = np.asarray(losses, dtype=np.float64)
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
    ax.legend(frameon=False)


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
