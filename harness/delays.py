"""What each worker has seen at each clock under the virtual executor: delays drawn from the seed, made legal views.

Workers move in lockstep. `view[p, q]` at clock c is the number of q's clocks whose updates worker p has seen when it
reads; with a delay d it is c − d, or what it was before where that is more, since nothing seen is ever unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harness.history import VERSION, Event
from harness.schedule import delay_stream
from harness.spec import Delays

# Chance per clock and pair that everything written so far is seen: at a half views are about one clock late, and s late
# in 2^−s of the reads, so that the bound is what it is in a sound cluster, seldom reached.
_ARRIVES = 0.5
# Digest of what was only simulated.
NO_BITS = "virtual"
_SLOW = 0
# Delays are drawn for this many (clock, pair)s at a time, and for this many clocks at most.
_DRAWN_AT_ONCE, _MOST_CLOCKS = 1 << 16, 256


def view_stream(delays: Delays, workers: int, staleness: int, replicate: int) -> Iterator[NDArray[np.int32]]:
    """Views clock by clock, without end.

    Fresh: no delay. Uniform: delays from {0..s}, per pair and clock. Geometric: at each clock a pair catches up with
    chance 1/2 and else sees nothing new, but for what the bound demands, so that views are j clocks late with chance
    2^−(j+1) and s late with chance 2^−s. Straggler: updates of worker 0 come s late to everybody else, all others at
    once. Latest: updates of all others come s late.

    Args:
        delays: the law.
        workers: P.
        staleness: s.
        replicate: whose stream is drawn from.

    Yields:
        (P, P) views, reader first.
    """
    draws = delay_stream(replicate)
    block = max(1, min(_MOST_CLOCKS, _DRAWN_AT_ONCE // workers**2))
    seen, first = np.zeros((workers, workers), np.int32), 0
    while True:
        late = _late(delays, draws, (block, workers, workers), staleness)
        late[:, np.arange(workers), np.arange(workers)] = 0
        views = legal_views(late, first, seen)
        yield from views
        seen, first = views[-1], first + block


def views(delays: Delays, workers: int, staleness: int, clocks: int, replicate: int) -> NDArray[np.int32]:
    """The first views of `view_stream`, however many follow.

    Args:
        delays: the law.
        workers: P.
        staleness: s.
        clocks: how many.
        replicate: whose stream is drawn from.

    Returns:
        (clocks, P, P) views, reader before writer.
    """
    return np.stack(list(islice(view_stream(delays, workers, staleness, replicate), clocks)))


def legal_views(late: NDArray[np.int32], first_clock: int = 0, seen: NDArray[np.int32] | int = 0) -> NDArray[np.int32]:
    """Views that grow only: n(c) = max(n(c − 1), c − delay).

    Args:
        late: (clocks, P, P) delays in clocks, 0 on the diagonal.
        first_clock: clock of the first of them.
        seen: (P, P) views at the clock before.

    Returns:
        (clocks, P, P) views.
    """
    clocks = np.arange(first_clock, first_clock + len(late), dtype=np.int32)
    return np.maximum.accumulate(np.maximum(clocks[:, None, None] - late, seen), axis=0, dtype=np.int32)


def lockstep_events(views: NDArray[np.int32], staleness: int) -> list[Event]:
    """The history of a run in lockstep: clock by clock all workers read, and then all write.

    Args:
        views: (clocks, P, P), reader before writer.
        staleness: s.

    Returns:
        Events, the header first and final states last; times count steps, digests are words that stand for any bits.
    """
    clocks, workers, _ = views.shape
    events: list[Event] = [{"kind": "header", "version": VERSION, "workers": workers, "staleness": staleness}]
    for clock, view in enumerate(views.tolist()):
        for p in range(workers):
            events.append({"kind": "read", "worker": p, "clock": clock, "view": view[p], "time": 2.0 * clock})
        for p in range(workers):
            events.append({
                "kind": "write",
                "worker": p,
                "clock": clock,
                "time": 2.0 * clock + 1,
                "digest": NO_BITS,
            })
    ends = [clocks] * workers
    return [*events, *({"kind": "final", "worker": p, "view": ends, "digest": NO_BITS} for p in range(workers))]


def _late(delays: Delays, draws: np.random.Generator, shape: tuple[int, int, int], staleness: int) -> NDArray[np.int32]:
    """(clocks, P, P) delays, whatever on the diagonal."""
    match delays:
        case Delays.NONE:
            return np.zeros(shape, np.int32)
        case Delays.UNIFORM:
            return draws.integers(staleness + 1, size=shape, dtype=np.int32)
        case Delays.GEOMETRIC:
            return np.where(draws.random(shape) < _ARRIVES, 0, staleness).astype(np.int32)
        case Delays.STRAGGLER:
            late = np.zeros(shape, np.int32)
            late[..., _SLOW] = staleness
            return late
        case Delays.LATEST:
            return np.full(shape, staleness, np.int32)
