"""D4 (histories) and D9 (collectives)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import inf
from typing import Any

from harness import history
from harness.check.finding import Finding, First, nothing
from harness.check.observed import Observed, counts
from harness.errors import BadInputError
from harness.verdict import Word


def stale_reads(seen: Observed) -> Finding:
    """D4: the file's own history of reads and writes keeps the five rules, and staleness is used where declared.

    Args:
        seen: what was seen.

    Returns:
        The finding.
    """
    events = [event for trace in seen.ranks for event in trace.history]
    headers = [event for event in events if event.get("kind") == "header"]
    if not headers:
        return nothing("D4", "the file offers no history of stale reads")
    ordered = sorted((e for e in events if e.get("kind") != "header"), key=lambda event: event.get("time", inf))
    try:
        checked = history.check([headers[0], *ordered])
    except BadInputError as error:
        return Finding("D4", Word.INCONCLUSIVE, f"the history cannot be read: {error}")
    evidence = {"lags": {str(lag): count for lag, count in checked.lags.items()}, "broken": dict(checked.broken)}
    if checked.violations:
        witness = checked.violations[0]
        # The latest of the events that prove it is the one that should not have been.
        event: Mapping[str, Any] = max(witness.witnesses, key=lambda e: int(e.get("clock", -1)), default={})
        first = First(int(event.get("clock", seen.reference.steps - 1)) + 1, event.get("worker"), None, "D4")
        reason = f"rule {witness.rule}, {witness.name}: {witness.text}"
        return Finding("D4", Word.REFUTED, reason, first=first, evidence=evidence)
    # Reads at clock 0 see nothing under any bound.
    used = any(lag != 0 for lag in checked.lags)
    if checked.staleness > 0 and not used:
        reason = f"staleness {checked.staleness:g} is declared, but all {checked.reads} reads were as fresh as without"
        return Finding("D4", Word.REFUTED, reason, first=First(1, None, None, "D4"), evidence=evidence)
    return Finding("D4", checked.verdict, checked.reason, evidence=evidence)


def collectives(seen: Observed) -> Finding:
    """D9: collectives ran during the steps, where weights that moved were not exchanged by other means.

    Args:
        seen: what was seen.

    Returns:
        The finding, with counts and bytes.
    """
    steps = seen.reference.steps
    ran = [collective for collective in seen.ledger if collective.step > 0]
    table = counts(ran)
    evidence = {
        "per_step": len(ran) / steps,
        "bytes_per_step": sum(collective.bytes for collective in ran) / steps,
        "before": len(seen.ledger) - len(ran),
        "names": {name: _pattern(found, steps) for name, found in sorted(table.items())[:50]},
        "dtypes": sorted({collective.dtype for collective in ran if collective.dtype}),
    }
    if ran:
        size = evidence["bytes_per_step"]
        return Finding("D9", Word.SUPPORTED, f"{len(ran) / steps:.3g} per step, {size:.4g} bytes", evidence=evidence)
    moved = (seen.reference.hashes[-1] != seen.reference.hashes[0]).any()
    same = all((trace.hashes[-1] == seen.ranks[0].hashes[-1]).all() for trace in seen.ranks)
    if moved and same:
        return nothing("D9", "no collective of Horovod ran, and the ranks agree: they exchange by other means")
    reason = f"no collective ran in {steps} steps" + (f" ({len(seen.ledger)} before them)" if seen.ledger else "")
    return Finding("D9", Word.REFUTED, reason, first=First(1, None, None, "D9"), evidence=evidence)


def _pattern(found: Counter[int], steps: int) -> str:
    each = set(found.values())
    if len(found) == steps:
        return f"{min(each)} in every step" if len(each) == 1 else f"{min(each)} to {max(each)} in every step"
    return f"in {len(found)} of {steps} steps, first in step {min(found)}"
