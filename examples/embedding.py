"""An embedding, whose gradients are rows (IndexedSlices) that Horovod gathers and divides by the number of ranks."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from harness import Batch

WORDS, WIDTH, CLASSES = 400, 8, 4


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Five words per example; its class follows from the first."""
    words = np.random.default_rng(0).integers(0, WORDS, size=(1200, 5))
    return words, (words[:, 0] % CLASSES).astype(np.int64)


class Training:
    """Mean of embeddings, then one layer."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights from rank 0."""
        hvd.init()
        draw = np.random.default_rng(seed + rank)
        self.embedding = tf.Variable(draw.normal(size=(WORDS, WIDTH)), dtype=tf.float32)
        self.kernel = tf.Variable(draw.normal(size=(WIDTH, CLASSES)), dtype=tf.float32)
        hvd.broadcast_variables([self.embedding, self.kernel], root_rank=0)
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def one_step(self, words: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One update; `DistributedGradientTape` gathers the rows and averages the rest."""
        with tf.GradientTape() as tape:
            logits = tf.reduce_mean(tf.gather(self.embedding, words), axis=1) @ self.kernel
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        tape = hvd.DistributedGradientTape(tape)
        rows, kernel = tape.gradient(loss, [self.embedding, self.kernel])
        self.embedding.scatter_sub(tf.IndexedSlices(1.0 * rows.values, rows.indices))
        self.kernel.assign_sub(1.0 * kernel)
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of this rank's share."""
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        """Both."""
        return {"embedding": self.embedding.numpy(), "kernel": self.kernel.numpy()}


def training() -> Training:
    """What `harness check` runs."""
    return Training()
