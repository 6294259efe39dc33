"""The result of a fit, which forecasts series out-of-sample and the training rows in-sample."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sklstm._components.naive import seasonal_naive
from sklstm._estimator.channel_names import ChannelNames
from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.settings import no_intervals_message
from sklstm._forecasting.window_checks import warn_of_divergence
from sklstm._series.requested_rows import check_known_columns
from sklstm._series.training_data import TrainingData
from sklstm._utils.caches import PickledByFields, cached_property
from sklstm._utils.user_warning import warn_user

if TYPE_CHECKING:
    from sklstm._forecasting.fitted_locally import FittedLocally


@dataclass(frozen=True)
class FittedForecaster:
    """The result of one fit.

    Parameters
    ----------
    data : TrainingData
        The training rows.
    batch_forecaster : BatchForecaster
        Forecasts several series and origins in one batch.
    n_dropped : int
        Number of windows left out of training.
    name : str
        Name of the regressor, for messages.
    warns_of_divergence : bool
        Whether to warn where forecasts that are fed back diverge.
    """

    data: TrainingData
    batch_forecaster: BatchForecaster
    n_dropped: int
    name: str
    warns_of_divergence: bool

    @property
    def strategy(self):
        return self.batch_forecaster.regressor_set.strategy

    @property
    def builder(self):
        return self.batch_forecaster.builder

    @property
    def regressors(self):
        return self.batch_forecaster.regressor_set.regressors

    @property
    def season_length(self):
        """Number of rows in the season that is taken off; None if there is none."""
        season_length = self.builder.scaler.adjuster.season_length
        return season_length if season_length > 1 else None

    @property
    def seasons(self):
        """The Adjuster and the SeriesAdjustment of each training series with a season, by key."""
        adjuster = self.builder.scaler.adjuster
        if self.season_length is None:
            return {}
        return {key: (adjuster, adjuster.adjustments[key]) for key in self.data.series or adjuster.adjustments}

    @property
    def trust(self):
        """How much of what the regressors add to the baseline counts; None without a baseline."""
        return self.batch_forecaster.trust

    @property
    def attributes(self):
        """The fitted attributes that tell what was trained, by name."""
        return {
            "regressors_": self.regressors,
            "n_dropped_": self.n_dropped,
            "strategy_": self.strategy.name,
            "steps_": self.strategy.n_ahead,
            "season_": self.season_length,
            "trust_": self.trust,
        }

    def forecast(self, series, origins, steps, coverages=()):
        """Forecast some series from some origins, both by key.

        Returns
        -------
        forecasts : dict of ndarray of shape (n_origins, steps, n_targets, 1 + 2 n_coverages)
            The forecast, then the lower and the upper end of each interval; NaN where there is none.
        """
        self.strategy.check_reach(steps, self.data.spec.columns.past_names)
        if coverages and self.batch_forecaster.intervals is None:
            raise ValueError(no_intervals_message(coverages))
        on_clipped = partial(warn_of_divergence, self.name, self.strategy.n_ahead) if self.warns_of_divergence else None
        return self.batch_forecaster.forecast(series, origins, steps, coverages, on_clipped)

    def components(self, series, origins, steps):
        """Forecast series from one origin each, by key, in parts: (steps, n_targets, 4) by key; the last is the sum."""
        self.strategy.check_reach(steps, self.data.spec.columns.past_names)
        parts = self.batch_forecaster.components_at(series, origins, steps)
        parts = np.moveaxis(np.concatenate((parts, parts.sum(axis=0, keepdims=True))), 0, -1)
        return dict(zip(series, parts, strict=True))

    def in_sample_forecasts(self):
        """Forecast the training rows one step ahead, (n, n_targets) by key; NaN where no window can be read."""
        series = self.data.series
        origins = {key: np.arange(len(part)) for key, part in series.items()}
        forecasts = self.batch_forecaster.forecast(series, origins, 1)
        return {key: values[:, 0, :, 0] for key, values in forecasts.items()}

    def builder_of(self, key):
        """Return the WindowBuilder of a series, which is that of all."""
        return self.builder

    def check_known_columns(self, futures, steps):
        """Check that the futures of some series, by key, have the known columns that are read."""
        if self.builder.spec.n_known:
            check_known_columns(futures, self.strategy, steps, self.builder.reads_known_nan)

    def check_one_model(self, what):
        """Check that there is one model for all series."""

    def check_series(self, series):
        """Check that there is a model for some series: there is one for any."""

    def check_logarithms(self, series, name=None):
        """Warn of values in later rows, by key, that have no logarithm although it is taken of their series.

        With `log=True`, they are an error. `name` is that of the series in messages, if its key is None.
        """
        for key, part in series.items():
            found = self.builder.scaler.without_logarithm(key, part.values("y", 0, len(part)))
            if found is None:
                continue
            value, floor = found
            name = key if name is None else name
            whose = "y" if name is None else f"The series {name!r}"
            message = f"{whose} has the value {value:.6g}, which has no logarithm, but its logarithm is taken. "
            if self.builder.scaler.adjuster.log.setting is True:
                raise ValueError(message + "Fit on all rows with log='auto', which takes it of positive series only.")
            warn_user(message + f"It is read as {floor:.6g}. Fit on all rows, or set log=None before fit.")

    def followed_by(self, histories):
        """Return the same, prepared to forecast from the end of histories that have become longer, by key."""
        return replace(self, batch_forecaster=self.batch_forecaster.followed_by(histories))

    def compact(self):
        """Return the same without the training rows."""
        data = replace(self.data, series={}, weight=None)
        return replace(self, data=data, batch_forecaster=self.batch_forecaster.compact())

    def compact_history(self, key, history):
        """Return the end of a history: the rows that forecasts from there, and from later rows, read.

        A series that was not trained on is scaled by all its rows, and a few rows may not tell its frequency.
        """
        if key not in self.builder.scaler.scalings or (history.end is not None and history.end.step is None):
            return history
        return history.without_rows_before(len(history) - self.builder.spec.window_length)

    def for_histories(self, histories):
        """Return the same for other histories than those of the fit; their level or size may differ."""
        return replace(self, batch_forecaster=self.batch_forecaster.for_histories(histories))


def window_channels(table_spec, n_ahead):
    """Return the names of the channels of a window, for messages.

    Parameters
    ----------
    table_spec : TableSpec
    n_ahead : int
        How many steps are predicted at once.
    """
    columns = table_spec.columns
    names = [f"the column {name!r} of X" for name in [*columns.known_names * n_ahead, *columns.past_names]]
    targets = table_spec.output_format.described_targets(table_spec.n_targets)
    return ChannelNames([*targets, *names], table_spec.n_targets)


@dataclass(frozen=True)
class InSample(PickledByFields):
    """In-sample forecasts of the training rows, one step ahead, computed when they are first used.

    Parameters
    ----------
    fitted : FittedForecaster or FittedLocally
        The result of `fit`, without the changes by `update`.
    """

    fitted: "FittedForecaster | FittedLocally"

    @cached_property
    def forecasts(self):
        """Forecasts (n, n_targets) of each series, by key; NaN where the regressor cannot read the window."""
        return self.fitted.in_sample_forecasts()

    def filled(self, key):
        """Return the forecasts of one series, with missing ones filled.

        They are filled by the newest value before the row or, if there is none, by the mean of the series.
        """
        y, forecasts = self.fitted.data.series[key].y, self.forecasts[key]
        newest = seasonal_naive(y, 1, np.arange(len(y)), 1)[:, 0]
        present = ~np.isnan(y)
        n_present, total = present.sum(axis=0), np.where(present, y, 0).sum(axis=0)
        mean = np.divide(total, n_present, out=np.full(len(total), np.nan), where=n_present > 0)
        naive = np.where(np.isnan(newest), mean, newest)
        return np.where(np.isnan(forecasts), naive, forecasts)


class ForgottenRowsError(ValueError, AttributeError):
    """What needs the training rows is asked of a Forecaster whose `compact` has removed them."""


@dataclass(frozen=True)
class Forgotten:
    """Stands for the in-sample forecasts after `Forecaster.compact`."""

    @property
    def forecasts(self):
        self.refuse("fitted_values_ and residuals_ are forecasts of the training rows")

    def filled(self, key):
        self.refuse("In-sample forecasts need the training rows")

    def refuse(self, what):
        """Raise ForgottenRowsError."""
        raise ForgottenRowsError(
            f"{what}, which `compact` has removed. Do so before compact(), or call fit again on all rows."
        )
