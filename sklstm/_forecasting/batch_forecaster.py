"""Fitted parts put together: from series and origins to forecasts and the ends of their intervals, in one batch."""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.intervals import Intervals
from sklstm._forecasting.strategies import RegressorSet
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._utils.recursion_bounds import find_clipped


@dataclass(frozen=True)
class BatchForecaster:
    """What a fitted forecaster forecasts with.

    Parameters
    ----------
    builder : WindowBuilder
        Makes windows of series.
    regressor_set : RegressorSet
        Forecasts windows.
    intervals : object or None
        One of `intervals.py`: puts intervals around them.
    repeats_last : bool, default=False
        Whether forecasts are the newest value, as too little was learnt from.
    """

    builder: WindowBuilder
    regressor_set: RegressorSet
    intervals: Intervals | None = None
    repeats_last: bool = False

    def forecast(self, series, origins, steps, coverages=(), tell=None):
        """Answers (n_origins, steps, n_targets, 1 + 2 n_coverages) at some origins of each series, by key.

        The forecast, then the lower and upper end of the interval of each coverage, in the user's units.
        NaN where what is read is not there, and where what is answered is not finite. `tell` is called with what was
        held, if anything was.
        """
        contexts = self.builder.forecast_windows(series, origins, steps)
        points = self.points(contexts, steps)
        held = find_clipped(contexts.scaled(points), contexts.limits) if tell else None
        if held is not None:
            tell(held, len(points))
        answers = [points]
        if coverages:
            ends = self.intervals.ends(self.regressor_set, contexts, points, coverages)
            answers += [end[..., c] for c in range(len(coverages)) for end in ends]
        answers = np.stack([self.builder.scaler.inverse_transform(values) for values in answers], axis=-1)
        answers[~np.isfinite(answers)] = np.nan
        _put_in_order(answers)
        last_rows = np.cumsum([len(rows) for rows in origins.values()])[:-1]
        return dict(zip(origins, np.split(answers, last_rows), strict=True))

    def for_histories(self, series):
        """The same for series that are given instead of those known, by key."""
        scaler = self.builder.scaler.for_histories(series)
        return replace(self, builder=replace(self.builder, scaler=scaler))

    def points(self, contexts, steps):
        """Forecasts (n, steps, n_targets) in transformed units."""
        if self.repeats_last:
            points = np.repeat(contexts.last[:, np.newaxis], steps, axis=1)
            points[~contexts.is_readable] = np.nan
            return points
        return contexts.fill_readable(
            lambda part: self.regressor_set.forecast(part.windows, part.future, steps, part.limits)
        )


def _put_in_order(answers):
    """A transformer that falls with its input has turned lower ends into upper ones."""
    lower, upper = answers[..., 1::2], answers[..., 2::2]
    lower[...], upper[...] = np.minimum(lower, upper), np.maximum(lower, upper)
