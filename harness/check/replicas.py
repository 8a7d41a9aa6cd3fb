"""D6 (where the ranks start) and D1 (whether they stay together)."""

from __future__ import annotations

import numpy as np

from harness.check.finding import Finding, First, nothing
from harness.check.noise import RANDOM, Noise, gap
from harness.check.observed import Observed
from harness.check.steps import first_at
from harness.verdict import Word


def starts(seen: Observed, noise: Noise) -> Finding:
    """D6: initial weights are the same bits on all ranks, and those of the reference; random numbers are not.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding; inconclusive where the ranks agree on other weights than the reference.
    """
    first = seen.ranks[0].hashes[0]
    for rank, trace in enumerate(seen.ranks):
        differing = np.flatnonzero(trace.hashes[0] != first)
        if len(differing):
            name = seen.names[differing[-1]]
            reason = (
                f"before the first step, {len(differing)} of {len(first)} tensors differ between ranks 0 and {rank}"
            )
            return Finding("D6", Word.REFUTED, reason, first=First(0, rank, name, "D6"))
    if any((repeat.hashes[0] != seen.reference.hashes[0]).any() for repeat in seen.repeats):
        reason = "the training alone starts from other weights every time; draw them from the seed given to init"
        return Finding("D6", Word.INCONCLUSIVE, reason)
    if (first != seen.reference.hashes[0]).any():
        reason = "the ranks agree, but on other initial weights than the training alone; draw them from the seed given"
        return Finding("D6", Word.INCONCLUSIVE, reason)
    return _streams(seen, noise) or Finding(
        "D6", Word.SUPPORTED, f"{len(seen.ranks)} ranks and the reference start from the same bits"
    )


def _streams(seen: Observed, noise: Noise) -> Finding | None:
    """Whether ranks that are given the same examples still differ in their first loss, as they must if it is random."""
    right = float(seen.reference.losses[0])
    varies = max(abs(float(repeat.losses[0]) - right) for repeat in seen.repeats) > RANDOM * abs(right)
    if not noise.random or not varies:
        return None
    if not seen.same or len({float(trace.losses[0]) for trace in seen.ranks}) < len(seen.ranks):
        reason = "random numbers are drawn, and step returns no loss of the rank's own that would show whether twice"
        return Finding("D6", Word.INCONCLUSIVE, reason)
    given = [float(trace.losses[0]) for trace in seen.same]
    evidence = {"losses": given}
    for rank, loss in enumerate(given):
        if loss in given[:rank]:
            reason = f"given the same examples, ranks {given.index(loss)} and {rank} draw the same random numbers"
            return Finding("D6", Word.REFUTED, reason, first=First(1, rank, None, "D6"), evidence=evidence)
    reason = f"{len(given)} ranks start from the same bits, and given the same examples draw different random numbers"
    return Finding("D6", Word.SUPPORTED, reason, evidence=evidence)


def replicas(seen: Observed, noise: Noise) -> Finding:
    """D1: after every step all ranks hold the same weights.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding; bits may differ by no more than float noise.
    """
    if seen.staleness != 0:
        return nothing("D1", "stale reads are declared, so views differ; the end is in the history (D4)")
    if (seen.ranks[0].hashes[0] != np.stack([t.hashes[0] for t in seen.ranks])).any():
        return nothing("D1", "the ranks start from different weights (D6), so they go on so")
    hashes = np.stack([trace.hashes for trace in seen.ranks])
    if (hashes == hashes[:1]).all():
        steps = seen.reference.steps
        return Finding("D1", Word.SUPPORTED, f"the same bits on {len(hashes)} ranks after each of {steps} steps")
    for index, step in enumerate(seen.reference.kept[1:], start=1):
        bad = [n for n in range(len(seen.names)) if _spread(seen, n, index) > noise.bound(n)[index]]
        if bad:
            tensor = bad[-1]
            rank = _deviating(seen, tensor, index)
            reason = f"after step {step}, rank {rank} holds other weights in {len(bad)} of {len(seen.names)} tensors"
            first = first_at("D1", seen, tensor, index, rank)
            return Finding("D1", Word.REFUTED, reason, first=first, evidence={"tensors": [seen.names[n] for n in bad]})
    return Finding("D1", Word.SUPPORTED, "bits differ between ranks, by no more than the reference from itself")


def _spread(seen: Observed, tensor: int, index: int) -> float:
    arrays = [seen.flat(trace, tensor)[index] for trace in seen.ranks]
    distances = [np.linalg.norm(array - arrays[0]) for array in arrays[1:]]
    return float(np.nan_to_num(max(distances), nan=np.inf))


def _deviating(seen: Observed, tensor: int, index: int) -> int:
    """The rank that stands apart from the others; with two, the one farther from the reference."""
    arrays = [seen.flat(trace, tensor)[index] for trace in seen.ranks]
    apart = [np.median([np.linalg.norm(a - b) for b in arrays if b is not a]) for a in arrays]
    gaps = [gap(seen, trace, tensor)[index] for trace in seen.ranks]
    measure = apart if len(arrays) > 2 and max(apart) > 1.5 * min(apart) else gaps
    return int(np.argmax(np.nan_to_num(measure, nan=np.inf)))
