"""Chunks of samples that are predicted at once, and the number of threads that predict them.

Borders of chunks follow from shapes alone, so results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._network.layout import Layout
    from sklstm._utils.typing import FloatDType

# Samples of a chunk: at least enough to fill the vector units, and not more than pay off for the smallest layers.
FEWEST_ROWS, MOST_ROWS = 256, 4096

# Bytes of one block of H rows. Larger blocks take fewer calls and fewer changes of the thread that Python runs. The six
# blocks of a step should stay in the cache. (Measured.)
BLOCK_BYTES = 1 << 17

# Elements of the inputs and states of all steps, which take the most memory.
KEPT_ELEMENTS = 1 << 19

# Below these sizes, threads wait for one another longer than they save (measured): the elements of one block, and the
# states that each thread computes.
WORTH_BLOCK, WORTH_STATES = 6 << 10, 1 << 18


def prediction_chunks(layout: Layout, n_samples: int, n_steps: int, dtype: FloatDType, every_step: bool) -> list[slice]:
    """Divide samples into chunks of nearly equal size; `every_step` says whether the read-out reads every step."""
    H = layout.hidden_size
    n_kept = n_steps * (layout.n_channels + (H if every_step or layout.n_layers > 1 else 0))
    most = min(BLOCK_BYTES // (H * np.dtype(dtype).itemsize), KEPT_ELEMENTS // n_kept)
    n_chunks = -(-n_samples // max(FEWEST_ROWS, min(most, MOST_ROWS)))
    if n_samples > FEWEST_ROWS and n_samples * H >= 2 * WORTH_BLOCK:
        n_chunks += n_chunks % 2  # else two threads would end apart
    size = -(-n_samples // n_chunks)
    size += -size % 16  # rows of buffers begin at whole vectors
    return [slice(start, min(start + size, n_samples)) for start in range(0, n_samples, size)]


def worthwhile_threads(layout: Layout, n_samples: int, n_steps: int, n_chunks: int) -> int:
    """Return how many threads pay off, at least 1."""
    H = layout.hidden_size
    if n_samples * H < n_chunks * WORTH_BLOCK:
        return 1
    n_states = n_samples * n_steps * H * layout.n_layers * layout.n_directions
    return max(1, min(n_chunks, n_states // WORTH_STATES))


def largest_products(layout: Layout, n_samples: int) -> tuple[int, int]:
    """Return the multiplications of the largest product of a prediction: by a vector, and of two matrices."""
    of_layers = n_samples * max(rows * (columns + 1) for rows, columns in layout.shapes[:-1])  # + 1: skipped steps
    n_values, n_states = layout.shapes[-1]
    of_readout = n_samples * n_values * n_states
    if n_samples == 1:
        return max(of_layers, of_readout), 0
    return (of_readout, of_layers) if n_values == 1 else (0, max(of_layers, of_readout))
