"""D2 (the first update) and D3 (the path): the weights of every rank against the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.check.finding import Finding, First, nothing
from harness.check.noise import Noise, gap
from harness.check.observed import Observed
from harness.check.steps import along, first_at, same_start, unless_blind
from harness.verdict import Word


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
        first = first_at("D3", seen, tensor, index, rank)
        reason = (
            f"{first.tensor} leaves the reference at step {first.step}"
            f" by {first.gap:.2g} of its update; noise allows {noise.detectable(tensor, index):.1g}"
        )
        bad = [seen.names[n] for n in numbers if exceeds[:, n, index].any()]
        return Finding("D3", Word.REFUTED, reason, first=first, evidence={"tensors": bad, "detectable": detectable})
    return unless_blind("D3", detectable, seen.reference.steps)


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
    return unless_blind("D2", detectable, 1)


def _first_update(seen: Observed, noise: Noise, tensor: int) -> Finding:
    """The step at which the reference first moves a tensor; before it, nobody may."""
    index = max(1, noise.first_moved(tensor))
    wrong = [
        rank for rank, trace in enumerate(seen.ranks) if gap(seen, trace, tensor)[index] > noise.bound(tensor)[index]
    ]
    if not wrong or seen.reference.kept[index] > 3:
        return Finding("D2", Word.SUPPORTED, seen.names[tensor])
    rank = wrong[0] if len(wrong) < len(seen.ranks) else None
    first = first_at("D2", seen, tensor, index, rank)
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
