"""One run: the reference in one process, its blocks under a scheduler, their history, and the gaps between them."""

from harness.engine import finished, parts
from harness.engine.finished import Finished
from harness.history import check
from harness.record import GapTable, Measurement
from suites.model_partition_scheduled.sweep import RULES

undistributed = parts.undistributed
distributed = parts.scheduled


def measure(run: Finished) -> Measurement:
    """Gaps of weights and of functions; of real ranks also what their history breaks.

    Args:
        run: what its parts have left; the simulation has no history.

    Returns:
        Gaps `trajectory`, `function`, `aligned`, `aa`, `natural` and `travelled`, and of real ranks `violations` and
        `lag`; differences of outcomes.
    """
    found = finished.measure_theorem(run)
    if run.setting.distribution.simulated:
        return found
    checked = check(run.history)
    tables = finished.findings(run, checked, RULES)
    counted = {"reads": float(checked.reads), "writes": float(checked.writes)}
    return Measurement(GapTable.concat([found.gaps, *tables]), found.measured | counted)
