"""What several tests need."""

import copy
import importlib
import json
import re
import sys
import warnings
from dataclasses import is_dataclass
from itertools import combinations, product
from pkgutil import iter_modules

import joblib
import numpy as np
import pandas as pd
import pytest
from dateutil.tz import gettz
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor

# pandas 2 does not know how dateutil keeps them now
ZONES_OF_DATEUTIL = [gettz(name) for name in ("Europe/Berlin", "Etc/GMT+5", "UTC") if pd.__version__ >= "3"]


def model(**settings):
    """Small and quick, with as many epochs as asked for and no more."""
    defaults = {"hidden_size": 4, "max_iter": 3, "tol": 0, "n_iter_no_change": np.inf, "random_state": 0}
    return LSTMRegressor(**{**defaults, **settings})


def fit(estimator, *args, **kwargs):
    """Fit without the warning that so few epochs bring."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*args, **kwargs)


def pairwise(names, *values, where=lambda *combination: True):
    """Parametrize by every combination, of which the fast tests take a few: every two values meet in one of them.

    The few are always the same. `where` says which combinations there are.
    """
    every = [c for c in product(*map(enumerate, values)) if where(*(value for _, value in c))]
    pairs = [set(combinations(enumerate(number for number, _ in c), 2)) for c in every]
    missing, few = set().union(*pairs), set()
    while missing:
        best = max(range(len(every)), key=lambda k: len(missing & pairs[k]))
        few.add(best)
        missing -= pairs[best]
    marks = [() if k in few else pytest.mark.slow for k in range(len(every))]
    cases = zip(every, marks, strict=True)
    return pytest.mark.parametrize(names, [pytest.param(*(value for _, value in c), marks=mark) for c, mark in cases])


def label(value):
    """Name a case by its value, short and without addresses in memory, which differ between processes."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", value if isinstance(value, str) else repr(value))[:100]


def changeable_dataclasses(package):
    """The names of the dataclasses of a package whose attributes can be set anew."""
    folder = importlib.import_module(f"sklstm.{package}")
    modules = [importlib.import_module(f"{folder.__name__}.{found.name}") for found in iter_modules(folder.__path__)]
    classes = {c for module in modules for c in vars(module).values() if isinstance(c, type) and is_dataclass(c)}
    own = [c for c in classes if c.__module__.startswith(folder.__name__)]
    return sorted(c.__name__ for c in own if not c.__dataclass_params__.frozen)


def named(layout, theta, index=0):
    """Views of the parameters of one layer and direction, and of the read-out, by `reference`'s names."""
    return {name: view[index] if isinstance(view, list) else view for name, view in layout.views(theta).items()}


def central_differences(loss, values, step=1e-3):
    """Gradient of `loss()` by changing `values` in place, to fourth order."""
    gradient = np.empty_like(values)
    for index in np.ndindex(values.shape):
        middle = values[index]
        at = []
        for k in (-2, -1, 1, 2):
            values[index] = middle + k * step
            at.append(loss())
        values[index] = middle
        gradient[index] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
    return gradient


def interrupted(number, call, is_traced, by_instruction=False):
    """Call with Ctrl-C at the so-manieth line, or instruction, of the code for which `is_traced(code)` holds.

    Return whether it came to that.
    """
    n_places = 0

    def trace(frame, event, argument):
        nonlocal n_places
        if not is_traced(frame.f_code):
            return None
        frame.f_trace_opcodes = by_instruction
        if event == ("opcode" if by_instruction else "line"):
            n_places += 1
            if n_places == number:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = by_instruction  # Python 3.12 asks one frame, when the function is set
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def changed(content, path, value):
    """Return a copy of nested lists and dicts with another value at a path."""
    content = copy.deepcopy(content)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


def not_plain(state):
    """The types in what an estimator pickles that are neither plain data nor estimators of sklstm or scikit-learn."""
    if state is None or type(state) in (bool, int, float, str):
        return set()
    if type(state) is dict:
        return set().union(*map(not_plain, [*state, *state.values()]))
    if type(state) in (list, tuple):
        return set().union(*map(not_plain, state))
    if type(state) is np.ndarray and state.dtype != object:
        return set()
    if type(state).__module__ == "sklstm":
        return not_plain(state.__getstate__())
    return set() if type(state).__module__.startswith("sklearn.") else {type(state)}


def saved_state(estimator, left_out=()):
    """A hash of what is saved of an estimator, but for some attributes, and for seeds of generators.

    A copy of a generator has another seed in NumPy 1.26.
    """
    state = {name: part for name, part in estimator.__getstate__().items() if name not in left_out}
    bundle = state.get("_plain_state")
    if bundle is not None:
        text = json.dumps(_without(json.loads(bundle["text"]), "seed_sequence"))
        parts = [saved_state(part) if isinstance(part, BaseEstimator) else part for part in bundle["objects"]]
        state = state | {"_plain_state": bundle | {"text": text, "objects": parts}}
    return joblib.hash(state)


def _without(content, name):
    """JSON without the parts of a name."""
    if isinstance(content, dict):
        return {key: _without(part, name) for key, part in content.items() if key != name}
    return [_without(part, name) for part in content] if isinstance(content, list) else content
