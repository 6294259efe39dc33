"""The loop of the kernel's backward pass, with functions to call before and after each chunk of steps."""

import numpy as np

from sklstm._network import lstm


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0, *, before=None, after):
    """Back-propagate chunk by chunk of `ws.chunk` steps, as `lstm.backward` does.

    Parameters
    ----------
    matrix, ws, d_h_last, d_h_steps, start
        As in `lstm.backward`.
    before, after : callable
        Called with the first step of a chunk and the step after its last one, before and after its loop. When `after`
        is called, d_a of these steps is complete, so the gradient of the weights can be computed.
    """
    dot, multiply, add = np.dot, np.multiply, np.add
    T = ws.shape[0]
    weights_T = lstm._transposed_weights(lstm._reversed_gates(matrix), ws)
    d_h, d_c = ws.d_h, ws.d_c
    d_h[...] = d_h_last
    d_c_next = d_c
    d_c_next[...] = 0
    for begin in reversed(range(0, T, ws.chunk)):
        first, stop = max(begin, start), min(begin + ws.chunk, T)
        if first >= stop:
            break
        if before is not None:
            before(first, stop)
        for t in reversed(range(first, stop)):
            to_c, of_next_c, of_g, of_o, of_f, of_i, d_a = ws.backward_steps[t]
            if d_h_steps is not None:
                add(d_h, d_h_steps[t - start], d_h)
            multiply(to_c, d_h, to_c)
            multiply(of_o, d_h, of_o)
            add(d_c_next, to_c, d_c)
            multiply(of_g, d_c, of_g)
            multiply(of_f, d_c, of_f)
            multiply(of_i, d_c, of_i)
            multiply(of_next_c, d_c, of_next_c)
            d_c_next = of_next_c
            d_z, d_h = ws.d_z[t]
            dot(weights_T, d_a, d_z)
        after(first, stop)
    ws.d_h = d_h
    d_c[...] = d_c_next
