"""The sheet that a figure is drawn on: its looks and title, its legend, and how it becomes a picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report import drawn

mpl.use("Agg")


def sheet(title: str, width: float, height: float, *, size: float = 20, style: str = "whitegrid") -> Figure:
    """A figure without axes, readable at half its size.

    Args:
        title: of the figure.
        width: inches.
        height: inches.
        size: of the title, points.
        style: seaborn's name of it.

    Returns:
        The figure.
    """
    sns.set_theme(context="talk", style=style, palette="colorblind")
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=size, fontweight="bold")
    return figure


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


def labelled(axes: Iterable[Axes]) -> list[Any]:
    """What some axes show under a name, every name once.

    Args:
        axes: of a figure.

    Returns:
        Handles for a legend.
    """
    found = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    return list(found.values())


def legend_below(figure: Figure, handles: Sequence[Any], *, columns: int, size: float) -> None:
    """Put a legend below all axes.

    Args:
        figure: with axes.
        handles: what is explained, by their labels.
        columns: how many stand side by side, where the figure is wide enough.
        size: of the text, points.
    """
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=size)
    if columns > 1 and legend.get_window_extent().width > figure.bbox.width:
        legend.remove()
        legend_below(figure, handles, columns=columns - 1, size=size)


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
