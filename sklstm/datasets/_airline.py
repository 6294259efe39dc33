"""The airline passengers series."""

from importlib.resources import files

from sklstm._utils.public import public


@public
def load_airline():
    """Load the monthly totals of international airline passengers, 1949 to 1960.

    The series has a trend and a yearly season that grows with it. It is Series G of Box, Jenkins and Reinsel (1976),
    *Time Series Analysis, Forecasting and Control*.

    Returns
    -------
    passengers : Series of shape (144,)
        Passengers per month in thousands (float64). The name is "passengers", and the index is a DatetimeIndex with
        the frequency "MS" (start of each month).

    Examples
    --------
    >>> from sklstm.datasets import load_airline
    >>> load_airline().tail(2)
    month
    1960-11-01    390.0
    1960-12-01    432.0
    Freq: MS, Name: passengers, dtype: float64
    """
    import pandas as pd

    with files("sklstm.datasets").joinpath("airline.csv").open() as file:
        table = pd.read_csv(file, index_col="month", parse_dates=["month"], dtype={"passengers": float})
    return table["passengers"].asfreq("MS")
