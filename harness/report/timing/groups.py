"""Timed settings put in order for figures and tables: which stand in one panel, and which in one line of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.record import SECONDS, Record
from harness.report.timing.names import LIMIT, family, is_limit, kind, net, workers
from harness.spec import Fault, Training
from harness.stats.speed import Interval, Times, times


@dataclass(frozen=True)
class Group:
    """Settings of one net and one load: what one panel shows.

    Args:
        net: name of the net, for people.
        batch: examples per clock of the reference, whose time is T(1).
        points: one or more, by number of workers.
    """

    net: str
    batch: int
    points: tuple[Times, ...]

    @property
    def weak(self) -> bool:
        """Whether the batch grows with the number of workers."""
        return any(point.setting.training.batch > self.batch for point in self.points)

    @property
    def title(self) -> str:
        """Net and load."""
        return f"{self.net}, batch {self.batch}{' per worker' if self.weak else ''}"

    @property
    def base(self) -> dict[int, float]:
        """T(1), seconds per clock of the reference, by round."""
        return {number: seconds for point in self.points for number, seconds in point.alone.items()}

    def series(self, *, controls: bool = False) -> dict[tuple[str, str], list[Times]]:
        """Points by family and kind, each by number of workers.

        Args:
            controls: whether those with a fault are wanted that are not the limit.

        Returns:
            The limit last.
        """
        found: dict[tuple[str, str], list[Times]] = {}
        for point in self.points:
            if controls or is_limit(point.setting) or point.setting.distribution.fault is Fault.NONE:
                found.setdefault((family(point.setting), kind(point)), []).append(point)
        return dict(sorted(found.items(), key=lambda item: item[0][0] == LIMIT))

    def limit(self, point: Times) -> Times | None:
        """The same training on as many workers that never exchange anything.

        Args:
            point: a setting of this group.

        Returns:
            What was timed of it, of the same kind; None where it was not.
        """
        for other in self.points:
            same = other.setting.training == point.setting.training and other.emulated == point.emulated
            if same and is_limit(other.setting) and workers(other) == workers(point):
                return other
        return None


def groups(records: Sequence[Record]) -> list[Group]:
    """Timed settings by net and load; a load is the batch of the reference, which is that of one worker if it grows.

    Args:
        records: of one suite; those in which nothing was timed are left out.

    Returns:
        Groups in the order of the records.
    """
    found: dict[tuple[Training, int], list[Times]] = {}
    for point in times([record for record in records if (record.gaps.gap == SECONDS).any()]).values():
        key = replace(point.setting.training, batch=1, clocks=1), point.base_batch
        found.setdefault(key, []).append(point)
    return [
        Group(net(training), batch, tuple(sorted(points, key=workers))) for (training, batch), points in found.items()
    ]


def over_rounds(by_round: Mapping[int, float]) -> Interval:
    """Median of what was timed in some rounds.

    Args:
        by_round: one number or more, by number of the round.

    Returns:
        The median and its interval.
    """
    return Interval.of(np.array([*by_round.values()]))
