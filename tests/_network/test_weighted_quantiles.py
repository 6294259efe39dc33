from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklstm._network.weighted_quantiles import weighted_quantiles
from tests.property_settings import examples


def quantile(values, weights, level):
    return weighted_quantiles(np.array([values], np.float64), np.array(weights, np.float64), np.array([level]))[0, 0]


@pytest.mark.parametrize("unit", [1 / 3, 0.1, 1e-300, 1e290])
def test_a_tie_takes_the_lower_value_whatever_the_unit_of_the_weights(unit):
    """40 and 50 are both medians. A sum of thirds may be just below a half."""
    assert quantile([10, 40, 50, 90], np.array([1, 2, 1, 2]) * unit, 0.5) == 40
    assert quantile([10, 40, 40, 50, 90, 90], np.full(6, unit), 0.5) == 40
    assert quantile(range(10), np.full(10, unit), 0.3) == 2
    assert quantile(range(10), np.full(10, unit), 0.1 * 3) == 2


@examples(30)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=30),
    st.integers(1, 19),
    st.floats(1e-200, 1e200),
)
def test_integer_weights_are_repeated_values(pairs, twentieths, unit):
    """Exact fractions decide."""
    total = sum(weight for _, weight in pairs)
    if not total:
        return
    values, weights = map(np.array, zip(*pairs, strict=True))
    repeated = sorted(np.repeat(values, weights).tolist())
    position = -(-Fraction(twentieths, 20) * total // 1)
    expected = repeated[int(position) - 1]
    assert quantile(values, weights, twentieths / 20) == expected
    assert quantile(values, weights * unit, twentieths / 20) == expected
    assert quantile(repeated, np.full(total, unit), twentieths / 20) == expected


def test_one_huge_weight_among_tiny_ones():
    assert quantile([3, 1, 2], [1e-300, 1e-300, 1e290], 0.1) == 2
    assert quantile([3, 1, 2], [1e-300, 0, 0], 1e-12) == 3
