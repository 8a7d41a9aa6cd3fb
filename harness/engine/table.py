"""The table of stale synchronous parallel: get, inc, clock.

Every worker keeps a table of its own. What workers send is folded into the *base* clock by clock, in the order of the
workers, once all of them have sent theirs: so the base is the same bits everywhere, whatever came when. The *view* that
is read is the base and, on top, what else has come: own changes always, others' up to s clocks late.

A change is packed when its clock ends: what is looked at for numbers that are not finite, digested, sent, received
and folded is the same few tensors.

How many changes it holds, and who waits for whom because of that, is said in `engine.room`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.engine.bounds import Bounds
from harness.engine.carriers import News
from harness.engine.finite import is_finite
from harness.engine.folds import Step, Weights, fold_into
from harness.engine.memory import under
from harness.engine.nets import Tensors
from harness.engine.optimizers import Rule
from harness.engine.packing import Packing
from harness.engine.room import RoomForChanges, RoomForSums
from harness.engine.runtime import tf
from harness.errors import BadInputError
from harness.history.recorder import Recorder, digest
from harness.spec import Fault

# Key of a sum over all workers among the changes of a clock.
EVERYONE = -1
# Changes as they travel, by worker, or the sum of all.
Sent = dict[int, Tensors]


class Inbox(Protocol):
    """Where a transport leaves what it receives, from threads of its own."""

    def deliver(self, worker: int, clock: int, parcels: Tensors) -> None:
        """Take a change as it was packed; those of a worker come in clock order."""

    def wait_for_room(self, clock: int) -> None:
        """Wait until the next change of a worker, that of a clock, may be received."""

    def has_let_go(self, clock: int) -> bool:
        """Whether the own change of a clock is kept by nobody but its transport."""

    def sent(self, clock: int) -> None:
        """Take note that all others have the own change of a clock."""

    def fail(self, error: BaseException) -> None:
        """Take note that no more will come."""


class Transport(Protocol):
    """Carries changes between workers."""

    # Whether it brings sums over all workers, which take the place of own changes, in place of others' changes.
    adds_up: bool

    def start(self, inbox: Inbox) -> None:
        """Begin to receive."""

    def send(self, clock: int, parcels: Tensors) -> None:
        """Send the own change of a clock, packed; returns at once."""

    def finish(self) -> None:
        """Wait until everything has been sent and received."""


class SSPTable:
    """Weights shared by P workers under stale synchronous parallel.

    Args:
        weights: initial weights, layer by layer, the same on every worker.
        rule: what makes a step of the changes of a clock, summed over workers.
        factor: of that sum; 1/P aggregates by mean, 1 by sum.
        bounds: who reads what when.
        transport: carries changes.
        recorder: writes the history.
        on_fold: told the number of complete clocks and the base, after every one, by one thread at a time: by `get` and
            `finish`, or while the worker computes, but never of a clock that the worker has yet to end.

    References:
        ho2013
    """

    def __init__(
        self,
        weights: Sequence[Sequence[tf.Tensor | NDArray[np.float64]]],
        rule: Rule,
        *,
        factor: float,
        bounds: Bounds,
        transport: Transport,
        recorder: Recorder,
        on_fold: Callable[[int, Weights], None] = lambda clock, base: None,
    ) -> None:
        self.bounds = bounds
        self._recorder, self._transport, self._on_fold = recorder, transport, on_fold
        self._places = [0, *accumulate(map(len, weights))]
        flat = [w for layer in weights for w in layer]
        self._packing = Packing(flat)
        self._fold = fold_into(flat, rule, factor, self._packing)
        self._shapes = [weight.shape for weight in self._fold.base]
        self._mine: dict[int, Tensors] = {}
        self._view: Weights = ()
        self._changes: dict[int, Sent] = {}
        self._room = (RoomForSums if transport.adds_up else RoomForChanges)(bounds)
        self._awaited = 0
        self._arrivals = News()
        self._departures = News(self._arrivals)
        # Whose turn it is to fold, to read, or to put in what has come.
        self._turn = Lock()
        transport.start(self)

    @property
    def view(self) -> tuple[int, ...]:
        """How many updates of each worker the present view holds."""
        return tuple(self._room.seen or ())

    def get(self, layer: int) -> Weights:
        """Weights of a layer as this clock sees them; waits until the staleness bound allows it.

        The first call of a clock takes in what has arrived, for all layers.

        Args:
            layer: its number, from 0.

        Returns:
            Its weights, to be read only, until `clock` is called: what they hold changes with the next read.
        """
        if self._room.seen is None:
            self._read()
        return self._view[self._places[layer] : self._places[layer + 1]]

    def inc(self, layer: int, delta: Sequence[tf.Tensor]) -> None:
        """Add a change of a layer to those of this clock.

        Args:
            layer: its number, from 0.
            delta: one tensor for each of its variables: an addend under `Additive`, else a gradient.

        Raises:
            BadInputError: a tensor has the wrong shape.
        """
        for tensor, shape in zip(delta, self._shapes[self._places[layer] : self._places[layer + 1]], strict=True):
            if tensor.shape != shape:
                raise BadInputError(f"shape {tensor.shape} is not {shape}", where=self._place(layer))
        before = self._mine.get(layer)
        self._mine[layer] = list(delta) if before is None else [a + b for a, b in zip(before, delta, strict=True)]

    def clock(self) -> None:
        """End this clock: send its change to the other workers, and go to the next.

        Raises:
            BadInputError: a layer has no change, or one that is not finite; or all clocks have been.
        """
        if self._room.clock == self.bounds.clocks:
            raise BadInputError(
                f"all {self._room.clock} clocks have been", where="table", remedy="make it for as many as it is to see"
            )
        missing = [layer for layer in range(len(self._places) - 1) if layer not in self._mine]
        if missing:
            raise BadInputError("no change was given", where=self._place(missing[0]), remedy="call inc for every layer")
        change = [tensor for layer in range(len(self._places) - 1) for tensor in self._mine[layer]]
        parcels = self._packing.packed(change)
        seen = [under(parcel) for parcel in parcels]
        self._require_finite(seen, change)
        self._recorder.write(self._room.clock, digest(seen))
        self.deliver(self.bounds.worker, self._room.clock, parcels)
        self._transport.send(self._room.clock, parcels)
        self._mine, self._room.seen, self._view = {}, None, ()
        with self._departures:
            self._room.clock += 1
            self._departures.notify_all()

    def finish(self) -> Weights:
        """Wait for everybody's last clock.

        Returns:
            The final weights, the same bits on every worker.
        """
        # One after the other: what is folded makes room for what is to come.
        while self._room.folded < self.bounds.clocks:
            with self._arrivals:
                self._wait_for(self._room.folded + 1)
            with self._turn:
                self._fold_before(self._room.complete)
        self._transport.finish()
        with self._arrivals:
            self._arrivals.raise_error()
        self._recorder.final(self._room.arrived, digest(map(under, self._fold.base), whole=True))
        return self._fold.base

    def deliver(self, worker: int, clock: int, parcels: Tensors) -> None:
        """Take a change.

        Args:
            worker: whose, or `EVERYONE` for the sum over all.
            clock: c; those of a worker come in clock order.
            parcels: the change, packed.
        """
        if self.bounds.fault is Fault.LOSES_ONE and (worker, clock) == (0, self.bounds.clocks // 2):
            parcels = parcels if self.bounds.worker == 0 else [tf.zeros_like(parcel) for parcel in parcels]
        with self._turn:
            self._put_in(worker, clock, parcels)
            # Before it is asked whether the worker computes: it may end its clock now.
            ended = self._room.clock
            if self._room.is_crowded:
                self._fold_before(min(self._room.complete, ended))

    def wait_for_room(self, clock: int) -> None:
        """Wait until the next change of a worker may be received: a bound of memory, for which no read has to wait.

        Args:
            clock: of that change.
        """
        with self._departures:
            self._departures.wait_until(lambda: self._room.is_free(clock))

    def has_let_go(self, clock: int) -> bool:
        """Whether the own change of a clock is kept by nobody but its transport: no view will hold it by itself.

        Args:
            clock: c, of which the sum has yet to come.

        Returns:
            Whether it is.
        """
        with self._arrivals:
            return self.bounds.worker not in self._changes.get(clock, {})

    def sent(self, clock: int) -> None:
        """Take note that all others have the own change of a clock.

        Args:
            clock: c; those before it they have too.
        """
        with self._arrivals:
            waited, made_room = self._room.is_ahead_of_sending, self._room.folded > self._room.sent
            self._room.sent = clock + 1
            if waited:
                self._arrivals.notify_all()
            if made_room:
                self._departures.notify_all()

    def fail(self, error: BaseException) -> None:
        """End every wait, now and later, with an error.

        Args:
            error: why no more will come.
        """
        self._arrivals.fail(error)

    def _put_in(self, worker: int, clock: int, parcels: Tensors) -> None:
        with self._arrivals:
            if worker == EVERYONE:
                self._changes[clock] = {EVERYONE: parcels}
                self._room.arrived = [max(n, clock + 1) for n in self._room.arrived]
            else:
                self._changes.setdefault(clock, {})[worker] = parcels
                self._room.arrived[worker] = clock + 1
            # Of P − 1 changes of a clock the last one ends a wait; to be woken by each would take as long as a fold.
            if self._room.complete >= self._awaited:
                self._arrivals.notify_all()

    def _read(self) -> None:
        self._wait_for_sending()
        with self._arrivals:
            self._wait_for(self.bounds.awaited(self._room.clock))
        # Nothing is put in meanwhile: a sum would take the place of the own change in a window, which would be kept
        # beside it.
        with self._turn:
            seen = self.bounds.seen(self._room.clock, self._room.arrived)
            complete = max(self._room.folded, self.bounds.complete(self._room.clock, seen))
            window = [(clock, self._visible(clock, seen)) for clock in range(complete, max(seen))]
            self._view = self._fold_up_to(complete, [step for step in window if step[1]])
        self._recorder.read(self._room.clock, self.bounds.reported(self._room.clock, seen))
        with self._departures:
            self._room.seen = seen
            if (replaced := self._room.replaced) is not None:
                self._changes.get(replaced, {}).pop(self.bounds.worker, None)
                self._departures.notify_all()

    def _wait_for_sending(self) -> None:
        """Take in what others send meanwhile: else two workers could wait for each other to have room."""
        while self._room.is_ahead_of_sending:
            with self._turn:
                self._fold_before(min(self._room.complete, self._room.clock))
            with self._arrivals:
                self._awaited = self._room.folded + 1
                self._arrivals.wait_until(
                    lambda: not self._room.is_ahead_of_sending or self._room.complete >= self._awaited
                )

    def _wait_for(self, clocks: int) -> None:
        """Wait until so many clocks of everybody have come; call it while holding the lock."""
        self._awaited = clocks
        self._arrivals.wait_until(lambda: self._room.complete >= clocks)

    def _require_finite(self, parcels: Sequence[NDArray[np.float64]], change: Tensors) -> None:
        if all(map(is_finite, parcels)):
            return
        finite = [is_finite(under(tensor)) for tensor in change]
        if not all(finite):
            layer = bisect_right(self._places, finite.index(False)) - 1
            raise BadInputError(
                "the update holds a number that is not finite",
                where=self._place(layer),
                remedy="use a smaller step size, or look for a division by 0 in the gradient",
            )

    def _fold_up_to(self, limit: int, window: Sequence[Step]) -> Weights:
        """Fold all clocks before a limit, and return the weights with a window on top."""
        self._fold_before(limit - 1)
        return self._fold_next(window) if self._room.folded < limit else self._fold.fold((), window)

    def _fold_before(self, limit: int) -> None:
        while self._room.folded < limit:
            self._fold_next(())

    def _fold_next(self, window: Sequence[Step]) -> Weights:
        # No name is kept of what is folded: it is gone before there is room for the next.
        weights = self._fold.fold([self._next_step()], window)
        with self._departures:
            self._room.folded += 1
            self._departures.notify_all()
        self._on_fold(self._room.folded, self._fold.base)
        return weights

    def _next_step(self) -> Step:
        with self._arrivals:
            change = self._changes.pop(self._room.folded)
        return self._room.folded, [change[worker] for worker in sorted(change)]

    def _visible(self, clock: int, seen: Sequence[int]) -> list[Tensors]:
        """Changes of a clock that a view holds, in the order of the workers."""
        change = self._changes.get(clock, {})
        return [change[w] for w in sorted(change) if (min(seen) if w == EVERYONE else seen[w]) > clock]

    def _place(self, layer: int) -> str:
        return f"worker {self.bounds.worker}, clock {self._room.clock}, layer {layer + 1}"
