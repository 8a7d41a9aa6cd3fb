"""Figures of verdicts over two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from harness.report.sheet import nothing_yet, sheet

_WORD_COLOURS = {"supported": "#1b7837", "inconclusive": "#8c6d1f", "refuted": "#b2182b"}


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
    rows = -(-len(panels) // 2)
    figure = sheet(title, 16, 6 * rows + 1, style="white")
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for axis, (name, cells) in zip(axes, panels.items(), strict=False):
        what, parameter, other = name.split(", ")
        _draw_cells(axis, cells)
        axis.set_xlabel(parameter)
        axis.set_ylabel(other)
        axis.set_title(f"{what}: verdict and median relative gap", fontsize=16)
    return figure


def _draw_cells(axis: Axes, cells: Sequence[Cell]) -> None:
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


def _in_order(value: float | str) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


def _plainly(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
