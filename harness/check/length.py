"""D7: how far the weights travel, which tells step sizes that grow with the number of ranks."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from harness.check.finding import Finding, First, nothing
from harness.check.noise import Noise
from harness.check.observed import Flat, Observed
from harness.check.parts import parts
from harness.check.steps import BLIND, along, same_start
from harness.check.trace import Trace
from harness.verdict import Word

_CHANCE = 1e-6
# Of an update in a view; a step size that is off by less is not told from float noise for sure.
_WEIGHT = 0.01


def length(seen: Observed, noise: Noise) -> Finding:
    """D7: over the whole run the weights travel as far along the reference's way as the reference.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding, with the ratio; P or 1/P would be a step size that grows with the number of ranks.
    """
    if not same_start(seen):
        return nothing("D7", "the trainings do not start from the same weights (D6)")
    way = _way(seen, seen.reference)
    ratio = float(np.mean([along(_way(seen, trace), way)[0] or np.nan for trace in seen.ranks]))
    others = [along(_way(seen, repeat), way)[0] or np.nan for repeat in seen.repeats]
    if not np.isfinite(ratio) or not np.isfinite(others).all():
        return nothing("D7", "the reference did not move, or diverged")
    if seen.staleness != 0:
        return _stale_length(seen, noise, ratio)
    allowed = np.sqrt(sum(noise.bound(n)[-1] ** 2 for n in range(len(seen.names)))) / np.linalg.norm(way)
    if noise.random:
        m = len(others)
        # The reference's own ratio, 1, is one of the draws.
        spread = float(np.std([1.0, *others], ddof=1))
        allowed = float(stdtrit(m, 1 - _CHANCE)) * spread * np.sqrt(1 + 1 / (m + 1))
    evidence = {"ratio": ratio, "allowed": float(allowed), "workers": len(seen.ranks)}
    if abs(ratio - 1) > allowed:
        reason = f"the weights travel {ratio:.4g} times as far as the reference; noise allows {allowed:.1g}"
        first = First(seen.reference.steps, None, None, "D7", ratio, abs(ratio - 1))
        return Finding("D7", Word.REFUTED, reason, first=first, evidence=evidence)
    if not allowed < BLIND:
        return Finding(
            "D7", Word.INCONCLUSIVE, f"the reference's own length varies by {allowed:.1g}", evidence=evidence
        )
    return Finding("D7", Word.SUPPORTED, f"{ratio:.6g} times as far, noise allows {allowed:.1g}", evidence=evidence)


def _stale_length(seen: Observed, noise: Noise, ratio: float) -> Finding:
    """Staleness bends a path but does not scale it: is the ratio nearer to 1 than to P or 1/P, in proportion?

    The first updates are all of the initial weights, so where they can be told apart the law is exact: each has the
    weight 1/P in a view, or is not there yet.
    """
    workers = len(seen.ranks)
    odd = _odd_weight(seen, noise)
    if odd is not None:
        rank, tensor, weight = odd
        reason = f"in rank {rank}'s first view of {tensor} an update counts {weight:.4g} times 1/P, not once"
        first = First(1, rank, None, "D7", weight, abs(weight - 1))
        return Finding("D7", Word.REFUTED, reason, first=first, evidence={"ratio": weight, "workers": workers})
    evidence = {"ratio": ratio, "workers": workers}
    said = f"under staleness the weights travel {ratio:.3g} times as far as the reference"
    if _least(seen) < workers**-0.5 and 0 < ratio < 1:
        return nothing(
            "D7", f"after {seen.reference.steps} steps a view may lack as much as a step divided twice would"
        )
    if ratio <= 0 or abs(np.log(ratio)) > np.log(workers) / 2:
        first = First(seen.reference.steps, None, None, "D7", ratio, abs(ratio - 1))
        return Finding("D7", Word.REFUTED, f"{said}, nearer to P or 1/P than to 1", first=first, evidence=evidence)
    return Finding("D7", Word.SUPPORTED, said, evidence=evidence)


def _least(seen: Observed) -> float:
    """Share of all updates that a rank's last view must hold: all its own, of others' all but the last s."""
    workers, steps = len(seen.ranks), seen.reference.steps
    late = steps if seen.staleness is None else min(seen.staleness, steps)
    return 1 - (workers - 1) / workers * late / steps


def _odd_weight(seen: Observed, noise: Noise) -> tuple[int, str, float] | None:
    """An update that counts neither 1/P nor nothing in a rank's first view, and how often 1/P it counts."""
    for number, name in reversed(list(enumerate(seen.names))):
        made = parts(seen, noise, number, 1)
        if made is None or not made.additive:
            continue
        for rank in range(made.workers):
            row = made.shares(rank)
            weights = made.workers * row if row is not None else np.zeros(1)
            odd = np.abs(weights - np.round(np.clip(weights, 0, 1)))
            if odd.max() > _WEIGHT:
                return rank, name, float(weights[np.argmax(odd)])
    return None


def _way(seen: Observed, trace: Trace) -> Flat:
    flats = [seen.flat(trace, number) for number in range(len(seen.names))]
    return np.concatenate([flat[-1] - flat[0] for flat in flats])
