"""One run: training over the table on every rank, and every view held against what had been written."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from harness.engine import gaps, parts
from harness.engine.finished import Finished
from harness.record import VIEW, GapTable, Measurement

undistributed = parts.undistributed
distributed = parts.stale


def measure(run: Finished) -> Measurement:
    """View gaps of every read in units of their bound.

    Args:
        run: what its parts have left.

    Returns:
        Gap `view` of all layers, per rank and clock; the largest ratio.
    """
    views = [np.asarray(arrays["views/gaps"], np.float64) for arrays in run.ranks]
    updates = np.max([np.asarray(arrays["views/updates"], np.float64) for arrays in run.ranks], axis=0)
    partition = run.setting.distribution
    bound = 2 * partition.staleness * (partition.workers - 1) * largest_near(updates, int(partition.staleness))
    tables, clocks = [], range(1, len(updates) + 1)
    for rank, view in enumerate(views):
        ratio = np.where(view == 0, 0.0, view / np.where(bound > 0, bound, np.nan))
        values = {gaps.ALL: np.nan_to_num(ratio, nan=np.inf).T}
        tables.append(gaps.table(values, np.array(clocks), run.replicates, gap=VIEW, rank=rank))
    table = GapTable.concat(tables)
    return Measurement(
        table, {"largest_share_of_the_bound": float(table.value.max()), "reads": float(len(table.value))}
    )


def largest_near(updates: NDArray[np.float64], staleness: int) -> NDArray[np.float64]:
    """Largest update within s clocks before and after each clock.

    Args:
        updates: (clocks, replicates) ‖u‖.
        staleness: s.

    Returns:
        (clocks, replicates).
    """
    padded = np.pad(updates, ((staleness, staleness), (0, 0)))
    return np.asarray(sliding_window_view(padded, 2 * staleness + 1, axis=0).max(axis=-1))
