"""What trained weights say of examples; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import Examples
from harness.engine.trajectory import Trajectory
from harness.spec import Activation, Training

ERROR_RATE, LOSS = "error rate", "loss"
_PROBED = 256


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


def probe(examples: Examples) -> NDArray[np.float64]:
    """Examples that predictions are compared on: at most 256, at equal steps through the data set.

    Args:
        examples: the data set.

    Returns:
        (examples, inputs).
    """
    return examples.features[:: max(1, len(examples) // _PROBED)][:_PROBED]


def along(
    training: Training, layers: Mapping[str, NDArray[np.float64]], features: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Predicted probabilities of the classes along a training.

    Args:
        training: widths and activation.
        layers: per layer from the inputs up, (checkpoints, replicates, parameters).
        features: (examples, inputs).

    Returns:
        (checkpoints, replicates, examples, classes).
    """
    shape = next(iter(layers.values())).shape[:2]
    found = np.empty((*shape, len(features), training.widths[-1]))
    for place in np.ndindex(*shape):
        with np.errstate(over="ignore", invalid="ignore"):
            scores = logits(training, {layer: values[place] for layer, values in layers.items()}, features)
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            found[place] = powers / powers.sum(axis=1, keepdims=True)
    return found


def loss(training: Training, weights: Mapping[str, NDArray[np.float64]], examples: Examples) -> float:
    """How good weights are on a data set: mean −log of the probability that each example's class is given.

    Args:
        training: widths and activation.
        weights: per layer from the inputs up, (parameters,).
        examples: the data set.

    Returns:
        Mean cross-entropy, nats; NaN where weights are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _cross_entropy(logits(training, weights, examples.features), examples.labels)


def outcomes(training: Training, trajectory: Trajectory, examples: Examples) -> dict[str, NDArray[np.float64]]:
    """How good the final weights are on a data set.

    Args:
        training: widths and activation.
        trajectory: weights.
        examples: the data set.

    Returns:
        Error rate, and loss (mean cross-entropy, nats), each (replicates,); NaN where weights are not finite.
    """
    rates, losses = [], []
    for weights in trajectory.final_weights():
        with np.errstate(over="ignore", invalid="ignore"):
            scores = logits(training, weights, examples.features)
        losses.append(_cross_entropy(scores, examples.labels))
        rates.append(float(np.mean(scores.argmax(axis=1) != examples.labels)) if np.isfinite(losses[-1]) else np.nan)
    return {ERROR_RATE: np.array(rates), LOSS: np.array(losses)}


def _cross_entropy(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        lowered = scores - scores.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(lowered).sum(axis=1)) - lowered[np.arange(len(labels)), labels]))
