"""A hidden layer divided among the ranks by its neurons: activations are gathered, input gradients are added up."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from digits import dataset  # noqa: F401

from harness import Batch

INPUTS, WIDTH, CLASSES = 64, 24, 10


class Training:
    """Every rank sees the whole batch, and computes its own neurons of the second layer."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Full weights everywhere; of the divided layer a rank updates its own columns."""
        hvd.init()
        self.own, self.size = slice(rank * WIDTH // size, (rank + 1) * WIDTH // size), size
        draw = np.random.default_rng(seed)
        shapes = {"in": (INPUTS, WIDTH), "divided": (WIDTH, WIDTH), "out": (WIDTH, CLASSES)}
        self.variables = {
            name: tf.Variable(0.2 * draw.normal(size=shape), dtype=tf.float32) for name, shape in shapes.items()
        }
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Gather the batch, forward, backward, update: no weights are exchanged."""
        features, labels = hvd.allgather(features, name="features"), hvd.allgather(labels, name="labels")
        below, divided, above = self.variables.values()

        @tf.custom_gradient
        def to_all(whole: tf.Tensor) -> tuple[tf.Tensor, object]:
            return tf.identity(whole), lambda part: hvd.allreduce(part, op=hvd.Sum, name="input-gradient")

        @tf.custom_gradient
        def from_all(part: tf.Tensor) -> tuple[tf.Tensor, object]:
            gathered = tf.transpose(hvd.allgather(tf.transpose(part), name="activations"))
            return gathered, lambda whole: whole[:, self.own]

        with tf.GradientTape() as tape:
            hidden = from_all(tf.tanh(to_all(tf.tanh(features @ below)) @ divided[:, self.own]))
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, hidden @ above))
        for variable, gradient in zip(
            self.variables.values(), tape.gradient(loss, list(self.variables.values())), strict=True
        ):
            variable.assign_sub(0.3 * gradient)
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of the whole batch."""
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        """Full weights: the columns of the divided layer come from the ranks that own them."""
        found = {name: variable.numpy() for name, variable in self.variables.items()}
        columns = hvd.allgather(tf.constant(found["divided"][:, self.own].T), name="columns")
        return found | {"divided": columns.numpy().T}


def training() -> Training:
    """What `harness check` runs."""
    return Training()
