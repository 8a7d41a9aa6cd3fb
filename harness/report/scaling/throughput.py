"""Figure of examples per second."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from harness.record import Record
from harness.report.drawn import mark
from harness.report.scaling.looks import KINDS, error_bars
from harness.report.scaling.rows import by_panel, panels_of_rows
from harness.report.sheet import legend_below, nothing_yet
from harness.report.timing.groups import groups
from harness.report.timing.names import EMULATED, MEASURED, is_limit, is_peer, kind, shape
from harness.spec import Fault
from harness.stats.speed import Times

_WHOSE = {"ours": ("o", "C0"), "peer": ("s", "C1"), "control": ("v", "C3"), "limit": ("x", "black")}


def rates(records: Sequence[Record], *, title: str = "Examples per second") -> Figure:
    """Examples per second of every setting, ours, peers and the limit side by side: medians with 95 % intervals.

    Args:
        records: of one suite.
        title: of the figure.

    Returns:
        One panel per net, load and number of workers.
    """
    panels = by_panel([(group, point, point) for group in groups(records) for point in group.points])
    if not panels:
        return nothing_yet(title)
    figure, axes = panels_of_rows(title, panels)
    for axis, points in zip(axes, panels.values(), strict=True):
        for place, point in enumerate(points):
            _draw_rate(axis, place, point)
        axis.set_xlim(*_across(points))
        axis.xaxis.set_major_locator(MaxNLocator(6))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes[-1].set_xlabel("examples per second: medians over rounds, 95 % intervals; axes may begin above 0")
    shown = [point for points in panels.values() for point in points]
    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=10, label=name)
        for name, (marker, colour) in _WHOSE.items()
        if name in map(_whose, shown)
    ]
    handles += [
        Line2D([], [], marker="o", color="0.3", markersize=10, label=how, **KINDS[how] | {"linestyle": "none"})
        for how in (MEASURED, EMULATED)
        if how in map(kind, shown)
    ]
    legend_below(figure, handles, columns=6, size=15)
    return figure


def _across(points: Sequence[Times]) -> tuple[float, float]:
    """Ends of an axis that shows intervals whole, but for ends that are not known."""
    ends = [end for p in points for end in (p.rate.low, p.rate.median, p.rate.high) if isfinite(end)]
    room = max(0.05 * (max(ends) - min(ends)), 0.02 * max(ends))
    return max(0.0, min(ends) - room), max(ends) + room


def _draw_rate(axis: Axes, place: int, point: Times) -> None:
    marker, colour = _WHOSE[_whose(point)]
    _, middle, errors = error_bars([(place, point.rate)])
    look = KINDS[kind(point)] | {"linestyle": "none"}
    bars = axis.errorbar(
        middle, [place], xerr=errors, color=colour, marker=marker, markersize=8, elinewidth=2, capsize=7, **look
    )
    mark(bars.lines[0], kind(point), shape(point.setting), between=False)


def _whose(point: Times) -> str:
    if is_limit(point.setting):
        return "limit"
    if point.setting.distribution.fault is not Fault.NONE:
        return "control"
    return "peer" if is_peer(point.setting) else "ours"
