"""One run: the reference in one process, its blocks on the ranks, and the gaps between the nets they make up."""

from collections.abc import Sequence
from dataclasses import replace

from harness.engine import parts
from harness.engine.trajectory import Arrays
from harness.history import Event
from harness.record import Measurement
from harness.spec import Setting

undistributed = parts.undistributed
distributed = parts.divided


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Relative gaps of every whole net that the ranks make up, and outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned on each rank.
        history: what the ranks emitted; nothing here.

    Returns:
        Gaps `trajectory` (per group and copy of the biases that differ in a bit), `aa`, `natural` and `travelled`;
        differences of outcomes; what the ranks exchange and hold.
    """
    del history
    found = parts.measure(setting, replicates, reference_part, parts.whole_nets(setting, rank_parts))
    return replace(found, measured=found.measured | parts.traffic(rank_parts))
