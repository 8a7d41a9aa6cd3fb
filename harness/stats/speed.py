"""Speed from records of timed rounds: rates, speed-ups and ratios, with order-statistic intervals of medians.

Everything in one round was timed within a minute of everything else, so that ratios are taken round by round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.record import ALONE, BASE_BATCH, CPU, EMULATED, EXCHANGE, SECONDS, SLEPT, STEP, GapTable, Record, pooled
from harness.spec import Setting
from harness.stats.intervals import median_interval

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
        return cls(*median_interval(values, _ALPHA), len(values))

    def times(self, factor: float) -> Interval:
        """The same in other units.

        Args:
            factor: positive.

        Returns:
            All three numbers times that.
        """
        return Interval(factor * self.median, factor * self.low, factor * self.high, self.rounds)


@dataclass(frozen=True)
class Times:
    """A setting's rounds, by their number.

    Args:
        setting: who was timed.
        emulated: whether ranks slept in the place of computing.
        step: seconds per clock of the slowest rank.
        base_batch: examples per clock of the undistributed reference: as many where scaling is strong, those of one
            worker where it is weak.
        alone: seconds per clock of that reference, T(1).
        exchange: seconds per clock of the collectives alone, of the slowest rank; empty where they were not timed.
        cpu: processor seconds per clock, all ranks together.
        slept: seconds per clock that ranks slept in the place of computing; empty where they computed, or where what
            they slept was drawn.
    """

    setting: Setting
    emulated: bool
    step: Mapping[int, float]
    base_batch: int
    alone: Mapping[int, float]
    exchange: Mapping[int, float]
    cpu: Mapping[int, float]
    slept: Mapping[int, float]

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
        """Rate of P workers over that of one process: T(1)/T(P), times as many examples."""
        return ratio(self.alone, self.step).times(self.setting.training.batch / self.base_batch)

    @property
    def efficiency(self) -> Interval:
        """Speed-up over P."""
        return self.speedup.times(1 / self.setting.distribution.workers)


def times(records: Sequence[Record]) -> dict[str, Times]:
    """What was timed.

    Args:
        records: of one suite.

    Returns:
        Times by id of the setting, in the order of the records.
    """
    emulated = {record.facts.setting.id: bool(record.facts.measured.get(EMULATED)) for record in records}
    base_batches = {
        r.facts.setting.id: int(r.facts.measured.get(BASE_BATCH, r.facts.setting.training.batch)) for r in records
    }
    slept = _slept(records)
    return {
        name: Times(
            setting,
            emulated[name],
            _slowest(gaps, SECONDS, STEP),
            base_batches[name],
            _slowest(gaps, SECONDS, ALONE),
            _slowest(gaps, SECONDS, EXCHANGE),
            _over_ranks(gaps, CPU, STEP, np.add),
            slept.get(name, {}),
        )
        for name, (setting, gaps) in pooled(records).items()
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


def _slept(records: Sequence[Record]) -> dict[str, dict[int, float]]:
    """By setting and round."""
    found: dict[str, dict[int, float]] = {}
    for record in records:
        if seconds := record.facts.measured.get(SLEPT, 0.0):
            numbers = np.unique(record.gaps.replicate[record.gaps.gap == SECONDS]).tolist()
            found.setdefault(record.facts.setting.id, {}).update(dict.fromkeys(numbers, seconds))
    return found


def _slowest(gaps: GapTable, gap: str, layer: str) -> dict[int, float]:
    return _over_ranks(gaps, gap, layer, np.maximum)


def _over_ranks(gaps: GapTable, gap: str, layer: str, combine: np.ufunc) -> dict[int, float]:
    rows = (gaps.gap == gap) & (gaps.layer == layer)
    rounds, values = gaps.replicate[rows], gaps.value[rows]
    return {int(number): float(combine.reduce(values[rounds == number])) for number in np.unique(rounds)}


def _values(by_round: Mapping[int, float]) -> NDArray[np.float64]:
    return np.array([by_round[number] for number in sorted(by_round)])
