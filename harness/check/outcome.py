"""D8: what the ranks report of the outcome, step by step, and over the run where random numbers are drawn."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy.special import stdtrit

from harness.check.finding import Finding, First, nothing
from harness.check.noise import Noise, gap
from harness.check.observed import Flat, Observed
from harness.check.steps import same_start
from harness.verdict import Word

# Of two one-sided tests, and of a refutation, of which a check has many chances.
_ALPHA, _CHANCE = 0.05, 1e-6
# Mean losses that differ by less than a tenth are an equal outcome.
MARGIN = 0.1
_ACROSS = 10.0


def losses(seen: Observed, noise: Noise) -> Finding:
    """D8: as long as the weights are the reference's, the ranks' mean loss is that of the whole batch.

    Where random numbers are drawn, the mean loss over the run is asked to be equivalent instead.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding, with the first step whose loss is another.
    """
    if not same_start(seen):
        return nothing("D8", "the trainings do not start from the same weights (D6)")
    right, ours = seen.reference.losses, np.array([trace.losses for trace in seen.ranks])
    if not np.isfinite(right[0]) or not np.isfinite(ours[:, 0]).all() or (right == right[0]).all():
        return nothing("D8", "step returns no loss that varies")
    if noise.random:
        return _equivalence(seen)
    steps = _comparable(seen, noise)
    wrong = np.abs(_mean(seen, ours) - right)[:steps] > _allowed(seen, noise)[:steps]
    # Shares of unequal size may be averaged over ranks as well as over examples.
    wrong &= np.abs(ours.mean(axis=0) - right)[:steps] > _allowed(seen, noise)[:steps]
    if not wrong.any():
        said = f"mean over ranks {_mean(seen, ours)[0]:.6g}, alone {right[0]:.6g}, at step 1"
        return Finding("D8", Word.SUPPORTED, f"{said} of {steps} that were compared", evidence={"steps": steps})
    return _wrong(seen, noise, int(np.argmax(wrong)))


def _mean(seen: Observed, ours: Flat) -> Flat:
    """(steps,) mean over examples of the losses of the ranks."""
    sizes = np.array([[len(ids) for ids in trace.ids] for trace in seen.ranks])
    found: Flat = (ours * sizes).sum(axis=0) / sizes.sum(axis=0)
    return found


def _allowed(seen: Observed, noise: Noise) -> Flat:
    """(steps,) how far a loss may be off: as the reference's own, and as weights within their bounds can make it.

    Weights that travelled a way changed the loss by some amount; weights off by a share of that way may change it by
    ten times that share, since they may lie across it.
    """
    right = seen.reference.losses
    repeats = np.abs([repeat.losses - right for repeat in seen.repeats]).max(axis=0)
    share = np.zeros(len(right))
    if len(seen.reference.kept) == len(right) + 1:
        sizes = [[noise.detectable(number, step) for step in range(len(right))] for number in range(len(seen.names))]
        share = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
    changed = np.abs(right) + np.abs(right - right[0])
    allowed: Flat = 30 * np.maximum.accumulate(repeats) + 1e-5 * np.abs(right) + _ACROSS * share * changed
    return allowed


def _comparable(seen: Observed, noise: Noise) -> int:
    """How many losses are of the reference's weights: the first always is."""
    if seen.staleness != 0 or len(seen.reference.kept) <= seen.reference.steps:
        return 1
    good = np.ones(seen.reference.steps + 1, bool)
    for number in range(len(seen.names)):
        for trace in seen.ranks:
            good &= gap(seen, trace, number) <= noise.bound(number)
    finite = np.isfinite(seen.reference.losses)
    return max(1, int(np.argmin(np.append(good[:-1] & finite, False))))


def _wrong(seen: Observed, noise: Noise, step: int) -> Finding:
    right = float(seen.reference.losses[step])
    ours = np.array([trace.losses for trace in seen.ranks])
    mean, allowed = float(_mean(seen, ours)[step]), float(_allowed(seen, noise)[step])
    ratio = mean / right if right else inf
    evidence = {"alone": right, "ranks": ours[:, step].tolist(), "ratio": ratio, "allowed": allowed}
    if step == 0 and abs(float(ours[:, 0].sum()) - right) <= allowed:
        reason = "the losses of the ranks add up to that of the whole batch: a sum over examples, or divided by P"
        return Finding("D8", Word.INCONCLUSIVE, reason, evidence=evidence)
    reason = (
        f"at step {step + 1} the ranks report {mean:.6g} on average and the reference {right:.6g},"
        f" {ratio:.4g} times as much"
    )
    first = First(step + 1, None, None, "D8", ratio, abs(ratio - 1))
    return Finding("D8", Word.REFUTED, reason, first=first, evidence=evidence)


def _equivalence(seen: Observed) -> Finding:
    """Two one-sided tests: a further run of the reference would lie as near to the ranks' mean loss as they to it."""
    draws = np.array([trace.losses.mean() for trace in (seen.reference, *seen.repeats)])
    ours = float(_mean(seen, np.array([trace.losses for trace in seen.ranks])).mean())
    if not np.isfinite([*draws, ours]).all():
        return nothing("D8", "a loss is not finite")
    freedom, margin = len(draws) - 1, MARGIN * abs(float(draws.mean()))
    spread = float(draws.std(ddof=1)) * float(np.sqrt(1 + 1 / len(draws)))
    difference = ours - float(draws.mean())
    half, most = (float(stdtrit(freedom, 1 - chance)) * spread for chance in (_ALPHA, _CHANCE))
    evidence = {"difference": difference, "half": half, "margin": margin, "replicates": len(draws)}
    said = f"mean loss over the run differs by {difference:.3g} ± {half:.2g}, where {margin:.2g} counts as equal"
    if abs(difference) + half < margin:
        return Finding("D8", Word.SUPPORTED, said, evidence=evidence)
    if abs(difference) - most > margin:
        ratio = ours / float(draws.mean())
        first = First(seen.reference.steps, None, None, "D8", ratio, abs(ratio - 1))
        return Finding("D8", Word.REFUTED, said, first=first, evidence=evidence)
    return Finding("D8", Word.INCONCLUSIVE, said, evidence=evidence)
