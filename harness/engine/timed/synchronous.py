"""Contenders whose workers take every clock together: really, or asleep in the place of computing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.step_times import Share, emulated
from harness.engine.timed.contender import Arrays, initial_weights, plain
from harness.engine.timing import Loop
from harness.errors import BadInputError
from harness.layout import Block, blocks
from harness.planning import Partition
from harness.spec import ModelPartition, Setting, Training


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
        return [plain(w.numpy(), place) for place, w in enumerate(self._share.weights)]

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


def _cut(block: Block, matrix: NDArray[np.float32], biases: NDArray[np.float32]) -> Arrays:
    rows, columns, owned = (slice(piece.start, piece.stop) for piece in (block.inputs, block.units, block.owned))
    return [matrix[rows, columns], biases[owned]]
