"""Verdict and the map, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.record import FUNCTION, TRAJECTORY, GapTable, Record, pooled
from harness.spec import Role, Setting
from harness.stats.suites import FIXED, Rule, judge_each, judge_trajectory
from harness.stats.theorem import judge_beside, judge_theorem
from harness.verdict import Verdict
from suites.staleness_border.sweep import SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge every point of the map.

    Args:
        records: what is stored.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The suite's verdict: refuted where one point is.
    """
    return judge_each(
        "staleness_border",
        SETTINGS,
        records,
        lambda s, gaps: judge_theorem(s, gaps, TOLERANCE, rule),
        planned=rule is FIXED,
    )


def plot_map(records: Sequence[Record]) -> Figure:
    """Where the theorem holds: verdict over staleness and step size, and over staleness and L2.

    Left for the weights of all layers, right for the functions; numbers are median relative gaps at the last clock.

    Args:
        records: what is stored.

    Returns:
        Four panels.
    """
    from harness.report.figures import Cell, verdict_maps

    claims = [record for record in records if record.facts.setting.role is Role.CLAIM]
    panels: dict[str, list[Cell]] = {}
    for setting, gaps in pooled(claims).values():
        axis, value = _axis(setting)
        for name, gap in (("weights", TRAJECTORY), ("functions", FUNCTION)):
            median = float(np.median(gaps.worst_over_ranks(gap=gap, layer="all")[0][:, -1]))
            cell = Cell(value, setting.distribution.staleness, _word(setting, gaps, gap), median)
            panels.setdefault(f"{name}, {axis}, staleness s (clocks)", []).append(cell)
    return verdict_maps(panels, title="Where does the first theorem hold? 64–32–10 tanh, digits, P = 8")


def _axis(setting: Setting) -> tuple[str, float]:
    l2 = setting.training.regularisation.l2
    return ("L2 at η₀ = 0.5", l2) if l2 else ("step size η₀", setting.training.step_size.initial)


def _word(setting: Setting, gaps: GapTable, gap: str) -> str:
    if gap == TRAJECTORY:
        return str(judge_trajectory(setting, gaps, TOLERANCE).word)
    return str(judge_beside(gap, gaps, TOLERANCE).word)
