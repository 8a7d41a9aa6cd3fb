"""Gradient descent over a block of replicates, with room for an exchange between gradient and update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.engine.nets import DenseNet, Tensors
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent, new_slots
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.trajectory import Trajectory
from harness.schedule import checkpoints
from harness.spec import Training

Exchange = Callable[[Tensors], Tensors]


def descend(
    training: Training,
    replicates: range,
    pick: Callable[[NDArray[np.int32]], NDArray[np.int32]],
    *,
    scale: float,
    exchange: Exchange,
    order: int = 0,
) -> Trajectory:
    """Run w_{c+1} = w_c − η_c · exchange(scale · Σ_i ∇ℓ(w_c; example_i) + penalties) over the picked examples.

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
    objective = Objective(training, replicates, pick(batches(training, replicates, order)), scale)
    rule = Descent.of(training)
    weights = [tf.Variable(array, dtype=objective.kind) for array in objective.net.initial_weights(replicates)]
    slots = new_slots(rule, weights)

    def update(clock: tf.Tensor) -> tf.Tensor:
        gradients = exchange(objective.gradients(weights, clock))
        if training.clip:
            gradients = shortened(gradients, squared_norms(gradients), training.clip)
        for weight, slot, gradient in zip(weights, slots, gradients, strict=True):
            rule.apply(weight, slot, [gradient], clock)
        return clock + 1

    return kept_weights(objective.net, *at_checkpoints(training, update, weights))


def at_checkpoints(
    training: Training, update: Callable[[tf.Tensor], tf.Tensor], weights: Sequence[tf.Variable]
) -> tuple[NDArray[np.int64], list[list[NDArray[np.float64]]]]:
    """Run updates one after the other and keep the weights at the start and at checkpoints.

    Args:
        training: clocks and checkpoints.
        update: makes the update of a clock, c → c + 1.
        weights: what it changes.

    Returns:
        (checkpoints,) updates made, and the weights before them and at each.
    """
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
    return times, kept


def squared_norms(gradients: Tensors) -> tf.Tensor:
    """Σ g² of every replicate, all tensors together.

    Args:
        gradients: each (R, …).

    Returns:
        (R,).
    """
    return tf.add_n([tf.reduce_sum(tf.square(g), axis=range(1, len(g.shape))) for g in gradients])


def shortened(gradients: Tensors, squares: tf.Tensor, limit: float) -> Tensors:
    """Gradients times min(1, limit/‖g‖), replicate by replicate.

    Args:
        gradients: each (R, n, m).
        squares: (R,) ‖g‖², of which these tensors may be a share.
        limit: the largest norm.

    Returns:
        A list shaped like the gradients.

    References:
        pascanu2013
    """
    factor = tf.minimum(tf.ones_like(squares), limit / tf.sqrt(squares))[:, None, None]
    return [factor * g for g in gradients]


def kept_weights(net: DenseNet, times: NDArray[np.int64], kept: list[list[NDArray[np.float64]]]) -> Trajectory:
    """Trajectory of weights kept along a training.

    Args:
        net: whose layers they are.
        times: (checkpoints,) updates made.
        kept: flat lists of weights, the initial ones first, then those of each checkpoint.

    Returns:
        The weights by layer.
    """
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


class Kept:
    """Copies of weights at the start and at the checkpoints of a training.

    Args:
        training: clocks and checkpoints.
        net: whose weights they are.
        initial: flat list of the weights before the first clock.
    """

    def __init__(self, training: Training, net: DenseNet, initial: Sequence[tf.Tensor]) -> None:
        self._net, self._times = net, checkpoints(training.clocks, training.checkpoints)
        self._weights = [[w.numpy() for w in initial]]

    def keep(self, clock: int, weights: Sequence[tf.Tensor | tf.Variable]) -> None:
        """Copy weights where a checkpoint is.

        Args:
            clock: number of updates made.
            weights: flat list.
        """
        if clock in self._times:
            self._weights.append([w.numpy() for w in weights])

    def trajectory(self) -> Trajectory:
        """What was kept.

        Returns:
            The weights by layer.
        """
        return kept_weights(self._net, self._times, self._weights)
