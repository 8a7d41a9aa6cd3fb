"""A training loop of one's own with Horovod's `DistributedGradientTape`."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from digits import dataset  # noqa: F401

from harness import Batch


class Training:
    """A net with one hidden layer, trained by gradient descent."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights from rank 0, the same on all ranks."""
        hvd.init()
        draw = np.random.default_rng(seed + rank)
        shapes = {"hidden/kernel": (64, 32), "hidden/bias": (32,), "out/kernel": (32, 10), "out/bias": (10,)}
        self.variables = {
            name: tf.Variable(0.2 * draw.normal(size=shape), dtype=tf.float32, name=name)
            for name, shape in shapes.items()
        }
        hvd.broadcast_variables(list(self.variables.values()), root_rank=0)
        self.update = tf.function(self._update, autograph=False, reduce_retracing=True)

    def _update(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        kernel, bias, out, shift = self.variables.values()
        with tf.GradientTape() as tape:
            logits = tf.tanh(features @ kernel + bias) @ out + shift
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        tape = hvd.DistributedGradientTape(tape)
        gradients = tape.gradient(loss, list(self.variables.values()))
        for variable, gradient in zip(self.variables.values(), gradients, strict=True):
            variable.assign_sub(0.3 * gradient)
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of this rank's share."""
        return float(self.update(batch.features, batch.labels))

    def weights(self) -> dict[str, np.ndarray]:
        """All of them, input side first."""
        return {name: variable.numpy() for name, variable in self.variables.items()}


def training() -> Training:
    """What `harness check` runs."""
    return Training()
