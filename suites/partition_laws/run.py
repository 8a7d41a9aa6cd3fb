"""One run: the reference, all workers of a divided net played in one process, and the gaps between them."""

from collections.abc import Sequence

from harness.engine import parts
from harness.engine.trajectory import Arrays
from harness.history import Event
from harness.record import Measurement
from harness.spec import Setting

undistributed = parts.undistributed
distributed = parts.scheduled


def measure(
    setting: Setting,
    replicates: range,
    reference_part: Arrays,
    rank_parts: Sequence[Arrays],
    history: Sequence[Event] = (),
) -> Measurement:
    """Relative gaps per layer and checkpoint, distance travelled by the reference, and outcomes.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference_part: what `undistributed` returned.
        rank_parts: what `distributed` returned.
        history: nothing here: the simulation has none.

    Returns:
        Gaps `trajectory`, `aa`, `natural` and `travelled`; differences of outcomes.
    """
    del history
    return parts.measure(setting, replicates, reference_part, parts.whole_nets(setting, rank_parts))
