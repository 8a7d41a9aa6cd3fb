"""Judging while replicates are added: tests that stay valid however often one looks, and whenever one stops.

The evidence is an e-process: a wealth that grows when replicates speak against a hypothesis and is expected not to
grow while it is true, so that it ever reaches 1/α with probability α at most (Ville's inequality).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln

from harness.stats import convergence
from harness.stats.convergence import Judgement
from harness.stats.observed import Observed
from harness.verdict import Word


@dataclass(frozen=True)
class Wealth:
    """Evidence for Pr < δ and for Pr > δ after k exceedances in n replicates.

    Args:
        below: e-values against Pr ≥ δ; at 1/α the probability is shown to be below δ.
        above: e-values against Pr ≤ δ; at 1/α it is shown to be above δ.
    """

    below: NDArray[np.float64]
    above: NDArray[np.float64]


def wealth(exceedances: ArrayLike, replicates: ArrayLike, delta: float) -> Wealth:
    """Mixture likelihood ratios of Pr < δ and of Pr > δ against Pr = δ.

    E = ∫ p^k (1−p)^(n−k) dπ(p) / (δ^k (1−δ)^(n−k)), with π = Beta(½, 5/δ) cut to [0, δ] for one side, and
    Beta(1, 1) cut to [δ, 1] for the other.

    Args:
        exceedances: k, any shape.
        replicates: n ≥ k, of the same shape.
        delta: δ in (0, 1).

    Returns:
        Both e-values, of that shape; 1 before the first replicate.

    References:
        ramdas2023
    """
    count = np.asarray(exceedances, dtype=float)
    clean = np.asarray(replicates, dtype=float) - count
    null = count * np.log(delta) + clean * np.log1p(-delta)
    with np.errstate(divide="ignore"):
        a, b = 0.5 + count, 5 / delta + clean
        prior = betaln(0.5, 5 / delta) + np.log(betainc(0.5, 5 / delta, delta))
        below = betaln(a, b) + np.log(betainc(a, b, delta)) - prior
        a, b = 1.0 + count, 1.0 + clean
        above = betaln(a, b) + np.log(betainc(b, a, 1 - delta) / (1 - delta))
    with np.errstate(over="ignore"):
        return Wealth(np.exp(below - null), np.exp(above - null))


def first_decision(exceeding: NDArray[np.bool_], delta: float, alpha: float) -> tuple[int | None, Word]:
    """When a sequence of replicates decides Pr against δ, looking after each of them.

    Args:
        exceeding: (replicates,) in the order in which they were run.
        delta: δ in (0, 1).
        alpha: error probability of each side, over all looks together.

    Returns:
        Number of replicates at the first decision, or None, and the word: supported (below δ), refuted, inconclusive.
    """
    looks = np.arange(1, len(exceeding) + 1)
    found = wealth(np.cumsum(exceeding), looks, delta)
    decided = np.flatnonzero((found.below >= 1 / alpha) | (found.above >= 1 / alpha))
    if not len(decided):
        return None, Word.INCONCLUSIVE
    word = Word.SUPPORTED if found.below[decided[0]] >= 1 / alpha else Word.REFUTED
    return int(looks[decided[0]]), word


def judge_sequentially(
    gaps: ArrayLike,
    clocks: ArrayLike,
    *,
    epsilon: float,
    delta: float,
    alpha: float = 0.05,
    resolution: float = 0.0,
) -> Judgement:
    """Judge the replicates run so far; may be called after each, and stopped at any of them.

    The tail is decided by the e-process at the first replicate where it decides. Decay and floor are asked as in
    `convergence.judge`, once the tail is supported.

    Args:
        gaps: (replicates, checkpoints) in the order in which they were run.
        clocks: (checkpoints,) positive and increasing.
        epsilon: ε > 0, in the units of the gaps.
        delta: δ in (0, 1).
        alpha: error probability of each side of the tail over all looks together.
        resolution: gaps up to here are float noise and count as 0.

    Returns:
        The word and the evidence of the fixed rule, with `sequential` added.

    Raises:
        BadInputError: as `convergence.judge`.

    References:
        ramdas2023
    """
    fixed = convergence.judge(gaps, clocks, epsilon=epsilon, delta=delta, alpha=alpha, resolution=resolution)
    last = Observed.of(gaps, clocks).last
    decided, word = first_decision(last > epsilon, delta, alpha)
    now = wealth(fixed.evidence["exceedances"], len(last), delta)
    sequential = {"decided_after": decided, "tail": str(word), "e_below": float(now.below), "e_above": float(now.above)}
    evidence: dict[str, Any] = fixed.evidence | {"sequential": sequential}
    seen = f"e-value {now.below:.3g} for, {now.above:.3g} against, {1 / alpha:g} decides"
    if word is Word.REFUTED:
        return Judgement(
            word, f"after {decided} replicates the exceedance probability is shown above {delta:g}", evidence
        )
    if word is Word.INCONCLUSIVE:
        return Judgement(word, f"{len(last)} replicates do not decide the tail yet ({seen})", evidence)
    if fixed.evidence["trend"] is Word.SUPPORTED:
        return Judgement(word, f"after {decided} replicates the tail is decided ({seen}); {fixed.reason}", evidence)
    return Judgement(fixed.evidence["trend"], fixed.reason, evidence)
