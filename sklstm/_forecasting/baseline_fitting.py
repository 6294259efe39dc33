"""Fit baselines, and forecast with them from the windows that the regressor is trained on."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone

from sklstm._forecasting.baselines import KINDS, RIDGE_SHORT, THETA, SeriesBaseline
from sklstm._forecasting.correction import Baseline, relative_path_of_samples
from sklstm._forecasting.regressor_input import takes_several
from sklstm._forecasting.strategies import Direct, MultiOutput, RegressorSet
from sklstm._utils.threads import with_one_blas_thread

RIDGE_ALPHAS = np.logspace(0, 4, 13)
FEWEST_FOR_RIDGE = 5  # windows
SMALLEST_SHARE = 1e-12  # of the largest weight; with smaller ones, a ridge regression divides by rounding


@with_one_blas_thread  # which rounds the products of a ridge regression
def fit_baseline(members, builder, adjusted, origins, samples):
    """Fit the members of a baseline. If no window is complete enough for any of them, theta takes their place.

    Parameters
    ----------
    members : tuple of str or estimator
    builder : WindowBuilder
    adjusted : dict of SeriesData
        The training rows in adjusted units, by key.
    origins : dict of ndarray of int
        The origins of the samples, by key.
    samples : TrainingWindows

    Returns
    -------
    baseline : Baseline
        With equal shares.
    paths : ndarray of shape (n_members, n_samples, n_ahead, n_targets)
        The forecast of every member from every sample, in scaled units.
    """
    last = samples.last(builder.spec.n_targets)
    relative = replace(samples, reference=np.tile(last, builder.spec.n_ahead))
    regressors = [member for member in members if not _is_of_series(member)]
    fitted = [_fit_regressor(member, builder, adjusted, relative) for member in regressors]
    of_windows = [part for part in fitted if part is not None]
    names = [name for name in members if _is_of_series(name)] or ([] if of_windows else [THETA])
    of_series = [_follow(name, builder, adjusted, origins, samples) for name in names]
    paths = [path for _, path in of_series] + [relative_path_of_samples(part, samples, last) for part in of_windows]
    shares = np.full(len(paths), 1 / len(paths))
    return Baseline(tuple(part for part, _ in of_series), tuple(of_windows), shares), np.stack(paths)


def _is_of_series(member):
    """Whether a member of a baseline forecasts each series from its own rows; others are regressors."""
    return isinstance(member, str) and member in KINDS


def _follow(name, builder, adjusted, origins, samples):
    """Return the SeriesBaseline with this name at the end of the rows, and its forecasts from every sample."""
    baseline = SeriesBaseline.from_name(name, builder.scaler.adjuster.season_length)
    series = {key: data.y for key, data in adjusted.items()}
    found, baseline = baseline.training_paths(series, origins, builder.spec.n_ahead)
    return baseline, samples.scaling.scaled(np.concatenate(list(found.values()))[samples.numbers])


def _fit_regressor(member, builder, adjusted, samples):
    """Fit a regressor as a baseline; None for one of the ridge regressions if there are too few windows.

    Parameters
    ----------
    member : str or estimator
        The name of a ridge regression, or any regressor.
    builder, adjusted
        As for `fit_baseline`.
    samples : TrainingWindows
        With the last value of each window as reference.
    """
    spec, is_ridge = builder.spec, isinstance(member, str)
    if is_ridge:
        longest = max(map(len, adjusted.values()))
        most = max(2, (longest - spec.n_ahead) // 3)
        n_lags = max(builder.scaler.adjuster.season_length + 1, 4) if member == RIDGE_SHORT else spec.window_length
        spec = replace(spec, window_length=min(n_lags, most, spec.window_length))
        samples = _complete(replace(samples, windows=samples.windows[:, -spec.window_length :]))
        if len(samples) < FEWEST_FOR_RIDGE:
            return None
    regressor = _ridge() if is_ridge else clone(member)
    strategy = (MultiOutput if takes_several(regressor) else Direct)(spec.n_ahead)
    part = RegressorSet.from_template(regressor, spec, strategy, is_relative=True)
    for regressor in part.parts:
        regressor.fit(*regressor.training_data(samples))
    return part


def _complete(samples):
    """Return the samples without a missing value in windows or targets, and without a weight of 0 or close to it.

    The mean of their weights is 1, as penalties are not in proportion to weights.
    """
    windows = samples.windows[samples.rows_at(np.arange(len(samples)))]
    known = ~np.isnan(windows).any(axis=(1, 2)) & ~np.isnan(samples.targets).any(axis=1)
    if samples.weight is None or not len(samples):
        return samples.at(np.flatnonzero(known))
    smallest = samples.weight.min(axis=1)
    known &= smallest > SMALLEST_SHARE * smallest[known].max(initial=0)
    complete = samples.at(np.flatnonzero(known))
    weight = smallest[known] / (smallest[known].mean() if known.any() else 1)
    return replace(complete, weight=np.broadcast_to(weight[:, np.newaxis], (len(weight), samples.weight.shape[1])))


def _ridge():
    """Make a ridge regression that chooses its penalty, and reads a missing value as the mean of its lag."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), SimpleImputer(keep_empty_features=True), RidgeCV(RIDGE_ALPHAS))
