"""Workspaces in which the kernel computes by tanh or by exp, whatever the processor and the size."""

from sklstm._network import lstm


def workspace(gates_by_exp, c_by_exp):
    """Return the kernel's class of workspaces with other forms of the gates and of tanh(c)."""

    class Workspace(lstm.Workspace):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)
            self.gates_by_exp, self.c_by_exp = gates_by_exp, c_by_exp

    return Workspace
