"""Medians with intervals, at a few places of an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from harness.stats.intervals import median_interval

_MARKERS, _DASHES = "os^DvP", ("-", "--", ":", "-.")
_ALPHA = 0.05
# Upper end of an interval that has none: beyond every axis.
_ABOVE_ALL = 1e9


def draw_medians(
    axis: Axes, places: Sequence[float], samples: Sequence[NDArray[np.float64]], *, label: str, number: int
) -> None:
    """Medians over replicates with their 95 % order-statistic intervals, joined by a line.

    Args:
        axis: where to.
        places: (points,) where each sample stands, units of the axis.
        samples: per point (replicates,) values; where the median is not finite none is drawn.
        label: for the legend.
        number: which colour, marker and dashes.
    """
    found = np.array([median_interval(sample, _ALPHA) for sample in samples])
    drawn = np.isfinite(found[:, 0])
    middle, low, high = found[drawn].T
    axis.errorbar(
        np.asarray(places)[drawn],
        middle,
        yerr=[middle - low, np.where(np.isfinite(high), high, _ABOVE_ALL) - middle],
        label=label,
        capsize=5,
        color=f"C{number}",
        marker=_MARKERS[number % len(_MARKERS)],
        linestyle=_DASHES[number % len(_DASHES)],
    )


def sides(middle: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths of error bars; none is drawn towards an end that an interval of few rounds does not have.

    Args:
        middle: (points,) medians.
        low: (points,) lower ends.
        high: (points,) upper ends.

    Returns:
        (2, points), below and above.
    """
    return np.where(np.isfinite([low, high]), np.abs([middle - low, high - middle]), 0.0)
