"""Verdict, figures and the maps, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.record import FUNCTION, LAG, TRAJECTORY, GapTable, Record, pooled
from harness.spec import Role, ScheduledPartition, Setting
from harness.stats.protocol import judge_rule
from harness.stats.suites import FIXED, Rule, judge_each, judge_trajectory
from harness.stats.theorem import judge_beside, judge_theorem
from harness.verdict import Verdict, Word, all_of, worst
from suites.model_partition_scheduled.sweep import FULL_TANH, RULES, SETTINGS, TANH, TOLERANCE, at

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
        "model_partition_scheduled", SETTINGS, records, lambda s, gaps: _judge(s, gaps, rule), planned=rule is FIXED
    )


def _judge(setting: Setting, gaps: GapTable, rule: Rule) -> Verdict:
    """By the theorem's gap, and on real ranks by their histories."""
    verdict = judge_theorem(setting, gaps, TOLERANCE, rule)
    if setting.distribution.simulated:
        return verdict
    history = all_of("history", [judge_rule(name, gaps, TOLERANCE.alpha) for name in RULES.values()])
    if history.word is not Word.SUPPORTED:
        return replace(
            verdict, word=worst([verdict.word, history.word]), reason=history.reason, parts=(history, *verdict.parts)
        )
    return replace(verdict, parts=(history, *verdict.parts))


def plot_weights(records: Sequence[Record]) -> Figure:
    """Relative gap of the weights against clock, all layers: the theorem's gap.

    A claim is supported where the gap lies below ε at the last clock, decays, and does not bend towards a floor.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, Role.CLAIM, TRAJECTORY, "Do the weights of a scheduled, divided net converge?")


def plot_functions(records: Sequence[Record]) -> Figure:
    """Relative gap of predicted probabilities on 256 examples: how far functions differ, over how far they moved.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, Role.CLAIM, FUNCTION, "Do the functions converge?")


def plot_controls(records: Sequence[Record]) -> Figure:
    """Gap of the weights for training that was broken on purpose.

    Args:
        records: what is stored.

    Returns:
        One panel per training.
    """
    return _plot(records, Role.CONTROL, TRAJECTORY, "Negative controls: each must be refuted")


def plot_map(records: Sequence[Record]) -> Figure:
    """Where the second theorem holds: verdict over policy and step size, and over staleness and step size.

    Left for the weights of all layers, right for the functions; numbers are median relative gaps at the last clock.

    Args:
        records: what is stored.

    Returns:
        Four panels.
    """
    from harness.report.figures import Cell, verdict_maps

    panels: dict[str, list[Cell]] = {}
    for setting, gaps in pooled(_with_role(records, Role.CLAIM)).values():
        partition, eta = setting.distribution, setting.training.step_size.initial
        if not isinstance(partition, ScheduledPartition) or not partition.simulated:
            continue
        for net, place, axis in (
            (TANH, str(partition.policy), "blocks that are updated"),
            (FULL_TANH, partition.staleness, "staleness s (clocks)"),
        ):
            if setting.training != at(net, eta):
                continue
            for name, gap in (("weights", TRAJECTORY), ("functions", FUNCTION)):
                median = float(np.median(gaps.worst_over_ranks(gap=gap, layer="all")[0][:, -1]))
                cell = Cell(eta, place, _word(setting, gaps, gap), median)
                panels.setdefault(f"{name}, step size η₀, {axis}", []).append(cell)
    return verdict_maps(panels, title="Where does the second theorem hold? tanh nets, 4 workers, digits")


def plot_lags(records: Sequence[Record]) -> Figure:
    """How many clocks old what crossed a partition was, on real ranks.

    Args:
        records: what is stored.

    Returns:
        One panel per number of ranks and staleness.
    """
    from harness.report.figures import shares_of_lags

    kept = [r for r in _with_role(records, Role.CLAIM) if not r.facts.setting.distribution.simulated]
    return shares_of_lags({setting: gaps.counted(LAG) for setting, gaps in pooled(kept).values()})


def _plot(records: Sequence[Record], role: Role, gap: str, title: str) -> Figure:
    from harness.report.figures import gap_by_training

    return gap_by_training(_with_role(records, role), TOLERANCE, gap=gap, title=title)


def _with_role(records: Sequence[Record], role: Role) -> list[Record]:
    return [record for record in records if record.facts.setting.role is role]


def _word(setting: Setting, gaps: GapTable, gap: str) -> str:
    if gap == TRAJECTORY:
        return str(judge_trajectory(setting, gaps, TOLERANCE).word)
    return str(judge_beside(gap, gaps, TOLERANCE).word)
