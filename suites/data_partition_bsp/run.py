"""One run: the reference twice in one process, the data partition on every rank, and the gaps between them.

TensorFlow is imported where training starts, so that measuring does without it.
"""

from collections.abc import Sequence

import numpy as np

from harness import data
from harness.engine import gaps, predictions
from harness.engine.trajectory import Arrays, Trajectory
from harness.record import NATURAL, NOISE, OUTCOME, TRAJECTORY, TRAVELLED, GapTable, Measurement
from harness.spec import Setting, Training


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
    return first.to_arrays("reference") | again.to_arrays(NOISE) | other.to_arrays(NATURAL)


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
    """Relative gaps of every rank and of the reference to itself, per layer and checkpoint, and outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.

    Returns:
        Gaps `trajectory` (per rank), `aa`, `natural` and `travelled`; differences of outcomes (per rank).
    """
    reference = Trajectory.from_arrays(reference_part, "reference")
    tables = [gaps.table(gaps.travelled(reference), reference.clocks, replicates, gap=TRAVELLED)]
    for name in (NOISE, NATURAL):
        other = Trajectory.from_arrays(reference_part, name)
        tables.append(gaps.table(gaps.relative(other, reference), reference.clocks, replicates, gap=name))
    examples = data.load(setting.training.data)
    expected = found = predictions.outcomes(setting.training, reference, examples)
    for rank, arrays in enumerate(rank_parts):
        partition = Trajectory.from_arrays(arrays, "partition")
        relative = gaps.relative(partition, reference)
        tables.append(gaps.table(relative, reference.clocks, replicates, gap=TRAJECTORY, rank=rank))
        found = predictions.outcomes(setting.training, partition, examples)
        differences = {name: (found[name] - expected[name])[:, None] for name in expected}
        tables.append(gaps.table(differences, reference.clocks[-1:], replicates, gap=OUTCOME, rank=rank))
    measured = {
        f"median_{name.replace(' ', '_')}_{side}": float(np.median(values[name]))
        for name in expected
        for side, values in (("reference", expected), ("distributed", found))
    }
    return Measurement(GapTable.concat(tables), measured)
