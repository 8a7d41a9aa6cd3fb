"""What a timed setting is called, and what kind of point it is."""

from __future__ import annotations

from itertools import groupby

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
from harness.stats.speed import Times

LIMIT = "no exchange (limit)"
MEASURED, EMULATED, MODELLED = "measured", "emulated", "modelled"


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
