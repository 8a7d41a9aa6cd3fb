"""Dropout whose masks follow from the examples' ids, so that an example loses the same units on any rank."""

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from allreduce import Training as Plain
from digits import dataset  # noqa: F401

from harness import Batch


class Training(Plain):
    """One hidden layer, a quarter of it dropped."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Two halves of the net, and a stream of masks."""
        super().init(seed=seed, rank=rank, size=size)
        self.seed, self.clock = seed, 0
        self.masked = tf.function(self.one_masked_step, reduce_retracing=True)

    def one_masked_step(self, features: tf.Tensor, labels: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """One update."""
        hidden, out = self.net.layers
        with tf.GradientTape() as tape:
            logits = out(hidden(features) * mask)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        self.optimizer.apply(self.mean(tape.gradient(loss, self.variables)), self.variables)
        return loss

    def step(self, batch: Batch) -> float:
        """One update with the masks of these examples at this clock."""
        kept = [np.random.default_rng([self.seed, self.clock, int(i)]).random(32) < 0.75 for i in batch.ids]
        self.clock += 1
        mask = np.array(kept, np.float32) / 0.75
        return float(self.masked(tf.constant(batch.features), tf.constant(batch.labels), tf.constant(mask)))


class ByPosition(Plain):
    """Keras' own layer, whose masks follow from an example's place in the batch: nothing to compare a mask with."""

    def make(self) -> keras.Model:
        """The net."""
        hidden = [keras.layers.Dense(32, "tanh"), keras.layers.Dropout(0.25, seed=hvd.rank())]
        return keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])


def training() -> Training:
    """What `harness check` runs."""
    return Training()


def plain() -> ByPosition:
    """What `harness check --entry plain` runs, and calls inconclusive."""
    return ByPosition()
