"""M15: a scaled loss, reduced in half precision, where it overflows (horovod#1699)."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M15", "step": 1, "tensor": "out/bias", "hint": "half precision"}
RIGHT = ("right", "moderate")


class Scaled(Net):
    """Gradients of the loss times a scale, divided by it after the reduce."""

    compression, scale = hvd.Compression.none, 2.0**24

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks; alone there is nothing to reduce."""
        if self.size == 1:
            return gradients
        return [
            hvd.allreduce(gradient * self.scale, op=hvd.Average, name=f"g.{n}", compression=self.compression)
            / self.scale
            for n, gradient in enumerate(gradients)
        ]


class Wrong(Scaled):
    """In half precision."""

    compression = hvd.Compression.fp16


class Moderate(Wrong):
    """In half precision, with a scale that fits."""

    scale = 8.0


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Scaled()


def moderate() -> Net:
    """Right but for the rounding of half precision."""
    return Moderate()
