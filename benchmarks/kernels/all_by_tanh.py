"""Gates and tanh(c) by `np.tanh`: the form of the kernel with AVX-512, and of small blocks elsewhere.

Expected benefit: fewer calls and passes, where tanh is not much slower than exp.
"""

from benchmarks.kernels._forms import workspace
from sklstm._network.lstm import backward, forward

__all__ = ["Workspace", "backward", "forward"]

Workspace = workspace(gates_by_exp=False, c_by_exp=False)
