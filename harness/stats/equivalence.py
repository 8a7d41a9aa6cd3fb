"""Are the outcomes of distributed and undistributed training the same? Two one-sided tests, margin fixed before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import BadInputError
from harness.stats.convergence import Judgement
from harness.stats.signed_rank import location_interval
from harness.verdict import Word


def judge_equivalence(differences: ArrayLike, *, margin: float, alpha: float = 0.05) -> Judgement:
    """Judge |typical difference| < margin by two one-sided signed-rank tests over replicates.

    Better as well as worse outcomes count as different: what is asked is whether it is the same training.

    Args:
        differences: (replicates,) outcome of the distributed minus that of the undistributed training, same seed.
        margin: largest difference that counts as equal, in the units of the outcome.
        alpha: error probability of each of the two tests.

    Returns:
        Supported where the interval of the Hodges–Lehmann estimate lies within ±margin, refuted where it lies
        outside, else inconclusive. A difference that is not finite (a diverged replicate) counts as infinite.

    Raises:
        BadInputError: no difference is given, or the margin or α is out of range.

    References:
        schuirmann1987, hodges1963
    """
    values = np.asarray(differences, dtype=float)
    if values.ndim != 1 or not len(values):
        raise BadInputError(f"shape {values.shape} is not (replicates,)", where="judge_equivalence: differences")
    if not 0 < margin < np.inf:
        raise BadInputError(f"margin = {margin} must be positive and finite", where="judge_equivalence")
    if not 0 < alpha < 0.5:
        raise BadInputError(f"alpha = {alpha} must lie in (0, 0.5)", where="judge_equivalence")
    values = np.where(np.isnan(values), np.inf, values)
    if (values == values[0]).all():
        estimate = low = high = float(values[0])
    else:
        estimate, low, high = location_interval(values, alpha)
    evidence: dict[str, Any] = {
        "difference": estimate,
        "lower": low,
        "upper": high,
        "margin": margin,
        "alpha": alpha,
        "replicates": len(values),
        "largest": float(np.max(np.abs(values))),
    }
    stated = f"difference {estimate:.3g} [{low:.3g}, {high:.3g}] against a margin of {margin:g}"
    if -margin < low and high < margin:
        return Judgement(Word.SUPPORTED, f"outcomes are equivalent: {stated}", evidence)
    if low >= margin or high <= -margin:
        return Judgement(Word.REFUTED, f"outcomes differ: {stated}", evidence)
    return Judgement(Word.INCONCLUSIVE, f"equivalence is not shown: {stated}", evidence)
