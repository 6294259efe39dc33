"""Small series for examples and tests."""

from sklstm.datasets._airline import load_airline
from sklstm.datasets._pattern import make_pattern

__all__ = ["load_airline", "make_pattern"]
