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


def effects(before, now):
    """Yield each variable, whether it has an effect in words, and the rates before and with it."""
    for variable, names in _names_by_variable(now).items():
        is_slower = any(slowdown(before[name], now[name]) > SLOWER for name in names)
        effect = "takes effect" if is_slower else "has no effect here" if variable else "cannot be limited"
        changes = (f"{name} {_number(before[name])} → {_number(now[name])} {now[name]['unit']}" for name in names)
        yield variable, effect, ", ".join(changes)


def lines(before, now):
    """Yield the rates in words: before and now, by the variable that should change them, or now alone."""
    if before is None:
        for names in _names_by_variable(now).values():
            yield ", ".join(f"{name} {_number(now[name])} {now[name]['unit']}" for name in names)
    else:
        for variable, effect, changes in effects(before, now):
            yield f"{variable} {effect}: {changes}".lstrip()


def _names_by_variable(rates):
    names = {}
    for name, rate in rates.items():
        names.setdefault(rate["variable"], []).append(name)
    return names


def _number(rate):
    return f"{rate['value']:.{0 if rate['value'] >= 10 else 2}f}"
