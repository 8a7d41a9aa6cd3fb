"""Data partition at s = 0 (bulk synchronous): each worker's share of the batch, one allreduce per clock."""

from __future__ import annotations

from harness.engine.descent import Exchange, descend
from harness.engine.nets import Tensors
from harness.engine.packing import Collective, packed
from harness.engine.ranks import Ranks
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
    scale, factor = ranks.size / training.batch, 1.0
    if partition.fault is not Fault.NO_EXCHANGE:
        mean = 1.0 if partition.fault is Fault.SUM_FOR_MEAN else training.summed / ranks.size
        scale, factor = factors(training, ranks.size, mean)
    exchange = list if partition.fault is Fault.NO_EXCHANGE else averaging(factor, ranks.sum)
    return descend(training, replicates, lambda ids: ids[..., mine], scale=scale, exchange=exchange)


def averaging(factor: float, total: Collective) -> Exchange:
    """Gradients summed over workers, by few collectives.

    Args:
        factor: of the sums.
        total: the sum over workers of a tensor, and the name of the collective.

    Returns:
        From a worker's gradients to those of the update.
    """

    def average(gradients: Tensors) -> Tensors:
        summed = packed(gradients, total)
        return summed if factor == 1 else [factor * gradient for gradient in summed]

    return average


def factors(training: Training, workers: int, factor: float) -> tuple[float, float]:
    """Factor of each worker's sum over its examples, and of the sum over workers.

    Penalties are the same for every worker, so that with them the sum is multiplied; without them the sum over examples
    is, which saves a pass over the gradients.

    Args:
        training: batch and penalties.
        workers: P.
        factor: of the sum of P means over shares of one P-th of the batch; 1/P for their mean.

    Returns:
        Both factors.
    """
    if training.regularisation.l1 or training.regularisation.l2:
        return workers / training.batch, factor
    return factor * workers / training.batch, 1.0
