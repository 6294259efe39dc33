"""What is public is documented: every parameter, every fitted attribute, an example."""

import inspect
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import Ridge

import sklstm
from sklstm import (
    BacktestDisplay,
    BacktestResult,
    ForecastDisplay,
    Forecaster,
    LossCurveDisplay,
    LSTMRegressor,
    WindowTransformer,
    backtest,
    datasets,
    default_regressor,
    make_windows,
    split_panel,
)

PUBLIC = [
    BacktestDisplay,
    BacktestResult,
    ForecastDisplay,
    backtest,
    Forecaster,
    LSTMRegressor,
    LossCurveDisplay,
    WindowTransformer,
    default_regressor,
    make_windows,
    split_panel,
    datasets.load_airline,
    datasets.make_pattern,
]


def test_names():
    assert sklstm.__all__ == [
        "BacktestDisplay",
        "BacktestResult",
        "ForecastDisplay",
        "Forecaster",
        "LSTMRegressor",
        "LossCurveDisplay",
        "WindowTransformer",
        "__version__",
        "backtest",
        "default_regressor",
        "make_windows",
        "split_panel",
    ]
    assert datasets.__all__ == ["load_airline", "make_pattern"]


def test_data_sets_are_at_hand_and_loaded_when_they_are_asked_for():
    code = (
        "import sys, sklstm; assert 'sklstm.datasets' not in sys.modules; assert 'datasets' in dir(sklstm);"
        "print(len(sklstm.datasets.load_airline()), hasattr(sklstm, 'data'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["144", "False"]
    with pytest.raises(AttributeError, match="module 'sklstm' has no attribute 'data'"):
        sklstm.data  # noqa: B018


def test_signatures_are_the_design():
    assert str(inspect.signature(LSTMRegressor)) == (
        "(hidden_size=32, *, n_layers=1, bidirectional=False, dropout=0.0, n_channels=1, n_targets=None, "
        "instance_norm=None, standardize=True, missing='skip', loss='squared_error', delta=1.0, quantile=0.5, "
        "loss_steps='last', solver='adam', learning_rate='constant', learning_rate_init=0.01, power_t=0.5, "
        "momentum=0.9, nesterovs_momentum=True, beta_1=0.9, beta_2=0.999, epsilon=1e-08, rho=0.9, alpha=0.0, "
        "clip_norm=1.0, clip_value=None, batch_size='auto', max_iter=200, max_fun=15000, tol=0.0001, "
        "n_iter_no_change=10, early_stopping=False, validation_fraction=0.1, validation_split='last', "
        "validation_gap=0, shuffle=True, warm_start=False, random_state=None, verbose=False)"
    )
    assert str(inspect.signature(LSTMRegressor.fit)) == (
        "(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None)"
    )
    assert str(inspect.signature(WindowTransformer)) == "(window_length=24, *, lead=1, flatten=False, dtype=None)"
    assert str(inspect.signature(make_windows)) == (
        "(series, window_length, *, lead=1, stride=1, targets='last', n_outputs=None)"
    )
    assert str(inspect.signature(Forecaster)) == (
        "(regressor=None, *, window_length=24, strategy='recursive', steps=None, past_only=None, "
        "target_transformer=None, intervals=None, calibration_size=0.2, drop_incomplete='auto', dtype=None, "
        "clip_recursion=True, verbose=False)"
    )
    assert str(inspect.signature(Forecaster.forecast)) == "(self, steps, X_future=None, *, history=None, coverage=None)"
    assert str(inspect.signature(Forecaster.fit)) == "(self, X, y=None, sample_weight=None)"
    assert str(inspect.signature(Forecaster.update)) == ("(self, X, y=None, train=False, *, learning_rate_init=None)")
    assert str(inspect.signature(backtest)) == (
        "(forecaster, X, y, *, steps, n_origins=None, cv=None, refit=True, season=1, coverage=None, "
        "sample_weight=None, verbose=0)"
    )
    assert str(inspect.signature(split_panel)) == "(index, n_splits, test_size, gap=0)"
    assert str(inspect.signature(LSTMRegressor.forecast)) == "(self, steps, X_future=None, *, context=None, clip=True)"


def section(doc, name):
    found = re.search(rf"\n {{0,4}}{name}\n {{0,4}}-+\n(.*?)(?=\n {{0,4}}[A-Z][A-Za-z ]+\n {{0,4}}-+\n|\Z)", doc, re.S)
    return found.group(1) if found else ""


def documented(doc, name):
    """Names before ` :` at the margin of a section, also several with commas."""
    doc = inspect.cleandoc(doc)
    heads = re.findall(r"^(\S[^:\n]*?)(?: :|$)", section("\n" + doc, name), re.M)
    return [part.strip() for head in heads for part in head.split(",")]


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: thing.__name__)
def test_every_parameter_is_documented(thing):
    parameters = list(inspect.signature(thing).parameters)
    assert documented(thing.__doc__, "Parameters") == parameters
    assert ">>> " in section("\n" + inspect.cleandoc(thing.__doc__), "Examples")


RESULT = backtest(Forecaster(Ridge(), window_length=2), None, np.arange(9.0), steps=1, n_origins=2)
OFFERS_ALL = {  # some methods are there for some settings only
    BacktestDisplay: BacktestDisplay(frame=RESULT.frame),
    BacktestResult: RESULT,
    ForecastDisplay: ForecastDisplay(history=pd.Series([1.0, 2.0]), forecast=pd.Series([3.0], [2])),
    Forecaster: Forecaster(),
    LSTMRegressor: LSTMRegressor(loss="quantile"),
    LossCurveDisplay: LossCurveDisplay(loss_curve=[0.5, 0.2], validation_loss_curve=[0.6, 0.4], best_iter=2),
    WindowTransformer: WindowTransformer(flatten=True),
}
METHODS = [
    (cls, name)
    for cls in OFFERS_ALL
    for name in vars(cls)
    if not name.startswith("_") and callable(getattr(cls, name, None))
]


@pytest.mark.parametrize(("cls", "name"), METHODS, ids=lambda value: getattr(value, "__name__", value))
def test_every_method_documents_its_parameters(cls, name):
    method = inspect.unwrap(getattr(OFFERS_ALL[cls], name))
    parameters = [name for name in inspect.signature(method).parameters if name not in ("self", "cls")]
    assert documented(method.__doc__, "Parameters") == parameters
    assert section("\n" + inspect.cleandoc(method.__doc__), "Returns")


@pytest.mark.parametrize("cls", [BacktestDisplay, ForecastDisplay, LossCurveDisplay])
def test_every_attribute_of_a_display_is_documented(cls):
    display = OFFERS_ALL[cls].plot(Figure().subplots())
    drawn = [name for name in vars(display) if name.endswith("_")]
    assert sorted(documented(cls.__doc__, "Attributes")) == sorted(drawn)


def test_every_attribute_of_a_forecaster_is_documented():
    fitted = Forecaster(Ridge(), window_length=2).fit(pd.DataFrame({"x": np.ones(9)}), np.arange(9.0))
    own = [name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")]
    properties = [name for name, value in vars(Forecaster).items() if isinstance(value, property)]
    assert sorted(documented(Forecaster.__doc__, "Attributes")) == sorted(own + properties)


def test_every_fitted_attribute_is_documented():
    model = LSTMRegressor(2, max_iter=1, tol=0).partial_fit(np.ones((3, 2)), [1.0, 2.0, 3.0])
    fitted = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    described = set(documented(LSTMRegressor.__doc__, "Attributes"))
    assert fitted <= described
    properties = {name for name, value in vars(LSTMRegressor).items() if isinstance(value, property)}
    curves = {"loss_curve_", "validation_loss_curve_", "validation_scores_"}
    assert properties == {"weight_ih_", "weight_hh_", "bias_", "readout_weight_", "readout_bias_"} | curves
    for name in properties - curves:
        doc = getattr(LSTMRegressor, name).__doc__
        assert "gates i, f, o, g" in doc
        assert "sum of PyTorch's two" in " ".join(doc.split())
