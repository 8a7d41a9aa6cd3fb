"""Stale synchronous parallel in few lines: own changes at once, those of others `lag` clocks later, with a history."""

from __future__ import annotations

import time
import zlib

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from base import Net


class Stale(Net):
    """Every rank exchanges changes at every clock and folds those of the others in when they are due."""

    declared, lag, own_lag, rate, lost = 3, 2, 0, 0.1, None

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """An empty history."""
        super().init(seed=seed, rank=rank, size=size)
        self.clock, self.changes, self.events = 0, [], []
        self.start = [variable.numpy() for variable in self.variables.values()]
        self.local = tf.function(self.gradients_of, reduce_retracing=True)
        self.gather = tf.function(
            lambda change: hvd.allgather(change[None], name="change"),
            input_signature=[tf.TensorSpec([None], tf.float32)],
        )
        bound = {"kind": "header", "version": 1, "workers": size, "staleness": self.declared if size > 1 else 0}
        self.events.append(bound)

    def divisor(self) -> int:
        """Changes are means over ranks."""
        return self.size

    def view(self, clock: int) -> list[int]:
        """How many clocks of each rank are read."""
        late = max(0, clock - (self.lag if self.size > 1 else 0))
        own = max(0, clock - (self.own_lag if self.size > 1 else 0))
        return [own if rank == self.rank else late for rank in range(self.size)]

    def total(self, view: list[int]) -> np.ndarray:
        """Sum of the changes of a view."""
        found = np.zeros(sum(start.size for start in self.start), np.float32)
        for clock, everybody in enumerate(self.changes):
            for rank, change in enumerate(everybody):
                if clock < view[rank] and (self.lost is None or self.size == 1 or (rank, clock) != self.lost):
                    found += change
        return found

    def read(self, view: list[int]) -> None:
        """Weights of a view."""
        pieces = np.split(self.total(view), np.cumsum([start.size for start in self.start])[:-1])
        for variable, start, piece in zip(self.variables.values(), self.start, pieces, strict=True):
            variable.assign(start + piece.reshape(start.shape))

    def step(self, batch: object) -> float:
        """Read, compute, write."""
        view = self.view(self.clock)
        self.read(view)
        self.events.append({
            "kind": "read",
            "worker": self.rank,
            "clock": self.clock,
            "view": view,
            "time": time.monotonic(),
        })
        gradients, loss = self.local(tf.constant(batch.features), tf.constant(batch.labels))
        change = np.concatenate([g.numpy().ravel() for g in gradients]) * -self.rate / self.divisor()
        digest = f"{zlib.crc32(change.tobytes()):08x}"
        self.events.append({
            "kind": "write",
            "worker": self.rank,
            "clock": self.clock,
            "time": time.monotonic(),
            "digest": digest,
        })
        self.changes.append(self.gather(tf.constant(change, tf.float32)).numpy())
        self.clock += 1
        return float(loss)

    def weights(self) -> dict[str, np.ndarray]:
        """The view of the next clock."""
        self.read(self.view(self.clock))
        return super().weights()

    def seen_at_end(self) -> list[int]:
        """After the last clock everything is read."""
        return [self.clock] * self.size

    def history(self) -> list[dict[str, object]]:
        """Events, and the final state."""
        view = self.seen_at_end()
        digest = f"{zlib.crc32(self.total(view).tobytes()):08x}"
        return [*self.events, {"kind": "final", "worker": self.rank, "view": view, "digest": digest}]
