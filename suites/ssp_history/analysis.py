"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.history import RULES
from harness.record import LAG, TRAJECTORY, GapTable, Record, pooled
from harness.spec import Role, Setting
from harness.stats.protocol import judge_rule
from harness.stats.suites import FIXED, Rule, judge_each
from harness.verdict import Verdict, Word, all_of
from suites.ssp_history.sweep import SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# At s = 0 the table is bulk synchronous, and its gap to the reference is float noise: 120 clocks of a tenth of the
# rounding that ε = 1e-12 of `data_partition_bsp` allows for 2,000.
_NOISE = 1e-12


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the claim: no violation in any launch.

    Args:
        records: what is stored.
        rule: only whether replicates are planned matters here, since a single violation decides.

    Returns:
        The suite's verdict.
    """
    return judge_each("ssp_history", SETTINGS, records, _judge, planned=rule is FIXED)


def _judge(setting: Setting, gaps: GapTable) -> Verdict:
    parts = [judge_rule(name, gaps, TOLERANCE.alpha) for name in RULES.values()]
    return all_of(setting.id, [*parts, _judge_noise(gaps)] if setting.role is Role.ANCHOR else parts)


def _judge_noise(gaps: GapTable) -> Verdict:
    values, _ = gaps.worst_over_ranks(gap=TRAJECTORY, layer="all")
    word = Word.SUPPORTED if values.max() <= _NOISE else Word.REFUTED
    reason = f"the largest gap to the reference is {values.max():.2g}, {_NOISE:g} counts as float noise"
    return Verdict(word, "gap to the reference", reason, {"largest": float(values.max()), "threshold": _NOISE})


def plot_lags(records: Sequence[Record]) -> Figure:
    """How many clocks reads were behind the other workers, by transport, controller and stragglers.

    Left of 0 the reader saw updates of clocks that it had not reached itself; right of s would break the first rule.

    Args:
        records: what is stored.

    Returns:
        One panel per number of ranks and staleness.
    """
    from harness.report.figures import shares_of_lags

    kept = [record for record in records if record.facts.setting.role is Role.CLAIM]
    return shares_of_lags({setting: gaps.counted(LAG) for setting, gaps in pooled(kept).values()})
