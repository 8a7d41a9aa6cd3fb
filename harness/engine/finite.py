"""Whether an update holds a number that is not finite, at a cost that a clock does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Up to here every number of an update is looked at; beyond, it would cost a clock of a large net one or two per cent.
_READ_WHOLE_BYTES = 1 << 20
_STRIDE = 1009


def is_finite(array: NDArray[np.float64]) -> bool:
    """Whether the sum of an array is finite: one read, and no array of truth values.

    Of a large matrix the first row, the first column and one number in a thousand are read: in a gradient, what is not
    finite comes from an activation or an error that is not, and fills a whole row or column.

    Args:
        array: of any shape; (…, inputs, outputs) for a matrix.

    Returns:
        Whether it is.
    """
    if array.nbytes <= _READ_WHOLE_BYTES or array.ndim < 2:
        return bool(np.isfinite(array.sum()))
    parts = array[..., 0, :].sum(), array[..., 0].sum(), array.reshape(-1)[::_STRIDE].sum()
    return bool(np.isfinite(parts).all())
