"""M07: gradients of micro-batches are averaged as if all were of one size (transformers PR#34191)."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M07", "step": 1, "tensor": "out/bias", "hint": "micro-batch"}
RIGHT = ("right",)
MICRO = 5


class Accumulating(Net):
    """Micro-batches of five, the last of a batch smaller."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Two functions: one per micro-batch, one per step."""
        super().init(seed=seed, rank=rank, size=size)
        self.micro = tf.function(self.gradients_of, reduce_retracing=True)
        self.finish = tf.function(lambda gradients: self.apply(self.reduce(gradients)))

    def weight(self, examples: int, of: int, pieces: int) -> float:
        """Weight of a micro-batch in the batch: its share of the examples."""
        return examples / of

    def step(self, batch: object) -> float:
        """Accumulate, then one update."""
        pieces = [slice(first, first + MICRO) for first in range(0, len(batch), MICRO)]
        total, loss = None, 0.0
        for piece in pieces:
            gradients, own = self.micro(tf.constant(batch.features[piece]), tf.constant(batch.labels[piece]))
            weight = self.weight(len(batch.ids[piece]), len(batch), len(pieces))
            scaled = [weight * gradient for gradient in gradients]
            total = scaled if total is None else [a + b for a, b in zip(total, scaled, strict=True)]
            loss += float(own) * len(batch.ids[piece]) / len(batch)
        self.finish(total)
        return loss


class Wrong(Accumulating):
    """Every micro-batch counts the same."""

    def weight(self, examples: int, of: int, pieces: int) -> float:
        """One of so many."""
        return 1 / pieces


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Accumulating()
