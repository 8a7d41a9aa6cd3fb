"""Figures of the time to a quality: losses against wall seconds, and the three numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness.report.drawn import BOUND, mark
from harness.report.points import sides
from harness.report.sheet import labelled, legend_below, nothing_yet, sheet
from harness.report.timing.names import LIMIT, MEASURED, is_limit
from harness.spec import Training
from harness.stats.speed import Interval
from harness.stats.target import Courses, Raced

_DASHES, _MARKERS = ("-", "--", ":", "-."), "os^DvPX*"
_ALONE = "one process without Horovod"
# Ratio of the ends of an axis from which on three numbers a decade would lie over each other.
_WIDE = 10
# What each panel of the numbers shows, on which scale.
_NUMBERS: tuple[tuple[str, str, Callable[[Courses], Interval]], ...] = (
    ("clocks per second (1/s)", "log", lambda courses: courses.rate),
    ("clocks to target (clocks)", "linear", lambda courses: courses.clocks),
    ("seconds to target (s)", "log", lambda courses: courses.seconds),
)


def losses_against_seconds(found: Sequence[Raced], *, title: str) -> Figure:
    """Loss against wall seconds since the first timed clock.

    Args:
        found: what was timed.
        title: of the figure.

    Returns:
        One panel per net; a line joins, checkpoint by checkpoint, medians over rounds, and a band the 95 % intervals
        of the median seconds.
    """
    if not found:
        return nothing_yet(title)
    nets = _by_net(found)
    figure = sheet(title, 9.5 * len(nets), 10.5, size=22)
    axes = figure.subplots(1, len(nets), squeeze=False)[0]
    for axis, (training, lines) in zip(axes, nets.items(), strict=True):
        target = next(raced.target for raced in found if raced.setting.training == training)
        for number, (label, courses) in enumerate(lines.items()):
            _draw_course(axis, courses, label, number)
        axis.axhline(target, color="black", linestyle="--", linewidth=2, label="target")
        axis.set_xscale("log")
        axis.set_yscale("log")
        _label_plainly(axis.xaxis, (1.0,))
        _label_plainly(axis.yaxis, (1.0, 2.0, 5.0))
        axis.set_title(_name(training), fontsize=19)
        axis.set_xlabel("wall time since the first timed clock (s)")
    axes[0].set_ylabel("mean cross-entropy, whole data set (nats)")
    legend_below(figure, labelled(axes), columns=2, size=16)
    return figure


def three_numbers(found: Sequence[Raced], *, title: str) -> Figure:
    """Clocks per second, clocks to target and seconds to target of everybody, in figures too.

    Args:
        found: what was timed.
        title: of the figure.

    Returns:
        One row of panels per net; where the median is infinite the panel says so.
    """
    if not found:
        return nothing_yet(title)
    nets = _by_net(found)
    tallest = max(map(len, nets.values()))
    figure = sheet(title, 24, (0.95 * tallest + 2) * len(nets) + 1, size=22)
    axes = figure.subplots(len(nets), len(_NUMBERS), squeeze=False, sharey="row")
    for row, (training, lines) in zip(axes, nets.items(), strict=True):
        for axis, (words, scale, number) in zip(row, _NUMBERS, strict=True):
            _draw_numbers(axis, [number(courses) for courses in lines.values()], scale)
            axis.set_xlabel(words)
        row[0].set_yticks(range(len(lines)), lines, fontsize=17)
        row[1].set_title(_name(training), fontsize=19)
    return figure


def _by_net(found: Sequence[Raced]) -> dict[Training, dict[str, Courses]]:
    """Of each net the reference first, then everybody by label."""
    nets: dict[Training, dict[str, Courses]] = {}
    for raced in found:
        lines = nets.setdefault(raced.setting.training, {_ALONE: raced.alone})
        lines[LIMIT if is_limit(raced.setting) else raced.setting.distribution.label] = raced.own
    return nets


def _name(training: Training) -> str:
    return f"{training.data} {'–'.join(map(str, training.widths))}, batch {training.batch}, measured"


def _draw_course(axis: Axes, courses: Courses, label: str, number: int) -> None:
    seconds = [Interval.of(column) for column in courses.elapsed.T]
    losses = np.median(courses.losses, axis=0)
    colour = _colour(number)
    (line,) = axis.plot(
        [interval.median for interval in seconds],
        losses,
        color=colour,
        linestyle=_DASHES[number % len(_DASHES)],
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=8,
        linewidth=2.5,
        label=label,
    )
    # Between two checkpoints lie further clocks of the same rounds.
    mark(line, *((BOUND, "no exchange") if label == LIMIT else (MEASURED, label)), between=True)
    low, high = (np.array([getattr(interval, end) for interval in seconds]) for end in ("low", "high"))
    bounded = np.isfinite(low) & np.isfinite(high)
    axis.fill_betweenx(losses, low, high, where=bounded.tolist(), color=colour, alpha=0.15, linewidth=0)


def _draw_numbers(axis: Axes, numbers: Sequence[Interval], scale: str) -> None:
    """Points with intervals, and at the right of the panel the same in figures."""
    axis.set_xscale(scale)
    for place, number in enumerate(numbers):
        axis.annotate(
            _text(number), (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=16,
            annotation_clip=False,
        )  # fmt: skip
        if np.isfinite(number.median):
            ends = np.array([[number.median], [number.low], [number.high]])
            axis.errorbar(
                number.median,
                place,
                xerr=sides(*ends),
                fmt=_MARKERS[place % len(_MARKERS)],
                color=_colour(place),
                markersize=11,
                capsize=7,
            )
    medians = [number.median for number in numbers if np.isfinite(number.median)] or [1.0]
    if scale == "log":
        _label_plainly(axis.xaxis, (1.0, 3.0) if max(medians) > _WIDE * min(medians) else (1.0, 2.0, 5.0))
    else:
        axis.set_xlim(0, 1.15 * max(medians))
    axis.set_ylim(len(numbers) - 0.5, -0.5)


def _text(number: Interval) -> str:
    if not np.isfinite(number.median):
        return "not reached"
    unbounded = not (np.isfinite(number.low) and np.isfinite(number.high))
    ends = "" if unbounded else f" [{_figures(number.low)}, {_figures(number.high)}]"
    return _figures(number.median) + ends


def _figures(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _colour(number: int) -> str:
    return f"C{number - 1}" if number else "0.25"


def _label_plainly(axis: Axis, leading: Sequence[float]) -> None:
    """Numbers without powers of ten, only those that begin so."""
    axis.set_major_locator(LogLocator(subs=leading))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())
