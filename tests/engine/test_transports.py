"""Which changes an eager worker receives by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import pytest

from harness.engine.nets import Tensors
from harness.engine.packing import Collective, Packing
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.transports import Eager

WEIGHTS = [tf.TensorSpec((2, 3), tf.float64), tf.TensorSpec((3,), tf.float64)]


class Late:
    """Rank 1 of 3, whose rank 0 sends when it is told to, and rank 2 at once."""

    rank, size = 1, 3

    def __init__(self) -> None:
        self.sends = threading.Event()

    def broadcast(self, tensor: tf.Tensor, root: int, name: str) -> tf.Tensor:
        del name
        assert root or self.sends.wait(10)
        return tensor + root


def called(packing: Packing, *collectives: Collective) -> Callable[[Tensors], Tensors]:
    """Not compiled: one that waits would keep the only thread that TensorFlow may have here."""
    return lambda sent: [collective(tensor, "") for collective in collectives for tensor in sent]


class Box:
    """An inbox with room for everything."""

    def __init__(self) -> None:
        self.came: list[tuple[int, int, float]] = []
        self.news = threading.Condition()

    def deliver(self, worker: int, clock: int, parcels: Tensors) -> None:
        with self.news:
            self.came.append((worker, clock, float(parcels[0][0])))
            self.news.notify_all()

    def wait_for_room(self, clock: int) -> None:
        del clock

    def has_let_go(self, clock: int) -> bool:
        return bool(clock)

    def sent(self, clock: int) -> None:
        del clock

    def fail(self, error: BaseException) -> None:
        raise error

    def has(self, changes: int, seconds: float) -> bool:
        with self.news:
            return self.news.wait_for(lambda: len(self.came) >= changes, seconds)


@pytest.mark.parametrize("staleness", [0, 1, 3])
def test_without_staleness_changes_are_received_together_else_each_when_it_comes(
    staleness: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Packing, "compiled", called)
    ranks, box = Late(), Box()
    transport = Eager(cast(Ranks, ranks), WEIGHTS, 1, staleness)
    transport.start(box)
    assert box.has(1, 0.5 if staleness == 0 else 10) is (staleness > 0)
    ranks.sends.set()
    transport.send(0, [tf.zeros(9, tf.float64)])
    transport.finish()
    assert sorted(box.came) == [(0, 0, 0.0), (2, 0, 2.0)]
