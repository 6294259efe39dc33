"""Calls that do not depend on each other, in the workers of joblib: processes, threads, or those of a cluster."""

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from sklearn import config_context, get_config

from sklstm._utils.ignored_warnings import are_ignored, ignored_warnings
from sklstm._utils.interrupts import raises_interrupts
from sklstm._utils.recorded_warnings import Recorded, recorded_warnings
from sklstm._utils.threads import with_one_blas_thread
from sklstm._utils.user_warning import warn_user

Result = TypeVar("Result")


def is_parallel(n_jobs: int | None, n_calls: int) -> bool:
    """Whether so many calls are made in workers."""
    return n_calls > 1 and effective_n_jobs(n_jobs) != 1


def call_each(
    function: Callable[..., Result], arguments: Iterable[tuple[object, ...]], n_calls: int, n_jobs: int | None
) -> list[Result]:
    """Call a function once with each tuple of arguments, and return the results in order.

    BLAS uses one thread in each call, also without workers, because it rounds otherwise if it divides a product.
    Warnings in other processes are given here, in order. Results may be copies, as the arguments then are.

    Parameters
    ----------
    function : callable
        For processes, it must be pickled.
    arguments : iterable of tuple
        Read as workers become free.
    n_calls : int
        How many tuples there are.
    n_jobs : int or None
        As in joblib: how many calls run at the same time. None is 1, unless a `joblib.parallel_config` says otherwise.
    """
    if not is_parallel(n_jobs, n_calls):
        return [with_one_blas_thread(function)(*each) for each in arguments]
    surroundings = os.getpid(), get_config(), are_ignored()
    # scikit-learn's own `delayed` sets the filters of warnings in threads, where they are not put back in order
    outcomes = Parallel(n_jobs)(delayed(_in_worker)(surroundings, function, *each) for each in arguments)
    for _, warned in outcomes:
        for message, category in warned:
            warn_user(message, category)
    return [result for result, _ in outcomes]


@raises_interrupts
def _in_worker(
    surroundings: tuple[int, dict[str, object], bool], function: Callable[..., Result], *arguments: object
) -> tuple[Result, Recorded]:
    """Return the result, and the warnings that only this process has seen.

    `surroundings` are the caller's process, its configuration of scikit-learn, and whether it ignores warnings.
    """
    caller, config, ignores = surroundings
    function = with_one_blas_thread(function)
    with config_context(**config):
        if os.getpid() == caller:  # a thread: its warnings are seen
            with ignored_warnings() if ignores else nullcontext():
                return function(*arguments), []
        with recorded_warnings() as recorded:
            return function(*arguments), recorded
