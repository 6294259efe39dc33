"""Warnings are ignored in one thread: the filters of other threads stay as they are."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import joblib
import pytest
from sklearn.utils.parallel import Parallel, delayed

from sklstm._utils.ignored_warnings import are_ignored, ignored_warnings


def warn(text):
    warnings.warn(text, stacklevel=2)
    return text


def warned(text):
    """Whether this thread gives a warning: it is an error where it does."""
    try:
        return not warn(text)
    except UserWarning:
        return True


def in_thread(function, *arguments):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result(10)


def test_warnings_are_ignored_and_remembered(recwarn):
    before = list(warnings.filters)
    with ignored_warnings() as ignored:
        assert are_ignored()
        warn("one")
        warn("two")
    assert not are_ignored()
    assert warnings.filters == before
    warn("three")
    assert ignored == ["one", "two"]
    assert [str(each.message) for each in recwarn] == ["three"]


def test_a_block_within_another_has_its_own_list():
    with ignored_warnings() as outer:
        with ignored_warnings() as inner:
            warn("one")
        warn("two")
    assert (outer, inner) == (["two"], ["one"])


def test_nothing_is_left_after_an_error():
    before = list(warnings.filters)
    with pytest.raises(KeyError), ignored_warnings():
        raise KeyError
    assert warnings.filters == before
    assert not are_ignored()


def test_a_filter_within_the_block_comes_first():
    with ignored_warnings() as ignored:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn("one")
        warn("two")
    assert ignored == ["two"]
    assert [str(each.message) for each in caught] == ["one"]


@pytest.mark.filterwarnings("error")
def test_other_threads_give_warnings():
    with ignored_warnings() as ignored:
        assert in_thread(warned, "elsewhere")
        assert not in_thread(copy_context().run, warned, "in a copy of the context")
    assert ignored == ["in a copy of the context"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ends_first", [True, False])
@pytest.mark.parametrize("other", [ignored_warnings, warnings.catch_warnings])
def test_blocks_that_overlap_leave_no_filter_behind(other, ends_first):
    """Of another thread, whose block begins during this one."""
    before = list(warnings.filters)
    begun, ends = threading.Event(), threading.Event()

    def overlap():
        with other():
            begun.set()
            assert ends.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with ignored_warnings():
            overlapping = pool.submit(overlap)
            assert begun.wait(10)
            if ends_first:
                ends.set()
                overlapping.result(10)
            assert not warned("here")
        assert warned("after the block")
        ends.set()
        overlapping.result(10)
    assert warnings.filters == before


@pytest.mark.filterwarnings("error")
def test_filters_are_sent_to_other_processes_as_regular_expressions():
    with ignored_warnings():
        here, elsewhere = (pickle.loads(run(pickle.dumps, warnings.filters[0])) for run in (call, in_thread))
    for sent, matches in ((here, True), (elsewhere, False)):
        assert sent[::2] == ("ignore", Warning, 0)
        assert bool(sent[1].match("any text")) is matches


def call(function, *arguments):
    return function(*arguments)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_of_scikit_learn_run_in_the_block(backend):
    """It gives them the filters, from 1.7 on."""
    with ignored_warnings(), joblib.parallel_config(backend):
        assert Parallel(2)(delayed(len)(text) for text in ("a", "ab")) == [1, 2]
