"""What one clock of a setting is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.record import SECONDS, STEP, GapTable, Record, pooled
from harness.report.timing.groups import Group, over_rounds
from harness.report.timing.names import is_limit, kind, shape, workers
from harness.spec import ModelPartition, ScheduledPartition
from harness.stats.speed import Interval, Times


@dataclass(frozen=True)
class Parts:
    """What one clock of a setting is made of, seconds; compute + exchange + wait + rest − overlap is the step.

    Args:
        point: the setting.
        compute: what ranks slept in its place, where they did; else the step without exchange; for model partitions the
            step less the exchange; of one worker T(1).
        exchange: the collectives alone.
        wait: the slowest rank's step less the mean of all ranks.
        rest: what of the step none of these explains, its median at least 0; None where there is an overlap.
        overlap: what these exceed the step by, since they happened at the same time; None where there is a rest.
    """

    point: Times
    compute: Interval | None
    exchange: Interval | None
    wait: Interval
    rest: Interval | None
    overlap: Interval | None

    @property
    def name(self) -> str:
        """Number of workers and family."""
        return shape(self.point.setting)

    @property
    def kind(self) -> str:
        """Measured or emulated."""
        return kind(self.point)


def parts(group: Group, records: Sequence[Record]) -> list[Parts]:
    """What the clocks of some settings are made of.

    Args:
        group: the settings.
        records: of the suite.

    Returns:
        One per setting, each number from the rounds that know all of it.
    """
    tables = dict(pooled(records).values())
    return [_parts(point, group, tables[point.setting]) for point in group.points]


def _parts(point: Times, group: Group, gaps: GapTable) -> Parts:
    wait = {number: point.step[number] - mean for number, mean in _mean_over_ranks(gaps).items()}
    compute = _compute(point, group, wait)
    known = [found for found in (compute, point.exchange, wait) if found]
    rounds = sorted(set(point.step).intersection(*known))
    balance = np.array([point.step[n] - sum(found[n] for found in known) for n in rounds])
    rest, overlap = None, None
    # Where compute is what the step leaves over, nothing is left to explain.
    if not np.allclose(balance, 0, atol=1e-12):
        hidden = np.median(balance) < 0
        rest, overlap = (None, Interval.of(-balance)) if hidden else (Interval.of(balance), None)
    computed, exchanged = (over_rounds(found) if found else None for found in (compute, point.exchange))
    return Parts(point, computed, exchanged, over_rounds(wait), rest, overlap)


def _compute(point: Times, group: Group, wait: Mapping[int, float]) -> Mapping[int, float]:
    """By round; empty where it is not known."""
    if point.slept:
        return point.slept
    if is_limit(point.setting):
        return {n: seconds - wait[n] for n, seconds in point.step.items()}
    if workers(point) == 1:
        return point.alone
    if not isinstance(point.setting.distribution, ModelPartition | ScheduledPartition):
        limit = group.limit(point)
        return limit.step if limit else {}
    return {n: point.step[n] - wait[n] - seconds for n, seconds in point.exchange.items() if n in point.step}


def _mean_over_ranks(gaps: GapTable) -> dict[int, float]:
    rows = (gaps.gap == SECONDS) & (gaps.layer == STEP)
    rounds, values = gaps.replicate[rows], gaps.value[rows]
    return {int(n): float(values[rounds == n].mean()) for n in np.unique(rounds)}
