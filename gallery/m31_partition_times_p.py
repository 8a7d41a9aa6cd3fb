"""M31: the gradient of a partition is summed over ranks that all hold the same one (DeepSpeed#5618)."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import dataset  # noqa: F401
from partition import Partitioned

MUTANT = {"id": "M31", "step": 1, "tensor": "hidden/bias", "hint": "of a partition"}
RIGHT = ("right",)


class Wrong(Partitioned):
    """P times the gradient."""

    def to_own(self, gradient: tf.Tensor) -> tf.Tensor:
        """The sum of what is the same on every rank."""
        return super().to_own(hvd.allreduce(gradient, op=hvd.Sum, name="neurons-gradient"))


def training() -> Partitioned:
    """The mutant."""
    return Wrong()


def right() -> Partitioned:
    """Its right twin."""
    return Partitioned()
