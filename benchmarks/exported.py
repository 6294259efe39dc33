"""Time of an exported model in ONNX Runtime, beside that of `predict`. Predictions are compared first.

`python -m benchmarks.exported [SECONDS]` measures each case for so many seconds (3), in turns, with one thread each.
`_peers.onnx_session` is another model: the layers alone, without scaling and missing values.
"""

import sys

import numpy as np
import onnxruntime

from benchmarks import _peers
from benchmarks._measure import measure
from benchmarks._models import fit, regressor, rows
from sklstm.interop.onnx import to_onnx


class Exported:
    """An exported model with scaling, `instance_norm` and the treatment of missing values."""

    params = ((1, 32, 1024), (32, 128))
    param_names = ("rows", "hidden")

    def setup(self, n_rows, hidden):
        _peers.set_threads(1)
        self.X, y = rows(max(n_rows, 64), 24, 1)
        self.estimator = fit(regressor(hidden, instance_norm="last"), self.X[:64], y[:64])
        self.X = self.X[:n_rows]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = to_onnx(self.estimator).SerializeToString()
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(self.time_onnxruntime(), self.time_sklstm(), rtol=1e-4, atol=1e-5)

    def time_sklstm(self, *_):
        return self.estimator.predict(self.X)

    def time_onnxruntime(self, *_):
        return self.session.run(["y"], {"X": self.X})[0]


def main(seconds):
    """Print the time of the exported model as a share of that of `predict`."""
    for hidden in Exported.params[1]:
        for n_rows in Exported.params[0]:
            ratio = measure(Exported, (n_rows, hidden), seconds)["ratio"]["onnxruntime"]
            print(f"{hidden} units, {n_rows} rows of 24 steps: {1 / ratio:.2f} of the time of predict", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3)
