"""Batch normalisation over the batch of all ranks: means are exchanged forward, and their gradients backward.

Keras' own layer normalises over a rank's share and keeps statistics per rank; `plain` shows what the check says to it.
"""

import horovod.tensorflow as hvd
import keras
import tensorflow as tf
from allreduce import Training as Plain
from digits import dataset  # noqa: F401


@tf.custom_gradient
def mean_over_ranks(local: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Mean over ranks, forward and backward: every rank's loss looks at it."""

    def back(gradient: tf.Tensor) -> tf.Tensor:
        return hvd.allreduce(gradient, op=hvd.Average, name="norm.back")

    return hvd.allreduce(local, op=hvd.Average, name="norm"), back


class Normalise(keras.layers.Layer):
    """Normalises by mean and variance of the batch of all ranks."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Scale, shift and moving statistics."""
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape[-1:], initializer="zeros", name="shift")
        self.moving = self.add_weight(shape=(2, shape[-1]), initializer="zeros", trainable=False, name="moving")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalised inputs."""
        moments = mean_over_ranks(tf.stack([tf.reduce_mean(inputs, 0), tf.reduce_mean(inputs**2, 0)]))
        mean, square = tf.unstack(moments)
        self.moving.assign(0.9 * self.moving + 0.1 * moments)
        return self.scale * (inputs - mean) * tf.math.rsqrt(square - mean**2 + 1e-2) + self.shift


class Training(Plain):
    """One hidden layer, normalised."""

    norm = Normalise

    def make(self) -> keras.Model:
        """The net."""
        hidden = [keras.layers.Dense(32, use_bias=False), self.norm(), keras.layers.Activation("tanh")]
        return keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])


class PerRank(Training):
    """Keras' own layer."""

    norm = keras.layers.BatchNormalization


def training() -> Training:
    """What `harness check` runs."""
    return Training()


def plain() -> Training:
    """What `harness check --entry plain` runs, and refutes."""
    return PerRank()
