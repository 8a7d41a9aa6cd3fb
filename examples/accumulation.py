"""Gradient accumulation: micro-batches of six examples, weighted by how many they hold, one exchange per step."""

import numpy as np
import tensorflow as tf
from allreduce import Training as Plain
from digits import dataset  # noqa: F401

from harness import Batch

MICRO = 6


class Training(Plain):
    """Sums over examples are accumulated, and divided by their number once."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """One function per micro-batch, one per step."""
        super().init(seed=seed, rank=rank, size=size)
        self.sums = tf.function(self.summed, reduce_retracing=True)
        self.finish = tf.function(lambda gradients: self.optimizer.apply(self.mean(gradients), self.variables))

    def summed(self, features: tf.Tensor, labels: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradient of the sum of losses."""
        with tf.GradientTape() as tape:
            logits = self.net(features, training=True)
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return tape.gradient(loss, self.variables), loss

    def step(self, batch: Batch) -> float:
        """Accumulate, exchange, update."""
        total, loss = [np.zeros(variable.shape, np.float32) for variable in self.variables], 0.0
        for first in range(0, len(batch), MICRO):
            piece = slice(first, first + MICRO)
            gradients, own = self.sums(tf.constant(batch.features[piece]), tf.constant(batch.labels[piece]))
            total, loss = [a + b for a, b in zip(total, gradients, strict=True)], loss + float(own)
        self.finish([tf.constant(gradient) / len(batch) for gradient in total])
        return loss / len(batch)


def training() -> Training:
    """What `harness check` runs."""
    return Training()
