"""Gates by `np.exp`, and tanh(c) by `np.tanh`: the form of the kernel for medium blocks without AVX-512.

Expected benefit: four calls fewer, and more digits of tanh(c) near 0, for one block by tanh instead of exp.
"""

from benchmarks.kernels._forms import workspace
from sklstm._network.lstm import backward, forward

__all__ = ["Workspace", "backward", "forward"]

Workspace = workspace(gates_by_exp=True, c_by_exp=False)
