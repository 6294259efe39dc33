"""Python numbers as constants, where the kernel has 0-d arrays.

Expected benefit: no constants in the workspace, at the same speed.
"""

from sklstm._network import lstm
from sklstm._network.lstm import backward, forward

__all__ = ["Workspace", "backward", "forward"]


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        self.half, self.one = 0.5, 1
