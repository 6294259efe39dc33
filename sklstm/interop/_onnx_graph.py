"""A graph of ONNX operators as plain records, which `onnx` writes as a model and `skl2onnx` as a part of one.

Building it needs NumPy only. Operators are those that have the same form in all versions from `FIRST_OPSET` on.
"""

from dataclasses import dataclass, field

import numpy as np

# The first version of the operators with this form: ReduceSum and Squeeze have their axes as an input from then on.
FIRST_OPSET = 13

# Numbers of the element types in the ONNX format.
ELEMENT_TYPES = {
    np.dtype(np.float32): 1,
    np.dtype(np.int32): 6,
    np.dtype(np.int64): 7,
    np.dtype(np.bool_): 9,
    np.dtype(np.float64): 11,
}

NOT_COMPUTED = ""  # the name of an output that is left out


@dataclass(frozen=True)
class Node:
    """One operator: its name in ONNX, the names of its inputs and outputs, and its attributes."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, object]


@dataclass
class Graph:
    """Operators in the order of their computation, and constants by name.

    Every method returns the name of its result. Inputs are names or, for constants, arrays or lists of int.
    """

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def names(self):
        """Names of all constants and results."""
        return [*self.constants, *(name for node in self.nodes for name in node.outputs if name)]

    def add(self, operator, *inputs, **attributes):
        """Add an operator with one output."""
        return self.add_several(operator, 1, *inputs, **attributes)[0]

    def add_several(self, operator, n_outputs, *inputs, is_kept=None, **attributes):
        """Add an operator with several outputs; return their names. Those that are not kept are not computed."""
        names = [part if isinstance(part, str) else self._constant(part) for part in inputs]
        stem = f"{operator.lower()}_{len(self.nodes)}"
        outputs = [stem] if n_outputs == 1 else [f"{stem}_{k}" for k in range(n_outputs)]
        if is_kept is not None:
            outputs = [name if kept else NOT_COMPUTED for name, kept in zip(outputs, is_kept, strict=True)]
        self.nodes.append(Node(operator, names, outputs, attributes))
        return outputs

    def rename(self, name, new):
        """Give a result another name."""
        self.nodes.append(Node("Identity", [name], [new], {}))

    def cast(self, value, dtype):
        """Convert to another element type."""
        return self.add("Cast", value, to=ELEMENT_TYPES[np.dtype(dtype)])

    def part(self, value, start, stop, axis):
        """Take the elements start … stop - 1 along an axis."""
        return self.add("Slice", value, [start], [stop], [axis])

    def new_axis(self, value, axis):
        """Add an axis of length 1."""
        return self.add("Unsqueeze", value, [axis])

    def total(self, value, axis, keepdims=True):
        """Sum along an axis."""
        return self.add("ReduceSum", value, [axis], keepdims=int(keepdims))

    def any_along(self, mask, axis, keepdims=True):
        """Whether a mask is true anywhere along an axis."""
        count = self.total(self.cast(mask, np.int32), axis, keepdims)
        return self.add("Greater", count, np.int32(0))

    def all_along(self, mask, axis, keepdims=True):
        """Whether a mask is true everywhere along an axis."""
        return self.add("Not", self.any_along(self.add("Not", mask), axis, keepdims))

    def gather(self, value, index, shape, axis):
        """Take elements along an axis, by an index that is expanded to a `shape`, in which 1 keeps its own size."""
        return self.add("GatherElements", value, self.add("Expand", index, shape), axis=axis)

    def sort_order(self, keys, length):
        """Return the order, smallest first, of the keys (n, length); `length` is the name of a number."""
        k = self.add("Reshape", length, [1])
        return self.add_several("TopK", 2, keys, k, axis=1, largest=0, sorted=1)[1]

    def _constant(self, values):
        values = np.asarray(values, dtype=np.int64) if isinstance(values, list) else np.asarray(values)
        name = f"constant_{len(self.constants)}"
        self.constants[name] = values
        return name
