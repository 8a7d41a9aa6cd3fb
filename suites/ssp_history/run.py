"""One run: training over the table on every rank, its history, and the checker's findings."""

from collections.abc import Sequence

from harness.engine import gaps, parts
from harness.engine.trajectory import Arrays, Trajectory
from harness.history import RULES, Event, check
from harness.record import NOISE, TRAJECTORY, GapTable, Measurement
from harness.spec import Setting
from harness.verdict import Word

undistributed = parts.undistributed
distributed = parts.stale


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Violations of each rule, how far behind reads were, and the gap to the reference.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.
        history: what the ranks emitted, merged.

    Returns:
        Gaps `violations` (one number per rule) and `lag` (reads per lag) of the launch, `trajectory` (per rank) and
        `aa`; numbers of reads and writes, and whether every worker left a final state.
    """
    found = check(history)
    reference = Trajectory.from_arrays(reference_part, parts.REFERENCE)
    noise = gaps.relative(Trajectory.from_arrays(reference_part, NOISE), reference)
    tables = [gaps.table(noise, reference.clocks, replicates, gap=NOISE)]
    for rank, arrays in enumerate(rank_parts):
        relative = gaps.relative(Trajectory.from_arrays(arrays, parts.PARTITION), reference)
        tables.append(gaps.table(relative, reference.clocks, replicates, gap=TRAJECTORY, rank=rank))
    tables += parts.findings(found, RULES, reference.clocks[-1:], replicates.start)
    counted = {"reads": float(found.reads), "writes": float(found.writes)}
    complete = float(found.verdict is not Word.INCONCLUSIVE)
    return Measurement(GapTable.concat(tables), counted | {"every_worker_left_its_end": complete})
