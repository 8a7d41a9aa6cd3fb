"""The function that training descends: loss over some examples of each replicate's batch, penalties and dropout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine.nets import DenseNet, Tensors
from harness.engine.runtime import dtype, tf
from harness.schedule import Schedule
from harness.spec import Training


def batches(training: Training, replicates: range, order: int = 0) -> NDArray[np.int32]:
    """Sample ids of all global batches.

    Args:
        training: data, batch size and clocks.
        replicates: their numbers.
        order: which of each replicate's data orders.

    Returns:
        (clocks, replicates, batch).
    """
    examples = len(data.load(training.data))
    orders = [Schedule(r, examples, training.batch, order).ids(0, training.clocks) for r in replicates]
    return np.stack(orders, axis=1)


class Objective:
    """Gradients of scale · Σ_i ℓ(w; example_i) + ℓ1·‖W‖_1 + ℓ2/2·‖W‖², net by net.

    Args:
        training: data, net and regularisation.
        replicates: number of the replicate that each net belongs to; several nets may belong to one.
        ids: (clocks, nets, share) examples that each net sees at each clock.
        scale: factor of the sum over examples, a number or (nets, share) weights of the examples.
    """

    def __init__(
        self,
        training: Training,
        replicates: Sequence[int],
        ids: NDArray[np.int32],
        scale: float | NDArray[np.float64],
    ) -> None:
        self.net = DenseNet(training.widths, training.activation)
        self.kind = dtype(training.precision)
        self._regularisation = training.regularisation
        examples = data.load(training.data)
        self._features, self._labels = tf.constant(examples.features, self.kind), tf.constant(examples.labels)
        self._ids = tf.constant(ids)
        self._scale = tf.constant(scale if np.isscalar(scale) else np.asarray(scale)[..., None], self.kind)
        self._replicates = tf.constant(np.asarray(replicates, np.int64))

    def gradients(self, weights: Tensors, clock: tf.Tensor) -> Tensors:
        """Gradients at a clock.

        Args:
            weights: flat list W_1, b_1, W_2, …, each (nets, …), variables or tensors.
            clock: c, a whole number.

        Returns:
            A list shaped like the weights.
        """
        weights = [tf.convert_to_tensor(w) for w in weights]
        ids = self._ids[clock]
        features, labels = tf.gather(self._features, ids), tf.gather(self._labels, ids)
        masks = [self._mask(clock, ids, layer) for layer in range(len(self.net.layers) - 1)]
        found = self.net.gradients(weights, features, labels, self._scale, masks)
        return [g + self._penalty(w) if i % 2 == 0 else g for i, (g, w) in enumerate(zip(found, weights, strict=True))]

    def _penalty(self, weight: tf.Tensor) -> tf.Tensor | float:
        l1, l2 = self._regularisation.l1, self._regularisation.l2
        return (l1 * tf.sign(weight) if l1 else 0.0) + (l2 * weight if l2 else 0.0)

    def _mask(self, clock: tf.Tensor, ids: tf.Tensor, layer: int) -> tf.Tensor | None:
        """(nets, share, units), 0 or 1/(1 − dropout): a function of replicate, clock, layer, example and unit alone."""
        rate = self._regularisation.dropout
        if not rate:
            return None
        units = tf.range(self.net.widths[layer + 1], dtype=tf.int64)
        keys = _mixed(self._replicates, tf.cast(clock, tf.int64) * len(self.net.widths) + layer)
        keys = _mixed(keys[:, None, None], tf.cast(ids, tf.int64)[..., None] * self.net.widths[layer + 1] + units)
        kept = tf.bitwise.right_shift(keys, tf.constant(11, tf.uint64)) >= tf.constant(int(rate * 2**53), tf.uint64)
        return tf.cast(kept, self.kind) / (1 - rate)


def _mixed(key: tf.Tensor, word: tf.Tensor) -> tf.Tensor:
    """Splitmix64's finaliser of a key and a word, uint64."""
    bits = tf.cast(key, tf.uint64) * tf.constant(0x9E3779B97F4A7C15, tf.uint64) + tf.cast(word, tf.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint64)))
        bits *= tf.constant(factor, tf.uint64)
    return tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, tf.constant(31, tf.uint64)))
