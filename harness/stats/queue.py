"""Stale synchronous parallel as a queue: what stragglers cost when only time is modelled.

Worker i starts clock k when it has finished its own clock k − 1 and every worker has finished clock k − 1 − s:
start_i(k) = max(finish_i(k−1), max_j finish_j(k−1−s)). Where changes travel for a while, one clock's after the other's,
the last term is when those of clock k − 1 − s have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import BadInputError


@dataclass(frozen=True)
class Speedup:
    """Time of the same work with and without slack.

    Args:
        bsp_seconds: until the last worker has finished its last clock, at s = 0.
        ssp_seconds: the same at staleness s.
        speedup: the first over the second.
        bsp_efficiency: mean service time over mean time per clock, at s = 0.
        ssp_efficiency: the same at staleness s.
    """

    bsp_seconds: float
    ssp_seconds: float
    speedup: float
    bsp_efficiency: float
    ssp_efficiency: float


def speedup(service: ArrayLike, staleness: float) -> Speedup:
    """Speed-up of staleness s over bulk synchronous clocks, by the max-plus recursion.

    Args:
        service: (workers, clocks) seconds that each worker computes at each clock; not negative.
        staleness: s, a whole number from 0, or infinity for no bound.

    Returns:
        Times, their ratio, and efficiencies.

    Raises:
        BadInputError: an argument has the wrong shape or range; it is named, with the index.
    """
    seconds = np.asarray(service, dtype=float)
    if seconds.ndim != 2 or 0 in seconds.shape:
        raise BadInputError(f"shape {seconds.shape} is not (workers, clocks)", where="speedup: service")
    wrong = np.argwhere(~(np.isfinite(seconds) & (seconds >= 0)))
    if len(wrong):
        i, k = (int(n) for n in wrong[0])
        raise BadInputError(f"{seconds[i, k]} is no time", where=f"speedup: service[{i}, {k}]")
    if not (staleness == inf or (staleness >= 0 and staleness == int(staleness))):
        raise BadInputError(f"{staleness} is not a whole number from 0, or infinite", where="speedup: staleness")
    bsp, ssp = float(finish_times(seconds, 0)[-1].max()), float(finish_times(seconds, staleness)[-1].max())
    work = float(seconds.mean()) * seconds.shape[1]
    if work == 0:
        raise BadInputError("no worker ever computes", where="speedup: service")
    return Speedup(bsp, ssp, bsp / ssp, work / bsp, work / ssp)


def finish_times(service: NDArray[np.float64], staleness: float, exchange_seconds: float = 0.0) -> NDArray[np.float64]:
    """When each worker finishes each clock.

    Args:
        service: (workers, clocks) seconds.
        staleness: s, or infinity.
        exchange_seconds: that the changes of a clock travel, once all have been made and those before have arrived.

    Returns:
        (clocks, workers) seconds since the start.
    """
    workers, clocks = service.shape
    finished = np.empty((clocks, workers))
    now = np.zeros(workers)
    arrived, latest = np.zeros(clocks), 0.0
    for k in range(clocks):
        waited_for = k - 1 - staleness
        start = np.maximum(now, arrived[int(waited_for)]) if waited_for >= 0 else now
        now = start + service[:, k]
        latest = max(latest, float(now.max())) + exchange_seconds
        finished[k], arrived[k] = now, latest
    return finished
