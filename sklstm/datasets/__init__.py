"""Small series, and samples of a task, for examples and tests."""

from sklstm.datasets._adding_problem import make_adding_problem
from sklstm.datasets._airline import load_airline
from sklstm.datasets._pattern import make_pattern

__all__ = ["load_airline", "make_adding_problem", "make_pattern"]
