"""TensorFlow with a fixed number of threads and no chatter: imported before anything that trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import tensorflow as tf
from tensorflow.python.eager import context

from harness.spec import Precision

# A table compiles one graph per number of changes that a view holds: as meant, and not worth a warning.
tf.get_logger().setLevel("ERROR")

__all__ = ["dtype", "in_order", "limit_threads", "tf"]
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def limit_threads(threads: int, *, beside: int = 0) -> None:
    """Give every operation of this process the same number of threads; call before the first operation.

    Args:
        threads: threads within an operation; operations run one after the other.
        beside: operations that may begin meanwhile: without any, a collective that another thread asks for during a
            step begins when the step has ended, a whole clock late.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1 + beside)


def in_order(step: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """A compiled function whose operations run one after the other, whatever may run beside it.

    Args:
        step: made by `tf.function`, of operations that wait for nobody: no collective is among them, since it would
            keep one of the few threads waiting that the others' need.

    Returns:
        The same function, called so that it takes one thread of those that operations are given.
    """

    def ordered(*given: _Given.args, **named: _Given.kwargs) -> _Found:
        with context.function_executor_type("SINGLE_THREADED_EXECUTOR"):
            return step(*given, **named)

    return ordered


def dtype(precision: Precision) -> tf.DType:
    """TensorFlow's type of a precision.

    Args:
        precision: float64 or float32.

    Returns:
        The type.
    """
    return tf.float64 if precision is Precision.FLOAT64 else tf.float32
