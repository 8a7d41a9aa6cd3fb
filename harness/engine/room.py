"""How far a worker is with a table, and what that leaves room for: one rule where changes come, one where sums do.

Copies of the weights beside the base: the view, where it is not the base; own changes that are not folded here or not
received there, s + 1 of them with the one that is being made; of each other worker one change, and more while fewer
than s(P − 1) changes wait to be folded. So two workers hold s + 3 copies, one of which the step needs without a table
too; and a view is ahead of its reader by two clocks at most, unless s is infinite. Where sums come they take the place
of own changes, part by part where the worker is far ahead, as soon as no view will hold these by themselves.

For that, a worker waits while it is more clocks ahead of what it has sent than others are to receive while it computes.
And one that was ahead and now is late, and gets more than it has room for, takes into the base what is complete while
it computes: it computes with the view on top of its own changes, not with the base. Else others could not send, and
had to wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf

from harness.engine.bounds import Bounds


class Room(ABC):
    """Counts of clocks, and how many changes may wait to be folded; whoever counts on holds the table's lock.

    Args:
        bounds: who reads what when.
        senders: whose changes come: all workers', or this one's and the sum of all.
    """

    def __init__(self, bounds: Bounds, senders: int) -> None:
        self._bounds, self._senders = bounds, senders
        self._few = bounds.few(senders)
        # Clocks that the worker has ended; of them those that all others have; complete ones that are in the base.
        self.clock = self.sent = self.folded = 0
        # How many updates of each worker have come, and how many of them the view holds, while there is one.
        self.arrived = [0] * bounds.workers
        self.seen: list[int] | None = None

    @property
    def complete(self) -> int:
        """How many clocks have come of everybody."""
        return min(self.arrived)

    @property
    def is_crowded(self) -> bool:
        """Whether more changes wait to be folded than there is room for, and the worker computes meanwhile.

        One change of each worker is no crowd: it is folded in the same pass over memory that makes the next view.
        """
        return self.seen is not None and self._waiting() > max(self._senders, self._few)

    def is_free(self, clock: int) -> bool:
        """Whether the next change may be received: a bound of memory, for which no read has to wait.

        Args:
            clock: of that change.

        Returns:
            Whether there is room; always, where nothing bounds how many wait.
        """
        return self._few == inf or self._is_free(clock)

    @property
    @abstractmethod
    def is_ahead_of_sending(self) -> bool:
        """Whether the worker is so far ahead of what it has sent that it waits before it reads."""

    @property
    @abstractmethod
    def replaced(self) -> int | None:
        """The last clock of which no view that is yet to come will hold the own change by itself, if any is let go."""

    @abstractmethod
    def _waiting(self) -> int:
        """How many changes wait to be folded."""

    @abstractmethod
    def _is_free(self, clock: int) -> bool:
        """Whether the next change may be received, where there is a bound."""


class RoomForChanges(Room):
    """Each worker's changes come by themselves: those of the clock to be folded next, or few that wait for it."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds, bounds.workers)

    @property
    def is_ahead_of_sending(self) -> bool:
        """Whether more own changes than may be have yet to be received by others."""
        return self.clock - self.sent > self._bounds.unsent

    @property
    def replaced(self) -> None:
        """None: changes are kept until they are folded."""
        return None

    def _waiting(self) -> int:
        return sum(self.arrived) - self._senders * self.folded

    def _is_free(self, clock: int) -> bool:
        # Own changes that are folded and yet to be sent take their room too.
        few = self._waiting() + max(0, self.folded - self.sent) <= self._few
        return clock == self.folded or (clock <= self.clock + 1 and few)


class RoomForSums(Room):
    """Sums over all workers come: each where it takes the place of the own change, or of one that is folded."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds, 2)

    @property
    def is_ahead_of_sending(self) -> bool:
        """Never: a sum comes of who has sent."""
        return False

    @property
    def replaced(self) -> int:
        """The last one that the next view must hold of everybody."""
        return self._unviewed() - 1

    def _waiting(self) -> int:
        return self.arrived[self._bounds.worker] + self.complete - self._senders * self.folded

    def _is_free(self, clock: int) -> bool:
        return clock < self._unviewed() or self.clock - self.folded <= max(self._senders, self._bounds.ahead - 1)

    def _unviewed(self) -> int:
        """Number of clocks whose own changes no view that is yet to come will hold but in the sum of all."""
        if self.clock == self._bounds.clocks:
            return self.clock
        return self._bounds.oldest(self.clock + (self.seen is not None))
