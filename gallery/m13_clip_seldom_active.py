"""M13 as it hides: clipping before the reduce at a length that gradients reach on large features only."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M13", "step": 1, "tensor": "out/bias", "hint": "before the reduce"}
RIGHT = ("right",)
LONGEST = 4.0


class Right(Net):
    """Reduce, then clip."""

    rate = 0.05

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks, clipped."""
        return tf.clip_by_global_norm(super().reduce(gradients), LONGEST)[0]


class Wrong(Net):
    """Clip, then reduce."""

    rate = 0.05

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean of what has been clipped."""
        return super().reduce(tf.clip_by_global_norm(gradients, LONGEST)[0])


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Right()
