"""M43: training is right, and the loss that is reported is summed over ranks (keras#19891)."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M43", "step": 1, "tensor": None, "hint": "reported loss"}
RIGHT = ("right",)


class Reporting(Net):
    """Reports a loss of all ranks."""

    op = hvd.Average

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The loss over ranks."""
        return hvd.allreduce(super().one_step(features, labels), op=self.op, name="loss")


class Wrong(Reporting):
    """Summed."""

    op = hvd.Sum


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Reporting()
