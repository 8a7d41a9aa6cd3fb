"""Rare: in every tenth step rank 1's gradient is lost."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "S02", "step": 10, "tensor": "out/bias", "hint": "rank 1 to out/bias is lost"}
RIGHT = ("right",)


class Wrong(Net):
    """Counts its steps."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """From zero."""
        super().init(seed=seed, rank=rank, size=size)
        self.clock = tf.Variable(0.0)

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Nothing from rank 1, every tenth time."""
        self.clock.assign_add(1.0)
        lost = tf.logical_and(self.rank == 1, tf.equal(self.clock % 10, 0))
        return super().reduce([tf.where(lost, tf.zeros_like(gradient), gradient) for gradient in gradients])


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
