"""How changes travel between the workers of a table: two ways over Horovod, and one for a worker alone."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from harness.engine.carriers import Carriers
from harness.engine.nets import Tensors
from harness.engine.packing import Collective, Packing
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE, Inbox
from harness.spec import Transport


class Alone:
    """No other worker: nothing to carry."""

    adds_up = False

    def start(self, inbox: Inbox) -> None:
        """Do nothing.

        Args:
            inbox: never called.
        """

    def send(self, clock: int, parcels: Tensors) -> None:
        """Do nothing.

        Args:
            clock: ignored.
            parcels: ignored.
        """

    def finish(self) -> None:
        """Do nothing."""


class _Threads(ABC):
    """Changes carried by threads; an error in one of them reaches the table."""

    adds_up = False

    def __init__(self, ranks: Ranks, weights: Sequence[tf.Tensor], clocks: int) -> None:
        self._ranks, self._clocks = ranks, clocks
        self._packing = Packing(weights)
        self._outbox: queue.SimpleQueue[list[tf.Tensor]] = queue.SimpleQueue()

    def start(self, inbox: Inbox) -> None:
        """Start the threads.

        Args:
            inbox: where they leave what comes.
        """
        self._carriers = Carriers(self._clocks, inbox.fail)
        for name, step in self._steps(inbox).items():
            self._carriers.run(name, step)

    def send(self, clock: int, parcels: Tensors) -> None:
        """Queue the own change of a clock.

        Args:
            clock: c; changes are sent in clock order.
            parcels: the change, packed.
        """
        del clock
        self._outbox.put(list(parcels))

    def finish(self) -> None:
        """Wait until everything has been sent and received."""
        self._carriers.join()

    @abstractmethod
    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """What each thread does at a clock, by its name."""


class Eager(_Threads):
    """Each worker broadcasts its own change as soon as it is made; for each other worker a receiver waits already.

    A view may be ahead of its reader, as far as the table has room: by two clocks, or any number without a bound.
    Without staleness no view is, and nothing is read before the last change of a clock has come: one receiver takes
    those of all others in one call, since where ranks outnumber cores what a clock costs is the number of calls.
    """

    def __init__(self, ranks: Ranks, weights: Sequence[tf.Tensor], clocks: int, staleness: float) -> None:
        super().__init__(ranks, weights, clocks)
        others = [root for root in range(ranks.size) if root != ranks.rank]
        self._received = [others] if staleness == 0 else [[root] for root in others]

    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """A sender, and receivers, which receive where there is room."""
        cast, place_holder = self._packing.compiled(self._cast(self._ranks.rank)), self._packing.untouched()

        def send(clock: int) -> None:
            cast(self._outbox.get())
            inbox.sent(clock)

        receivers = {f"receiver of {roots}": self._receiver(roots, place_holder, inbox) for roots in self._received}
        return {"sender": send} | receivers

    def _receiver(self, roots: Sequence[int], place_holder: Tensors, inbox: Inbox) -> Callable[[int], None]:
        casts = self._packing.compiled(*map(self._cast, roots))

        def receive(clock: int) -> None:
            inbox.wait_for_room(clock)
            came = casts(place_holder)
            for root in roots:
                inbox.deliver(root, clock, [came.pop(0) for _ in place_holder])

        return receive

    def _cast(self, root: int) -> Collective:
        return lambda tensor, name: self._ranks.broadcast(tensor, root, f"change.{root}.{name}")


class Pipelined(_Threads):
    """One sum over all workers per clock, as many in flight as the staleness lets workers run ahead."""

    adds_up = True

    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """A thread that adds up: where the worker is far ahead part by part, so that sums take the changes' place."""

        def added(tensor: tf.Tensor, name: str) -> tf.Tensor:
            return self._ranks.sum(tensor, f"changes.{name}")

        at_once, in_turn = self._packing.compiled(added), self._packing.in_turn(added)

        def add(clock: int) -> None:
            own = self._outbox.get()
            inbox.wait_for_room(clock)
            total = in_turn if inbox.has_let_go(clock) else at_once
            inbox.deliver(EVERYONE, clock, total(own))

        return {"adder": add}


def carry(
    transport: Transport, ranks: Ranks, weights: Sequence[tf.Tensor], clocks: int, staleness: float
) -> Alone | Eager | Pipelined:
    """A transport for a table.

    Args:
        transport: its kind.
        ranks: this process among the workers; one alone carries nothing.
        weights: tensors that a change is shaped like.
        clocks: number of clocks.
        staleness: s of the table.

    Returns:
        The transport, not yet started.
    """
    if ranks.size == 1:
        return Alone()
    if transport is Transport.EAGER:
        return Eager(ranks, weights, clocks, staleness)
    return Pipelined(ranks, weights, clocks)
