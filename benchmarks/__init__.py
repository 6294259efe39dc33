"""How fast, beside whom: `python -m benchmarks` (extra `peers`).

Every class is asv-shaped: `params`, `param_names`, `setup`, and `time_*` methods, of which `time_sklstm`
is ours and the others are peers doing the same work. `python -m benchmarks` runs all `time_*` methods of a
case in one process, in turns, and reports the median of the ratios ours / peer, round by round.
"""
