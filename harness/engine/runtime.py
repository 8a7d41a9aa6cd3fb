"""TensorFlow with a fixed number of threads and no chatter: imported before anything that trains."""

from __future__ import annotations

import ctypes

import tensorflow as tf

from harness.spec import Precision

# A table compiles one graph per number of changes that a view holds: as meant, and not worth a warning.
tf.get_logger().setLevel("ERROR")

__all__ = ["dtype", "keep_memory", "limit_threads", "tf"]

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def limit_threads(threads: int) -> None:
    """Give every operation of this process the same number of threads; call before the first operation.

    Args:
        threads: threads within an operation; operations run one after the other.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def keep_memory() -> None:
    """Let the process keep what it has been given: otherwise every large tensor is mapped anew, page by page.

    For timing: memory that was needed once is not given back. Does nothing where the C library is not glibc.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(_ARENA_MAX, 1)


def dtype(precision: Precision) -> tf.DType:
    """TensorFlow's type of a precision.

    Args:
        precision: float64 or float32.

    Returns:
        The type.
    """
    return tf.float64 if precision is Precision.FLOAT64 else tf.float32
