"""Whether the gates are computed by `np.tanh` or by `np.exp`: whichever this processor does faster.

sigmoid(a) = 1/2 + 1/2 tanh(a/2), so one tanh can compute all four gates. This is the fastest form where NumPy has a
tanh for AVX-512. On other processors exp takes at most 0.7 of the time of tanh, in both precisions, and

    sigmoid(a) = 1 / (1 + exp(-a))        tanh(a) = 2 / (1 + exp(-2a)) - 1

The results of the two forms differ by rounding. So that a machine always gives the same bits, the form follows from the
code that NumPy runs on this processor, for each precision, and never from a timing. Models do not store it: one that
was trained on another machine is computed in the form of this one.

The environment variable `SKLSTM_ACTIVATION` ("tanh" or "exp") forces a form. It is read once, when sklstm is imported.
"""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklstm._utils.typing import FloatDType

VARIABLE = "SKLSTM_ACTIVATION"
FORMS = "tanh", "exp"

# Elements of a block from which on exp pays off, by a dtype's character code (measured). It needs more calls of NumPy
# than tanh, and for few elements the number of calls decides.
WORTH_EXP = {"f": 2048, "d": 512}

# Names of NumPy's code for AVX-512, also as one of several: "X86_V4" from NumPy 2.4, "AVX512_SKX" before it.
_AVX512 = re.compile("X86_V4|AVX512")


class Choice(NamedTuple):
    """A form, "tanh" or "exp", and why it is used."""

    form: str
    reason: str


def forced_form(environment: Mapping[str, str]) -> str | None:
    """Return the form that the environment demands, or None. Raise a ValueError for one that does not exist."""
    form = environment.get(VARIABLE)
    if form and form not in FORMS:
        raise ValueError(
            f"The environment variable {VARIABLE} is {form!r}. Set it to 'tanh' or 'exp', or remove it to let the "
            "processor decide."
        )
    return form or None


_forced = forced_form(os.environ)


@cache
def choice(dtype: FloatDType) -> Choice:
    """Return the form for large blocks of a dtype, and why it is used."""
    if _forced is not None:
        return Choice(_forced, f"{VARIABLE}={_forced}")
    target = tanh_target(np.dtype(dtype).char)
    return Choice("tanh" if _AVX512.search(target) else "exp", f"NumPy's tanh runs as {target}")


def is_exp_faster(dtype: FloatDType, n_elements: int) -> bool:
    """Return whether a block of so many elements is to be computed by exp."""
    dtype = np.dtype(dtype)
    return choice(dtype).form == "exp" and (_forced is not None or n_elements >= WORTH_EXP[dtype.char])


def tanh_target(char: str) -> str:
    """Return NumPy's name for the processor features that its `tanh` uses here, for a dtype's character code.

    Examples: "X86_V4", "AVX512_SKX", "FMA3__AVX2", "baseline(SSE SSE2 SSE3)".
    """
    if hasattr(np.lib, "introspect"):  # from NumPy 2.1
        targets = np.lib.introspect.opt_func_info(func_name="^tanh$")
        return str(targets.get("tanh", {}).get(2 * char, {}).get("current", "code for any processor"))
    core = "numpy._core" if hasattr(np, "_core") else "numpy.core"
    features = import_module(f"{core}._multiarray_umath").__cpu_features__  # without the disabled ones
    return "AVX512_SKX" if features.get("AVX512_SKX") else "code without AVX-512"
