"""One run: the reference in one process, the data partition on every rank, and the gaps between them."""

from collections.abc import Callable, Sequence

from harness.engine import parts
from harness.engine.trajectory import Arrays
from harness.history import Event
from harness.record import Measurement
from harness.spec import DataPartition, Setting

undistributed = parts.undistributed


def distributed(setting: Setting, replicates: range, emit: Callable[[str], object]) -> Arrays:
    """Train this rank's share.

    Args:
        setting: training and partition.
        replicates: their numbers.
        emit: takes the lines of a history; a bulk synchronous run has none.

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
    return data_partition.train(setting.training, replicates, partition, here).to_arrays(parts.PARTITION)


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Relative gaps of every rank and of the reference to itself, per layer and checkpoint, and outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.
        history: what the ranks emitted; nothing here.

    Returns:
        Gaps `trajectory` (per rank), `aa`, `natural` and `travelled`; differences of outcomes (per rank).
    """
    del history
    return parts.measure(setting, replicates, reference_part, rank_parts)
