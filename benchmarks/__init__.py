"""Benchmarks. Each of these commands prints a table; `--help` lists its options.

    python -m benchmarks                     speed and memory, compared with PyTorch, skorch and ONNX Runtime
    python -m benchmarks.table FILE …        the tables of doc/performance.md from the results of the first
    python -m benchmarks.kernels             other ways to write the LSTM kernel, compared with the kernel
    python -m benchmarks.accuracy COMMAND    forecast errors of the default on real series, compared with other models
    python -m benchmarks.updates             forecast errors with training on new rows, compared with none
    python -m benchmarks.long_memory         what forget_bias="chrono" does: the adding problem, and real series
    python -m benchmarks.compare COMMIT      speed of this tree, compared with an earlier commit
    python -m benchmarks.same_numbers COMMIT whether the numbers equal those of an earlier commit, to the bit

`python -m benchmarks --as avx2`, and `python -m benchmarks.as_processor avx2 -- COMMAND …` for the others, run as on a
processor without AVX-512.

The first needs the extra `peers`; `updates`, `long_memory` and two commands of `accuracy` need the extra `study`.

Benchmark classes have the form that asv expects: `params`, `param_names`, `setup` and `time_*` methods.
`time_sklstm` times this package; the other methods do the same work with a peer. All `time_*` methods of a case
run in one process, in turns. The result is the median over all rounds of the ratio sklstm / peer.
"""
