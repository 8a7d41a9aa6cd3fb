"""One run: the reference twice in one process, the data partition on every rank, and the gaps between them.

TensorFlow is imported where training starts, so that measuring does without it.
"""

from collections.abc import Sequence

import numpy as np

from harness import data
from harness.engine import gaps, predictions
from harness.engine.trajectory import Arrays, Trajectory
from harness.record import GapTable, Measurement
from harness.spec import Setting, Training


def undistributed(training: Training, replicates: range) -> Arrays:
    """Train the reference, and once more with another order of summation (A/A).

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers.

    Returns:
        Trajectories `reference` and `aa`.
    """
    from harness.engine import reference, runtime

    runtime.limit_threads(1)
    first = reference.train(training, replicates)
    again = reference.train(training, replicates, reverse_summation=True)
    return first.to_arrays("reference") | again.to_arrays("aa")


def distributed(setting: Setting, replicates: range) -> Arrays:
    """Train this rank's share.

    Args:
        setting: training and partition.
        replicates: their numbers.

    Returns:
        Trajectory `partition`, as this rank holds it.

    Raises:
        BadInputError: the launch has another number of ranks than the setting has workers.
    """
    from harness.engine import data_partition, ranks, runtime

    runtime.limit_threads(1)
    here = ranks.start(setting.distribution.workers)
    return data_partition.train(setting.training, replicates, setting.distribution, here).to_arrays("partition")


def measure(setting: Setting, replicates: range, reference_part: Arrays, rank_parts: Sequence[Arrays]) -> Measurement:
    """Relative gaps of every rank and of the A/A run, per layer and checkpoint.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.

    Returns:
        Gaps `trajectory` (per rank), `aa` and `travelled`; final error rates on the data set.
    """
    reference = Trajectory.from_arrays(reference_part, "reference")
    tables = [
        gaps.table(gaps.travelled(reference), reference, replicates, gap="travelled"),
        gaps.table(
            gaps.relative(Trajectory.from_arrays(reference_part, "aa"), reference), reference, replicates, gap="aa"
        ),
    ]
    partition = reference
    for rank, arrays in enumerate(rank_parts):
        partition = Trajectory.from_arrays(arrays, "partition")
        tables.append(
            gaps.table(gaps.relative(partition, reference), reference, replicates, gap="trajectory", rank=rank)
        )
    rates = {"reference": reference, "distributed": partition}
    return Measurement(
        GapTable.concat(tables),
        {f"median_error_rate_{name}": error_rate(setting.training, weights) for name, weights in rates.items()},
    )


def error_rate(training: Training, trajectory: Trajectory) -> float:
    """Share of the data set that the final weights classify wrongly.

    Args:
        training: data and net.
        trajectory: weights.

    Returns:
        Median over replicates, in [0, 1].
    """
    examples = data.load(training.data)
    return float(
        np.median([
            np.mean(np.argmax(predictions.logits(training, weights, examples.features), axis=1) != examples.labels)
            for weights in trajectory.final_weights()
        ])
    )
