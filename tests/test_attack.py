"""The attack tells good answers from bad ones."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from tests.attack import (
    ACCEPTED,
    CHANGED,
    HUNG,
    RAW,
    REFUSED,
    UNCLEAR,
    VALUES,
    WARNED,
    Attempt,
    attack,
    bad,
    run_apart,
    sampled,
    state_of,
    variants,
)


def answers(kind):
    def call(**arguments):
        if kind == RAW:
            raise KeyError("steps")
        if kind == WARNED:
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        if kind != ACCEPTED:
            raise ValueError("steps must be 1" if kind == REFUSED else "nsteps is wrong")

    return call


@pytest.mark.parametrize("kind", [ACCEPTED, REFUSED, UNCLEAR, RAW, WARNED])
def test_kinds_of_answers(kind):
    (outcome,) = attack(answers(kind), {"steps": 1}, values={"'3'": lambda: "3"})
    assert outcome.kind == kind
    assert bool(bad([outcome])) == (kind not in (ACCEPTED, REFUSED))


def test_an_error_that_changes_the_state():
    model = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])

    def fit(steps):
        model.coef_ = np.zeros(1)
        raise ValueError("steps")

    (outcome,) = attack(fit, {"steps": 1}, values={"3": lambda: 3}, state=lambda: state_of(model))
    assert outcome.kind == CHANGED


def test_errors_of_numpy_are_raw():
    (outcome,) = attack(lambda axis: np.sum(np.ones(3), axis=axis), {"axis": 0}, values={"3": lambda: 3})
    assert outcome.kind == RAW  # although an AxisError is a ValueError


def test_every_value_can_be_made():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of np.matrix
        for make in VALUES.values():
            make()
    days = pd.date_range("2024", periods=12)
    series = pd.Series(np.arange(12.0), index=days, name="y")
    panel = pd.concat({"a": series, "b": series})
    for table in (np.arange(12.0), np.ones((4, 3, 2)), series, series.to_frame().assign(b=1.0), panel):
        for make in variants(table).values():
            make()


def slow_and_quick():
    """Attempts of which the second does not end."""
    calls = {"quick": lambda: None, "slow": lambda: time.sleep(100), "last": lambda: None}
    return [Attempt("steps", name, call) for name, call in calls.items()]


def test_endless_work_is_ended():
    outcomes = run_apart("tests.test_attack:slow_and_quick", limit=1)
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, HUNG, ACCEPTED]


def test_samples_are_the_same_each_time():
    assert sampled(list(range(100)), 5) == sampled(list(range(100)), 5)
    assert len(set(sampled(list(range(100)), 5))) == 5
