"""Memory that NumPy writes and TensorFlow reads, without a copy between them."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from contextlib import suppress
from math import prod

import numpy as np
from numpy.typing import DTypeLike, NDArray

from harness.engine.runtime import tf

# Of a large page. Memory of that much and more is asked for in these: fewer faults when it is first touched, and fewer
# entries of the processor's page table for those who pass over it.
_LARGE = 2 << 20
_ALIGNMENT = 64


def pages(shape: Sequence[int], dtype: DTypeLike) -> NDArray[np.float64]:
    """Zeros in pages of their own: aligned as TensorFlow wants it, and not taken before they are touched.

    Args:
        shape: of the array.
        dtype: of its numbers.

    Returns:
        The array.
    """
    kind = np.dtype(dtype)
    size = max(1, prod(shape) * kind.itemsize)
    large = size >= _LARGE
    memory = mmap.mmap(-1, -size % _LARGE + size if large else size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if large and hasattr(mmap, "MADV_HUGEPAGE"):
        # Refused by a kernel that was built without large pages.
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, kind, prod(shape)).reshape(shape)


def aligned(size: int, dtype: DTypeLike) -> NDArray[np.float64]:
    """A vector of the heap, aligned as TensorFlow wants it; what it holds is undefined.

    Args:
        size: number of elements.
        dtype: of its numbers.

    Returns:
        The vector.
    """
    kind = np.dtype(dtype)
    memory = np.empty(size * kind.itemsize + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size * kind.itemsize].view(kind)


def over(array: NDArray[np.float64]) -> tf.Tensor:
    """A tensor over the memory of an array: what is written to the array later, the tensor holds.

    Args:
        array: from `pages`.

    Returns:
        The tensor, shaped like it.
    """
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def under(tensor: tf.Tensor | tf.Variable | NDArray[np.float64]) -> NDArray[np.float64]:
    """The memory of a tensor, as an array to be read only.

    Args:
        tensor: any that lies in the memory of this process, or a variable, until it is next assigned to; an array is
            its own memory.

    Returns:
        The array, shaped like it.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    return np.asarray(memoryview(tensor.read_value() if isinstance(tensor, tf.Variable) else tensor))
