"""Figures of modelled points: how far they are from points that were run, and what lies beyond this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from harness.planning.modelled import Point
from harness.planning.validation import EMULATED, REAL, Comparison, median_error
from harness.report.drawn import BOUND, mark
from harness.report.points import sides
from harness.report.sheet import labelled, legend_below, nothing_yet, sheet
from harness.report.timing.names import MODELLED

_LOOKS = {REAL: ("o", "C0"), EMULATED: ("^", "C1")}
_BAND = 0.10
# Ratio of the ends of an axis from which on numbers between powers of ten would lie over each other.
_DECADES = 30
_MARKERS = "os^D"
_DASHES: tuple[Any, ...] = ("-", "--")


def plot_model_error(rows: Sequence[Comparison]) -> Figure:
    """Modelled against measured and emulated milliseconds of a clock, with the band of ±10 %.

    Args:
        rows: comparisons.

    Returns:
        One panel of milliseconds, and one of the ratio, which tells what is within the band.
    """
    title = "How far the model is from what was run"
    if not rows:
        return nothing_yet(title)
    figure = sheet(title, 17, 8.6, size=22)
    seconds, ratio = figure.subplots(1, 2)
    shown = [1e3 * value for row in rows for value in (row.seconds, row.predicted_seconds)]
    ends = np.array([0.7 * min(shown), 1.4 * max(shown)])
    (equal,) = seconds.plot(ends, ends, color="black", linewidth=2, label="modelled = run")
    mark(equal, BOUND, "modelled = run", between=True)
    seconds.fill_between(ends, (1 - _BAND) * ends, (1 + _BAND) * ends, color="0.6", alpha=0.4, label="±10 %")
    ratio.axhline(1, color="black", linewidth=2)
    ratio.axhspan(1 - _BAND, 1 + _BAND, color="0.6", alpha=0.4)
    for kind, (marker, colour) in _LOOKS.items():
        mine = [row for row in rows if row.kind == kind]
        if mine:
            said = f"{kind}: {len(mine)} points, median error {100 * median_error(mine):.1f} %"
            _draw_rows(seconds, ratio, mine, marker, colour, said)
    for axis in (seconds, ratio):
        axis.set_xscale("log")
        axis.set_xlabel("run: median milliseconds of a clock, 95 % interval")
        _number(axis.xaxis, ends)
        axis.tick_params(axis="x", which="minor", labelrotation=45)
    seconds.set_yscale("log")
    _number(seconds.yaxis, ends)
    ratio.set_ylim(min(0.8, ratio.get_ylim()[0]), max(1.2, ratio.get_ylim()[1]))
    seconds.set_ylabel("modelled: milliseconds of a clock")
    ratio.set_ylabel("modelled / run (no unit)")
    legend_below(figure, labelled([seconds]), columns=2, size=18)
    return figure


def plot_beyond(points: Sequence[Point], *, measured_up_to: int) -> Figure:
    """Modelled speed-up of data partition with the same batch per worker, by topology and law of stragglers.

    Args:
        points: modelled.
        measured_up_to: cores of the machine that the constants are of; up to there measuring would be possible.

    Returns:
        One panel per law; colours and markers are topologies, dashes the staleness.
    """
    title = "Modelled, not measured: speed-up beyond this machine"
    if not points:
        return nothing_yet(title)
    laws, joined, bounds = (
        list(dict.fromkeys(getattr(p, n) for p in points)) for n in ("law", "topology", "staleness")
    )
    figure = sheet(title, 8.5 * len(laws), 9.4, size=22)
    axes = figure.subplots(1, len(laws), sharey=True, squeeze=False)[0]
    for axis, law in zip(axes, laws, strict=True):
        mine = [point for point in points if point.law == law]
        ends = [min(p.workers for p in mine), max(p.workers for p in mine)]
        (ideal,) = axis.plot(ends, ends, color="black", linewidth=2)
        mark(ideal, BOUND, "ideal", between=True)
        axis.axvspan(ends[0], measured_up_to, color="0.6", alpha=0.4)
        for point_set in ((name, bound) for name in joined for bound in bounds):
            _draw_line(axis, mine, *point_set, joined.index(point_set[0]), bounds.index(point_set[1]))
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(f"stragglers: {law}", fontsize=20)
        axis.set_xlabel("workers")
    axes[0].set_ylabel("speed-up P·T(1)/T(P), modelled\n(same batch per worker)")
    legend_below(figure, _keys(joined, bounds), columns=2, size=17)
    return figure


def _number(axis: Axis, ends: NDArray[np.float64]) -> None:
    """Powers of ten, and what is between them where there are few of them."""
    few = ends[1] / ends[0] < _DECADES
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(StrMethodFormatter("{x:g}") if few else NullFormatter())


def _draw_rows(seconds: Axes, ratio: Axes, rows: Sequence[Comparison], marker: str, colour: str, label: str) -> None:
    middle, low, high, predicted = 1e3 * np.array([[r.seconds, r.low, r.high, r.predicted_seconds] for r in rows]).T
    bars = sides(middle, low, high)
    look: dict[str, Any] = {
        "fmt": marker,
        "color": colour,
        "markersize": 11,
        "capsize": 4,
        "markeredgecolor": "white",
    }
    seconds.errorbar(middle, predicted, xerr=bars, label=label, **look)
    ratio.errorbar(middle, predicted / middle, xerr=bars, **look)


def _draw_line(axis: Axes, points: Sequence[Point], name: str, bound: int, number: int, dashes: int) -> None:
    mine = [point for point in points if (point.topology, point.staleness) == (name, bound)]
    (line,) = axis.plot(
        [point.workers for point in mine],
        [point.speedup for point in mine],
        color=f"C{number}",
        marker=_MARKERS[number],
        linestyle=_DASHES[dashes % 2],
        markersize=9,
        markerfacecolor="white" if dashes else f"C{number}",
    )
    mark(line, MODELLED, f"{name}, s = {bound}", between=True)


def _keys(joined: Sequence[str], bounds: Sequence[int]) -> list[Line2D]:
    lines = [Line2D([], [], color=f"C{n}", marker=_MARKERS[n], label=name) for n, name in enumerate(joined)]
    lines += [
        Line2D([], [], color="0.3", linestyle=_DASHES[n % 2], label=f"s = {bound}") for n, bound in enumerate(bounds)
    ]
    lines.append(Line2D([], [], color="black", linewidth=2, label="ideal: P"))
    lines.append(Line2D([], [], color="0.6", alpha=0.4, linewidth=12, label="cores of this machine"))
    return lines
