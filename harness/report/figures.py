"""Figures of gaps, readable at half their size."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MultipleLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from harness.record import FUNCTION, NATURAL, TRAJECTORY, GapTable, Record, pooled
from harness.report import drawn
from harness.spec import ScheduledPartition, Setting, StalePartition, Tolerance, Training

FLOOR = 1e-17
_QUANTILES = (0.05, 0.95)
_WORD_COLOURS = {"supported": "#1b7837", "inconclusive": "#8c6d1f", "refuted": "#b2182b"}
_BAND = "A/A: reference with another order of summation, 5–95 %"
mpl.use("Agg")


def nothing_yet(title: str) -> Figure:
    """What stands in for a figure of which nothing has been run so far.

    Args:
        title: of the figure.

    Returns:
        Its title, and a line that says so.
    """
    figure = Figure(figsize=(16, 2.4), layout="constrained")
    figure.suptitle(title, fontsize=20, fontweight="bold")
    figure.text(0.5, 0.35, "no record yet", ha="center", fontsize=16, color="0.4")
    return figure


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
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    settings = list(pooled(records).values())
    trainings = list(dict.fromkeys(setting.training for setting, _ in settings))
    names = list(dict.fromkeys(setting.distribution.label for setting, _ in settings))
    styles = {name: _style(number) for number, name in enumerate(names)}
    layers = {training: next(g.layers for s, g in settings if s.training == training) for training in trainings}
    shape = (len(trainings), max(len(found) for found in layers.values()))
    figure = Figure(figsize=(6.2 * shape[1], 4.6 * shape[0] + 1.8), layout="constrained")
    axes = figure.subplots(*shape, sharex="row", sharey=True, squeeze=False)
    for row, training in enumerate(trainings):
        mine = [(setting, gaps) for setting, gaps in settings if setting.training == training]
        for axis in axes[row, len(layers[training]) :]:
            axis.set_axis_off()
        for column, layer in enumerate(layers[training]):
            axis = axes[row, column]
            _draw_band(axis, mine[0][1], layer)
            for setting, gaps in mine:
                _draw_gap(axis, gaps, layer, setting.distribution.label, styles[setting.distribution.label])
            axis.axhline(
                tolerance.epsilon, color="black", linestyle="--", linewidth=2, label=f"ε = {tolerance.epsilon:g}"
            )
            replicates = len(np.unique(mine[0][1].replicate))
            widths = "–".join(map(str, training.widths))
            name = "all layers" if layer == "all" else layer
            axis.set_title(f"{training.data} {widths}, {name} (R = {replicates})", fontsize=16)
            axis.set_xlabel("clock (updates)" if row == shape[0] - 1 else "")
            axis.set_ylabel("gap / distance travelled\n(relative, no unit)" if column == 0 else "")
    handles = {
        label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=15)
    figure.suptitle(title, fontsize=20, fontweight="bold")
    return figure


def _style(number: int) -> dict[str, Any]:
    """Colour, marker and dashes, so that curves that lie on each other can be told apart, in grey too."""
    looks = [("o", "-"), ("s", "--"), ("^", ":"), ("D", "-.")]
    marker, line = looks[number % len(looks)]
    colour = sns.color_palette("colorblind")[number % 10]
    # Later curves are drawn on top, so they are smaller.
    size = {"markersize": max(5, 11 - 3 * number), "linewidth": max(1.5, 4 - number)}
    return {"color": colour, "marker": marker, "linestyle": line} | size


def _draw_band(axis: Axes, gaps: GapTable, layer: str) -> None:
    noise, clocks = gaps.worst_over_ranks(gap="aa", layer=layer)
    low, high = np.quantile(np.maximum(noise, FLOOR), _QUANTILES, axis=0)
    axis.fill_between(clocks, low, high, color="0.6", alpha=0.5, linewidth=0, label=_BAND)


def _draw_gap(
    axis: Axes, gaps: GapTable, layer: str, label: str, style: Mapping[str, Any], gap: str = TRAJECTORY
) -> None:
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
        **style,
    )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(numticks=8))
    axis.yaxis.set_minor_formatter(NullFormatter())


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
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    settings = list(pooled(records).values())
    trainings = list(dict.fromkeys(setting.training for setting, _ in settings))
    labels = list(dict.fromkeys(setting.distribution.label for setting, _ in settings))
    rows = -(-len(trainings) // 3)
    figure = Figure(figsize=(21, 5.4 * rows + 2.4), layout="constrained")
    axes = figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, training in zip(axes, trainings, strict=False):
        mine = [(setting.distribution.label, gaps) for setting, gaps in settings if setting.training == training]
        for label, gaps in mine:
            _draw_gap(axis, gaps, "all", label, _style(labels.index(label)), gap=gap)
        scale = {"gap": FUNCTION, "layer": NATURAL} if gap == FUNCTION else {"gap": NATURAL, "layer": "all"}
        natural, clocks = mine[0][1].worst_over_ranks(**scale)
        axis.plot(clocks, np.median(natural, axis=0), color="0.5", linewidth=3, label="another data order, median")
        axis.axhline(tolerance.epsilon, color="black", linestyle="--", linewidth=2, label=f"ε = {tolerance.epsilon:g}")
        axis.set_title(_short(training), fontsize=16)
        axis.set_xlabel("clock (updates)")
        axis.set_ylabel("relative gap (no unit)")
    for axis in axes[len(trainings) :]:
        axis.set_axis_off()
    # At clock 1 all have read w_0, and the gap is float noise: left below the axis, where it hides nothing.
    later = np.concatenate([
        np.median(gaps.worst_over_ranks(gap=gap, layer="all")[0], axis=0)[1:] for _, gaps in settings
    ])
    axes[0].set_ylim(bottom=max(FLOOR, 0.3 * later.min()))
    _legend_below(figure, axes[: len(trainings)], columns=3)
    figure.suptitle(title, fontsize=20, fontweight="bold")
    return figure


@dataclass(frozen=True)
class Cell:
    """A point of a map.

    Args:
        x: value along the horizontal axis.
        y: value or word along the vertical axis.
        word: verdict.
        median: median relative gap at the last clock.
    """

    x: float
    y: float | str
    word: str
    median: float


def verdict_maps(panels: Mapping[str, Sequence[Cell]], *, title: str) -> Figure:
    """Verdicts over two parameters, as coloured cells with the median gap in them.

    Args:
        panels: cells by `what, name of the horizontal axis, name of the vertical axis`.
        title: of the figure.

    Returns:
        One panel per key, two in a row.
    """
    if not panels:
        return nothing_yet(title)
    sns.set_theme(context="talk", style="white")
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(16, 6 * rows + 1), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for axis, (name, cells) in zip(axes, panels.items(), strict=False):
        what, parameter, other = name.split(", ")
        across, down = sorted({cell.x for cell in cells}), sorted({cell.y for cell in cells}, key=_in_order)
        for cell in cells:
            x, y = across.index(cell.x), down.index(cell.y)
            axis.add_patch(Rectangle((x, y), 1, 1, facecolor=_WORD_COLOURS[cell.word], edgecolor="white", linewidth=3))
            text = f"{cell.word}\n{cell.median:.2g}"
            axis.text(x + 0.5, y + 0.5, text, ha="center", va="center", color="white", fontsize=14)
        axis.set_xlim(0, len(across))
        axis.set_ylim(0, len(down))
        axis.set_xticks(np.arange(len(across)) + 0.5, [f"{value:g}" for value in across])
        axis.set_yticks(np.arange(len(down)) + 0.5, [_plainly(value) for value in down])
        axis.set_xlabel(parameter)
        axis.set_ylabel(other)
        axis.set_title(f"{what}: verdict and median relative gap", fontsize=16)
    figure.suptitle(title, fontsize=20, fontweight="bold")
    return figure


def _in_order(value: float | str) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


def _plainly(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


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
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    trainings = list(dict.fromkeys(setting.training for setting in ratios))
    labels = list(dict.fromkeys(setting.distribution.label for setting in ratios))
    figure = Figure(figsize=(9 * len(trainings), 8), layout="constrained")
    axes = figure.subplots(1, len(trainings), sharey=True, squeeze=False)[0]
    for axis, training in zip(axes, trainings, strict=True):
        for setting, (values, clocks) in ratios.items():
            if setting.training == training:
                look = _style(labels.index(setting.distribution.label)) | {"marker": "", "linewidth": 2}
                axis.plot(clocks, np.median(values, axis=0), label=setting.distribution.label, **look)
                low, high = np.quantile(values, _QUANTILES, axis=0)
                axis.fill_between(clocks, low, high, color=look["color"], alpha=0.15, linewidth=0)
        axis.axhline(1, color="black", linestyle="--", linewidth=2, label="bound")
        axis.set_title(_short(training), fontsize=16)
        axis.set_xlabel("clock")
    axes[0].set_ylabel(f"{unit} (no unit)")
    _legend_below(figure, axes, columns=3)
    figure.suptitle(title, fontsize=20, fontweight="bold")
    return figure


def _short(training: Training) -> str:
    """Data, widths, step size, and what is not plain, in a line."""
    name = f"{training.data} {'–'.join(map(str, training.widths))}"
    name += f" {training.activation}" if len(training.widths) > 2 else ""
    name += f", η₀ = {training.step_size.initial:g}"
    return name + (f", L2 = {training.regularisation.l2:g}" if training.regularisation.l2 else "")


def _legend_below(figure: Figure, axes: Iterable[Axes], columns: int) -> None:
    handles = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=columns, frameon=False, fontsize=14
    )


def shares_of_lags(counts: Mapping[Setting, Mapping[str, float]]) -> Figure:
    """Share of reads against how many clocks behind another worker they were.

    Args:
        counts: for each setting the number of reads by lag, as a word.

    Returns:
        One panel per number of ranks and staleness; the dotted lines are the bounds of the rules.
    """
    if not counts:
        return nothing_yet("How stale reads were")
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    panels = sorted({(s.distribution.workers, s.distribution.staleness) for s in counts})
    figure = Figure(figsize=(7.2 * len(panels), 6.6), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    names = list(dict.fromkeys(_how(setting) for setting in counts))
    for axis, (workers, staleness) in zip(axes, panels, strict=True):
        for setting, lags in counts.items():
            if (setting.distribution.workers, setting.distribution.staleness) != (workers, staleness):
                continue
            clocks = np.arange(-int(staleness) - 1, int(staleness) + 1)
            shares = np.array([lags.get(str(lag), 0.0) for lag in clocks]) / sum(lags.values())
            axis.plot(clocks, shares, label=_how(setting), **_style(names.index(_how(setting))))
        for bound in (-staleness - 1, staleness):
            axis.axvline(bound, color="black", linestyle=":", linewidth=2, label="bounds of the rules")
        axis.xaxis.set_major_locator(MultipleLocator(1))
        axis.set_title(f"P = {workers}, s = {staleness:g}", fontsize=16)
        axis.set_xlabel("clocks behind the other worker")
    axes[0].set_ylabel("share of reads")
    _legend_below(figure, axes, columns=3)
    figure.suptitle("How stale reads were", fontsize=20, fontweight="bold")
    return figure


def _how(setting: Setting) -> str:
    if isinstance(setting.distribution, ScheduledPartition):
        return f"{setting.distribution.policy}, {setting.distribution.layout}"
    found = setting.distributed_by(StalePartition)
    return f"{found.transport}, {found.controller}, stragglers: {found.stragglers}"


def floors_found(cells: Sequence[Mapping[str, Any]]) -> Figure:
    """Share of simulated suites supported against the height of the floor that they end at, per noise.

    The lower a floor lies under what the gap has reached, the less any rule can see of it; more replicates see more.

    Args:
        cells: operating characteristics.

    Returns:
        One panel per number of replicates; bars are 95 % Clopper–Pearson intervals.
    """
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    floors = [cell for cell in cells if cell["world"].startswith("floor ε/")]
    numbers = sorted({cell["replicates"] for cell in floors})
    noises = list(dict.fromkeys(cell["noise"] for cell in floors))
    figure = Figure(figsize=(5.2 * len(numbers), 6.4), layout="constrained")
    axes = figure.subplots(1, len(numbers), sharey=True, squeeze=False)[0]
    for axis, number in zip(axes, numbers, strict=True):
        for place, noise in enumerate(noises):
            mine = [cell for cell in floors if cell["replicates"] == number and cell["noise"] == noise]
            heights = np.array([1 / float(cell["world"].removeprefix("floor ε/")) for cell in mine])
            share, low, high = np.array([cell["supported"] for cell in mine]).T
            look = _style(place) | {"markersize": 7, "linewidth": 1.5}
            axis.errorbar(heights, share, yerr=[share - low, high - share], label=noise, capsize=3, **look)
        axis.axhline(0.05, color="black", linestyle="--", linewidth=2, label="0.05")
        axis.set_xscale("log")
        axis.set_xticks(heights, [cell["world"].removeprefix("floor ") for cell in mine], fontsize=12)
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_title(f"R = {number}", fontsize=16)
        axis.set_xlabel("height of the floor")
    axes[0].set_ylabel("share supported (wrongly)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=14)
    figure.suptitle("Floors that the verdict misses", fontsize=20, fontweight="bold")
    return figure


def to_png(figure: Figure) -> bytes:
    """Draw a figure.

    Args:
        figure: any.

    Returns:
        A PNG file at 110 dots per inch, which says what its lines are.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={drawn.KEYWORD: drawn.described(figure)})
    return buffer.getvalue()


def inline(png: bytes) -> str:
    """Form of a picture that a page can hold.

    Args:
        png: a PNG file.

    Returns:
        A data address.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()
