"""Gates and tanh(c) by `np.exp`: the form of the kernel for large blocks without AVX-512.

Expected benefit: with AVX-512, if exp saved more than its additional passes take; elsewhere, one form for every size.
"""

from benchmarks.kernels._forms import workspace
from sklstm._network.lstm import backward, forward

__all__ = ["Workspace", "backward", "forward"]

Workspace = workspace(gates_by_exp=True, c_by_exp=True)
