"""What the suites' runs share: the undistributed part, a worker's part under a table, and the gaps between them.

TensorFlow is imported where training starts, so that measuring does without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.data.examples import Examples
from harness.engine import gaps, predictions
from harness.engine.alignment import aligned
from harness.engine.assembly import assembled
from harness.engine.trajectory import Arrays, Trajectory
from harness.history import Checked, Event
from harness.layout import copies
from harness.record import (
    ALIGNED,
    FUNCTION,
    LAG,
    NATURAL,
    NOISE,
    OUTCOME,
    TRAJECTORY,
    TRAVELLED,
    VIOLATIONS,
    GapTable,
    Measurement,
)
from harness.spec import ModelPartition, ScheduledPartition, Setting, StalePartition, Training, VirtualPartition

REFERENCE, PARTITION = "reference", "partition"
_SENT, _HELD = "sent/", "held"


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


def stale(setting: Setting, replicates: range, emit: Callable[[str], object]) -> Arrays:
    """Train under stale synchronous parallel: this rank's share, or all workers in one process.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the lines of the history; the simulation has none.

    Returns:
        Trajectory `partition`; of a rank also view gaps, norms of its updates and the times of its clocks.

    Raises:
        BadInputError: the setting is of another kind, or the launch has another number of ranks than it has workers.
    """
    from harness.engine import ranks, runtime, ssp, virtual

    runtime.limit_threads(1)
    if isinstance(setting.distribution, VirtualPartition):
        return virtual.train(setting.training, replicates, setting.distribution).to_arrays(PARTITION)
    partition = setting.distributed_by(StalePartition)
    made = ssp.train(setting.training, replicates, partition, ranks.start(partition.workers), emit)
    times = {"times/started": made.started, "times/ended": made.ended}
    views = {"views/gaps": made.views.gaps, "views/updates": made.views.updates}
    return made.trajectory.to_arrays(PARTITION) | times | views


def divided(setting: Setting, replicates: range, emit: Callable[[str], object]) -> Arrays:
    """Train this rank's blocks of the net.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the lines of a history; a synchronous run has none.

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
    sent = {f"{_SENT}{name}": np.array(elements) for name, elements in made.sent.items()}
    return made.trajectory.to_arrays(PARTITION) | sent | {_HELD: np.array(made.held_bytes)}


def scheduled(setting: Setting, replicates: range, emit: Callable[[str], object]) -> Arrays:
    """Train this rank's blocks under a scheduler, or all workers' in one process.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the lines of the history; the simulation has none.

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


def findings(found: Checked, rules: Mapping[int, str], clock: NDArray[np.int64], replicate: int) -> list[GapTable]:
    """What a checked history adds to the gaps of its launch.

    Args:
        found: by the checker.
        rules: names by number.
        clock: (1,) the last clock.
        replicate: that stands for the launch.

    Returns:
        Gaps `violations`, one number per rule, and `lag`, reads per lag.
    """
    counts = {
        VIOLATIONS: {name: found.broken.get(rule, 0) for rule, name in rules.items()},
        LAG: {str(lag): count for lag, count in sorted(found.lags.items())},
    }
    return [
        gaps.table({name: np.array([[float(count)]])}, clock, [replicate], gap=gap)
        for gap, numbers in counts.items()
        for name, count in numbers.items()
    ]


def traffic(rank_parts: Sequence[Arrays]) -> dict[str, float]:
    """What the ranks exchange at a clock, and hold.

    Args:
        rank_parts: what `divided` returned on each rank.

    Returns:
        Collectives and elements handed over at a clock, and bytes of weights and of what the optimizer remembers: of
        the rank with most.
    """
    sent = [[int(n) for key, n in arrays.items() if key.startswith(_SENT)] for arrays in rank_parts]
    return {
        "collectives_per_clock": float(max(map(len, sent))),
        "elements_handed_per_clock": float(max(map(sum, sent))),
        "bytes_held": float(max(int(arrays[_HELD]) for arrays in rank_parts)),
    }


def whole_nets(setting: Setting, rank_parts: Sequence[Arrays]) -> list[Arrays]:
    """Whole nets from the blocks of ranks: one per group and copy of the biases, where they differ in a bit.

    What one process has simulated is whole already.

    Args:
        setting: training and partition.
        rank_parts: what `divided` or `scheduled` returned on each rank.

    Returns:
        Trajectories `partition`.

    Raises:
        BadInputError: the setting is of another kind.
    """
    if setting.distribution.simulated:
        return list(rank_parts)
    partition, widths = _layout(setting), setting.training.widths
    shares = [Trajectory.from_arrays(arrays, PARTITION) for arrays in rank_parts]
    nets = []
    for first in range(0, partition.workers, partition.members):
        for copy in range(copies(partition, widths)):
            joined = assembled(partition, widths, shares[first : first + partition.members], copy)
            nets.append(joined.to_arrays(PARTITION))
    return distinct(nets)


def _layout(setting: Setting) -> ModelPartition:
    if isinstance(setting.distribution, ScheduledPartition):
        return ModelPartition(setting.distribution.workers, setting.distribution.layout)
    return setting.distributed_by(ModelPartition)


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    *,
    functions: bool = False,
) -> Measurement:
    """Relative gaps of every rank and of the reference to itself, per layer and checkpoint, and outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what each rank returned.
        functions: measure also the gap of predictions, and of weights after the best permutation of hidden units.

    Returns:
        Gaps `trajectory` (per rank), `aa`, `natural` and `travelled`; differences of outcomes (per rank).
    """
    training = setting.training
    reference = Trajectory.from_arrays(reference_part, REFERENCE)
    examples = data.load(training.data)
    tables = [gaps.table(gaps.travelled(reference), reference.clocks, replicates, gap=TRAVELLED)]
    for name in (NOISE, NATURAL):
        other = Trajectory.from_arrays(reference_part, name)
        tables.append(gaps.table(gaps.relative(other, reference), reference.clocks, replicates, gap=name))
        if functions:
            found = _function_gap(training, other, reference, examples)
            tables.append(gaps.table({name: found}, reference.clocks, replicates, gap=FUNCTION))
    expected = outcomes = predictions.outcomes(training, reference, examples)
    for rank, arrays in enumerate(rank_parts):
        partition = Trajectory.from_arrays(arrays, PARTITION)
        relative = gaps.relative(partition, reference)
        tables.append(gaps.table(relative, reference.clocks, replicates, gap=TRAJECTORY, rank=rank))
        outcomes = predictions.outcomes(training, partition, examples)
        differences = {name: (outcomes[name] - expected[name])[:, None] for name in expected}
        tables.append(gaps.table(differences, reference.clocks[-1:], replicates, gap=OUTCOME, rank=rank))
        if functions:
            found = _function_gap(training, partition, reference, examples)
            tables.append(gaps.table({gaps.ALL: found}, reference.clocks, replicates, gap=FUNCTION, rank=rank))
            permuted = gaps.relative(aligned(training, partition, reference), reference)
            tables.append(gaps.table(permuted, reference.clocks, replicates, gap=ALIGNED, rank=rank))
    measured = {
        f"median_{name.replace(' ', '_')}_{side}": float(np.median(values[name]))
        for name in expected
        for side, values in (("reference", expected), ("distributed", outcomes))
    }
    return Measurement(GapTable.concat(tables), measured)


def measure_theorem(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Gaps of weights, of functions, and of weights after the best permutation of hidden units; outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `stale` returned on each rank.
        history: what the ranks emitted; it is kept with the record.

    Returns:
        Gaps `trajectory`, `function`, `aligned` (once for all ranks that hold the same bits), `aa`, `natural` and
        `travelled`; differences of outcomes.
    """
    del history
    return measure(setting, replicates, reference_part, distinct(rank_parts), functions=True)


def distinct(rank_parts: Sequence[Arrays]) -> list[Arrays]:
    """Parts of ranks whose trajectories differ in at least one bit from those of the ranks before them.

    Args:
        rank_parts: what each rank returned.

    Returns:
        The first, and each other that differs.
    """
    kept: list[Arrays] = []
    for arrays in rank_parts:
        if not any(_same_bits(arrays, other) for other in kept):
            kept.append(arrays)
    return kept


def _same_bits(arrays: Arrays, other: Arrays) -> bool:
    mine = [key for key in arrays if key.startswith(PARTITION)]
    return all(np.array_equal(arrays[key], other[key]) for key in mine)


def _function_gap(
    training: Training, trajectory: Trajectory, reference: Trajectory, examples: Examples
) -> NDArray[np.float64]:
    probe = predictions.probe(examples)
    return gaps.relative_to_movement(
        predictions.along(training, trajectory.layers, probe),
        predictions.along(training, reference.layers, probe),
        predictions.along(training, {layer: w[None] for layer, w in reference.initial.items()}, probe),
    )
