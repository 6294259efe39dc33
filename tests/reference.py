"""The oracle: an LSTM layer and its read-out over lists, one sequence at a time, from the equations.

`p` holds weight_ih, bias, weight_hh (rows in gate order i, f, o, g),
readout_weight and readout_bias as lists; a sequence is a list of steps, each a list or None (missing).
"""

from math import exp, tanh


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def forward(p, steps, h, c):
    """Outputs at every step from the state (h, c), and a record of every step for `backward`."""
    H, outputs, record = len(h), [], []
    for x in steps:
        before = (h, c)
        if x is not None:
            a = [dot(w, x) + b + dot(u, h) for w, b, u in zip(p["weight_ih"], p["bias"], p["weight_hh"], strict=True)]
            i, f, o = ([1 / (1 + exp(-z)) for z in a[k * H : (k + 1) * H]] for k in range(3))
            g = [tanh(z) for z in a[3 * H :]]
            c = [f[j] * c[j] + i[j] * g[j] for j in range(H)]
            h = [o[j] * tanh(c[j]) for j in range(H)]
        record.append((x, before, (i, f, o, g) if x is not None else None, h, c))
        outputs.append([dot(v, h) + b for v, b in zip(p["readout_weight"], p["readout_bias"], strict=True)])
    return outputs, record


def backward(p, record, d_outputs):
    """Gradients of all parameters, of the steps and of the initial state, given those of the outputs."""
    H = len(p["weight_hh"][0])
    d = {name: [[0.0] * len(row) for row in p[name]] for name in ("weight_ih", "weight_hh", "readout_weight")}
    d |= {"x": [], **{name: [0.0] * len(p[name]) for name in ("bias", "readout_bias")}}
    d_h, d_c = [0.0] * H, [0.0] * H
    for (x, (h0, c0), gates, h, c), d_y in zip(reversed(record), reversed(d_outputs), strict=True):
        add_outer(d["readout_weight"], d["readout_bias"], d_y, h)
        d_h = [d_h[j] + sum(e * v[j] for e, v in zip(d_y, p["readout_weight"], strict=True)) for j in range(H)]
        if x is None:
            d["x"].append(None)
            continue
        i, f, o, g = gates
        d_c = [d_c[j] + d_h[j] * o[j] * (1 - tanh(c[j]) ** 2) for j in range(H)]
        d_a = [d_c[j] * g[j] * i[j] * (1 - i[j]) for j in range(H)]
        d_a += [d_c[j] * c0[j] * f[j] * (1 - f[j]) for j in range(H)]
        d_a += [d_h[j] * tanh(c[j]) * o[j] * (1 - o[j]) for j in range(H)]
        d_a += [d_c[j] * i[j] * (1 - g[j] ** 2) for j in range(H)]
        add_outer(d["weight_ih"], d["bias"], d_a, x)
        add_outer(d["weight_hh"], [0.0] * (4 * H), d_a, h0)
        d["x"].append([dot(d_a, column) for column in zip(*p["weight_ih"], strict=True)])
        d_h = [dot(d_a, column) for column in zip(*p["weight_hh"], strict=True)]
        d_c = [d_c[j] * f[j] for j in range(H)]
    return d | {"x": d["x"][::-1], "h": d_h, "c": d_c}


def add_outer(d_weight, d_bias, d_a, x):
    for row, e in enumerate(d_a):
        d_bias[row] += e
        d_weight[row] = [d + e * value for d, value in zip(d_weight[row], x, strict=True)]
