"""One round: everybody trains past the target; clocks and wall time to it are read off between checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from harness import schedule
from harness.engine.gaps import ALL
from harness.engine.timed import taken as times
from harness.engine.timed.taken import Taken
from harness.record import ALONE, ELAPSED, LOSS, SECONDS_TO_TARGET, TARGET_LOSS, TO_TARGET, GapTable, Measurement
from harness.rounds import timed_clocks
from harness.rounds import undistributed as base
from harness.spec import Setting
from harness.turns import Answer
from suites.time_to_target.sweep import SHARE

__all__ = ["base", "checkpoints", "measure"]
Floats = NDArray[np.float64]


def checkpoints(setting: Setting) -> tuple[int, ...]:
    """Timed clocks after which the loss is asked for.

    Args:
        setting: who is timed.

    Returns:
        Log-spaced clocks, and the one at which the reference's loss is the target.
    """
    clocks = timed_clocks(setting)
    spaced = schedule.checkpoints(clocks, setting.training.checkpoints).tolist()
    return tuple(sorted({*spaced, _aimed(clocks)}))


def _aimed(clocks: int) -> int:
    return max(1, round(SHARE * clocks))


def measure(taken: Taken) -> Measurement:
    """What every timed suite measures; losses along the way; clocks and seconds to the target of the same round.

    Args:
        taken: the turns.

    Returns:
        Also gaps `loss` and `elapsed seconds` at every checkpoint, `clocks to target` and `seconds to target`, of the
        setting (layer `all`) and of the reference (layer `alone`); none of these where nothing was computed.
    """
    shared = times.measure(taken)
    if not all(answers[0].losses for answers in taken.answers.values()):
        return shared
    clocks = checkpoints(taken.setting)
    tables, targets = [shared.gaps], []
    for number, answers in taken.answers.items():
        alone = [taken.alone[number]]
        target = _losses(alone)[clocks.index(_aimed(taken.clocks))]
        targets.append(target)
        tables += _tables(number, ALL, clocks, answers, target)
        tables += _tables(number, ALONE, clocks, alone, target)
    return Measurement(GapTable.concat(tables), shared.measured | {TARGET_LOSS: float(np.median(targets))})


def _tables(
    number: int, layer: str, clocks: Sequence[int], answers: Sequence[Answer], target: float
) -> Iterator[GapTable]:
    course = Course(np.array(clocks), _elapsed(answers), _losses(answers))
    to_target, seconds = course.first_at(target)
    rows = ((ELAPSED, course.seconds, clocks), (LOSS, course.losses, clocks),
            (TO_TARGET, [to_target], clocks[-1:]), (SECONDS_TO_TARGET, [seconds], clocks[-1:]))  # fmt: skip
    for gap, values, at in rows:
        yield GapTable.from_array(np.array([values]), replicates=[number], clocks=at, layer=layer, gap=gap, rank=0)


def _elapsed(answers: Sequence[Answer]) -> Floats:
    """(checkpoints,) seconds until the slowest rank was there."""
    return np.asarray(np.cumsum([answer.stretches for answer in answers], axis=1).max(axis=0))


def _losses(answers: Sequence[Answer]) -> Floats:
    """(checkpoints,) loss of the worst rank."""
    losses = np.array([answer.losses for answer in answers])
    return np.asarray(np.where(np.isfinite(losses), losses, inf).max(axis=0))


@dataclass(frozen=True)
class Course:
    """A training along the way.

    Args:
        clocks: (checkpoints,) numbers of timed clocks, increasing.
        seconds: (checkpoints,) wall time until then.
        losses: (checkpoints,) nats, infinite where not finite.
    """

    clocks: NDArray[np.int64]
    seconds: Floats
    losses: Floats

    def first_at(self, target: float) -> tuple[float, float]:
        """When the loss first falls to a target: between checkpoints, clock and time go on as the log of the loss does.

        Args:
            target: loss, nats.

        Returns:
            Clocks and seconds; infinite where it never does.
        """
        there = np.flatnonzero(self.losses <= target)
        if not len(there):
            return inf, inf
        after = int(there[0])
        before = max(after - 1, 0)
        high, low = self.losses[before], self.losses[after]
        share = np.log(high / target) / np.log(high / low) if target < high < inf else 1.0
        found = [float(v[before] + share * (v[after] - v[before])) for v in (self.clocks, self.seconds)]
        return found[0], found[1]
