"""Figures of what stale reads saw: gaps of views over their bound, and how many clocks late they were."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from harness.report.figures.looks import QUANTILES, short, style
from harness.report.sheet import labelled, legend_below, nothing_yet, sheet
from harness.spec import ScheduledPartition, Setting, StalePartition


def ratio_against_clock(
    ratios: Mapping[Setting, tuple[NDArray[np.float64], NDArray[np.int64]]], *, title: str, unit: str
) -> Figure:
    """A ratio that may not pass 1 against clock: median and 5–95 % of replicates.

    Args:
        ratios: for each setting (replicates, clocks) ratios, and clocks.
        title: of the figure.
        unit: what the ratio is of.

    Returns:
        One panel per training.
    """
    if not ratios:
        return nothing_yet(title)
    trainings = list(dict.fromkeys(setting.training for setting in ratios))
    labels = list(dict.fromkeys(setting.distribution.label for setting in ratios))
    figure = sheet(title, 9 * len(trainings), 8)
    axes = figure.subplots(1, len(trainings), sharey=True, squeeze=False)[0]
    for axis, training in zip(axes, trainings, strict=True):
        for setting, (values, clocks) in ratios.items():
            if setting.training == training:
                label = setting.distribution.label
                _draw_ratio(axis, values, clocks, label, labels.index(label))
        axis.axhline(1, color="black", linestyle="--", linewidth=2, label="bound")
        axis.set_title(short(training), fontsize=16)
        axis.set_xlabel("clock")
    axes[0].set_ylabel(f"{unit} (no unit)")
    legend_below(figure, labelled(axes), columns=3, size=14)
    return figure


def _draw_ratio(axis: Axes, values: NDArray[np.float64], clocks: NDArray[np.int64], label: str, number: int) -> None:
    look = style(number) | {"marker": "", "linewidth": 2}
    axis.plot(clocks, np.median(values, axis=0), label=label, **look)
    low, high = np.quantile(values, QUANTILES, axis=0)
    axis.fill_between(clocks, low, high, color=look["color"], alpha=0.15, linewidth=0)


def shares_of_lags(counts: Mapping[Setting, Mapping[str, float]]) -> Figure:
    """Share of reads against how many clocks behind another worker they were.

    Args:
        counts: for each setting the number of reads by lag, as a word.

    Returns:
        One panel per number of ranks and staleness; the dotted lines are the bounds of the rules.
    """
    title = "How stale reads were"
    if not counts:
        return nothing_yet(title)
    panels = sorted({_bounds(setting) for setting in counts})
    names = list(dict.fromkeys(_how(setting) for setting in counts))
    figure = sheet(title, 7.2 * len(panels), 6.6)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (workers, staleness) in zip(axes, panels, strict=True):
        for setting, lags in counts.items():
            if _bounds(setting) == (workers, staleness):
                clocks = np.arange(-int(staleness) - 1, int(staleness) + 1)
                shares = np.array([lags.get(str(lag), 0.0) for lag in clocks]) / sum(lags.values())
                axis.plot(clocks, shares, label=_how(setting), **style(names.index(_how(setting))))
        for bound in (-staleness - 1, staleness):
            axis.axvline(bound, color="black", linestyle=":", linewidth=2, label="bounds of the rules")
        axis.xaxis.set_major_locator(MultipleLocator(1))
        axis.set_title(f"P = {workers}, s = {staleness:g}", fontsize=16)
        axis.set_xlabel("clocks behind the other worker")
    axes[0].set_ylabel("share of reads")
    legend_below(figure, labelled(axes), columns=3, size=14)
    return figure


def _bounds(setting: Setting) -> tuple[int, float]:
    return setting.distribution.workers, setting.distribution.staleness


def _how(setting: Setting) -> str:
    if isinstance(setting.distribution, ScheduledPartition):
        return f"{setting.distribution.policy}, {setting.distribution.layout}"
    found = setting.distributed_by(StalePartition)
    return f"{found.transport}, {found.controller}, stragglers: {found.stragglers}"
