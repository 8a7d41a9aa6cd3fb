"""Verdict and figures, from records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.record import TRAJECTORY, GapTable, Record
from harness.spec import Setting, StalePartition, Transport
from harness.spec.timings import AFTER, WARM
from harness.stats.queue import finish_times
from harness.stats.speed import Interval, Times, ratio, times
from harness.stats.suites import FIXED, Rule, judge_each
from harness.stragglers import service
from harness.verdict import Verdict, Word
from suites.straggler_scaling.sweep import LAWS, SANE, SETTINGS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge every ratio T(s = 0)/T(s), median over rounds, against the queue of the same compute times.

    Args:
        records: what is stored.
        rule: whether the planned number of rounds is asked for.

    Returns:
        The suite's verdict.
    """
    there = times(records)

    def judged(setting: Setting, gaps: GapTable) -> Verdict:
        if isinstance(setting.distribution, StalePartition):
            return _judge_ratio(setting, there)
        return _judge_sanity(setting, gaps)

    return judge_each("straggler_scaling", SETTINGS, records, judged, planned=rule is FIXED)


def modelled(setting: Setting) -> float:
    """Ratio T(s = 0)/T(s) of the queue.

    Args:
        setting: its law, workers, staleness and timed clocks.

    Returns:
        1 or more.
    """
    return _queued(_base(setting)) / _queued(setting)


def plot_speedup(records: Sequence[Record]) -> Figure:
    """Emulated time at s = 0 over time at s, median over rounds with 95 % interval, and the queue's ratio with ±10 %.

    Args:
        records: what is stored.

    Returns:
        One panel per law of stragglers.
    """
    from harness.report.stragglers import Compared, ratios_by_staleness

    there = times(records)
    points = []
    for found in there.values():
        stale = found.setting.distribution
        if isinstance(stale, StalePartition) and stale.staleness and _base(found.setting).id in there:
            middle = _measured(found.setting, there)
            points.append(
                Compared(
                    str(stale.stragglers),
                    stale.workers,
                    str(stale.transport),
                    int(stale.staleness),
                    modelled(found.setting),
                    middle,
                )
            )
    return ratios_by_staleness(points, laws=[str(law) for law in LAWS], share=TOLERANCE.epsilon)


def _base(setting: Setting) -> Setting:
    """The same setting at s = 0."""
    return replace(setting, distribution=replace(setting.distributed_by(StalePartition), staleness=0))


def _queued(setting: Setting) -> float:
    """Seconds per clock of the queue."""
    stale, clocks = setting.distributed_by(StalePartition), setting.training.clocks - WARM - AFTER
    drawn = service(stale.stragglers, stale.workers, clocks, 0)
    return float(finish_times(drawn, stale.staleness)[-1].max()) / clocks


def _protocol(setting: Setting, there: Mapping[str, Times]) -> float:
    """Seconds per clock, median over rounds, that the queue does not explain."""
    return there[setting.id].seconds.median - _queued(setting)


def _measured(setting: Setting, there: Mapping[str, Times]) -> Interval:
    return ratio(there[_base(setting).id].step, there[setting.id].step)


def _judge_ratio(setting: Setting, there: Mapping[str, Times]) -> Verdict:
    if not there[setting.id].emulated:
        return Verdict(Word.INCONCLUSIVE, setting.id, "its ranks did not sleep for the drawn times")
    if not setting.distribution.staleness:
        reason = (
            f"the base of the others, {1e3 * there[setting.id].seconds.median:.1f} ms a clock, "
            f"{1e3 * _protocol(setting, there):.1f} of them beyond the queue's"
        )
        return Verdict(Word.SUPPORTED, setting.id, reason)
    base = _base(setting)
    if base.id not in there:
        return Verdict(Word.INCONCLUSIVE, setting.id, "its base at s = 0 was not timed")
    found, model, share = _measured(setting, there), modelled(setting), TOLERANCE.epsilon
    low, high = found.low / model - 1, found.high / model - 1
    word = Word.INCONCLUSIVE
    if -share <= low and high <= share:
        word = Word.SUPPORTED
    elif high < -share or low > share:
        word = Word.REFUTED
    reason = (
        f"emulated ratio {found.median:.3f} [{found.low:.3f}, {found.high:.3f}] over {found.rounds} rounds, "
        f"modelled {model:.3f} ± {100 * share:g} %; beyond the queue a clock took "
        f"{1e3 * _protocol(base, there):.1f} ms at s = 0 and {1e3 * _protocol(setting, there):.1f} ms here"
    )
    evidence = {
        "basis": "emulated",
        "estimate": found.median,
        "lower": found.low,
        "upper": found.high,
        "modelled": model,
        "tolerated": share,
        "protocol_seconds_at_zero": _protocol(base, there),
        "protocol_seconds": _protocol(setting, there),
        "rounds": found.rounds,
        "smallest_detectable": share + (found.high - found.low) / model,
    }
    beside, more = _beside_bulk(setting, there)
    return Verdict(word, setting.id, reason + beside, evidence | more)


def _beside_bulk(setting: Setting, there: Mapping[str, Times]) -> tuple[str, dict[str, float]]:
    """What an eager setting gains over bulk synchronous clocks as Horovod has them: told beside, not judged."""
    stale = setting.distributed_by(StalePartition)
    bulk = replace(setting, distribution=replace(stale, staleness=0, transport=Transport.PIPELINED))
    if stale.transport is Transport.PIPELINED or bulk.id not in there:
        return "", {}
    gain = ratio(there[bulk.id].step, there[setting.id].step)
    said = f"{gain.median:.3f} [{gain.low:.3f}, {gain.high:.3f}] times as long"
    told = f"; clocks of one allreduce each, waited for, take {said}"
    return told, {"over_allreduce": gain.median, "over_allreduce_lower": gain.low, "over_allreduce_upper": gain.high}


def _judge_sanity(setting: Setting, gaps: GapTable) -> Verdict:
    """Whether what was timed ends at the reference's weights, in every round and layer."""
    values = gaps.value[gaps.gap == TRAJECTORY]
    if not len(values):
        return Verdict(Word.INCONCLUSIVE, setting.id, "its weights were not compared with the reference's")
    word = Word.SUPPORTED if values.max() <= SANE else Word.REFUTED
    reason = f"largest relative gap to the reference {values.max():.2g}, {SANE:g} is allowed"
    return Verdict(word, setting.id, reason, {"largest": float(values.max()), "median": float(np.median(values))})
