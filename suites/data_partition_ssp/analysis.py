"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.record import ALIGNED, FUNCTION, TRAJECTORY, Record
from harness.spec import Role
from harness.stats.suites import FIXED, Rule, judge_each
from harness.stats.theorem import judge_theorem
from harness.verdict import Verdict
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
        "data_partition_ssp",
        SETTINGS,
        records,
        lambda s, gaps: judge_theorem(s, gaps, TOLERANCE, rule),
        planned=rule is FIXED,
    )


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
