"""What a detector says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.verdict import Word

NAMES = {
    "D1": "replicas hold the same weights",
    "D2": "first update is that of the whole batch",
    "D3": "weights follow the reference",
    "D4": "history of stale reads keeps its rules",
    "D5": "ranks see different examples",
    "D6": "ranks start from the same weights, and draw random numbers of their own",
    "D7": "steps are as long as the reference's",
    "D8": "reported losses are those of the whole batch, at every step",
    "D9": "collectives ran",
}


@dataclass(frozen=True)
class First:
    """Where something went wrong first.

    Args:
        step: from 1; 0 is before the first.
        rank: whose weights, examples or events; None where all ranks alike are wrong.
        tensor: its name; None where it is not about weights.
        detector: that says so.
        ratio: of the wrong update to the right one, along the right one; None where there is none.
        gap: of the wrong update from the right one, relative to it.
    """

    step: int
    rank: int | None
    tensor: str | None
    detector: str
    ratio: float | None = None
    gap: float | None = None


@dataclass(frozen=True)
class Finding:
    """A detector's word about a scenario.

    Args:
        detector: D1 to D9.
        word: supported, inconclusive or refuted.
        reason: one sentence.
        applies: whether there was anything to judge; what does not apply does not count.
        first: where it went wrong, if it did.
        evidence: JSON-able numbers.
    """

    detector: str
    word: Word
    reason: str
    applies: bool = True
    first: First | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


def nothing(detector: str, reason: str) -> Finding:
    """There was nothing to judge.

    Args:
        detector: D1 to D9.
        reason: why.

    Returns:
        An inconclusive finding that does not count.
    """
    return Finding(detector, Word.INCONCLUSIVE, reason, applies=False)
