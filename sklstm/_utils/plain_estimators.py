"""Estimators of scikit-learn that are part of a default forecaster, as kinds of `plain_state.py`.

A file then names none of their private parts, such as the dtype in a `SimpleImputer`, which skops does not trust.
"""

from __future__ import annotations

from functools import cache

from sklstm._utils.plain_state import Kind, instance


@cache
def estimator_kinds() -> tuple[Kind, ...]:
    """Return the kinds; the modules are imported if need be."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    return tuple(map(_kind, (Pipeline, StandardScaler, SimpleImputer, RidgeCV)))


def _kind(cls: type) -> Kind:
    def make(state: dict[str, object]) -> object:
        made: object = object.__new__(cls)
        made.__setstate__(state)  # type: ignore[attr-defined] # which warns of another version of scikit-learn
        return made

    parts = {"state": instance(dict)}
    return Kind(cls.__name__, cls, parts, lambda value: {"state": value.__getstate__()}, make)  # type: ignore[attr-defined]
