"""Figure of how often the verdict errs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from harness.report.figures.looks import style
from harness.report.sheet import labelled, legend_below, sheet


def floors_found(cells: Sequence[Mapping[str, Any]]) -> Figure:
    """Share of simulated suites supported against the height of the floor that they end at, per noise.

    The lower a floor lies under what the gap has reached, the less any rule can see of it; more replicates see more.

    Args:
        cells: operating characteristics.

    Returns:
        One panel per number of replicates; bars are 95 % Clopper–Pearson intervals.
    """
    floors = [cell for cell in cells if cell["world"].startswith("floor ε/")]
    numbers = sorted({cell["replicates"] for cell in floors})
    noises = list(dict.fromkeys(cell["noise"] for cell in floors))
    figure = sheet("Floors that the verdict misses", 5.2 * len(numbers), 6.4)
    axes = figure.subplots(1, len(numbers), sharey=True, squeeze=False)[0]
    for axis, number in zip(axes, numbers, strict=True):
        for place, noise in enumerate(noises):
            mine = [cell for cell in floors if cell["replicates"] == number and cell["noise"] == noise]
            heights = np.array([1 / float(cell["world"].removeprefix("floor ε/")) for cell in mine])
            share, low, high = np.array([cell["supported"] for cell in mine]).T
            look = style(place) | {"markersize": 7, "linewidth": 1.5}
            axis.errorbar(heights, share, yerr=[share - low, high - share], label=noise, capsize=3, **look)
        axis.axhline(0.05, color="black", linestyle="--", linewidth=2, label="0.05")
        axis.set_xscale("log")
        axis.set_xticks(heights, [cell["world"].removeprefix("floor ") for cell in mine], fontsize=12)
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_title(f"R = {number}", fontsize=16)
        axis.set_xlabel("height of the floor")
    axes[0].set_ylabel("share supported (wrongly)")
    legend_below(figure, labelled(axes[:1]), columns=3, size=14)
    return figure
