"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.record import VIEW, GapTable, Record, pooled
from harness.spec import Role, Setting
from harness.stats.convergence import Judgement
from harness.stats.suites import FIXED, Rule, judge_each
from harness.verdict import Verdict, Word
from suites.ssp_view_gap.sweep import SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the claim: every read of every replicate within the bound.

    Args:
        records: what is stored.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The suite's verdict.
    """
    return judge_each("ssp_view_gap", SETTINGS, records, lambda s, gaps: _judge(s, gaps, rule), planned=rule is FIXED)


def _judge(setting: Setting, gaps: GapTable, rule: Rule) -> Verdict:
    ratios, clocks = gaps.worst_over_ranks(gap=VIEW, layer="all")
    limits = {"epsilon": TOLERANCE.epsilon, "delta": TOLERANCE.delta, "alpha": TOLERANCE.alpha}
    largest = np.maximum.accumulate(ratios, axis=1)
    found: Judgement = rule(largest, clocks, **limits, resolution=TOLERANCE.epsilon)
    word, reason = found.verdict, found.reason
    if np.isfinite(ratios).all() and word is not Word.SUPPORTED and ratios.max() > TOLERANCE.epsilon:
        # The claim is about every read, so that one read outside refutes it whatever its probability.
        word, reason = Word.REFUTED, f"a read lies at {ratios.max():.3g} times the bound"
    evidence = found.evidence | {"largest_ratio": float(ratios.max()), "offender": gaps.offender(gap=VIEW, layer="all")}
    return Verdict(word, setting.id, f"largest ratio {ratios.max():.3g}; {reason}", evidence)


def plot_ratios(records: Sequence[Record]) -> Figure:
    """View gap of every read in units of its bound: median, 5–95 % and largest over replicates, worst rank.

    Args:
        records: what is stored.

    Returns:
        One panel per net; 1 is the bound.
    """
    from harness.report.figures import ratio_against_clock

    kept = [record for record in records if record.facts.setting.role is Role.CLAIM]
    ratios = {setting: gaps.worst_over_ranks(gap=VIEW, layer="all") for setting, gaps in pooled(kept).values()}
    return ratio_against_clock(ratios, title="Views against the bound 2s(P−1)·max‖u‖", unit="view gap / bound")
