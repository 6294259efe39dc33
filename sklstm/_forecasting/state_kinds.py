"""The objects in a fitted `Forecaster`, as its pickles describe them."""

from sklstm._components.theta import ThetaState
from sklstm._estimator.state_kinds import LATE_KINDS, STATE_KINDS
from sklstm._forecasting.adjustment import Adjuster, SeriesAdjustment
from sklstm._forecasting.baselines import Naive, SeriesBaseline, Theta
from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.calibration import CalibrationErrors
from sklstm._forecasting.correction import Baseline, CorrectedSet, Mixture
from sklstm._forecasting.fitted_forecaster import FittedForecaster, Forgotten, InSample
from sklstm._forecasting.fitted_locally import FittedLocally
from sklstm._forecasting.intervals import Bootstrap, Conformal, Levels
from sklstm._forecasting.log_choice import LogRule
from sklstm._forecasting.series_scaling import ScalingRule, SeriesScaling
from sklstm._forecasting.strategies import STRATEGIES, RegressorSet
from sklstm._forecasting.target_scaling import TargetScaler
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._forecasting.window_regressor import WindowRegressor
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._series.columns import ColumnSpec
from sklstm._series.history import History
from sklstm._series.output_format import OutputFormat
from sklstm._series.series import SeriesData
from sklstm._series.training_data import TableSpec, TrainingData
from sklstm._utils.forecast_bounds import SeriesRange
from sklstm._utils.plain_state import Kind
from sklstm._utils.saved_state import StateCodec

CLASSES = (
    SeriesData,
    History,
    ColumnSpec,
    OutputFormat,
    TableSpec,
    TrainingData,
    FittedForecaster,
    FittedLocally,
    InSample,
    Forgotten,
    BatchForecaster,
    WindowBuilder,
    WindowSpec,
    TargetScaler,
    ScalingRule,
    SeriesScaling,
    Adjuster,
    SeriesAdjustment,
    LogRule,
    SeriesRange,
    RegressorSet,
    WindowRegressor,
    *STRATEGIES.values(),
    CorrectedSet,
    Baseline,
    Mixture,
    SeriesBaseline,
    Theta,
    ThetaState,
    Naive,
    Conformal,
    Bootstrap,
    Levels,
    CalibrationErrors,
)
STATE_CODEC = StateCodec((*STATE_KINDS, *map(Kind.of_fields, CLASSES)), LATE_KINDS)
