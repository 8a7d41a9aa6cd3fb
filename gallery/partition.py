"""A net whose hidden layer is divided among the ranks by its neurons; every rank sees the whole batch."""

from __future__ import annotations

from typing import ClassVar

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from base import CLASSES, HIDDEN, INPUTS, Net

WIDTH = 12  # two and three ranks divide it


class Partitioned(Net):
    """Input layer and output layer on every rank, the hidden layer's neurons divided."""

    shapes: ClassVar[dict[str, tuple[int, ...]]] = {
        "in/kernel": (INPUTS, HIDDEN),
        "in/bias": (HIDDEN,),
        "hidden/kernel": (HIDDEN, WIDTH),
        "hidden/bias": (WIDTH,),
        "out/kernel": (WIDTH, CLASSES),
        "out/bias": (CLASSES,),
    }

    @property
    def own(self) -> slice:
        """This rank's neurons."""
        return slice(self.rank * WIDTH // self.size, (self.rank + 1) * WIDTH // self.size)

    def to_own(self, gradient: tf.Tensor) -> tf.Tensor:
        """Backward of the gather: every rank has the same whole gradient and takes its part."""
        return gradient[:, self.own]

    def from_all(self, gradient: tf.Tensor) -> tf.Tensor:
        """Backward of what all partitions read: their parts are added up."""
        return hvd.allreduce(gradient, op=hvd.Sum, name="input-gradient")

    def forward(self, features: tf.Tensor) -> tf.Tensor:
        """Logits of the whole batch, on every rank."""
        kernel, bias, hidden, shift, out, last = self.variables.values()

        @tf.custom_gradient
        def read(whole: tf.Tensor) -> tuple[tf.Tensor, object]:
            return tf.identity(whole), self.from_all

        @tf.custom_gradient
        def gather(part: tf.Tensor) -> tuple[tf.Tensor, object]:
            return tf.transpose(hvd.allgather(tf.transpose(part), name="neurons")), self.to_own

        below = read(tf.tanh(features @ kernel + bias))
        return gather(tf.tanh(below @ hidden[:, self.own] + shift[self.own])) @ out + last

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """All ranks have seen the whole batch: nothing to be done."""
        return gradients

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The batch of all ranks, then as usual."""
        features, labels = hvd.allgather(features, name="features"), hvd.allgather(labels, name="labels")
        return super().one_step(features, labels)

    def weights(self) -> dict[str, np.ndarray]:
        """Full weights: the parts of the hidden layer are gathered."""
        found = super().weights()
        parts = (found["hidden/kernel"][:, self.own].T, found["hidden/bias"][self.own])
        kernel, bias = (
            hvd.allgather(tf.constant(part), name=name).numpy() for part, name in zip(parts, "kb", strict=True)
        )
        return found | {"hidden/kernel": kernel.T, "hidden/bias": bias}
