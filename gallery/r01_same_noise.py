"""Every rank seeds its dropout alike, so that all ranks drop the same units of different examples."""

import tensorflow as tf
from base import HIDDEN, Net, dataset  # noqa: F401

MUTANT = {"id": "R01", "step": 1, "tensor": None, "hint": "same random numbers"}
RIGHT = ("right",)


class Dropping(Net):
    """A quarter of the hidden units is dropped, by an example's place in the batch."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """A stream of masks for every rank."""
        self.masks = tf.random.Generator.from_seed(seed + self.own_seed(rank))
        super().init(seed=seed, rank=rank, size=size)

    def own_seed(self, rank: int) -> int:
        """Another one on every rank."""
        return 1000 * rank

    def forward(self, features: tf.Tensor) -> tf.Tensor:
        """Logits."""
        kernel, bias, out, shift = self.variables.values()
        hidden = tf.tanh(features @ kernel + bias)
        kept = self.masks.uniform([tf.shape(features)[0], HIDDEN]) < 0.75
        return tf.where(kept, hidden / 0.75, 0.0) @ out + shift


class Wrong(Dropping):
    """One seed for all."""

    def own_seed(self, rank: int) -> int:
        """The same."""
        return 0


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Dropping()
