"""How a rule of a protocol is judged, from the violations that were counted in the histories of some launches."""

from __future__ import annotations

import numpy as np

from harness.record import VIOLATIONS, GapTable
from harness.stats.intervals import binomial_upper
from harness.verdict import Verdict, Word


def judge_rule(name: str, gaps: GapTable, alpha: float) -> Verdict:
    """Judge whether a rule was kept; a single event that breaks it refutes.

    Args:
        name: of the rule.
        gaps: holds the number of violations of each launch.
        alpha: error probability of the bound.

    Returns:
        The verdict, with an upper bound of the probability that a launch breaks the rule.
    """
    counts, _ = gaps.worst_over_ranks(gap=VIOLATIONS, layer=name)
    launches, broken = len(counts), int(np.count_nonzero(counts))
    evidence = {
        "launches": launches,
        "violations": int(counts.sum()),
        "launches_with_one": broken,
        "upper": binomial_upper(broken, launches, alpha),
    }
    if broken:
        reason = f"{int(counts.sum())} events break it, in {broken} of {launches} launches"
        return Verdict(Word.REFUTED, name, reason, evidence)
    reason = f"kept in {launches} launches: a launch breaks it with probability at most {evidence['upper']:.2g}"
    return Verdict(Word.SUPPORTED, name, reason, evidence)
