"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.record import Record
from harness.spec import Role
from harness.stats.suites import FIXED, Rule, judge_suite
from harness.verdict import Verdict
from suites.model_partition_exact.sweep import SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the claim.

    Args:
        records: what is stored.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The suite's verdict.
    """
    return judge_suite("model_partition_exact", SETTINGS, records, TOLERANCE, rule)


def plot_gaps(records: Sequence[Record]) -> Figure:
    """Relative gap between divided and undivided weights against clock, per layer.

    The grey band is how far one process differs from itself when it adds up in another order: float noise. A sound
    run lies there, far below ε. A gap of exactly 0 is drawn at 1e-17.

    Args:
        records: what is stored.

    Returns:
        One row per data set, one column per layer.
    """
    from harness.report.figures import gap_against_clock

    kept = [record for record in records if record.facts.setting.role is not Role.CONTROL]
    return gap_against_clock(kept, TOLERANCE, title="Gap of the divided net against the undivided reference")


def plot_controls(records: Sequence[Record]) -> Figure:
    """The same for training that was broken on purpose: each control must pass ε, else the suite is void.

    Args:
        records: what is stored.

    Returns:
        One row per data set, one column per layer.
    """
    from harness.report.figures import gap_against_clock

    kept = [record for record in records if record.facts.setting.role is Role.CONTROL]
    return gap_against_clock(kept, TOLERANCE, title="Negative controls: every curve must leave ε behind")
