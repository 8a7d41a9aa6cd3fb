"""How points of each kind and family look, and the lengths of their error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from harness.report.timing.names import EMULATED, LIMIT, MEASURED, MODELLED
from harness.stats.speed import Interval

Looks = Mapping[str, Mapping[str, Any]]
# How a marker is filled, and how its line is drawn where points are joined.
KINDS: dict[str, dict[str, Any]] = {
    MEASURED: {"fillstyle": "full", "linestyle": "-"},
    EMULATED: {"fillstyle": "bottom", "linestyle": ":"},
    MODELLED: {"fillstyle": "none", "linestyle": "--"},
}
_MARKERS = "osD^vPXphd<>"
_COLOURS = [*(f"C{n}" for n in range(10)), "navy", "darkred"]
_SOURCES = "*1234"


def by_family(names: Sequence[str]) -> Looks:
    """Marker and colour of each family.

    Args:
        names: of families, some maybe twice.

    Returns:
        What matplotlib draws them with, by name, without the limit.
    """
    families = [name for name in dict.fromkeys(names) if name != LIMIT]
    return {
        name: {"marker": _MARKERS[n % len(_MARKERS)], "color": _COLOURS[n % len(_COLOURS)]}
        for n, name in enumerate(families)
    }


def of_published(number: int) -> dict[str, Any]:
    """Look of a published series.

    Args:
        number: which.

    Returns:
        What matplotlib draws it with.
    """
    return {
        "marker": _SOURCES[number % len(_SOURCES)],
        "color": "0.45",
        "linestyle": (0, (1, 3)),
        "markersize": 15,
        "markeredgewidth": 2,
        "linewidth": 1.5,
        "zorder": 1,
    }


def error_bars(drawn: Sequence[tuple[int, Interval]]) -> tuple[list[int], list[float], list[list[float]]]:
    """Medians with their error bars; an end that is not finite lies beyond the axis.

    Args:
        drawn: intervals, each with its place.

    Returns:
        Places, medians and lengths, below and above.
    """
    lengths = [
        [i.median - (i.low if isfinite(i.low) else 0), (i.high if isfinite(i.high) else 1e6) - i.median]
        for _, i in drawn
    ]
    return [n for n, _ in drawn], [i.median for _, i in drawn], np.array(lengths).T.tolist()
