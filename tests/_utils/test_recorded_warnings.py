"""Warnings are recorded by thread, and the filters are as before when the last thread is done."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from sklstm._utils.ignored_warnings import ignored_warnings
from sklstm._utils.recorded_warnings import recorded_warnings


def warn(text, category=UserWarning):
    warnings.warn(text, category, stacklevel=2)


def state():
    return list(warnings.filters), warnings.showwarning


@pytest.mark.filterwarnings("error")
def test_every_warning_is_recorded_and_none_is_raised():
    before = state()
    with recorded_warnings() as recorded:
        for _ in range(2):
            warn("again")
        warn("other", RuntimeWarning)
        with ignored_warnings():
            warn("ignored")
    assert recorded == [("again", UserWarning), ("again", UserWarning), ("other", RuntimeWarning)]
    assert state() == before


def test_nothing_is_left_after_an_error():
    before = state()
    with pytest.raises(KeyError), recorded_warnings():
        raise KeyError
    assert state() == before


@pytest.mark.parametrize("ends_first", [True, False])
def test_threads_that_overlap_record_their_own(ends_first):
    before = state()
    begun, ends = threading.Event(), threading.Event()

    def overlap():
        with recorded_warnings() as recorded:
            begun.set()
            assert ends.wait(10)
            warn("there")
        return recorded

    with ThreadPoolExecutor(1) as pool:
        with recorded_warnings() as recorded:
            overlapping = pool.submit(overlap)
            assert begun.wait(10)
            warn("here")
            if ends_first:
                ends.set()
                overlapping.result(10)
            warn("here, too")
        ends.set()
        assert overlapping.result(10) == [("there", UserWarning)]
    assert recorded == [("here", UserWarning), ("here, too", UserWarning)]
    assert state() == before


def test_threads_that_record_none_show_theirs(recwarn):
    with recorded_warnings() as recorded, ThreadPoolExecutor(1) as pool:
        pool.submit(warn, "elsewhere").result(10)
        warn("here")
    assert recorded == [("here", UserWarning)]
    assert [str(each.message) for each in recwarn] == ["elsewhere"]
