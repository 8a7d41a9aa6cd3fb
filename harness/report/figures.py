"""Figures of gaps, readable at half their size."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from harness.record import Record
from harness.spec import Tolerance, Training

FLOOR = 1e-17
_QUANTILES = (0.05, 0.95)
_BAND = "A/A: reference with another order of summation, 5–95 %"
mpl.use("Agg")


def gap_against_clock(records: Sequence[Record], tolerance: Tolerance, *, title: str) -> Figure:
    """Relative trajectory gap against clock: median and 5–95 % of replicates, the A/A band, and ε.

    Args:
        records: one or more, of any number of data sets and distributions.
        tolerance: ε is drawn.
        title: of the figure.

    Returns:
        One row per training, one column per layer; a gap of exactly 0 is drawn at `FLOOR`.
    """
    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    trainings = list(dict.fromkeys(record.facts.setting.training for record in records))
    names = list(dict.fromkeys(_label(record) for record in records))
    styles = {name: _style(number) for number, name in enumerate(names)}
    layers = {training: _layers(records, training) for training in trainings}
    shape = (len(trainings), max(len(found) for found in layers.values()))
    figure = Figure(figsize=(6.2 * shape[1], 4.6 * shape[0] + 1.8), layout="constrained")
    axes = figure.subplots(*shape, sharex="row", sharey=True, squeeze=False)
    for row, training in enumerate(trainings):
        mine = [record for record in records if record.facts.setting.training == training]
        for axis in axes[row, len(layers[training]) :]:
            axis.set_axis_off()
        for column, layer in enumerate(layers[training]):
            axis = axes[row, column]
            _draw_band(axis, mine[0], layer)
            for record in mine:
                _draw_gap(axis, record, layer, styles[_label(record)])
            axis.axhline(
                tolerance.epsilon, color="black", linestyle="--", linewidth=2, label=f"ε = {tolerance.epsilon:g}"
            )
            replicates = sum(len(record.facts.block.replicates) for record in mine[:1])
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


def _layers(records: Sequence[Record], training: Training) -> tuple[str, ...]:
    return next(record.gaps.layers for record in records if record.facts.setting.training == training)


def _label(record: Record) -> str:
    partition = record.facts.setting.distribution
    ranks = f"{partition.workers} rank" + ("s" if partition.workers > 1 else "")
    return ranks if partition.fault == "none" else f"{ranks}, {partition.fault}"


def _style(number: int) -> dict[str, Any]:
    """Colour, marker and dashes, so that curves that lie on each other can be told apart, in grey too."""
    looks = [("o", "-"), ("s", "--"), ("^", ":"), ("D", "-.")]
    marker, line = looks[number % len(looks)]
    colour = sns.color_palette("colorblind")[number % 10]
    # Later curves are drawn on top, so they are smaller.
    size = {"markersize": max(5, 11 - 3 * number), "linewidth": max(1.5, 4 - number)}
    return {"color": colour, "marker": marker, "linestyle": line} | size


def _draw_band(axis: Axes, record: Record, layer: str) -> None:
    noise, clocks = record.gaps.worst_over_ranks(gap="aa", layer=layer)
    low, high = np.quantile(np.maximum(noise, FLOOR), _QUANTILES, axis=0)
    axis.fill_between(clocks, low, high, color="0.6", alpha=0.5, linewidth=0, label=_BAND)


def _draw_gap(axis: Axes, record: Record, layer: str, style: Mapping[str, Any]) -> None:
    gaps, clocks = record.gaps.worst_over_ranks(gap="trajectory", layer=layer)
    drawn = np.clip(gaps, FLOOR, 1e6)
    long = pd.DataFrame({"clock": np.tile(clocks, len(drawn)), "gap": drawn.ravel()})
    sns.lineplot(
        long,
        x="clock",
        y="gap",
        estimator="median",
        errorbar=("pi", 90),
        label=f"{_label(record)}: median, 5–95 %",
        ax=axis,
        legend=False,
        **style,
    )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(numticks=8))
    axis.yaxis.set_minor_formatter(NullFormatter())


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
        A PNG file at 110 dots per inch.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def inline(png: bytes) -> str:
    """Form of a picture that a page can hold.

    Args:
        png: a PNG file.

    Returns:
        A data address.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()
