"""Intervals without assumptions about the distribution: exact binomial bounds and order statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

from harness.errors import BadInputError


def binomial_upper(successes: int, trials: int, alpha: float) -> float:
    """Clopper–Pearson upper bound of a probability: the p with Pr(Bin(n, p) ≤ k) = α.

    Args:
        successes: k, 0 ≤ k ≤ n.
        trials: n ≥ 1.
        alpha: error probability of this one bound.

    Returns:
        The bound, in [0, 1].

    Raises:
        BadInputError: k or n out of range.

    References:
        clopper1934
    """
    _check_counts(successes, trials)
    return 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1 - alpha))


def binomial_lower(successes: int, trials: int, alpha: float) -> float:
    """Clopper–Pearson lower bound of a probability: the p with Pr(Bin(n, p) ≥ k) = α.

    Args:
        successes: k, 0 ≤ k ≤ n.
        trials: n ≥ 1.
        alpha: error probability of this one bound.

    Returns:
        The bound, in [0, 1].

    Raises:
        BadInputError: k or n out of range.

    References:
        clopper1934
    """
    _check_counts(successes, trials)
    return 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, alpha))


def _check_counts(successes: int, trials: int) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise BadInputError(f"{successes} of {trials} is not a count of successes", where="binomial bound")


def replicates_to_certify(exceedances: int, delta: float, alpha: float) -> int:
    """Smallest n at which k exceedances still certify Pr ≤ δ: upper(k, n) ≤ δ.

    Args:
        exceedances: k ≥ 0.
        delta: δ in (0, 1).
        alpha: error probability of the bound.

    Returns:
        n, for example 29 for k = 0, δ = 0.10, α = 0.05.

    References:
        clopper1934
    """
    low, high = exceedances, exceedances + 1
    while binomial_upper(exceedances, high, alpha) > delta:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if binomial_upper(exceedances, middle, alpha) > delta:
            low = middle
        else:
            high = middle
    return high


def exceedances_to_refute(trials: int, delta: float, alpha: float) -> int | None:
    """Smallest k out of n at which Pr ≤ δ is refuted: lower(k, n) > δ.

    Args:
        trials: n ≥ 1.
        delta: δ in (0, 1).
        alpha: error probability of the bound.

    Returns:
        k, or None where even n of n would not refute.

    References:
        clopper1934
    """
    counts = np.arange(1, trials + 1)
    refuting = np.flatnonzero(betaincinv(counts, trials - counts + 1, alpha) > delta)
    return int(counts[refuting[0]]) if len(refuting) else None


def smallest_detectable_probability(trials: int, delta: float, alpha: float, power: float) -> float | None:
    """Smallest exceedance probability that n replicates would refute with the given power.

    Args:
        trials: n ≥ 1.
        delta: δ that is tested.
        alpha: error probability of the bound.
        power: probability of a refutation at the returned value.

    Returns:
        The p with Pr(Bin(n, p) ≥ k*) = power, k* from `exceedances_to_refute`; None where n cannot refute.
    """
    count = exceedances_to_refute(trials, delta, alpha)
    return None if count is None else float(betaincinv(count, trials - count + 1, power))


def median_interval(values: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """Median with an interval between order statistics: Pr(x_(j) ≤ median ≤ x_(n+1−j)) ≥ 1 − α.

    Args:
        values: (n,) independent values, n ≥ 1, any units.
        alpha: error probability, both sides together.

    Returns:
        Median, lower and upper end; the ends are infinite where n is too small for the level.

    Raises:
        BadInputError: no value is given.

    References:
        hoefler2015
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    if n == 0:
        raise BadInputError("no values", where="median_interval")
    outside = bdtr(np.arange(n), n, 0.5)
    rank = int(np.searchsorted(outside, alpha / 2, side="right"))
    low, high = (ordered[rank - 1], ordered[n - rank]) if rank else (-np.inf, np.inf)
    return float(np.median(ordered)), float(low), float(high)
