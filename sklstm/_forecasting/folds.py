"""The folds of a backtest: the training rows up to an origin, and the rows after it that are scored."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np


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
    from sklearn.model_selection import check_cv  # importing it takes as long as importing sklstm

    order = np.argsort(np.concatenate([part.rows for part in series.values()]))
    stamps = np.concatenate([part.stamps for part in series.values()])[order]  # row by row of the user's table
    folds = []
    for is_known, is_asked in _masks(check_cv(cv), n_rows):
        _check_in_time(stamps, is_known, is_asked)
        folds.append(_fold(series, steps, is_known, is_asked))
    scored = [fold for fold in folds if fold.scored]
    if not scored:
        raise ValueError(
            f"There is nothing to score: none of the {len(folds)} folds of cv={cv!r} has a test row among the "
            f"steps={steps} rows after the training rows of its series. Choose a smaller gap, or more steps."
        )
    return scored


def _masks(splitter, n_rows):
    """Return the training and the test rows of each fold, as a pair of masks."""
    masks = []
    try:
        for train, test in splitter.split(np.empty((n_rows, 1)), None):
            masks.append(np.zeros((2, n_rows), dtype=bool))
            masks[-1][0, train], masks[-1][1, test] = True, True
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"cv must give pairs (training rows, test rows) of positions among the {n_rows} rows of y. Fold "
            f"{len(masks)} fails: {error}"
        ) from error
    if not masks:
        raise ValueError("cv gives no folds.")
    return masks


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


def check_truths(series, folds):
    """Check that some row that is scored has a value."""
    for fold in folds:
        for key, rows in fold.scored.items():
            if not np.isnan(series[key].y[fold.origin(key) + np.flatnonzero(rows)]).all():
                return
    raise ValueError("There is nothing to score: every row of y that is to be forecast is NaN.")
