"""Detectors that look at weights: D6 (where they start), D1 (replicas), D2 (first update), D3 (path), D7 (length)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from harness.check.finding import Finding, First, nothing
from harness.check.noise import Noise, gap
from harness.check.observed import Flat, Observed
from harness.check.trace import Trace
from harness.verdict import Word

# A check that would not have seen a step twice too long has seen nothing.
_BLIND = 0.5
_CHANCE = 1e-6


def starts(seen: Observed) -> Finding:
    """D6: initial weights are the same bits on all ranks, and those of the reference.

    Args:
        seen: what was seen.

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
    return Finding("D6", Word.SUPPORTED, f"{len(seen.ranks)} ranks and the reference start from the same bits")


def same_start(seen: Observed) -> bool:
    """Whether paths can be compared.

    Args:
        seen: what was seen.

    Returns:
        Whether every process started from the same bits.
    """
    return all((trace.hashes[0] == seen.reference.hashes[0]).all() for trace in (*seen.ranks, *seen.repeats))


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
            first = _first("D1", seen, tensor, index, rank)
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


def path(seen: Observed, noise: Noise) -> Finding:
    """D3: every tensor on every rank follows the reference, step by step.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding, with the first bad step and its last tensor: gradients flow backward.
    """
    if not same_start(seen):
        return nothing("D3", "the trainings do not start from the same weights (D6)")
    if seen.staleness != 0:
        return nothing("D3", "stale reads are declared, so the path is another one (D4, D7)")
    numbers = range(len(seen.names))
    exceeds = np.array([[gap(seen, trace, number) > noise.bound(number) for number in numbers] for trace in seen.ranks])
    detectable = {name: noise.detectable(number) for number, name in enumerate(seen.names)}
    if exceeds.any():
        index = int(np.argmax(exceeds.any(axis=(0, 1))))
        tensor = int(np.flatnonzero(exceeds[:, :, index].any(axis=0))[-1])
        wrong = np.flatnonzero(exceeds[:, tensor, index])
        rank = int(wrong[0]) if len(wrong) < len(seen.ranks) else None
        first = _first("D3", seen, tensor, index, rank)
        reason = (
            f"{first.tensor} leaves the reference at step {first.step}"
            f" by {first.gap:.2g} of its update; noise allows {noise.detectable(tensor, index):.1g}"
        )
        bad = [seen.names[n] for n in numbers if exceeds[:, n, index].any()]
        return Finding("D3", Word.REFUTED, reason, first=first, evidence={"tensors": bad, "detectable": detectable})
    return _unless_blind("D3", detectable, seen.reference.steps)


def _unless_blind(detector: str, detectable: dict[str, float], steps: int) -> Finding:
    blind = [name for name, size in detectable.items() if not size < _BLIND]
    evidence = {"detectable": detectable}
    if blind:
        unmoved = [name for name in blind if np.isinf(detectable[name])]
        what = "did not move" if unmoved else "differs from itself in the reference by more than could be told apart"
        reason = f"{(unmoved or blind)[0]} {what}, {len(blind)} of {len(detectable)} tensors in all"
        return Finding(detector, Word.INCONCLUSIVE, reason, evidence=evidence)
    worst = max(detectable, key=detectable.__getitem__)
    reason = f"all {len(detectable)} tensors over {steps} steps; a gap of {detectable[worst]:.1g} would have been found"
    return Finding(detector, Word.SUPPORTED, reason, evidence=evidence)


def update(seen: Observed, noise: Noise) -> Finding:
    """D2: the first update of every tensor, and the gradients where they are offered, are those of the whole batch.

    Args:
        seen: what was seen.
        noise: of the reference.

    Returns:
        The finding.
    """
    if not same_start(seen):
        return nothing("D2", "the trainings do not start from the same weights (D6)")
    if seen.staleness != 0:
        return nothing("D2", "stale reads are declared, so the first update is a rank's own (D4, D7)")
    found = [_first_update(seen, noise, number) for number in range(len(seen.names))]
    wrong = [finding for finding in (*found, *_gradients(seen)) if finding.word is Word.REFUTED]
    if wrong:
        first = min(wrong, key=lambda f: f.first.step if f.first else 0)
        same_step = [f for f in wrong if f.first and first.first and f.first.step == first.first.step]
        bad = [f.first.tensor for f in same_step if f.first and "gradient" not in f.reason]
        said = same_step[0] if same_step[0].first and "gradient" in same_step[0].reason else same_step[-1]
        return replace(said, evidence={"tensors": bad})
    detectable = {
        name: min(noise.detectable(number), noise.detectable(number, noise.first_moved(number) or -1))
        for number, name in enumerate(seen.names)
    }
    return _unless_blind("D2", detectable, 1)


def _first_update(seen: Observed, noise: Noise, tensor: int) -> Finding:
    """The step at which the reference first moves a tensor; before it, nobody may."""
    index = max(1, noise.first_moved(tensor))
    wrong = [
        rank for rank, trace in enumerate(seen.ranks) if gap(seen, trace, tensor)[index] > noise.bound(tensor)[index]
    ]
    if not wrong or seen.reference.kept[index] > 3:
        return Finding("D2", Word.SUPPORTED, seen.names[tensor])
    rank = wrong[0] if len(wrong) < len(seen.ranks) else None
    first = _first("D2", seen, tensor, index, rank)
    said = "" if first.ratio is None else f", {first.ratio:.4g} times as long"
    reason = f"the update of {first.tensor} at step {first.step} is off by {first.gap:.2g} of itself{said}"
    return Finding("D2", Word.REFUTED, reason, first=first)


def _gradients(seen: Observed) -> list[Finding]:
    found = []
    for name, right in seen.reference.gradients.items():
        ours = [trace.gradients[name][0].astype(float) for trace in seen.ranks if name in trace.gradients]
        if len(ours) < len(seen.ranks) or any(array.shape != right[0].shape for array in ours):
            continue
        expected = right[0].astype(float)
        repeats = [np.linalg.norm(repeat.gradients[name][0] - expected) for repeat in seen.repeats]
        # As for weights of one element: nothing is assumed about the form of the noise.
        bound = 30 * max(repeats) + 1e-6 * np.linalg.norm(expected)
        after = max(np.linalg.norm(array - expected) for array in ours)
        before = np.linalg.norm(np.mean(ours, axis=0) - expected)
        if min(after, before) > bound and np.isfinite(bound):
            wrong = np.mean(ours, axis=0)
            ratio, size = along(wrong.ravel(), expected.ravel())
            reason = f"the gradient of {name} at step 1 is off by {size:.2g} of itself"
            said = "" if ratio is None else f", {ratio:.4g} times as large"
            found.append(Finding("D2", Word.REFUTED, reason + said, first=First(1, None, name, "D2", ratio, size)))
    return found[::-1]


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
        return _stale_length(seen, ratio)
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
    if not allowed < _BLIND:
        return Finding(
            "D7", Word.INCONCLUSIVE, f"the reference's own length varies by {allowed:.1g}", evidence=evidence
        )
    return Finding("D7", Word.SUPPORTED, f"{ratio:.6g} times as far, noise allows {allowed:.1g}", evidence=evidence)


def _stale_length(seen: Observed, ratio: float) -> Finding:
    """Staleness bends a path but does not scale it: is the ratio nearer to 1 than to P or 1/P, in proportion?"""
    workers = len(seen.ranks)
    evidence = {"ratio": ratio, "workers": workers}
    said = f"under staleness the weights travel {ratio:.3g} times as far as the reference"
    if ratio <= 0 or abs(np.log(ratio)) > np.log(workers) / 2:
        first = First(seen.reference.steps, None, None, "D7", ratio, abs(ratio - 1))
        return Finding("D7", Word.REFUTED, f"{said}, nearer to P or 1/P than to 1", first=first, evidence=evidence)
    return Finding("D7", Word.SUPPORTED, said, evidence=evidence)


def _way(seen: Observed, trace: Trace) -> Flat:
    flats = [seen.flat(trace, number) for number in range(len(seen.names))]
    return np.concatenate([flat[-1] - flat[0] for flat in flats])


def along(wrong: Flat, right: Flat) -> tuple[float | None, float]:
    """How long a vector is along another one, and how far from it.

    Args:
        wrong: (n,).
        right: (n,).

    Returns:
        ⟨wrong, right⟩ / ‖right‖², None where that is no number, and ‖wrong − right‖ / ‖right‖.
    """
    square = float(right @ right)
    if not 0 < square < np.inf:
        return None, float("inf")
    ratio, distance = float(wrong @ right) / square, float(np.linalg.norm(wrong - right)) / square**0.5
    return (ratio if np.isfinite(ratio) else None), (distance if np.isfinite(distance) else float("inf"))


def steps_at(seen: Observed, tensor: int, index: int, rank: int | None) -> tuple[Flat, Flat]:
    """The update that led to a kept step, on a rank and in the reference.

    Args:
        seen: what was seen.
        tensor: its number.
        index: into the kept steps, from 1.
        rank: whose; rank 0 where None.

    Returns:
        Both differences of weights.
    """
    ours = seen.flat(seen.ranks[rank or 0], tensor)
    reference = seen.flat(seen.reference, tensor)
    return ours[index] - ours[index - 1], reference[index] - reference[index - 1]


def _first(detector: str, seen: Observed, tensor: int, index: int, rank: int | None) -> First:
    ratio, size = along(*steps_at(seen, tensor, index, rank))
    return First(int(seen.reference.kept[index]), rank, seen.names[tensor], detector, ratio, size)
