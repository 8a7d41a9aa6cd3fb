"""How changes travel between the workers of a table: two ways over Horovod, and one for a worker alone."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import prod

from harness.engine.nets import Tensors
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE
from harness.spec import Transport

# Below this many bytes the tensors of a change travel as one: what costs then is the number of messages.
_PACKED_BYTES = 1 << 20
Deliver = Callable[[int, int, Tensors], None]
Fail = Callable[[BaseException], None]


class Alone:
    """No other worker: nothing to carry."""

    def start(self, deliver: Deliver, fail: Fail) -> None:
        """Do nothing.

        Args:
            deliver: never called.
            fail: never called.
        """

    def send(self, clock: int, change: Tensors) -> None:
        """Do nothing.

        Args:
            clock: ignored.
            change: ignored.
        """

    def finish(self) -> None:
        """Do nothing."""


class _Threads(ABC):
    """Threads that carry changes clock by clock; an error in one of them reaches the table."""

    def __init__(self, ranks: Ranks, weights: Sequence[tf.Tensor], clocks: int) -> None:
        self._ranks, self._clocks = ranks, clocks
        self._message = Message(weights)
        self._outbox: queue.SimpleQueue[Tensors] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    @abstractmethod
    def start(self, deliver: Deliver, fail: Fail) -> None:
        """Start the threads."""

    def send(self, clock: int, change: Tensors) -> None:
        """Queue the own change of a clock.

        Args:
            clock: c; changes are sent in clock order.
            change: one tensor per weight.
        """
        del clock
        self._outbox.put(change)

    def finish(self) -> None:
        """Wait until everything has been sent and received."""
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, fail: Fail, step: Callable[[int], None]) -> None:
        def work() -> None:
            try:
                for clock in range(self._clocks):
                    step(clock)
            except BaseException as error:
                fail(error)

        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


class Eager(_Threads):
    """Each worker broadcasts its own change as soon as it is made; for each other worker a receiver waits already.

    A view may be ahead of its reader, by s + 1 clocks at most.
    """

    def start(self, deliver: Deliver, fail: Fail) -> None:
        """Start a sender and P − 1 receivers.

        Args:
            deliver: called by the receivers.
            fail: called where a collective breaks.
        """
        me = self._ranks.rank
        casts = [self._cast(root) for root in range(self._ranks.size)]

        def receiver(root: int) -> Callable[[int], None]:
            place_holder = self._message.zeros()
            return lambda clock: deliver(root, clock, casts[root](place_holder))

        def send(clock: int) -> None:
            del clock
            casts[me](self._outbox.get())

        self._run("sender", fail, send)
        for root in range(self._ranks.size):
            if root != me:
                self._run(f"receiver of {root}", fail, receiver(root))

    def _cast(self, root: int) -> Callable[[Tensors], Tensors]:
        return self._message.compiled(
            lambda tensors: [self._ranks.broadcast(t, root, f"change.{root}.{i}") for i, t in enumerate(tensors)]
        )


class Pipelined(_Threads):
    """One sum over all workers per clock, as many in flight as the staleness lets workers run ahead."""

    def start(self, deliver: Deliver, fail: Fail) -> None:
        """Start the thread that adds up.

        Args:
            deliver: called with sums over everyone.
            fail: called where a collective breaks.
        """
        total = self._message.compiled(
            lambda tensors: [self._ranks.sum(t, f"changes.{i}") for i, t in enumerate(tensors)]
        )
        self._run("adder", fail, lambda clock: deliver(EVERYONE, clock, total(self._outbox.get())))


class Message:
    """The form in which a change travels: as it is, or as one flat tensor where it is small.

    Args:
        weights: tensors that a change is shaped like.
    """

    def __init__(self, weights: Sequence[tf.Tensor]) -> None:
        self._signature = [tf.TensorSpec(w.shape, w.dtype) for w in weights]
        self._sizes = [prod(w.shape) for w in weights]
        self._whole = sum(self._sizes) * weights[0].dtype.size < _PACKED_BYTES

    def compiled(self, collective: Callable[[Tensors], Tensors]) -> Callable[[Tensors], Tensors]:
        """A collective over changes as one graph, packing included.

        Args:
            collective: over tensors as they travel.

        Returns:
            From a change to a change.
        """

        def whole(change: Tensors) -> Tensors:
            (flat,) = collective([tf.concat([tf.reshape(t, [-1]) for t in change], axis=0)])
            pieces = zip(tf.split(flat, self._sizes), self._signature, strict=True)
            return [tf.reshape(piece, spec.shape) for piece, spec in pieces]

        made: Callable[[Tensors], Tensors] = tf.function(
            whole if self._whole else collective, input_signature=[self._signature], autograph=False
        )
        return made

    def zeros(self) -> Tensors:
        """A change for those who receive.

        Returns:
            Zeros.
        """
        return [tf.zeros(spec.shape, spec.dtype) for spec in self._signature]


TRANSPORTS: dict[Transport, type[Eager] | type[Pipelined]] = {Transport.EAGER: Eager, Transport.PIPELINED: Pipelined}
