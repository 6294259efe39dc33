"""Settings of the property tests: few examples that never change, or many random ones.

    SKLSTM_EXAMPLES=50 python -m pytest -m "slow or not slow" -k properties --hypothesis-seed=1

tries 50 times as many examples as without the variable, drawn by the seed.
"""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("SKLSTM_EXAMPLES", "1"))


def examples(number):
    """Decorate a property test that tries this many examples, times SKLSTM_EXAMPLES."""
    return settings(
        max_examples=number * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
