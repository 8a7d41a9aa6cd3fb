"""A dense net as users of TensorFlow write it, for the peers that are built on it."""

from __future__ import annotations

from collections.abc import Callable

from harness.engine.runtime import tf
from harness.engine.timed.contender import Arrays, initial_weights
from harness.engine.timed.peer import Feed
from harness.spec import Activation, Training

CLOCK = tf.TensorSpec([], tf.int32)


class PlainNet:
    """Variables W_1, b_1, W_2, … and the loss of their net.

    Args:
        training: the net.
        feed: of this worker.
    """

    def __init__(self, training: Training, feed: Feed) -> None:
        self.variables = [tf.Variable(array) for array in initial_weights(training)]
        self._activate = tf.nn.relu if training.activation is Activation.RELU else tf.tanh
        self._features, self._labels = tf.constant(feed.features), tf.constant(feed.labels)
        self._ids = tf.constant(feed.ids)

    def loss(self, clock: tf.Tensor, scale: float) -> tf.Tensor:
        """Σ_i scale · ℓ(w; example_i) over this worker's examples of a clock.

        Args:
            clock: c.
            scale: factor of the sum.

        Returns:
            One number.
        """
        ids = self._ids[clock]
        hidden = tf.gather(self._features, ids)
        *inner, (weight, bias) = zip(self.variables[::2], self.variables[1::2], strict=True)
        for inner_weight, inner_bias in inner:
            hidden = self._activate(hidden @ inner_weight + inner_bias)
        labels, logits = tf.gather(self._labels, ids), hidden @ weight + bias
        return scale * tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    def put(self, weights: Arrays) -> None:
        """Start from given weights.

        Args:
            weights: W_1, b_1, W_2, …
        """
        for variable, array in zip(self.variables, weights, strict=True):
            variable.assign(array)

    def get(self) -> Arrays:
        """What the weights are now.

        Returns:
            W_1, b_1, W_2, …
        """
        return [variable.numpy() for variable in self.variables]


class PlainReplica:
    """A plain net that takes part, whoever exchanges its gradients.

    Args:
        net: the net.
    """

    def __init__(self, net: PlainNet) -> None:
        self._net = net
        self._step: Callable[[tf.Tensor], object]
        self._exchange: Callable[[], object]

    def put(self, weights: Arrays) -> None:
        """Start from given weights.

        Args:
            weights: W_1, b_1, W_2, …
        """
        self._net.put(weights)

    def get(self) -> Arrays:
        """What the weights are now.

        Returns:
            W_1, b_1, W_2, …
        """
        return self._net.get()

    def step(self, clock: int) -> None:
        """Make one clock.

        Args:
            clock: c.
        """
        self._step(tf.constant(clock))

    def exchange(self) -> None:
        """Reduce tensors of the gradients' sizes."""
        self._exchange()
