"""Panels of one net, load and number of workers each, in which every setting has a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.sheet import sheet
from harness.report.timing.groups import Group
from harness.report.timing.names import EMULATED, variant, workers
from harness.stats.speed import Times

_Shown = TypeVar("_Shown")


def by_panel(found: Sequence[tuple[Group, Times, _Shown]]) -> dict[str, list[_Shown]]:
    """What is shown in each panel.

    Args:
        found: what is shown of a point of a group.

    Returns:
        By title of the panel.
    """
    panels: dict[str, list[_Shown]] = {}
    for group, point, shown in found:
        panels.setdefault(f"{group.title}, P = {workers(point)}", []).append(shown)
    return panels


def panels_of_rows(title: str, rows: Mapping[str, Sequence[Times]]) -> tuple[Figure, list[Axes]]:
    """One panel below the other, as high as its rows need, a name to every row.

    Args:
        title: of the figure.
        rows: points by title of their panel.

    Returns:
        The figure, and its panels.
    """
    heights = [0.55 * len(points) + 1.2 for points in rows.values()]
    figure = sheet(title, 17, sum(heights) + 2.4, size=22)
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0].tolist()
    for axis, (name, points) in zip(axes, rows.items(), strict=True):
        names = [variant(p.setting) + (f" ({EMULATED})" if p.emulated else "") for p in points]
        axis.set_yticks(range(len(points)), names, fontsize=15)
        axis.set_ylim(len(points) - 0.4, -0.6)
        axis.grid(visible=False, axis="y")
        axis.set_title(name, fontsize=16, loc="left")
    return figure, axes
