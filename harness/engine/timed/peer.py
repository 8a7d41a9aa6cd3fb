"""Contenders that somebody else wrote, each a whole net on every worker; NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine.starts import batches
from harness.engine.timed.contender import Arrays, initial_weights
from harness.errors import BadInputError
from harness.schedule import share
from harness.spec import Framework, PeerPartition, Setting, Training


class Replica(Protocol):
    """A whole net, which a framework keeps equal to those of the other workers."""

    def put(self, weights: Arrays) -> None:
        """Start from given weights."""

    def get(self) -> Arrays:
        """What the weights are now."""

    def step(self, clock: int) -> None:
        """Make one clock."""

    def exchange(self) -> None:
        """Make the collectives of one clock and nothing else."""


@dataclass(frozen=True)
class Feed:
    """What one worker is fed.

    Args:
        features: (examples, inputs) of the whole data set.
        labels: (examples,) its classes.
        ids: (clocks, share) examples of this worker.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    ids: NDArray[np.int32]

    @classmethod
    def of(cls, training: Training, rank: int, size: int) -> Feed:
        """The share of a worker.

        Args:
            training: data, batch and clocks.
            rank: p.
            size: P.

        Returns:
            Its examples.
        """
        examples = data.load(training.data)
        ids = batches(training, range(1))[:, 0, share(training.batch, rank, size)]
        return cls(examples.features.astype(np.float32), examples.labels, ids)


def require(setting: Setting, framework: Framework, size: int, seconds: float) -> None:
    """Check that a team of a peer can make a setting its own.

    Args:
        setting: that is to be trained.
        framework: of the team.
        size: processes of the team.
        seconds: to sleep per clock in the place of computing.

    Raises:
        BadInputError: the setting is another team's, or sleep is asked for.
    """
    distribution = setting.distribution
    if not isinstance(distribution, PeerPartition) or distribution.framework is not framework:
        raise BadInputError(f"this team times {framework.words} alone", where=setting.id)
    if distribution.workers != size:
        raise BadInputError(
            f"the launch has {size} ranks and the setting {distribution.workers} workers",
            where=setting.id,
            remedy=f"launch with -np {distribution.workers}",
        )
    if seconds:
        raise BadInputError(
            "a peer exchanges while it computes: sleep cannot take the place of its computing",
            where=setting.id,
            remedy="time it with no more ranks than cores",
        )


class Peer:
    """A replica that takes part.

    Args:
        training: the net.
        workers: how many exchange.
        replica: this worker's.
    """

    def __init__(self, training: Training, workers: int, replica: Replica) -> None:
        self._initial, self._workers, self._replica = initial_weights(training), workers, replica
        self._clock = 0

    def reset(self) -> None:
        """Go back to the initial weights and to clock 0."""
        self._clock = 0
        self._replica.put(self._initial)

    def advance(self, clocks: int) -> None:
        """Make so many clocks.

        Args:
            clocks: how many.
        """
        for _ in range(clocks):
            self._replica.step(self._clock)
            self._clock += 1

    def finish(self) -> None:
        """Nothing is on its way between two clocks."""

    def note(self) -> Callable[[], Arrays]:
        """Take down the weights of this clock.

        Returns:
            What gives them.
        """
        noted = self._replica.get()
        return lambda: noted

    def weights(self) -> Arrays:
        """What this process holds.

        Returns:
            W_1, b_1, W_2, …
        """
        return self._replica.get()

    def share(self, whole: Arrays) -> Arrays:
        """Every worker holds the whole net.

        Args:
            whole: W_1, b_1, W_2, …

        Returns:
            The same.
        """
        return whole

    def exchange(self, clocks: int) -> bool:
        """Make the collectives of so many clocks and nothing else.

        Args:
            clocks: how many.

        Returns:
            Whether there are any.
        """
        if self._workers == 1:
            return False
        for _ in range(clocks):
            self._replica.exchange()
        return True
