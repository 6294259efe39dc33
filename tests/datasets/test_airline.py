import pandas as pd

from sklstm.datasets import load_airline


def test_airline_is_the_published_series():
    passengers = load_airline()
    assert passengers.index.equals(pd.date_range("1949-01-01", "1960-12-01", freq="MS"))
    assert passengers.index.freqstr == "MS"
    assert passengers.name == "passengers"
    yearly = passengers.groupby(passengers.index.year).sum()  # the totals that are published with it
    assert yearly.tolist() == [1520, 1676, 2042, 2364, 2700, 2867, 3408, 3939, 4421, 4572, 5140, 5714]
