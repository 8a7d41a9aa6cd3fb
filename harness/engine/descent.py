"""Gradient descent over a block of replicates, with room for an exchange between gradient and update."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine.nets import DenseNet, Tensors
from harness.engine.runtime import dtype, tf
from harness.engine.trajectory import Trajectory
from harness.schedule import Schedule, checkpoints
from harness.spec import Training

# The clock at which a decaying step size has fallen to 2^−p of its first value.
STEP_CLOCKS = 100
Exchange = Callable[[Tensors], Tensors]


def batches(training: Training, replicates: range, examples: int, order: int) -> NDArray[np.int32]:
    """Sample ids of all global batches.

    Args:
        training: batch size and clocks.
        replicates: their numbers.
        examples: size of the data set.
        order: which of each replicate's data orders.

    Returns:
        (clocks, replicates, batch).
    """
    orders = [Schedule(r, examples, training.batch, order).ids(0, training.clocks) for r in replicates]
    return np.stack(orders, axis=1)


def descend(
    training: Training,
    replicates: range,
    pick: Callable[[NDArray[np.int32]], NDArray[np.int32]],
    *,
    scale: float,
    exchange: Exchange,
    order: int = 0,
) -> Trajectory:
    """Run w_{c+1} = w_c − η_c · exchange(scale · Σ_i ∇ℓ(w_c; example_i)) over the picked examples.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers; they are trained side by side.
        pick: which of the ids (clocks, replicates, batch) this process works on, along the last axis.
        scale: factor of the sum of gradients over the picked examples.
        exchange: from this process's gradients to those of the update.
        order: which of each replicate's data orders.

    Returns:
        Weights at the checkpoints.
    """
    net = DenseNet(training.widths, training.activation)
    kind = dtype(training.precision)
    examples = data.load(training.data)
    features, labels = tf.constant(examples.features, kind), tf.constant(examples.labels)
    ids = tf.constant(pick(batches(training, replicates, len(examples), order)))
    weights = [tf.Variable(array, dtype=kind) for array in net.initial_weights(replicates)]

    def update(clock: tf.Tensor) -> tf.Tensor:
        step_size = training.step_size / (1 + tf.cast(clock, kind) / STEP_CLOCKS) ** training.decay
        batch = ids[clock]
        inputs, classes = tf.gather(features, batch), tf.gather(labels, batch)
        gradients = net.gradients([w.read_value() for w in weights], inputs, classes, scale)
        for weight, gradient in zip(weights, exchange(gradients), strict=True):
            apply(weight, gradient, step_size)
        return clock + 1

    # One clock after the other, so that a collective's name is in flight once at most.
    advance = tf.function(
        lambda first, last: tf.while_loop(lambda clock: clock < last, update, (first,), parallel_iterations=1),
        input_signature=[tf.TensorSpec([], tf.int32)] * 2,
    )
    kept = [[w.numpy() for w in weights]]
    times = checkpoints(training.clocks, training.checkpoints)
    for first, last in pairwise((0, *times.tolist())):
        advance(tf.constant(first), tf.constant(last))
        kept.append([w.numpy() for w in weights])
    return _trajectory(net, times, kept)


def apply(weight: tf.Variable, gradient: tf.Tensor, step_size: tf.Tensor) -> None:
    """Run w ← w − η·g in place, in one pass over memory.

    Args:
        weight: w.
        gradient: g, shaped like w.
        step_size: η, a scalar of the same type.
    """
    tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=step_size, delta=gradient)


def _trajectory(net: DenseNet, times: NDArray[np.int64], kept: list[list[NDArray[np.float64]]]) -> Trajectory:
    flat = {
        layer: np.stack([
            np.concatenate([w.reshape(len(w), -1) for w in weights[2 * i : 2 * i + 2]], axis=1) for weights in kept
        ])
        for i, layer in enumerate(net.layers)
    }
    return Trajectory(
        clocks=times,
        initial={layer: values[0] for layer, values in flat.items()},
        layers={layer: values[1:] for layer, values in flat.items()},
    )
