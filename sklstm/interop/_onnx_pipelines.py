"""Pipelines with steps that do nothing, "passthrough" or None, for skl2onnx, which takes each step for an estimator."""

from copy import copy
from functools import wraps

ALIAS = "SklearnPipeline"


def skip_passthrough():
    """Make skl2onnx leave such steps out, in a Pipeline itself and in one inside another estimator."""
    from skl2onnx import update_registered_parser
    from skl2onnx._parse import sklearn_parsers_map
    from skl2onnx.common._registration import get_converter, register_converter
    from sklearn.pipeline import Pipeline

    parser, converter = sklearn_parsers_map[Pipeline], get_converter(ALIAS)
    if hasattr(parser, "__wrapped__"):  # it was called before
        return

    @wraps(parser)
    def parse(scope, model, inputs, custom_parsers=None):
        return parser(scope, effective(model), inputs, custom_parsers=custom_parsers)

    def convert(scope, operator, container):
        whole = operator.raw_operator
        operator.raw_operator = effective(whole)
        try:
            converter(scope, operator, container)
        finally:
            operator.raw_operator = whole

    update_registered_parser(Pipeline, parse)
    register_converter(ALIAS, convert, overwrite=True, options=converter.get_allowed_options())


def effective(pipeline):
    """Return a Pipeline without the steps that do nothing; itself if all or none of them do something."""
    steps = [step for step in pipeline.steps if step[1] is not None and not isinstance(step[1], str)]
    if len(steps) in (0, len(pipeline.steps)):
        return pipeline
    found = copy(pipeline)
    found.steps = steps
    return found
