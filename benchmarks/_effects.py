"""Say which of the variables that limit the libraries take effect, from rates before and after.

A library may ignore its variable, as MKL does on processors of AMD, or only repeat it in its reports, as PyTorch does.
"""

import json
import os
import subprocess
import sys

# The rates of a process as on this processor itself are handed on to the one as on a lesser processor here.
BEFORE = "BENCHMARKS_RATES_BEFORE"
# A rate that is slower by this factor shows that a variable has an effect. On a busy machine rates differ by 15 %.
SLOWER = 1.25


def rates_of_new_process(seconds):
    """`rates` of a new process with the environment as it is now."""
    command = [sys.executable, "-m", "benchmarks._rates", str(seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rates_before():
    """The rates that were measured before this process became one as on a lesser processor, or None."""
    return json.loads(os.environ.get(BEFORE, "null"))


def slowdown(before, now):
    """How many times as long the same work takes now."""
    quotient = now["value"] / before["value"]
    return 1 / quotient if now["unit"] == "GFlop/s" else quotient


def lines(before, now):
    """The rates in words: before and now, by the variable that should change them, or now alone."""
    for variable in dict.fromkeys(rate["variable"] for rate in now.values()):
        named = {name: rate for name, rate in now.items() if rate["variable"] == variable}
        if before is None:
            yield ", ".join(f"{name} {_number(rate)} {rate['unit']}" for name, rate in named.items())
            continue
        changes = [f"{name} {_number(before[name])} -> {_number(rate)} {rate['unit']}" for name, rate in named.items()]
        has_effect = any(slowdown(before[name], rate) > SLOWER for name, rate in named.items())
        effect = "takes effect" if has_effect else "has no effect here"
        yield f"{f'{variable} {effect}' if variable else 'cannot be limited'}: {', '.join(changes)}"


def _number(rate):
    return f"{rate['value']:.{0 if rate['value'] >= 10 else 2}f}"
