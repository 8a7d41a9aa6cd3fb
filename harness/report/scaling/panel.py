"""A panel of speed-ups, or of the same over P: what is drawn in it, and its axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from harness.report.drawn import BOUND, mark
from harness.report.scaling.looks import KINDS, Looks, error_bars, of_published
from harness.report.timing.groups import Group, over_rounds
from harness.report.timing.names import LIMIT, MODELLED, between, workers
from harness.report.timing.published import PUBLISHED, Published
from harness.stats.speed import Times


@dataclass(frozen=True)
class Panel:
    """Axes for the settings of one net and load.

    Args:
        axis: where to.
        group: the settings.
        looks: of every family, whatever is drawn of it here.
        top: largest number of workers.
        divided: whether speed-ups are divided by the number of workers.
    """

    axis: Axes
    group: Group
    looks: Looks
    top: float
    divided: bool

    def draw_bounds(self, cores: int) -> None:
        """Draw what no speed-up should pass: the ideal, and the rate without any exchange.

        Args:
            cores: of the machine.
        """
        every = np.array([1.0, self.top])
        (ideal,) = self.axis.plot(every, every / every if self.divided else every, color="black", linewidth=2)
        mark(ideal, BOUND, "ideal", between=True)
        if cores < self.top:
            self.axis.axvspan(cores, 2 * self.top, color="0.93", zorder=-2)
        for (name, how), points in self.group.series().items():
            if name == LIMIT:
                look = {"marker": "x", "color": "black"} | KINDS[how] | {"linestyle": "-."}
                self._draw_points(points, look, 1.0, (BOUND, "no exchange"))

    def draw_families(self) -> None:
        """Draw every family that is not the limit, each kind of its points by itself."""
        for (name, how), points in self.group.series().items():
            if name != LIMIT:
                self._draw_points(points, {**self.looks[name], **KINDS[how]}, self._aside(name), (how, name))

    def _draw_points(self, points: Sequence[Times], look: dict[str, Any], aside: float, what: tuple[str, str]) -> None:
        timed = [point for point in points if point.alone.keys() & point.step.keys()]
        if not timed:
            return
        drawn = [(workers(point), point.efficiency if self.divided else point.speedup) for point in timed]
        joined = len({n for n, _ in drawn}) == len(drawn) and all(between(point.setting) for point in points)
        look["linestyle"] = look["linestyle"] if joined else "none"
        places, middles, errors = error_bars(drawn)
        look |= {"markersize": 11, "linewidth": 2, "elinewidth": 1.5, "capsize": 4}
        bars = self.axis.errorbar(np.array(places) * aside, middles, yerr=errors, **look)
        mark(bars.lines[0], *what, between=joined)

    def _aside(self, name: str) -> float:
        """Families of equal numbers of workers stand side by side."""
        step = min(0.028, 0.2 / len(self.looks))
        return 1 + step * (list(self.looks).index(name) - (len(self.looks) - 1) / 2)

    def draw_modelled(self, name: str, speedups: Mapping[int, float]) -> None:
        """Draw speed-ups that were calculated.

        Args:
            name: of the family.
            speedups: by number of workers.
        """
        counts = sorted(speedups)
        (line,) = self.axis.plot(
            counts, self._heights(speedups), markersize=11, linewidth=1.5, **self.looks[name], **KINDS[MODELLED]
        )
        mark(line, MODELLED, name, between=True)

    def draw_published(self) -> None:
        """Draw what others have published of the same kind of scaling."""
        for number, published in enumerate(comparable(self.group)):
            look, counts = of_published(number), sorted(published.speedups)
            heights = self._heights(published.speedups)
            if max(counts) <= self.top:
                (line,) = self.axis.plot(counts, heights, **look)
                mark(line, "published", published.name, between=True)
            elif self.divided:
                # Beyond the axis: at its edge, no matter how wide it is.
                self.axis.plot([0.98], heights[-1:], transform=self.axis.get_yaxis_transform(), **look)

    def _heights(self, speedups: Mapping[int, float]) -> list[float]:
        return [speedups[n] / n if self.divided else speedups[n] for n in sorted(speedups)]

    def finish(self) -> None:
        """Set scales and limits, and name the axes."""
        self.axis.set_xscale("log", base=2)
        self.axis.xaxis.set_major_locator(FixedLocator([2.0**n for n in range(int(np.log2(self.top)) + 1)]))
        self.axis.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
        self.axis.xaxis.set_minor_locator(NullLocator())
        self.axis.set_xlim(0.82, self.top * 1.2)
        self.axis.set_xlabel("P, workers of one thread each")
        if self.divided:
            self._finish_efficiency()
        else:
            self._finish_speedup()

    def _finish_efficiency(self) -> None:
        self.axis.set_ylim(0, 1.25)
        self.axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        self.axis.set_ylabel("efficiency: speed-up / P")
        self.axis.set_title(f"T(1) = {_base(self.group)}", fontsize=15)

    def _finish_speedup(self) -> None:
        group = self.group
        self.axis.set_yscale("log", base=2)
        self.axis.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}×" if n >= 1 else f"1/{1 / n:g}×"))
        lowest = min([0.5, *(p.speedup.median / 1.3 for p in group.points if p.alone)])
        self.axis.set_ylim(lowest, self.top * 1.3)
        self.axis.set_ylabel("speed-up: P · T(1) / T(P)" if group.weak else "speed-up: T(1) / T(P)")
        self.axis.set_title(group.title, fontsize=17)


def comparable(group: Group) -> list[Published]:
    """What others have published of the same kind of scaling.

    Args:
        group: settings.

    Returns:
        Series.
    """
    return [published for published in PUBLISHED if published.weak == group.weak]


def _base(group: Group) -> str:
    """T(1) in ms, with its interval where there is one."""
    base = over_rounds(group.base)
    low, high = (f"{1e3 * end:.4g}" if isfinite(end) else "?" for end in (base.low, base.high))
    batch = f"batch {group.batch}, that of one worker" if group.weak else f"the same batch of {group.batch}"
    return f"{1e3 * base.median:.4g} [{low}, {high}] ms per clock:\nthe reference alone, {batch}"
