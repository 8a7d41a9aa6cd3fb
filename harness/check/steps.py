"""What detectors of weights share: single updates, their ratio, and words for what could not be seen."""

from __future__ import annotations

import numpy as np

from harness.check.finding import Finding, First
from harness.check.observed import Flat, Observed
from harness.verdict import Word

# A check that would not have seen a step twice too long has seen nothing.
BLIND = 0.5


def same_start(seen: Observed) -> bool:
    """Whether paths can be compared.

    Args:
        seen: what was seen.

    Returns:
        Whether every process started from the same bits.
    """
    return all((trace.hashes[0] == seen.reference.hashes[0]).all() for trace in (*seen.ranks, *seen.repeats))


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


def first_at(detector: str, seen: Observed, tensor: int, index: int, rank: int | None) -> First:
    """Where something goes wrong, with the wrong update's ratio to the right one.

    Args:
        detector: that says so.
        seen: what was seen.
        tensor: its number.
        index: into the kept steps.
        rank: whose; None where all ranks alike are wrong.

    Returns:
        The place.
    """
    ratio, size = along(*steps_at(seen, tensor, index, rank))
    return First(int(seen.reference.kept[index]), rank, seen.names[tensor], detector, ratio, size)


def unless_blind(detector: str, detectable: dict[str, float], steps: int) -> Finding:
    """Supported, unless some tensor could not have been seen to be wrong.

    Args:
        detector: that found nothing.
        detectable: smallest relative gap per tensor.
        steps: that were judged.

    Returns:
        Supported or inconclusive.
    """
    blind = [name for name, size in detectable.items() if not size < BLIND]
    evidence = {"detectable": detectable}
    if blind:
        unmoved = [name for name in blind if np.isinf(detectable[name])]
        what = "did not move" if unmoved else "differs from itself in the reference by more than could be told apart"
        reason = f"{(unmoved or blind)[0]} {what}, {len(blind)} of {len(detectable)} tensors in all"
        return Finding(detector, Word.INCONCLUSIVE, reason, evidence=evidence)
    worst = max(detectable, key=detectable.__getitem__)
    reason = f"all {len(detectable)} tensors over {steps} steps; a gap of {detectable[worst]:.1g} would have been found"
    return Finding(detector, Word.SUPPORTED, reason, evidence=evidence)
