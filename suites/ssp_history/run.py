"""One run: training over the table on every rank, its history, and the checker's findings."""

from harness.engine import finished, gaps, parts
from harness.engine.finished import Finished
from harness.engine.trajectory import Trajectory
from harness.history import RULES, check
from harness.record import NOISE, TRAJECTORY, GapTable, Measurement
from harness.verdict import Word

undistributed = parts.undistributed
distributed = parts.stale


def measure(run: Finished) -> Measurement:
    """Violations of each rule, how far behind reads were, and the gap to the reference.

    Args:
        run: what its parts have left.

    Returns:
        Gaps `violations` (one number per rule) and `lag` (reads per lag) of the launch, `trajectory` (per rank) and
        `aa`; numbers of reads and writes, and whether every worker left a final state.
    """
    found, reference = check(run.history), run.undistributed
    noise = gaps.relative(Trajectory.from_arrays(run.reference, NOISE), reference)
    tables = [gaps.table(noise, reference.clocks, run.replicates, gap=NOISE)]
    for rank, arrays in enumerate(run.ranks):
        relative = gaps.relative(Trajectory.from_arrays(arrays, parts.PARTITION), reference)
        tables.append(gaps.table(relative, reference.clocks, run.replicates, gap=TRAJECTORY, rank=rank))
    tables += finished.findings(run, found, RULES)
    counted = {"reads": float(found.reads), "writes": float(found.writes)}
    complete = float(found.verdict is not Word.INCONCLUSIVE)
    return Measurement(GapTable.concat(tables), counted | {"every_worker_left_its_end": complete})
