"""Figures of time against cores: speed-up and efficiency, what a clock is made of, and rates.

What was measured, emulated or modelled is told apart by how markers are filled, and never joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from harness.errors import BadInputError
from harness.record import Record
from harness.report.drawn import BOUND, mark
from harness.report.figures import nothing_yet
from harness.report.published import PUBLISHED, Published
from harness.report.series import (
    EMULATED,
    LIMIT,
    MEASURED,
    MODELLED,
    Group,
    between,
    groups,
    is_limit,
    is_peer,
    kind,
    over_rounds,
    shape,
    variant,
    workers,
)
from harness.report.timing import Parts, parts
from harness.stats.speed import Interval, Times

_Shown = TypeVar("_Shown")
Modelled = Mapping[str, Mapping[int, float]]
_MARKERS = "osD^vPXphd<>"
_COLOURS = [*(f"C{n}" for n in range(10)), "navy", "darkred"]
# How a marker is filled, and how its line is drawn where points are joined.
_KINDS: dict[str, dict[str, Any]] = {
    MEASURED: {"fillstyle": "full", "linestyle": "-"},
    EMULATED: {"fillstyle": "bottom", "linestyle": ":"},
    MODELLED: {"fillstyle": "none", "linestyle": "--"},
}
_HIDDEN: dict[str, Any] = {"fill": False, "edgecolor": "black", "hatch": "///", "linewidth": 0}
_WHOSE = {"ours": ("o", "C0"), "peer": ("s", "C1"), "control": ("v", "C3"), "limit": ("x", "black")}
_SOURCES = "*1234"
_PARTS = {
    "compute": ("compute", "C0"),
    "exchange": ("exchange (collectives alone)", "C1"),
    "wait": ("wait (slowest rank − mean)", "C4"),
    "rest": ("rest: not told apart", "0.75"),
}
_LEAST_AXIS = 8  # workers: so far go the published series of small numbers


def speedup(
    records: Sequence[Record], modelled: Modelled | None = None, *, title: str = "Speed-up and efficiency"
) -> Figure:
    """Speed-up and efficiency against workers: medians over rounds with 95 % intervals, between two bounds.

    Args:
        records: of one suite.
        modelled: speed-ups that were calculated, by family and number of workers; for records of one net and load.
        title: of the figure.

    Returns:
        One row per net and load: the rate of P workers over that of the reference, and the same over P.

    Raises:
        BadInputError: points were modelled, but the records are of several nets or loads.

    References:
        hoefler2015, sergeev2018, shoeybi2019, kumar2015, zhang2017
    """
    found = [group for group in groups(records) if any(point.alone for point in group.points)]
    if not found:
        return nothing_yet(title)
    if modelled and len(found) > 1:
        raise BadInputError(
            f"modelled points belong to one net and load, records to {len(found)}",
            where="speed-up",
            remedy="draw one at a time: `harness.report.series.groups` names them",
        )
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    figure = Figure(figsize=(17, 7.4 * len(found) + 4.2), layout="constrained")
    axes = figure.subplots(len(found), 2, squeeze=False)
    looks = _looks([name for group in found for name, _ in group.series()] + [*(modelled or {})])
    cores = records[0].facts.machine.cores
    for row, group in zip(axes, found, strict=True):
        top = max(_LEAST_AXIS, *(workers(p) for p in group.points), *(n for m in (modelled or {}).values() for n in m))
        for axis, divided in zip(row, (False, True), strict=True):
            _draw_bounds(axis, group, top, cores, divided=divided)
            for (name, how), points in group.series().items():
                if name != LIMIT:
                    _draw_series(axis, points, name, how, looks, divided=divided)
            for name, values in (modelled or {}).items():
                _draw_modelled(axis, values, name, looks, divided=divided)
            _draw_published(axis, group, top, divided=divided)
            _finish(axis, group, top, divided=divided)
    _legend(figure, found, looks, modelled or {}, cores)
    figure.suptitle(title, fontsize=22, fontweight="bold")
    return figure


def _looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Marker and colour of each family."""
    families = [name for name in dict.fromkeys(names) if name != LIMIT]
    return {
        name: {"marker": _MARKERS[n % len(_MARKERS)], "color": _COLOURS[n % len(_COLOURS)]}
        for n, name in enumerate(families)
    }


def _draw_bounds(axis: Axes, group: Group, top: float, cores: int, *, divided: bool) -> None:
    every = np.array([1.0, top])
    (ideal,) = axis.plot(every, every / every if divided else every, color="black", linewidth=2)
    mark(ideal, BOUND, "ideal", between=True)
    if cores < top:
        axis.axvspan(cores, 2 * top, color="0.93", zorder=-2)
    look = {"marker": "x", "color": "black"}
    for (name, how), points in group.series().items():
        if name == LIMIT:
            _draw_series(axis, points, BOUND, how, {BOUND: look}, divided=divided, linestyle="-.")


def _draw_series(
    axis: Axes,
    points: Sequence[Times],
    name: str,
    how: str,
    looks: Mapping[str, Mapping[str, Any]],
    *,
    divided: bool,
    **changed: Any,
) -> None:
    drawn = [(workers(p), p.efficiency if divided else p.speedup) for p in points if p.alone.keys() & p.step.keys()]
    if not drawn:
        return
    joined = len({n for n, _ in drawn}) == len(drawn) and all(between(p.setting) for p in points)
    look = {**looks[name], **_KINDS[how], **changed}
    look["linestyle"] = look["linestyle"] if joined else "none"
    # Families of equal numbers of workers stand side by side.
    step = min(0.028, 0.2 / len(looks))
    aside = 1 + step * (list(looks).index(name) - (len(looks) - 1) / 2)
    places, middles, errors = _errors(drawn)
    bars = axis.errorbar(
        np.array(places) * aside, middles, yerr=errors, markersize=11, linewidth=2, elinewidth=1.5, capsize=4, **look
    )
    series = "no exchange" if name == BOUND else name
    mark(bars.lines[0], BOUND if name == BOUND else how, series, between=joined)


def _errors(drawn: Sequence[tuple[int, Interval]]) -> tuple[list[int], list[float], list[list[float]]]:
    """Places, medians and lengths of error bars; an end that is not finite lies beyond the axis."""
    lengths = [
        [i.median - (i.low if isfinite(i.low) else 0), (i.high if isfinite(i.high) else 1e6) - i.median]
        for _, i in drawn
    ]
    return [n for n, _ in drawn], [i.median for _, i in drawn], np.array(lengths).T.tolist()


def _draw_modelled(
    axis: Axes, values: Mapping[int, float], name: str, looks: Mapping[str, Mapping[str, Any]], *, divided: bool
) -> None:
    counts = sorted(values)
    heights = [values[n] / n if divided else values[n] for n in counts]
    (line,) = axis.plot(counts, heights, markersize=11, linewidth=1.5, **looks[name], **_KINDS[MODELLED])
    mark(line, MODELLED, name, between=True)


def _comparable(group: Group) -> list[Published]:
    return [published for published in PUBLISHED if published.weak == group.weak]


def _draw_published(axis: Axes, group: Group, top: float, *, divided: bool) -> None:
    for number, published in enumerate(_comparable(group)):
        counts = sorted(published.speedups)
        heights = [published.speedups[n] / n if divided else published.speedups[n] for n in counts]
        look = _published_look(number)
        if max(counts) <= top:
            (line,) = axis.plot(counts, heights, **look)
            mark(line, "published", published.name, between=True)
        elif divided:
            # Beyond the axis: at its edge, no matter how wide it is.
            axis.plot([0.98], heights[-1:], transform=axis.get_yaxis_transform(), **look)


def _published_look(number: int) -> dict[str, Any]:
    return {
        "marker": _SOURCES[number % len(_SOURCES)],
        "color": "0.45",
        "linestyle": (0, (1, 3)),
        "markersize": 15,
        "markeredgewidth": 2,
        "linewidth": 1.5,
        "zorder": 1,
    }


def _finish(axis: Axes, group: Group, top: float, *, divided: bool) -> None:
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator([2.0**n for n in range(int(np.log2(top)) + 1)]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlim(0.82, top * 1.2)
    axis.set_xlabel("P, workers of one thread each")
    if divided:
        axis.set_ylim(0, 1.25)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.set_ylabel("efficiency: speed-up / P")
        axis.set_title(f"T(1) = {_base(group)}", fontsize=15)
        return
    axis.set_yscale("log", base=2)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}×"))
    lowest = min([0.5, *(p.speedup.median / 1.3 for p in group.points if p.alone)])
    axis.set_ylim(lowest, top * 1.3)
    axis.set_ylabel("speed-up: P · T(1) / T(P)" if group.weak else "speed-up: T(1) / T(P)")
    axis.set_title(group.title, fontsize=17)


def _base(group: Group) -> str:
    """T(1) in ms, with its interval where there is one."""
    base = over_rounds(group.base)
    low, high = (f"{1e3 * end:.4g}" if isfinite(end) else "?" for end in (base.low, base.high))
    batch = f"batch {group.batch}, that of one worker" if group.weak else f"the same batch of {group.batch}"
    return f"{1e3 * base.median:.4g} [{low}, {high}] ms per clock:\nthe reference alone, {batch}"


def _legend(
    figure: Figure, found: Sequence[Group], looks: Mapping[str, Mapping[str, Any]], modelled: Modelled, cores: int
) -> None:
    kinds = [how for group in found for _, how in group.series()] + [MODELLED] * bool(modelled)
    words = {
        MEASURED: "measured: ranks on cores of their own",
        EMULATED: "emulated: sleep for computing, real exchange",
        MODELLED: "modelled: calculated",
    }
    families = [Line2D([], [], label=name, markersize=11, linestyle="none", **look) for name, look in looks.items()]
    others: list[Line2D | Patch] = [
        Line2D([], [], marker="o", color="0.3", markersize=11, label=words[how], **_KINDS[how])
        for how in words
        if how in kinds
    ]
    others.append(Line2D([], [], color="black", linewidth=2, label="ideal"))
    if any(is_limit(point.setting) for group in found for point in group.points):
        others.append(Line2D([], [], color="black", marker="x", linestyle="-.", label="limit: no exchange"))
    others.append(Patch(color="0.9", label=f"more workers than this machine's {cores} cores"))
    seen = {id(published): (n, published) for group in found for n, published in enumerate(_comparable(group))}
    others += [Line2D([], [], label=published.label, **_published_look(n)) for n, published in seen.values()]
    # Two columns of one length: families, and how everything is drawn.
    length = max(len(families), len(others))
    nothing = Line2D([], [], linestyle="none", label=" ")
    handles = [*families, *[nothing] * (length - len(families)), *others, *[nothing] * (length - len(others))]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=15)


def breakdown(records: Sequence[Record], *, title: str = "What a clock is made of") -> Figure:
    """Stacked bars of one clock: compute, exchange, wait, what is not told apart, and what happened at the same time.

    Args:
        records: of one suite.
        title: of the figure.

    Returns:
        One panel per net, load and number of workers; the step itself as a black mark with its 95 % interval.
    """
    found = [(group, row) for group in groups(records) for row in parts(group, records)]
    panels = _split([(group, row.point, row) for group, row in found])
    if not panels:
        return nothing_yet(title)
    figure, axes = _panels({name: [row.point for row in rows] for name, rows in panels.items()})
    for axis, rows in zip(axes, panels.values(), strict=True):
        for place, row in enumerate(rows):
            _draw_parts(axis, place, row)
        axis.set_xlim(0, None)
    axes[-1].set_xlabel("ms per clock: medians over rounds, and the 95 % interval of the step")
    handles: list[Line2D | Patch] = [Patch(color=colour, label=words) for words, colour in _PARTS.values()]
    handles.append(Patch(label="overlap: at the same time, beyond the step", **_HIDDEN))
    handles.append(Line2D([], [], color="black", marker="|", markersize=18, label="step of the slowest rank"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=15)
    figure.suptitle(title, fontsize=22, fontweight="bold")
    return figure


def _draw_parts(axis: Axes, place: int, row: Parts) -> None:
    stacked = {name: found.median for name in _PARTS if (found := getattr(row, name)) is not None}
    end = 0.0
    for name, seconds in stacked.items():
        axis.barh(place, 1e3 * seconds, left=1e3 * end, height=0.66, color=_PARTS[name][1], linewidth=0)
        end += seconds
    if row.overlap is not None:
        hidden = min(row.overlap.median, end)
        axis.barh(
            place,
            1e3 * hidden,
            left=1e3 * (end - hidden),
            height=0.66,
            fill=False,
            edgecolor="black",
            hatch="///",
            linewidth=0,
        )
    step = row.point.seconds
    _, (middle,), errors = _errors([(place, step)])
    bars = axis.errorbar(
        [1e3 * middle], [place], xerr=1e3 * np.array(errors), color="black", marker="|", markersize=22, capsize=5
    )
    mark(bars.lines[0], kind(row.point), shape(row.point.setting), between=False)


def rates(records: Sequence[Record], *, title: str = "Examples per second") -> Figure:
    """Examples per second of every setting, ours, peers and the limit side by side: medians with 95 % intervals.

    Args:
        records: of one suite.
        title: of the figure.

    Returns:
        One panel per net, load and number of workers.
    """
    panels = _split([(group, point, point) for group in groups(records) for point in group.points])
    if not panels:
        return nothing_yet(title)
    figure, axes = _panels(panels)
    for axis, points in zip(axes, panels.values(), strict=True):
        for place, point in enumerate(points):
            _draw_rate(axis, place, point)
        low, high = min(p.rate.median for p in points), max(p.rate.median for p in points)
        axis.set_xlim(0.88 * low, 1.12 * high)
    axes[-1].set_xlabel("examples per second: medians over rounds, 95 % intervals; axes begin above 0")
    shown = [point for points in panels.values() for point in points]
    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=10, label=name)
        for name, (marker, colour) in _WHOSE.items()
        if name in map(_whose, shown)
    ]
    handles += [
        Line2D([], [], marker="o", color="0.3", markersize=10, label=how, **_KINDS[how] | {"linestyle": "none"})
        for how in (MEASURED, EMULATED)
        if how in map(kind, shown)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=15)
    figure.suptitle(title, fontsize=22, fontweight="bold")
    return figure


def _draw_rate(axis: Axes, place: int, point: Times) -> None:
    marker, colour = _WHOSE[_whose(point)]
    _, middle, errors = _errors([(place, point.rate)])
    look = _KINDS[kind(point)] | {"linestyle": "none"}
    bars = axis.errorbar(
        middle, [place], xerr=errors, color=colour, marker=marker, markersize=8, elinewidth=2, capsize=7, **look
    )
    mark(bars.lines[0], kind(point), shape(point.setting), between=False)


def _whose(point: Times) -> str:
    if is_limit(point.setting):
        return "limit"
    if point.setting.distribution.fault != "none":
        return "control"
    return "peer" if is_peer(point.setting) else "ours"


def _split(found: Sequence[tuple[Group, Times, _Shown]]) -> dict[str, list[_Shown]]:
    """What is shown in each panel, by its title."""
    panels: dict[str, list[_Shown]] = {}
    for group, point, shown in found:
        panels.setdefault(f"{group.title}, P = {workers(point)}", []).append(shown)
    return panels


def _panels(rows: Mapping[str, Sequence[Times]]) -> tuple[Figure, list[Axes]]:
    """One panel below the other, as high as its rows need, a name to every row."""
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    heights = [0.55 * len(points) + 1.2 for points in rows.values()]
    figure = Figure(figsize=(17, sum(heights) + 2.4), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0].tolist()
    for axis, (title, points) in zip(axes, rows.items(), strict=True):
        names = [variant(p.setting) + (f" ({EMULATED})" if p.emulated else "") for p in points]
        axis.set_yticks(range(len(points)), names, fontsize=15)
        axis.set_ylim(len(points) - 0.4, -0.6)
        axis.grid(visible=False, axis="y")
        axis.set_title(title, fontsize=16, loc="left")
    return figure, axes
