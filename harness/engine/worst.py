"""The worst legal schedule that a search can find: how far is a training driven apart within its staleness bound?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harness.delays import legal_views, lockstep_events, views
from harness.engine import reference
from harness.engine.gaps import ALL, relative
from harness.engine.virtual import Lockstep, drawn_views
from harness.errors import BadInputError
from harness.history import Event
from harness.spec import Delays, Training, VirtualPartition

# A schedule is as many matrices of delays, one after the other: few numbers, so that each can be varied.
_SEGMENTS = 4
_SIDE_BY_SIDE = 16
# Hypothesis climbs towards finite numbers only.
_DIVERGED = 1e12


@dataclass(frozen=True)
class Worst:
    """What a search found.

    Args:
        gap: the largest relative trajectory gap after the last clock, all layers together.
        views: (clocks, P, P) the schedule that reaches it, reader before writer.
        staleness: s.
        random: gaps under uniform delays, as many as schedules were tried.
        laws: gaps under the delays that need no drawing.
    """

    gap: float
    views: NDArray[np.int32]
    staleness: int
    random: NDArray[np.float64]
    laws: dict[Delays, float]

    @property
    def median_random(self) -> float:
        """Median gap under uniform delays."""
        return float(np.median(self.random))

    @property
    def largest_random(self) -> float:
        """Largest gap under uniform delays."""
        return float(self.random.max())

    def history(self) -> list[Event]:
        """The schedule as a history, which can be stored, checked and replayed.

        Returns:
            Events in lockstep order, the header first.
        """
        return lockstep_events(self.views, self.staleness)


def search(training: Training, workers: int, staleness: int, examples: int, seed: int) -> Worst:
    """Search the legal lockstep schedules for the largest gap to the reference, by hill climbing.

    Args:
        training: the undistributed reference.
        workers: P, at least 2.
        staleness: s, at least 1.
        examples: number of schedules to try, and of random ones to compare.
        seed: number of the replicate that is trained, and seed of the search.

    Returns:
        The worst schedule found.

    Raises:
        BadInputError: there is nothing to vary, or nothing is to be tried.
    """
    if workers < 2 or staleness < 1 or examples < 1:
        raise BadInputError(
            f"{examples} schedules of {workers} workers at staleness {staleness} leave nothing to search",
            where="worst schedule",
            remedy="give two or more workers, a staleness and a number of schedules of 1 or more",
        )
    trial = _Trial(training, workers, staleness, seed)
    laws = {law: trial.gap(trial.drawn(law)) for law in (Delays.NONE, Delays.STRAGGLER, Delays.LATEST)}
    _climb(trial, examples, seed)
    gap, schedule = trial.worst
    return Worst(gap, schedule, staleness, _random_gaps(training, trial, examples, seed), laws)


class _Trial:
    """Trains one replicate under schedules, and remembers the worst.

    Args:
        training: the undistributed reference.
        workers: P.
        staleness: s.
        replicate: its number.
    """

    def __init__(self, training: Training, workers: int, staleness: int, replicate: int) -> None:
        self.partition = VirtualPartition(workers, staleness)
        self.reference = reference.train(training, range(replicate, replicate + 1))
        self.worst = (-1.0, np.zeros((0, workers, workers), np.int32))
        self._clocks = training.clocks
        self._lockstep = Lockstep(training, [replicate], self.partition)

    def drawn(self, law: Delays) -> NDArray[np.int32]:
        """A schedule of a law that draws nothing."""
        return views(law, self.partition.workers, int(self.partition.staleness), self._clocks, 0)

    def gap(self, schedule: NDArray[np.int32]) -> float:
        """Relative trajectory gap after the last clock."""
        trained = self._lockstep.run(schedule[:, None])
        gap = float(relative(trained, self.reference)[ALL][0, -1])
        if gap > self.worst[0]:
            self.worst = (gap, schedule)
        return gap

    def spread(self, late: NDArray[np.int32]) -> NDArray[np.int32]:
        """A schedule of delays (segments, P, P) that stay what they are for a segment of the clocks."""
        segments = np.arange(self._clocks) * len(late) // self._clocks
        return legal_views(late[segments])


def _climb(trial: _Trial, examples: int, seed: int) -> None:
    from hypothesis import HealthCheck, Phase, given, settings, target
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    workers, staleness = trial.partition.workers, int(trial.partition.staleness)
    others = ~np.eye(workers, dtype=bool)
    count = _SEGMENTS * int(others.sum())

    @seeded(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.integers(0, staleness), min_size=count, max_size=count))
    def attempt(fresher: list[int]) -> None:
        # Hypothesis takes the simplest first, all 0: that is the schedule in which everything comes as late as it may.
        late = np.zeros((_SEGMENTS, workers, workers), np.int32)
        late[:, others] = staleness - np.reshape(fresher, (_SEGMENTS, -1))
        target(min(trial.gap(trial.spread(late)), _DIVERGED))

    attempt()


def _random_gaps(training: Training, trial: _Trial, examples: int, seed: int) -> NDArray[np.float64]:
    size = min(examples, _SIDE_BY_SIDE)
    lockstep = Lockstep(training, [seed] * size, trial.partition)
    found: list[float] = []
    for first in range(0, examples, size):
        trained = lockstep.run(islice(drawn_views(range(first, first + size), trial.partition), training.clocks))
        found += relative(trained, trial.reference)[ALL][:, -1].tolist()
    return np.array(found[:examples])
