"""Data partition at s = 0 (bulk synchronous): each worker's share of the batch, one allreduce per clock."""

from __future__ import annotations

from collections.abc import Callable

from harness.engine.descent import Exchange, descend
from harness.engine.nets import Tensors
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.trajectory import Trajectory
from harness.schedule import share
from harness.spec import DataPartition, Fault, Training


def train(training: Training, replicates: range, partition: DataPartition, ranks: Ranks) -> Trajectory:
    """Run w_{c+1} = w_c − η_c · mean_p g_p with g_p = (P/B) Σ_{i in share p} ∇ℓ(w_c; example_i).

    With equal shares g_p is the mean over worker p's minibatch; unequal shares are weighted by their size.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers; they are trained side by side.
        partition: number of workers, and the fault to commit if any.
        ranks: this process among the workers.

    Returns:
        Weights at the checkpoints, as this worker holds them.

    References:
        valiant1990, kumar2015
    """
    worker = 0 if partition.fault is Fault.SAME_SHARD else ranks.rank
    mine = share(training.batch, worker, ranks.size)
    return descend(
        training,
        replicates,
        lambda ids: ids[..., mine],
        scale=ranks.size / training.batch,
        exchange=_exchange(partition.fault, training.summed, ranks),
    )


def averaging(factor: float, total: Callable[[tf.Tensor], tf.Tensor]) -> Exchange:
    """All gradients as one vector, so that one sum over workers does.

    Args:
        factor: of the sum.
        total: the sum over workers of a vector.

    Returns:
        From a worker's gradients to those of the update.
    """

    def average(gradients: Tensors) -> Tensors:
        flat = tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)
        pieces = tf.split(factor * total(flat), [g.shape.num_elements() for g in gradients])
        return [tf.reshape(piece, g.shape) for piece, g in zip(pieces, gradients, strict=True)]

    return average


def _exchange(fault: Fault, summed: int, ranks: Ranks) -> Exchange:
    if fault is Fault.NO_EXCHANGE:
        return lambda gradients: gradients
    factor = 1.0 if fault is Fault.SUM_FOR_MEAN else summed / ranks.size
    return averaging(factor, lambda flat: ranks.sum(flat, "gradients"))
