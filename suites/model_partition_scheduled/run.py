"""One run: the reference in one process, its blocks under a scheduler, their history, and the gaps between them."""

from collections.abc import Sequence

from harness.engine import parts
from harness.engine.trajectory import Arrays, Trajectory
from harness.history import Event, check
from harness.record import GapTable, Measurement
from harness.spec import Setting
from suites.model_partition_scheduled.sweep import RULES

undistributed = parts.undistributed
distributed = parts.scheduled


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Gaps of weights and of functions; of real ranks also what their history breaks.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.
        history: what the ranks emitted, merged; the simulation has none.

    Returns:
        Gaps `trajectory`, `function`, `aligned`, `aa`, `natural` and `travelled`, and of real ranks `violations` and
        `lag`; differences of outcomes.
    """
    nets = parts.whole_nets(setting, rank_parts)
    found = parts.measure_theorem(setting, replicates, reference_part, nets)
    if setting.distribution.simulated:
        return found
    checked = check(history)
    clocks = Trajectory.from_arrays(reference_part, parts.REFERENCE).clocks
    tables = parts.findings(checked, RULES, clocks[-1:], replicates.start)
    counted = {"reads": float(checked.reads), "writes": float(checked.writes)}
    return Measurement(GapTable.concat([found.gaps, *tables]), found.measured | counted)
