"""How many digits of a number a report prints."""

from __future__ import annotations

from math import inf


def digits(value: float) -> str:
    """Four digits that count, or all before the point.

    Args:
        value: any.

    Returns:
        The text.
    """
    return f"{value:.0f}" if 1000 <= abs(value) < inf else f"{value:.4g}"
