"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence

from harness.record import Record
from harness.stats.suites import FIXED, Rule
from harness.stats.timed import AtLeast, judge_timed
from harness.verdict import Verdict
from suites.strong_scaling.sweep import BEST, NEAR_LINEAR, SETTINGS, STALE, TOLERANCE

CLAIMS = (AtLeast(BEST, None, NEAR_LINEAR, "near linear: efficiency of the data partition on 2 ranks"),)


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge sanity, then speed.

    Args:
        records: what is stored.
        rule: only whether rounds are planned matters here.

    Returns:
        The suite's verdict.
    """
    return judge_timed(
        "strong_scaling",
        SETTINGS,
        records,
        epsilon=TOLERANCE.epsilon,
        stale=STALE,
        claims=CLAIMS,
        planned=rule is FIXED,
    )
