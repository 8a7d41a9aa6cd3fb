"""Gradients averaged by `hvd.allreduce`, called by oneself, with a fixed name per tensor."""

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from digits import dataset  # noqa: F401

from harness import Batch


class Training:
    """A Keras net in a loop of one's own, with Adam."""

    def make(self) -> keras.Model:
        """The net."""
        return keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "tanh"), keras.layers.Dense(10)])

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights from rank 0, the same on all ranks."""
        hvd.init()
        keras.backend.clear_session()
        self.net, self.optimizer = self.make(), keras.optimizers.Adam(1e-2)
        self.variables = self.net.trainable_variables
        # Not the state of Keras' random numbers: all ranks would drop the same units.
        shared = [variable.value for variable in self.net.variables if "seed_generator" not in variable.path]
        hvd.broadcast_variables(shared, root_rank=0)
        self.optimizer.build(self.variables)
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def mean(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks."""
        return [hvd.allreduce(gradient, name=f"gradient.{number}") for number, gradient in enumerate(gradients)]

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One update."""
        with tf.GradientTape() as tape:
            logits = self.net(features, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        self.optimizer.apply(self.mean(tape.gradient(loss, self.variables)), self.variables)
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of this rank's share."""
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        """All variables that are learnt, and moving statistics."""
        return {
            variable.path: variable.numpy() for variable in self.net.variables if "seed_generator" not in variable.path
        }


def training() -> Training:
    """What `harness check` runs."""
    return Training()
