"""Rules about the structure of the code that a reader would otherwise have to remember."""

from pathlib import Path

import sklstm
from tests.structure import any_annotations, functions, private_reads

ROOT = Path(sklstm.__file__).parent
# Interfaces of scikit-learn and Python whose names begin with an underscore.
NOT_OURS = ("_parameter_constraints", "_validate_params", "_init_callback_context", "_getframe", "_current_frames")


def test_functions_fit_a_screen():
    """But for the constructor that lists the hyper-parameters of the LSTM."""
    assert [part.name for part in functions(ROOT) if part.n_lines > 50] == ["_estimator/regressor.py:__init__"]


def test_functions_take_at_most_eight_parameters():
    """But for those that users call, whose signatures follow scikit-learn."""
    assert {part.name for part in functions(ROOT) if part.n_parameters > 8} == {
        "_estimator/regressor.py:__init__",
        "_forecasting/backtest.py:backtest",
        "_forecasting/forecaster.py:__init__",
        "_plot/backtest.py:from_predictions",
        "_plot/backtest.py:plot",
        "_plot/forecast.py:from_estimator",
        "_plot/forecast.py:from_predictions",
        "_plot/forecast.py:plot",
        "_plot/importance.py:from_estimator",
        "_plot/residuals.py:from_predictions",
        "interop/sktime.py:__init__",
    }


def test_no_object_reads_the_private_attributes_of_another():
    assert [read for read in private_reads(ROOT) if not read.endswith(NOT_OURS)] == []


def test_annotations_say_what_a_thing_is():
    assert list(any_annotations(ROOT)) == []


def test_filters_of_warnings_are_changed_where_threads_are_thought_of():
    """They hold for all threads, and `catch_warnings` puts back what another thread has set."""
    changed_in = {path.name for path in ROOT.rglob("*.py") if "warnings.simplefilter" in path.read_text()}
    assert changed_in == {"recorded_warnings.py"}
    assert [path.name for path in ROOT.rglob("*.py") if "with warnings.catch_warnings" in path.read_text()] == [
        "recorded_warnings.py"
    ]
