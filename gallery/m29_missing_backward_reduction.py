"""M29: the gradient that comes back from a divided layer is not added up over the partitions (Megatron#1446)."""

import tensorflow as tf
from base import dataset  # noqa: F401
from partition import Partitioned

MUTANT = {"id": "M29", "step": 1, "tensor": "in/bias", "hint": "reduction of the input gradient"}
RIGHT = ("right",)


class Wrong(Partitioned):
    """Every rank goes on with its own part."""

    def from_all(self, gradient: tf.Tensor) -> tf.Tensor:
        """Forgotten."""
        return tf.identity(gradient)


def training() -> Partitioned:
    """The mutant."""
    return Wrong()


def right() -> Partitioned:
    """Its right twin."""
    return Partitioned()
