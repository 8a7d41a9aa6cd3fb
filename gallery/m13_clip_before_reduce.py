"""M13: gradients are clipped on every rank before the reduce instead of after it (horovod#1346)."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M13", "step": 1, "tensor": "out/bias", "hint": "before the reduce"}
RIGHT = ("right",)
LONGEST = 0.3


class Right(Net):
    """Reduce, then clip."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks, no longer than 0.3."""
        return tf.clip_by_global_norm(super().reduce(gradients), LONGEST)[0]


class Wrong(Net):
    """Clip, then reduce."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean of what is no longer than 0.3."""
        return super().reduce(tf.clip_by_global_norm(gradients, LONGEST)[0])


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Right()
