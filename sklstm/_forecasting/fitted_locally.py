"""The result of a fit with one model for each series of a panel."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from sklstm._forecasting.fitted_forecaster import FittedForecaster
from sklstm._forecasting.pooling import naming_series
from sklstm._forecasting.updating import train_further
from sklstm._series.training_data import TrainingData


@dataclass(frozen=True)
class FittedLocally:
    """A FittedForecaster of each series of a panel. It forecasts as one of all series does.

    A method does for each series what that of FittedForecaster does, unless it says otherwise.

    Parameters
    ----------
    data : TrainingData
        The training rows of all series.
    models : dict of FittedForecaster
        By series, in the order of `data`. Each knows its series as None, the key of a single series.
    """

    data: TrainingData
    models: dict[Hashable, FittedForecaster]

    @property
    def regressors(self):
        return [regressor for model in self.models.values() for regressor in model.regressors]

    @property
    def attributes(self):
        """The fitted attributes that tell what was trained, by name; those that may differ are dicts by series."""
        each = {key: model.attributes for key, model in self.models.items()}
        (strategy,) = {found["strategy_"] for found in each.values()}
        by_series = {
            name: {key: found[name] for key, found in each.items()} for name in ("steps_", "season_", "trust_")
        }
        n_dropped = sum(found["n_dropped_"] for found in each.values())
        return {"regressors_": self.regressors, "n_dropped_": n_dropped, "strategy_": strategy, **by_series}

    @property
    def seasons(self):
        """As `FittedForecaster.seasons`."""
        return {key: season for key, model in self.models.items() for season in model.seasons.values()}

    # ---- forecasts

    def forecast(self, series, origins, steps, coverages=()):
        found = {}
        for key, part in series.items():
            with naming_series(key):
                found |= under(key, self.models[key].forecast({None: part}, {None: origins[key]}, steps, coverages))
        return found

    def components(self, series, origins, steps):
        found = {}
        for key, part in series.items():
            found |= under(key, self.models[key].components({None: part}, {None: origins[key]}, steps))
        return found

    def in_sample_forecasts(self):
        found = {}
        for key, model in self.models.items():
            found |= under(key, model.in_sample_forecasts())
        return found

    # ---- checks

    def builder_of(self, key):
        return self.models[key].builder

    def check_known_columns(self, futures, steps):
        for key, future in futures.items():
            with naming_series(key):
                self.models[key].check_known_columns({None: future}, steps)

    def check_logarithms(self, series):
        for key, part in series.items():
            self.models[key].check_logarithms({None: part}, key)

    def check_one_model(self, what):
        """Raise ValueError, as there is a model for each series."""
        raise ValueError(
            f"{what} is of one model, but pooling='local' has trained {len(self.models)}, one for each series. Call it "
            "on clone(forecaster).fit(None, y.loc[key]), the forecaster of one series."
        )

    def check_series(self, series):
        """Raise ValueError if there is no model for some of the series."""
        for key in series:
            if key not in self.models:
                which = "a series without a name" if key is None else f"the series {key!r}"
                raise ValueError(
                    f"pooling='local' has a model of each of the {len(self.models)} series that were trained on, and "
                    f"none of {which}. Give one of them, with its name: pd.concat({{{next(iter(self.models))!r}: y}}); "
                    "or fit with pooling='global', whose model forecasts any series."
                )

    # ---- later rows

    def compact(self):
        data = replace(self.data, series={}, weight=None)
        return replace(self, data=data, models={key: model.compact() for key, model in self.models.items()})

    def compact_history(self, key, history):
        return self.models[key].compact_history(None, history)

    def followed_by(self, histories):
        return self._with({key: self.models[key].followed_by({None: part}) for key, part in histories.items()})

    def for_histories(self, histories):
        self.check_series(histories)
        return self._with({key: self.models[key].for_histories({None: part}) for key, part in histories.items()})

    def trained_further(self, histories, n_new, learning_rate_init):
        """Train the models of the series that have new rows; see `train_further`."""
        trained = {}
        for key, n in n_new.items():
            with naming_series(key):
                trained[key] = train_further(self.models[key], {None: histories[key]}, {None: n}, learning_rate_init)
        return self._with(trained)

    def _with(self, models):
        return replace(self, models=self.models | models)


def under(key, found):
    """Return what a model found for its series under the key that the series has in the panel."""
    return {key: found[None]}


def train_models_further(fitted, histories, n_new, learning_rate_init):
    """As `train_further`, for a FittedForecaster or a FittedLocally."""
    if isinstance(fitted, FittedLocally):
        return fitted.trained_further(histories, n_new, learning_rate_init)
    return train_further(fitted, histories, n_new, learning_rate_init)
