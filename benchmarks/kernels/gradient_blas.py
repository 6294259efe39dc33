"""The weight gradients with two BLAS threads, and the products of single steps with as many as BLAS has.

Expected benefit: large products gain from a second thread, where small ones do not. Setting the number takes 1 µs.
"""

from threadpoolctl import ThreadpoolController

from benchmarks.kernels._altered import altered
from sklstm._network import lstm

_libraries = ThreadpoolController().select(user_api="blas").lib_controllers


def _weight_gradient(ws, start, stop, out):
    before = [library.num_threads for library in _libraries]
    _set_threads([2] * len(before))
    lstm._weight_gradient(ws, start, stop, out)
    _set_threads(before)


def _set_threads(numbers):
    for library, n_threads in zip(_libraries, numbers, strict=True):
        library.set_num_threads(n_threads)


_kernel = altered(_weight_gradient=_weight_gradient)
Workspace, forward, backward = _kernel.Workspace, _kernel.forward, _kernel.backward
