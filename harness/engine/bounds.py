"""Who reads what when, and how much may wait: the rules of stale synchronous parallel, and how each is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from harness.spec import Fault


@dataclass(frozen=True)
class Bounds:
    """What the staleness means for one worker.

    Args:
        worker: p, from 0.
        workers: P.
        staleness: s; infinite for no bound.
        clocks: number of clocks that the table will see.
        fault: a rule to break on purpose.
    """

    worker: int
    workers: int
    staleness: float
    clocks: int
    fault: Fault = Fault.NONE

    def oldest(self, clock: int) -> int:
        """Number of every worker's updates that a read at a clock must hold.

        Args:
            clock: c.

        Returns:
            max(0, c − s).
        """
        return 0 if self.staleness == inf else max(0, clock - int(self.staleness))

    def awaited(self, clock: int) -> int:
        """Number of everybody's updates that a read at a clock waits for.

        Args:
            clock: c.

        Returns:
            Those that it must hold; more where the next read is to fall back from them.
        """
        oldest, ahead = self.oldest(clock), self.fault is Fault.FALLS_BACK and not clock % 2
        return min(clock, oldest + 2) if ahead else oldest

    def newest(self, clock: int) -> float:
        """Number of every worker's updates that a read at a clock may hold.

        Without staleness a worker that is late would see updates of its own clock: not what one process computes.

        Args:
            clock: c.

        Returns:
            c at s = 0, else no bound beyond what workers can have written.
        """
        return clock if self.staleness == 0 else inf

    def seen(self, clock: int, arrived: Sequence[int]) -> list[int]:
        """Number of each worker's updates that a read at a clock holds.

        Args:
            clock: c.
            arrived: how many of each have come.

        Returns:
            As many as may be held; others where a rule is to be broken.
        """
        seen = [int(min(n, self.newest(clock))) for n in arrived]
        oldest, me = self.oldest(clock), self.worker
        if self.fault is Fault.TOO_STALE:
            return [n if q == me else max(0, oldest - 1) for q, n in enumerate(seen)]
        if self.fault is Fault.FALLS_BACK and clock % 2:
            return [n if q == me else oldest for q, n in enumerate(seen)]
        if self.fault is Fault.FORGETS_OWN:
            return [max(0, n - 1) if q == me else n for q, n in enumerate(seen)]
        return seen

    def reported(self, clock: int, seen: Sequence[int]) -> list[int]:
        """What the history says of a view.

        Args:
            clock: c.
            seen: what it holds.

        Returns:
            The truth, but for the fault of counting what has yet to come.
        """
        if self.fault is not Fault.FROM_FUTURE:
            return list(seen)
        return [n if q == self.worker else max(n, clock + 1) for q, n in enumerate(seen)]

    def complete(self, clock: int, seen: Sequence[int]) -> int:
        """Number of clocks that every later view will hold whole.

        Args:
            clock: c.
            seen: what the view at this clock holds.

        Returns:
            The fewest of any worker; fewer than must be held where a later view may break a rule.
        """
        return min(seen) if self.fault is Fault.NONE else max(0, self.oldest(clock) - 1)

    @property
    def ahead(self) -> float:
        """How many clocks' changes may wait to be folded before no sums are received: s.

        What breaks a rule on purpose folds late, and would have no room left to be seen breaking it.
        """
        return self.staleness if self.fault is Fault.NONE else inf

    def few(self, senders: int) -> float:
        """How many changes may wait to be folded before no more are received.

        Args:
            senders: n, this worker among them.

        Returns:
            s(n − 1), from s = 2 on one less: the one that is received then has its place.
        """
        if self.ahead == inf:
            return inf
        return max(0, self.ahead * (senders - 1) - (self.ahead > 1))

    @property
    def unsent(self) -> float:
        """How many own changes may wait to be received by others before the worker goes on: s − 1, and one at least."""
        return inf if self.workers == 1 else max(1, self.ahead - 1)
