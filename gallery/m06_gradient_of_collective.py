"""M06: the loss looks at activations gathered from all ranks, and the gradient through the gather is off by P.

Every rank computes the loss of the whole batch, so a rank's own gradient of the hidden layer is a part of the whole:
the parts must be added up, and Horovod's conventions average (horovod#2654).
"""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M06", "step": 1, "tensor": "hidden/bias", "hint": "backward pass of a collective"}
RIGHT = ("right",)


class Gathered(Net):
    """The loss is that of the whole batch, on every rank."""

    op = hvd.Sum

    def loss(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Mean over the examples of all ranks."""
        kernel, bias, out, shift = self.variables.values()

        @tf.custom_gradient
        def gather(own: tf.Tensor) -> tuple[tf.Tensor, object]:
            first = self.rank * tf.shape(own)[0]
            return hvd.allgather(own, name="hidden"), lambda whole: whole[first : first + tf.shape(own)[0]]

        hidden = gather(tf.tanh(features @ kernel + bias))
        everybody = hvd.allgather(labels, name="labels")
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(everybody, hidden @ out + shift))

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Before the gather: parts to be added up; after it: the same on every rank."""
        before = [hvd.allreduce(gradient, op=self.op, name=f"p.{n}") for n, gradient in enumerate(gradients[:2])]
        return [*before, *super().reduce(gradients[2:])]


class Wrong(Gathered):
    """Averages the parts."""

    op = hvd.Average


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Gathered()
