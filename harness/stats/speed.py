"""Speed from records of timed rounds: rates, speed-ups and ratios, with order-statistic intervals of medians.

Everything in one round was timed within a minute of everything else, so that ratios are taken round by round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.record import ALONE, CPU, EXCHANGE, SECONDS, STEP, GapTable, Record, pooled
from harness.spec import Setting
from harness.stats.intervals import median_interval

EMULATED = "emulated"
_ALPHA = 0.05


@dataclass(frozen=True)
class Interval:
    """A median with its interval.

    Args:
        median: the middle.
        low: lower end, 95 %, by order statistics.
        high: upper end.
        rounds: how many numbers it is made of.
    """

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Interval:
        """Median of some numbers.

        Args:
            values: (rounds,).

        Returns:
            The median and its interval.
        """
        middle, low, high = median_interval(values, _ALPHA)
        return cls(float(middle), float(low), float(high), len(values))


@dataclass(frozen=True)
class Times:
    """A setting's rounds, by their number.

    Args:
        setting: who was timed.
        emulated: whether ranks slept in the place of computing.
        step: seconds per clock of the slowest rank.
        alone: seconds per clock of the undistributed reference, on the same global batch.
        exchange: seconds per clock of the collectives alone, of the slowest rank; empty where they were not timed.
        cpu: processor seconds per clock, all ranks together.
    """

    setting: Setting
    emulated: bool
    step: Mapping[int, float]
    alone: Mapping[int, float]
    exchange: Mapping[int, float]
    cpu: Mapping[int, float]

    @property
    def seconds(self) -> Interval:
        """Wall time of a clock."""
        return Interval.of(_values(self.step))

    @property
    def rate(self) -> Interval:
        """Examples per second, all workers together."""
        return Interval.of(self.setting.training.batch / _values(self.step))

    @property
    def speedup(self) -> Interval:
        """T(1)/T(P) at the same global batch."""
        return ratio(self.alone, self.step)

    @property
    def efficiency(self) -> Interval:
        """Speed-up over P."""
        found, workers = self.speedup, self.setting.distribution.workers
        return Interval(found.median / workers, found.low / workers, found.high / workers, found.rounds)


def times(records: Sequence[Record]) -> dict[Setting, Times]:
    """What was timed.

    Args:
        records: of one suite.

    Returns:
        Times by setting, in the order of the records.
    """
    emulated = {record.facts.setting: bool(record.facts.measured.get(EMULATED)) for record in records}
    return {
        setting: Times(
            setting,
            emulated[setting],
            _slowest(gaps, SECONDS, STEP),
            _slowest(gaps, SECONDS, ALONE),
            _slowest(gaps, SECONDS, EXCHANGE),
            _over_ranks(gaps, CPU, STEP, np.add),
        )
        for setting, gaps in pooled(records).values()
    }


def ratio(above: Mapping[int, float], below: Mapping[int, float]) -> Interval:
    """Ratio of two times, round by round.

    Args:
        above: by round.
        below: by round.

    Returns:
        Its median over the rounds that both have; NaN where they share none.
    """
    common = sorted(above.keys() & below.keys())
    if not common:
        return Interval(np.nan, np.nan, np.nan, 0)
    return Interval.of(np.array([above[number] / below[number] for number in common]))


def _slowest(gaps: GapTable, gap: str, layer: str) -> dict[int, float]:
    return _over_ranks(gaps, gap, layer, np.maximum)


def _over_ranks(gaps: GapTable, gap: str, layer: str, combine: np.ufunc) -> dict[int, float]:
    rows = (gaps.gap == gap) & (gaps.layer == layer)
    rounds, values = gaps.replicate[rows], gaps.value[rows]
    return {int(number): float(combine.reduce(values[rounds == number])) for number in np.unique(rounds)}


def _values(by_round: Mapping[int, float]) -> NDArray[np.float64]:
    return np.array([by_round[number] for number in sorted(by_round)])
