"""One model for all series of a panel (global), or one for each of them (local).

Montero-Manso, P. and Hyndman, R. J. (2021), *Principles and algorithms for forecasting groups of time series: Locality
and globality*, International Journal of Forecasting 37(4), compare the two.
"""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from sklstm._series.training_data import TrainingData
from sklstm._utils.argument_checks import naming
from sklstm._utils.user_warning import warning_about

GLOBAL, LOCAL = "global", "local"


def is_local(forecaster, data):
    """Whether each series of the training data has a model of its own. A single series has one in any case."""
    return forecaster.pooling == LOCAL and data.spec.output_format.is_panel


def models_of(forecaster, data):
    """Return the TrainingData of each model that a forecaster trains: by series, or all of them under None."""
    return {key: of_one_series(data, key) for key in data.series} if is_local(forecaster, data) else {None: data}


def of_one_series(data, key):
    """Return the TrainingData of one series of a panel, as if it had been given alone."""
    part = data.series[key]
    spec = replace(data.spec, output_format=replace(data.spec.output_format, levels=None), step=None)
    weight = None if data.weight is None else data.weight[part.rows]
    return TrainingData({None: replace(part, rows=np.arange(len(part)))}, spec, weight)


@contextmanager
def naming_series(key):
    """Say in errors and warnings which series they are about. Nothing is said for None, which is none."""
    if key is None:
        yield
        return
    name = f"The series {key!r}"
    with naming(name), warning_about(name):
        try:
            yield
        except (ValueError, TypeError):
            raise
        except Exception as error:  # of any class, which may take other arguments than a message
            error.add_note(f"{name} was being computed.")
            raise
