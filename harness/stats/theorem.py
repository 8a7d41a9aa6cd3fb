"""How a setting of the first theorem is judged: by its weights; functions and permuted weights stand beside it."""

from __future__ import annotations

from dataclasses import replace

from harness.record import ALIGNED, FUNCTION, GapTable
from harness.spec import Role, Setting, Tolerance
from harness.stats.suites import FIXED, Rule, judge_gap, judge_trajectory
from harness.verdict import Verdict, Word

# Where the two are the same algorithm, what counts as float noise: see `suites.data_partition_bsp.sweep`.
_SAME = 1e-12


def judge_theorem(setting: Setting, gaps: GapTable, tolerance: Tolerance, rule: Rule = FIXED) -> Verdict:
    """Judge whether the weights converge to those of the reference; an anchor must equal them at every checkpoint.

    Args:
        setting: the setting.
        gaps: all its replicates.
        tolerance: ε, δ and α.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The verdict on the weights; its last two parts, on functions and on weights after the best permutation of
        hidden units, do not count. Where the weights are refuted, the reason says what the other two tell of it.
    """
    if setting.role is Role.ANCHOR:
        return judge_trajectory(setting, gaps, replace(tolerance, epsilon=_SAME, throughout=True), rule)
    weights = judge_trajectory(setting, gaps, tolerance, rule)
    function, permuted = (judge_beside(gap, gaps, tolerance, rule) for gap in (FUNCTION, ALIGNED))
    reason = weights.reason + _explained(weights, function, permuted)
    return replace(weights, reason=reason, parts=(*weights.parts, function, permuted))


def judge_beside(gap: str, gaps: GapTable, tolerance: Tolerance, rule: Rule = FIXED) -> Verdict:
    """Judge a gap of all layers by the same rule, outside of the claim.

    Args:
        gap: `function` or `aligned`.
        gaps: all replicates of a setting.
        tolerance: ε, δ and α.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The verdict.
    """
    return replace(judge_gap(gap, "all", gaps, tolerance, rule), subject=f"{gap} gap, beside the claim")


def _explained(weights: Verdict, function: Verdict, permuted: Verdict) -> str:
    """Why weights should part, as far as the other two gaps tell."""
    if weights.word is not Word.REFUTED:
        return ""
    trends = [part.evidence for part in weights.parts if "trend" in part.evidence]
    if trends and all(trend["trend"] is Word.SUPPORTED for trend in trends):
        slope = max(trend["decay"]["slope"] for trend in trends if trend["decay"])
        return f"; yet it falls on in every layer, slope {slope:.2g} or steeper: it is late, not lost"
    if function.word is not Word.SUPPORTED:
        return f"; the functions are {function.word}: nothing contracts the gap within these clocks"
    symmetry = "" if permuted.word is Word.SUPPORTED else ", and no permutation of hidden units accounts for it"
    return f"; the functions do converge: the weights part along directions that the loss is flat in{symmetry}"
