"""Memory that NumPy writes and TensorFlow reads, without a copy between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

import numpy as np
from numpy.typing import DTypeLike, NDArray

from harness.engine.runtime import tf


def pages(shape: Sequence[int], dtype: DTypeLike) -> NDArray[np.float64]:
    """Zeros in pages of their own: aligned as TensorFlow wants it, and not taken before they are touched.

    Args:
        shape: of the array.
        dtype: of its numbers.

    Returns:
        The array.
    """
    kind = np.dtype(dtype)
    memory = mmap(-1, max(1, prod(shape) * kind.itemsize), flags=MAP_PRIVATE | MAP_ANONYMOUS)
    return np.frombuffer(memory, kind, prod(shape)).reshape(shape)


def over(array: NDArray[np.float64]) -> tf.Tensor:
    """A tensor over the memory of an array: what is written to the array later, the tensor holds.

    Args:
        array: from `pages`.

    Returns:
        The tensor, shaped like it.
    """
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def under(tensor: tf.Tensor | tf.Variable) -> NDArray[np.float64]:
    """The memory of a tensor, as an array to be read only.

    Args:
        tensor: any that lies in the memory of this process, or a variable, until it is next assigned to.

    Returns:
        The array, shaped like it.
    """
    return np.asarray(memoryview(tensor.read_value() if isinstance(tensor, tf.Variable) else tensor))
