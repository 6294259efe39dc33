import inspect
import pickle
import sys

import pytest
from sklearn.utils import all_estimators

import sklstm
from sklstm import Forecaster, LSTMRegressor, datasets
from sklstm._utils.public import public

NAMES = [name for name in sklstm.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_public_is_of_the_package(name):
    thing = getattr(sklstm, name)
    assert (thing.__module__, thing.__qualname__) == ("sklstm", name)
    assert pickle.loads(pickle.dumps(thing)) is thing
    assert b"._" not in pickle.dumps(thing)


def test_data_sets_are_of_their_package():
    for name in datasets.__all__:
        assert getattr(datasets, name).__module__ == "sklstm.datasets"


def test_examples_are_found_where_they_are_written():
    written = inspect.getmodule(inspect.unwrap(Forecaster.components))
    assert written.__test__ == {"Forecaster": Forecaster}


def test_the_source_of_methods_and_functions_is_found():
    assert "def forecast(" in inspect.getsource(Forecaster.forecast)
    assert "def split_panel(" in inspect.getsource(sklstm.split_panel)


def test_scikit_learn_does_not_take_them_for_its_own():
    assert not {"LSTMRegressor", "Forecaster"} & {name for name, _ in all_estimators()}
    assert "sklearn.sklstm" not in LSTMRegressor()._repr_html_()


def test_a_name_is_given_to_what_is_decorated():
    module = sys.modules[__name__]
    try:

        @public
        def example():
            """Say nothing."""

        assert example.__module__ == "tests"  # the package above tests._utils
        assert module.__test__ == {"example": example}
    finally:
        del module.__test__
