"""One run: the reference in one process, its blocks on the ranks, and the gaps between the nets they make up."""

from dataclasses import replace

from harness.engine import finished, parts
from harness.engine.finished import Finished
from harness.record import Measurement

undistributed = parts.undistributed
distributed = parts.divided


def measure(run: Finished) -> Measurement:
    """Relative gaps of every whole net that the ranks make up, and outcomes.

    Args:
        run: what its parts have left.

    Returns:
        Gaps and differences of outcomes as of every suite; what the ranks exchange and hold.
    """
    found = finished.measure(run)
    return replace(found, measured=found.measured | finished.traffic(run))
