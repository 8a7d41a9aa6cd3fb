"""What trained weights say of examples; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.spec import Activation, Training


def logits(
    training: Training, weights: Mapping[str, NDArray[np.float64]], features: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Outputs of one dense net, the last layer linear.

    Args:
        training: widths and activation.
        weights: per layer from the inputs up, (parameters,): weights (inputs, outputs) in row order, then biases.
        features: (examples, inputs).

    Returns:
        (examples, classes).
    """
    outputs = features
    shapes = list(pairwise(training.widths))
    for number, ((inputs, units), flat) in enumerate(zip(shapes, weights.values(), strict=True), start=1):
        sums = outputs @ flat[:-units].reshape(inputs, units) + flat[-units:]
        if number == len(shapes):
            return np.asarray(sums, dtype=np.float64)
        outputs = np.maximum(sums, 0) if training.activation is Activation.RELU else np.tanh(sums)
    return outputs
