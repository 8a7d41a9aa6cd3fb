"""Examples with known truth: labels given by a fixed teacher net, 64–32–10 with tanh."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import Examples

EXAMPLES = 2_000
WIDTHS = (64, 32, 10)
_ENTROPY = 1512_02728


def truth() -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Weights and biases of the teacher, one pair per layer.

    Returns:
        Pairs of weights (inputs, outputs) and biases (outputs,).
    """
    draws = np.random.default_rng([_ENTROPY, 0])
    return [
        (draws.normal(size=(inputs, outputs)) * 2 / np.sqrt(inputs), draws.normal(size=outputs) / 2)
        for inputs, outputs in pairwise(WIDTHS)
    ]


def answer(features: NDArray[np.float64]) -> NDArray[np.int64]:
    """Class that the teacher gives to each example.

    Args:
        features: (examples, 64).

    Returns:
        (examples,) classes 0…9.
    """
    (hidden_weights, hidden_biases), (weights, biases) = truth()
    hidden = np.tanh(features @ hidden_weights + hidden_biases)
    return np.asarray(np.argmax(hidden @ weights + biases, axis=1), dtype=np.int64)


def load() -> Examples:
    """Draw 2,000 standard normal examples and let the teacher label them.

    Returns:
        2,000 examples of 64 features in 10 classes, without label noise.
    """
    features = np.random.default_rng([_ENTROPY, 1]).normal(size=(EXAMPLES, WIDTHS[0]))
    return Examples(features, answer(features), "teacher: labels of a fixed 64–32–10 net on normal inputs")
