"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.record import ALIGNED, FUNCTION, TRAJECTORY, GapTable, Record
from harness.spec import Role, Setting
from harness.stats.suites import FIXED, Rule, judge_each, judge_gap, judge_trajectory
from harness.verdict import Verdict, Word
from suites.data_partition_ssp.sweep import SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the claim, which is about weights; functions and permuted weights stand beside it and do not count.

    Args:
        records: what is stored.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The suite's verdict.
    """
    return judge_each(
        "data_partition_ssp", SETTINGS, records, lambda s, gaps: _judge(s, gaps, rule), planned=rule is FIXED
    )


def _judge(setting: Setting, gaps: GapTable, rule: Rule) -> Verdict:
    if setting.role is Role.ANCHOR:
        # At s = 0 the two are the same algorithm: equal at every checkpoint, as in `data_partition_bsp`.
        equal = replace(TOLERANCE, epsilon=1e-12, throughout=True)
        return judge_trajectory(setting, gaps, equal, rule)
    weights = judge_trajectory(setting, gaps, TOLERANCE, rule)
    beside = [_named(judge_gap(gap, "all", gaps, TOLERANCE, rule), gap) for gap in (FUNCTION, ALIGNED)]
    reason = weights.reason + _explained(weights, *beside)
    return replace(weights, reason=reason, parts=(*weights.parts, *beside))


def _named(verdict: Verdict, gap: str) -> Verdict:
    return replace(verdict, subject=f"{gap} gap, beside the claim")


def _explained(weights: Verdict, function: Verdict, permuted: Verdict) -> str:
    """Why weights should part, as far as the other two gaps tell."""
    if weights.word is not Word.REFUTED:
        return ""
    if function.word is Word.SUPPORTED:
        symmetry = "" if permuted.word is Word.SUPPORTED else ", and no permutation of hidden units accounts for it"
        return f"; the functions do converge: the weights part along directions that the loss is flat in{symmetry}"
    return f"; the functions are {function.word}: nothing contracts the gap within these clocks"


def plot_weights(records: Sequence[Record]) -> Figure:
    """Relative gap of the weights against clock, all layers: the theorem's gap.

    A claim is supported where the gap lies below ε at the last clock, decays, and does not bend towards a floor.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, TRAJECTORY, "Do the weights converge?")


def plot_functions(records: Sequence[Record]) -> Figure:
    """Relative gap of predicted probabilities on 256 examples: how far functions differ, over how far they moved.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, FUNCTION, "Do the functions converge?")


def plot_aligned(records: Sequence[Record]) -> Figure:
    """Relative gap of the weights after the permutation of hidden units that brings them nearest.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, ALIGNED, "Do the weights converge up to a permutation of hidden units?")


def plot_controls(records: Sequence[Record]) -> Figure:
    """Gap of the weights for training that was broken on purpose.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    from harness.report.figures import gap_by_training

    kept = [record for record in records if record.facts.setting.role is Role.CONTROL]
    return gap_by_training(kept, TOLERANCE, gap=TRAJECTORY, title="Negative controls: each must be refuted")


def _plot(records: Sequence[Record], gap: str, title: str) -> Figure:
    from harness.report.figures import gap_by_training

    kept = [record for record in records if record.facts.setting.role is Role.CLAIM]
    return gap_by_training(kept, TOLERANCE, gap=gap, title=title)
