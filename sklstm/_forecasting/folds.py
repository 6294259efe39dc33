"""The folds of a backtest: the training rows up to an origin, and the rows after it that are scored."""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from sklstm._utils.argument_checks import attribute_of, is_whole_number, naming, shown


@dataclass(frozen=True)
class Fold:
    """One origin of a backtest.

    Parameters
    ----------
    training : dict of (int, int)
        The first training row of each series and the row after the last one, by key.
    scored : dict of ndarray of bool of shape (steps,)
        Which of the next steps are scored, by key. Series without any are left out.
    """

    training: dict[Hashable, tuple[int, int]]
    scored: dict[Hashable, np.ndarray]

    def origin(self, key):
        """Return how many rows of a series are known."""
        return self.training[key][1]


def last_folds(series, steps, n_origins, n_ahead):
    """Make folds one time apart, each trained on all rows before its origin.

    Parameters
    ----------
    series : dict of SeriesData
        By key.
    steps : int
        How many rows to forecast.
    n_origins : int
        Number of folds.
    n_ahead : int
        How many times follow the last origin.

    Returns
    -------
    folds : list of Fold
    """
    stamps = np.unique(np.concatenate([part.stamps for part in series.values()]))
    if len(stamps) < n_ahead + n_origins + 1:
        raise ValueError(
            f"n_origins={n_origins} with steps={steps} needs at least {n_ahead + n_origins + 1} rows, because two "
            f"must come before the first origin and {n_ahead} after the last one; y has {len(stamps)}."
        )
    first = len(stamps) - n_ahead - n_origins + 1
    folds = []
    for stamp in stamps[first : first + n_origins]:
        origins = {key: int(np.searchsorted(part.stamps, stamp)) for key, part in series.items()}
        scored = {key: origin + np.arange(steps) < len(series[key]) for key, origin in origins.items() if origin}
        training = {key: (0, origin) for key, origin in origins.items()}
        folds.append(Fold(training, {key: rows for key, rows in scored.items() if rows.any()}))
    return folds


def folds_from_cv(series, steps, cv, n_rows):
    """Make folds from a splitter: origins are the ends of its training rows.

    Parameters
    ----------
    series : dict of SeriesData
        By key.
    steps : int
        How many rows to forecast.
    cv : splitter or iterable
        As in `backtest`.
    n_rows : int
        Number of rows of the user's table.

    Returns
    -------
    folds : list of Fold
        The folds in which any row is scored.
    """
    order = np.argsort(np.concatenate([part.rows for part in series.values()]))
    stamps = np.concatenate([part.stamps for part in series.values()])[order]  # row by row of the user's table
    folds = []
    for is_known, is_asked in _masks(_splitter(cv, n_rows), n_rows):
        _check_in_time(stamps, is_known, is_asked)
        folds.append(_fold(series, steps, is_known, is_asked))
    scored = [fold for fold in folds if fold.scored]
    _check_different(scored)
    if not scored:
        raise ValueError(
            f"There is nothing to score: none of the {len(folds)} folds of cv={shown(cv)} has a test row among the "
            f"steps={steps} rows after the training rows of its series. Choose a smaller gap, or more steps."
        )
    return scored


def _splitter(cv, n_rows):
    """Return an object with `split`: a splitter, or folds that are listed. An endless iterable is cut off."""
    from sklearn.model_selection import check_cv  # importing it takes as long as importing sklstm

    is_count = is_whole_number(cv) and 2 <= cv <= n_rows
    is_splitter = callable(attribute_of(cv, "split")) and not isinstance(cv, str | type)
    is_list = np.iterable(cv) and not isinstance(cv, str | bytes | dict | set | type)
    if not (is_count or is_splitter or is_list):
        raise ValueError(
            f"cv must be a splitter, such as TimeSeriesSplit(3), or a list of pairs (training rows, test rows); got "
            f"{shown(cv)}."
        )
    with naming("cv"):
        return check_cv(list(islice(cv, n_rows + 1)) if is_list and not is_splitter else cv)


def _masks(splitter, n_rows):
    """Return the training and the test rows of each fold, as a pair of masks."""
    masks = []
    try:
        for train, test in splitter.split(np.empty((n_rows, 1)), None):
            if len(masks) == n_rows:
                raise ValueError(f"there are more than {n_rows} folds")
            masks.append(np.zeros((2, n_rows), dtype=bool))
            for mask, rows in zip(masks[-1], (train, test), strict=True):
                mask[_positions(rows, n_rows)] = True
    except Exception as error:  # of any kind, as the splitter may be anybody's
        raise ValueError(
            f"cv must give pairs (training rows, test rows) of positions among the {n_rows} rows of y. Fold "
            f"{len(masks)} fails: {error if isinstance(error, TypeError | ValueError | IndexError) else repr(error)}"
        ) from error
    if not masks:
        raise ValueError("cv gives no folds.")
    return masks


def _positions(rows, n_rows):
    """Return the positions of rows, which may be given by a mask or a slice; ValueError unless they are among all."""
    if isinstance(rows, slice):
        return rows
    rows = np.asarray(rows)
    if rows.ndim == 1 and (rows.dtype.kind in "iu" or not len(rows)):
        if len(rows) and not 0 <= rows.min() <= rows.max() < n_rows:
            raise ValueError(f"positions from {rows.min()} to {rows.max()} are not all among 0 to {n_rows - 1}")
        return rows.astype(np.intp)
    if rows.dtype.kind == "b" and rows.shape == (n_rows,):
        return rows
    raise ValueError(f"rows must be whole numbers in one dimension, got {shown(rows.tolist())}")


def _fold(series, steps, is_known, is_asked):
    """Make a fold from its training rows and test rows, which are masks of the user's table."""
    training, scored = {}, {}
    for key, part in series.items():
        known, asked = np.flatnonzero(is_known[part.rows]), np.flatnonzero(is_asked[part.rows])
        if not len(known):
            continue
        origin = int(known[-1]) + 1
        if origin - known[0] != len(known):
            raise ValueError(
                f"cv gives training rows with a gap: {len(known)} of rows {known[0]} … {known[-1]}. They must "
                "follow each other, as those of TimeSeriesSplit and split_panel do."
            )
        training[key] = int(known[0]), origin
        rows = np.isin(origin + np.arange(steps), asked)
        if rows.any():
            scored[key] = rows
    return Fold(training, scored)


def _check_in_time(stamps, is_known, is_asked):
    """Check that no training row, of any series, is as late as a test row."""
    if is_known.any() and is_asked.any() and stamps[is_known].max() >= stamps[is_asked].min():
        raise ValueError(
            "cv gives training rows that are no earlier than its test rows. TimeSeriesSplit splits a single series by "
            "time, and split_panel a panel."
        )


def _check_different(folds):
    """Check that no row of a series is scored twice from the same origin."""
    seen = {}
    for fold in folds:
        for key, rows in fold.scored.items():
            earlier = seen.setdefault((key, fold.origin(key)), np.zeros(len(rows), dtype=bool))
            if (earlier & rows).any():
                raise ValueError(
                    f"cv scores a row twice from the same origin, row {fold.origin(key) - 1}. Give each origin once."
                )
            earlier |= rows


def check_truths(series, folds):
    """Check that some row that is scored has a value."""
    for fold in folds:
        for key, rows in fold.scored.items():
            if not np.isnan(series[key].y[fold.origin(key) + np.flatnonzero(rows)]).all():
                return
    raise ValueError("There is nothing to score: every row of y that is to be forecast is NaN.")
