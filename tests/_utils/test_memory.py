import os

import pytest

from sklstm._utils.memory import ADDRESSABLE, check_memory, total_memory


def test_what_fits_is_not_refused():
    assert check_memory(10**6, "hidden_size=8", "Choose a smaller one.") is None


@pytest.mark.parametrize(("n_bytes", "said"), [(5 * 10**18, "5e+09 GB"), (10**60, "10**51 GB")])
def test_what_does_not_fit_is_refused_with_its_size(n_bytes, said):
    with pytest.raises(
        ValueError, match=r"hidden_size=8 would need at least .* of memory, but there are .* GB"
    ) as caught:
        check_memory(n_bytes, "hidden_size=8", "Choose a smaller one.")
    assert said in str(caught.value)
    assert str(caught.value).endswith("Choose a smaller one.")


def test_a_system_that_does_not_say_what_memory_it_has(monkeypatch):
    assert 10**8 < total_memory() <= ADDRESSABLE
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert total_memory() == ADDRESSABLE
