import numpy as np
import pandas as pd

from sklstm._series.series import SeriesData
from sklstm._time_index.regular_index import regular_end
from tests._series.tables import DAYS
from tests.tools import changeable_dataclasses


def test_stamps_of_a_series_can_be_compared_with_those_of_another():
    y = np.zeros((3, 1))

    def of(index):
        return SeriesData(
            y, y[:, :0], y[:, :0], index, None if index is None else regular_end(index), np.arange(3)
        ).stamps

    np.testing.assert_array_equal(of(None), [0, 1, 2])
    np.testing.assert_array_equal(of(pd.RangeIndex(4, 10, 2)), [4, 6, 8])
    for index in (DAYS, DAYS.to_period("D"), DAYS.tz_localize("Asia/Tokyo")):
        assert (of(index[2:5])[:-1] == of(index[1:4])[1:]).all()
        assert (np.diff(of(index[:3])) > 0).all()


def test_what_was_read_of_the_user_cannot_be_changed():
    assert changeable_dataclasses("_series") == []
