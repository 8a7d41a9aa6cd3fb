"""How changes travel between the workers of a table: two ways over Horovod, and one for a worker alone."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise

import numpy as np

from harness.engine.carriers import Carriers
from harness.engine.folds import Change
from harness.engine.memory import over, pages, under
from harness.engine.packing import Collective
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE, Inbox
from harness.layout import TOGETHER, parcels
from harness.spec import Transport


class Alone:
    """No other worker: nothing to carry."""

    def start(self, inbox: Inbox) -> None:
        """Do nothing.

        Args:
            inbox: never called.
        """

    def send(self, clock: int, change: Change) -> None:
        """Do nothing.

        Args:
            clock: ignored.
            change: ignored.
        """

    def finish(self) -> None:
        """Do nothing."""


class _Threads(ABC):
    """Changes carried by threads; an error in one of them reaches the table."""

    def __init__(self, ranks: Ranks, weights: Sequence[tf.Tensor], clocks: int) -> None:
        self._ranks, self._clocks = ranks, clocks
        self._message = Message(weights)
        self._outbox: queue.SimpleQueue[Change] = queue.SimpleQueue()

    def start(self, inbox: Inbox) -> None:
        """Start the threads.

        Args:
            inbox: where they leave what comes.
        """
        self._carriers = Carriers(self._clocks, inbox.fail)
        for name, step in self._steps(inbox).items():
            self._carriers.run(name, step)

    def send(self, clock: int, change: Change) -> None:
        """Queue the own change of a clock.

        Args:
            clock: c; changes are sent in clock order.
            change: one tensor per weight.
        """
        del clock
        self._outbox.put(change)

    def finish(self) -> None:
        """Wait until everything has been sent and received."""
        self._carriers.join()

    @abstractmethod
    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """What each thread does at a clock, by its name."""


class Eager(_Threads):
    """Each worker broadcasts its own change as soon as it is made; for each other worker a receiver waits already.

    A view may be ahead of its reader, as far as the table has room: by two clocks, or any number without a bound.
    """

    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """A sender and P − 1 receivers, which receive where there is room."""
        me = self._ranks.rank
        casts = [self._cast(root) for root in range(self._ranks.size)]
        place_holder = self._message.untouched()

        def send(clock: int) -> None:
            del clock
            casts[me](self._message.packed(self._outbox.get()))

        def receive(root: int, clock: int) -> None:
            inbox.wait_for_room(clock)
            inbox.deliver(root, clock, self._message.unpacked(casts[root](place_holder)))

        others = (root for root in range(self._ranks.size) if root != me)
        return {"sender": send} | {f"receiver of {root}": partial(receive, root) for root in others}

    def _cast(self, root: int) -> Callable[[Sequence[tf.Tensor]], list[tf.Tensor]]:
        return self._message.compiled(lambda tensor, name: self._ranks.broadcast(tensor, root, f"change.{root}.{name}"))


class Pipelined(_Threads):
    """One sum over all workers per clock, as many in flight as the staleness lets workers run ahead."""

    def _steps(self, inbox: Inbox) -> Mapping[str, Callable[[int], None]]:
        """A thread that adds up; sums are no more than the own changes in flight, whose place they take."""
        total = self._message.compiled(lambda tensor, name: self._ranks.sum(tensor, f"changes.{name}"))

        def add(clock: int) -> None:
            summed = total(self._message.packed(self._outbox.get()))
            inbox.deliver(EVERYONE, clock, self._message.unpacked(summed))

        return {"adder": add}


class Message:
    """The form in which a change travels: large tensors each by themselves, all others in one vector.

    What receives a vector reads its pieces where they lie. Of small changes, what costs is the number of operations:
    packed by TensorFlow they took three times the processor's time, and where 8 ranks share 2 cores four times as long.

    Args:
        weights: tensors that a change is shaped like.
    """

    def __init__(self, weights: Sequence[tf.Tensor]) -> None:
        specs = [tf.TensorSpec(w.shape, w.dtype) for w in weights]
        sizes = [spec.shape.num_elements() for spec in specs]
        names = parcels(sizes)
        together = names.get(TOGETHER, ())
        ends = [0, *accumulate(sizes[place] for place in together)]
        self._shapes = [tuple(spec.shape) for spec in specs]
        self._cuts = {place: slice(*bounds) for place, bounds in zip(together, pairwise(ends), strict=True)}
        self._alone = [place for place in range(len(specs)) if place not in self._cuts]
        self._signature = {name: specs[places[0]] for name, places in names.items()}
        if together:
            self._signature[TOGETHER] = tf.TensorSpec((ends[-1],), specs[0].dtype)

    def compiled(self, collective: Collective) -> Callable[[Sequence[tf.Tensor]], list[tf.Tensor]]:
        """A collective over a packed change.

        Args:
            collective: of a tensor, and its name.

        Returns:
            From one packed change to another; the calling thread waits for it.
        """

        def exchanged(*sent: tf.Tensor) -> list[tf.Tensor]:
            return [collective(tensor, name) for tensor, name in zip(sent, self._signature, strict=True)]

        graph = tf.function(exchanged, autograph=False).get_concrete_function(*self._signature.values())
        # What the graph is called with is known to fit it, and need not be looked at every time.
        run = graph.inference_fn.call_flat
        return lambda sent: list(run(*sent))

    def packed(self, change: Change) -> list[tf.Tensor]:
        """What travels of a change.

        Args:
            change: one tensor per weight.

        Returns:
            Large tensors as they are, and a vector of all others.
        """
        large = [change[place] for place in self._alone]
        small = [under(change[place]).reshape(-1) for place in self._cuts]
        return [*large, tf.constant(np.concatenate(small))] if small else large

    def unpacked(self, sent: Sequence[tf.Tensor]) -> Change:
        """A change from what has travelled.

        Args:
            sent: as `packed` gives it.

        Returns:
            Large tensors as they are, and of all others arrays in the memory of the vector, to be read only.
        """
        large, vector = iter(sent), under(sent[-1]).reshape(-1)
        return [
            vector[self._cuts[place]].reshape(shape) if place in self._cuts else next(large)
            for place, shape in enumerate(self._shapes)
        ]

    def untouched(self) -> list[tf.Tensor]:
        """A packed change for those who receive, whose place in a collective it takes without being looked at.

        Returns:
            Tensors that take no memory.
        """
        return [over(pages(spec.shape, spec.dtype.as_numpy_dtype)) for spec in self._signature.values()]


TRANSPORTS: dict[Transport, type[Eager] | type[Pipelined]] = {Transport.EAGER: Eager, Transport.PIPELINED: Pipelined}
