"""A training as a project would have it."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from harness import Batch


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Four features, one number to be told from them."""
    draw = np.random.default_rng(0)
    features = draw.normal(size=(400, 4)).astype(np.float32)
    return features, features @ draw.normal(size=(4, 1)).astype(np.float32)


class Linear:
    """Least squares by gradient descent.

    Args:
        op: how gradients are reduced.
    """

    def __init__(self, op: object = hvd.Average) -> None:
        self.op = op

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights from rank 0."""
        hvd.init()
        self.kernel = tf.Variable(tf.random.normal([4, 1]))
        hvd.broadcast_variables([self.kernel], root_rank=0)
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One update."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((features @ self.kernel - labels) ** 2)
        gradient = tape.gradient(loss, self.kernel)
        self.kernel.assign_sub(0.05 * hvd.allreduce(gradient, op=self.op, name="gradient"))
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of this rank's share."""
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        """The only tensor."""
        return {"kernel": self.kernel.numpy()}


def training() -> Linear:
    """What is trained."""
    return Linear()


def summed() -> Linear:
    """What somebody might write by mistake."""
    return Linear(hvd.Sum)
