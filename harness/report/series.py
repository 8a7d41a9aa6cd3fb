"""Timed settings put in order for figures and tables: which stand in one panel, and which in one line of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from harness.record import SECONDS, Record
from harness.spec import (
    DataPartition,
    Fault,
    Layout,
    ModelPartition,
    PeerPartition,
    ScheduledPartition,
    Setting,
    StalePartition,
    Stragglers,
    Training,
)
from harness.stats.speed import Interval, Times, times

LIMIT = "no exchange (limit)"
MEASURED, EMULATED, MODELLED = "measured", "emulated", "modelled"


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


def _key(point: Times, *, weak: bool) -> tuple[Training, float]:
    training = point.setting.training
    batch = training.batch / workers(point) if weak else training.batch
    return replace(training, batch=1, clocks=1), batch


def workers(point: Times) -> int:
    """P.

    Args:
        point: a timed setting.

    Returns:
        Number of workers.
    """
    return point.setting.distribution.workers


def kind(point: Times) -> str:
    """What the times of a setting are.

    Args:
        point: a timed setting.

    Returns:
        `MEASURED` or `EMULATED`.
    """
    return EMULATED if point.emulated else MEASURED


def is_limit(setting: Setting) -> bool:
    """Whether its times are a limit: whoever exchanges cannot be faster than who does not.

    Args:
        setting: any.

    Returns:
        Whether it is a data partition whose workers never exchange anything.
    """
    return isinstance(setting.distribution, DataPartition) and setting.distribution.fault is Fault.NO_EXCHANGE


def is_peer(setting: Setting) -> bool:
    """Whether it is somebody else's.

    Args:
        setting: any.

    Returns:
        Whether it is timed beside ours.
    """
    return isinstance(setting.distribution, PeerPartition)


def between(setting: Setting) -> bool:
    """Whether a line between two numbers of workers says something: any number between them could have been run.

    Args:
        setting: any.

    Returns:
        False where workers form groups or a grid.
    """
    partition = setting.distribution
    return not (isinstance(partition, ModelPartition) and (partition.groups > 1 or partition.layout is Layout.GRID))


def family(setting: Setting) -> str:
    """How a training is distributed, whatever the number of workers: what one line of a figure is about.

    Args:
        setting: any.

    Returns:
        A name for legends.
    """
    if is_limit(setting):
        return LIMIT
    partition = setting.distribution
    fault = "" if partition.fault is Fault.NONE else f", {partition.fault}"
    match partition:
        case DataPartition():
            name = "data, BSP"
        case StalePartition():
            carried = "" if partition.controller == "any" else f" ({partition.controller})"
            late = "" if partition.stragglers is Stragglers.NONE else f", stragglers: {partition.stragglers}"
            name = f"data, SSP s = {partition.staleness:g}, {partition.transport}{carried}{late}"
        case ModelPartition():
            name = f"hybrid, {partition.layout}" if partition.groups > 1 else str(partition.layout)
        case ScheduledPartition():
            name = f"{partition.layout}, {partition.policy}, s = {partition.staleness}"
        case PeerPartition():
            carried = "" if partition.controller == "any" else f" ({partition.controller})"
            name = f"{partition.framework.words}{carried}"
        case _:
            name = partition.label
    return name + fault


def variant(setting: Setting) -> str:
    """Family, and how workers are grouped.

    Args:
        setting: any.

    Returns:
        A name for settings of one number of workers.
    """
    partition, name = setting.distribution, family(setting)
    if isinstance(partition, ModelPartition):
        name += f", {partition.groups} × {partition.members}" if partition.groups > 1 else ""
        name += f", {partition.rows}×{partition.columns}" if partition.layout is Layout.GRID else ""
    return name


def shape(setting: Setting) -> str:
    """Number of workers, family, and how workers are grouped.

    Args:
        setting: any.

    Returns:
        A name for tables.
    """
    return f"P = {setting.distribution.workers}: {variant(setting)}"


def net(training: Training) -> str:
    """Data set and widths, runs of equal ones in short: 440–6×2048–1993.

    Args:
        training: any.

    Returns:
        A name for titles.
    """
    runs = [(width, len(list(found))) for width, found in groupby(training.widths)]
    widths = [f"{count}×{width}" if count > 2 else "–".join([str(width)] * count) for width, count in runs]
    return f"{training.data} {'–'.join(widths)}"


def rates(points: Mapping[int, Times]) -> dict[int, list[float]]:
    """Examples per second by number of workers, over the rounds that all have.

    Args:
        points: by number of workers.

    Returns:
        One list per number of workers, all of the same length.
    """
    shared = sorted(set.intersection(*({*point.step} for point in points.values()))) if points else []
    return {n: [p.setting.training.batch / p.step[number] for number in shared] for n, p in points.items()}
