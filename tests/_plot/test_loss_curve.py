import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster, LossCurveDisplay, LSTMRegressor, make_windows
from sklstm.interop.keras import from_keras

X, y = make_windows(np.sin(np.arange(60) / 3), window_length=6, lead=1)
X = X[..., 0]
SMALL = LSTMRegressor(2, max_iter=4, learning_rate="cosine", random_state=0)
NAN = np.nan


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def drawn(**curves):
    """A display of these curves, drawn to the last tick."""
    options = {name: curves.pop(name) for name in ("ax", "log_scale") if name in curves}
    display = LossCurveDisplay(**curves).plot(**options)
    display.figure_.canvas.draw()
    return display


def epoch_ticks(display):
    lowest, highest = display.ax_.get_xlim()
    return [tick for tick in display.ax_.get_xticks() if lowest <= tick <= highest]


# ---- what is shown


def test_the_curves_are_those_of_the_model():
    model = LSTMRegressor(4, early_stopping=True, n_iter_no_change=5, learning_rate_init=0.1, random_state=0).fit(X, y)
    assert model.best_iter_ < model.n_iter_  # else there were nothing to tell apart
    display = LossCurveDisplay.from_estimator(model)
    epochs = np.arange(1, model.n_iter_ + 1)
    assert_array_equal(display.line_.get_data(), (epochs, model.loss_curve_))
    assert_array_equal(display.validation_line_.get_data(), (epochs, model.validation_loss_curve_))
    assert_array_equal(display.best_line_.get_xdata(), [model.best_iter_] * 2)
    assert labels(display) == ["training", "validation", f"kept: epoch {model.best_iter_}"]
    assert display.line_.get_color() != display.validation_line_.get_color() == display.best_line_.get_color()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    assert display.figure_ is display.ax_.figure


def test_without_validation_there_is_one_curve():
    model = clone(SMALL).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert model.best_iter_ == 4  # as for every model, but no validation chose it
    assert display.validation_line_ is display.best_line_ is None
    assert display.ax_.lines[:] == [display.line_]
    assert labels(display) == ["training"]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_model_of_scikit_learn_shows_its_training_loss(early_stopping):
    model = MLPRegressor(max_iter=300, tol=0.1, early_stopping=early_stopping, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert_array_equal(display.line_.get_ydata(), model.loss_curve_)
    assert display.validation_line_ is display.best_line_ is None


def test_plotting_again_shows_the_same_elsewhere():
    display = LossCurveDisplay(loss_curve=[3, 2, 1], validation_loss_curve=[2, 1, 2], best_iter=2, estimator_name="a")
    first = display.plot().ax_
    assert display.plot(name="b").ax_ is not first
    assert labels(display) == ["b, training", "b, validation", "b, kept: epoch 2"]
    display.validation_loss_curve = None
    assert display.plot().validation_line_ is display.best_line_ is None


# ---- where the model is


WRAPPED = {
    "alone": (SMALL, lambda fitted: fitted),
    "pipeline": (make_pipeline(StandardScaler(), SMALL), lambda fitted: fitted[-1]),
    "search": (GridSearchCV(SMALL, {"hidden_size": [1, 2]}, cv=2), lambda fitted: fitted.best_estimator_),
    "target": (TransformedTargetRegressor(SMALL, func=np.exp, inverse_func=np.log), lambda fitted: fitted.regressor_),
    "all of them": (
        GridSearchCV(
            make_pipeline(StandardScaler(), TransformedTargetRegressor(SMALL, transformer=StandardScaler())),
            {"transformedtargetregressor__regressor__hidden_size": [1, 2]},
            cv=2,
        ),
        lambda fitted: fitted.best_estimator_[-1].regressor_,
    ),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_the_model_is_found_inside_of_others(kind):
    wrapper, model = WRAPPED[kind]
    wrapper = clone(wrapper).fit(X, y)
    display = LossCurveDisplay.from_estimator(wrapper)
    assert_array_equal(display.line_.get_ydata(), model(wrapper).loss_curve_)


@pytest.mark.parametrize("kind", WRAPPED)
def test_what_is_not_fitted_is_refused(kind):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(WRAPPED[kind][0])


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Ridge(), r"^Ridge has no loss_curve_ to plot. Pass a fitted LSTMRegressor"),
        (make_pipeline(StandardScaler(), Ridge()), r"^Ridge inside Pipeline has no loss_curve_ to plot. Pass"),
        (BaggingRegressor(Ridge(), 2), r"^BaggingRegressor has no loss_curve_ to plot. Pass"),
        (GridSearchCV(SMALL, {"hidden_size": [1]}, cv=2, refit=False), r"^GridSearchCV has .*refit=True"),
        (MLPRegressor(hidden_layer_sizes=2, solver="lbfgs", tol=1), r"^MLPRegressor has .*Choose another solver"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_losses_is_refused(estimator, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_estimator(estimator.fit(X, y))
    assert not plt.get_fignums()


def test_what_is_no_estimator_is_refused():
    with pytest.raises(TypeError, match="not an estimator"):
        LossCurveDisplay.from_estimator([3.0, 2.0])


def test_a_model_trained_by_lbfgs_has_losses():
    model = LSTMRegressor(2, solver="lbfgs", tol=0.1, random_state=0).fit(X, y)
    assert_array_equal(LossCurveDisplay.from_estimator(model).line_.get_ydata(), model.loss_curve_)


# ---- how it is drawn


def test_several_models_share_axes():
    _, (ax, other) = plt.subplots(1, 2)
    curves = {"loss_curve": [3, 2, 1], "validation_loss_curve": [4, 3, 2], "best_iter": 3}
    first = LossCurveDisplay(**curves, estimator_name="a").plot(ax)
    second = LossCurveDisplay.from_estimator(clone(SMALL).fit(X, y), ax=ax, name="b")
    assert first.ax_ is second.ax_ is ax
    assert labels(second) == ["a, training", "a, validation", "a, kept: epoch 3", "b, training"]
    assert len({line.get_color() for line in (first.line_, first.validation_line_, second.line_)}) == 3
    assert not other.lines[:]
    assert ax.spines["top"].get_visible()  # how the user's own axes look is not ours to say
    assert len(plt.get_fignums()) == 1


def test_keywords_reach_what_is_drawn():
    model = LSTMRegressor(2, max_iter=3, learning_rate="cosine", early_stopping=True, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(
        model,
        log_scale=True,
        loss_kwargs={"c": "black", "lw": 3, "label": "mine"},
        validation_kwargs={"color": "red", "marker": "x"},
        best_kwargs={"ls": "-", "alpha": 0.5},
    )
    assert (display.line_.get_color(), display.line_.get_linewidth()) == ("black", 3)
    assert display.validation_line_.get_marker() == "x"
    assert to_hex(display.best_line_.get_color()) == to_hex("red")
    assert (display.best_line_.get_linestyle(), display.best_line_.get_alpha()) == ("-", 0.5)
    assert labels(display)[0] == "mine"
    assert display.ax_.get_yscale() == "log"


def test_a_keyword_under_two_names_is_refused():
    with pytest.raises(TypeError, match="aliases"):
        LossCurveDisplay(loss_curve=[1]).plot(loss_kwargs={"c": "red", "color": "blue"})


def test_epochs_without_validation_are_gaps():
    validation = [NAN, 0.4, NAN, 0.3, 0.2, NAN, 0.1]
    display = drawn(loss_curve=[3] * 7, validation_loss_curve=validation, best_iter=7)
    assert_array_equal(display.validation_line_.get_ydata(), validation)
    assert display.validation_line_.get_marker() == "o"
    assert display.validation_line_.get_markevery() == [1, 6]  # what no line leads to
    assert display.line_.get_marker() == "None"


def test_a_marker_of_the_users_is_at_every_epoch():
    display = LossCurveDisplay(loss_curve=[0.3, NAN, 0.2, 0.1]).plot(loss_kwargs={"marker": "s"})
    assert (display.line_.get_marker(), display.line_.get_markevery()) == ("s", None)


def test_a_single_epoch_is_a_point():
    display = drawn(loss_curve=[0.5], validation_loss_curve=[0.7], best_iter=1)
    assert display.line_.get_marker() == display.validation_line_.get_marker() == "o"
    assert epoch_ticks(display) == [1]
    lowest, highest = display.ax_.get_xlim()
    assert lowest < 1 < highest


@pytest.mark.parametrize("n_epochs", [2, 3, 7, 52, 2000])
def test_epochs_are_whole_numbers_from_1(n_epochs):
    ticks = epoch_ticks(drawn(loss_curve=np.linspace(2, 1, n_epochs)))
    assert 2 <= len(ticks) <= 11
    assert_array_equal(ticks, np.round(ticks))
    assert ticks[0] >= 1


def test_a_longer_run_on_the_same_axes_is_seen_to_its_end():
    display = drawn(loss_curve=[3, 2, 1])
    drawn(loss_curve=np.linspace(3, 1, 50), ax=display.ax_)
    assert display.ax_.get_xlim()[0] == 1
    assert display.ax_.get_xlim()[1] > 50


# ---- the axis of the loss


@pytest.mark.parametrize(
    ("losses", "validation", "log_scale", "scale"),
    [
        ([1, 0.5, 0.2], None, "auto", "linear"),
        ([1, 0.5, 0.05], None, "auto", "log"),
        ([1, 0.5, 0.2], [NAN, 0.5, 0.05], "auto", "log"),
        ([1, 0.01, 0], None, "auto", "linear"),
        ([1, 0.01, 0.01], [NAN, 1, -0.01], "auto", "linear"),
        ([1, 0.5, 0.2], None, True, "log"),
        ([1, 0.5, 0.05], None, False, "linear"),
        ([1, 0.01, 0], None, True, "symlog"),
        ([1, 0.01, -1], None, np.True_, "symlog"),
        ([0, 0, 0], None, True, "linear"),
        ([-1, -2, -3], None, True, "linear"),
        ([NAN, NAN], None, True, "linear"),
        ([], None, "auto", "linear"),
    ],
)
def test_the_scale_suits_the_losses(losses, validation, log_scale, scale):
    display = drawn(loss_curve=losses, validation_loss_curve=validation, log_scale=log_scale)
    assert display.ax_.get_yscale() == scale
    known = [loss for loss in losses if np.isfinite(loss)]
    lowest, highest = display.ax_.get_ylim()
    assert all(lowest <= loss <= highest for loss in known)


def test_the_scale_suits_all_models_on_the_axes():
    display = drawn(loss_curve=[1, 0.5, 0.01])
    assert drawn(loss_curve=[1, 0.9], ax=display.ax_).ax_.get_yscale() == "log"
    assert drawn(loss_curve=[1, 0], ax=display.ax_).ax_.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.6, 0.015], ["0.02", "0.05", "0.1", "0.2", "0.5"]),
        ([0.009, 0.0005], ["0.0005", "0.001", "0.002", "0.005", "0.01"]),
        ([0.6, 0.0002], ["$\\mathdefault{10^{-3}}$", "$\\mathdefault{10^{-2}}$", "$\\mathdefault{10^{-1}}$"]),
    ],
)
def test_a_logarithmic_axis_has_numbers_to_read(losses, expected):
    ax = drawn(loss_curve=losses).ax_
    lowest, highest = ax.get_ylim()
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    assert [label.get_text() for tick, label in ticks if lowest <= tick <= highest] == expected
    assert not any(label.get_text() for label in ax.get_yticklabels(minor=True))


def test_a_linear_axis_keeps_the_users_ticks():
    _, ax = plt.subplots()
    ax.yaxis.set_major_formatter("{x:.3f}")
    formatter = ax.yaxis.get_major_formatter()
    drawn(loss_curve=[1, 0.5], ax=ax)
    assert ax.yaxis.get_major_formatter() is formatter


@pytest.mark.parametrize("log_scale", ["log", None, 2])
def test_another_scale_is_refused(log_scale):
    with pytest.raises(ValueError, match="log_scale must be True, False or 'auto'"):
        LossCurveDisplay(loss_curve=[1]).plot(log_scale=log_scale)
    assert not plt.get_fignums()


# ---- of forecasters

SERIES = np.sin(np.arange(60) / 3)


@pytest.mark.parametrize("strategy", ["recursive", "multioutput"])
def test_the_model_inside_of_a_forecaster_is_found(strategy):
    forecaster = Forecaster(clone(SMALL), window_length=6, strategy=strategy, steps=2, trust=0.5).fit(None, SERIES)
    display = LossCurveDisplay.from_estimator(forecaster)
    assert_array_equal(display.line_.get_ydata(), forecaster.regressors_[0].loss_curve_)
    assert labels(display) == ["training"]


def test_every_regressor_of_a_direct_forecaster_has_curves():
    lstm = LSTMRegressor(2, max_iter=3, learning_rate="cosine", early_stopping=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), lstm)
    search = GridSearchCV(
        Forecaster(pipeline, strategy="direct", steps=2),
        {"window_length": [6]},
        cv=[(np.arange(50), np.arange(50, 52))],
    ).fit(np.empty((60, 0)), SERIES)
    display = LossCurveDisplay.from_estimator(search, name="m")
    fitted = [pipeline[-1] for pipeline in search.best_estimator_.regressors_]
    assert len(display.lines_) == len(display.validation_lines_) == len(display.best_lines_) == 2
    for model, line, held_out in zip(fitted, display.lines_, display.validation_lines_, strict=True):
        assert_array_equal(line.get_ydata(), model.loss_curve_)
        assert_array_equal(held_out.get_ydata(), model.validation_loss_curve_)
    assert labels(display)[::3] == ["m, step 1, training", "m, step 2, training"]
    assert display.line_ is display.lines_[0]
    assert len(display.plot().lines_) == 2  # again


@pytest.mark.parametrize("trust", [0.0, "auto"])
def test_a_forecaster_that_trained_no_regressor_says_so(trust):
    forecaster = Forecaster(clone(SMALL), window_length=6, trust=trust).fit(None, SERIES[:30])
    assert forecaster.regressors_ == []
    with pytest.raises(ValueError, match=r"^Forecaster has no loss_curve_ .*trust in its regressor is 0") as caught:
        LossCurveDisplay.from_estimator(forecaster)
    assert not plt.get_fignums()
    advice = re.search(r"example (forecaster\.set_params.*)\.$", str(caught.value)).group(1)
    advised = eval(advice, {"forecaster": forecaster, "X": None, "y": SERIES[:30]})
    assert len(LossCurveDisplay.from_estimator(advised).line_.get_ydata()) == SMALL.max_iter


def test_a_model_from_weights_has_no_losses_until_it_is_trained():
    rng = np.random.default_rng(0)
    lstm = [rng.normal(size=shape) for shape in ((1, 8), (2, 8), (8,))]
    given = from_keras([lstm, [rng.normal(size=(2, 1)), np.zeros(1)]])
    message = (
        r"LSTMRegressor{} has no losses to plot: this estimator was made from weights.* Train it with partial_fit first"
    )
    for estimator, inside in ((given, ""), (make_pipeline("passthrough", given), " inside Pipeline")):
        with pytest.raises(ValueError, match=message.format(inside)):
            LossCurveDisplay.from_estimator(estimator)
    given.partial_fit(X[..., np.newaxis], y)
    assert len(LossCurveDisplay.from_estimator(given).line_.get_xdata()) == 1


def test_a_forecaster_of_something_else_has_no_losses():
    with pytest.raises(ValueError, match=r"^Ridge inside Forecaster has no loss_curve_"):
        LossCurveDisplay.from_estimator(Forecaster(Ridge(), window_length=6).fit(None, SERIES))


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("loss_curve", "abc", ValueError),
        ("loss_curve", 3.0, ValueError),
        ("loss_curve", [[1.0]], ValueError),
        ("loss_curve", {}, ValueError),
        ("validation_loss_curve", "a", ValueError),
        ("validation_loss_curve", {"a": [1]}, ValueError),
        ("best_iter", "first", ValueError),
    ],
)
def test_what_is_no_curve_is_refused(argument, value, error):
    curves = {"loss_curve": [3, 2], "validation_loss_curve": [3, 2], "best_iter": 2} | {argument: value}
    with pytest.raises(error, match=argument):
        LossCurveDisplay(**curves).plot()
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("ax", "a", TypeError),
        ("loss_kwargs", {"colour": 1}, ValueError),
        ("validation_kwargs", 3, ValueError),
        ("best_kwargs", {"lw": "wide"}, ValueError),
    ],
)
def test_arguments_are_checked_before_anything_is_drawn(argument, value, error):
    with pytest.raises(error, match=argument):
        LossCurveDisplay(loss_curve=[3, 2]).plot(**{argument: value})
    assert not plt.get_fignums()
