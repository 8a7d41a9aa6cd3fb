"""The right training that every mutant of this gallery changes in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from harness import Batch

CLASSES, INPUTS, HIDDEN = 5, 12, 16


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """A teacher's labels on normal features: 240 examples, 12 features, 5 classes."""
    draw = np.random.default_rng(11)
    features = draw.normal(size=(240, INPUTS)).astype(np.float32)
    labels = np.argmax(features @ draw.normal(size=(INPUTS, CLASSES)), axis=1)
    return features, labels.astype(np.int64)


class Net:
    """A net with one hidden layer, gradient descent, gradients averaged by allreduce."""

    rate = 0.2
    shapes: ClassVar[dict[str, tuple[int, ...]]] = {
        "hidden/kernel": (INPUTS, HIDDEN),
        "hidden/bias": (HIDDEN,),
        "out/kernel": (HIDDEN, CLASSES),
        "out/bias": (CLASSES,),
    }

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights of rank 0, on every rank."""
        hvd.init()
        self.rank, self.size = rank, size
        self.make(np.random.default_rng(seed + 31 * rank))
        self.share_weights()
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def make(self, draw: np.random.Generator) -> None:
        """Draw the weights."""
        self.variables = {
            name: tf.Variable(0.3 * draw.normal(size=shape), dtype=tf.float32) for name, shape in self.shapes.items()
        }

    def share_weights(self) -> None:
        """Broadcast rank 0's."""
        hvd.broadcast_variables(list(self.variables.values()), root_rank=0)

    def forward(self, features: tf.Tensor) -> tf.Tensor:
        """Logits."""
        kernel, bias, out, shift = self.variables.values()
        return tf.tanh(features @ kernel + bias) @ out + shift

    def loss(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Mean over examples."""
        logits = self.forward(features)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    def gradients_of(self, features: tf.Tensor, labels: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradients of this rank's share, and its loss."""
        with tf.GradientTape() as tape:
            loss = self.loss(features, labels)
        return tape.gradient(loss, list(self.variables.values())), loss

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks."""
        return [
            hvd.allreduce(gradient, op=hvd.Average, name=f"gradient.{number}")
            for number, gradient in enumerate(gradients)
        ]

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """One step of gradient descent."""
        for variable, gradient in zip(self.variables.values(), gradients, strict=True):
            variable.assign_sub(self.rate * gradient)

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One update."""
        gradients, loss = self.gradients_of(features, labels)
        self.apply(self.reduce(gradients))
        return loss

    def step(self, batch: Batch) -> float:
        """One update; the loss of this rank's share."""
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        """All of them, input side first."""
        return {name: variable.numpy() for name, variable in self.variables.items()}


class Sharded(Net):
    """Deals out its own examples."""

    def order(self, draw_seed: int, epoch: int, examples: int, rank: int) -> np.ndarray:
        """Examples of an epoch, before every rank takes its part: the same order on all ranks, new every epoch."""
        return np.random.default_rng([draw_seed, epoch]).permutation(examples)

    def part(self, order: np.ndarray, rank: int, size: int) -> np.ndarray:
        """The part of a rank."""
        return order[rank::size]

    def batches(self, *, seed: int, rank: int, size: int) -> Iterator[Batch]:
        """Batches of eight, epoch after epoch."""
        features, labels = dataset()
        epoch = 0
        while True:
            mine = self.part(self.order(seed, epoch, len(features), rank), rank, size)
            for first in range(0, len(mine) - 7, 8):
                ids = mine[first : first + 8]
                yield Batch(features[ids], labels[ids], ids)
            epoch += 1
