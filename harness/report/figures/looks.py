"""How curves of gaps look, and what their panels are called."""

from __future__ import annotations

from typing import Any

import seaborn as sns
from matplotlib.axes import Axes

from harness.spec import Tolerance, Training

QUANTILES = (0.05, 0.95)


def style(number: int) -> dict[str, Any]:
    """Colour, marker and dashes, so that curves that lie on each other can be told apart, in grey too.

    Args:
        number: which curve.

    Returns:
        What matplotlib draws it with.
    """
    looks = [("o", "-"), ("s", "--"), ("^", ":"), ("D", "-.")]
    marker, line = looks[number % len(looks)]
    colour = sns.color_palette("colorblind")[number % 10]
    # Later curves are drawn on top, so they are smaller.
    size = {"markersize": max(5, 11 - 3 * number), "linewidth": max(1.5, 4 - number)}
    return {"color": colour, "marker": marker, "linestyle": line} | size


def draw_tolerance(axis: Axes, tolerance: Tolerance) -> None:
    """Draw ε across a panel.

    Args:
        axis: where to.
        tolerance: holds it.
    """
    axis.axhline(tolerance.epsilon, color="black", linestyle="--", linewidth=2, label=f"ε = {tolerance.epsilon:g}")


def short(training: Training) -> str:
    """Data, widths, step size, and what is not plain, in a line.

    Args:
        training: any.

    Returns:
        A title.
    """
    name = f"{training.data} {'–'.join(map(str, training.widths))}"
    name += f" {training.activation}" if len(training.widths) > 2 else ""
    name += f", η₀ = {training.step_size.initial:g}"
    return name + (f", L2 = {training.regularisation.l2:g}" if training.regularisation.l2 else "")
