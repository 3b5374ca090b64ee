"""The arrays that kernels work on. Without Numba, so that a schema can be compiled, to see whether it can be, where no record is checked."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


class Tables(NamedTuple):
    """A program's arrays, read-only and contiguous; `node.avro.layout` says what stands in them."""

    rows: Int32s
    numbers: Int64s
    text: Bytes
