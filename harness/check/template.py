"""What `harness check FILE --init` writes."""

TEMPLATE = '''"""Checked by `harness check THIS_FILE`: the distributed run against the same training alone."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from harness import Batch


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """All examples: features (examples, ...) and labels (examples, ...). A few hundred are enough."""
    draw = np.random.default_rng(0)
    features = draw.normal(size=(512, 8)).astype(np.float32)
    return features, features @ draw.normal(size=(8, 1)).astype(np.float32)


class Training:
    """Your training, one step at a time. Replace what is in the methods by calls of your own code."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Make the weights. The same seed comes to every rank; alone, rank is 0 and size is 1.

        Random numbers of NumPy, TensorFlow and Keras have been seeded before, differently on every rank:
        so broadcast the weights, as the real training must, or draw them from `seed` alone.
        """
        hvd.init()
        self.kernel = tf.Variable(tf.random.stateless_normal([8, 1], [seed, rank]))
        hvd.broadcast_variables([self.kernel], root_rank=0)
        self.update = tf.function(self._update, reduce_retracing=True)

    def _update(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((features @ self.kernel - labels) ** 2)
        tape = hvd.DistributedGradientTape(tape)
        (gradient,) = tape.gradient(loss, [self.kernel])
        self.kernel.assign_sub(0.1 * gradient)
        return loss

    def step(self, batch: Batch) -> float:
        """One update. On P ranks `batch` holds this rank's share, alone the whole global batch.

        `batch.features`, `batch.labels` and `batch.ids` (rows of the data set). Return the mean loss over the
        examples of `batch`, or over those of all ranks; or float("nan").
        """
        return float(self.update(batch.features, batch.labels))

    def weights(self) -> dict[str, np.ndarray]:
        """Full weights as this rank sees them, from the input side to the output. Moving statistics belong here."""
        return {"kernel": self.kernel.numpy()}

    # Optional:
    # def gradients(self) -> dict[str, np.ndarray]:   of the last step, before or after the exchange
    # def batches(self, *, seed, rank, size):         iterator of Batch, if you shard your own data
    # def history(self):                              events or path of a history of stale reads (`harness history`)


def training() -> Training:
    """What is checked. For Keras define `def model(distributed: bool)` instead, returning a compiled model."""
    return Training()
'''
