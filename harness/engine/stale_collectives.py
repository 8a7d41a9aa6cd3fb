"""Exchanges of a divided net in which what others contribute may be some clocks old.

Every exchange has a name. What a worker hands to it at a clock is its *contribution*, and a worker that takes part
mixes its own of this clock with those of the others that it has seen, of the last s clocks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from harness.engine.nets import Tensors
from harness.engine.ranks import Group
from harness.engine.runtime import tf
from harness.layout import pieces

# Of each clock the contributions by exchange, one tensor per worker.
Past = list[dict[str, Tensors]]


class Mixing(ABC):
    """Collectives over contributions that may be stale, for those workers that this process plays."""

    @property
    @abstractmethod
    def members(self) -> Group:
        """Numbers of the workers played here."""

    @abstractmethod
    def seen(self, held: Tensors, name: str) -> list[Tensors]:
        """What each local worker sees of everybody, in the order of their numbers.

        Args:
            held: the local workers' own contributions at this clock.
            name: of the exchange.

        Returns:
            For each local worker one tensor per worker, its own as it is.
        """

    def total(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Sums over everybody.

        Args:
            held: one tensor per local worker.
            groups: everybody.
            name: of the exchange.

        Returns:
            One sum per local worker.
        """
        del groups
        return [tf.add_n(mixed) for mixed in self.seen(held, name)]

    def gather(self, held: Tensors, groups: Sequence[Group], width: int, name: str) -> Tensors:
        """Pieces of everybody one after the other.

        Args:
            held: one piece (R, units, batch) per local worker.
            groups: everybody.
            width: number of all units.
            name: of the exchange.

        Returns:
            (R, all units, batch) per local worker.
        """
        del groups, width
        return [tf.concat(mixed, axis=1) for mixed in self.seen(held, name)]

    def scatter(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Own pieces of the sums over everybody.

        Args:
            held: one tensor (R, all units, batch) per local worker.
            groups: everybody.
            name: of the exchange.

        Returns:
            (R, units, batch) per local worker.
        """
        found = []
        for member, group, mixed in zip(self.members, groups, self.seen(held, name), strict=True):
            mine = pieces(mixed[0].shape[1], len(group))[group.index(member)]
            found.append(tf.add_n([tensor[:, mine.start : mine.stop] for tensor in mixed]))
        return found


class Delayed(Mixing):
    """All workers in lockstep in one process, under views that are given clock by clock.

    Args:
        workers: P.
        alone: nobody sees anything of others but zeros, a fault.
    """

    def __init__(self, workers: int, *, alone: bool = False) -> None:
        self._workers, self._alone = workers, alone
        self._places, self._past = tf.zeros([1, workers, workers], tf.int32), list[dict[str, Tensors]]()
        self.contributed: dict[str, Tensors] = {}

    @property
    def members(self) -> Group:
        """Everybody."""
        return tuple(range(self._workers))

    def turn(self, places: tf.Tensor, past: Past) -> None:
        """Go to the next clock.

        Args:
            places: (R, P, P) what is seen, reader before writer: a place in the past, or its length for this clock.
            past: contributions of the clocks before, the oldest first.
        """
        self._places, self._past, self.contributed = places, past, {}

    def seen(self, held: Tensors, name: str) -> list[Tensors]:
        """What each worker sees of everybody.

        Args:
            held: all workers' own contributions at this clock.
            name: of the exchange.

        Returns:
            For each worker one tensor per worker, its own as it is.
        """
        self.contributed[name] = held
        if self._alone:
            nothing = [tf.zeros_like(tensor) for tensor in held]
            return [[held[q] if p == q else nothing[q] for q in self.members] for p in self.members]
        past = [then[name] for then in self._past]
        if not past:
            return [held] * self._workers
        stacked = [tf.stack([*(then[q] for then in past), held[q]], axis=1) for q in self.members]
        return [
            [held[q] if p == q else tf.gather(stacked[q], self._places[:, p, q], batch_dims=1) for q in self.members]
            for p in self.members
        ]
