"""Every argument of every public function has a row in a table of bad input, or a reason why it has none."""

import importlib
import inspect
from dataclasses import replace
from pkgutil import iter_modules

import sklstm
from sklstm import datasets
from tests import bad_input

# Why arguments have no row: by function and argument, by function, or by argument.
REASONS = {
    "Checkpoint": "files, and what is wrong in them, are in tests/_checkpoint",
    "Checkpoint.setup": "called by scikit-learn",
    "Checkpoint.teardown": "called by scikit-learn",
    "Checkpoint.on_fit_task_begin": "called by scikit-learn",
    "Checkpoint.on_fit_task_end": "called by scikit-learn",
    "save_checkpoint": "files, and what is wrong in them, are in tests/_checkpoint",
    "load_checkpoint": "files, and what is wrong in them, are in tests/_checkpoint",
    "LSTMRegressor.resume": "the data must be those of the checkpoint, which tests/_checkpoint tries",
    "Forecaster.resume": "the data must be those of the checkpoint, which tests/_checkpoint tries",
    "LagsToSequences.fit": {"y": "ignored, as in all transformers"},
    "WindowTransformer.fit": {"y": "ignored, as in all transformers"},
}


def functions():
    """Every public function and class by name, and the methods that are written in this package."""
    for name in sklstm.__all__:
        found = getattr(sklstm, name)
        if callable(found):
            yield name, found
        if inspect.isclass(found):
            for method, function in inspect.getmembers(found, callable):
                if not method.startswith("_") and getattr(function, "__module__", "").partition(".")[0] == "sklstm":
                    yield f"{name}.{method}", function
    yield from ((f"datasets.{name}", getattr(datasets, name)) for name in datasets.__all__)


def arguments():
    """(function, argument) of all of them."""
    for name, function in functions():
        yield from ((name, argument) for argument in inspect.signature(function).parameters if argument != "self")


def rows():
    """All rows of the tables."""
    modules = [found.name for found in iter_modules(bad_input.__path__) if found.name.startswith("test_")]
    tables = [importlib.import_module(f"{bad_input.__name__}.{name}") for name in modules]
    found = [row for table in tables for row in getattr(table, "ROWS", ())]
    return [replace(row, function=row.function.partition(" ")[0]) for row in found]  # without what it was called on


def has_reason(function, argument):
    reason = REASONS.get(function, ())
    return isinstance(reason, str) or argument in reason


def test_every_argument_has_a_row_or_a_reason():
    """A display checks its arguments in one place, whichever of its methods gets them."""
    known = {(row.function, row.argument) for row in rows()}
    known |= {(row.function.partition(".")[0], row.argument) for row in rows() if "Display" in row.function}
    missing = []
    for function, argument in arguments():
        owner = function.partition(".")[0]
        is_display = owner.endswith("Display") and (owner, argument) in known
        if (function, argument) not in known and not is_display and not has_reason(function, argument):
            missing.append(f"{function}({argument}=)")
    assert missing == []


def test_rows_are_of_arguments_that_exist():
    names = {name for name, _ in functions()}
    names |= {f"{name}.set_params" for name in ("LSTMRegressor", "Forecaster", "WindowTransformer", "LagsToSequences")}
    assert {row.function for row in rows()} - names == set()


def test_no_reason_is_out_of_date():
    assert REASONS.keys() - {name for name, _ in functions()} == set()


def test_there_are_at_least_150_rows_and_no_row_twice():
    names = [f"{row.function} {row.argument} {row.kind} {row.says}" for row in rows()]
    assert len(names) >= 150
    assert sorted(set(names)) == sorted(names)
