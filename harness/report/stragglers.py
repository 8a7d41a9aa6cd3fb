"""Figures of what slack buys under stragglers: emulated ratios beside those of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.drawn import BOUND, mark
from harness.report.points import sides
from harness.report.sheet import labelled, legend_below, nothing_yet, sheet
from harness.stats.speed import Interval

_MARKERS = "^oD"


@dataclass(frozen=True)
class Compared:
    """An emulated ratio T(s = 0)/T(s) and the modelled one.

    Args:
        law: of stragglers.
        workers: P.
        exchange: eager or pipelined.
        staleness: s, 1 or more.
        modelled: ratio of the queue.
        emulated: ratio over rounds.
    """

    law: str
    workers: int
    exchange: str
    staleness: int
    modelled: float
    emulated: Interval


def ratios_by_staleness(points: Sequence[Compared], *, laws: Sequence[str], share: float) -> Figure:
    """Ratios against staleness, from 1 at s = 0.

    Args:
        points: what is there.
        laws: one panel each.
        share: tolerated distance from the model, drawn as a band.

    Returns:
        The panels in a row; colours are numbers of workers, markers exchanges.
    """
    title = "Stragglers: what slack buys, emulated and modelled"
    if not points:
        return nothing_yet(title)
    counts = sorted({point.workers for point in points})
    exchanges = sorted({point.exchange for point in points})
    figure = sheet(title, 7.2 * len(laws), 8.6, size=22)
    axes = figure.subplots(1, len(laws), sharey=True, squeeze=False)[0]
    for axis, law in zip(axes, laws, strict=True):
        for number, count in enumerate(counts):
            mine = sorted((p for p in points if (p.law, p.workers) == (law, count)), key=lambda p: p.staleness)
            _draw_queue(axis, mine, f"C{number}", f"P = {count}", share)
            for place, exchange in enumerate(exchanges):
                # Side by side, so that intervals do not hide each other.
                shift = 0.14 * (len(exchanges) * number + place - (len(exchanges) * len(counts) - 1) / 2)
                found = [point for point in mine if point.exchange == exchange]
                _draw_emulated(axis, found, shift, f"C{number}{_MARKERS[place]}", f"P = {count}, {exchange}")
        axis.set_title(law, fontsize=20)
        axis.set_xlabel("staleness s (clocks)")
        axis.set_xticks([0, *sorted({point.staleness for point in points})])
    axes[0].set_ylabel("time at s = 0 / time at s (no unit)")
    legend_below(figure, labelled(axes), columns=len(counts), size=16)
    return figure


def _draw_queue(axis: Axes, points: Sequence[Compared], colour: str, label: str, share: float) -> None:
    by_staleness = {0: 1.0} | {point.staleness: point.modelled for point in points}
    along, model = np.array(list(by_staleness)), np.array(list(by_staleness.values()))
    (queue,) = axis.plot(
        along, model, color=colour, linestyle="--", linewidth=2, label=f"modelled (queue) ±{100 * share:g} %, {label}"
    )
    mark(queue, BOUND, "queue", between=True)
    axis.fill_between(along, (1 - share) * model, (1 + share) * model, color=colour, alpha=0.15, linewidth=0)


def _draw_emulated(axis: Axes, points: Sequence[Compared], shift: float, style: str, label: str) -> None:
    if points:
        middle, low, high = np.array([[p.emulated.median, p.emulated.low, p.emulated.high] for p in points]).T
        axis.errorbar(
            np.array([point.staleness for point in points]) + shift,
            middle,
            yerr=sides(middle, low, high),
            fmt=style,
            markersize=11,
            capsize=6,
            label=f"emulated: median, 95 %, {label}",
        )
