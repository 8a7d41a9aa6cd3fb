"""The table of times: a row for every timed setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.record import TRAJECTORY, GapTable, Record, pooled
from harness.report.timing.groups import Group, groups, over_rounds
from harness.report.timing.names import is_peer, kind, shape
from harness.spec import Setting
from harness.stats.speed import Interval, Times, ratio


@dataclass(frozen=True)
class Row:
    """A setting in the table.

    Args:
        point: what was timed.
        group: net and load that it belongs to.
        base: T(1), seconds per clock; None where the reference was not timed in its rounds.
        of_limit: its rate over that of the same training without exchange; None where that was not timed.
        cpu: processor seconds per clock, all ranks together; None where they were not recorded.
        sanity: largest relative gap of the weights to the reference's, in any round; None where nothing was computed.
    """

    point: Times
    group: Group
    base: Interval | None
    of_limit: Interval | None
    cpu: Interval | None
    sanity: float | None

    @property
    def setting(self) -> Setting:
        """The setting."""
        return self.point.setting

    @property
    def name(self) -> str:
        """Number of workers and family."""
        return shape(self.setting)

    @property
    def kind(self) -> str:
        """Measured or emulated."""
        return kind(self.point)

    @property
    def is_peer(self) -> bool:
        """Whether it is somebody else's."""
        return is_peer(self.setting)

    @property
    def speedup(self) -> Interval | None:
        """Rate of P workers over that of the reference."""
        return self.point.speedup if self.base else None

    @property
    def efficiency(self) -> Interval | None:
        """The same over P."""
        return self.point.efficiency if self.base else None


def table(records: Sequence[Record]) -> list[Row]:
    """Every timed setting with its numbers.

    Args:
        records: of one suite.

    Returns:
        Rows by net and load, then by number of workers.
    """
    worst = {setting: _sanity(gaps) for setting, gaps in pooled(records).values()}
    return [
        Row(
            point,
            group,
            over_rounds(point.alone) if point.alone.keys() & point.step.keys() else None,
            _of_limit(point, group),
            over_rounds(point.cpu) if point.cpu else None,
            worst[point.setting],
        )
        for group in groups(records)
        for point in group.points
    ]


def _sanity(gaps: GapTable) -> float | None:
    rows = (gaps.gap == TRAJECTORY) & (gaps.layer == "all")
    return float(gaps.value[rows].max()) if rows.any() else None


def _of_limit(point: Times, group: Group) -> Interval | None:
    limit = group.limit(point)
    found = ratio(limit.step, point.step) if limit else None
    return found if found and found.rounds else None
