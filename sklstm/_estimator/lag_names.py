"""Read lags from the names of columns, as other libraries write them."""

import re
from dataclasses import dataclass, replace

UNIT = r"(?P<unit>[a-z]*|[\s_]*(?:second|minute|min|hour|day|week|month|quarter|year|step|period|row)s?(?:[\s_]ago)?)"
WORD_BEGINS = r"(?:(?<![a-z])|(?-i:(?<=[a-z])(?=L)))"  # also that of salesLag1
# y_t-1, t-1, y_tm1
TIME = re.compile(
    rf"(?:(?P<channel>.+?)[\s_.]+)?t(?:\s*-\s*(?P<lag>\d+){UNIT}|_?m(?:inus)?_?(?P<lag2>\d+))", re.IGNORECASE
)
# What other libraries write. A plain "lag_1" is of the target, a channel without a name.
PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"lag_(?P<lag>\d+)__(?P<channel>.+)",  # sktime: lag_1__y
        # y(t-1), y[t-1], y_{t-1}, and y(t) for lag 0
        rf"(?P<channel>.*?)[\s_.]*[(\[{{]t(?:\s*-\s*(?P<lag>\d+){UNIT})?[)\]}}]",
        # R: lag(y, 1), dplyr::lag(y, n = 1L), L(y, 1)
        r"(?:\w+::)?(?:lag|L(?!.*-))\((?P<channel>[^(),]+),\s*(?:[kn]\s*=\s*)?(?P<lag>-?\d+)L?\)",
        # skforecast: lag_1, y_lag_1; mlforecast: lag1; feature-engine: y_lag_1, y_lag_1MS; WindowTransformer: y_lag1;
        # darts: y_target_lag-1
        rf"(?P<channel>.*?)[\W_]*{WORD_BEGINS}lag(?:s|ged)?(?P<style>[\s_.:=#(\[]*)(?P<lag>-?\d+)(?:\.0)?{UNIT}[)\]]?",
        # pandas: y_shift_1; a negative number would be a later row
        rf"(?P<channel>.*?)[\W_]*(?<![a-z])(?:shift|shifted|prev|previous)[\s_.(]*(?P<lag>\d+){UNIT}\)?",
        TIME.pattern,
        r"\(?t\s*-\s*(?P<lag>\d+)\)?[\s_.:]+(?!\d)(?P<channel>.+)",  # t-1_y
        r"(?P<channel>.+?)[\s_.]minus[\s_.]?(?P<lag>\d+)",  # y_minus_1
        r"(?P<channel>.+?)(?<!shift)\s*\((?P<lag>-\d+)\)",  # EViews: y(-1)
        r"L(?P<lag>\d+)\.(?P<channel>.+)",  # statsmodels: L1.y
        r"(?P<channel>.+)\.L(?P<lag>\d+)",  # y.L1
        r"lag[\s_]?(?P<lag>\d+)(?:_|[.:](?!\d)|\s+of\s+)(?P<channel>.+)",  # lag_1_y
    )
]
# Names without a number: of lag 1, and of lag 0.
FIRST = re.compile(
    rf"L\.(?P<stata>.+)|(?P<channel>.*?)[\W_]*{WORD_BEGINS}(?:lag(?:ged)?|shift|shifted|prev|previous)", re.IGNORECASE
)
PRESENT = re.compile(r"(?:(?P<channel>.+?)[\s_.]+)?t")
# What tsfresh calculates from a whole window, with a lag as parameter: value__autocorrelation__lag_1
NO_LAG = re.compile(r"(.*__)?((agg_|partial_)?autocorrelation|c3|time_reversal_asymmetry_statistic)__.*")


@dataclass(frozen=True)
class Lag:
    """What the name of a column tells.

    Parameters
    ----------
    channel : str
    number : int
    unit : str
        Empty for rows.
    style : tuple
        How the number is written: a minus sign tells what it means in all names of one style.
    """

    channel: str
    number: int
    unit: str
    style: tuple[int, str]


def lags_of(names):
    """Return the lags that the names of columns tell, by channel.

    A lag counts the rows before the one that is predicted: 1 is the row before it. A channel with a single lag is none
    if another one has more.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    channels : dict of dict
        For each channel, by its name, the position of the column of each lag. A channel without a name is first, others
        are in the order of their first columns. It is empty if no name tells a lag.

    Raises
    ------
    ValueError
        If two columns are the same lag, or lags have different units.

    Examples
    --------
    >>> from sklstm._estimator.lag_names import lags_of
    >>> lags_of(["price", "lag1", "lag2", "month"])
    {'': {1: 1, 2: 2}}
    >>> lags_of(["y_target_lag-2", "y_target_lag-1", "a_futcov_lag-1", "a_futcov_lag0"])
    {'y_target': {2: 0, 1: 1}, 'a_futcov': {1: 2, 0: 3}}
    """
    plain = _without_prefix(names)
    found = _with_implied_lags(plain, list(map(_read, plain)))
    negative = {lag.style for lag in found if lag is not None and lag.number < 0}
    channels, places = {}, {}
    for position, lag in enumerate(found):
        if lag is None:
            continue
        lags, number = channels.setdefault(lag.channel, {}), -lag.number if lag.style in negative else lag.number
        if number in lags:
            first, second = names[lags[number]], names[position]
            _check_units({first: places[lags[number]], second: lag})
            raise ValueError(f"The columns {first!r} and {second!r} are the same lag. Leave one of them out.")
        lags[number] = position
        places[position] = lag
    channels = _of_several_lags(channels)
    _check_units({names[position]: places[position] for lags in channels.values() for position in lags.values()})
    return _with_present_values(channels, names)


def _without_prefix(names):
    """Leave out what a ColumnTransformer puts in front of all names, unless it makes a difference: num__lag_1."""
    parts = [name.partition("__") for name in names]
    rest = [part[2] for part in parts]
    has_prefixes = all(rest) and len(set(rest)) == len(rest) and not any(_read(part[0]) for part in parts)
    return rest if has_prefixes else names


def _read(name):
    """Return the Lag that a name tells; None if it tells none."""
    name = re.sub("[\N{MINUS SIGN}\N{EN DASH}\N{NON-BREAKING HYPHEN}]", "-", name)
    if NO_LAG.fullmatch(name):
        return None
    for number, pattern in enumerate(PATTERNS):
        match = pattern.fullmatch(name)
        if match:
            parts = match.groupdict()
            text = parts["lag"] or parts.get("lag2") or "0"
            style = number, parts.get("style") or ""
            return Lag((parts["channel"] or "").strip(), int(text), _unit(parts.get("unit") or ""), style)
    return None


def _unit(text):
    """Return a unit as it is written for one: "day" for "days ago"; and nothing for rows."""
    unit = re.sub(r"[\s_]ago$", "", text.strip(" _"), flags=re.IGNORECASE)
    if len(unit) > 3:  # not "ms" and "MS"
        unit = unit.lower().removesuffix("s")
    return "" if unit in ("step", "period", "row") else unit


def _with_implied_lags(names, found):
    """Read names without a number that others of their channel explain.

    These are "y_lag" beside "y_lag2" and Stata's "L.y" beside "L2.y", which are lag 1; and "y_t" beside "y_t-1".
    """
    channels = {}
    for lag in found:
        if lag is not None:
            channels.setdefault(lag.channel, {})[abs(lag.number)] = lag
    return [_implied(name, channels) if lag is None else lag for name, lag in zip(names, found, strict=True)]


def _implied(name, channels):
    if match := FIRST.fullmatch(name):
        lags = channels.get(match["stata"] or match["channel"], {})
        return replace(lags[2], number=lags[2].number // 2) if 2 in lags and 1 not in lags else None
    if match := PRESENT.fullmatch(name):
        lags = channels.get(match["channel"] or "", {})
        of_time = [lag for lag in lags.values() if PATTERNS[lag.style[0]].pattern == TIME.pattern]
        return replace(of_time[0], number=0) if of_time and 0 not in lags else None
    return None


def _of_several_lags(channels):
    """Leave out channels of one lag, unless all have only one; put the one without a name first."""
    several = {channel: lags for channel, lags in channels.items() if len(lags) > 1} or channels
    return dict(sorted(several.items(), key=lambda item: item[0] != ""))


def _check_units(lags):
    """Raise ValueError if lags of a channel, by the names of their columns, count in different units.

    So they must not in two channels. Lags of one may count in rows, which the unit of the other may be as well.
    """
    of_channel, of_all = {}, {}
    for name, lag in lags.items():
        unit = of_channel.setdefault(lag.channel, lag.unit)
        if unit != lag.unit:
            raise ValueError(
                f"The column {name!r} counts in {lag.unit or 'rows'}, but another lag of this channel in "
                f"{unit or 'rows'}. Give all lags of a channel in one unit."
            )
        first = of_all.setdefault("unit", lag.unit) if lag.unit else ""
        if first != lag.unit:
            raise ValueError(
                f"The column {name!r} counts in {lag.unit}, but lags of another channel in {first}. Give all lags in "
                "one unit: rename the columns, or set names."
            )


def _with_present_values(channels, names):
    """Add the columns that have the names of the channels as lag 0, if all channels have one, and none of it yet."""
    positions = {name: position for position, name in enumerate(names) if name}
    if all(channel in positions and 0 not in lags for channel, lags in channels.items()):
        return {channel: {0: positions[channel], **lags} for channel, lags in channels.items()}
    return channels
