"""M02: gradients are summed over ranks where the mean is meant (keras#20601, horovod#390)."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M02", "step": 1, "tensor": "out/bias", "hint": "summed over ranks"}
RIGHT = ("right",)


class Wrong(Net):
    """Sums."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Sum over ranks."""
        return [hvd.allreduce(gradient, op=hvd.Sum, name=f"g.{n}") for n, gradient in enumerate(gradients)]


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
