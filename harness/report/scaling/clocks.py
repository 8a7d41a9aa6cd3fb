"""Figure of what a clock is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.record import Record
from harness.report.drawn import mark
from harness.report.scaling.looks import error_bars
from harness.report.scaling.rows import by_panel, panels_of_rows
from harness.report.sheet import legend_below, nothing_yet
from harness.report.timing.clock import Parts, parts
from harness.report.timing.groups import groups
from harness.report.timing.names import kind, shape

_HIDDEN: dict[str, Any] = {"fill": False, "edgecolor": "black", "hatch": "///", "linewidth": 0}
_PARTS = {
    "compute": ("compute", "C0"),
    "exchange": ("exchange (collectives alone)", "C1"),
    "wait": ("wait (slowest rank − mean)", "C4"),
    "rest": ("rest: not told apart", "0.75"),
}


def breakdown(records: Sequence[Record], *, title: str = "What a clock is made of") -> Figure:
    """Stacked bars of one clock: compute, exchange, wait, what is not told apart, and what happened at the same time.

    Args:
        records: of one suite.
        title: of the figure.

    Returns:
        One panel per net, load and number of workers; the step itself as a black mark with its 95 % interval.
    """
    found = [(group, row) for group in groups(records) for row in parts(group, records)]
    panels = by_panel([(group, row.point, row) for group, row in found])
    if not panels:
        return nothing_yet(title)
    figure, axes = panels_of_rows(title, {name: [row.point for row in rows] for name, rows in panels.items()})
    for axis, rows in zip(axes, panels.values(), strict=True):
        for place, row in enumerate(rows):
            _draw_parts(axis, place, row)
        # A part of no length at a bar's end would be an edge that axes stick to, as if the bar were cut off.
        axis.use_sticky_edges = False
        axis.set_xlim(0, None)
    axes[-1].set_xlabel("ms per clock: medians over rounds, and the 95 % interval of the step")
    handles: list[Line2D | Patch] = [Patch(color=colour, label=words) for words, colour in _PARTS.values()]
    handles.append(Patch(label="overlap: at the same time, beyond the step", **_HIDDEN))
    handles.append(Line2D([], [], color="black", marker="|", markersize=18, label="step of the slowest rank"))
    legend_below(figure, handles, columns=2, size=15)
    return figure


def _draw_parts(axis: Axes, place: int, row: Parts) -> None:
    stacked = {name: found.median for name in _PARTS if (found := getattr(row, name)) is not None}
    end = 0.0
    for name, seconds in stacked.items():
        axis.barh(place, 1e3 * seconds, left=1e3 * end, height=0.66, color=_PARTS[name][1], linewidth=0)
        end += seconds
    if row.overlap is not None:
        hidden = min(row.overlap.median, end)
        axis.barh(place, 1e3 * hidden, left=1e3 * (end - hidden), height=0.66, **_HIDDEN)
    step = row.point.seconds
    _, (middle,), errors = error_bars([(place, step)])
    bars = axis.errorbar(
        [1e3 * middle], [place], xerr=1e3 * np.array(errors), color="black", marker="|", markersize=22, capsize=5
    )
    mark(bars.lines[0], kind(row.point), shape(row.point.setting), between=False)
