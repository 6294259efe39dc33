import copy
import pickle
import threading
from dataclasses import dataclass, replace

import joblib
import pytest

from sklstm._utils.caches import PickledByFields, cached_property


@dataclass(frozen=True)
class Square(PickledByFields):
    side: float
    log: list

    @cached_property
    def area(self):
        """Side by side."""
        self.log.append(self.side)
        return self.side**2


def test_a_value_is_computed_once_for_each_object():
    one, other = Square(3, []), Square(4, [])
    assert [one.area, other.area, one.area, other.area] == [9, 16, 9, 16]
    assert one.log == [3]
    assert Square.area.__doc__ == "Side by side."
    assert replace(one, side=5).area == 25


def test_an_error_is_not_kept():
    square = Square("3", [])
    for _ in range(2):
        with pytest.raises(TypeError):
            square.area  # noqa: B018
    assert len(square.log) == 2


def test_what_is_kept_is_neither_pickled_nor_copied():
    square = Square(3, [])
    before, hashed = pickle.dumps(Square(3, [3])), joblib.hash(Square(3, [3]))
    assert square.area == 9
    assert pickle.dumps(square) == before
    assert joblib.hash(square) == hashed
    for other in (pickle.loads(before), copy.copy(square), copy.deepcopy(square)):
        assert vars(other) == {"side": 3, "log": [3]}
        assert other.area == 9


def test_a_thread_that_computes_stops_no_other():
    """As the lock of Python 3.11 did; a forked process has only one of them, and would wait for ever."""
    begun, go_on, went_on = threading.Event(), threading.Event(), []

    class Slow(PickledByFields):
        @cached_property
        def value(self):
            if threading.current_thread() is not threading.main_thread():
                begun.set()
                went_on.append(go_on.wait(20))
            return 1

    slow = Slow()
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    assert begun.wait(60)
    assert slow.value == 1
    go_on.set()
    thread.join()
    assert went_on == [True]
