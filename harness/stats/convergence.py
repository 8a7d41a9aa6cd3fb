"""Does a gap vanish in probability? The rule that turns replicates into one of three words.

At present the rule is the exact binomial tail: Pr(gap at the last clock > ε) against δ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import BadInputError
from harness.stats.intervals import (
    binomial_lower,
    binomial_upper,
    smallest_detectable_probability,
)
from harness.verdict import Word

POWER = 0.95


@dataclass(frozen=True)
class Judgement:
    """A word and the numbers behind it.

    Args:
        verdict: supported, inconclusive or refuted.
        reason: one sentence.
        evidence: JSON-able.
    """

    verdict: Word
    reason: str
    evidence: dict[str, Any]


def judge(gaps: ArrayLike, clocks: ArrayLike, *, epsilon: float, delta: float, alpha: float = 0.05) -> Judgement:
    """Judge Pr(gap_T > ε) ≤ δ by the exact binomial tail over replicates.

    The replicate is the sampling unit. An infinite gap (a diverged replicate) is an exceedance.

    Args:
        gaps: (replicates, checkpoints), not negative, not NaN; any units.
        clocks: (checkpoints,) positive and increasing.
        epsilon: ε > 0, in the units of the gaps.
        delta: δ in (0, 1).
        alpha: error probability of each of the two bounds.

    Returns:
        Supported where the upper bound is at most δ, refuted where the lower bound is above δ, else
        inconclusive with the number of further replicates that would decide.

    Raises:
        BadInputError: an argument has the wrong shape or range; it is named, with the index.

    References:
        clopper1934
    """
    values, times = _checked(gaps, clocks)
    for name, number in (("delta", delta), ("alpha", alpha)):
        if not 0 < number < 1:
            raise BadInputError(f"{name} = {number} must lie in (0, 1)", where="judge")
    if not 0 < epsilon < np.inf:
        raise BadInputError(f"epsilon = {epsilon} must be positive and finite", where="judge")
    tail = _tail(values, epsilon, delta, alpha)
    evidence = tail | {
        "epsilon": epsilon,
        "delta": delta,
        "alpha": alpha,
        "clock": int(times[-1]),
        "first_exceedance": _first_exceedance(values, times, epsilon),
        "worst": _worst(values, times),
    }
    count, total = tail["exceedances"], tail["replicates"]
    seen = f"{count} of {total} replicates pass ε = {epsilon:g}"
    if tail["upper"] <= delta:
        return Judgement(
            Word.SUPPORTED, f"{seen}: exceedance probability at most {tail['upper']:.3g} ≤ {delta:g}", evidence
        )
    if tail["lower"] > delta:
        return Judgement(
            Word.REFUTED, f"{seen}: exceedance probability at least {tail['lower']:.3g} > {delta:g}", evidence
        )
    further = tail["further_replicates"]
    decides = "no affordable number of replicates decides" if further is None else f"{further} more would decide"
    return Judgement(
        Word.INCONCLUSIVE,
        f"{seen}: δ = {delta:g} lies within [{tail['lower']:.3g}, {tail['upper']:.3g}]; {decides}",
        evidence,
    )


def _checked(gaps: ArrayLike, clocks: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, times = np.asarray(gaps, dtype=float), np.asarray(clocks, dtype=float)
    if values.ndim != 2 or 0 in values.shape:
        raise BadInputError(f"shape {values.shape} is not (replicates, checkpoints)", where="judge: gaps")
    if times.shape != (values.shape[1],):
        raise BadInputError(f"shape {times.shape} does not fit gaps of shape {values.shape}", where="judge: clocks")
    wrong = np.argwhere(np.isnan(values) | (values < 0))
    if len(wrong):
        r, k = (int(i) for i in wrong[0])
        raise BadInputError(f"{values[r, k]} is not a gap", where=f"judge: gaps[{r}, {k}]")
    wrong = np.flatnonzero(~(np.diff(times, prepend=0.0) > 0))
    if len(wrong):
        k = int(wrong[0])
        raise BadInputError(f"{times[k]:g} is not above the one before it", where=f"judge: clocks[{k}]")
    return values, times


def _tail(values: NDArray[np.float64], epsilon: float, delta: float, alpha: float) -> dict[str, Any]:
    total = len(values)
    count = int(np.count_nonzero(values[:, -1] > epsilon))
    lower, upper = binomial_lower(count, total, alpha), binomial_upper(count, total, alpha)
    return {
        "exceedances": count,
        "replicates": total,
        "estimate": count / total,
        "lower": lower,
        "upper": upper,
        "smallest_detectable": {
            "gap": epsilon,
            "exceedance_probability": smallest_detectable_probability(total, delta, alpha, POWER),
            "power": POWER,
        },
        "further_replicates": 0 if upper <= delta or lower > delta else _further(count, total, delta, alpha),
    }


def _further(count: int, total: int, delta: float, alpha: float, limit: int = 100_000) -> int | None:
    """Replicates to add, if exceedances go on at the rate seen, until one of the bounds decides."""
    rate, trials = count / total, total
    while trials < limit:
        trials += max(1, trials // 50)
        expected = round(rate * trials)
        if binomial_upper(expected, trials, alpha) <= delta or binomial_lower(expected, trials, alpha) > delta:
            return trials - total
    return None


def _first_exceedance(
    values: NDArray[np.float64], times: NDArray[np.float64], epsilon: float
) -> dict[str, float | int] | None:
    above = np.argwhere((values > epsilon).T)
    if not len(above):
        return None
    k, r = (int(i) for i in above[0])
    return {"clock": int(times[k]), "replicate": r, "gap": float(values[r, k])}


def _worst(values: NDArray[np.float64], times: NDArray[np.float64]) -> dict[str, float | int]:
    r, k = (int(i) for i in np.unravel_index(np.argmax(values), values.shape))
    return {"clock": int(times[k]), "replicate": r, "gap": float(values[r, k])}
