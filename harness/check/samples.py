"""D5: which rank saw which example, and when, where a file shards its own data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.check.finding import Finding, First, nothing
from harness.check.observed import Observed, Shard
from harness.verdict import Word

_LEAST_COMPARED = 8


def ledger(seen: Observed) -> Finding:
    """D5: within an epoch no example goes to two ranks, and epochs are shuffled anew.

    Args:
        seen: what was seen.

    Returns:
        The finding.
    """
    if not seen.shards:
        return nothing("D5", "the examples were dealt out by the harness, each rank its own")
    return _overlap(seen.shards) or _same_order(seen.shards) or _sound(seen.shards)


def _epoch_steps(shards: Sequence[Shard]) -> int:
    """Steps in which the ranks together use no more examples than there are."""
    shortest = min(len(shard.sizes) for shard in shards)
    together = np.cumsum(sum(shard.sizes[:shortest] for shard in shards))
    return max(1, int(np.searchsorted(together, shards[0].examples, side="right")))


def _overlap(shards: Sequence[Shard]) -> Finding | None:
    steps = _epoch_steps(shards)
    seen = [shard.ids[: shard.sizes[:steps].sum()] for shard in shards]
    if any(len(np.unique(ids)) < len(ids) for ids in seen):
        reason = "a rank draws an example twice within an epoch: drawn with replacement, or a shard that is too small"
        shared = _shared(seen)
        if not shared or len(shared[2]) < len(np.unique(seen[shared[0]])):
            return Finding("D5", Word.INCONCLUSIVE, reason)
    shared = _shared(seen)
    # Samplers that fill up the last batch repeat fewer examples than there are ranks.
    if shared is None or len(shared[2]) < len(shards):
        return None
    one, other, ids = shared
    share = len(ids) / len(np.unique(seen[other]))
    position = int(np.flatnonzero(np.isin(seen[other], ids))[0])
    step = int(np.searchsorted(np.cumsum(shards[other].sizes), position, side="right")) + 1
    reason = f"ranks {one} and {other} share {share:.0%} of their examples within one epoch"
    evidence = {"ranks": [one, other], "shared": len(ids), "share": share, "examples": [int(i) for i in ids[:5]]}
    return Finding("D5", Word.REFUTED, reason, first=First(step, other, None, "D5"), evidence=evidence)


def _shared(seen: Sequence[NDArray[np.int64]]) -> tuple[int, int, NDArray[np.int64]] | None:
    for other in range(len(seen)):
        for one in range(other):
            ids = np.intersect1d(seen[one], seen[other])
            if len(ids):
                return one, other, ids
    return None


def _same_order(shards: Sequence[Shard]) -> Finding | None:
    for rank, shard in enumerate(shards):
        length = _period(shard.ids)
        if length is None or (np.diff(shard.ids[:length]) > 0).all():
            continue
        reason = f"rank {rank} sees its {length} examples in the same shuffled order in every epoch"
        step = int(np.searchsorted(np.cumsum(shard.sizes), length, side="right")) + 1
        return Finding("D5", Word.REFUTED, reason, first=First(step, rank, None, "D5"), evidence={"period": length})
    return None


def _period(ids: NDArray[np.int64]) -> int | None:
    """After how many examples the same ones come again in the same order."""
    again = np.flatnonzero(ids[1:] == ids[0]) + 1
    for length in again[:3]:
        rest = len(ids) - length
        if length >= 2 and rest >= _LEAST_COMPARED and (ids[length:] == ids[:rest]).all():
            return int(length)
    return None


def _sound(shards: Sequence[Shard]) -> Finding:
    epochs = sum(len(shard.ids) for shard in shards) / shards[0].examples
    used = len(np.unique(np.concatenate([shard.ids for shard in shards]))) / shards[0].examples
    reason = f"no example went to two ranks within an epoch; {used:.0%} of them were used in {epochs:.1f} epochs"
    return Finding("D5", Word.SUPPORTED, reason, evidence={"epochs": epochs, "used": used})
