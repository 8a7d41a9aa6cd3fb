"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.record import GapTable, Record
from harness.spec import Setting
from harness.stats.suites import FIXED, Rule, judge_each
from harness.stats.target import judge_sooner, raced
from harness.stats.timed import judge_sanity
from harness.verdict import Verdict, all_of
from suites.time_to_target.sweep import CLAIMED, SETTINGS, SHARE, SOONER, STALE, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLE = f"Time to the reference's loss at {100 * SHARE:g} % of its clocks"


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge everybody's sanity, the three numbers as evidence, and of the claimed setting whether it is sooner.

    Args:
        records: what is stored.
        rule: only whether rounds are planned matters here.

    Returns:
        The suite's verdict.
    """
    found = raced(records)

    def judged(setting: Setting, gaps: GapTable) -> Verdict:
        sane = judge_sanity(setting, gaps, epsilon=TOLERANCE.epsilon, stale=STALE)
        mine = found.get(setting.id)
        if setting.id == CLAIMED.id:
            sane = all_of(setting.id, [sane, judge_sooner(mine, SOONER, "two ranks reach the target sooner than one")])
        return replace(sane, evidence={**sane.evidence, **(mine.evidence if mine else {})})

    return judge_each("time_to_target", SETTINGS, records, judged, planned=rule is FIXED)


def plot_loss(records: Sequence[Record]) -> Figure:
    """Loss on the whole data set against wall seconds since the first timed clock, measured: medians over rounds.

    Bands are 95 % intervals of the median seconds to a checkpoint; the dashed line is the target.

    Args:
        records: what is stored.

    Returns:
        One panel per net.
    """
    from harness.report.target import losses_against_seconds

    return losses_against_seconds(list(raced(records).values()), title=_TITLE)


def plot_numbers(records: Sequence[Record]) -> Figure:
    """Clocks per second, clocks to target, and seconds to target, measured: median over rounds with 95 % interval.

    Args:
        records: what is stored.

    Returns:
        One row of panels per net.
    """
    from harness.report.target import three_numbers

    return three_numbers(list(raced(records).values()), title=_TITLE)
