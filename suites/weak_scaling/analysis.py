"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence

from harness.record import Record
from harness.stats.suites import FIXED, Rule
from harness.stats.timed import AtLeast, judge_timed
from harness.verdict import Verdict
from suites.weak_scaling.sweep import BEST, DDP, LIMIT, SETTINGS, SHARE_OF_LIMIT, STALE, TAPE, TIMES_PEERS, TOLERANCE

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
