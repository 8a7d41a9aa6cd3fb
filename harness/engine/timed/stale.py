"""The contender over the table of stale synchronous parallel."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

import numpy as np

from harness.engine.bounds import Bounds
from harness.engine.folds import Weights
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.ranks import Ranks
from harness.engine.runtime import in_order, tf
from harness.engine.starts import batches
from harness.engine.table import SSPTable
from harness.engine.timed.contender import Arrays, initial_weights, plain
from harness.engine.transports import carry
from harness.history import Journal, Recorder
from harness.schedule import share
from harness.spec import StalePartition, Training
from harness.spec.timings import AFTER, WARM
from harness.stragglers import service


class Stale:
    """A worker over the table, its history on; every turn has a table of its own.

    Args:
        training: data, net, clocks and step size.
        partition: staleness, transport and stragglers.
        here: this process among the workers.
        seconds: to sleep per clock in the place of computing; 0 to compute, unless there are stragglers.
    """

    def __init__(self, training: Training, partition: StalePartition, here: Ranks, seconds: float) -> None:
        self._training, self._partition, self._here = training, partition, here
        ids = batches(training, range(1))[..., share(training.batch, here.rank, here.size)]
        self._objective = Objective(training, range(1), ids, here.size / training.batch)
        drawn = service(partition.stragglers, here.size, training.clocks - WARM - AFTER, 0)[here.rank]
        self._seconds = np.concatenate([np.zeros(WARM), seconds + drawn, np.zeros(AFTER)])
        self._step = in_order(tf.function(self._objective.gradients, autograph=False))
        self._initial = [w[None] if w.ndim == 2 else w[None, None] for w in initial_weights(training)]
        self._nothing = [tf.zeros(w.shape, w.dtype) for w in self._initial] if self._sleeps else []

    @property
    def _sleeps(self) -> bool:
        return bool(self._seconds.any())

    def reset(self) -> None:
        """A new table with the initial weights."""
        training, here = self._training, self._here
        self._clock, self._noted = 0, {training.clocks}
        self._kept: dict[int, Arrays] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 it is closed when the turn ends
        self._journal = Journal(self._file)
        self._table = SSPTable(
            [self._initial[at : at + 2] for at in range(0, len(self._initial), 2)],
            Descent.of(training),
            factor=1 / here.size,
            bounds=Bounds(here.rank, here.size, self._partition.staleness, training.clocks),
            transport=carry(self._partition.transport, here, self._specs(), training.clocks, self._partition.staleness),
            recorder=Recorder(here.rank, here.size, self._journal.write),
            on_fold=self._keep,
        )

    def _specs(self) -> list[tf.TensorSpec]:
        return [tf.TensorSpec(w.shape, w.dtype) for w in self._initial]

    def _keep(self, clock: int, base: Weights) -> None:
        if clock in self._noted:
            self._kept[clock] = [plain(np.array(w), place) for place, w in enumerate(base)]

    def advance(self, clocks: int) -> None:
        """Read, compute (or sleep) and write, so many times.

        Args:
            clocks: how many.
        """
        for _ in range(clocks):
            self._advance()
            self._clock += 1

    def _advance(self) -> None:
        layers = range(len(self._initial) // 2)
        view = [weight for layer in layers for weight in self._table.get(layer)]
        if self._sleeps:
            time.sleep(self._seconds[self._clock])
        change = self._nothing or self._step(view, tf.constant(self._clock))
        for layer in layers:
            self._table.inc(layer, change[2 * layer : 2 * layer + 2])
        self._table.clock()

    def finish(self) -> None:
        """Wait until all changes of all workers are folded."""
        self._table.finish()
        self._journal.close()
        self._file.close()

    def note(self) -> Callable[[], Arrays]:
        """Have x_c = w_0 + Σ u of all workers' first c clocks kept, c this process's clock, when it is complete.

        Returns:
            What gives it.
        """
        clock = self._clock
        self._noted.add(clock)
        return lambda: self._weights_at(clock)

    def weights(self) -> Arrays:
        """w_0 + Σ u.

        Returns:
            W_1, b_1, W_2, …; nothing where changes were left out.
        """
        return self._weights_at(self._training.clocks)

    def _weights_at(self, clock: int) -> Arrays:
        return [] if self._sleeps else self._kept[clock]

    def share(self, whole: Arrays) -> Arrays:
        """Every worker holds the whole net.

        Args:
            whole: W_1, b_1, W_2, …

        Returns:
            The same.
        """
        return whole

    def exchange(self, clocks: int) -> bool:
        """What travels while others compute is not timed alone.

        Args:
            clocks: not used.

        Returns:
            False.
        """
        del clocks
        return False
