"""Calls in workers: the same results, warnings and errors as without."""

import os
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

from sklstm._utils.ignored_warnings import ignored_warnings
from sklstm._utils.interrupts import interrupts_are_raised
from sklstm._utils.parallel import call_each, is_parallel

WAYS = [(None, "loky"), (1, "loky"), (2, "loky"), (2, "threading")]


def seen(number, other):
    """What a call sees around itself."""
    threads = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    return number, other, threads, sklearn.get_config()["assume_finite"], np.geterr()["divide"]


def warn_twice(number):
    warnings.warn(f"first of {number}", UserWarning, stacklevel=1)
    warnings.warn(f"second of {number}", RuntimeWarning, stacklevel=1)


def fail_at_three(number):
    if number >= 3:
        raise ValueError(f"not {number}")


def process(_):
    return os.getpid()


def raises(_):
    return interrupts_are_raised()


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_results_in_order_in_the_same_surroundings(n_jobs, backend):
    with joblib.parallel_config(backend), sklearn.config_context(assume_finite=True), threadpool_limits(2):
        found = call_each(seen, ((number, "x") for number in range(5)), 5, n_jobs)
    blas = {1} if any(library["user_api"] == "blas" for library in threadpool_info()) else set()
    assert found == [(number, "x", blas, True, "warn") for number in range(5)]


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_warnings_are_given_here(n_jobs, backend):
    with joblib.parallel_config(backend), pytest.warns() as caught:
        call_each(warn_twice, ((number,) for number in range(3)), 3, n_jobs)
    expected = {
        (f"{which} of {n}", kind)
        for n in range(3)
        for which, kind in (("first", UserWarning), ("second", RuntimeWarning))
    }
    assert len(caught) == 6
    assert {(str(warning.message), warning.category) for warning in caught} == expected


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_warnings_are_ignored_where_the_caller_ignores_them(n_jobs, backend):
    with joblib.parallel_config(backend), ignored_warnings():
        call_each(warn_twice, ((number,) for number in range(3)), 3, n_jobs)


def test_calls_in_threads_do_not_touch_the_filters_of_warnings():
    """Which are those of all threads."""
    here = warnings.filters
    with joblib.parallel_config("threading"):
        assert call_each(lambda number: warnings.filters is here, [(0,), (1,)], 2, 2) == [True, True]


@pytest.mark.parametrize(("n_jobs", "backend"), WAYS)
def test_the_error_of_a_call_is_raised(n_jobs, backend):
    with joblib.parallel_config(backend), pytest.raises(ValueError, match="not 3"):
        call_each(fail_at_three, ((number,) for number in range(4)), 4, n_jobs)


def test_processes_and_fits_in_them():
    assert os.getpid() not in call_each(process, [(0,), (1,)], 2, 2)
    assert call_each(raises, [(0,), (1,)], 2, 2) == [True, True]
    assert call_each(process, [(0,)], 1, 2) == [os.getpid()]  # one call needs no worker


def test_is_parallel():
    assert not is_parallel(None, 5)
    assert not is_parallel(1, 5)
    assert not is_parallel(2, 1)
    assert is_parallel(2, 2)
    with joblib.parallel_config("threading", n_jobs=2):
        assert is_parallel(None, 5)
