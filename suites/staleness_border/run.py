"""One run: the reference in one process, all workers simulated in another, and the gaps between them."""

from collections.abc import Sequence

from harness.engine import parts
from harness.engine.trajectory import Arrays
from harness.history import Event
from harness.record import Measurement
from harness.spec import Setting

undistributed = parts.undistributed
distributed = parts.stale


def measure(
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
        rank_parts: what `distributed` returned on each rank.
        history: what the ranks emitted; it is kept with the record.

    Returns:
        Gaps `trajectory`, `function`, `aligned` (once for all ranks that hold the same bits), `aa`, `natural` and
        `travelled`; differences of outcomes.
    """
    del history
    return parts.measure(setting, replicates, reference_part, parts.distinct(rank_parts), functions=True)
