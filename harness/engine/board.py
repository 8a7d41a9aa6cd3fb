"""Contributions of real ranks to the exchanges of a divided net, each broadcast as soon as it is made.

Every rank has a thread that sends its own contributions and one per other rank that is already waiting in its next
broadcast; what has come lies on the board. A read waits until everybody has contributed to the clock c − s, and takes
the newest there is up to the reader's own clock.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.engine.carriers import Carriers, News
from harness.engine.nets import Tensors
from harness.engine.ranks import Group, Ranks
from harness.engine.runtime import tf
from harness.engine.stale_collectives import Mixing
from harness.history import BlockRecorder
from harness.layout import Message

# Contributions by exchange and worker, and for each by clock.
Shelf = dict[tuple[str, int], dict[int, tf.Tensor]]


class Board(Mixing):
    """Exchanges between ranks under bounded staleness.

    Args:
        ranks: the launch.
        staleness: s.
        sent: for each rank what it contributes at every clock, in the order in which it does.
        kind: type of all contributions.
        clocks: number of clocks.
        recorder: takes note of reads and contributions.
        alone: nothing of others is seen but zeros, a fault.
    """

    def __init__(
        self,
        ranks: Ranks,
        staleness: int,
        sent: Sequence[Sequence[Message]],
        kind: tf.DType,
        clocks: int,
        recorder: BlockRecorder,
        *,
        alone: bool = False,
    ) -> None:
        self._alone = alone
        self._ranks, self._staleness, self._sent, self._kind = ranks, staleness, sent, kind
        self._recorder, self._clock = recorder, 0
        self._shelf: Shelf = {(m.name, rank): {} for rank, messages in enumerate(sent) for m in messages}
        self._outbox: queue.SimpleQueue[tf.Tensor] = queue.SimpleQueue()
        self._news = News()
        self._carriers = Carriers(clocks, self._news.fail)

    @property
    def members(self) -> Group:
        """This rank."""
        return (self._ranks.rank,)

    def start(self) -> None:
        """Start a sender and P − 1 receivers."""
        me = self._ranks.rank
        for root in range(self._ranks.size):
            casts = [self._cast(message, root) for message in self._sent[root]]
            step = self._sending(casts) if root == me else self._receiving(root, casts)
            self._carriers.run(f"of {root}", step)

    def turn(self, clock: int) -> None:
        """Go to the next clock, and forget what no read can need.

        Args:
            clock: c.
        """
        with self._news:
            self._clock = clock
            for kept in self._shelf.values():
                for old in [then for then in kept if then < clock - self._staleness - 1]:
                    del kept[old]

    def seen(self, held: Tensors, name: str) -> list[Tensors]:
        """What this rank sees of everybody; waits where the staleness bound demands it.

        Args:
            held: its own contribution at this clock.
            name: of the exchange.

        Returns:
            One list, one tensor per rank, its own as it is.

        Raises:
            RuntimeError: a collective broke.
        """
        (own,) = held
        self.contribute(own, name)
        oldest = max(0, self._clock - self._staleness)
        newest = [self._newest(name, rank, oldest) for rank in range(self._ranks.size)]
        self._recorder.read(self._clock, name, [clock + 1 for clock, _ in newest])
        shape = (own.shape[0], -1, own.shape[2])
        others = [tf.zeros_like(tensor) if self._alone else tensor for _, tensor in newest]
        return [[own if rank == self._ranks.rank else tf.reshape(t, shape) for rank, t in enumerate(others)]]

    def contribute(self, own: tf.Tensor, name: str) -> None:
        """Put this rank's contribution of this clock on the board and send it.

        Args:
            own: the tensor.
            name: of the exchange.
        """
        self._recorder.write(self._clock, name)
        self._put(name, self._ranks.rank, self._clock, own)
        self._outbox.put(tf.reshape(own, [-1]))

    def of_clock(self, name: str, clock: int) -> list[NDArray[np.float64]]:
        """Everybody's contribution of one clock; waits for it.

        Args:
            name: of the exchange.
            clock: no older than c − s − 1.

        Returns:
            One flat array per rank.

        Raises:
            RuntimeError: a collective broke.
        """
        with self._news:
            self._news.wait_until(lambda: all(clock in self._shelf[name, rank] for rank in range(self._ranks.size)))
            return [np.ravel(self._shelf[name, rank][clock]) for rank in range(self._ranks.size)]

    def finish(self) -> None:
        """Wait until everything has been sent and received.

        Raises:
            RuntimeError: a collective broke.
        """
        self._carriers.join()
        with self._news:
            self._news.raise_error()

    def _newest(self, name: str, rank: int, oldest: int) -> tuple[int, tf.Tensor]:
        kept = self._shelf[name, rank]

        def legal() -> Iterator[int]:
            return (clock for clock in kept if oldest <= clock <= self._clock)

        with self._news:
            self._news.wait_until(lambda: any(True for _ in legal()))
            newest = max(legal())
            return newest, kept[newest]

    def _put(self, name: str, rank: int, clock: int, tensor: tf.Tensor) -> None:
        with self._news:
            self._shelf[name, rank][clock] = tensor
            self._news.notify_all()

    def _cast(self, message: Message, root: int) -> Callable[[tf.Tensor], tf.Tensor]:
        made: Callable[[tf.Tensor], tf.Tensor] = tf.function(
            lambda tensor: self._ranks.broadcast(tensor, root, f"{message.name}.{root}"),
            input_signature=[tf.TensorSpec([message.handed], self._kind)],
            autograph=False,
        )
        return made

    def _sending(self, casts: Sequence[Callable[[tf.Tensor], tf.Tensor]]) -> Callable[[int], None]:
        def send(clock: int) -> None:
            del clock
            for cast in casts:
                cast(self._outbox.get())

        return send

    def _receiving(self, root: int, casts: Sequence[Callable[[tf.Tensor], tf.Tensor]]) -> Callable[[int], None]:
        holders = [tf.zeros([message.handed], self._kind) for message in self._sent[root]]

        def receive(clock: int) -> None:
            for message, cast, holder in zip(self._sent[root], casts, holders, strict=True):
                self._put(message.name, root, clock, cast(holder))

        return receive
