"""TensorFlow with a fixed number of threads and no chatter: imported before anything that trains."""

from __future__ import annotations

import tensorflow as tf

from harness.spec import Precision

# A table compiles one graph per number of changes that a view holds: as meant, and not worth a warning.
tf.get_logger().setLevel("ERROR")

__all__ = ["dtype", "limit_threads", "tf"]


def limit_threads(threads: int) -> None:
    """Give every operation of this process the same number of threads; call before the first operation.

    Args:
        threads: threads within an operation; operations run one after the other.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def dtype(precision: Precision) -> tf.DType:
    """TensorFlow's type of a precision.

    Args:
        precision: float64 or float32.

    Returns:
        The type.
    """
    return tf.float64 if precision is Precision.FLOAT64 else tf.float32
