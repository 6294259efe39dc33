"""Types of arrays. Only annotations use them, so modules import them under `TYPE_CHECKING`."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating]
IntArray: TypeAlias = npt.NDArray[np.integer]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatDType: TypeAlias = np.dtype[np.floating] | type[np.floating]
