"""Read lags from the names of columns, as other libraries write them."""

import re

# What other libraries write. A plain "lag_1" is of the target, a channel without a name.
PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"lag_(?P<lag>\d+)__(?P<channel>.+)",  # sktime: lag_1__y
        r"(?P<channel>.+?)\s*\(t(?:\s*-\s*(?P<lag>\d+))?\)",  # y(t-1), and y(t) for lag 0
        # skforecast: lag_1, y_lag_1; mlforecast: lag1; feature-engine: y_lag_1, y_lag_1MS; WindowTransformer: y_lag1;
        # darts: y_target_lag-1; pandas: y_shift_1
        r"(?P<channel>.*?)[\W_]*(?<![a-z])(?:lag|shift)[\s_.]*(?P<lag>-?\d+)(?P<unit>[a-z]*)",
        r"(?P<channel>.+?)[\s_.]+t-(?P<lag>\d+)",  # y_t-1
        r"lag_?(?P<lag>\d+)_(?P<channel>.+)",  # lag_1_y
    )
]


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
        are in the order of their first columns. It is empty unless a channel has two lags.

    Raises
    ------
    ValueError
        If two columns are the same lag, or lags of a channel have different units.

    Examples
    --------
    >>> from sklstm._estimator.lag_names import lags_of
    >>> lags_of(["price", "lag1", "lag2", "month"])
    {'': {1: 1, 2: 2}}
    >>> lags_of(["y_target_lag-2", "y_target_lag-1", "a_futcov_lag-1", "a_futcov_lag0"])
    {'y_target': {2: 0, 1: 1}, 'a_futcov': {1: 2, 0: 3}}
    """
    found = [_read(name) for name in names]
    is_negative = any(lag.startswith("-") for _, lag, _ in filter(None, found))
    channels, units = {}, {}
    for position, (name, parts) in enumerate(zip(names, found, strict=True)):
        if parts is None:
            continue
        channel, text, unit = parts
        lags, lag = channels.setdefault(channel, {}), -int(text) if is_negative else int(text)
        if lag in lags:
            raise ValueError(f"The columns {names[lags[lag]]!r} and {name!r} are the same lag. Leave one of them out.")
        if units.setdefault(channel, unit) != unit:
            raise ValueError(
                f"The column {name!r} counts in {unit or 'rows'}, but another lag of this channel in "
                f"{units[channel] or 'rows'}. Give all lags of a channel in one unit."
            )
        lags[lag] = position
    return _with_present_values(_of_several_lags(channels), names)


def _read(name):
    """Return channel, lag and unit as text; None if a name tells no lag."""
    for pattern in PATTERNS:
        match = pattern.fullmatch(name)
        if match:
            parts = match.groupdict()
            return parts["channel"].strip(), parts["lag"] or "0", parts.get("unit") or ""
    return None


def _of_several_lags(channels):
    """Leave out channels of one lag; put the one without a name first."""
    several = {channel: lags for channel, lags in channels.items() if len(lags) > 1}
    return dict(sorted(several.items(), key=lambda item: item[0] != ""))


def _with_present_values(channels, names):
    """Add the columns that have the names of the channels as lag 0, if all channels have one, and none of it yet."""
    positions = {name: position for position, name in enumerate(names) if name}
    if all(channel in positions and 0 not in lags for channel, lags in channels.items()):
        return {channel: {0: positions[channel], **lags} for channel, lags in channels.items()}
    return channels
