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
    Checkpoint,
    ForecastDisplay,
    Forecaster,
    ImportanceDisplay,
    LagsToSequences,
    LossCurveDisplay,
    LSTMRegressor,
    ResidualsDisplay,
    SeasonDisplay,
    WindowTransformer,
    backtest,
    datasets,
    default_regressor,
    load_checkpoint,
    make_windows,
    save_checkpoint,
    show_versions,
    split_panel,
)
from sklstm.interop.onnx import register, to_onnx

PUBLIC = [
    BacktestDisplay,
    BacktestResult,
    Checkpoint,
    ForecastDisplay,
    backtest,
    Forecaster,
    LSTMRegressor,
    ImportanceDisplay,
    LagsToSequences,
    LossCurveDisplay,
    ResidualsDisplay,
    SeasonDisplay,
    WindowTransformer,
    default_regressor,
    load_checkpoint,
    make_windows,
    save_checkpoint,
    show_versions,
    split_panel,
    datasets.load_airline,
    datasets.make_adding_problem,
    datasets.make_pattern,
    register,
    to_onnx,
]


def test_names():
    assert sklstm.__all__ == [
        "BacktestDisplay",
        "BacktestResult",
        "Checkpoint",
        "ForecastDisplay",
        "Forecaster",
        "ImportanceDisplay",
        "LSTMRegressor",
        "LagsToSequences",
        "LossCurveDisplay",
        "ResidualsDisplay",
        "SeasonDisplay",
        "WindowTransformer",
        "__version__",
        "backtest",
        "default_regressor",
        "load_checkpoint",
        "make_windows",
        "save_checkpoint",
        "show_versions",
        "split_panel",
    ]
    assert datasets.__all__ == ["load_airline", "make_adding_problem", "make_pattern"]


def test_data_sets_and_displays_are_at_hand_and_loaded_when_they_are_asked_for():
    code = (
        "import sys, sklstm; assert not {'sklstm.datasets', 'sklstm._plot'} & set(sys.modules);"
        "assert {'datasets', 'SeasonDisplay'} <= set(dir(sklstm)); assert sklstm.SeasonDisplay.__name__ in dir(sklstm);"
        "print(len(sklstm.datasets.load_airline()), hasattr(sklstm, 'data'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["144", "False"]
    with pytest.raises(AttributeError, match="module 'sklstm' has no attribute 'data'"):
        sklstm.data  # noqa: B018


def section(doc, name):
    found = re.search(rf"\n {{0,4}}{name}\n {{0,4}}-+\n(.*?)(?=\n {{0,4}}[A-Z][A-Za-z ]+\n {{0,4}}-+\n|\Z)", doc, re.S)
    return found.group(1) if found else ""


def documented(doc, name):
    """Names before ` :` at the margin of a section, also several with commas."""
    doc = inspect.cleandoc(doc)
    heads = re.findall(r"^(\S[^:\n]*?)(?: :|$)", section("\n" + doc, name), re.M)
    return [part.strip() for head in heads for part in head.split(",")]


RESULT = backtest(Forecaster(Ridge(), window_length=2), None, np.arange(9.0), steps=1, n_origins=2)
LEVELS = pd.MultiIndex.from_tuples([("y", "lag", 1)], names=["variable", "kind", "number"])
IMPORTANCES = pd.DataFrame({0: [1.0]}, index=LEVELS)
OFFERS_ALL = {  # some methods are there for some settings only
    BacktestDisplay: BacktestDisplay(frame=RESULT.frame),
    BacktestResult: RESULT,
    ForecastDisplay: ForecastDisplay(history=pd.Series([1.0, 2.0]), forecast=pd.Series([3.0], [2])),
    Forecaster: Forecaster(),
    LagsToSequences: LagsToSequences(),
    LSTMRegressor: LSTMRegressor(loss="quantile"),
    LossCurveDisplay: LossCurveDisplay(loss_curve=[0.5, 0.2], validation_loss_curve=[0.6, 0.4], best_iter=2),
    ImportanceDisplay: ImportanceDisplay(importances=IMPORTANCES),
    ResidualsDisplay: ResidualsDisplay(residuals=pd.Series([1.0, -1.0])),
    SeasonDisplay: SeasonDisplay(seasonal_index=pd.DataFrame({"factor": [1.0, 1.0], "addend": [1.0, -1.0]})),
    WindowTransformer: WindowTransformer(flatten=True),
}


def fitted():
    """Every estimator and display with all the attributes that a fit, or a drawing, may give it."""
    X, y = pd.DataFrame({"a": np.arange(9.0), "b": 1.0}), np.arange(9.0) ** 2
    yield Forecaster(Ridge(), window_length=2).fit(X, y)
    yield LSTMRegressor(2, max_iter=1, learning_rate="cosine", early_stopping=True).fit(X, y)
    yield WindowTransformer(2).fit(X)
    yield LagsToSequences(2).fit(X)
    for display in (BacktestDisplay, ForecastDisplay, LossCurveDisplay):
        yield OFFERS_ALL[display].plot(Figure().subplots())
    for display in (ImportanceDisplay, ResidualsDisplay, SeasonDisplay):
        yield OFFERS_ALL[display].plot()


def without_parameters():
    """What is public and does not document its parameters, in their order, what it returns, or an example."""
    for thing in PUBLIC:
        if documented(thing.__doc__, "Parameters") != list(inspect.signature(thing).parameters):
            yield thing.__name__, "Parameters"
        if ">>> " not in section("\n" + inspect.cleandoc(thing.__doc__), "Examples"):
            yield thing.__name__, "Examples"
    for cls, offers in OFFERS_ALL.items():
        for name in vars(cls):
            if name.startswith("_") or not callable(getattr(cls, name, None)):
                continue
            method = inspect.unwrap(getattr(offers, name))
            parameters = [part for part in inspect.signature(method).parameters if part not in ("self", "cls")]
            if documented(method.__doc__, "Parameters") != parameters:
                yield method.__qualname__, "Parameters"
            if not section("\n" + inspect.cleandoc(method.__doc__), "Returns"):
                yield method.__qualname__, "Returns"
            of_scikit_learn = name.startswith("set_") and name.endswith("_request")
            if not of_scikit_learn and ">>> " not in section("\n" + inspect.cleandoc(method.__doc__), "Examples"):
                yield method.__qualname__, "Examples"


def other_attributes():
    """What has attributes that its documentation leaves out, or the other way round."""
    for thing in fitted():
        cls = type(thing)
        own = {name for name in vars(thing) if name.endswith("_") and not name.startswith("_")}
        own |= {name for name, value in vars(cls).items() if isinstance(value, property) and name[0] != "_"}
        if own != set(documented(cls.__doc__, "Attributes")):
            yield cls.__name__, own.symmetric_difference(documented(cls.__doc__, "Attributes"))


def test_what_is_public_is_documented():
    assert [*without_parameters(), *other_attributes()] == []


def test_the_weights_are_told_in_the_order_of_the_gates():
    for name in ("weight_ih_", "weight_hh_", "bias_", "readout_weight_", "readout_bias_"):
        doc = getattr(LSTMRegressor, name).__doc__
        assert "gates i, f, o, g" in doc
        assert "sum of PyTorch's two" in " ".join(doc.split())
