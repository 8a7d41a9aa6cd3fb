"""Wilcoxon's signed-rank test and the estimate that belongs to it, by array operations alone.

SciPy's own test takes longer to import than everything else that judging needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri


def positive_p_value(values: NDArray[np.float64]) -> float:
    """One-sided p-value of "symmetric about at most 0" against "above 0", normal approximation.

    Args:
        values: (n,) independent values; infinite ones are the largest, zeros are dropped.

    Returns:
        The p-value; 1 where no value is left.

    References:
        wilcoxon1945
    """
    kept = values[values != 0]
    n = len(kept)
    if n == 0:
        return 1.0
    sizes, places, counts = np.unique(np.abs(kept), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    ties = float((counts.astype(float) ** 3 - counts).sum())
    variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
    surplus = float(ranks[kept > 0].sum()) - n * (n + 1) / 4
    return float(ndtr(-(surplus - 0.5) / np.sqrt(variance))) if len(sizes) else 1.0


def location_interval(values: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """Hodges–Lehmann estimate, the median of all pairwise means, with its one-sided bounds.

    Args:
        values: (n,) independent values, symmetric about their centre, n ≥ 1; infinite ones are allowed.
        alpha: error probability of each bound.

    Returns:
        Estimate, lower and upper bound; the bounds are infinite where n is too small for the level.

    References:
        hodges1963
    """
    n = len(values)
    first, second = np.triu_indices(n)
    with np.errstate(invalid="ignore"):
        means = (values[first] + values[second]) / 2
    means[np.isnan(means)] = 0  # one of either infinity
    total = len(means)
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    outside = int(np.floor(n * (n + 1) / 4 + ndtri(alpha) * spread))
    middle = [(total - 1) // 2, total // 2]
    places = [*middle, max(outside - 1, 0), min(total - outside, total - 1)]
    means.partition(sorted(set(places)))
    low, high = (means[places[2]], means[places[3]]) if outside >= 1 else (-np.inf, np.inf)
    return float(means[middle].mean()), float(low), float(high)
