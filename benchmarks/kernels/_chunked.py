"""The loop of the kernel's backward pass, with functions to call before and after each chunk of steps."""

import numpy as np

from sklstm._network import lstm


def backward(matrix, ws, d_h_last, d_h_steps=None, skipped=None, *, before=None, after):
    """Back-propagate chunk by chunk of `ws.chunk` steps, as `lstm.backward` does.

    Parameters
    ----------
    matrix, ws, d_h_last, d_h_steps, skipped
        As in `lstm.backward`.
    before, after : callable
        Called with the first step of a chunk and the step after its last one, before and after its loop. When `after`
        is called, d_a of these steps is complete, so the gradient of the weights can be computed.
    """
    dot, multiply, add = np.dot, np.multiply, np.add
    T = ws.shape[0]
    weights_T = lstm._transposed_weights(lstm._reversed_gates(matrix), ws)
    skips = lstm._skipped_by_step(skipped, T)
    d_h, d_c = ws.d_h, ws.d_c
    d_h[...] = d_h_last
    d_c_next = d_c
    d_c_next[...] = 0
    for start in reversed(range(0, T, ws.chunk)):
        stop = min(start + ws.chunk, T)
        if before is not None:
            before(start, stop)
        for t in reversed(range(start, stop)):
            to_c, of_next_c, of_g, of_o, of_f, of_i, d_a = ws.backward_steps[t]
            if d_h_steps is not None:
                add(d_h, d_h_steps[t], d_h)
            multiply(to_c, d_h, to_c)
            multiply(of_o, d_h, of_o)
            add(d_c_next, to_c, d_c)
            multiply(of_g, d_c, of_g)
            multiply(of_f, d_c, of_f)
            multiply(of_i, d_c, of_i)
            multiply(of_next_c, d_c, of_next_c)
            d_c_next = of_next_c
            carried = None if skips[t] is None else d_h[:, skips[t]]
            d_z, d_h = ws.d_z[t]
            dot(weights_T, d_a, d_z)
            if carried is not None:
                d_h[:, skips[t]] += carried
        after(start, stop)
    d_c[...] = d_c_next
