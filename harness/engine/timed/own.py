"""Contenders of our own: the reference, data partition with and without staleness, model partition; also emulated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.engine import ranks, runtime
from harness.engine.folds import Weights
from harness.engine.model_partition import groups
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.step_times import Loop, Share, alone, emulated, real
from harness.engine.table import Bounds, SSPTable
from harness.engine.timed import tape
from harness.engine.timed.contender import Arrays, Contender, initial_weights
from harness.engine.timed.peer import Peer, require
from harness.engine.transports import TRANSPORTS
from harness.errors import BadInputError
from harness.history import Recorder
from harness.layout import Block, blocks
from harness.planning import Partition
from harness.schedule import share
from harness.spec import (
    DataPartition,
    Fault,
    Framework,
    ModelPartition,
    PeerPartition,
    Setting,
    StalePartition,
    Training,
)
from harness.spec.timings import AFTER, WARM
from harness.stragglers import service


class Team:
    """Ranks of one launch under Horovod.

    Args:
        settings: all that will be timed, so that every group of ranks that any of them needs is known to Horovod.
        meeting: not used: ranks find each other by their launcher.
    """

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del meeting
        runtime.limit_threads(1)
        wanted = list(settings)
        divided = [s for s in wanted if isinstance(s.distribution, ModelPartition)]
        sets = {group for s in divided for group in groups(s.distributed_by(ModelPartition), s.training.widths)}
        self._here = ranks.start(wanted[0].distribution.ranks, sets)
        self.rank, self.size = self._here.rank, self._here.size

    def barrier(self) -> None:
        """Wait for all ranks."""
        self._here.barrier()

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready for a setting.

        Args:
            setting: training and distribution.
            seconds: to sleep per clock in the place of computing; 0 to compute.

        Returns:
            The contender.

        Raises:
            BadInputError: nobody times settings like that.
        """
        match setting.distribution:
            case StalePartition():
                return Stale(setting.training, setting.distribution, self._here, seconds)
            case PeerPartition(framework=Framework.TAPE):
                require(setting, Framework.TAPE, self.size, seconds)
                return Peer(setting.training, self.size, tape.Replica(setting.training, self._here))
            case DataPartition() | ModelPartition() if seconds:
                return Emulated(setting.training, setting.distribution, self._here, seconds)
            case DataPartition() | ModelPartition():
                made = real(setting.training, setting.distribution, self._here)
                exchange = self._exchange(setting.training, setting.distribution)
                return Synchronous(setting, self._here.rank, made, exchange)
        raise BadInputError("settings of this kind are not timed", where=setting.id)

    def _exchange(self, training: Training, partition: Partition) -> Loop | None:
        """The collectives of a step by themselves."""
        silent = self.size == 1 or partition.fault is Fault.NO_EXCHANGE
        return None if silent else emulated(training, partition, self._here, 0.0)


class Alone:
    """One process without Horovod: the reference, or what one worker of a distribution computes.

    Args:
        settings: not used.
        meeting: not used.
    """

    rank, size = 0, 1

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del settings, meeting
        runtime.limit_threads(1)

    def barrier(self) -> None:
        """Nobody to wait for."""

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready.

        Args:
            setting: undistributed to train as the reference; else what its worker 0 computes is done, and no more.
            seconds: not used.

        Returns:
            The contender.

        Raises:
            BadInputError: nobody times settings like that.
        """
        del seconds
        if not isinstance(setting.distribution, DataPartition | ModelPartition):
            raise BadInputError("what one worker computes is known of synchronous partitions only", where=setting.id)
        return Synchronous(setting, 0, alone(setting.training, setting.distribution), None)


class Synchronous:
    """A compiled loop over clocks.

    Args:
        setting: training and distribution.
        rank: of this process.
        share: weights of this worker, and its update.
        exchange: makes the collectives of so many clocks; None where there are none.
    """

    def __init__(self, setting: Setting, rank: int, share: Share, exchange: Loop | None) -> None:
        self._setting, self._rank, self._share, self._exchange = setting, rank, share, exchange
        self._clock = 0
        self._advance = tf.function(
            lambda first, last: tf.while_loop(lambda c: c < last, share.update, (first,), parallel_iterations=1),
            input_signature=[tf.TensorSpec([], tf.int32)] * 2,
        )

    def reset(self) -> None:
        """Go back to the initial weights and to clock 0."""
        self._clock = 0
        initial = self.share(initial_weights(self._setting.training))
        for weight, value in zip(self._share.weights, initial, strict=True):
            weight.assign(np.reshape(value, weight.shape))

    def advance(self, clocks: int) -> None:
        """Make so many clocks.

        Args:
            clocks: how many.
        """
        self._advance(tf.constant(self._clock), tf.constant(self._clock + clocks))
        self._clock += clocks

    def finish(self) -> None:
        """Nothing is on its way between two clocks."""

    def note(self) -> Callable[[], Arrays]:
        """Take down the weights of this clock.

        Returns:
            What gives them.

        Raises:
            BadInputError: this process holds a part of the net.
        """
        if isinstance(self._setting.distribution, ModelPartition):
            raise BadInputError("no worker of a divided net knows the loss along the way", where=self._setting.id)
        noted = self.weights()
        return lambda: noted

    def weights(self) -> Arrays:
        """What this process holds.

        Returns:
            W_1, b_1, W_2, …
        """
        return [_plain(w.numpy(), place) for place, w in enumerate(self._share.weights)]

    def share(self, whole: Arrays) -> Arrays:
        """What of a whole net's weights this process ought to hold.

        Args:
            whole: W_1, b_1, W_2, …

        Returns:
            The same, cut to its blocks.
        """
        partition = self._setting.distribution
        if not isinstance(partition, ModelPartition):
            return whole
        mine = blocks(partition, self._setting.training.widths)[self._rank % partition.members]
        return [piece for layer, block in enumerate(mine) for piece in _cut(block, *whole[2 * layer : 2 * layer + 2])]

    def exchange(self, clocks: int) -> bool:
        """Make the collectives of so many clocks and nothing else.

        Args:
            clocks: how many.

        Returns:
            Whether there are any.
        """
        if self._exchange is None:
            return False
        self._exchange(clocks)
        return True


class Emulated:
    """The real collectives of a step, with sleep in the place of computing: it has no weights.

    Args:
        training: the net.
        partition: how it is divided.
        here: this process among the workers.
        seconds: of computing per clock.
    """

    def __init__(self, training: Training, partition: Partition, here: Ranks, seconds: float) -> None:
        self._loop, self._exchange = (emulated(training, partition, here, pause) for pause in (seconds, 0.0))

    def reset(self) -> None:
        """There are no weights."""

    def advance(self, clocks: int) -> None:
        """Sleep and exchange.

        Args:
            clocks: how many.
        """
        self._loop(clocks)

    def finish(self) -> None:
        """Nothing is on its way between two clocks."""

    def note(self) -> Callable[[], Arrays]:
        """There are no weights.

        Returns:
            What gives none.
        """
        return list

    def weights(self) -> Arrays:
        """Nothing is computed.

        Returns:
            An empty list.
        """
        return []

    def share(self, whole: Arrays) -> Arrays:
        """Nothing is held.

        Args:
            whole: not used.

        Returns:
            An empty list.
        """
        del whole
        return []

    def exchange(self, clocks: int) -> bool:
        """Make the collectives of so many clocks and nothing else.

        Args:
            clocks: how many.

        Returns:
            True.
        """
        self._exchange(clocks)
        return True


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
        self._step = tf.function(self._objective.gradients, autograph=False)
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
        self._journal = Path(os.devnull).open("w", buffering=1)  # noqa: SIM115 it is closed when the turn ends
        self._table = SSPTable(
            [self._initial[at : at + 2] for at in range(0, len(self._initial), 2)],
            Descent.of(training),
            factor=1 / here.size,
            bounds=Bounds(here.rank, here.size, self._partition.staleness, training.clocks),
            transport=TRANSPORTS[self._partition.transport](here, self._specs(), training.clocks),
            recorder=Recorder(here.rank, self._journal.write),
            on_fold=self._keep,
        )

    def _specs(self) -> list[tf.TensorSpec]:
        return [tf.TensorSpec(w.shape, w.dtype) for w in self._initial]

    def _keep(self, clock: int, base: Weights) -> None:
        if clock in self._noted:
            self._kept[clock] = [_plain(np.array(w), place) for place, w in enumerate(base)]

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


def _plain(array: NDArray[np.float32], place: int) -> NDArray[np.float32]:
    """Without the axis of replicates; biases in one dimension."""
    plain: NDArray[np.float32] = array[0].reshape(-1) if place % 2 else array[0]
    return plain


def _cut(block: Block, matrix: NDArray[np.float32], biases: NDArray[np.float32]) -> Arrays:
    rows, columns, owned = (slice(piece.start, piece.stop) for piece in (block.inputs, block.units, block.owned))
    return [matrix[rows, columns], biases[owned]]
