"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.record import Record
from harness.spec.timings import STALE
from harness.stats.suites import FIXED, Rule
from harness.stats.timed import AtLeast, judge_timed
from harness.verdict import Verdict
from suites.weak_scaling.sweep import BEST, DDP, LIMIT, SETTINGS, SHARE_OF_LIMIT, TAPE, TIMES_PEERS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIMS = (
    AtLeast(BEST, LIMIT, SHARE_OF_LIMIT, "rate over that of two ranks without exchange"),
    AtLeast(BEST, DDP, TIMES_PEERS, "rate over that of PyTorch DDP"),
    AtLeast(BEST, TAPE, TIMES_PEERS, "rate over that of plain Horovod over Gloo"),
)


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge sanity, then speed.

    Args:
        records: what is stored.
        rule: only whether rounds are planned matters here.

    Returns:
        The suite's verdict.
    """
    return judge_timed(
        "weak_scaling",
        SETTINGS,
        records,
        epsilon=TOLERANCE.epsilon,
        stale=STALE,
        claims=CLAIMS,
        planned=rule is FIXED,
    )


def plot_speedup(records: Sequence[Record]) -> Figure:
    """Speed-up and efficiency against workers, 256 examples per rank: medians with 95 % intervals, between two bounds.

    Args:
        records: what is stored.

    Returns:
        One row per net.
    """
    from harness.report.scaling import speedup

    return speedup(records)


def plot_breakdown(records: Sequence[Record]) -> Figure:
    """What a clock is made of: computing, exchanging, waiting for the slowest, and what is not told apart.

    Args:
        records: what is stored.

    Returns:
        One panel per net.
    """
    from harness.report.scaling import breakdown

    return breakdown(records)


def plot_rates(records: Sequence[Record]) -> Figure:
    """Examples per second of everybody, peers beside ours, medians over rounds with 95 % intervals.

    Args:
        records: what is stored.

    Returns:
        One panel per net and number of workers.
    """
    from harness.report.scaling import rates

    return rates(records)
