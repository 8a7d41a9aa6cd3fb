"""Figures of gaps against clock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from harness.record import FUNCTION, NATURAL, TRAJECTORY, GapTable, Record, pooled
from harness.report.figures.looks import QUANTILES, draw_tolerance, short, style
from harness.report.sheet import labelled, legend_below, nothing_yet, sheet
from harness.spec import Setting, Tolerance, Training

FLOOR = 1e-17
_BAND = "A/A: reference with another order of summation, 5–95 %"
_Pooled = Sequence[tuple[Setting, GapTable]]


def gap_against_clock(records: Sequence[Record], tolerance: Tolerance, *, title: str) -> Figure:
    """Relative trajectory gap against clock: median and 5–95 % of replicates, the A/A band, and ε.

    Args:
        records: one or more, of any number of data sets and distributions.
        tolerance: ε is drawn.
        title: of the figure.

    Returns:
        One row per training, one column per layer; a gap of exactly 0 is drawn at `FLOOR`.
    """
    if not records:
        return nothing_yet(title)
    settings, trainings, labels = _told_apart(records)
    layers = {training: next(g.layers for s, g in settings if s.training == training) for training in trainings}
    rows, columns = len(trainings), max(len(found) for found in layers.values())
    figure = sheet(title, 6.2 * columns, 4.6 * rows + 1.8)
    axes = figure.subplots(rows, columns, sharex="row", sharey=True, squeeze=False)
    for row, training in zip(axes, trainings, strict=True):
        mine = [(setting, gaps) for setting, gaps in settings if setting.training == training]
        for axis, layer in zip(row, layers[training], strict=False):
            _draw_layer(axis, mine, layer, labels, tolerance)
        row[0].set_ylabel("gap / distance travelled\n(relative, no unit)")
        for axis in row[len(layers[training]) :]:
            axis.set_axis_off()
    for axis in axes[-1]:
        axis.set_xlabel("clock (updates)")
    legend_below(figure, labelled(axes.flat), columns=3, size=15)
    return figure


def gap_by_training(records: Sequence[Record], tolerance: Tolerance, *, gap: str, title: str) -> Figure:
    """One gap of all layers against clock: median and 5–95 % of replicates, one panel per training.

    Args:
        records: one or more, of any number of trainings and distributions.
        tolerance: ε is drawn.
        gap: which gap.
        title: of the figure.

    Returns:
        Panels in three columns; the grey line is the gap of another data order, the natural scale.
    """
    if not records:
        return nothing_yet(title)
    settings, trainings, labels = _told_apart(records)
    rows = -(-len(trainings) // 3)
    figure = sheet(title, 21, 5.4 * rows + 2.4)
    axes = figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, training in zip(axes, trainings, strict=False):
        mine = [(setting, gaps) for setting, gaps in settings if setting.training == training]
        for setting, gaps in mine:
            _draw_gap(axis, gaps, "all", setting.distribution.label, labels, gap=gap)
        _draw_natural(axis, mine[0][1], gap)
        draw_tolerance(axis, tolerance)
        axis.set_title(short(training), fontsize=16)
        axis.set_xlabel("clock (updates)")
        axis.set_ylabel("relative gap (no unit)")
    for axis in axes[len(trainings) :]:
        axis.set_axis_off()
    axes[0].set_ylim(bottom=max(FLOOR, 0.3 * min(_lowest(settings, gap), tolerance.epsilon)))
    legend_below(figure, labelled(axes[: len(trainings)]), columns=3, size=14)
    return figure


def _told_apart(records: Sequence[Record]) -> tuple[_Pooled, list[Training], list[str]]:
    """Settings with their gaps, their trainings, and the labels of their distributions."""
    settings = list(pooled(records).values())
    trainings = list(dict.fromkeys(setting.training for setting, _ in settings))
    return settings, trainings, list(dict.fromkeys(setting.distribution.label for setting, _ in settings))


def _draw_layer(axis: Axes, settings: _Pooled, layer: str, labels: Sequence[str], tolerance: Tolerance) -> None:
    training, gaps = settings[0][0].training, settings[0][1]
    _draw_band(axis, gaps, layer)
    for setting, mine in settings:
        _draw_gap(axis, mine, layer, setting.distribution.label, labels)
    draw_tolerance(axis, tolerance)
    widths, name = "–".join(map(str, training.widths)), "all layers" if layer == "all" else layer
    axis.set_title(f"{training.data} {widths}, {name} (R = {len(np.unique(gaps.replicate))})", fontsize=16)
    axis.set(xlabel="", ylabel="")


def _draw_band(axis: Axes, gaps: GapTable, layer: str) -> None:
    noise, clocks = gaps.worst_over_ranks(gap="aa", layer=layer)
    low, high = np.quantile(np.maximum(noise, FLOOR), QUANTILES, axis=0)
    axis.fill_between(clocks, low, high, color="0.6", alpha=0.5, linewidth=0, label=_BAND)


def _draw_gap(axis: Axes, gaps: GapTable, layer: str, label: str, labels: Sequence[str], gap: str = TRAJECTORY) -> None:
    values, clocks = gaps.worst_over_ranks(gap=gap, layer=layer)
    drawn = np.clip(values, FLOOR, 1e6)
    long = pd.DataFrame({"clock": np.tile(clocks, len(drawn)), "gap": drawn.ravel()})
    sns.lineplot(
        long,
        x="clock",
        y="gap",
        estimator="median",
        errorbar=("pi", 90),
        label=f"{label}: median, 5–95 %",
        ax=axis,
        legend=False,
        **style(labels.index(label)),
    )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(numticks=8))
    axis.yaxis.set_minor_formatter(NullFormatter())


def _draw_natural(axis: Axes, gaps: GapTable, gap: str) -> None:
    scale = {"gap": FUNCTION, "layer": NATURAL} if gap == FUNCTION else {"gap": NATURAL, "layer": "all"}
    natural, clocks = gaps.worst_over_ranks(**scale)
    axis.plot(clocks, np.median(natural, axis=0), color="0.5", linewidth=3, label="another data order, median")


def _lowest(settings: _Pooled, gap: str) -> float:
    """Smallest median from the second clock on: at the first all have read w_0, and the gap is float noise."""
    medians = [np.median(gaps.worst_over_ranks(gap=gap, layer="all")[0], axis=0)[1:] for _, gaps in settings]
    return float(np.concatenate(medians).min())
