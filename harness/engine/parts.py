"""What the processes of the suites' runs do: the undistributed part, and a worker's under each kind of partition.

TensorFlow is imported where training starts, so that whoever only names the parts does without it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.engine.trajectory import Arrays
from harness.record import NATURAL, NOISE
from harness.spec import (
    DataPartition,
    ModelPartition,
    ScheduledPartition,
    Setting,
    StalePartition,
    Training,
    VirtualPartition,
)

REFERENCE, PARTITION = "reference", "partition"
SENT, HELD = "sent/", "held"


def undistributed(training: Training, replicates: range) -> Arrays:
    """Train the reference; once more with another order of summation (A/A), and with another order of the data.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers.

    Returns:
        Trajectories `reference`, `aa` and `natural`.
    """
    from harness.engine import reference, runtime

    runtime.limit_threads(1)
    first = reference.train(training, replicates)
    again = reference.train(training, replicates, reverse_summation=True)
    other = reference.train(training, replicates, order=1)
    return first.to_arrays(REFERENCE) | again.to_arrays(NOISE) | other.to_arrays(NATURAL)


def bulk_synchronous(setting: Setting, replicates: range, emit: Callable[[bytes], object]) -> Arrays:
    """Train this rank's share of every batch.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the notes of a history; a bulk synchronous run has none.

    Returns:
        Trajectory `partition`, as this rank holds it.

    Raises:
        BadInputError: the setting is of another kind, or the launch has another number of ranks than it has workers.
    """
    from harness.engine import data_partition, ranks, runtime

    del emit
    runtime.limit_threads(1)
    partition = setting.distributed_by(DataPartition)
    here = ranks.start(partition.workers)
    return data_partition.train(setting.training, replicates, partition, here).to_arrays(PARTITION)


def stale(setting: Setting, replicates: range, emit: Callable[[bytes], object]) -> Arrays:
    """Train under stale synchronous parallel: this rank's share, or all workers in one process.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the notes of the history; the simulation has none.

    Returns:
        Trajectory `partition`; of a rank also view gaps, norms of its updates and the times of its clocks.

    Raises:
        BadInputError: the setting is of another kind, or the launch has another number of ranks than it has workers.
    """
    from harness.engine import ranks, runtime, ssp, virtual

    runtime.limit_threads(1, beside=1)
    if isinstance(setting.distribution, VirtualPartition):
        return virtual.train(setting.training, replicates, setting.distribution).to_arrays(PARTITION)
    partition = setting.distributed_by(StalePartition)
    made = ssp.train(setting.training, replicates, partition, ranks.start(partition.workers), emit)
    times = {"times/started": made.started, "times/ended": made.ended}
    views = {"views/gaps": made.views.gaps, "views/updates": made.views.updates}
    return made.trajectory.to_arrays(PARTITION) | times | views


def divided(setting: Setting, replicates: range, emit: Callable[[bytes], object]) -> Arrays:
    """Train this rank's blocks of the net.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the notes of a history; a synchronous run has none.

    Returns:
        Trajectory `partition` of this rank's blocks; elements that it sends at a clock, bytes that it holds.

    Raises:
        BadInputError: the setting is of another kind, or the launch has another number of ranks than it has workers.
    """
    from harness.engine import model_partition, runtime

    del emit
    runtime.limit_threads(1)
    partition = setting.distributed_by(ModelPartition)
    ranks = model_partition.join(setting.training, partition)
    made = model_partition.train(setting.training, replicates, partition, ranks)
    sent = {f"{SENT}{name}": np.array(elements) for name, elements in made.sent.items()}
    return made.trajectory.to_arrays(PARTITION) | sent | {HELD: np.array(made.held_bytes)}


def scheduled(setting: Setting, replicates: range, emit: Callable[[bytes], object]) -> Arrays:
    """Train this rank's blocks under a scheduler, or all workers' in one process.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the notes of the history; the simulation has none.

    Returns:
        Trajectory `partition`: of this rank's blocks, or of the whole nets.

    Raises:
        BadInputError: the setting is of another kind, the launch has another number of ranks than it has workers, or
            what would be stale is not of the same examples.
    """
    from harness.engine import model_partition, runtime
    from harness.engine import scheduled as scheduled_training

    runtime.limit_threads(1)
    partition, training = setting.distributed_by(ScheduledPartition), setting.training
    if partition.simulated:
        return scheduled_training.simulate(training, replicates, partition).to_arrays(PARTITION)
    ranks = model_partition.join(training, ModelPartition(partition.workers, partition.layout))
    return scheduled_training.train(training, replicates, partition, ranks, emit).to_arrays(PARTITION)
