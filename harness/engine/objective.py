"""The function that training descends: loss over some examples of each replicate's batch, penalties and dropout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine.nets import DenseNet, Tensors
from harness.engine.regularisation import dropout_mask, penalty
from harness.engine.runtime import dtype, tf
from harness.spec import Training


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
        penalised = zip(found, weights, strict=True)
        return [g + penalty(self._regularisation, w) if i % 2 == 0 else g for i, (g, w) in enumerate(penalised)]

    def _mask(self, clock: tf.Tensor, ids: tf.Tensor, layer: int) -> tf.Tensor | None:
        rate, width = self._regularisation.dropout, self.net.widths[layer + 1]
        if not rate:
            return None
        place = tf.cast(clock, tf.int64) * len(self.net.widths) + layer
        return dropout_mask(rate, self._replicates, place, ids, range(width), width, self.kind)
