"""The scaling of inputs and outputs, `sklstm._network.scaling`, as ONNX operators.

Arrays have the sample first: inputs (n, T, F), location and scale of windows (n, 1, C), outputs (n, …, K), where C is
the number of target channels.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sklstm._network.network import Network
from sklstm._network.scaling import LARGEST_INPUT, PRIOR_STEPS, WITH_DEVIATION
from sklstm.interop._onnx_graph import Graph


class ScaledInputs(NamedTuple):
    """Names of the scaled inputs x (n, T, F), which are finite, and of what comes with them.

    `indicators` (n, T, F) are None if the network reads none. `skipped` (n, T) is a mask of steps. `location` and
    `scale` of the windows are None where the outputs do not need them.
    """

    x: str
    indicators: str | None
    skipped: str
    location: str | None
    scale: str | None


class TargetChannels(NamedTuple):
    """Names of the target channels x (n, T, C), of their last present values, and of the mask of present values.

    The mask is (n, T, C), or (n, T, 1) for all channels together.
    """

    x: str
    last: str
    present: str


@dataclass(frozen=True)
class ScalingOperators:
    """Adds the scaling of a network to a graph.

    Parameters
    ----------
    graph : Graph
    network : Network
    dtype : numpy dtype
        Precision of the scaling.
    """

    graph: Graph
    network: Network
    dtype: np.dtype

    @property
    def scaling(self):
        return self.network.scaling

    def inputs(self, x):
        """Add what `Scaling.inputs` and `limit_inputs` do to samples x (n, T, F); return ScaledInputs."""
        graph, scaling, zero = self.graph, self.scaling, self.dtype.type(0)
        if scaling.channel_unit is not None:
            x = graph.add("Div", x, self._row(scaling.channel_unit))
        by_channel, missing = scaling.missing_rule.by_channel, graph.add("IsNaN", x)
        if not by_channel:
            missing = graph.any_along(missing, 2)
        x = graph.add("Where", missing, zero, x)
        location = scale = indicators = None
        if scaling.instance_norm is not None:
            x, location, scale = self._relative_to_window(x, missing)
        if scaling.channel_mean is not None:
            x = graph.add("Sub", x, self._row(scaling.channel_mean))
            x = graph.add("Div", x, self._row(scaling.channel_scale))
        if by_channel:
            x = graph.add("Where", missing, zero, x)
            indicators = graph.cast(missing, self.dtype)
        x = graph.add("Clip", x, self.dtype.type(-LARGEST_INPUT), self.dtype.type(LARGEST_INPUT))
        return ScaledInputs(x, indicators, self._skipped_steps(missing), location, scale)

    def outputs(self, y, rank, inputs):
        """Add what `Scaling.outputs` does to y (n, …, K), which has `rank` dimensions; return the name of the result.

        `inputs` are the ScaledInputs.
        """
        graph, scaling = self.graph, self.scaling
        if scaling.target_mean is not None:
            y = graph.add("Mul", y, self._row(scaling.target_scale))
            y = graph.add("Add", y, self._row(scaling.target_mean))
            if scaling.is_constant is not None:
                y = graph.add("Where", scaling.is_constant[:, 0], self._row(scaling.target_mean), y)
        if inputs.scale is not None:
            y = graph.add("Mul", y, self._for_outputs(inputs.scale, rank))
        if inputs.location is not None:
            y = graph.add("Add", y, self._for_outputs(inputs.location, rank))
        if scaling.constant is not None:
            is_other = np.isnan(scaling.constant[:, 0])
            y = graph.add("Where", is_other, y, self._row(np.nan_to_num(scaling.constant)))
        return y if scaling.target_unit is None else graph.add("Mul", y, self._row(scaling.target_unit))

    def _row(self, column):
        """Return a column of parameters, (n, 1), as a row."""
        return np.asarray(column[:, 0], self.dtype)

    def _for_outputs(self, of_windows, rank):
        """Repeat location or scale of the windows, (n, 1, C), to (n, …, K): output k belongs to channel k mod C."""
        n_repeats = self.network.n_outputs // self.scaling.n_targets
        if n_repeats > 1:
            of_windows = self.graph.add("Concat", *[of_windows] * n_repeats, axis=2)
        if rank == 2:
            return self.graph.add("Squeeze", of_windows, [1])
        return of_windows if rank == 3 else self.graph.add("Unsqueeze", of_windows, [1])

    def _skipped_steps(self, missing):
        """Add `MissingRule.skipped` for the mask (n, T, F), or (n, T, 1) for all channels together."""
        graph, rule = self.graph, self.scaling.missing_rule
        skipped = graph.all_along(missing, 2, keepdims=False)
        if not rule.n_needed:
            return skipped
        of_targets = graph.all_along(self._target_part(missing), 1)  # (n, 1, C)
        return graph.add("Or", skipped, graph.any_along(of_targets, 2, keepdims=False))

    def _target_part(self, values):
        """Take the target channels of values (n, T, F)."""
        n_targets, n_channels = self.scaling.n_targets, self.network.n_channels
        return values if n_targets == n_channels else self.graph.part(values, 0, n_targets, 2)

    # ---- instance norm

    def _relative_to_window(self, x, missing):
        """Add the instance norm of x (n, T, F); return its result, and location and scale (or None) of the windows."""
        graph, n_targets, n_channels = self.graph, self.scaling.n_targets, self.network.n_channels
        present = graph.add("Not", self._target_part(missing) if self.scaling.missing_rule.by_channel else missing)
        channels = self._target_channels(self._target_part(x), present)
        location, scale = self._reference(channels)
        relative = graph.add("Sub", channels.x, location)
        if scale is not None:
            relative = graph.add("Div", relative, scale)
        if n_targets < n_channels:
            relative = graph.add("Concat", relative, graph.part(x, n_targets, n_channels, 2), axis=2)
        return relative, location, scale

    def _target_channels(self, x, present):
        """Find the last present values; those of the last step in a window without any."""
        graph = self.graph
        newest = graph.add("ArgMax", graph.cast(present, np.float32), axis=1, keepdims=1, select_last_index=1)
        return TargetChannels(x, graph.gather(x, newest, [1, 1, self.scaling.n_targets], 1), present)

    def _reference(self, channels):
        """Add `Scaling._reference`: location and scale (or None) of the windows, (n, 1, C)."""
        norm, graph = self.scaling.instance_norm, self.graph
        if norm == "last":
            return channels.last, None
        mean, deviation, count = self._window_moments(channels)
        location = channels.last if norm == "last-standard" else graph.cast(mean, self.dtype)
        if norm not in WITH_DEVIATION:
            return location, None
        if self.scaling.typical_deviation is not None:
            share = graph.add("Div", PRIOR_STEPS, graph.add("Add", PRIOR_STEPS, count))
            of_typical = graph.add("Mul", graph.add("Sqrt", share), self._typical_deviation(deviation, channels.last))
            of_window = graph.add("Mul", graph.add("Sqrt", graph.add("Sub", 1.0, share)), deviation)
            deviation = self._hypot(of_window, of_typical)
        return location, graph.cast(deviation, self.dtype)

    def _window_moments(self, channels):
        """Add `window_moments`: mean, deviation and number of the present values, in float64.

        Differences are divided by the largest of them before they are squared, so that no square overflows.
        """
        graph = self.graph
        is_present, anchor = graph.cast(channels.present, np.float64), graph.cast(channels.last, np.float64)
        count = graph.add("Max", graph.total(is_present, 1), 1.0)
        difference = graph.add("Mul", graph.add("Sub", graph.cast(channels.x, np.float64), anchor), is_present)
        mean = graph.add("Div", graph.total(difference, 1), count)
        difference = graph.add("Mul", graph.add("Sub", difference, mean), is_present)
        size = graph.add("Abs", difference)
        largest = graph.add("GatherElements", size, graph.add("ArgMax", size, axis=1, keepdims=1), axis=1)
        divisor = graph.add("Where", graph.add("Greater", largest, 0.0), largest, 1.0)
        relative = graph.add("Div", difference, divisor)
        variance = graph.add("Div", graph.total(graph.add("Mul", relative, relative), 1), count)
        return graph.add("Add", anchor, mean), graph.add("Mul", largest, graph.add("Sqrt", variance)), count

    def _typical_deviation(self, deviation, last):
        """Add the typical deviation of the group of each window: one row (C,) for all, or (n, 1, C)."""
        graph = self.graph
        typical, limits = (self.scaling.typical_deviation, self.scaling.group_limits)
        first, *others = typical.T.astype(np.float64)
        if limits is None:
            return first
        rounding = graph.add("Mul", float(np.finfo(self.dtype).eps), graph.add("Abs", graph.cast(last, np.float64)))
        found = first
        for of_group, limit in zip(others, limits.T.astype(np.float64), strict=True):
            found = graph.add("Where", graph.add("Greater", deviation, limit), of_group, found)
        return graph.add("Where", graph.add("Greater", deviation, rounding), found, others[-1])

    def _hypot(self, a, b):
        """Add the square root of a² + b², of which b is positive, without overflow or underflow."""
        graph = self.graph
        largest = graph.add("Max", a, b)
        squares = [graph.add("Mul", part, part) for part in (graph.add("Div", side, largest) for side in (a, b))]
        return graph.add("Mul", largest, graph.add("Sqrt", graph.add("Add", *squares)))
