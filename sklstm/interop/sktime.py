"""A `Forecaster` as a forecaster of sktime."""

from copy import deepcopy

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.forecaster import Forecaster
from sklstm._forecasting.settings import regressor_to_clone
from sklstm._forecasting.window_regressor import why_no_partial_fit
from sklstm._series.leak_checks import only_warning_of_leaks
from sklstm._utils.argument_checks import shown
from sklstm.interop._extras import import_extra
from sklstm.interop._sktime_rows import (
    Horizon,
    at_rows,
    check_every_step,
    check_rows_exist,
    check_same_reach,
    flattened,
    joined,
    like_fit,
    restored,
    rows_after,
    rows_beyond,
    steps_of,
    times_by_series,
)

# The class below needs its base when it is created, so that this module, and no other, cannot do without sktime.
_base = import_extra("sktime.forecasting.base", "sktime", "sklstm.interop.sktime")

FH = "fh"
AT_ONCE = "multioutput", "direct"  # strategies that need `steps`
# What sktime passes on as it is, by `pooling`; of anything else it passes each part to a clone.
MTYPES = {
    "local": ["pd.DataFrame"],
    "panel": ["pd.DataFrame", "pd-multiindex"],
    "global": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
}


class SklstmForecaster(_base.BaseForecaster):  # type: ignore[name-defined] # sktime may be missing
    """A `sklstm.Forecaster` with the interface of sktime.

    It can be used wherever sktime takes a forecaster: in pipelines, in `evaluate`, in searches, in ensembles. Its
    forecasts are those of a `Forecaster` with the same parameters.

    Parameters
    ----------
    regressor : estimator, default=None
        As for `Forecaster`. To tune the default, pass `default_regressor()`: then `regressor__hidden_size` and others
        are parameters.
    window_length : int or "auto", default="auto"
        As for `Forecaster`.
    strategy : {"auto", "recursive", "multioutput", "direct"}, default="auto"
        As for `Forecaster`. With the last two and `steps="fh"`, `fit` needs `fh`.
    steps : int, "fh" or None, default="fh"
        As for `Forecaster`; "fh" is the last step of the `fh` that is given to `fit`, or None without it.
    past_only, target_transformer, season, log, baseline, baseline_weight, trust
        As for `Forecaster`.
    intervals : {"conformal", "bootstrap"}, default=None
        As for `Forecaster`. Without it, there are prediction intervals, quantiles and variances only for a regressor
        that predicts quantiles.
    calibration_size, drop_incomplete, dtype, clip_recursion
        As for `Forecaster`.
    pooling : {"global", "panel", "local"}, default="global"
        What one model is trained on. "global" is all series of a panel, and of a hierarchy, where aggregates are series
        as well. "panel" is all series of a panel; each panel in a hierarchy has its own model. "local" gives each
        series its own model, as most forecasters of sktime do. sktime makes several fits; its configuration
        `backend:parallel` says where.
    n_jobs : int, default=None
        As for `Forecaster`: how many of the regressors of "direct" are fitted at the same time.
    verbose : bool or int, default=False
        As for `Forecaster`.

    Attributes
    ----------
    forecaster_ : Forecaster
        The fitted forecaster. sktime keeps one `SklstmForecaster` for each model in `forecasters_` instead where it
        fits several.

    See Also
    --------
    sklstm.Forecaster : What each parameter means.

    Notes
    -----
    **Horizon.** `fh` in `fit` is optional, except for "multioutput" and "direct" with `steps="fh"`. It is better to
    give it, as the forecaster then learns to forecast so far. Numbers of steps count from the last row of each series,
    also if the series of a panel end at different times.

    **In-sample.** Forecasts of training rows are `forecaster_.fitted_values_`, one step ahead each, NaN where the
    regressor cannot read the window. They do not read the `X` of `predict`. Intervals are out-of-sample only.

    **Exogenous variables.** `X` may have more rows than `y`. `predict` needs those from the end of the history to the
    last step of `fh` without gaps, or to a multiple of `steps` for a forecast of blocks. A column that is a copy of the
    target brings a warning, not an error as in `Forecaster`.

    **Update.** With `update_params=True`, an LSTMRegressor is trained further, as by `Forecaster.update` with
    `train=True`. A regressor without `partial_fit` is fitted again on all rows. Rows that are known already are left
    out; if their values have changed, it is an error.

    **Configuration.** `remember_data` is False, as it will be in sktime 1.3: the forecaster keeps the rows itself. So
    `predict_residuals` needs `y`, unless you call `set_config(remember_data=True)`.

    References
    ----------
    Löning, Bagnall, Ganesh, Kazakov, Lines and Király (2019). sktime: a unified interface for machine learning with
    time series. https://arxiv.org/abs/1909.07872

    Examples
    --------
    >>> import pytest
    >>> sktime = pytest.importorskip("sktime")
    >>> from sklearn.linear_model import Ridge
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.interop.sktime import SklstmForecaster
    >>> passengers = load_airline().asfreq("MS")
    >>> forecaster = SklstmForecaster(Ridge(), window_length=12, intervals="conformal")
    >>> forecaster.fit(passengers, fh=[1, 2]).predict().round()
    month
    1961-01-01    465.0
    1961-02-01    431.0
    Name: passengers, dtype: float64
    >>> forecaster.predict_interval(coverage=0.8).columns.to_list()
    [('passengers', 0.8, 'lower'), ('passengers', 0.8, 'upper')]
    """

    _tags = {
        "authors": "sklstm developers",
        "maintainers": "sklstm developers",
        "y_inner_mtype": MTYPES["global"],
        "X_inner_mtype": MTYPES["global"],
        "requires-fh-in-fit": False,
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:categorical_in_X": False,
        "capability:non_contiguous_X": False,
        "capability:missing_values": True,
        "capability:insample": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:update": True,
        "capability:unequal_length": True,
    }
    _config = {"remember_data": False}

    def __init__(
        self,
        regressor=None,
        *,
        window_length="auto",
        strategy="auto",
        steps=FH,
        past_only=None,
        target_transformer=None,
        season="default",
        log="default",
        baseline="default",
        baseline_weight="auto",
        trust="auto",
        intervals=None,
        calibration_size=0.2,
        drop_incomplete="auto",
        dtype=None,
        clip_recursion=True,
        pooling="global",
        n_jobs=None,
        verbose=False,
    ):
        self.regressor = regressor
        self.window_length = window_length
        self.strategy = strategy
        self.steps = steps
        self.past_only = past_only
        self.target_transformer = target_transformer
        self.season = season
        self.log = log
        self.baseline = baseline
        self.baseline_weight = baseline_weight
        self.trust = trust
        self.intervals = intervals
        self.calibration_size = calibration_size
        self.drop_incomplete = drop_incomplete
        self.dtype = dtype
        self.clip_recursion = clip_recursion
        self.pooling = pooling
        self.n_jobs = n_jobs
        self.verbose = verbose
        super().__init__()

    def __post_init__(self):
        """Set the tags that depend on parameters."""
        self._y = self._X = None  # sktime does this only if it remembers data from the beginning
        forecaster = self._unfitted(None)
        tags = {
            "requires-fh-in-fit": self._steps_are_fh() and self.strategy in AT_ONCE,
            "capability:multivariate": get_tags(forecaster).target_tags.multi_output,
            "capability:pred_int": self.intervals is not None
            or hasattr(regressor_to_clone(forecaster), "predict_quantiles"),
        }
        if self._has_pooling():  # else `fit` says what is wrong
            tags["y_inner_mtype"] = tags["X_inner_mtype"] = MTYPES[self.pooling]
        self.set_tags(**tags)

    def _has_pooling(self):
        return isinstance(self.pooling, str) and self.pooling in MTYPES

    def _steps_are_fh(self):
        return isinstance(self.steps, str) and self.steps == FH

    def _steps_for(self, fh, y):
        """Return how many steps are predicted at once."""
        if not self._steps_are_fh():
            return self.steps
        n_steps = 0 if fh is None else steps_of(_horizon(fh), y.index)
        return n_steps or (1 if self.strategy in AT_ONCE else None)

    def _unfitted(self, steps):
        """Return the Forecaster with these parameters."""
        # where there are several models, sktime makes a SklstmForecaster for each
        return Forecaster(**self.get_params(deep=False) | {"steps": steps, "pooling": "global"})

    def predict_interval(self, fh=None, X=None, coverage=0.90):
        """Forecast intervals, as in sktime; without `intervals`, say how to get them."""
        self._check_has("prediction intervals")
        return super().predict_interval(fh=fh, X=X, coverage=coverage)

    def predict_quantiles(self, fh=None, X=None, alpha=None):
        """Forecast quantiles, as in sktime; without `intervals`, say how to get them."""
        self._check_has("quantile predictions")
        return super().predict_quantiles(fh=fh, X=X, alpha=alpha)

    def predict_var(self, fh=None, X=None, cov=False):
        """Forecast variances, as in sktime; without `intervals`, say how to get them."""
        self._check_has("variance predictions")
        return super().predict_var(fh=fh, X=X, cov=cov)

    def predict_proba(self, fh=None, X=None, marginal=True):
        """Forecast distributions, as in sktime; without `intervals`, say how to get them."""
        self._check_has("probabilistic predictions")
        return super().predict_proba(fh=fh, X=X, marginal=marginal)

    def _check_has(self, what):
        if not self.get_tag("capability:pred_int"):
            raise NotImplementedError(
                f"This {type(self).__name__} has no {what}, as intervals is {self.intervals!r}. Choose a kind before "
                "fit: SklstmForecaster(intervals='conformal') or 'bootstrap'."
            )

    # ---- what sktime calls

    def _fit(self, y, X, fh):
        if not self._has_pooling():
            raise ValueError(f"pooling must be one of {', '.join(map(repr, MTYPES))}; got {shown(self.pooling)}.")
        self._level_names, self._keys, self._targets = list(y.index.names), {}, list(y.columns)
        y, X = self._flat(y), self._flat(X)
        self.forecaster_ = _fit(self._unfitted(self._steps_for(fh, y)), at_rows(X, y.index), y)
        past_only = () if self.past_only is None else list(self.past_only)
        self._columns = [] if X is None else list(X.columns)
        self._known_columns = [name for name in self._columns if name not in past_only]
        self._rows_to_refit = self._needs_refit() and (y, at_rows(X, y.index))
        self._cutoff_of_history = self.cutoff
        return self

    def _update(self, y, X=None, update_params=True):
        keys = dict(self._keys)
        try:
            y, X = like_fit(self._flat(y), self._targets), self._flat(X)
            rows = rows_after(y, _frame(self.forecaster_.history_))
            if len(rows):
                self._add(rows, at_rows(X, rows.index), update_params)
        except Exception:
            self._keys = keys
            self._set_cutoff(self._cutoff_of_history)  # sktime has moved it before it called this
            raise
        self._cutoff_of_history = self.cutoff
        return self

    def _update_predict_single(self, y, fh, X=None, update_params=True):
        # sktime's own would call `update`, which takes a converted Series for the container that the user wants back
        self._update(y, X, update_params)
        return self._predict(fh, X)

    def _get_varnames(self):
        return self._targets  # sktime's own are those of the latest `update`

    def _add(self, y, X, update_params):
        """Add new rows to the history; train on them if parameters are updated."""
        self._check_columns(X)
        if self._rows_to_refit:
            before, known = self._rows_to_refit
            rows = _one_table(before, y), _one_table(known, X)
            if update_params:
                self.forecaster_ = _fit(clone(self.forecaster_), rows[1], rows[0])
            else:
                self.forecaster_ = deepcopy(self.forecaster_).update(X, _targets(y))
            self._rows_to_refit = rows
        else:
            self.forecaster_.update(X, _targets(y), train=bool(update_params))

    def _check_columns(self, X):
        """Raise ValueError unless the rows of X that are added have the columns of fit."""
        given = [] if X is None else list(X.columns)
        if set(given) != set(self._columns):
            had = f"the columns {self._columns}" if self._columns else "no X"
            raise ValueError(
                f"update was given {f'X with the columns {given}' if given else 'no X'}, but fit had {had}. Give the "
                f"{'X of the new rows, with these columns' if self._columns else 'rows without X'}, or call fit anew."
            )

    def _needs_refit(self):
        """Whether a regressor cannot be trained further."""
        return any(why_no_partial_fit(regressor) for regressor in self.forecaster_.regressors_)

    def _predict(self, fh, X):
        import pandas as pd

        values, index = self._forecasts(fh, X)
        return pd.DataFrame(values[..., 0], index, self._get_varnames())

    def _predict_interval(self, fh, X, coverage):
        values, index = self._forecasts(fh, X, coverage)
        places = [1 + 2 * _order(coverage)[share] + side for share in coverage for side in (0, 1)]
        return self._at_places(values, index, places, "predict_interval", coverage=coverage)

    def _predict_quantiles(self, fh, X, alpha):
        coverages = [round(abs(1 - 2 * level), 12) for level in alpha]  # 0.05 and 0.95 are ends of one interval
        needed = [share for share in coverages if share]
        values, index = self._forecasts(fh, X, needed)
        # the median is the forecast
        places = [
            1 + 2 * _order(needed)[share] + (level > 0.5) if share else 0
            for level, share in zip(alpha, coverages, strict=True)
        ]
        return self._at_places(values, index, places, "predict_quantiles", alpha=alpha)

    # ---- tables

    def _forecasts(self, fh, X, coverages=()):
        """Return forecasts and the ends of intervals, (n_rows, n_targets, 1 + 2 n_coverages), and their index."""
        self._check_cutoff()
        forecaster, horizon = self.forecaster_, _horizon(fh)
        history = forecaster.history_.index
        known = times_by_series(history)
        n_steps = horizon.n_steps(known, lambda steps: times_by_series(forecaster.future_index(steps)))
        future = times_by_series(forecaster.future_index(n_steps)) if n_steps else {}
        asked = horizon.rows(known, future)
        tables = [] if coverages else [_frame(forecaster.fitted_values_)]
        if n_steps:
            X = self._known_in_advance(self._flat(X), known, future)
            if X is not None:
                check_same_reach(asked, future)
            tables.append(_frame(forecaster.forecast(n_steps, X, coverage=list(coverages) or None)))
        index, values = joined(asked), np.concatenate([table.to_numpy() for table in tables])
        found = tables[0].index.append([table.index for table in tables[1:]])
        check_rows_exist(index, history, found)
        values = values[found.get_indexer(index)].reshape(len(index), len(self._get_varnames()), -1)
        return values, restored(index, self._keys, self._level_names)

    def _known_in_advance(self, X, known, future):
        """Return the rows of X to forecast, without past-only columns; None if there are none."""
        if X is not None and not self._columns:
            raise ValueError(
                f"X has the columns {list(X.columns)}, but fit had no X. Leave X out, or call fit with it."
            )
        if not self._known_columns:
            return None
        if X is None:
            raise ValueError(
                f"X is missing: forecasts need the columns {self._known_columns} of the rows that follow the history, "
                f"from {min(times[0] for times in future.values())} to {max(times[-1] for times in future.values())}."
            )
        X = rows_beyond(X, known)
        check_every_step(X.index, future)
        return X.drop(columns=[name for name in X.columns if name in self._columns and name not in self._known_columns])

    def _at_places(self, values, index, places, method, **shares):
        """Return a table of some of the forecasts and ends, with the columns that sktime has for a method."""
        import pandas as pd

        columns = self._get_columns(method=method, **shares)
        return pd.DataFrame(values[..., places].reshape(len(index), -1), index, columns)

    def _flat(self, table):
        """Return a table whose index has two levels at most."""
        if table is None or table.index.nlevels <= 2:
            return table
        index, keys = flattened(table.index)
        self._keys |= keys
        return table.set_axis(index)

    def _check_cutoff(self):
        """Check that nobody has moved the cutoff, as `update_predict` does for rows that are known already."""
        if not self.cutoff.equals(self._cutoff_of_history):
            raise ValueError(
                f"The cutoff is {self.cutoff[0]}, but the rows up to {self._cutoff_of_history[0]} are known. A "
                "forecast from an earlier time needs a forecaster that was fitted on the rows up to it."
            )

    # ---- for sktime's tests

    @classmethod
    def get_test_params(cls, parameter_set="default"):
        """Return parameters for sktime's tests of all estimators.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used.

        Returns
        -------
        params : list of dict
        """
        lstm = LSTMRegressor(2, max_iter=2, tol=0, random_state=0)
        return [
            {"regressor": lstm, "window_length": 3, "baseline": None},
            {"regressor": Ridge(), "window_length": 4, "intervals": "conformal", "calibration_size": 0.5},
            {"regressor": Ridge(), "window_length": 2, "strategy": "direct", "pooling": "local"},
        ]


def _horizon(fh):
    """Return the values of a ForecastingHorizon; None stays None."""
    return None if fh is None else Horizon(fh.to_pandas(), fh.is_relative)


def _fit(forecaster, X, y):
    """Fit a Forecaster, and warn of an X that gives y away: sktime's checks of forecasters pass one."""
    with only_warning_of_leaks():
        return forecaster.fit(X, _targets(y))


def _targets(y):
    """Return a table of targets as a `Forecaster` takes them: a single one as a Series."""
    return y.iloc[:, 0] if y.shape[1] == 1 else y


def _frame(table):
    return table.to_frame() if table.ndim == 1 else table


def _one_table(before, after):
    """Return the rows of two tables, of which both may be None."""
    import pandas as pd

    return None if before is None or after is None else pd.concat([before, after])


def _order(values):
    """Number different values in their order."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}
